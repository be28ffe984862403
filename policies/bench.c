/* policies/bench.c -- arrays that grow, and sorting: what compiling needs and eval does not. */
#include <string.h>

#include "policies/inside.h"
#include "routing/base/check.h"

void *pol_push(struct pol_bench *b, struct pol_vec *v, size_t size)
{
    uint32_t cap = v->cap == 0 ? 16 : v->cap * 2;
    void *bigger;

    CHECK(size <= sizeof b->scratch);
    if (v->n == v->cap && !b->no_memory) {
        bigger = cap > (1U << 26) ? NULL : arena_alloc(b->arena, size * cap);
        if (bigger == NULL) {
            b->no_memory = true;
        } else {
            if (v->n > 0)
                memcpy(bigger, v->p, size * v->n);
            v->p = bigger;
            v->cap = cap;
        }
    }
    if (b->no_memory)
        return memset(b->scratch, 0, sizeof b->scratch);
    return memset((char *)v->p + size * v->n++, 0, size);
}

uint32_t pol_add_text(struct pol_bench *b, struct span s)
{
    *(struct span *)pol_push(b, &b->text, sizeof s) = s;
    return b->text.n == 0 ? 0 : b->text.n - 1;
}

const char *pol_z(struct pol_bench *b, struct span s)
{
    const char *z = arena_str(b->arena, s);

    if (z == NULL)
        b->no_memory = true;
    return z == NULL ? "" : z;
}

bool pol_is_broken(const struct pol_bench *b, enum pol_item_kind kind, struct span name)
{
    for (const struct pol_broken *x = b->broken; x != NULL; x = x->next) {
        if (x->kind == kind && span_eq(x->name, name))
            return true;
    }
    return false;
}

static bool less(const struct pol_pair *a, const struct pol_pair *b)
{
    return a->lo != b->lo ? a->lo < b->lo : a->hi < b->hi;
}

static void sift(struct pol_pair *p, size_t root, size_t n)
{
    for (size_t kid; (kid = 2 * root + 1) < n; root = kid) {
        struct pol_pair x = p[root];

        if (kid + 1 < n && less(&p[kid], &p[kid + 1]))
            kid++;
        if (!less(&x, &p[kid]))
            return;
        p[root] = p[kid];
        p[kid] = x;
    }
}

/* Heap sort: no memory, no bad case. */
void pol_sort_pairs(struct pol_pair *p, size_t n)
{
    for (size_t i = n / 2; i-- > 0;)
        sift(p, i, n);
    for (size_t end = n; end-- > 1;) {
        struct pol_pair x = p[0];

        p[0] = p[end];
        p[end] = x;
        sift(p, 0, end);
    }
}
