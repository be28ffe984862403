/* tests/unit/test_pulse.c -- what a worker's payments mean to its watch, and what the watch means
 * to them. */
#include "tests/unit/policy_kit.h"

#include "proxy/config.h"
#include "proxy/mail.h"
#include "proxy/pulse.h"
#include "proxy/tally.h"
#include "proxy/view.h"
#include "routing/base/hash.h"
#include "routing/base/rng.h"
#include "routing/plan.h"

enum { N = 3 };
static const int64_t MS = 1000000, S = 1000000000;

struct scene {
    struct px_config config;
    struct px_pulse *pulse;
    struct px_view *view;
    struct px_mailbox *hub;
    int64_t now_ns;
    uint64_t seed;
};

static void set(struct scene *s)
{
    static const char *const names[N] = { "adyen", "stripe", "checkoutcom" };

    memset(s, 0, sizeof *s);
    s->config.providers = N;
    for (unsigned i = 0; i < N; i++) {
        s->config.provider[i].name = names[i];
        s->config.provider[i].response_ms = 5000;
    }
    s->config.rules.flight.moves_max = 1;
    s->config.routing = (struct px_routing_rules){ .margin_ppm = 150000,
                                                   .latency_cost_ppm = 5000,
                                                   .breaker = true,
                                                   .open_first_ms = 5000,
                                                   .open_max_ms = 60000,
                                                   .ramp_ms = 60000 };
    s->now_ns = 100 * S;
    s->view = px_view_create();
    s->hub = px_mailbox_create(NULL, NULL, NULL);
    assert_int_equal(
        px_pulse_create(&(struct px_pulse_terms){ .config = &s->config, .node = 1, .hub = s->hub },
                        s->now_ns, &s->pulse),
        OK);
}

static void end(struct scene *s)
{
    px_pulse_destroy(s->pulse);
    px_mailbox_destroy(s->hub);
    px_view_unref(s->view);
}

static struct pol_facts facts(struct scene *s)
{
    struct pol_facts f;

    pol_facts_init(&f);
    f.amount = (struct money){ 2000, currency_find(SPAN("EUR")) };
    f.brand = RT_VISA;
    f.bin = 42424242;
    f.bin_digits = 8;
    f.eligible = (1U << N) - 1;
    f.seed = hash64_mix(++s->seed, 7);
    return f;
}

static void survey(struct scene *s, const struct pol_facts *f, struct rt_view *v)
{
    struct rt_cost cost[LIMIT_PROVIDERS] = { { .why = RT_COST_NO_LIST } };

    for (unsigned i = 0; i < LIMIT_PROVIDERS; i++)
        cost[i].why = RT_COST_NO_LIST;
    rt_view_init(v);
    px_pulse_survey(s->pulse, f, cost, f->eligible, s->view, s->now_ns, v);
}

static const char *ask(struct scene *s, unsigned provider, unsigned leg, struct hl_pass *pass)
{
    struct px_pulse_leg l = {
        .provider = provider, .leg = leg, .seed = ++s->seed, .technical = leg > 0
    };

    return px_pulse_admit(s->pulse, &l, s->now_ns, pass);
}

static double tell(struct scene *s, unsigned provider, enum px_heard_kind kind, const char *why,
                   enum rt_outcome o, enum rt_code code, const struct hl_pass *pass)
{
    struct rt_judgement j = { .outcome = o, .code = code };
    struct px_pulse_news n = { .provider = provider,
                               .kind = kind,
                               .why = why,
                               .j = &j,
                               .took_ns = 80 * MS,
                               .seed = s->seed,
                               .pass = pass,
                               .soft_before = -1 };

    return px_pulse_told(s->pulse, &n, s->now_ns);
}

static void approve(struct scene *s, unsigned provider, unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        struct hl_pass pass;

        s->now_ns += 50 * MS;
        assert_null(ask(s, provider, 0, &pass));
        (void)tell(s, provider, PX_ANSWERED, "answered", RT_APPROVED, RT_CODE_NONE, &pass);
    }
}

static enum rt_breaker breaker_of(struct scene *s, unsigned provider)
{
    struct pol_facts f = facts(s);
    struct rt_view v;

    survey(s, &f, &v);
    return v.provider[provider].breaker;
}

/* ---- what counts as what ---- */

static void news_mean_what_the_table_says(void **state)
{
    static const struct {
        enum px_heard_kind kind;
        const char *why;
        enum rt_outcome o;
        enum rt_code code;
        bool says;
        enum hl_result r;
        bool unsent;
    } cases[] = {
        { PX_NOT_SENT, "connect_refused", RT_UNKNOWN, 0, true, HL_FAILED, true },
        { PX_NOT_SENT, "no_memory", RT_UNKNOWN, 0, false, 0, true },
        { PX_NOT_SENT, "queue_full", RT_UNKNOWN, 0, false, 0, true },
        { PX_REFUSED, "refused_stream", RT_UNKNOWN, 0, true, HL_FAILED, false },
        { PX_IN_DOUBT, "timeout", RT_UNKNOWN, 0, true, HL_TIMEOUT, false },
        { PX_IN_DOUBT, "reset", RT_UNKNOWN, 0, true, HL_FAILED, false },
        { PX_IN_DOUBT, "shutdown", RT_UNKNOWN, 0, false, 0, false },
        { PX_ANSWERED, "answered", RT_UNKNOWN, RT_CODE_PROVIDER_ERROR, true, HL_FAILED, false },
        { PX_ANSWERED, "answered", RT_APPROVED, 0, true, HL_APPROVED, false },
        { PX_ANSWERED, "answered", RT_PENDING, 0, true, HL_PENDING, false },
        { PX_ANSWERED, "answered", RT_ACTION_REQUIRED, 0, true, HL_PENDING, false },
        { PX_ANSWERED, "answered", RT_DECLINED, RT_CODE_DO_NOT_HONOR, true, HL_SOFT, false },
        { PX_ANSWERED, "answered", RT_DECLINED, RT_CODE_INSUFFICIENT_FUNDS, true, HL_HARD, false },
        { PX_ANSWERED, "answered", RT_DECLINED, RT_CODE_EXPIRED_CARD, true, HL_HARD, false },
        { PX_ANSWERED, "answered", RT_DECLINED, RT_CODE_SUSPECTED_FRAUD, true, HL_HARD, false },
        { PX_ANSWERED, "answered", RT_DECLINED, RT_CODE_AUTHENTICATION_REQUIRED, true, HL_PENDING,
          false },
        { PX_ANSWERED, "answered", RT_ERROR, RT_CODE_PROCESSING_ERROR, true, HL_FAILED, false },
        { PX_ANSWERED, "answered", RT_ERROR, RT_CODE_PROVIDER_AUTH_ERROR, false, 0, false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rt_judgement j = { .outcome = cases[i].o, .code = cases[i].code };
        struct px_pulse_news n = { .kind = cases[i].kind, .why = cases[i].why, .j = &j };
        enum hl_result r = HL_APPROVED;
        bool unsent, says = px_pulse_result(&n, &r, &unsent);

        if (says != cases[i].says || (says && (r != cases[i].r || unsent != cases[i].unsent)))
            fail_msg("case %zu: says %d, result %d, unsent %d", i, says, (int)r, unsent);
    }
}

static void half_of_those_told_to_wait_count(void **state)
{
    struct rt_judgement j = { .outcome = RT_ERROR, .code = RT_CODE_RATE_LIMITED };
    unsigned counted = 0;

    (void)state;
    for (uint64_t seed = 0; seed < 1000; seed++) {
        struct px_pulse_news n = { .kind = PX_ANSWERED, .why = "answered", .j = &j, .seed = seed };
        enum hl_result r;
        bool unsent;

        counted += px_pulse_result(&n, &r, &unsent);
    }
    assert_in_range(counted, 430, 570);
}

static void a_card_has_the_same_number_everywhere(void **state)
{
    struct scene s;
    struct pol_facts f;
    struct hl_card card;

    (void)state;
    set(&s);
    f = facts(&s);
    f.issuer_country = rt_country_of(SPAN("DE"));
    f.country = rt_country_of(SPAN("FR"));
    f.funding = POL_DEBIT;
    card = px_pulse_card(&f);
    assert_int_equal(card.bin, 424242);
    assert_int_equal(card.country, hl_country("DE"));
    assert_int_equal(card.product, 1 + RT_VISA * POL_FUNDINGS_ + POL_DEBIT);
    f.issuer_country = 0;
    assert_int_equal(px_pulse_card(&f).country, hl_country("FR"));
    f.bin_digits = 0;
    f.brand = RT_BRAND_UNKNOWN;
    f.funding = POL_FUNDING_UNKNOWN;
    card = px_pulse_card(&f);
    assert_int_equal(card.bin, 0);
    assert_int_equal(card.product, 0);
    end(&s);
}

/* ---- breakers ---- */

static void one_that_fails_is_left_alone(void **state)
{
    struct scene s;
    struct hl_pass pass;
    unsigned fails = 0;

    (void)state;
    set(&s);
    for (unsigned i = 0; i < N; i++)
        approve(&s, i, 20);
    while (fails < 10 && ask(&s, 0, 0, &pass) == NULL) {
        s.now_ns += 100 * MS;
        (void)tell(&s, 0, PX_NOT_SENT, "connect_refused", RT_UNKNOWN, 0, &pass);
        fails++;
    }
    assert_in_range(fails, 2, 5);
    assert_int_equal(breaker_of(&s, 0), RT_BREAKER_OPEN);
    assert_string_equal(ask(&s, 0, 0, &pass), "breaker");
    assert_int_equal(breaker_of(&s, 1), RT_BREAKER_CLOSED);
    end(&s);
}

static void declines_and_our_own_faults_stop_nobody(void **state)
{
    struct scene s;
    struct hl_pass pass;

    (void)state;
    set(&s);
    for (unsigned i = 0; i < 60; i++) {
        s.now_ns += 100 * MS;
        assert_null(ask(&s, 0, 0, &pass));
        if (i % 2 == 0)
            (void)tell(&s, 0, PX_ANSWERED, "answered", RT_DECLINED, RT_CODE_DO_NOT_HONOR, &pass);
        else
            (void)tell(&s, 0, PX_NOT_SENT, "no_memory", RT_UNKNOWN, 0, &pass);
        px_pulse_tick(s.pulse, s.view, s.now_ns);
    }
    assert_int_equal(breaker_of(&s, 0), RT_BREAKER_CLOSED);
    end(&s);
}

static void switched_off_it_stops_nobody(void **state)
{
    struct scene s;
    struct hl_pass pass;

    (void)state;
    set(&s);
    s.config.routing.breaker = false;
    for (unsigned i = 0; i < 20; i++) {
        assert_null(ask(&s, 0, 0, &pass));
        (void)tell(&s, 0, PX_IN_DOUBT, "reset", RT_UNKNOWN, 0, &pass);
    }
    assert_int_equal(breaker_of(&s, 0), RT_BREAKER_CLOSED);
    end(&s);
}

static void the_failure_of_one_can_not_topple_the_next(void **state)
{
    struct scene s;
    struct hl_pass pass;
    unsigned let = 0;

    (void)state;
    set(&s);
    for (unsigned i = 0; i < 1000; i++) { /* all at once */
        if (ask(&s, 1, 1, &pass) != NULL)
            continue;
        let++;
        (void)tell(&s, 1, PX_ANSWERED, "answered", RT_APPROVED, 0, &pass);
    }
    assert_int_equal(let, 100);
    assert_string_equal(ask(&s, 1, 1, &pass), "budget");
    assert_null(ask(&s, 1, 0, &pass)); /* its own payments are not held up */
    s.now_ns += 1 * S;
    assert_null(ask(&s, 1, 1, &pass));
    end(&s);
}

/* ---- what others say ---- */

static void others_are_believed_a_little(void **state)
{
    struct scene s;
    struct rt_view v;
    struct pol_facts f;

    (void)state;
    set(&s);
    s.view->remote_open = 1U << 2;
    f = facts(&s);
    survey(&s, &f, &v);
    assert_int_equal(v.provider[2].breaker, RT_BREAKER_HALF_OPEN);
    assert_in_range(v.provider[2].admit_permille, 1, 50);
    assert_int_equal(v.provider[1].breaker, RT_BREAKER_CLOSED);
    end(&s);
}

static void a_word_that_ended_leads_to_probing(void **state)
{
    struct scene s;
    struct px_view *next;

    (void)state;
    set(&s);
    px_pulse_tick(s.pulse, s.view, s.now_ns);
    assert_int_equal(breaker_of(&s, 1), RT_BREAKER_CLOSED);
    next = px_view_copy(s.view);
    next->ended[1]++;
    px_view_unref(s.view);
    s.view = next;
    px_pulse_tick(s.pulse, s.view, s.now_ns);
    assert_int_equal(breaker_of(&s, 1), RT_BREAKER_HALF_OPEN);
    s.view->may_probe = 0; /* and another node has the fleet's lease */
    assert_int_equal(breaker_of(&s, 1), RT_BREAKER_OPEN);
    end(&s);
}

static void what_was_counted_goes_up_once(void **state)
{
    struct scene s;
    struct px_letter *l;
    struct px_tally *t;
    const struct rt_payment pay = { .amount = { 5, currency_find(SPAN("EUR")) },
                                    .method = RT_NETWORK_TOKEN };

    (void)state;
    set(&s);
    approve(&s, 1, 5);
    px_pulse_decided(s.pulse, &pay, true);
    px_pulse_decided(s.pulse, &pay, false);
    px_pulse_volume(s.pulse, 9, 1U << 3, 700);
    px_pulse_volume(s.pulse, 9, 1U << 3, 50);
    px_pulse_tick(s.pulse, s.view, s.now_ns);
    l = px_mailbox_wait_for(s.hub, 0);
    assert_non_null(l);
    t = (struct px_tally *)l;
    assert_int_equal(t->provider[1].attempts, 5);
    assert_int_equal(t->provider[1].approved, 5);
    assert_int_equal(hl_hist_count(&t->provider[1].latency), 5);
    assert_int_equal(t->provider[1].flying, 0);
    assert_int_equal(t->payments, 2);
    assert_int_equal(t->no_route, 1);
    assert_int_equal(t->seen_methods, 1 << RT_NETWORK_TOKEN);
    assert_int_equal(t->seen_currencies[pay.amount.cur / 64], UINT64_C(1) << pay.amount.cur % 64);
    assert_int_equal(t->volumes_of, 9);
    assert_int_equal(t->volume[3].minor, 750);
    assert_int_equal(t->volume[3].payments, 2);
    assert_true(t->delta_n > 0);
    approve(&s, 1, 1);
    px_pulse_note(s.pulse, &t->note, s.now_ns);
    px_pulse_tick(s.pulse, s.view, s.now_ns);
    t = (struct px_tally *)px_mailbox_wait_for(s.hub, 0);
    assert_non_null(t);
    assert_int_equal(t->provider[1].attempts, 1);
    assert_int_equal(t->payments, 0);
    end(&s);
}

/* ---- the whole choice ---- */

struct choice {
    struct pol_facts facts;
    struct rt_view view;
    struct rt_verdict verdict;
    struct rt_plan plan;
};

static void choose(const struct pol_program *program, struct choice *c)
{
    enum rt_reason judged[N] = { RT_REASON_ELIGIBLE, RT_REASON_ELIGIBLE, RT_REASON_ELIGIBLE };

    for (unsigned p = 0; p < N; p++) {
        c->facts.provider[p].value_micro = c->view.provider[p].value_micro;
        c->facts.provider[p].breaker = (enum pol_breaker)c->view.provider[p].breaker;
    }
    pol_eval(program, &c->facts, &c->verdict, NULL);
    memset(&c->plan, 0, sizeof c->plan);
    rt_plan_lay(judged, N, &c->verdict, &c->view, c->facts.seed, &c->plan);
}

/* The book goes on learning; what was decided is made again from what the view said. */
static void a_choice_is_made_again_from_its_view(void **state)
{
    static struct kit kit;
    struct scene s;
    struct rng r = rng_of(11);
    unsigned first[N] = { 0 };

    (void)state;
    if (kit_compile(&kit, "policy \"t\"\nproviders adyen, stripe, checkoutcom\n"
                          "default use best value of any") != OK)
        fail_msg("%s", kit.text);
    set(&s);
    for (unsigned i = 0; i < 2000; i++) {
        struct choice once = { .facts = facts(&s) }, again;
        struct hl_pass pass;
        unsigned p;

        s.now_ns += 20 * MS;
        survey(&s, &once.facts, &once.view);
        again = once;
        choose(kit.program, &once);
        p = once.plan.leg[0].provider;
        first[p]++;
        if (once.plan.legs > 0 && ask(&s, p, 0, &pass) == NULL)
            (void)tell(&s, p, PX_ANSWERED, "answered",
                       rng_below(&r, 10) < (p == 2 ? 4 : 9) ? RT_APPROVED : RT_DECLINED,
                       RT_CODE_DO_NOT_HONOR, &pass);
        choose(kit.program, &again);
        assert_memory_equal(&once.plan, &again.plan, sizeof once.plan);
    }
    assert_true(first[2] < first[0] && first[2] < first[1]); /* it learned something */
    kit_fini(&kit);
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(news_mean_what_the_table_says),
        cmocka_unit_test(half_of_those_told_to_wait_count),
        cmocka_unit_test(a_card_has_the_same_number_everywhere),
        cmocka_unit_test(one_that_fails_is_left_alone),
        cmocka_unit_test(declines_and_our_own_faults_stop_nobody),
        cmocka_unit_test(switched_off_it_stops_nobody),
        cmocka_unit_test(the_failure_of_one_can_not_topple_the_next),
        cmocka_unit_test(others_are_believed_a_little),
        cmocka_unit_test(a_word_that_ended_leads_to_probing),
        cmocka_unit_test(what_was_counted_goes_up_once),
        cmocka_unit_test(a_choice_is_made_again_from_its_view),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
