/* proxy/journal_cards.c -- which cards have attempts under way.
 *
 * What is under way may be declined yet, so the schemes' budgets count it (routing/reattempt.h).
 * To say so in the file would cost every payment an index; the records say it already. So it is
 * kept in memory, beside the transactions, and read from the open records at the start. */
#include "proxy/journal_sql.h"

#include <stdlib.h>
#include <string.h>

#include "routing/base/check.h"

enum { BUCKETS = 16384 };

struct entry {
    struct entry *next;    /* in the bucket */
    struct entry *touched; /* in this transaction */
    int64_t no;            /* the record */
    struct money amount;
    unsigned char card[PX_MAC];
    bool added, dropped; /* in this transaction */
};

/* Oldest first: they also end about in this order, so that who ends is found at once, even where
 * thousands of payments have one card. */
struct bucket {
    struct entry *first, **end;
};

struct px_cards {
    struct bucket bucket[BUCKETS];
    struct entry *touched;
};

/* Digests are as good as random. */
static struct bucket *bucket_of(struct px_cards *c, const unsigned char card[PX_MAC])
{
    uint32_t head;

    memcpy(&head, card, sizeof head);
    return &c->bucket[head % BUCKETS];
}

static struct entry *put(struct px_cards *c, const unsigned char card[PX_MAC], int64_t no,
                         struct money amount)
{
    struct bucket *b = bucket_of(c, card);
    struct entry *e = calloc(1, sizeof *e);

    CHECK(e != NULL);
    memcpy(e->card, card, sizeof e->card);
    e->no = no;
    e->amount = amount;
    if (b->first == NULL)
        b->end = &b->first;
    *b->end = e;
    b->end = &e->next;
    return e;
}

static void take_out(struct px_cards *c, struct entry *e)
{
    struct bucket *b = bucket_of(c, e->card);
    struct entry **at = &b->first;

    while (*at != e)
        at = &(*at)->next;
    *at = e->next;
    if (b->end == &e->next)
        b->end = at;
    free(e);
}

static void touch(struct px_cards *c, struct entry *e)
{
    e->touched = c->touched;
    c->touched = e;
}

void px_cards_add(struct px_store *s, const unsigned char card[PX_MAC], int64_t no,
                  struct money amount)
{
    struct entry *e = put(s->cards, card, no, amount);

    e->added = true;
    touch(s->cards, e);
}

void px_cards_drop(struct px_store *s, const unsigned char card[PX_MAC], int64_t no)
{
    struct entry *e = bucket_of(s->cards, card)->first;

    while (e != NULL && (e->no != no || e->dropped || memcmp(e->card, card, PX_MAC) != 0))
        e = e->next;
    if (e == NULL)
        return;
    e->dropped = true;
    if (!e->added)
        touch(s->cards, e);
}

unsigned px_cards_flying(struct px_store *s, const unsigned char card[PX_MAC], int64_t but,
                         struct money amount, unsigned *same)
{
    unsigned n = 0;

    *same = 0;
    for (const struct entry *e = bucket_of(s->cards, card)->first; e != NULL; e = e->next) {
        if (e->dropped || e->no == but || memcmp(e->card, card, PX_MAC) != 0)
            continue;
        n++;
        *same += e->amount.cur == amount.cur && e->amount.minor == amount.minor;
    }
    return n;
}

/* The end of a transaction: what it added, or what it dropped, goes. */
static void end(struct px_cards *c, bool lasted)
{
    struct entry *e = c->touched, *next;

    c->touched = NULL;
    for (; e != NULL; e = next) {
        next = e->touched;
        if (lasted ? e->dropped : e->added)
            take_out(c, e);
        else
            e->added = e->dropped = false;
    }
}

void px_cards_committed(struct px_store *s)
{
    end(s->cards, true);
}

void px_cards_rolled_back(struct px_store *s)
{
    if (s->cards != NULL)
        end(s->cards, false);
}

enum px_ran px_cards_open(struct px_store *s)
{
    struct px_sql q = px_sql_use(s, PX_SQL_CARDS_OPEN);
    struct px_cards *c = calloc(1, sizeof *c);

    CHECK(c != NULL);
    s->cards = c;
    while (px_sql_row(&q)) {
        const void *card = sqlite3_column_blob(q.st, 1);
        const char *code = (const char *)sqlite3_column_text(q.st, 3);

        if (card == NULL || sqlite3_column_bytes(q.st, 1) != PX_MAC || code == NULL)
            continue; /* not written by us */
        (void)put(c, card, sqlite3_column_int64(q.st, 0),
                  (struct money){ sqlite3_column_int64(q.st, 2), currency_find(span_str(code)) });
    }
    return px_sql_end(&q);
}

void px_cards_close(struct px_store *s)
{
    if (s->cards == NULL)
        return;
    for (unsigned i = 0; i < BUCKETS; i++) {
        for (struct entry *e = s->cards->bucket[i].first, *next; e != NULL; e = next) {
            next = e->next;
            free(e);
        }
    }
    free(s->cards);
    s->cards = NULL;
}
