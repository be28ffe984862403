/* The control thread's side, with workers that are played: words, letters, breakers, restarts. */
#include <ev.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "proxy/clock.h"
#include "proxy/config.h"
#include "proxy/fleet_inside.h"
#include "unit.h"

enum { ADYEN, STRIPE, PROVIDERS, WORKERS = 2 };

static struct ev_loop *loop;
static struct px_config config;
static struct px_fleet *fleet;
static char dir[64];

/* ---- workers that are played ---- */

static struct px_tally tally[WORKERS];
static unsigned back[WORKERS], foreign[WORKERS];
static struct px_view *given;

static void use_view(void *ctx, struct px_view *v)
{
    (void)ctx;
    px_view_unref(given);
    given = px_view_ref(v);
}

static void tell(void *ctx, unsigned worker, struct px_note *note)
{
    (void)ctx;
    if (note->kind == PX_NOTE_TALLY) {
        assert_ptr_equal(note, &tally[worker].note);
        back[worker]++;
    } else {
        foreign[worker]++;
        free(note);
    }
}

static void on_time(struct ev_loop *l, ev_timer *t, int revents)
{
    (void)t;
    (void)revents;
    ev_break(l, EVBREAK_ALL);
}

static void run(int ms)
{
    ev_timer t;

    ev_timer_init(&t, on_time, ms / 1e3, 0);
    ev_timer_start(loop, &t);
    ev_run(loop, 0);
}

static void begin_tally(unsigned w)
{
    memset(&tally[w], 0, sizeof tally[w]);
    tally[w].note.kind = PX_NOTE_TALLY;
    tally[w].worker = w;
    tally[w].at_ms = px_unix_ms();
    tally[w].view_epoch = given->epoch;
    tally[w].providers = PROVIDERS;
    for (unsigned p = 0; p < PROVIDERS; p++)
        tally[w].provider[p] = (struct px_tally_provider){ .admit_permille = 1000,
                                                           .cause = "",
                                                           .available_ppm = -1,
                                                           .approval_ppm = -1,
                                                           .latency_ms = -1 };
}

static void send_tally(unsigned w)
{
    px_mailbox_send(px_fleet_mailbox(fleet), &tally[w].note.letter);
    run(10);
}

static void both_say_hello(void)
{
    for (unsigned w = 0; w < WORKERS; w++) {
        begin_tally(w);
        send_tally(w);
    }
}

/* ---- life ---- */

static void start(void)
{
    const struct px_fleet_hands hands = { use_view, tell, NULL, WORKERS };
    struct diag why = { 0 };

    assert_int_equal(px_fleet_create(loop, &config, NULL, &fleet, &why), OK);
    px_fleet_attach(fleet, &hands);
}

static void stop(void)
{
    px_fleet_destroy(fleet);
    px_view_unref(given);
    fleet = NULL;
    given = NULL;
}

static void describe(unsigned p, const char *name)
{
    config.provider[p].name = name;
    config.facts[p] = (struct rt_provider){ .name = name,
                                            .index = (uint8_t)p,
                                            .enabled = true,
                                            .brands = 1 << RT_VISA,
                                            .methods = 1 << RT_CARD,
                                            .ops = 1 << RT_AUTHORIZE };
    rt_provider_take_currency(&config.facts[p], currency_find(SPAN("EUR")));
}

static int setup(void **state)
{
    (void)state;
    loop = ev_loop_new(EVFLAG_AUTO);
    (void)snprintf(dir, sizeof dir, "test_fleet.XXXXXX");
    assert_non_null(mkdtemp(dir));
    config = (struct px_config){ .state_path = dir, .providers = PROVIDERS, .node = SPAN("n1") };
    describe(ADYEN, "adyen");
    describe(STRIPE, "stripe");
    memset(back, 0, sizeof back);
    memset(foreign, 0, sizeof foreign);
    start();
    return 0;
}

static int teardown(void **state)
{
    static const char *const file[] = { "overrides.json", "breakers.jsonl", "volumes.json",
                                        "learned.bin", "counters.bin" };
    char path[128];

    (void)state;
    if (fleet != NULL)
        stop();
    for (unsigned i = 0; i < sizeof file / sizeof *file; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", dir, file[i]);
        (void)unlink(path);
    }
    assert_int_equal(rmdir(dir), 0);
    ev_loop_destroy(loop);
    return 0;
}

static void restart(void)
{
    stop();
    start();
}

static struct px_order order(enum px_order_act act, unsigned p)
{
    return (struct px_order){ .provider = p, .act = act, .actor = "anna", .reason = "INC-4711" };
}

static enum err act(struct px_order o, struct px_toggle *said)
{
    struct diag why = { 0 };
    struct px_toggle here;
    enum err e = px_fleet_act(fleet, &o, said == NULL ? &here : said, &why);

    assert_int_equal(e == OK, why.text[0] == '\0');
    return e;
}

/* ---- words ---- */

static void a_word_reaches_the_workers_at_once(void **state)
{
    uint64_t before = given->epoch;

    (void)state;
    assert_int_equal(act(order(PX_ORDER_STOP, ADYEN), NULL), OK);
    assert_true(given->epoch > before);
    assert_int_equal(given->toggle[ADYEN].admin, RT_ADMIN_STOP);
    assert_string_equal(given->toggle[ADYEN].actor, "anna");
    assert_int_equal(given->toggle[STRIPE].admin, RT_ADMIN_AUTO);
    assert_int_equal(given->ended[ADYEN], 0);
}

static void words_are_kept_over_a_restart(void **state)
{
    struct px_order o = order(PX_ORDER_LIMIT, STRIPE);
    struct px_toggle said, kept;

    (void)state;
    o.limit_permille = 200;
    assert_int_equal(act(o, &said), OK);
    restart();
    kept = *px_fleet_toggle(fleet, STRIPE);
    assert_int_equal(kept.limit_permille, 200);
    assert_int_equal(kept.set_ms, said.set_ms);
    assert_string_equal(kept.reason, "INC-4711");
    assert_int_equal(given->toggle[STRIPE].limit_permille, 200);
    assert_int_equal(given->ended[STRIPE], 0);
}

static void an_end_leads_to_probing(void **state)
{
    struct px_order o = order(PX_ORDER_STOP, ADYEN);

    (void)state;
    o.until_ms = px_unix_ms() + 250;
    assert_int_equal(act(o, NULL), OK);
    run(150);
    assert_int_equal(given->toggle[ADYEN].admin, RT_ADMIN_STOP);
    run(300);
    assert_int_equal(given->toggle[ADYEN].admin, RT_ADMIN_AUTO);
    assert_int_equal(given->ended[ADYEN], 1);
    restart(); /* it was told: not again */
    assert_int_equal(given->ended[ADYEN], 0);
    assert_int_equal(given->toggle[ADYEN].admin, RT_ADMIN_AUTO);
}

static void an_end_that_passed_while_we_were_down_leads_to_probing(void **state)
{
    struct px_order o = order(PX_ORDER_DRAIN, ADYEN);

    (void)state;
    o.until_ms = px_unix_ms() + 100;
    assert_int_equal(act(o, NULL), OK);
    stop();
    usleep(150 * 1000);
    start();
    assert_int_equal(given->toggle[ADYEN].admin, RT_ADMIN_AUTO);
    assert_int_equal(given->ended[ADYEN], 1);
}

static void taking_back_leads_to_probing_and_forcing_does_not(void **state)
{
    (void)state;
    assert_int_equal(act(order(PX_ORDER_STOP, ADYEN), NULL), OK);
    assert_int_equal(act(order(PX_ORDER_FORCE_ON, ADYEN), NULL), OK);
    assert_int_equal(given->ended[ADYEN], 0);
    assert_int_equal(given->toggle[ADYEN].admin, RT_ADMIN_FORCE_ON);
    assert_int_equal(act(order(PX_ORDER_RESUME, ADYEN), NULL), OK);
    assert_int_equal(given->ended[ADYEN], 0); /* nothing was withheld */
    assert_int_equal(act(order(PX_ORDER_STOP, ADYEN), NULL), OK);
    assert_int_equal(act(order(PX_ORDER_RESUME, ADYEN), NULL), OK);
    assert_int_equal(given->ended[ADYEN], 1);
    assert_int_equal(given->toggle[ADYEN].admin, RT_ADMIN_AUTO);
}

static void a_payment_without_a_route_is_refused(void **state)
{
    struct px_order o = order(PX_ORDER_STOP, STRIPE);
    struct px_blast b;
    struct diag why = { 0 };

    (void)state;
    assert_int_equal(act(order(PX_ORDER_STOP, ADYEN), NULL), OK);
    assert_int_equal(px_fleet_look(fleet, &o, &b, &why), OK);
    assert_int_equal(b.kinds, 1);
    assert_int_equal(act(o, NULL), E_CONFLICT);
    assert_int_equal(given->toggle[STRIPE].admin, RT_ADMIN_AUTO);
    o.allow_no_route = true;
    assert_int_equal(act(o, NULL), OK);
    assert_int_equal(act(order(PX_ORDER_RESUME, STRIPE), NULL), OK);
}

static void bad_orders_are_refused(void **state)
{
    struct px_order o = order(PX_ORDER_STOP, ADYEN);

    (void)state;
    o.reason = "";
    assert_int_equal(act(o, NULL), E_SYNTAX);
    o = order(PX_ORDER_STOP, ADYEN);
    o.until_ms = px_unix_ms() - 1;
    assert_int_equal(act(o, NULL), E_SYNTAX);
    o = order(PX_ORDER_LIMIT, ADYEN);
    o.limit_permille = 1000;
    assert_int_equal(act(o, NULL), E_SYNTAX);
    assert_int_equal(act(order(PX_ORDER_RESUME, ADYEN), NULL), E_NOTFOUND);
    assert_int_equal(act(order(PX_ORDER_EXTEND, ADYEN), NULL), E_NOTFOUND);
    assert_int_equal(px_fleet_toggle(fleet, ADYEN)->set_ms, 0);
}

static void extending_keeps_what_was_said(void **state)
{
    struct px_order o = order(PX_ORDER_STOP, ADYEN);
    struct px_toggle first, second;

    (void)state;
    o.ops_all = true;
    o.until_ms = px_unix_ms() + 60000;
    assert_int_equal(act(o, &first), OK);
    o = order(PX_ORDER_EXTEND, ADYEN);
    o.until_ms = px_unix_ms() + 120000;
    assert_int_equal(act(o, &second), OK);
    assert_int_equal(second.admin, RT_ADMIN_STOP);
    assert_true(second.ops_all && second.until_ms > first.until_ms);
    assert_true(second.set_ms > first.set_ms);
}

static void an_older_word_of_another_node_changes_nothing(void **state)
{
    struct px_toggle said, other;

    (void)state;
    assert_int_equal(act(order(PX_ORDER_STOP, ADYEN), &said), OK);
    other = said;
    other.admin = RT_ADMIN_AUTO;
    other.set_ms--;
    px_fleet_word_take(fleet, ADYEN, &other, px_unix_ms());
    assert_int_equal(given->toggle[ADYEN].admin, RT_ADMIN_STOP);
    other.set_ms += 2;
    px_fleet_word_take(fleet, ADYEN, &other, px_unix_ms());
    assert_int_equal(given->toggle[ADYEN].admin, RT_ADMIN_AUTO);
    assert_int_equal(given->ended[ADYEN], 1);
    restart();
    assert_int_equal(px_fleet_toggle(fleet, ADYEN)->set_ms, other.set_ms);
}

static void a_newer_word_that_is_over_already_ends_the_older(void **state)
{
    struct px_toggle said, other;

    (void)state;
    assert_int_equal(act(order(PX_ORDER_STOP, ADYEN), &said), OK);
    other = said;
    other.set_ms++;
    other.until_ms = px_unix_ms() - 1;
    px_fleet_word_take(fleet, ADYEN, &other, px_unix_ms());
    assert_int_equal(given->toggle[ADYEN].admin, RT_ADMIN_AUTO);
    assert_int_equal(given->ended[ADYEN], 1);
    assert_false(px_toggle_holds(px_fleet_toggle(fleet, ADYEN)));
    px_fleet_word_take(fleet, ADYEN, &said, px_unix_ms()); /* the board is read again */
    assert_int_equal(given->toggle[ADYEN].admin, RT_ADMIN_AUTO);
}

static void what_can_not_be_kept_is_not_done(void **state)
{
    char moved[80];

    (void)state;
    (void)snprintf(moved, sizeof moved, "%s.away", dir);
    assert_int_equal(rename(dir, moved), 0);
    assert_int_equal(act(order(PX_ORDER_STOP, ADYEN), NULL), E_IO);
    assert_int_equal(given->toggle[ADYEN].admin, RT_ADMIN_AUTO);
    assert_int_equal(rename(moved, dir), 0);
    assert_int_equal(act(order(PX_ORDER_STOP, ADYEN), NULL), OK);
}

static void a_file_that_is_not_ours_is_told_and_begun_anew(void **state)
{
    static const char *const bad[] = {
        "",
        "{",
        "[]",
        "{\"overrides\":[{}]}",
        "{\"overrides\":[{\"provider\":\"adyen\",\"admin\":\"halt\"}]}",
        "{\"overrides\":[{\"provider\":\"adyen\",\"admin\":\"stop\",\"actor\":\"a\",\"reason\":"
        "\"r\",\"set_ms\":-4,\"until_ms\":0}]}",
        "{\"overrides\":[{\"provider\":\"adyen\",\"admin\":\"stop\",\"actor\":\"a\",\"reason\":"
        "\"r\",\"set_ms\":99999999999999999999,\"until_ms\":0}]}",
    };
    char path[128];

    (void)state;
    (void)snprintf(path, sizeof path, "%s/overrides.json", dir);
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
        FILE *f = fopen(path, "w");

        assert_non_null(f);
        (void)fputs(bad[i], f);
        assert_int_equal(fclose(f), 0);
        restart();
        assert_int_equal(px_fleet_toggle(fleet, ADYEN)->set_ms, 0);
    }
    assert_int_equal(act(order(PX_ORDER_STOP, ADYEN), NULL), OK);
}

static void a_word_is_confirmed_when_all_workers_have_it(void **state)
{
    struct px_toggle said;
    unsigned of;

    (void)state;
    both_say_hello();
    assert_int_equal(act(order(PX_ORDER_STOP, ADYEN), &said), OK);
    assert_int_equal(px_fleet_confirmed(fleet, ADYEN, said.set_ms, &of), 0);
    assert_int_equal(of, 1);
    begin_tally(0);
    send_tally(0);
    assert_int_equal(px_fleet_confirmed(fleet, ADYEN, said.set_ms, &of), 0);
    begin_tally(1);
    send_tally(1);
    assert_int_equal(px_fleet_confirmed(fleet, ADYEN, said.set_ms, &of), 1);
}

/* ---- letters ---- */

static void letters_are_counted_and_come_back(void **state)
{
    struct px_fleet_provider is;

    (void)state;
    for (unsigned w = 0; w < WORKERS; w++) {
        begin_tally(w);
        tally[w].provider[ADYEN].chosen = 30;
        tally[w].provider[ADYEN].approved = 27;
        tally[w].provider[ADYEN].soft = 3;
        tally[w].provider[ADYEN].attempts = 30;
        tally[w].provider[ADYEN].flying = 2;
        hl_hist_add(&tally[w].provider[ADYEN].latency, hl_hist_bucket(300), 30);
        tally[w].provider[STRIPE].chosen = 10;
        tally[w].provider[STRIPE].failed = 10;
        send_tally(w);
        assert_int_equal(back[w], 1);
    }
    px_fleet_provider(fleet, ADYEN, &is);
    assert_int_equal(is.share_permille, 750);
    assert_int_equal(is.fleet_share_permille, 750);
    assert_int_equal(is.approval_ppm_15m, 900000);
    assert_int_equal(is.approval_ppm_7d, 900000);
    assert_int_equal(is.error_ppm_15m, 0);
    assert_int_equal(is.in_flight, 4);
    assert_int_equal(is.attempts, 60);
    assert_in_range(is.p50_ms, 270, 330);
    assert_int_equal(is.available_ppm, -1);
    px_fleet_provider(fleet, STRIPE, &is);
    assert_int_equal(is.error_ppm_15m, 1000000);
    assert_int_equal(is.approval_ppm_15m, -1);
    assert_int_equal(is.p50_ms, -1);
}

static void the_week_outlives_a_restart(void **state)
{
    struct px_fleet_provider is;
    char path[128];
    FILE *f;

    (void)state;
    begin_tally(0);
    tally[0].provider[ADYEN].attempts = 120;
    tally[0].provider[ADYEN].approved = 90;
    tally[0].provider[ADYEN].soft = 10;
    send_tally(0);
    restart();
    px_fleet_provider(fleet, ADYEN, &is);
    assert_int_equal(is.approval_ppm_7d, 900000);
    assert_int_equal(is.peak_milli_s, 2000);
    assert_int_equal(is.approval_ppm_15m, -1);
    assert_int_equal(is.attempts, 0);
    stop();
    (void)snprintf(path, sizeof path, "%s/counters.bin", dir);
    assert_int_equal(truncate(path, 60), 0); /* cut off */
    start();
    px_fleet_provider(fleet, ADYEN, &is);
    assert_int_equal(is.approval_ppm_7d, -1);
    stop();
    f = fopen(path, "w");
    assert_non_null(f);
    (void)fputs("SBC1\005adyen\001\377\377\377\377\377\377\377\377", f);
    assert_int_equal(fclose(f), 0);
    start();
    px_fleet_provider(fleet, ADYEN, &is);
    assert_int_equal(is.approval_ppm_7d, -1);
}

static void what_one_worker_learned_the_others_are_told(void **state)
{
    static struct hl_delta d;

    (void)state;
    hl_delta_clear(&d);
    d.tech[hl_delta_tech_of(&d, 77)].ok = 3;
    begin_tally(0);
    tally[0].delta_n = hl_delta_pack(&d, false, tally[0].delta, sizeof tally[0].delta);
    send_tally(0);
    assert_int_equal(foreign[0], 0);
    assert_int_equal(foreign[1], 1);
}

static void what_was_learned_outlives_a_restart(void **state)
{
    static struct hl_delta d;
    struct hl_delta_card *c;

    (void)state;
    hl_delta_clear(&d);
    c = hl_delta_card_of(&d, hl_watch_id(SPAN("adyen")), 457112, hl_country("DE"), 1);
    c->approved = 40;
    c->soft = 10;
    begin_tally(0);
    tally[0].delta_n = hl_delta_pack(&d, false, tally[0].delta, sizeof tally[0].delta);
    send_tally(0);
    memset(foreign, 0, sizeof foreign);
    restart();
    assert_int_equal(foreign[0], 1); /* both workers are told all of it */
    assert_int_equal(foreign[1], 1);
}

static void say_serving(unsigned w, enum hl_serving s)
{
    begin_tally(w);
    tally[w].provider[ADYEN].serving = s;
    tally[w].provider[ADYEN].admit_permille = s == HL_SERVING ? 1000 : 0;
    tally[w].provider[ADYEN].cause = "failures";
    tally[w].provider[ADYEN].since_ms = px_unix_ms();
    tally[w].provider[ADYEN].probe_due_ms = s == HL_STOPPED ? px_unix_ms() + 5000 : 0;
    send_tally(w);
}

static void the_workers_breakers_are_one_and_its_history_is_kept(void **state)
{
    struct px_fleet_move m[8];
    struct px_fleet_provider is;

    (void)state;
    both_say_hello();
    begin_tally(1);
    tally[1].provider[ADYEN].attempts = 1;
    send_tally(1);
    say_serving(0, HL_STOPPED);
    px_fleet_provider(fleet, ADYEN, &is);
    assert_int_equal(is.serving, HL_PROBING); /* half of it serves */
    assert_int_equal(is.admit_permille, 500);
    say_serving(1, HL_STOPPED);
    px_fleet_provider(fleet, ADYEN, &is);
    assert_int_equal(is.serving, HL_STOPPED);
    assert_string_equal(is.cause, "failures");
    restart();
    assert_int_equal(px_fleet_history(fleet, ADYEN, 0, m, 8), 2);
    assert_int_equal(m[0].to, HL_STOPPED);
    assert_int_equal(m[0].from, HL_PROBING);
    assert_int_equal(m[1].from, HL_SERVING);
    assert_string_equal(m[0].node, "n1");
    assert_string_equal(m[0].cause, "failures");
    assert_int_equal(px_fleet_history(fleet, STRIPE, 0, m, 8), 0);
    assert_int_equal(px_fleet_history(fleet, ADYEN, px_unix_ms() + 1000, m, 8), 0);
}

static void a_worker_without_payments_has_no_vote(void **state)
{
    struct px_fleet_provider is;

    (void)state;
    both_say_hello();
    say_serving(0, HL_STOPPED);
    px_fleet_provider(fleet, ADYEN, &is);
    assert_int_equal(is.serving, HL_STOPPED);
    assert_int_equal(is.admit_permille, 0);
}

static void alone_everybody_may_probe(void **state)
{
    struct px_fleet_node n[4];
    struct px_fleet_link link;

    (void)state;
    both_say_hello();
    say_serving(0, HL_STOPPED);
    say_serving(1, HL_STOPPED);
    run(250);
    assert_int_equal(given->may_probe, UINT32_MAX);
    assert_int_equal(given->remote_open, 0);
    assert_int_equal(px_fleet_nodes(fleet, n, 4), 1);
    assert_true(n[0].self && n[0].in_sync);
    assert_string_equal(n[0].name, "n1");
    px_fleet_link(fleet, &link);
    assert_false(link.configured);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_word_reaches_the_workers_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(words_are_kept_over_a_restart, setup, teardown),
        cmocka_unit_test_setup_teardown(an_end_leads_to_probing, setup, teardown),
        cmocka_unit_test_setup_teardown(an_end_that_passed_while_we_were_down_leads_to_probing,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(taking_back_leads_to_probing_and_forcing_does_not, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_payment_without_a_route_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(bad_orders_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(extending_keeps_what_was_said, setup, teardown),
        cmocka_unit_test_setup_teardown(an_older_word_of_another_node_changes_nothing, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_newer_word_that_is_over_already_ends_the_older, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_can_not_be_kept_is_not_done, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_that_is_not_ours_is_told_and_begun_anew, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_word_is_confirmed_when_all_workers_have_it, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(letters_are_counted_and_come_back, setup, teardown),
        cmocka_unit_test_setup_teardown(the_week_outlives_a_restart, setup, teardown),
        cmocka_unit_test_setup_teardown(what_one_worker_learned_the_others_are_told, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_was_learned_outlives_a_restart, setup, teardown),
        cmocka_unit_test_setup_teardown(the_workers_breakers_are_one_and_its_history_is_kept, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_worker_without_payments_has_no_vote, setup, teardown),
        cmocka_unit_test_setup_teardown(alone_everybody_may_probe, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
