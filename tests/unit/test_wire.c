/* tests/unit/test_wire.c -- what asks to run before the loop sleeps does, whoever asks and when. */
#include "tests/unit/unit.h"

#include <ev.h>

#include "proxy/wire.h"

/* A task that runs another one of another wire, a few times to and fro. */
struct relay {
    struct px_wire_task task; /* first */
    struct px_wire *wire;
    struct relay *next;
    unsigned left, runs;
};

static void on_run(struct px_wire_task *t)
{
    struct relay *r = (struct relay *)t;

    r->runs++;
    if (r->next != NULL && r->left-- > 0)
        px_wire_soon(r->next->wire, &r->next->task);
}

static void relay_init(struct relay *r, struct ev_loop *loop, unsigned left)
{
    *r = (struct relay){ .wire = px_wire_create(loop), .left = left };
    px_wire_task_init(&r->task, on_run);
}

static void on_start(struct ev_loop *loop, ev_timer *w, int revents)
{
    struct relay *r = w->data;

    (void)loop;
    (void)revents;
    px_wire_soon(r->wire, &r->task);
    px_wire_soon(r->wire, &r->task); /* once is enough */
}

static void on_late(struct ev_loop *loop, ev_timer *w, int revents)
{
    (void)revents;
    *(bool *)w->data = true;
    ev_break(loop, EVBREAK_ALL);
}

/* Whichever of the two was created first, its watcher runs on one side of the other's. */
static void wires_of_one_loop_wake_each_other(void **state)
{
    (void)state;
    for (unsigned first = 0; first < 2; first++) {
        struct ev_loop *loop = ev_loop_new(0);
        struct relay r[2];
        ev_timer start, late;
        bool slept = false;

        relay_init(&r[0], loop, 5);
        relay_init(&r[1], loop, 5);
        r[0].next = &r[1];
        r[1].next = &r[0];
        ev_timer_init(&start, on_start, 0.001, 0.);
        ev_timer_init(&late, on_late, 2., 0.);
        start.data = &r[first];
        late.data = &slept;
        ev_timer_start(loop, &start);
        ev_timer_start(loop, &late);
        while (r[0].runs + r[1].runs < 11 && !slept)
            ev_run(loop, EVRUN_ONCE);
        assert_false(slept);
        ev_timer_stop(loop, &late);
        px_wire_destroy(r[0].wire);
        px_wire_destroy(r[1].wire);
        ev_loop_destroy(loop);
    }
}

static void a_dropped_task_does_not_run(void **state)
{
    struct ev_loop *loop = ev_loop_new(0);
    struct relay r;

    (void)state;
    relay_init(&r, loop, 0);
    px_wire_soon(r.wire, &r.task);
    px_wire_task_drop(&r.task);
    px_wire_task_drop(&r.task);
    ev_run(loop, EVRUN_NOWAIT);
    assert_int_equal(r.runs, 0);
    px_wire_soon(r.wire, &r.task);
    ev_run(loop, EVRUN_NOWAIT);
    assert_int_equal(r.runs, 1);
    px_wire_destroy(r.wire);
    ev_loop_destroy(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wires_of_one_loop_wake_each_other),
        cmocka_unit_test(a_dropped_task_does_not_run),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
