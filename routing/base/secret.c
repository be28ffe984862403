/* routing/base/secret.c */
#include "routing/base/secret.h"

#include <string.h>

enum err secret_set(struct secret *s, struct span bytes)
{
    if (bytes.n > SECRET_MAX)
        return E_LIMIT;
    secret_clear(s);
    if (bytes.n > 0)
        memcpy(s->byte_, bytes.p, bytes.n);
    s->n_ = bytes.n;
    return OK;
}

struct span secret_reveal(const struct secret *s)
{
    return (struct span){ (const char *)s->byte_, s->n_ };
}

bool secret_none(const struct secret *s)
{
    return s->n_ == 0;
}

void secret_clear(struct secret *s)
{
    secret_wipe(s, sizeof *s);
}

void secret_wipe(void *p, size_t n)
{
    if (n == 0)
        return;
    memset(p, 0, n);
    __asm__ volatile("" : : "r"(p) : "memory"); /* the compiler must believe somebody looks */
}

bool secret_equal(struct span a, struct span b)
{
    unsigned char differs = 0;

    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++)
        differs = (unsigned char)(differs | ((unsigned char)a.p[i] ^ (unsigned char)b.p[i]));
    return differs == 0;
}
