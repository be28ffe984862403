/* proxy/revisions_prune.c -- the oldest bundles go, and what a crash left half written. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proxy/revisions_inside.h"

enum { SEEN_MAX = 4096, NEVER = PX_REVISIONS_NOTES };

struct bundle {
    uint64_t revision;
    uint64_t bytes;
    unsigned last; /* how many acts ago it was last in force; NEVER */
    unsigned rank; /* how many other revisions were in force since */
};

/* Everything the last acts named, once each: a revision's place in that row. */
static unsigned rank_of(const struct px_revisions *r, uint64_t revision, unsigned *last)
{
    uint64_t seen[PX_REVISIONS_ALWAYS] = { 0 };
    const struct px_note *n;
    unsigned ranks = 0;

    for (*last = 0; (n = px_revisions_nth(r, *last)) != NULL; (*last)++) {
        bool known = false;

        if (n->revision == revision)
            return ranks;
        for (unsigned i = 0; i < ranks && i < PX_REVISIONS_ALWAYS; i++)
            known = known || seen[i] == n->revision;
        if (known)
            continue;
        if (ranks < PX_REVISIONS_ALWAYS)
            seen[ranks] = n->revision;
        ranks++;
    }
    *last = NEVER;
    return NEVER;
}

static int oldest_last(const void *left, const void *right)
{
    const struct bundle *a = left, *b = right;

    return (a->last > b->last) - (a->last < b->last);
}

/* "5ac2...17e0.bundle" or a rest of one, "5ac2...17e0.bundle.Xy12z9". */
static bool is_bundle(const char *z, uint64_t *revision, bool *rest)
{
    struct span s = span_str(z), digits = span_take(s, 16);

    if (!span_starts(span_drop(s, 16), ".bundle") || px_revision_read(digits, revision) != OK)
        return false;
    *rest = s.n > 16 + sizeof ".bundle" - 1;
    return true;
}

static unsigned look(const struct px_revisions *r, struct bundle *out)
{
    DIR *dir = opendir(r->dir);
    char path[PX_STATE_PATH];
    struct dirent *d;
    unsigned n = 0;
    struct stat s;

    while (dir != NULL && n < SEEN_MAX && (d = readdir(dir)) != NULL) {
        bool rest;

        if (!is_bundle(d->d_name, &out[n].revision, &rest) ||
            !px_revisions_path(r, d->d_name, path) || stat(path, &s) != 0)
            continue;
        if (rest) { /* nobody writes now: the lock is ours */
            (void)unlink(path);
            continue;
        }
        out[n].bytes = (uint64_t)s.st_size;
        out[n].rank = rank_of(r, out[n].revision, &out[n].last);
        n++;
    }
    if (dir != NULL)
        (void)closedir(dir);
    return n;
}

void px_revisions_prune(const struct px_revisions *r)
{
    struct bundle *all = calloc(SEEN_MAX, sizeof *all);
    unsigned n = all == NULL ? 0 : look(r, all), kept = 0;
    char path[PX_STATE_PATH];
    uint64_t bytes = 0;

    if (n > 0)
        qsort(all, n, sizeof *all, oldest_last);
    for (unsigned i = 0; i < n; i++) {
        bytes += all[i].bytes;
        if (all[i].rank < PX_REVISIONS_ALWAYS ||
            (kept < PX_REVISIONS_KEPT && bytes <= PX_REVISIONS_BYTES))
            kept++;
        else if (px_revisions_bundle(r, all[i].revision, path))
            (void)unlink(path);
    }
    free(all);
}
