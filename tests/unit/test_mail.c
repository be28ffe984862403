/* tests/unit/test_mail.c */
#include "tests/unit/unit.h"

#include <ev.h>
#include <pthread.h>
#include <stdlib.h>

#include "proxy/mail.h"
#include "routing/base/check.h"

enum { SENDERS = 4, EACH = 20000 };

struct note {
    struct px_letter letter_; /* first member */
    int sender, n;
};

struct reader {
    struct ev_loop *loop;
    struct px_mailbox *box;
    int next[SENDERS]; /* the number that sender's next letter must carry */
    int read, want;
};

struct sender {
    pthread_t thread;
    struct px_mailbox *box;
    struct note *note;
    int i;
};

static void read_note(void *ctx, struct px_letter *l)
{
    struct reader *r = ctx;
    struct note *n = (struct note *)l;

    CHECK(n->n == r->next[n->sender]);
    r->next[n->sender]++;
    memset(n, 0xee, sizeof *n); /* it is ours: the sender may not look at it again */
    if (++r->read == r->want && r->loop != NULL)
        ev_break(r->loop, EVBREAK_ALL);
}

static void *send_all(void *ctx)
{
    struct sender *s = ctx;

    for (int n = 0; n < EACH; n++) {
        s->note[n] = (struct note){ .sender = s->i, .n = n };
        px_mailbox_send(s->box, &s->note[n].letter_);
    }
    return NULL;
}

static void start(struct sender *s, struct px_mailbox *box)
{
    for (int i = 0; i < SENDERS; i++) {
        s[i] = (struct sender){ .box = box, .note = calloc(EACH, sizeof *s[i].note), .i = i };
        assert_non_null(s[i].note);
        assert_int_equal(pthread_create(&s[i].thread, NULL, send_all, &s[i]), 0);
    }
}

static void stop(struct sender *s)
{
    for (int i = 0; i < SENDERS; i++) {
        assert_int_equal(pthread_join(s[i].thread, NULL), 0);
        free(s[i].note);
    }
}

static void a_loop_gets_every_letter_once_and_in_each_senders_order(void **state)
{
    struct reader r = { .loop = ev_loop_new(EVFLAG_AUTO), .want = SENDERS * EACH };
    struct sender s[SENDERS];

    (void)state;
    r.box = px_mailbox_create(r.loop, read_note, &r);
    start(s, r.box);
    ev_run(r.loop, 0);
    stop(s);
    assert_int_equal(r.read, SENDERS * EACH);
    px_mailbox_destroy(r.box);
    ev_loop_destroy(r.loop);
}

static void a_waiting_thread_gets_every_letter_once_and_in_each_senders_order(void **state)
{
    struct reader r = { .box = px_mailbox_create(NULL, NULL, NULL), .want = SENDERS * EACH };
    struct sender s[SENDERS];

    (void)state;
    start(s, r.box);
    while (r.read < r.want) {
        for (struct px_letter *l = px_mailbox_wait(r.box), *next; l != NULL; l = next) {
            next = l->next_;
            read_note(&r, l);
        }
    }
    stop(s);
    assert_null(px_mailbox_wait_for(r.box, 0));
    px_mailbox_destroy(r.box);
}

static void looking_does_not_wait(void **state)
{
    struct px_mailbox *box = px_mailbox_create(NULL, NULL, NULL);
    struct note n[3] = { { .n = 1 }, { .n = 2 }, { .n = 3 } };
    struct px_letter *l;

    (void)state;
    assert_null(px_mailbox_wait_for(box, 0));
    for (int i = 0; i < 3; i++)
        px_mailbox_send(box, &n[i].letter_);
    l = px_mailbox_wait_for(box, 0);
    assert_ptr_equal(l, &n[0].letter_);
    assert_ptr_equal(l->next_, &n[1].letter_);
    assert_ptr_equal(l->next_->next_, &n[2].letter_);
    assert_null(l->next_->next_->next_);
    assert_null(px_mailbox_wait_for(box, 0));
    px_mailbox_destroy(box);
}

static void waiting_ends_in_time(void **state)
{
    struct px_mailbox *box = px_mailbox_create(NULL, NULL, NULL);

    (void)state;
    assert_null(px_mailbox_wait_for(box, 1));
    assert_null(px_mailbox_wait_for(box, 20));
    px_mailbox_destroy(box);
}

/* ---- two threads that keep one letter in the air ---- */

enum { ROUNDS = 5000 };

struct partner {
    struct px_mailbox *in, *out;
};

static void *send_back(void *ctx)
{
    struct partner *p = ctx;

    for (int i = 0; i < ROUNDS; i++)
        px_mailbox_send(p->out, px_mailbox_wait(p->in));
    return NULL;
}

static void a_letter_may_go_back_and_forth(void **state)
{
    struct partner p = { px_mailbox_create(NULL, NULL, NULL), px_mailbox_create(NULL, NULL, NULL) };
    struct note n = { .n = 7 };
    pthread_t thread;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, send_back, &p), 0);
    for (int i = 0; i < ROUNDS; i++) {
        struct px_letter *l;

        px_mailbox_send(p.in, &n.letter_);
        while ((l = px_mailbox_wait_for(p.out, 1000)) == NULL)
            ;
        assert_ptr_equal(l, &n.letter_);
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(n.n, 7);
    px_mailbox_destroy(p.in);
    px_mailbox_destroy(p.out);
}

/* ---- a callback that answers into its own mailbox ---- */

static void send_again(void *ctx, struct px_letter *l)
{
    struct reader *r = ctx;

    if (++r->read == r->want)
        ev_break(r->loop, EVBREAK_ALL);
    else
        px_mailbox_send(r->box, l);
}

static void a_callback_may_send_to_its_own_loop(void **state)
{
    struct reader r = { .loop = ev_loop_new(EVFLAG_AUTO), .want = 100 };
    struct note n = { .n = 0 };

    (void)state;
    r.box = px_mailbox_create(r.loop, send_again, &r);
    px_mailbox_send(r.box, &n.letter_);
    ev_run(r.loop, 0);
    assert_int_equal(r.read, 100);
    px_mailbox_destroy(r.box);
    ev_loop_destroy(r.loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_loop_gets_every_letter_once_and_in_each_senders_order),
        cmocka_unit_test(a_waiting_thread_gets_every_letter_once_and_in_each_senders_order),
        cmocka_unit_test(looking_does_not_wait),
        cmocka_unit_test(waiting_ends_in_time),
        cmocka_unit_test(a_letter_may_go_back_and_forth),
        cmocka_unit_test(a_callback_may_send_to_its_own_loop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
