/* proxy/admin/unresolved.c */
#include "proxy/admin/unresolved.h"

#include <ev.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/clock.h"
#include "proxy/journal.h"
#include "proxy/mail.h"
#include "routing/base/check.h"

enum { PAGE = 64, MEMORY = 4 << 20 };
static const double EVERY_S = 5.0, FIRST_S = 0.2;

struct px_unresolved {
    struct ev_loop *loop;
    struct px_journal *journal;
    struct px_mailbox *mailbox;
    ev_timer timer;
    struct px_journal_letter letter;
    struct arena memory;
    bool asking; /* the letter is the journal's */
    struct px_unresolved_count counting, known;
};

static void on_said(void *ctx, struct px_journal_letter *l);

/* The page behind the record `after` ("": the first). */
static void ask(struct px_unresolved *u, const char *after)
{
    struct px_journal_letter *l = &u->letter;
    char from[sizeof l->record.id];

    memcpy(from, after, sizeof from);
    arena_reset(&u->memory);
    memset(l, 0, sizeof *l);
    l->call = PX_CALL_UNRESOLVED;
    l->reply_to = u->mailbox;
    l->on_said = on_said;
    l->ctx = u;
    l->arena = &u->memory;
    l->now_ms = px_unix_ms();
    l->limit = PAGE;
    memcpy(l->record.id, from, sizeof from);
    u->asking = px_journal_send(u->journal, l);
}

static void on_said(void *ctx, struct px_journal_letter *l)
{
    struct px_unresolved *u = ctx;

    u->asking = false;
    if (l->said != PX_SAID_OK)
        return; /* the next round asks again */
    if (u->counting.count == 0 && l->lists > 0)
        u->counting.oldest_ms = l->list[0].created_ms;
    u->counting.count += l->lists;
    if (l->lists == PAGE && u->counting.count < PX_UNRESOLVED_MAX) {
        ask(u, l->list[PAGE - 1].id);
        return;
    }
    u->counting.more = l->lists == PAGE;
    u->counting.known = true;
    u->known = u->counting;
}

static void on_timer(struct ev_loop *loop, ev_timer *t, int revents)
{
    static const char first[sizeof(((struct px_record *)NULL)->id)] = "";
    struct px_unresolved *u = t->data;

    (void)loop;
    (void)revents;
    if (u->asking)
        return;
    u->counting = (struct px_unresolved_count){ .known = false };
    ask(u, first);
}

struct px_unresolved *px_unresolved_create(struct ev_loop *loop, struct px_journal *j)
{
    struct px_unresolved *u = calloc(1, sizeof *u);

    CHECK(u != NULL);
    u->loop = loop;
    u->journal = j;
    u->mailbox = px_mailbox_create(loop, px_journal_on_letter, NULL);
    arena_init(&u->memory, NULL, 0, px_heap(), MEMORY);
    ev_timer_init(&u->timer, on_timer, FIRST_S, EVERY_S);
    u->timer.data = u;
    ev_timer_start(loop, &u->timer);
    return u;
}

void px_unresolved_read(const struct px_unresolved *u, struct px_unresolved_count *out)
{
    *out = u->known;
}

void px_unresolved_stop(struct px_unresolved *u)
{
    if (u != NULL)
        ev_timer_stop(u->loop, &u->timer);
}

void px_unresolved_destroy(struct px_unresolved *u)
{
    if (u == NULL)
        return;
    px_unresolved_stop(u);
    px_mailbox_destroy(u->mailbox);
    arena_fini(&u->memory);
    free(u);
}
