/* proxy/wire.c */
#include "proxy/wire.h"

#include <ev.h>
#include <stdlib.h>

#include "proxy/clock.h"
#include "routing/base/check.h"
#include "routing/base/secret.h"

struct px_wire {
    struct ev_loop *loop_;
    ev_prepare prepare_; /* runs the tasks, after everybody else's callbacks */
    ev_check check_;     /* reads the clock, before them */
    int64_t now_ns_;
    struct px_wire_task tasks_; /* a ring; this one is its head */
    struct px_chunk_pool pool_;
    struct px_read_buffer *spare_;
};

static void on_check(struct ev_loop *loop, ev_check *watcher, int revents)
{
    struct px_wire *w = watcher->data;

    (void)loop;
    (void)revents;
    w->now_ns_ = px_now_ns();
}

static void on_prepare(struct ev_loop *loop, ev_prepare *watcher, int revents)
{
    struct px_wire *w = watcher->data;

    (void)loop;
    (void)revents;
    while (w->tasks_.next_ != &w->tasks_) {
        struct px_wire_task *t = w->tasks_.next_;

        px_wire_task_drop(t);
        t->run_(t);
    }
}

struct px_wire *px_wire_create(struct ev_loop *loop)
{
    struct px_wire *w = calloc(1, sizeof *w);

    if (w == NULL)
        return NULL;
    w->loop_ = loop;
    w->now_ns_ = px_now_ns();
    w->tasks_.next_ = w->tasks_.prev_ = &w->tasks_;
    ev_prepare_init(&w->prepare_, on_prepare);
    ev_check_init(&w->check_, on_check);
    ev_set_priority(&w->prepare_, EV_MINPRI);
    ev_set_priority(&w->check_, EV_MAXPRI);
    w->prepare_.data = w->check_.data = w;
    ev_prepare_start(loop, &w->prepare_);
    ev_check_start(loop, &w->check_);
    ev_unref(loop); /* the two alone do not keep a loop alive */
    ev_unref(loop);
    return w;
}

void px_wire_destroy(struct px_wire *w)
{
    if (w == NULL)
        return;
    ev_ref(w->loop_);
    ev_ref(w->loop_);
    ev_prepare_stop(w->loop_, &w->prepare_);
    ev_check_stop(w->loop_, &w->check_);
    px_chunk_pool_fini(&w->pool_);
    while (w->spare_ != NULL) {
        struct px_read_buffer *b = w->spare_;

        w->spare_ = b->next_;
        free(b);
    }
    free(w);
}

struct ev_loop *px_wire_loop(const struct px_wire *w)
{
    return w->loop_;
}

int64_t px_wire_now_ns(const struct px_wire *w)
{
    return w->now_ns_;
}

struct px_chunk_pool *px_wire_pool(struct px_wire *w)
{
    return &w->pool_;
}

void px_wire_task_init(struct px_wire_task *t, void (*run)(struct px_wire_task *t))
{
    *t = (struct px_wire_task){ .run_ = run };
}

void px_wire_soon(struct px_wire *w, struct px_wire_task *t)
{
    bool first = w->tasks_.next_ == &w->tasks_;

    if (t->next_ != NULL)
        return;
    t->next_ = &w->tasks_;
    t->prev_ = w->tasks_.prev_;
    t->prev_->next_ = t;
    w->tasks_.prev_ = t;
    /* Not left to the watcher's own turn: that may be over (another wire's task, or a callback fed
     * by one, asks now), and the loop would sleep on what we were told. */
    if (first)
        ev_feed_event(w->loop_, &w->prepare_, EV_PREPARE);
}

void px_wire_task_drop(struct px_wire_task *t)
{
    if (t->next_ == NULL)
        return;
    t->next_->prev_ = t->prev_;
    t->prev_->next_ = t->next_;
    t->next_ = t->prev_ = NULL;
}

struct px_read_buffer *px_wire_take(struct px_wire *w)
{
    struct px_read_buffer *b = w->spare_;

    if (b == NULL)
        b = malloc(sizeof *b);
    else
        w->spare_ = b->next_;
    if (b != NULL)
        b->in_n_ = b->clear_n_ = 0;
    return b;
}

void px_wire_give(struct px_wire *w, struct px_read_buffer *b)
{
    secret_wipe(b->in, b->in_n_);
    secret_wipe(b->clear, b->clear_n_);
    b->next_ = w->spare_;
    w->spare_ = b;
}
