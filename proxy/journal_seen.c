/* proxy/journal_seen.c -- cards that may have been declined lately; all others were not.
 *
 * Most cards never were, and to learn so from the file costs a read wherever the card's place is:
 * measured with a million declines, a third of a payment's whole cost in the journal. So bits in
 * memory say who is worth a look (a Bloom filter of two bits a card). Bits are never taken back;
 * after the time that rules look back a second set takes over, and the first one goes when that is
 * over again. By the monotonic clock: the wall clock can be set. */
#include "proxy/journal_sql.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "routing/base/check.h"

enum { BITS = 1 << 24, WORDS = BITS / 64 };

struct px_seen {
    uint64_t young[WORDS], old[WORDS];
    int64_t turned_s; /* monotonic */
};

static int64_t monotonic_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec;
}

/* Digests are as good as random: two numbers below BITS. */
static void places(const unsigned char card[PX_MAC], uint32_t at[2])
{
    memcpy(at, card, 2 * sizeof *at);
    at[0] %= BITS;
    at[1] %= BITS;
}

static bool is_set(const uint64_t *set, uint32_t at)
{
    return (set[at / 64] >> at % 64 & 1) != 0;
}

void px_seen_add(struct px_store *s, const unsigned char card[PX_MAC])
{
    uint32_t at[2];

    places(card, at);
    for (unsigned i = 0; i < 2; i++)
        s->seen->young[at[i] / 64] |= UINT64_C(1) << at[i] % 64;
}

bool px_seen_perhaps(const struct px_store *s, const unsigned char card[PX_MAC])
{
    const struct px_seen *n = s->seen;
    uint32_t at[2];

    places(card, at);
    return (is_set(n->young, at[0]) && is_set(n->young, at[1])) ||
           (is_set(n->old, at[0]) && is_set(n->old, at[1]));
}

void px_seen_tend(struct px_store *s)
{
    struct px_seen *n = s->seen;
    int64_t now_s = monotonic_s();

    if ((now_s - n->turned_s) * 1000 <= RT_REATTEMPT_MS)
        return;
    memcpy(n->old, n->young, sizeof n->old);
    memset(n->young, 0, sizeof n->young);
    n->turned_s = now_s;
}

enum px_ran px_seen_open(struct px_store *s)
{
    struct px_sql q = px_sql_use(s, PX_SQL_DECLINED_CARDS);

    s->seen = calloc(1, sizeof *s->seen);
    CHECK(s->seen != NULL);
    s->seen->turned_s = monotonic_s();
    while (px_sql_row(&q)) {
        if (sqlite3_column_bytes(q.st, 0) == PX_MAC)
            px_seen_add(s, sqlite3_column_blob(q.st, 0));
    }
    return px_sql_end(&q);
}

void px_seen_close(struct px_store *s)
{
    free(s->seen);
    s->seen = NULL;
}
