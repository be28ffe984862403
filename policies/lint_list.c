/* policies/lint_list.c -- lists that are doubtful: unused, empty, old, with values twice. */
#include <string.h>

#include "policies/inside.h"
#include "policies/lint.h"
#include "policies/value.h"
#include "routing/base/hash.h"

enum { HELD = 12, TRIES = 64, DAY = 24 * 60 * 60 };

/* Two values are the same or overlap if their pairs do: digits as stretches of card numbers, any
 * other text as a point of its own. Spaces are not compared with digits: a list is of one kind. */
static struct pol_pair pair_of(const struct pol_value *v)
{
    struct pol_pair p;
    uint64_t x;

    if (pol_bin_range(v->text, &p.lo, &p.hi) != OK) {
        p.lo = p.hi = hash64(v->text, v->kind);
        return p;
    }
    if (v->kind == POL_V_RANGE && pol_bin_range(v->second, &x, &p.hi) != OK)
        p.hi = p.lo;
    return p;
}

/* The lower end of the first pair that begins inside an earlier one. */
static bool collision(const struct pol_pair *p, size_t n, uint64_t *at)
{
    uint64_t reach = n == 0 ? 0 : p[0].hi;

    for (size_t i = 1; i < n; i++) {
        if (p[i].lo <= reach) {
            *at = p[i].lo;
            return true;
        }
        reach = p[i].hi > reach ? p[i].hi : reach;
    }
    return false;
}

static bool same_value(const struct pol_value *a, const struct pol_value *b)
{
    return a->kind == b->kind && span_eq(a->text, b->text) && span_eq(a->second, b->second);
}

/* Prefixes of one another are said on purpose more often than not ({ 4571 457112 } beside a list of
 * exceptions): only a range that overlaps, or the very same value, is doubtful. */
static bool doubtful(const struct pol_value *a, const struct pol_value *b)
{
    return same_value(a, b) || a->kind == POL_V_RANGE || b->kind == POL_V_RANGE;
}

static void say_twice(const struct pol_value *first, const struct pol_value *v,
                      struct pol_report *report)
{
    pol_say_help(pol_say(report, POL_W_LIST, v->at,
                         same_value(first, v) ? "this stands here twice (line %u)"
                                              : "this overlaps with a value in line %u",
                         first->at.line),
                 "remove one");
}

/* The first two values, in the order of the file, that hold this point and should not both. */
static bool say_collision(const struct pol_list_code *c, uint64_t point, struct pol_report *report)
{
    const struct pol_value *held[HELD];
    unsigned n = 0;

    for (const struct pol_value *v = c->value; v != NULL; v = v->next) {
        struct pol_pair p = pair_of(v);

        if (p.lo > point || p.hi < point)
            continue;
        for (unsigned i = 0; i < n; i++) {
            if (doubtful(held[i], v)) {
                say_twice(held[i], v, report);
                return true;
            }
        }
        if (n < HELD)
            held[n++] = v;
    }
    return false;
}

static void check_twice(const struct pol_list_code *c, struct arena *a, struct pol_report *report)
{
    struct pol_pair *pair = ARENA_NEWS(a, struct pol_pair, c->count + 1);
    size_t n = 0, from = 0;
    uint64_t point;

    if (pair == NULL)
        return; /* a warning less */
    for (const struct pol_value *v = c->value; v != NULL; v = v->next)
        pair[n++] = pair_of(v);
    pol_sort_pairs(pair, n);
    for (unsigned tries = 0; tries < TRIES && collision(pair + from, n - from, &point); tries++) {
        if (say_collision(c, point, report))
            return;
        while (pair[from].lo < point) /* prefixes of one another: look behind them */
            from++;
        from++;
    }
}

void pol_lint_list(const struct pol_list_code *c, struct arena *a, struct pol_report *report)
{
    if (!c->used)
        pol_say_help(pol_say(report, POL_W_UNUSED, c->name.at, "nothing uses this list"),
                     "remove it");
    if (c->count == 0)
        pol_say(report, POL_W_LIST, c->name.at, "this list is empty");
    check_twice(c, a, report);
}

void pol_lint_ages(const struct pol_program *p, int64_t (*changed_s)(void *ctx, const char *file),
                   void *ctx, int64_t now_s, unsigned days, struct pol_report *report)
{
    for (unsigned i = 0; i < p->lists; i++) {
        const struct pol_list_code *l = &p->list[i];
        int64_t at = l->file == NULL ? 0 : changed_s(ctx, l->file->name);

        if (at > 0 && (now_s - at) / DAY > days)
            pol_say_help(pol_say(report, POL_W_LIST, l->name.at,
                                 "its file has not changed for %lld days",
                                 (long long)((now_s - at) / DAY)),
                         "if it is still right, `touch %.200s` says so", l->file->name);
    }
    pol_report_sort(report);
}
