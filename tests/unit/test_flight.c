/* tests/unit/test_flight.c -- the interlocking, case by case. The proofs over all interleavings are
 * tests/model and tests/sim; here every rule has its name. */
#include "tests/unit/unit.h"

#include "routing/base/rng.h"
#include "routing/flight.h"

#define DAY_S 86400
#define S_NS  INT64_C(1000000000)

/* What four kinds of provider promise. */
static const struct rt_promises keeper = { .keeps_keys_s = DAY_S, /* stores all, can be searched */
                                           .remembers_declines = true,
                                           .refuses_cleanly = true,
                                           .repeat_after_5xx = true,
                                           .finds_by_reference = true,
                                           .finds_by_id = true };
static const struct rt_promises blind = { .keeps_keys_s = 7 * DAY_S, /* stores all, no inquiry */
                                          .remembers_declines = true,
                                          .refuses_cleanly = true,
                                          .repeat_after_5xx = true };
static const struct rt_promises loose = { .keeps_keys_s = DAY_S, /* stores 2xx only */
                                          .remembers_declines = true,
                                          .refuses_cleanly = true,
                                          .finds_by_reference = true,
                                          .finds_by_id = true };
static const struct rt_promises keyless = { .refuses_cleanly = true };

static const struct rt_flight_rules rules = {
    .copies_max = 3, .moves_max = 1, .repeat_first_ms = 100, .within_ns = 15 * S_NS
};

static const struct rt_heard approved = { .outcome = RT_APPROVED,
                                          .executed = RT_EXECUTED_YES,
                                          .bound = true };
static const struct rt_heard soft = {
    .outcome = RT_DECLINED, .executed = RT_EXECUTED_YES, .bound = true, .retry_other = true
};
static const struct rt_heard hard = { .outcome = RT_DECLINED,
                                      .executed = RT_EXECUTED_YES,
                                      .bound = true };
static const struct rt_heard loose_soft = { .outcome = RT_DECLINED,
                                            .executed = RT_EXECUTED_YES,
                                            .retry_other = true };
static const struct rt_heard limited = { .outcome = RT_ERROR, /* 429, not stored */
                                         .executed = RT_EXECUTED_NO,
                                         .same_key = RT_SAME_KEY_AFTER_WAIT,
                                         .retry_other = true };
static const struct rt_heard invalid = { .outcome = RT_ERROR, /* 400, stored */
                                         .executed = RT_EXECUTED_NO,
                                         .bound = true };
static const struct rt_heard broken = { .same_key = RT_SAME_KEY_YES }; /* 5xx */
static const struct rt_heard at_work = { .same_key = RT_SAME_KEY_AFTER_WAIT };
static const struct rt_heard inquire_first = { .same_key = RT_SAME_KEY_YES, .inquire_first = true };
static const struct rt_heard pending = { .outcome = RT_PENDING, .executed = RT_EXECUTED_YES };
static const struct rt_heard action = { .outcome = RT_ACTION_REQUIRED,
                                        .executed = RT_EXECUTED_YES };
static const struct rt_heard not_found = { .outcome = RT_INFO, .inconclusive = true };
static const struct rt_heard nothing_heard = { 0 };

static struct rt_flight f;
static int64_t now;

static struct rt_command hear(enum rt_event_kind kind, const struct rt_heard *h)
{
    struct rt_event ev = { .kind = kind };

    if (h != NULL)
        ev.heard = *h;
    return rt_flight_step(&f, &ev, now);
}

static struct rt_command ev(enum rt_event_kind kind)
{
    return hear(kind, NULL);
}

static void take_off_with(const struct rt_promises *terms, unsigned legs,
                          const struct rt_flight_rules *r)
{
    now = 1000 * S_NS;
    rt_flight_begin(&f, r, terms, legs, now);
    assert_int_equal(rt_flight_stage(&f), RT_AT_PROMISING);
    assert_int_equal(rt_flight_leg(&f), 0);
}

/* A flight whose first copy is under way: `legs` providers that promise the same. */
static void fly(const struct rt_promises *p, unsigned legs)
{
    struct rt_promises terms[LIMIT_LEGS];
    struct rt_command c;

    for (unsigned i = 0; i < legs; i++)
        terms[i] = *p;
    take_off_with(terms, legs, &rules);
    c = ev(RT_EV_PROMISED);
    assert_int_equal(c.kind, RT_DO_ASK);
    assert_int_equal(c.leg, 0);
    assert_int_equal(c.copy, 1);
}

static void resume(const struct rt_promises *p, unsigned legs, struct rt_resumption what)
{
    struct rt_promises terms[LIMIT_LEGS];

    for (unsigned i = 0; i < legs; i++)
        terms[i] = *p;
    now = 100 * DAY_S * S_NS;
    rt_flight_resume(&f, &rules, terms, legs, &what, now);
    assert_int_equal(rt_flight_leg(&f), what.leg);
}

static void is_waiting(struct rt_command c, int32_t ms)
{
    assert_int_equal(c.kind, RT_DO_NOTHING);
    assert_int_equal(c.wait_ms, ms);
    assert_int_equal(rt_flight_stage(&f), RT_AT_UNSURE);
}

static void is_ask(struct rt_command c, unsigned leg, unsigned copy)
{
    assert_int_equal(c.kind, RT_DO_ASK);
    assert_int_equal(c.leg, leg);
    assert_int_equal(c.copy, copy);
}

static void is_settle(struct rt_command c, unsigned leg, unsigned from, enum rt_outcome o,
                      bool not_sent)
{
    assert_int_equal(c.kind, RT_DO_SETTLE);
    assert_int_equal(c.leg, leg);
    assert_int_equal(c.from, from);
    assert_int_equal(c.outcome, o);
    assert_int_equal(c.not_sent, not_sent);
}

static void is_answer(struct rt_command c, enum rt_outcome o, bool not_sent)
{
    assert_int_equal(c.kind, RT_DO_ANSWER);
    assert_int_equal(c.outcome, o);
    assert_int_equal(c.not_sent, not_sent);
}

static void is_ignored(enum rt_event_kind kind, const struct rt_heard *h)
{
    struct rt_flight before = f;
    struct rt_command c = hear(kind, h);

    assert_int_equal(c.kind, RT_DO_NOTHING);
    assert_int_equal(c.wait_ms, 0);
    assert_memory_equal(&before, &f, sizeof f);
}

static void next_leg(struct rt_command c, unsigned leg)
{
    assert_int_equal(c.kind, RT_DO_PROMISE);
    assert_int_equal(c.leg, leg);
    is_ask(ev(RT_EV_PROMISED), leg, 1);
    assert_int_equal(rt_flight_leg(&f), leg);
}

static void landed(enum rt_outcome o, bool not_sent)
{
    is_answer(ev(RT_EV_SETTLED), o, not_sent);
    assert_true(rt_flight_landed(&f));
}

/* --- the straight line --- */

static void an_approval_is_settled_then_told(void **state)
{
    (void)state;
    fly(&keeper, 2);
    is_settle(hear(RT_EV_ANSWERED, &approved), 0, 0, RT_APPROVED, false);
    assert_int_equal(rt_flight_stage(&f), RT_AT_SETTLING);
    landed(RT_APPROVED, false);
}

static void action_and_pending_are_live_and_end_the_flight(void **state)
{
    (void)state;
    fly(&keeper, 2);
    is_settle(hear(RT_EV_ANSWERED, &action), 0, 0, RT_ACTION_REQUIRED, false);
    landed(RT_ACTION_REQUIRED, false);
    fly(&keeper, 2);
    is_settle(hear(RT_EV_ANSWERED, &pending), 0, 0, RT_PENDING, false);
    landed(RT_PENDING, false);
}

static void a_hard_decline_ends_the_payment(void **state)
{
    (void)state;
    fly(&keeper, 2);
    is_settle(hear(RT_EV_ANSWERED, &hard), 0, 0, RT_DECLINED, false);
    landed(RT_DECLINED, false);
}

static void a_soft_decline_moves_on(void **state)
{
    (void)state;
    fly(&keeper, 2);
    next_leg(hear(RT_EV_ANSWERED, &soft), 1);
    is_settle(hear(RT_EV_ANSWERED, &approved), 1, 1, RT_APPROVED, false);
    landed(RT_APPROVED, false);
}

static void declines_move_on_so_often_and_no_more(void **state)
{
    (void)state;
    fly(&keeper, 3);
    next_leg(hear(RT_EV_ANSWERED, &soft), 1);
    is_settle(hear(RT_EV_ANSWERED, &soft), 1, 1, RT_DECLINED, false);
}

static void no_further_leg_after_the_time_is_over(void **state)
{
    (void)state;
    fly(&keeper, 2);
    now += rules.within_ns - 1;
    next_leg(hear(RT_EV_ANSWERED, &soft), 1);
    fly(&keeper, 2);
    now += rules.within_ns;
    is_settle(hear(RT_EV_ANSWERED, &soft), 0, 0, RT_DECLINED, false);
    fly(&keeper, 2);
    now += rules.within_ns;
    is_settle(ev(RT_EV_NOT_SENT), 0, 0, RT_ERROR, true);
}

/* --- N0, N1, R --- */

static void what_never_left_moves_on_as_often_as_there_are_legs(void **state)
{
    (void)state;
    fly(&keyless, 4);
    next_leg(ev(RT_EV_NOT_SENT), 1);
    next_leg(ev(RT_EV_NOT_SENT), 2);
    next_leg(ev(RT_EV_NOT_SENT), 3);
    is_settle(ev(RT_EV_NOT_SENT), 3, 3, RT_ERROR, true);
    landed(RT_ERROR, true);
}

static void a_refusal_moves_on_once_per_payment(void **state)
{
    (void)state;
    fly(&keeper, 3);
    next_leg(ev(RT_EV_REFUSED), 1);
    is_settle(ev(RT_EV_REFUSED), 1, 1, RT_ERROR, true);
    landed(RT_ERROR, true);
}

static void not_sent_and_refused_count_apart(void **state)
{
    (void)state;
    fly(&keeper, 4);
    next_leg(ev(RT_EV_NOT_SENT), 1);
    next_leg(ev(RT_EV_REFUSED), 2);
    next_leg(ev(RT_EV_NOT_SENT), 3);
    is_settle(hear(RT_EV_ANSWERED, &approved), 3, 3, RT_APPROVED, false);
}

static void a_refusal_of_the_second_copy_says_nothing_of_the_first(void **state)
{
    (void)state;
    fly(&keeper, 2);
    is_waiting(ev(RT_EV_IN_DOUBT), 100);
    is_ask(ev(RT_EV_TIMER), 0, 2);
    is_waiting(ev(RT_EV_REFUSED), 200);
    is_ask(ev(RT_EV_TIMER), 0, 3);
    is_settle(hear(RT_EV_ANSWERED, &approved), 0, 0, RT_APPROVED, false);
}

static void a_second_copy_that_never_left_says_nothing_of_the_first(void **state)
{
    (void)state;
    fly(&blind, 2);
    is_waiting(ev(RT_EV_IN_DOUBT), 100);
    is_ask(ev(RT_EV_TIMER), 0, 2);
    is_waiting(ev(RT_EV_NOT_SENT), 200);
    is_ask(ev(RT_EV_TIMER), 0, 3);
    is_settle(ev(RT_EV_NOT_SENT), 0, 0, RT_UNKNOWN, false);
}

static void a_clean_refusal_by_status_moves_on_without_counting(void **state)
{
    (void)state;
    fly(&keeper, 4);
    next_leg(hear(RT_EV_ANSWERED, &limited), 1);
    next_leg(hear(RT_EV_ANSWERED, &limited), 2);
    next_leg(hear(RT_EV_ANSWERED, &soft), 3);
    is_settle(hear(RT_EV_ANSWERED, &hard), 3, 3, RT_DECLINED, false);
}

static void a_refusal_with_a_second_copy_about_is_doubt(void **state)
{
    (void)state;
    fly(&blind, 2);
    is_waiting(ev(RT_EV_IN_DOUBT), 100);
    is_ask(ev(RT_EV_TIMER), 0, 2);
    is_waiting(hear(RT_EV_ANSWERED, &limited), 200);
    is_ask(ev(RT_EV_TIMER), 0, 3);
    is_settle(hear(RT_EV_ANSWERED, &invalid), 0, 0, RT_ERROR, true); /* bound: all copies get it */
}

static void a_refusal_counts_only_where_it_is_documented(void **state)
{
    struct rt_promises vague = keyless;

    (void)state;
    vague.refuses_cleanly = false;
    fly(&vague, 2);
    is_settle(hear(RT_EV_ANSWERED, &limited), 0, 0, RT_UNKNOWN, false);
    fly(&vague, 2);
    is_settle(hear(RT_EV_ANSWERED, &invalid), 0, 0, RT_ERROR,
              true); /* bound needs no such promise */
}

static void our_own_bad_request_moves_nowhere(void **state)
{
    (void)state;
    fly(&keeper, 2);
    is_settle(hear(RT_EV_ANSWERED, &invalid), 0, 0, RT_ERROR, true);
    landed(RT_ERROR, true);
}

/* --- what is said when several legs closed --- */

static void a_decline_outlives_providers_that_could_not_be_reached(void **state)
{
    (void)state;
    fly(&keeper, 2);
    next_leg(hear(RT_EV_ANSWERED, &soft), 1);
    is_settle(ev(RT_EV_NOT_SENT), 1, 0, RT_DECLINED, false);
    is_answer(ev(RT_EV_SETTLED), RT_DECLINED, false);
}

static void the_last_decline_is_the_one_told(void **state)
{
    (void)state;
    fly(&keeper, 2);
    next_leg(hear(RT_EV_ANSWERED, &soft), 1);
    is_settle(hear(RT_EV_ANSWERED, &hard), 1, 1, RT_DECLINED, false);
}

static void not_sent_is_said_only_when_nothing_was_executed_anywhere(void **state)
{
    (void)state;
    fly(&keeper, 2);
    next_leg(ev(RT_EV_NOT_SENT), 1);
    is_settle(hear(RT_EV_ANSWERED, &invalid), 1, 1, RT_ERROR, true);
    fly(&keeper, 2);
    next_leg(hear(RT_EV_ANSWERED, &soft), 1);
    is_settle(hear(RT_EV_ANSWERED, &invalid), 1, 0, RT_DECLINED, false);
    fly(&keyless, 2);
    next_leg(ev(RT_EV_NOT_SENT), 1);
    is_settle(ev(RT_EV_IN_DOUBT), 1, 1, RT_UNKNOWN, false);
}

/* --- in doubt --- */

static void doubt_is_answered_by_repeating_with_growing_pauses(void **state)
{
    struct rt_flight_rules many = rules;
    int32_t pause = 100;

    (void)state;
    many.copies_max = 7;
    take_off_with(&blind, 1, &many);
    is_ask(ev(RT_EV_PROMISED), 0, 1);
    for (unsigned copy = 2; copy <= 7; copy++) {
        is_waiting(ev(RT_EV_IN_DOUBT), pause);
        is_ask(ev(RT_EV_TIMER), 0, copy);
        pause = pause < 800 ? 2 * pause : 800;
    }
    is_settle(ev(RT_EV_IN_DOUBT), 0, 0, RT_UNKNOWN, false);
    landed(RT_UNKNOWN, false);
}

static void doubt_never_opens_another_leg(void **state)
{
    (void)state;
    fly(&blind, 8);
    for (unsigned copy = 2; copy <= rules.copies_max; copy++) {
        assert_int_equal(ev(RT_EV_IN_DOUBT).kind, RT_DO_NOTHING);
        is_ask(ev(RT_EV_TIMER), 0, copy);
    }
    is_settle(hear(RT_EV_ANSWERED, &broken), 0, 0, RT_UNKNOWN, false);
}

static void who_keeps_no_keys_is_asked_once(void **state)
{
    (void)state;
    fly(&keyless, 3);
    is_settle(ev(RT_EV_IN_DOUBT), 0, 0, RT_UNKNOWN, false);
    landed(RT_UNKNOWN, false);
}

static void who_forgets_its_5xx_is_inquired_never_repeated(void **state)
{
    (void)state;
    fly(&loose, 3);
    is_waiting(ev(RT_EV_IN_DOUBT), 100); /* the answer we missed may have been a 5xx */
    assert_int_equal(ev(RT_EV_TIMER).kind, RT_DO_INQUIRE);
    assert_int_equal(rt_flight_stage(&f), RT_AT_INQUIRING);
    is_waiting(hear(RT_EV_INQUIRED, &not_found), 200);
    assert_int_equal(ev(RT_EV_TIMER).kind, RT_DO_INQUIRE);
    is_settle(hear(RT_EV_INQUIRED, &approved), 0, 0, RT_APPROVED, false);
}

static void an_inquiry_that_finds_nothing_closes_nothing(void **state)
{
    (void)state;
    fly(&loose, 3);
    is_waiting(hear(RT_EV_ANSWERED, &broken), 100);
    for (unsigned i = 1; i < rules.copies_max; i++) {
        assert_int_equal(ev(RT_EV_TIMER).kind, RT_DO_INQUIRE);
        assert_int_equal(hear(RT_EV_INQUIRED, i % 2 ? &not_found : &nothing_heard).kind,
                         RT_DO_NOTHING);
    }
    assert_int_equal(ev(RT_EV_TIMER).kind, RT_DO_INQUIRE);
    is_settle(hear(RT_EV_INQUIRED, &not_found), 0, 0, RT_UNKNOWN, false);
}

static void an_inquiry_that_is_refused_says_nothing_of_the_attempt(void **state)
{
    struct rt_heard absent = {
        .outcome = RT_DECLINED, .executed = RT_EXECUTED_YES, .bound = true, .inconclusive = true
    };

    (void)state;
    fly(&loose, 2);
    is_waiting(ev(RT_EV_IN_DOUBT), 100);
    assert_int_equal(ev(RT_EV_TIMER).kind, RT_DO_INQUIRE);
    is_waiting(hear(RT_EV_INQUIRED, &limited), 200); /* 429 to the inquiry, not to the payment */
    assert_int_equal(ev(RT_EV_TIMER).kind, RT_DO_INQUIRE);
    is_waiting(hear(RT_EV_INQUIRED, &absent), 400);
}

/* The only copy we sent may have been doubled on the way. Found by tests/sim. */
static void a_decline_found_closes_nothing_where_declines_are_forgotten(void **state)
{
    struct rt_promises fickle = keeper;

    (void)state;
    fickle.remembers_declines = false;
    fly(&fickle, 2);
    is_waiting(hear(RT_EV_ANSWERED, &inquire_first), 100);
    assert_int_equal(ev(RT_EV_TIMER).kind, RT_DO_INQUIRE);
    is_waiting(hear(RT_EV_INQUIRED, &loose_soft), 200);
    assert_int_equal(ev(RT_EV_TIMER).kind, RT_DO_INQUIRE); /* not repeated: it was declined */
    next_leg(hear(RT_EV_INQUIRED, &soft), 1);              /* the adapter says that it is final */
}

static void a_decline_found_where_declines_are_kept_closes(void **state)
{
    (void)state;
    fly(&keeper, 2);
    is_waiting(ev(RT_EV_IN_DOUBT), 100);
    is_ask(ev(RT_EV_TIMER), 0, 2);
    is_waiting(hear(RT_EV_ANSWERED, &inquire_first), 200);
    assert_int_equal(ev(RT_EV_TIMER).kind, RT_DO_INQUIRE);
    next_leg(hear(RT_EV_INQUIRED, &loose_soft), 1);
}

static void the_same_5xx_twice_is_a_stored_one(void **state)
{
    (void)state;
    fly(&keeper, 2);
    is_waiting(hear(RT_EV_ANSWERED, &broken), 100);
    is_ask(ev(RT_EV_TIMER), 0, 2);
    is_waiting(hear(RT_EV_ANSWERED, &broken), 200);
    assert_int_equal(ev(RT_EV_TIMER).kind, RT_DO_INQUIRE);
    is_settle(hear(RT_EV_INQUIRED, &pending), 0, 0, RT_PENDING, false);
    fly(&blind, 2); /* where nothing can be inquired there is nothing more to do */
    is_waiting(hear(RT_EV_ANSWERED, &broken), 100);
    is_ask(ev(RT_EV_TIMER), 0, 2);
    is_settle(hear(RT_EV_ANSWERED, &broken), 0, 0, RT_UNKNOWN, false);
}

static void still_at_work_is_waited_for(void **state)
{
    struct rt_heard slow = at_work;

    (void)state;
    slow.retry_after_ms = 700;
    fly(&blind, 2);
    is_waiting(hear(RT_EV_ANSWERED, &at_work), 100);
    is_ask(ev(RT_EV_TIMER), 0, 2);
    is_waiting(hear(RT_EV_ANSWERED, &slow), 700);
    is_ask(ev(RT_EV_TIMER), 0, 3);
    next_leg(hear(RT_EV_ANSWERED, &soft), 1);
}

static void who_asks_for_a_long_wait_is_left_pending(void **state)
{
    struct rt_heard long_wait = at_work;

    (void)state;
    fly(&keeper, 2);
    long_wait.retry_after_ms = 800;
    is_waiting(hear(RT_EV_ANSWERED, &long_wait), 800);
    fly(&keeper, 2);
    long_wait.retry_after_ms = 801;
    is_settle(hear(RT_EV_ANSWERED, &long_wait), 0, 0, RT_UNKNOWN, false);
}

static void an_answer_that_forbids_the_key_ends_repeating(void **state)
{
    (void)state;
    fly(&blind, 2);
    is_settle(hear(RT_EV_ANSWERED, &nothing_heard), 0, 0, RT_UNKNOWN, false);
    fly(&keeper, 2);
    is_waiting(hear(RT_EV_ANSWERED, &nothing_heard), 100);
    assert_int_equal(ev(RT_EV_TIMER).kind, RT_DO_INQUIRE);
}

static void an_id_makes_findable_by_id(void **state)
{
    struct rt_promises by_id = blind;
    struct rt_heard named = nothing_heard;

    (void)state;
    by_id.finds_by_id = true;
    fly(&by_id, 2);
    is_settle(hear(RT_EV_ANSWERED, &nothing_heard), 0, 0, RT_UNKNOWN, false);
    fly(&by_id, 2);
    named.id_known = true;
    is_waiting(hear(RT_EV_ANSWERED, &named), 100);
    assert_int_equal(ev(RT_EV_TIMER).kind, RT_DO_INQUIRE);
    is_settle(hear(RT_EV_INQUIRED, &approved), 0, 0, RT_APPROVED, false);
}

static void an_unbound_decline_of_the_only_copy_closes(void **state)
{
    (void)state;
    fly(&blind, 2);
    next_leg(hear(RT_EV_ANSWERED, &loose_soft), 1);
}

static void an_unbound_decline_beside_another_copy_is_doubt_and_not_repeated(void **state)
{
    (void)state;
    fly(&blind, 2);
    is_waiting(ev(RT_EV_IN_DOUBT), 100);
    is_ask(ev(RT_EV_TIMER), 0, 2);
    is_settle(hear(RT_EV_ANSWERED, &loose_soft), 0, 0, RT_UNKNOWN, false);
}

static void a_bound_decline_closes_all_copies(void **state)
{
    (void)state;
    fly(&blind, 2);
    is_waiting(ev(RT_EV_IN_DOUBT), 100);
    is_ask(ev(RT_EV_TIMER), 0, 2);
    next_leg(hear(RT_EV_ANSWERED, &soft), 1);
}

static void no_repeat_once_four_fifths_of_the_key_window_are_over(void **state)
{
    (void)state;
    fly(&blind, 2);
    is_waiting(ev(RT_EV_IN_DOUBT), 100);
    now += 7 * DAY_S / 5 * 4 * S_NS - 1;
    is_ask(ev(RT_EV_TIMER), 0, 2);
    fly(&blind, 2);
    is_waiting(ev(RT_EV_IN_DOUBT), 100);
    now += 7 * DAY_S / 5 * 4 * S_NS;
    is_settle(ev(RT_EV_TIMER), 0, 0, RT_UNKNOWN, false);
    fly(&keeper, 2);
    now += DAY_S * S_NS;
    is_waiting(ev(RT_EV_IN_DOUBT), 100);
    assert_int_equal(ev(RT_EV_TIMER).kind, RT_DO_INQUIRE);
}

static void slips_of_an_adapter_are_doubt(void **state)
{
    static const struct rt_heard slips[] = {
        { .outcome = RT_APPROVED, .executed = RT_EXECUTED_NO, .bound = true },
        { .outcome = RT_DECLINED, .bound = true, .retry_other = true },
        { .outcome = RT_ERROR, .executed = RT_EXECUTED_YES, .bound = true, .retry_other = true },
        { .outcome = RT_INFO, .executed = RT_EXECUTED_NO, .bound = true, .retry_other = true },
    };

    (void)state;
    for (size_t i = 0; i < sizeof slips / sizeof slips[0]; i++) {
        fly(&keyless, 2);
        is_settle(hear(RT_EV_ANSWERED, &slips[i]), 0, 0, RT_UNKNOWN, false);
    }
}

/* --- late answers --- */

static void a_late_answer_may_decide(void **state)
{
    (void)state;
    fly(&keeper, 2);
    is_waiting(ev(RT_EV_IN_DOUBT), 100);
    is_settle(hear(RT_EV_ANSWERED, &approved), 0, 0, RT_APPROVED, false);
    fly(&keeper, 2);
    is_waiting(ev(RT_EV_IN_DOUBT), 100);
    next_leg(hear(RT_EV_ANSWERED, &loose_soft), 1); /* of the only copy */
    fly(&loose, 2);
    is_waiting(ev(RT_EV_IN_DOUBT), 100);
    assert_int_equal(ev(RT_EV_TIMER).kind, RT_DO_INQUIRE);
    next_leg(hear(RT_EV_ANSWERED, &limited), 1);
    is_ignored(RT_EV_INQUIRED, &approved); /* of leg 0, by a shell that forgot to drop it */
}

static void a_late_answer_may_not_add_to_the_doubt(void **state)
{
    (void)state;
    fly(&keeper, 2);
    is_waiting(ev(RT_EV_IN_DOUBT), 100);
    is_ignored(RT_EV_ANSWERED, &broken);
    is_ask(ev(RT_EV_TIMER), 0, 2);
    is_waiting(ev(RT_EV_IN_DOUBT), 200);
    is_ignored(RT_EV_ANSWERED, &loose_soft);
    is_ignored(RT_EV_ANSWERED, &limited);
    next_leg(hear(RT_EV_ANSWERED, &soft), 1); /* bound */
}

static void nothing_changes_an_outcome_that_is_being_settled(void **state)
{
    (void)state;
    fly(&keyless, 2);
    is_settle(ev(RT_EV_IN_DOUBT), 0, 0, RT_UNKNOWN, false);
    is_ignored(RT_EV_ANSWERED, &approved);
    is_ignored(RT_EV_ANSWERED, &soft);
    is_ignored(RT_EV_NOT_SENT, NULL);
    is_ignored(RT_EV_TIMER, NULL);
    landed(RT_UNKNOWN, false);
    is_ignored(RT_EV_ANSWERED, &soft);
    is_ignored(RT_EV_SETTLED, NULL);
    is_ignored(RT_EV_IMPATIENT, NULL);
}

/* --- the journal --- */

static void no_promise_no_payment(void **state)
{
    (void)state;
    take_off_with(&keeper, 1, &rules);
    is_answer(ev(RT_EV_PROMISE_LOST), RT_ERROR, true);
    assert_true(rt_flight_landed(&f));
    is_ignored(RT_EV_PROMISED, NULL);
}

static void a_promise_lost_later_settles_what_is_known(void **state)
{
    (void)state;
    fly(&keeper, 2);
    assert_int_equal(hear(RT_EV_ANSWERED, &soft).kind, RT_DO_PROMISE);
    is_settle(ev(RT_EV_PROMISE_LOST), 0, 0, RT_DECLINED, false);
    fly(&keeper, 2);
    assert_int_equal(ev(RT_EV_NOT_SENT).kind, RT_DO_PROMISE);
    is_settle(ev(RT_EV_PROMISE_LOST), 0, 0, RT_ERROR, true);
    landed(RT_ERROR, true);
}

static void yes_is_told_even_if_the_journal_is_down(void **state)
{
    struct rt_command c;

    (void)state;
    fly(&keeper, 1);
    is_settle(hear(RT_EV_ANSWERED, &approved), 0, 0, RT_APPROVED, false);
    c = ev(RT_EV_SETTLE_LOST);
    is_answer(c, RT_APPROVED, false);
    assert_int_equal(c.wait_ms, 100);
    assert_int_equal(rt_flight_stage(&f), RT_AT_OWING);
    is_ignored(RT_EV_IMPATIENT, NULL);
    is_ignored(RT_EV_SETTLED, NULL);
    is_settle(ev(RT_EV_TIMER), 0, 0, RT_APPROVED, false);
    c = ev(RT_EV_SETTLE_LOST);
    assert_int_equal(c.kind, RT_DO_NOTHING);
    assert_int_equal(c.wait_ms, 200);
    is_settle(ev(RT_EV_TIMER), 0, 0, RT_APPROVED, false);
    assert_int_equal(ev(RT_EV_SETTLED).kind, RT_DO_NOTHING);
    assert_true(rt_flight_landed(&f));
}

static void no_is_told_only_once_the_journal_holds_it(void **state)
{
    (void)state;
    fly(&keeper, 1);
    is_settle(hear(RT_EV_ANSWERED, &hard), 0, 0, RT_DECLINED, false);
    is_answer(ev(RT_EV_SETTLE_LOST), RT_UNKNOWN, false);
    is_settle(ev(RT_EV_TIMER), 0, 0, RT_DECLINED, false);
    assert_int_equal(ev(RT_EV_SETTLED).kind, RT_DO_NOTHING);
    fly(&keeper, 1);
    is_settle(ev(RT_EV_NOT_SENT), 0, 0, RT_ERROR, true);
    is_answer(ev(RT_EV_SETTLE_LOST), RT_UNKNOWN, false);
    is_settle(ev(RT_EV_TIMER), 0, 0, RT_ERROR, true); /* the journal is still told the truth */
}

static void settling_is_tried_for_ever_with_growing_pauses(void **state)
{
    int32_t pause = 100;

    (void)state;
    fly(&keeper, 1);
    assert_int_equal(hear(RT_EV_ANSWERED, &approved).kind, RT_DO_SETTLE);
    for (unsigned i = 0; i < 300; i++) {
        assert_int_equal(ev(RT_EV_SETTLE_LOST).wait_ms, pause);
        is_settle(ev(RT_EV_TIMER), 0, 0, RT_APPROVED, false);
        pause = pause < 800 ? 2 * pause : 800;
    }
}

static void who_is_fenced_stops_wherever_it_is(void **state)
{
    struct rt_flight at[RT_STAGES_];

    (void)state;
    take_off_with(&loose, 1, &rules);
    at[RT_AT_PROMISING] = f;
    ev(RT_EV_PROMISED);
    at[RT_AT_ASKING] = f;
    ev(RT_EV_IN_DOUBT);
    at[RT_AT_UNSURE] = f;
    ev(RT_EV_TIMER);
    at[RT_AT_INQUIRING] = f;
    hear(RT_EV_INQUIRED, &approved);
    at[RT_AT_SETTLING] = f;
    ev(RT_EV_SETTLE_LOST);
    at[RT_AT_OWING] = f;
    ev(RT_EV_TIMER);
    ev(RT_EV_SETTLED);
    at[RT_AT_LANDED] = f;
    for (unsigned s = 0; s < RT_STAGES_; s++) {
        f = at[s];
        assert_int_equal(rt_flight_stage(&f), s);
        assert_int_equal(ev(RT_EV_FENCED).kind, RT_DO_STOP);
        assert_true(rt_flight_landed(&f));
        is_ignored(RT_EV_IMPATIENT, NULL);
    }
}

/* --- the customer --- */

static void the_impatient_are_told_unknown_and_the_flight_goes_on(void **state)
{
    (void)state;
    fly(&keeper, 2);
    is_answer(ev(RT_EV_IMPATIENT), RT_UNKNOWN, false);
    assert_int_equal(rt_flight_stage(&f), RT_AT_ASKING);
    is_ignored(RT_EV_IMPATIENT, NULL);
    next_leg(hear(RT_EV_ANSWERED, &soft), 1);
    is_settle(hear(RT_EV_ANSWERED, &approved), 1, 1, RT_APPROVED, false);
    assert_int_equal(ev(RT_EV_SETTLED).kind, RT_DO_NOTHING);
    assert_true(rt_flight_landed(&f));
}

static void impatience_does_not_stop_the_clock(void **state)
{
    (void)state;
    fly(&blind, 2);
    is_waiting(ev(RT_EV_IN_DOUBT), 100);
    assert_int_equal(ev(RT_EV_IMPATIENT).wait_ms, 0);
    assert_int_equal(rt_flight_stage(&f), RT_AT_UNSURE);
    is_ask(ev(RT_EV_TIMER), 0, 2);
}

static void impatience_before_the_first_promise(void **state)
{
    (void)state;
    take_off_with(&keeper, 1, &rules);
    is_answer(ev(RT_EV_IMPATIENT), RT_UNKNOWN, false);
    assert_int_equal(ev(RT_EV_PROMISE_LOST).kind, RT_DO_NOTHING);
    assert_true(rt_flight_landed(&f));
    take_off_with(&keeper, 1, &rules);
    is_answer(ev(RT_EV_IMPATIENT), RT_UNKNOWN, false);
    is_ask(ev(RT_EV_PROMISED), 0, 1);
}

static void the_impatient_hear_yes_but_not_no_while_it_is_being_settled(void **state)
{
    (void)state;
    fly(&keeper, 1);
    is_settle(hear(RT_EV_ANSWERED, &action), 0, 0, RT_ACTION_REQUIRED, false);
    is_answer(ev(RT_EV_IMPATIENT), RT_ACTION_REQUIRED, false);
    fly(&keeper, 1);
    is_settle(hear(RT_EV_ANSWERED, &pending), 0, 0, RT_PENDING, false);
    is_answer(ev(RT_EV_IMPATIENT), RT_PENDING, false);
    fly(&keeper, 1);
    is_settle(hear(RT_EV_ANSWERED, &hard), 0, 0, RT_DECLINED, false);
    is_answer(ev(RT_EV_IMPATIENT), RT_UNKNOWN, false);
    assert_int_equal(ev(RT_EV_SETTLED).kind, RT_DO_NOTHING);
}

/* --- taking over --- */

static void a_payment_taken_over_is_repeated_and_never_alone(void **state)
{
    (void)state;
    resume(&blind, 2, (struct rt_resumption){ .leg = 0, .age_ns = S_NS });
    is_ask(ev(RT_EV_PROMISED), 0, 1);
    is_waiting(ev(RT_EV_REFUSED), 100); /* the other worker's copy may be anywhere */
    is_ask(ev(RT_EV_TIMER), 0, 2);
    is_waiting(ev(RT_EV_NOT_SENT), 200);
    is_ask(ev(RT_EV_TIMER), 0, 3);
    next_leg(hear(RT_EV_ANSWERED, &soft), 1);
    is_settle(ev(RT_EV_NOT_SENT), 1, 0, RT_DECLINED, false);
}

static void who_may_not_be_repeated_is_inquired_after_a_takeover(void **state)
{
    (void)state;
    resume(&loose, 2, (struct rt_resumption){ .leg = 0, .age_ns = S_NS, .answered = true });
    assert_int_equal(ev(RT_EV_PROMISED).kind, RT_DO_INQUIRE);
    next_leg(hear(RT_EV_INQUIRED, &loose_soft), 1);
    resume(&keyless, 2, (struct rt_resumption){ .leg = 0, .age_ns = S_NS });
    is_settle(ev(RT_EV_PROMISED), 0, 0, RT_UNKNOWN, false);
    landed(RT_UNKNOWN, false);
}

static void an_old_payment_is_inquired_not_repeated(void **state)
{
    (void)state;
    resume(&keeper, 2, (struct rt_resumption){ .leg = 0, .age_ns = DAY_S * S_NS });
    assert_int_equal(ev(RT_EV_PROMISED).kind, RT_DO_INQUIRE);
    resume(&blind, 2, (struct rt_resumption){ .leg = 0, .age_ns = 6 * DAY_S * S_NS });
    is_settle(ev(RT_EV_PROMISED), 0, 0, RT_UNKNOWN, false);
}

static void a_clock_that_went_backwards_is_no_age(void **state)
{
    (void)state;
    resume(&keeper, 1, (struct rt_resumption){ .leg = 0, .age_ns = -S_NS });
    is_ask(ev(RT_EV_PROMISED), 0, 1);
}

static void an_old_payment_opens_no_further_leg(void **state)
{
    (void)state;
    resume(&keeper, 2, (struct rt_resumption){ .leg = 0, .age_ns = rules.within_ns });
    is_ask(ev(RT_EV_PROMISED), 0, 1);
    is_settle(hear(RT_EV_ANSWERED, &soft), 0, 0, RT_DECLINED, false);
}

static void at_a_later_leg_nothing_is_called_not_sent(void **state)
{
    (void)state;
    resume(&keeper, 3, (struct rt_resumption){ .leg = 1, .age_ns = S_NS });
    is_ask(ev(RT_EV_PROMISED), 1, 1);
    is_settle(hear(RT_EV_ANSWERED, &invalid), 1, 1, RT_ERROR, false);
    landed(RT_ERROR, false);
    resume(&keeper, 3, (struct rt_resumption){ .leg = 0, .age_ns = S_NS });
    is_ask(ev(RT_EV_PROMISED), 0, 1);
    is_settle(hear(RT_EV_ANSWERED, &invalid), 0, 0, RT_ERROR, true);
}

static void allowances_are_used_up_by_earlier_legs(void **state)
{
    struct rt_heard bound_limited = limited;

    (void)state;
    resume(&keeper, 4, (struct rt_resumption){ .leg = 1, .age_ns = S_NS });
    is_ask(ev(RT_EV_PROMISED), 1, 1);
    is_settle(hear(RT_EV_ANSWERED, &soft), 1, 1, RT_DECLINED, false); /* moves_max is 1 */
    resume(&keeper, 4, (struct rt_resumption){ .leg = 1, .age_ns = S_NS });
    is_ask(ev(RT_EV_PROMISED), 1, 1);
    bound_limited.bound = true;
    next_leg(hear(RT_EV_ANSWERED, &bound_limited), 2);
    is_settle(ev(RT_EV_REFUSED), 2, 2, RT_ERROR, false);
}

static void an_accepted_payment_is_looked_up_not_repeated(void **state)
{
    struct rt_promises fickle = keeper;
    struct rt_resumption what = { .leg = 0, .age_ns = S_NS, .known = RT_PENDING, .answered = true };

    (void)state;
    resume(&keeper, 2, what);
    assert_int_equal(ev(RT_EV_PROMISED).kind, RT_DO_INQUIRE);
    is_settle(hear(RT_EV_INQUIRED, &pending), 0, 0, RT_PENDING, false);
    assert_int_equal(ev(RT_EV_SETTLED).kind, RT_DO_NOTHING);
    resume(&blind, 2, what); /* it can only wait for the provider's own word */
    is_settle(ev(RT_EV_PROMISED), 0, 0, RT_PENDING, false);
    fickle.remembers_declines = false; /* but its acceptance is bound to our key */
    what.known = RT_ACTION_REQUIRED;
    what.age_ns = rules.within_ns;
    resume(&fickle, 2, what);
    assert_int_equal(ev(RT_EV_PROMISED).kind, RT_DO_INQUIRE);
    is_settle(hear(RT_EV_INQUIRED, &loose_soft), 0, 0, RT_DECLINED, false);
}

static void an_id_from_before_the_takeover_is_used(void **state)
{
    struct rt_promises by_id = keyless;

    (void)state;
    by_id.finds_by_id = true;
    resume(&by_id, 1, (struct rt_resumption){ .leg = 0, .age_ns = S_NS, .id_known = true });
    assert_int_equal(ev(RT_EV_PROMISED).kind, RT_DO_INQUIRE);
    resume(&by_id, 1, (struct rt_resumption){ .leg = 0, .age_ns = S_NS });
    is_settle(ev(RT_EV_PROMISED), 0, 0, RT_UNKNOWN, false);
}

static void what_can_not_be_said_again_is_only_inquired(void **state)
{
    struct rt_promises fickle = keeper;
    struct rt_resumption what = {
        .leg = 0, .age_ns = S_NS, .answered = true, .inquire_only = true
    };

    (void)state;
    resume(&keeper, 2, what);
    assert_int_equal(ev(RT_EV_PROMISED).kind, RT_DO_INQUIRE);
    is_waiting(hear(RT_EV_INQUIRED, &not_found), 100);
    assert_int_equal(ev(RT_EV_TIMER).kind, RT_DO_INQUIRE);
    is_settle(hear(RT_EV_INQUIRED, &soft), 0, 0, RT_DECLINED, false); /* and no further leg */
    resume(&blind, 2, what);
    is_settle(ev(RT_EV_PROMISED), 0, 0, RT_UNKNOWN, false);
    fickle.remembers_declines = false; /* the old worker may have sent several copies */
    resume(&fickle, 2, what);
    assert_int_equal(ev(RT_EV_PROMISED).kind, RT_DO_INQUIRE);
    is_waiting(hear(RT_EV_INQUIRED, &loose_soft), 100);
}

static void a_takeover_that_fails_is_nobodys_not_sent(void **state)
{
    (void)state;
    resume(&keeper, 1, (struct rt_resumption){ .leg = 0 });
    is_answer(ev(RT_EV_PROMISE_LOST), RT_UNKNOWN, false);
    assert_true(rt_flight_landed(&f));
    resume(&keeper, 1, (struct rt_resumption){ .leg = 0, .answered = true });
    assert_int_equal(ev(RT_EV_PROMISE_LOST).kind, RT_DO_NOTHING);
    assert_true(rt_flight_landed(&f));
}

/* --- begun again under its key --- */

static void reopen(const struct rt_promises *p, int64_t age_ns)
{
    now = 1000 * S_NS;
    rt_flight_reopen(&f, &rules, (struct rt_promises[]){ *p, *p }, 2, age_ns, now);
}

static void a_reopened_payment_asks_once_and_minds_its_old_keys(void **state)
{
    (void)state;
    reopen(&keeper, DAY_S * S_NS);
    is_ask(ev(RT_EV_PROMISED), 0, 1);
    is_waiting(ev(RT_EV_IN_DOUBT), 100);
    assert_int_equal(ev(RT_EV_TIMER).kind, RT_DO_INQUIRE); /* the key may be free again */
    next_leg(hear(RT_EV_INQUIRED, &loose_soft), 1);
    reopen(&keeper, S_NS);
    is_ask(ev(RT_EV_PROMISED), 0, 1);
    is_waiting(ev(RT_EV_IN_DOUBT), 100);
    is_ask(ev(RT_EV_TIMER), 0, 2);
}

/* --- asleep --- */

static void who_overslept_the_key_window_sends_no_first_copy(void **state)
{
    struct rt_promises terms[] = { keeper, blind };

    (void)state;
    take_off_with(terms, 2, &rules);
    now += DAY_S * S_NS;
    assert_int_equal(ev(RT_EV_PROMISED).kind, RT_DO_INQUIRE);
    take_off_with(terms + 1, 1, &rules);
    now += 7 * DAY_S * S_NS;
    is_settle(ev(RT_EV_PROMISED), 0, 0, RT_UNKNOWN, false);
    take_off_with(terms, 2, &rules);
    is_ask(ev(RT_EV_PROMISED), 0, 1);
    assert_int_equal(hear(RT_EV_ANSWERED, &soft).kind, RT_DO_PROMISE);
    now += 7 * DAY_S * S_NS;
    is_settle(ev(RT_EV_PROMISED), 1, 1, RT_UNKNOWN, false);
}

static void where_nobody_else_sends_copies_one_may_sleep(void **state)
{
    (void)state;
    take_off_with(&loose, 1, &rules);
    now += 300 * DAY_S * S_NS;
    is_ask(ev(RT_EV_PROMISED), 0, 1);
}

/* --- the whole table --- */

static struct rt_heard any_heard(struct rng *dice)
{
    return (struct rt_heard){ .outcome = (enum rt_outcome)rng_below(dice, RT_INFO + 1),
                              .executed = (enum rt_executed)rng_below(dice, 3),
                              .same_key = (enum rt_same_key)rng_below(dice, 3),
                              .bound = rng_below(dice, 2),
                              .retry_other = rng_below(dice, 2),
                              .inquire_first = rng_below(dice, 4) == 0,
                              .inconclusive = rng_below(dice, 2),
                              .id_known = rng_below(dice, 2),
                              .retry_after_ms = (int32_t)rng_below(dice, 1200) };
}

static struct rt_promises any_terms(struct rng *dice)
{
    return (struct rt_promises){ .keeps_keys_s = (int64_t)rng_below(dice, 3) * 100,
                                 .remembers_declines = rng_below(dice, 2),
                                 .refuses_cleanly = rng_below(dice, 2),
                                 .repeat_after_5xx = rng_below(dice, 2),
                                 .finds_by_reference = rng_below(dice, 2),
                                 .finds_by_id = rng_below(dice, 2) };
}

/* What holds of every command, whatever was heard before. */
static void is_lawful(const struct rt_flight *was, struct rt_command c)
{
    bool repeat = c.kind == RT_DO_ASK && (c.copy > 1 || (was->exposed_ && was->promised_ == 0));

    assert_true(f.leg_ < f.legs_);
    assert_true(c.leg < f.legs_ && c.from <= c.leg);
    assert_true(c.copy <= f.rules_.copies_max);
    if (repeat)
        assert_true(f.terms_[c.leg].repeat_after_5xx && f.terms_[c.leg].keeps_keys_s > 0);
    if (c.kind == RT_DO_PROMISE)
        assert_int_equal(c.leg, was->leg_ + 1);
    else if (c.kind != RT_DO_ASK)
        assert_int_equal(c.leg, was->leg_);
    if (c.kind == RT_DO_ANSWER)
        assert_false(was->answered_);
    if (c.kind == RT_DO_ANSWER && (c.outcome == RT_DECLINED || c.outcome == RT_ERROR))
        assert_true(was->stage_ == RT_AT_SETTLING || was->promised_ == 0);
    if (c.not_sent)
        assert_int_equal(c.outcome, RT_ERROR);
    if (c.wait_ms != 0)
        assert_true(f.stage_ == RT_AT_UNSURE || f.stage_ == RT_AT_OWING);
    if (was->stage_ == RT_AT_LANDED)
        assert_true(f.stage_ == RT_AT_LANDED);
    if (f.stage_ == RT_AT_LANDED && was->stage_ != RT_AT_LANDED)
        assert_true(f.answered_);
}

static void every_stage_meets_every_event_lawfully(void **state)
{
    bool met[RT_STAGES_][RT_EVENTS_] = { { false } };
    struct rng dice = rng_of(20261);

    (void)state;
    for (unsigned round = 0; round < 20000; round++) {
        struct rt_promises terms[3] = { any_terms(&dice), any_terms(&dice), any_terms(&dice) };

        now = (int64_t)rng_below(&dice, 1000) * S_NS;
        if (rng_below(&dice, 2) == 0)
            rt_flight_begin(&f, &rules, terms, 3, now);
        else
            rt_flight_resume(
                &f, &rules, terms, 3,
                &(struct rt_resumption){ .leg = (unsigned)rng_below(&dice, 3),
                                         .age_ns = (int64_t)rng_below(&dice, 200) * S_NS,
                                         .known = (enum rt_outcome)rng_below(&dice, RT_INFO + 1),
                                         .id_known = rng_below(&dice, 2),
                                         .answered = rng_below(&dice, 2) },
                now);
        for (unsigned i = 0; i < 24; i++) {
            struct rt_flight was = f;
            struct rt_event e = { .kind = (enum rt_event_kind)rng_below(&dice, RT_EVENTS_),
                                  .heard = any_heard(&dice) };

            if (e.kind == RT_EV_FENCED && rng_below(&dice, 8) != 0)
                continue;
            met[f.stage_][e.kind] = true;
            now += (int64_t)rng_below(&dice, 20) * S_NS / 10;
            is_lawful(&was, rt_flight_step(&f, &e, now));
        }
    }
    for (unsigned s = 0; s < RT_STAGES_; s++) {
        for (unsigned e = 0; e < RT_EVENTS_; e++)
            assert_true(met[s][e]);
    }
}

static void what_can_not_be_is_told_as_unknown(void **state)
{
    (void)state;
    fly(&keeper, 1);
    assert_int_equal(hear(RT_EV_ANSWERED, &approved).kind, RT_DO_SETTLE);
    f.outcome_ = RT_INFO;
    is_answer(ev(RT_EV_IMPATIENT), RT_UNKNOWN, false);
}

static void a_spoilt_stage_stops(void **state)
{
    (void)state;
    fly(&keeper, 1);
    f.stage_ = RT_STAGES_;
    assert_int_equal(ev(RT_EV_TIMER).kind, RT_DO_STOP);
    assert_true(rt_flight_landed(&f));
}

static void every_word_is_named(void **state)
{
    (void)state;
    for (unsigned i = 0; i < RT_EVENTS_; i++)
        assert_string_not_equal(rt_event_name((enum rt_event_kind)i), "unknown");
    for (unsigned i = 0; i <= RT_DO_STOP; i++)
        assert_string_not_equal(rt_command_name((enum rt_command_kind)i), "unknown");
    for (unsigned i = 0; i < RT_STAGES_; i++)
        assert_string_not_equal(rt_stage_name((enum rt_stage)i), "unknown");
    assert_string_equal(rt_stage_name(RT_STAGES_), "unknown");
}

#define CASE cmocka_unit_test

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_approval_is_settled_then_told),
        CASE(action_and_pending_are_live_and_end_the_flight),
        CASE(a_hard_decline_ends_the_payment),
        CASE(a_soft_decline_moves_on),
        CASE(declines_move_on_so_often_and_no_more),
        CASE(no_further_leg_after_the_time_is_over),
        CASE(what_never_left_moves_on_as_often_as_there_are_legs),
        CASE(a_refusal_moves_on_once_per_payment),
        CASE(not_sent_and_refused_count_apart),
        CASE(a_refusal_of_the_second_copy_says_nothing_of_the_first),
        CASE(a_second_copy_that_never_left_says_nothing_of_the_first),
        CASE(a_clean_refusal_by_status_moves_on_without_counting),
        CASE(a_refusal_with_a_second_copy_about_is_doubt),
        CASE(a_refusal_counts_only_where_it_is_documented),
        CASE(our_own_bad_request_moves_nowhere),
        CASE(a_decline_outlives_providers_that_could_not_be_reached),
        CASE(the_last_decline_is_the_one_told),
        CASE(not_sent_is_said_only_when_nothing_was_executed_anywhere),
        CASE(doubt_is_answered_by_repeating_with_growing_pauses),
        CASE(doubt_never_opens_another_leg),
        CASE(who_keeps_no_keys_is_asked_once),
        CASE(who_forgets_its_5xx_is_inquired_never_repeated),
        CASE(an_inquiry_that_finds_nothing_closes_nothing),
        CASE(an_inquiry_that_is_refused_says_nothing_of_the_attempt),
        CASE(a_decline_found_closes_nothing_where_declines_are_forgotten),
        CASE(a_decline_found_where_declines_are_kept_closes),
        CASE(the_same_5xx_twice_is_a_stored_one),
        CASE(still_at_work_is_waited_for),
        CASE(who_asks_for_a_long_wait_is_left_pending),
        CASE(an_answer_that_forbids_the_key_ends_repeating),
        CASE(an_id_makes_findable_by_id),
        CASE(an_unbound_decline_of_the_only_copy_closes),
        CASE(an_unbound_decline_beside_another_copy_is_doubt_and_not_repeated),
        CASE(a_bound_decline_closes_all_copies),
        CASE(no_repeat_once_four_fifths_of_the_key_window_are_over),
        CASE(slips_of_an_adapter_are_doubt),
        CASE(a_late_answer_may_decide),
        CASE(a_late_answer_may_not_add_to_the_doubt),
        CASE(nothing_changes_an_outcome_that_is_being_settled),
        CASE(no_promise_no_payment),
        CASE(a_promise_lost_later_settles_what_is_known),
        CASE(yes_is_told_even_if_the_journal_is_down),
        CASE(no_is_told_only_once_the_journal_holds_it),
        CASE(settling_is_tried_for_ever_with_growing_pauses),
        CASE(who_is_fenced_stops_wherever_it_is),
        CASE(the_impatient_are_told_unknown_and_the_flight_goes_on),
        CASE(impatience_does_not_stop_the_clock),
        CASE(impatience_before_the_first_promise),
        CASE(the_impatient_hear_yes_but_not_no_while_it_is_being_settled),
        CASE(a_payment_taken_over_is_repeated_and_never_alone),
        CASE(who_may_not_be_repeated_is_inquired_after_a_takeover),
        CASE(an_old_payment_is_inquired_not_repeated),
        CASE(a_clock_that_went_backwards_is_no_age),
        CASE(an_old_payment_opens_no_further_leg),
        CASE(at_a_later_leg_nothing_is_called_not_sent),
        CASE(allowances_are_used_up_by_earlier_legs),
        CASE(an_accepted_payment_is_looked_up_not_repeated),
        CASE(an_id_from_before_the_takeover_is_used),
        CASE(what_can_not_be_said_again_is_only_inquired),
        CASE(a_takeover_that_fails_is_nobodys_not_sent),
        CASE(a_reopened_payment_asks_once_and_minds_its_old_keys),
        CASE(who_overslept_the_key_window_sends_no_first_copy),
        CASE(where_nobody_else_sends_copies_one_may_sleep),
        CASE(every_stage_meets_every_event_lawfully),
        CASE(what_can_not_be_is_told_as_unknown),
        CASE(a_spoilt_stage_stops),
        CASE(every_word_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
