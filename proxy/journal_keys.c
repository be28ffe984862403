/* proxy/journal_keys.c -- which record has this merchant's key.
 *
 * Clients choose keys at random, so an index over them would make every promise write a page of its
 * own: measured, half of all that a payment costs in the journal. But the index says nothing that
 * the records do not, so it may follow later. The keys of the newest records are kept in memory
 * (and read again from the records after a restart); in the file, key_index has those up to
 * key_state.indexed_to. Whenever memory has a generation of keys together, it is sorted and put
 * into key_index a few at a time, from one end to the other, beside the promises: neighbours share
 * pages.
 *
 * Keys are indexed by a 64-bit hash; the record found by it has the last word. */
#include "proxy/journal_sql.h"

#include <stdlib.h>
#include <string.h>

#include "routing/base/check.h"
#include "routing/base/hash.h"

enum { PACE = 2 }; /* merged per promise, at least */

struct entry {
    uint64_t hash;
    int64_t no; /* 0: an empty slot */
};

struct px_keys {
    uint64_t seed;
    size_t generation;
    struct entry *young; /* open addressing; never more than half full */
    size_t young_n, slots;
    struct entry *old; /* sorted by hash */
    size_t old_n;
    size_t merged, merging; /* of the old: in the file for good, and in this transaction too */
    size_t added;           /* in this transaction */
    int64_t mark;           /* the first record of this transaction; 0: none yet */
};

static uint64_t hash_of(const struct px_keys *k, const char *merchant, const char *key)
{
    return hash64(span_str(key), hash64(span_str(merchant), k->seed));
}

/* ---- the young ---- */

static void put_young(struct px_keys *k, struct entry e)
{
    size_t at = e.hash & (k->slots - 1);

    CHECK(k->young_n < k->slots - 1);
    while (k->young[at].no != 0)
        at = (at + 1) & (k->slots - 1);
    k->young[at] = e;
    k->young_n++;
}

static void clear_young(struct px_keys *k)
{
    memset(k->young, 0, k->slots * sizeof *k->young);
    k->young_n = 0;
}

/* Forgets what a transaction added that did not last. Rare, so it may be slow. */
static void drop_since(struct px_keys *k, int64_t mark)
{
    struct entry *keep = malloc((k->young_n + 1) * sizeof *keep);
    size_t n = 0;

    CHECK(keep != NULL);
    for (size_t i = 0; i < k->slots; i++) {
        if (k->young[i].no != 0 && k->young[i].no < mark)
            keep[n++] = k->young[i];
    }
    clear_young(k);
    for (size_t i = 0; i < n; i++)
        put_young(k, keep[i]);
    free(keep);
}

/* ---- the old ---- */

static int by_hash(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;

    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return (x->no > y->no) - (x->no < y->no);
}

/* The first of the old whose hash is not below. */
static size_t old_from(const struct px_keys *k, uint64_t hash)
{
    size_t low = 0, high = k->old_n;

    while (low < high) {
        size_t mid = (low + high) / 2;

        if (k->old[mid].hash < hash)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* The young become old. */
static void grow_old(struct px_keys *k)
{
    struct entry *old = malloc((k->young_n + 1) * sizeof *old);
    size_t n = 0;

    CHECK(old != NULL);
    for (size_t i = 0; i < k->slots; i++) {
        if (k->young[i].no != 0)
            old[n++] = k->young[i];
    }
    qsort(old, n, sizeof *old, by_hash);
    free(k->old);
    k->old = old;
    k->old_n = n;
    k->merged = k->merging = 0;
    clear_young(k);
}

/* ---- looking ---- */

/* Is this the record of that key? */
static enum px_ran confirm(struct px_store *s, int64_t no, const char *merchant, const char *key,
                           struct px_row *out, bool *found)
{
    struct px_sql q = px_sql_use(s, PX_SQL_BY_NO);

    px_sql_int(&q, no);
    px_sql_text(&q, merchant);
    px_sql_text(&q, key);
    if (px_sql_row(&q)) {
        *found = true;
        px_row_read(&q, out);
    }
    return px_sql_end(&q);
}

static enum px_ran find_in_file(struct px_store *s, uint64_t hash, const char *merchant,
                                const char *key, struct px_row *out, bool *found)
{
    struct px_sql q = px_sql_use(s, PX_SQL_BY_KEY);

    px_sql_int(&q, (int64_t)hash);
    px_sql_text(&q, merchant);
    px_sql_text(&q, key);
    if (px_sql_row(&q)) {
        *found = true;
        px_row_read(&q, out);
    }
    return px_sql_end(&q);
}

/* For who reads beside: the newest are in another process's memory, so look at each of them. */
static enum px_ran find_unindexed(struct px_store *s, const char *merchant, const char *key,
                                  struct px_row *out, bool *found)
{
    struct px_sql q = px_sql_use(s, PX_SQL_BY_KEY_UNINDEXED);

    px_sql_text(&q, merchant);
    px_sql_text(&q, key);
    if (px_sql_row(&q)) {
        *found = true;
        px_row_read(&q, out);
    }
    return px_sql_end(&q);
}

enum px_ran px_keys_find(struct px_store *s, const char *merchant, const char *key,
                         struct px_row *out, bool *found)
{
    struct px_keys *k = s->keys;
    uint64_t hash = hash_of(k, merchant, key);
    enum px_ran ran = PX_RAN;

    *found = false;
    for (size_t i = hash & (k->slots - 1); ran == PX_RAN && !*found && k->young[i].no != 0;
         i = (i + 1) & (k->slots - 1)) {
        if (k->young[i].hash == hash)
            ran = confirm(s, k->young[i].no, merchant, key, out, found);
    }
    for (size_t i = old_from(k, hash);
         ran == PX_RAN && !*found && i < k->old_n && k->old[i].hash == hash; i++)
        ran = confirm(s, k->old[i].no, merchant, key, out, found);
    if (ran == PX_RAN && !*found)
        ran = find_in_file(s, hash, merchant, key, out, found);
    if (ran == PX_RAN && !*found && k->generation == 0)
        ran = find_unindexed(s, merchant, key, out, found);
    return ran;
}

/* ---- in a transaction ---- */

void px_keys_add(struct px_store *s, const char *merchant, const char *key, int64_t no)
{
    struct px_keys *k = s->keys;

    if (k->mark == 0)
        k->mark = no;
    put_young(k, (struct entry){ hash_of(k, merchant, key), no });
    k->added++;
}

static enum px_ran merge_one(struct px_store *s, const struct entry *e)
{
    struct px_sql q = px_sql_use(s, PX_SQL_INDEX_KEY);

    px_sql_int(&q, (int64_t)e->hash);
    px_sql_int(&q, e->no);
    return px_sql_run(&q);
}

static enum px_ran all_merged(struct px_store *s)
{
    struct px_sql q = px_sql_use(s, PX_SQL_INDEXED_TO);
    int64_t newest = 0;

    for (size_t i = 0; i < s->keys->old_n; i++)
        newest = s->keys->old[i].no > newest ? s->keys->old[i].no : newest;
    px_sql_int(&q, newest);
    return px_sql_run(&q);
}

/* How many to merge now: so many per promise that none are left when the young are a generation. */
static size_t quota(const struct px_keys *k)
{
    size_t left = k->old_n - k->merging;
    size_t time = k->young_n < k->generation ? k->generation - k->young_n : 1;
    size_t pace = left / time + 1 > PACE ? left / time + 1 : PACE;

    return pace * k->added < left ? pace * k->added : left;
}

enum px_ran px_keys_merge(struct px_store *s)
{
    struct px_keys *k = s->keys;
    size_t n = quota(k);
    enum px_ran ran = PX_RAN;

    if (n == 0)
        return PX_RAN;
    for (size_t i = 0; ran == PX_RAN && i < n; i++)
        ran = merge_one(s, &k->old[k->merging++]);
    if (ran == PX_RAN && k->merging == k->old_n)
        ran = all_merged(s);
    return ran;
}

void px_keys_committed(struct px_store *s)
{
    struct px_keys *k = s->keys;

    k->merged = k->merging;
    k->added = 0;
    k->mark = 0;
}

void px_keys_tend(struct px_store *s)
{
    struct px_keys *k = s->keys;

    if (k->young_n >= k->generation && k->merged == k->old_n)
        grow_old(k);
}

void px_keys_rolled_back(struct px_store *s)
{
    struct px_keys *k = s->keys;

    k->merging = k->merged;
    if (k->added > 0)
        drop_since(k, k->mark);
    k->added = 0;
    k->mark = 0;
}

/* ---- open and close ---- */

static enum px_ran read_seed(struct px_store *s, uint64_t *seed)
{
    struct px_sql q = px_sql_use(s, PX_SQL_KEY_SEED);

    if (px_sql_row(&q))
        *seed = (uint64_t)sqlite3_column_int64(q.st, 0);
    return px_sql_end(&q);
}

/* Room for one more; the records since indexed_to may be more than one generation. */
static struct entry *room(struct entry *old, size_t n)
{
    if (n == 0 || (n >= 1024 && (n & (n - 1)) == 0))
        old = realloc(old, (n == 0 ? 1024 : 2 * n) * sizeof *old);
    CHECK(old != NULL);
    return old;
}

static enum px_ran read_unindexed(struct px_store *s, struct px_keys *k)
{
    struct px_sql q = px_sql_use(s, PX_SQL_UNINDEXED);

    while (px_sql_row(&q)) {
        k->old = room(k->old, k->old_n);
        k->old[k->old_n++] = (struct entry){
            hash_of(k, (const char *)sqlite3_column_text(q.st, 1),
                    (const char *)sqlite3_column_text(q.st, 2)),
            sqlite3_column_int64(q.st, 0),
        };
    }
    if (k->old_n > 0)
        qsort(k->old, k->old_n, sizeof *k->old, by_hash);
    return px_sql_end(&q);
}

enum px_ran px_keys_open(struct px_store *s, size_t generation)
{
    struct px_keys *k = calloc(1, sizeof *k);
    enum px_ran ran;

    CHECK(k != NULL);
    s->keys = k;
    k->generation = generation;
    k->slots = 1;
    while (generation > 0 && k->slots < 2 * (generation + PX_JOURNAL_BATCH))
        k->slots *= 2;
    k->young = calloc(k->slots, sizeof *k->young);
    CHECK(k->young != NULL);
    ran = read_seed(s, &k->seed);
    return ran == PX_RAN && generation > 0 ? read_unindexed(s, k) : ran;
}

void px_keys_close(struct px_store *s)
{
    if (s->keys == NULL)
        return;
    free(s->keys->young);
    free(s->keys->old);
    free(s->keys);
    s->keys = NULL;
}
