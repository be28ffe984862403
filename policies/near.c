/* policies/near.c -- did you mean …? */
#include "policies/diag.h"

enum { WORD_MAX = 48 };

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Optimal string alignment: three rows of the table are enough. */
unsigned pol_distance(struct span a, struct span b, unsigned cap)
{
    unsigned row[3][WORD_MAX + 1];

    if (a.n > WORD_MAX || b.n > WORD_MAX || a.n > b.n + cap || b.n > a.n + cap)
        return cap;
    for (unsigned k = 0; k <= b.n; k++)
        row[0][k] = k;
    for (unsigned i = 1; i <= a.n; i++) {
        unsigned *now = row[i % 3], *above = row[(i + 2) % 3], *swap = row[(i + 1) % 3];

        now[0] = i;
        for (unsigned k = 1; k <= b.n; k++) {
            unsigned differs = lower(a.p[i - 1]) != lower(b.p[k - 1]);

            now[k] = least(above[k - 1] + differs, least(above[k], now[k - 1]) + 1);
            if (i > 1 && k > 1 && lower(a.p[i - 1]) == lower(b.p[k - 2]) &&
                lower(a.p[i - 2]) == lower(b.p[k - 1]))
                now[k] = least(now[k], swap[k - 2] + 1);
        }
    }
    return least(row[a.n % 3][b.n], cap);
}

struct pol_near pol_near_init(struct span word)
{
    return (struct pol_near){ .word = word, .best = SPAN_NONE, .distance = word.n > 3 ? 3 : 2 };
}

void pol_near_offer(struct pol_near *n, struct span candidate)
{
    unsigned d = pol_distance(n->word, candidate, n->distance);

    if (d < n->distance) {
        n->distance = d;
        n->best = candidate;
    }
}

bool pol_near_found(const struct pol_near *n)
{
    return n->best.p != NULL;
}
