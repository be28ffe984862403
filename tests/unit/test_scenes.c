/* tests/unit/test_scenes.c -- the watch in trouble: how many payments feel it, how soon it turns
 * away and comes back, and whom it must not accuse. Every scene on several seeds; the limits are
 * what docs/health.md promises. */
#include <stdlib.h>

#include "tests/unit/scene.h"
#include "tests/unit/unit.h"

enum { SEEDS = 6 };
static const double WARM_S = 300;

static struct scene *scene_of(uint64_t seed)
{
    struct scene *s = malloc(sizeof *s);

    assert_non_null(s);
    scene_init(s);
    s->seed = seed;
    return s;
}

static void done(struct scene *s)
{
    scene_end(s);
    free(s);
}

static unsigned share(const struct scene_sum *sum, unsigned p)
{
    return sum->payments == 0 ? 0 : 100 * sum->to[p] / sum->payments;
}

/* a is at most b, or the seed is told. */
#define AT_MOST(seed, a, b)                                                                        \
    do {                                                                                           \
        double a_ = (double)(a), b_ = (double)(b);                                                 \
        if (!(a_ <= b_))                                                                           \
            fail_msg("seed %llu: %s is %.1f, more than %.1f", (unsigned long long)(seed), #a, a_,  \
                     b_);                                                                          \
    } while (0)

static void a_quiet_hour_stops_nobody(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        struct scene *s = scene_of(seed);
        struct scene_sum sum;

        scene_start(s);
        (void)scene_run(s, WARM_S, 0);
        sum = scene_run(s, WARM_S + 3600, 0);
        AT_MOST(seed, sum.stops[0] + sum.stops[1] + sum.stops[2], 0);
        assert_true(share(&sum, 0) > 60); /* and the best gets most */
        done(s);
    }
}

/* All requests to the best provider fail at once for three minutes. */
static void an_outage_by_errors(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct scene *s = scene_of(seed);
        struct scene_sum all;
        unsigned went;
        double left;

        s->rate = 8;
        scene_add(s, (struct scene_trouble){ WARM_S, WARM_S + 180, 0, ERRORS, 1, 0, 0 });
        scene_start(s);
        (void)scene_run(s, WARM_S, 0);
        left = scene_until(s, 0, true, 0.1, 20, 0, 60, &went);
        AT_MOST(seed, went, 6);
        AT_MOST(seed, left, 4); /* the 20 payments it is measured on included */
        all = scene_run(s, WARM_S + 180, 0);
        AT_MOST(seed, went + all.felt[0], 26); /* of 1,800; the probes */
        assert_true(scene_until(s, 0, false, 0.5, 50, 0, 600, &went) >= 0);
        AT_MOST(seed, scene_now(s) - WARM_S - 180, 90);
        done(s);
    }
}

/* They hang instead: noticed before they time out, and before ten payments feel it. */
static void an_outage_by_hangs(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct scene *s = scene_of(seed);
        struct scene_sum sum = { 0 };
        unsigned felt = 0, went;

        s->rate = 8;
        scene_add(s, (struct scene_trouble){ WARM_S, WARM_S + 180, 0, HANGS, 1, 0, 0 });
        scene_start(s);
        (void)scene_run(s, WARM_S, 0);
        while (scene_serving(s, 0, 0) == HL_SERVING && scene_now(s) < WARM_S + 10) {
            sum = scene_run(s, scene_now(s) + 0.05, 0);
            felt += sum.felt[0];
        }
        assert_int_equal(scene_serving(s, 0, 0), HL_STOPPED);
        AT_MOST(seed, felt, 10);
        AT_MOST(seed, scene_now(s) - WARM_S, 3.5);
        sum = scene_run(s, WARM_S + 180, 0);
        AT_MOST(seed, sum.felt[0], 16);
        assert_true(scene_until(s, 0, false, 0.5, 50, 0, 600, &went) >= 0);
        AT_MOST(seed, scene_now(s) - WARM_S - 180, 120);
        done(s);
    }
}

/* A third hangs, the rest is slow and declines more: nothing is down, and it is left all the same.
 */
static void a_brownout(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct scene *s = scene_of(seed);
        struct scene_sum sum;
        unsigned went;

        scene_add(s, (struct scene_trouble){ WARM_S, WARM_S + 600, 0, HANGS, 0.35, 0, 0 });
        scene_add(s, (struct scene_trouble){ WARM_S, WARM_S + 600, 0, SLOW, 5, 0, 0 });
        scene_add(s, (struct scene_trouble){ WARM_S, WARM_S + 600, 0, DECLINES, 0.1, 0, 0 });
        scene_start(s);
        (void)scene_run(s, WARM_S, 0);
        AT_MOST(seed, scene_until(s, 0, true, 0.2, 20, 0, 120, &went), 10);
        AT_MOST(seed, went, 40);
        sum = scene_run(s, WARM_S + 600, 0);
        AT_MOST(seed, share(&sum, 0), 4);
        done(s);
    }
}

/* One provider loses a fifth of the cards, with every technical sign in order. */
static void a_broken_issuer_path(void **state)
{
    static const unsigned BROKEN = 0x3;

    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct scene *s = scene_of(seed);
        struct scene_sum sum;
        unsigned went;

        scene_add(s, (struct scene_trouble){ 900, 1500, 0, DECLINES, 0.95, BROKEN, 0 });
        scene_start(s);
        (void)scene_run(s, 900, 0);
        assert_true(scene_until(s, 0, true, 0.1, 20, BROKEN, 300, &went) >= 0);
        AT_MOST(seed, went, 24);
        sum = scene_run(s, 1500, BROKEN);
        AT_MOST(seed, share(&sum, 0), 12);
        assert_int_equal(scene_serving(s, 0, 0), HL_SERVING);
        done(s);
    }
}

/* The other cards stay where they were. */
static void a_broken_issuer_path_moves_no_other_card(void **state)
{
    static const unsigned BROKEN = 0x3, OTHERS = 0x3fc;

    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct scene *s = scene_of(seed);
        struct scene_sum before, during;

        scene_add(s, (struct scene_trouble){ 900, 1500, 0, DECLINES, 0.95, BROKEN, 0 });
        scene_start(s);
        (void)scene_run(s, 600, 0);
        before = scene_run(s, 900, OTHERS);
        during = scene_run(s, 1500, OTHERS);
        AT_MOST(seed, share(&before, 0) / 2, share(&during, 0));
        done(s);
    }
}

/* Down for 30 s, up for a minute, five times. */
static void flapping(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct scene *s = scene_of(seed);
        struct scene_sum sum;

        for (unsigned i = 0; i < 5; i++)
            scene_add(s, (struct scene_trouble){ WARM_S + 90 * i, WARM_S + 90 * i + 30, 0, ERRORS,
                                                 0.95, 0, 0 });
        scene_start(s);
        (void)scene_run(s, WARM_S, 0);
        sum = scene_run(s, WARM_S + 450, 0);
        AT_MOST(seed, sum.felt[0], 5 * 12);
        AT_MOST(seed, sum.stops[1] + sum.stops[2], 0);
        done(s);
    }
}

/* A scheme is in trouble: everybody declines most and fails a quarter. Nobody in particular. */
static void everybody_suffers(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct scene *s = scene_of(seed);
        struct scene_sum before, during;
        unsigned went;

        scene_add(s, (struct scene_trouble){ 600, 1080, -1, DECLINES, 0.6, 0, 0 });
        scene_add(s, (struct scene_trouble){ 600, 1080, -1, ERRORS, 0.25, 0, 0 });
        scene_start(s);
        (void)scene_run(s, 300, 0);
        before = scene_run(s, 600, 0);
        during = scene_run(s, 1080, 0);
        AT_MOST(seed, before.payments * 1.0, during.payments * 1.0); /* nobody was turned away */
        AT_MOST(seed, during.payments - during.to[0] - during.to[1] - during.to[2], 0);
        assert_true(scene_until(s, 0, false, share(&before, 0) / 200.0, 50, 0, 600, &went) >= 0);
        AT_MOST(seed, scene_now(s) - 1080, 300);
        done(s);
    }
}

/* A good newcomer and, later, one that was integrated wrongly. */
static void newcomers(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct scene *s = scene_of(seed);
        struct scene_sum sum;
        unsigned went;

        s->psps = 4;
        s->psp[2] = (struct scene_psp){ 0.95, 0.35, 600 };
        s->psp[3] = (struct scene_psp){ 0.45, 0.35, 1800 };
        scene_start(s);
        (void)scene_run(s, 600, 0);
        assert_true(scene_until(s, 2, false, 0.5, 50, 0, 900, &went) >= 0);
        (void)scene_run(s, 1800, 0);
        sum = scene_run(s, 2700, 0);
        AT_MOST(seed, sum.to[3], 150); /* of 9,000 */
        assert_true(share(&sum, 2) > 60);
        done(s);
    }
}

/* ---- fleets ---- */

static void eight_nodes_leave_a_dead_provider_as_one(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct scene *s = scene_of(seed);
        unsigned went, stopped = 0;

        s->nodes = 8;
        scene_add(s, (struct scene_trouble){ WARM_S, WARM_S + 120, 0, ERRORS, 1, 0, 0 });
        scene_start(s);
        (void)scene_run(s, WARM_S, 0);
        AT_MOST(seed, scene_until(s, 0, true, 0.1, 20, 0, 60, &went), 5);
        AT_MOST(seed, went, 25); /* alone each node would need three of its own */
        (void)scene_run(s, WARM_S + 30, 0);
        for (unsigned i = 0; i < s->nodes; i++)
            stopped += scene_serving(s, i, 0) != HL_SERVING;
        AT_MOST(seed, 6, stopped); /* the rest do not ask it either */
        AT_MOST(seed, scene_run(s, WARM_S + 120, 0).felt[0], 40);
        done(s);
    }
}

static void one_sick_node_is_alone(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct scene *s = scene_of(seed);
        struct scene_sum sum;

        s->nodes = 8;
        scene_add(s, (struct scene_trouble){ WARM_S, WARM_S + 300, 0, ERRORS, 1, 0, 0x1 });
        scene_start(s);
        (void)scene_run(s, WARM_S, 0);
        sum = scene_run(s, WARM_S + 60, 0);
        AT_MOST(seed, 1, scene_serving(s, 0, 0) != HL_SERVING);
        for (unsigned i = 1; i < s->nodes; i++)
            AT_MOST(seed, scene_serving(s, i, 0) != HL_SERVING, 0);
        sum = scene_run(s, WARM_S + 300, 0);
        AT_MOST(seed, sum.felt[0],
                40); /* probes of the sick one and its usual bad luck elsewhere */
        AT_MOST(seed, 40, share(&sum, 0));
        done(s);
    }
}

/* ---- the last one ---- */

/* All others are down and it is slow: it goes on. */
static void the_last_provider_is_not_stopped_for_being_slow(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct scene *s = scene_of(seed);
        struct scene_sum sum;

        scene_add(s, (struct scene_trouble){ WARM_S, WARM_S + 300, 1, ERRORS, 1, 0, 0 });
        scene_add(s, (struct scene_trouble){ WARM_S, WARM_S + 300, 2, ERRORS, 1, 0, 0 });
        scene_add(s, (struct scene_trouble){ WARM_S, WARM_S + 300, 0, SLOW, 9, 0, 0 });
        scene_start(s);
        (void)scene_run(s, WARM_S + 60, 0);
        sum = scene_run(s, WARM_S + 300, 0);
        AT_MOST(seed, sum.payments * 80 / 100, sum.to[0]);
        done(s);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quiet_hour_stops_nobody),
        cmocka_unit_test(an_outage_by_errors),
        cmocka_unit_test(an_outage_by_hangs),
        cmocka_unit_test(a_brownout),
        cmocka_unit_test(a_broken_issuer_path),
        cmocka_unit_test(a_broken_issuer_path_moves_no_other_card),
        cmocka_unit_test(flapping),
        cmocka_unit_test(everybody_suffers),
        cmocka_unit_test(newcomers),
        cmocka_unit_test(eight_nodes_leave_a_dead_provider_as_one),
        cmocka_unit_test(one_sick_node_is_alone),
        cmocka_unit_test(the_last_provider_is_not_stopped_for_being_slow),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
