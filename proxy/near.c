/* proxy/near.c */
#include "proxy/near.h"

#include <stddef.h>
#include <string.h>

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Optimal string alignment: three rows of the table are enough. */
unsigned px_near_distance(const char *a, const char *b)
{
    unsigned row[3][PX_NEAR_FAR];
    size_t n = strnlen(a, PX_NEAR_FAR), m = strnlen(b, PX_NEAR_FAR);

    if (n == PX_NEAR_FAR || m == PX_NEAR_FAR)
        return PX_NEAR_FAR;
    for (unsigned k = 0; k <= m; k++)
        row[0][k] = k;
    for (unsigned i = 1; i <= n; i++) {
        unsigned *now = row[i % 3], *before = row[(i + 2) % 3], *swap = row[(i + 1) % 3];

        now[0] = i;
        for (unsigned k = 1; k <= m; k++) {
            unsigned differs = lower(a[i - 1]) != lower(b[k - 1]);

            now[k] = least(before[k - 1] + differs, least(before[k], now[k - 1]) + 1);
            if (i > 1 && k > 1 && lower(a[i - 1]) == lower(b[k - 2]) &&
                lower(a[i - 2]) == lower(b[k - 1]))
                now[k] = least(now[k], swap[k - 2] + 1);
        }
    }
    return row[n % 3][m];
}

const char *px_near(const char *word, const char *const *words, unsigned n)
{
    unsigned best = strlen(word) > 3 ? 3 : 2; /* one more than what is still near */
    const char *found = NULL;

    for (unsigned i = 0; i < n; i++) {
        unsigned d = words[i] == NULL ? PX_NEAR_FAR : px_near_distance(word, words[i]);

        if (d < best) {
            best = d;
            found = words[i];
        }
    }
    return found;
}
