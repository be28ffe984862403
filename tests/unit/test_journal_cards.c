/* tests/unit/test_journal_cards.c -- what the journal keeps of declined cards, and refuses by it.
 */
#include "tests/unit/unit.h"

#include <sqlite3.h>
#include <unistd.h>

#include "journal_version_1.inc"
#include "tests/unit/journal_client.h"

static char directory[64], path[96];
static const int64_t MINUTE = 60000, DAY = INT64_C(24) * 3600 * 1000;

#define assert_said(said, expected)                                                                \
    assert_string_equal(px_said_name(said), px_said_name(PX_SAID_##expected))

static void sweep(void)
{
    static const char *const ends[] = { "", "-wal", "-shm", ".lock" };
    char name[128];

    for (unsigned i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        snprintf(name, sizeof name, "%s%s", path, ends[i]);
        (void)unlink(name);
    }
}

static void open_client(struct client *c)
{
    struct diag why = { 0 };

    if (client_open(c, &why) != OK)
        fail_msg("%s", why.text);
}

static int open_with(void **state, const char *file)
{
    static struct client c;

    sweep();
    c = (struct client){ .path = file, .reattempts = rt_reattempt_defaults };
    c.reattempts.most[RT_RULE_VISA_30_DAYS] = 3;
    open_client(&c);
    *state = &c;
    return 0;
}

static int open_file(void **state)
{
    return open_with(state, path);
}

static int open_memory(void **state)
{
    return open_with(state, NULL);
}

static int close_any(void **state)
{
    client_fini(*state);
    sweep();
    return 0;
}

static int64_t sql_int(const char *text)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *st = NULL;
    int64_t v;

    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, text, -1, &st, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(st), SQLITE_ROW);
    v = sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
    sqlite3_close(db);
    return v;
}

/* ---- payments with a card ---- */

static void say_card(struct client *c, struct call *k, unsigned card, int64_t minor)
{
    static unsigned keys;
    char key[24];

    snprintf(key, sizeof key, "key-%u", ++keys);
    say_payment(c, k, key, minor);
    k->l.record.carded = true;
    memset(k->l.record.card, (int)card, PX_MAC);
}

static enum px_said begin(struct client *c, unsigned card, int64_t minor, struct px_record *out,
                          struct rt_reattempt_answer *answer)
{
    struct call k;
    enum px_said said;

    say_card(c, &k, card, minor);
    said = call_now(c, &k);
    if (out != NULL)
        *out = k.l.record;
    if (answer != NULL)
        *answer = k.l.reattempt;
    call_fini(&k);
    return said;
}

static enum px_said end(struct client *c, const struct px_record *r, enum px_standing standing,
                        enum rt_outcome outcome, enum rt_rule stop, int64_t wait_ms)
{
    struct call k;
    enum px_said said;

    say_settle(c, &k, r, standing, outcome, RT_STATE_NONE);
    k.attempt[0].strike = (struct rt_strike){ outcome == RT_DECLINED, stop, wait_ms };
    said = call_now(c, &k);
    call_fini(&k);
    return said;
}

static void assert_declined(struct client *c, const struct px_record *r)
{
    assert_said(end(c, r, PX_SETTLED, RT_DECLINED, RT_RULE_NONE, 0), OK);
}

static void decline(struct client *c, unsigned card, int64_t minor)
{
    struct px_record r;

    assert_said(begin(c, card, minor, &r, NULL), OURS);
    assert_declined(c, &r);
    c->now_ms += MINUTE;
}

static void assert_moves(struct client *c, unsigned card, unsigned moves)
{
    struct rt_reattempt_answer a;
    struct px_record r;

    assert_said(begin(c, card, 1099, &r, &a), OURS);
    assert_int_equal(a.moves, moves);
    assert_said(end(c, &r, PX_SETTLED, RT_APPROVED, RT_RULE_NONE, 0), OK);
}

static void assert_forbidden(struct client *c, unsigned card, enum rt_rule rule)
{
    struct rt_reattempt_answer a;
    struct px_record r;
    struct call k;

    assert_said(begin(c, card, 1099, &r, &a), FORBIDDEN);
    assert_string_equal(rt_rule_name(a.rule), rt_rule_name(rule));
    assert_true(a.again_ms > c->now_ms);
    say_id(c, &k, PX_CALL_LOAD, r.id);
    assert_said(call_now(c, &k), NOT_FOUND);
    call_fini(&k);
}

/* ---- budgets ---- */

static void a_budget_ends_and_returns(void **state)
{
    struct client *c = *state;
    int64_t first_ms = c->now_ms;

    assert_moves(c, 1, 2);
    decline(c, 1, 1099);
    assert_moves(c, 1, 1);
    decline(c, 1, 1099);
    assert_moves(c, 1, 0);
    decline(c, 1, 1099);
    assert_forbidden(c, 1, RT_RULE_VISA_30_DAYS);
    assert_moves(c, 2, 2); /* another card */
    assert_said(begin(c, 1, 1100, NULL, NULL), OURS);
    c->now_ms = first_ms + 30 * DAY;
    assert_moves(c, 1, 0);
}

static void the_key_of_a_refused_payment_stays_free(void **state)
{
    struct client *c = *state;
    struct call k;

    for (unsigned i = 0; i < 3; i++)
        decline(c, 1, 1099);
    say_card(c, &k, 1, 1099);
    assert_said(call_now(c, &k), FORBIDDEN);
    k.l.now_ms += 31 * DAY;
    assert_said(call_now(c, &k), OURS);
    assert_int_equal(k.l.record.fence, 1);
    call_fini(&k);
}

static void of_two_at_once_one_takes_the_last_place(void **state)
{
    struct client *c = *state;
    struct call a, b;
    unsigned ours;

    decline(c, 1, 1099);
    decline(c, 1, 1099);
    say_card(c, &a, 1, 1099);
    say_card(c, &b, 1, 1099);
    call_send(c, &a);
    call_send(c, &b);
    assert_said(call_wait(c, &a), OURS);
    assert_said(call_wait(c, &b), FORBIDDEN);
    ours = (unsigned)(b.l.reattempt.again_ms - c->now_ms);
    assert_in_range(ours, 1, 5000); /* the other may be approved yet */
    assert_said(end(c, &a.l.record, PX_SETTLED, RT_APPROVED, RT_RULE_NONE, 0), OK);
    assert_said(call_now(c, &b), OURS);
    call_fini(&a);
    call_fini(&b);
}

static void a_card_never_declined_pays_as_often_as_it_likes(void **state)
{
    struct client *c = *state;
    struct px_record r[20];

    for (unsigned i = 0; i < 20; i++)
        assert_said(begin(c, 1, 1099, &r[i], NULL), OURS);
    for (unsigned i = 0; i < 20; i++)
        assert_said(end(c, &r[i], PX_SETTLED, RT_APPROVED, RT_RULE_NONE, 0), OK);
}

static void what_a_rollback_undoes_is_not_under_way(void **state)
{
    struct client *c = *state;
    struct call good, bad;

    decline(c, 1, 1099);
    decline(c, 1, 1099);
    say_card(c, &bad, 1, 1099);
    bad.l.record.held = 0;
    bad.l.record.amount.minor = -1; /* the tables do not take it */
    say_card(c, &good, 2, 1099);
    call_send(c, &good);
    call_send(c, &bad);
    assert_said(call_wait(c, &good), OURS);
    assert_said(call_wait(c, &bad), DOWN);
    assert_moves(c, 1, 0);
    decline(c, 2, 1099); /* and the good one is under way once, not twice */
    assert_moves(c, 2, 0);
    call_fini(&good);
    call_fini(&bad);
}

/* ---- one payment ---- */

static void a_leg_is_counted_when_the_next_is_promised(void **state)
{
    struct client *c = *state;
    struct px_record r;
    struct call k;

    decline(c, 1, 1099);
    assert_said(begin(c, 1, 1099, &r, NULL), OURS);
    say_next(c, &k, &r);
    k.attempt[0].strike.counts = true;
    assert_said(call_now(c, &k), OK);
    assert_int_equal(k.l.reattempt.moves, 0);
    r = k.l.record;
    call_fini(&k);
    assert_forbidden(c, 1, RT_RULE_VISA_30_DAYS); /* two declines, and one under way */
    assert_declined(c, &r);
    assert_forbidden(c, 1, RT_RULE_VISA_30_DAYS);
}

static void a_leg_too_many_is_refused_and_its_decline_still_counted(void **state)
{
    struct client *c = *state;
    struct px_record r, after;
    struct call k;

    decline(c, 1, 1099);
    decline(c, 1, 1099);
    assert_said(begin(c, 1, 1099, &r, NULL), OURS);
    say_next(c, &k, &r);
    k.attempt[0].strike.counts = true;
    assert_said(call_now(c, &k), FORBIDDEN);
    assert_string_equal(rt_rule_name(k.l.reattempt.rule), "visa_30_days");
    call_fini(&k);
    after = load(c, r.id);
    assert_int_equal(after.leg, 0);
    assert_declined(c, &r);
    if (c->path != NULL)
        assert_int_equal(sql_int("SELECT count(*) FROM decline"), 3);
}

static void a_stop_refuses_the_next_leg(void **state)
{
    struct client *c = *state;
    struct px_record r;
    struct call k;

    assert_said(begin(c, 1, 1099, &r, NULL), OURS);
    say_next(c, &k, &r);
    k.attempt[0].strike = (struct rt_strike){ true, RT_RULE_NEVER_AGAIN, RT_REATTEMPT_MS };
    assert_said(call_now(c, &k), FORBIDDEN);
    assert_string_equal(rt_rule_name(k.l.reattempt.rule), "never_again");
    call_fini(&k);
}

/* Where every provider has a token of its own, so has every leg. */
static void the_next_leg_may_charge_another_token(void **state)
{
    struct client *c = *state;
    struct px_record r;
    struct call k;

    assert_said(begin(c, 1, 1099, &r, NULL), OURS);
    say_next(c, &k, &r);
    k.attempt[0].strike = (struct rt_strike){ true, RT_RULE_NEVER_AGAIN, RT_REATTEMPT_MS };
    memset(k.l.record.card, 2, PX_MAC);
    assert_said(call_now(c, &k), OK);
    r = k.l.record;
    call_fini(&k);
    assert_declined(c, &r);
    assert_forbidden(c, 1, RT_RULE_NEVER_AGAIN);
    assert_moves(c, 2, 1);
}

static void a_replay_counts_nothing(void **state)
{
    struct client *c = *state;
    struct px_record r;
    struct call k;

    say_card(c, &k, 1, 1099);
    assert_said(call_now(c, &k), OURS);
    r = k.l.record;
    assert_declined(c, &r);
    for (unsigned i = 0; i < 5; i++) {
        k.l.record.fence = 0;
        assert_said(call_now(c, &k), DONE);
        assert_said(end(c, &r, PX_SETTLED, RT_DECLINED, RT_RULE_NONE, 0), FENCED);
    }
    call_fini(&k);
    assert_moves(c, 1, 1);
}

static void what_was_never_sent_is_weighed_again(void **state)
{
    struct client *c = *state;
    struct call k;
    char id[PX_ID];

    say_card(c, &k, 1, 1099);
    assert_said(call_now(c, &k), OURS);
    memcpy(id, k.l.record.id, sizeof id);
    assert_said(end(c, &k.l.record, PX_NEVER_SENT, RT_ERROR, RT_RULE_NONE, 0), OK);
    for (unsigned i = 0; i < 3; i++)
        decline(c, 1, 1099);
    new_id(c, k.l.record.id);
    assert_said(call_now(c, &k), FORBIDDEN);
    assert_int_equal(load(c, id).standing, PX_NEVER_SENT);
    k.l.now_ms += 31 * DAY;
    assert_said(call_now(c, &k), OURS);
    assert_int_equal(k.l.record.fence, 2);
    assert_int_equal(k.l.reattempt.moves, 2);
    call_fini(&k);
}

static void reconciliation_counts_once_and_needs_no_card(void **state)
{
    struct client *c = *state;
    struct px_record r, claimed;

    decline(c, 1, 1099);
    assert_said(begin(c, 1, 1099, &r, NULL), OURS);
    assert_said(end(c, &r, PX_PENDING, RT_UNKNOWN, RT_RULE_NONE, 0), OK);
    assert_moves(c, 1, 0); /* in doubt: it may have been declined */
    assert_said(claim(c, r.id, &claimed), RESUMED);
    assert_false(claimed.carded);
    assert_declined(c, &claimed);
    assert_moves(c, 1, 0); /* and it was */
    assert_said(claim(c, r.id, &claimed), DONE);
    decline(c, 1, 1099);
    assert_forbidden(c, 1, RT_RULE_VISA_30_DAYS);
}

static void who_takes_over_hears_what_is_left(void **state)
{
    struct client *c = *state;
    struct call k;

    say_card(c, &k, 1, 1099);
    assert_said(call_now(c, &k), OURS);
    assert_said(end(c, &k.l.record, PX_PENDING, RT_UNKNOWN, RT_RULE_NONE, 0), OK);
    for (unsigned i = 0; i < 2; i++)
        decline(c, 1, 1099);
    k.l.record.carded = true;
    memset(k.l.record.card, 1, PX_MAC);
    assert_said(call_now(c, &k), RESUMED); /* its copies are out: it is no new attempt */
    assert_int_equal(k.l.reattempt.moves, 0);
    call_fini(&k);
}

static void operations_have_no_budget(void **state)
{
    struct client *c = *state;
    struct px_record r, op;
    struct call k;

    assert_said(begin(c, 1, 1099, &r, NULL), OURS);
    r.status = 201;
    assert_said(end(c, &r, PX_SETTLED, RT_APPROVED, RT_RULE_NONE, 0), OK);
    r = load(c, r.id);
    for (unsigned i = 0; i < 3; i++)
        decline(c, 1, 1099);
    assert_said(begin_operation(c, &r, RT_CAPTURE, "capture", 1099, &op, NULL), OURS);
    say_settle(c, &k, &op, PX_SETTLED, RT_DECLINED, RT_STATE_UNCHANGED);
    k.attempt[0].strike.counts = true;
    assert_said(call_now(c, &k), OK);
    call_fini(&k);
    if (c->path != NULL)
        assert_int_equal(sql_int("SELECT count(*) FROM decline"), 3);
}

static void without_rules_nothing_is_kept(void **state)
{
    struct client *c = *state;

    client_close(c);
    c->reattempts = (struct rt_reattempt_limits){ 0 };
    open_client(c);
    for (unsigned i = 0; i < 20; i++)
        decline(c, 1, 1099);
    assert_int_equal(sql_int("SELECT count(*) FROM decline"), 0);
}

/* ---- stops ---- */

static void never_again_is_for_that_amount_and_thirty_days(void **state)
{
    struct client *c = *state;
    struct px_record r;
    struct call k;

    assert_said(begin(c, 1, 1099, &r, NULL), OURS);
    assert_said(end(c, &r, PX_SETTLED, RT_DECLINED, RT_RULE_NEVER_AGAIN, RT_REATTEMPT_MS), OK);
    assert_forbidden(c, 1, RT_RULE_NEVER_AGAIN);
    assert_said(begin(c, 1, 2000, NULL, NULL), OURS);
    say_id(c, &k, PX_CALL_LOAD, r.id);
    k.l.with_events = true;
    assert_said(call_now(c, &k), OK);
    assert_int_equal(k.l.events, 1);
    assert_string_equal(k.l.event[0].what, "scheme_rule");
    assert_non_null(strstr(k.l.event[0].text, "not again before 20"));
    call_fini(&k);
    c->now_ms += 30 * DAY - 1;
    assert_forbidden(c, 1, RT_RULE_NEVER_AGAIN);
    c->now_ms++;
    assert_said(begin(c, 1, 1099, NULL, NULL), OURS);
}

static void not_before_ends_by_itself(void **state)
{
    struct client *c = *state;
    struct rt_reattempt_answer a;
    struct px_record r;
    int64_t at_ms = c->now_ms;

    assert_said(begin(c, 1, 1099, &r, NULL), OURS);
    assert_said(end(c, &r, PX_SETTLED, RT_DECLINED, RT_RULE_NOT_BEFORE, DAY), OK);
    c->now_ms += DAY / 2;
    assert_said(begin(c, 1, 1099, NULL, &a), FORBIDDEN);
    assert_int_equal(a.again_ms, at_ms + DAY);
    c->now_ms += DAY / 2;
    assert_moves(c, 1, 1);
}

/* ---- time ---- */

static void a_clock_set_back_forgets_nothing(void **state)
{
    struct client *c = *state;

    for (unsigned i = 0; i < 3; i++)
        decline(c, 1, 1099);
    c->now_ms -= 5 * DAY;
    assert_forbidden(c, 1, RT_RULE_VISA_30_DAYS);
}

static void old_declines_go_in_small_bites(void **state)
{
    struct client *c = *state;

    for (unsigned i = 0; i < 100; i++)
        decline(c, 10 + i, 1099);
    assert_int_equal(sql_int("SELECT count(*) FROM decline"), 100);
    c->now_ms += 29 * DAY;
    decline(c, 1, 1099);
    assert_int_equal(sql_int("SELECT count(*) FROM decline"), 101);
    c->now_ms += 2 * DAY;
    assert_said(begin(c, 2, 1, NULL, NULL), OURS);
    assert_int_equal(sql_int("SELECT count(*) FROM decline"), 69); /* a bite of 32 */
    for (unsigned i = 0; i < 4; i++)
        assert_said(begin(c, 3 + i, 1, NULL, NULL), OURS);
    assert_int_equal(sql_int("SELECT count(*) FROM decline"), 1);
    assert_moves(c, 1, 1);
}

/* ---- the file ---- */

static void budgets_outlive_the_process(void **state)
{
    struct client *c = *state;
    struct px_record open, again;

    decline(c, 1, 1099);
    assert_said(begin(c, 1, 1099, &open, NULL), OURS);
    client_close(c);
    open_client(c);
    assert_moves(c, 1, 0); /* one declined, one that nobody knows the end of */
    decline(c, 1, 1099);
    assert_forbidden(c, 1, RT_RULE_VISA_30_DAYS);
    assert_said(claim(c, open.id, &again), RESUMED);
    assert_said(end(c, &again, PX_SETTLED, RT_APPROVED, RT_RULE_NONE, 0), OK);
    assert_moves(c, 1, 0);
    assert_int_equal(sql_int("SELECT count(*) FROM record WHERE card IS NOT NULL"), 0);
}

static void a_card_stays_in_no_record_that_ended(void **state)
{
    struct client *c = *state;
    struct px_record r[3];

    for (unsigned i = 0; i < 3; i++)
        assert_said(begin(c, 1, 1099, &r[i], NULL), OURS);
    assert_int_equal(sql_int("SELECT count(*) FROM record WHERE card IS NOT NULL"), 3);
    assert_said(end(c, &r[0], PX_SETTLED, RT_APPROVED, RT_RULE_NONE, 0), OK);
    assert_said(end(c, &r[1], PX_NEVER_SENT, RT_ERROR, RT_RULE_NONE, 0), OK);
    assert_said(end(c, &r[2], PX_PENDING, RT_UNKNOWN, RT_RULE_NONE, 0), OK);
    assert_int_equal(sql_int("SELECT count(*) FROM record WHERE card IS NOT NULL"), 1);
}

static void write_version_1(void)
{
    sqlite3 *db = NULL;
    char *why = NULL;

    sweep();
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    if (sqlite3_exec(db, journal_version_1, NULL, NULL, &why) != SQLITE_OK)
        fail_msg("%s", why);
    assert_int_equal(sqlite3_exec(db,
                                  "PRAGMA journal_mode = WAL; PRAGMA application_id = 1397319490;"
                                  "PRAGMA user_version = 1;"
                                  "UPDATE record SET standing = 'open', status = 0, outcome = NULL "
                                  "WHERE key = 'soft'",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(db);
}

static void a_file_of_version_1_is_brought_up_to_date(void **state)
{
    struct client *c = *state;
    struct px_record r;
    struct call k;
    int64_t records;

    client_close(c);
    write_version_1();
    records = sql_int("SELECT count(*) FROM record");
    open_client(c);
    assert_int_equal(sql_int("PRAGMA user_version"), 2);
    assert_int_equal(sql_int("SELECT count(*) FROM migration"), 2);
    assert_int_equal(sql_int("SELECT count(*) FROM record"), records);
    call_init(c, &k, PX_CALL_FIND);
    snprintf(k.l.record.merchant, PX_NAME, "shop");
    snprintf(k.l.record.key, sizeof k.l.record.key, "captured");
    assert_said(call_now(c, &k), OK);
    assert_int_equal(k.l.record.captured, 1099);
    assert_int_equal(k.l.lists, 1);
    call_fini(&k);
    /* what was under way has no card: it ends as it would have */
    call_init(c, &k, PX_CALL_FIND);
    snprintf(k.l.record.merchant, PX_NAME, "shop");
    snprintf(k.l.record.key, sizeof k.l.record.key, "soft");
    assert_said(call_now(c, &k), OK);
    assert_said(claim(c, k.l.record.id, &r), RESUMED);
    call_fini(&k);
    assert_declined(c, &r);
    assert_int_equal(sql_int("SELECT count(*) FROM decline"), 0);
    for (unsigned i = 0; i < 3; i++)
        decline(c, 1, 1099);
    assert_forbidden(c, 1, RT_RULE_VISA_30_DAYS);
}

static void a_version_1_that_can_not_be_changed_stays_as_it_is(void **state)
{
    struct client *c = *state;
    struct diag why = { 0 };
    sqlite3 *db = NULL;

    client_close(c);
    write_version_1();
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    /* in the way of the second step's last statement */
    assert_int_equal(sqlite3_exec(db, "CREATE TABLE declines_readable (x)", NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(db);
    assert_int_equal(client_open(c, &why), E_IO);
    assert_int_equal(sql_int("PRAGMA user_version"), 1);
    assert_int_equal(sql_int("SELECT count(*) FROM sqlite_schema WHERE name = 'decline'"), 0);
    assert_int_equal(sql_int("SELECT count(*) FROM pragma_table_info('record') WHERE name = "
                             "'card'"),
                     0);
}

#define BOTH(f)                                                                                    \
    cmocka_unit_test_setup_teardown(f, open_file, close_any),                                      \
        cmocka_unit_test_setup_teardown(f, open_memory, close_any)
#define ON_A_FILE(f) cmocka_unit_test_setup_teardown(f, open_file, close_any)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(a_budget_ends_and_returns),
        BOTH(the_key_of_a_refused_payment_stays_free),
        BOTH(of_two_at_once_one_takes_the_last_place),
        BOTH(a_card_never_declined_pays_as_often_as_it_likes),
        BOTH(what_a_rollback_undoes_is_not_under_way),
        BOTH(a_leg_is_counted_when_the_next_is_promised),
        BOTH(a_leg_too_many_is_refused_and_its_decline_still_counted),
        BOTH(a_stop_refuses_the_next_leg),
        BOTH(the_next_leg_may_charge_another_token),
        BOTH(a_replay_counts_nothing),
        BOTH(what_was_never_sent_is_weighed_again),
        BOTH(reconciliation_counts_once_and_needs_no_card),
        BOTH(who_takes_over_hears_what_is_left),
        BOTH(operations_have_no_budget),
        BOTH(never_again_is_for_that_amount_and_thirty_days),
        BOTH(not_before_ends_by_itself),
        BOTH(a_clock_set_back_forgets_nothing),
        ON_A_FILE(without_rules_nothing_is_kept),
        ON_A_FILE(old_declines_go_in_small_bites),
        ON_A_FILE(budgets_outlive_the_process),
        ON_A_FILE(a_card_stays_in_no_record_that_ended),
        ON_A_FILE(a_file_of_version_1_is_brought_up_to_date),
        ON_A_FILE(a_version_1_that_can_not_be_changed_stays_as_it_is),
    };
    int failures;

    snprintf(directory, sizeof directory, "/tmp/signalbox-cards-XXXXXX");
    if (mkdtemp(directory) == NULL)
        return 1;
    snprintf(path, sizeof path, "%s/journal.db", directory);
    failures = cmocka_run_group_tests(tests, NULL, NULL);
    (void)rmdir(directory);
    return failures;
}
