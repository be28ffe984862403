/* proxy/reconcile.c */
#include "proxy/reconcile.h"

#include <ev.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/clock.h"
#include "proxy/journal.h"
#include "proxy/payment.h"
#include "routing/base/check.h"

enum { AT_ONCE = 16, BATCH = 64, PAUSE_MIN_MS = 2000, PAUSE_MAX_MS = 600 * 1000, MEMORY = 1 << 20 };

struct px_reconcile {
    struct px_desk *desk;
    ev_timer timer;
    struct arena arena;
    struct px_journal_letter letter;
    unsigned next_, busy_;
    char after_[PX_ID]; /* pages go on behind this one; "" begins with the oldest */
    bool letter_out_, stopped_;
};

static void on_said(void *ctx, struct px_journal_letter *l);

/* The older a doubt, the longer the pause between two looks at it. */
static bool is_due(const struct px_record *r, int64_t now_ms)
{
    int64_t pause = (r->updated_ms - r->created_ms) / 2;

    if (pause < PAUSE_MIN_MS)
        pause = PAUSE_MIN_MS;
    if (pause > PAUSE_MAX_MS)
        pause = PAUSE_MAX_MS;
    return now_ms - r->updated_ms >= pause;
}

static void take_next(struct px_reconcile *r);

static void on_end(void *ctx)
{
    struct px_reconcile *r = ctx;

    CHECK(r->busy_ > 0);
    r->busy_--;
    take_next(r);
}

static void take_next(struct px_reconcile *r)
{
    int64_t now_ms = px_unix_ms();

    while (!r->stopped_ && r->busy_ < AT_ONCE && r->next_ < r->letter.lists) {
        const struct px_record *found = &r->letter.list[r->next_++];

        if (!is_due(found, now_ms))
            continue;
        r->busy_++;
        px_payment_reconcile(r->desk, found, on_end, r);
    }
}

static void look(struct px_reconcile *r)
{
    struct px_journal_letter *l = &r->letter;

    if (r->stopped_ || r->letter_out_ || r->busy_ > 0)
        return;
    arena_reset(&r->arena);
    memset(l, 0, sizeof *l);
    l->call = PX_CALL_UNRESOLVED;
    l->reply_to = r->desk->mailbox;
    l->on_said = on_said;
    l->ctx = r;
    l->arena = &r->arena;
    l->now_ms = px_unix_ms();
    l->limit = BATCH;
    memcpy(l->record.id, r->after_, sizeof r->after_);
    r->letter_out_ = px_journal_send(r->desk->journal, l);
}

static void on_said(void *ctx, struct px_journal_letter *l)
{
    struct px_reconcile *r = ctx;

    r->letter_out_ = false;
    r->next_ = 0;
    if (l->said != PX_SAID_OK)
        l->lists = 0;
    /* records that stay in doubt for long must not keep younger ones from their turn */
    if (l->lists == BATCH)
        memcpy(r->after_, l->list[BATCH - 1].id, sizeof r->after_);
    else
        r->after_[0] = '\0';
    take_next(r);
}

static void on_timer(struct ev_loop *loop, ev_timer *w, int revents)
{
    (void)loop;
    (void)revents;
    look(w->data);
}

struct px_reconcile *px_reconcile_create(struct px_desk *d, int every_ms)
{
    struct px_reconcile *r = calloc(1, sizeof *r);

    CHECK(r != NULL);
    r->desk = d;
    arena_init(&r->arena, NULL, 0, px_heap(), MEMORY);
    ev_timer_init(&r->timer, on_timer, 0.05, every_ms / 1e3);
    r->timer.data = r;
    ev_timer_start(d->loop, &r->timer);
    return r;
}

void px_reconcile_stop(struct px_reconcile *r)
{
    r->stopped_ = true;
    ev_timer_stop(r->desk->loop, &r->timer);
}

bool px_reconcile_idle(const struct px_reconcile *r)
{
    return r == NULL || (!r->letter_out_ && r->busy_ == 0);
}

void px_reconcile_destroy(struct px_reconcile *r)
{
    if (r == NULL)
        return;
    px_reconcile_stop(r);
    CHECK(!r->letter_out_);
    arena_fini(&r->arena);
    free(r);
}
