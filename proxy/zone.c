/* proxy/zone.c */
#include "proxy/zone.h"

#include <stdio.h>
#include <string.h>

#include "proxy/file.h"

enum { HEAD = 44, ZONE_BYTES = 256 * 1024, TYPE_BYTES = 6, TYPES_MAX = 256 };

/* 2035-01-01: a file that names its changes up to here needs no rule for longer than we run. */
static const int64_t far_s = 2051222400;

static uint64_t big(const char *p, unsigned n)
{
    uint64_t v = 0;

    for (unsigned i = 0; i < n; i++)
        v = v << 8 | (unsigned char)p[i];
    return v;
}

/* One header's counts, and the length of the block behind it. */
struct block {
    uint32_t isut, isstd, leaps, times, types, chars;
    size_t n;
};

static bool head_of(struct span s, unsigned wide, struct block *b)
{
    if (s.n < HEAD || memcmp(s.p, "TZif", 4) != 0 || s.p[4] < '2')
        return false;
    b->isut = (uint32_t)big(s.p + 20, 4);
    b->isstd = (uint32_t)big(s.p + 24, 4);
    b->leaps = (uint32_t)big(s.p + 28, 4);
    b->times = (uint32_t)big(s.p + 32, 4);
    b->types = (uint32_t)big(s.p + 36, 4);
    b->chars = (uint32_t)big(s.p + 40, 4);
    if (b->times > ZONE_BYTES || b->types > TYPES_MAX || b->types == 0 || b->chars > ZONE_BYTES ||
        b->leaps > ZONE_BYTES || b->isut > TYPES_MAX || b->isstd > TYPES_MAX)
        return false;
    b->n = (size_t)b->times * (wide + 1) + (size_t)b->types * TYPE_BYTES + b->chars +
           (size_t)b->leaps * (wide + 4) + b->isstd + b->isut;
    return s.n - HEAD >= b->n;
}

static bool read_block(struct span s, const struct block *b, struct arena *a, struct px_zone *z)
{
    int64_t *at = ARENA_NEWS(a, int64_t, b->times + 1);
    int32_t *offset = ARENA_NEWS(a, int32_t, b->times + 1), type[TYPES_MAX];
    const char *index = s.p + (size_t)b->times * 8, *types = index + b->times;

    if (at == NULL || offset == NULL)
        return false;
    for (uint32_t i = 0; i < b->types; i++)
        type[i] = (int32_t)(uint32_t)big(types + (size_t)i * TYPE_BYTES, 4);
    for (uint32_t i = 0; i < b->times; i++) {
        unsigned t = (unsigned char)index[i];

        at[i] = (int64_t)big(s.p + (size_t)i * 8, 8);
        if (t >= b->types || (i > 0 && at[i] <= at[i - 1]))
            return false;
        offset[i] = type[t];
    }
    *z = (struct px_zone){ .at_ = at, .offset_ = offset, .n_ = b->times, .before_ = type[0] };
    return true;
}

/* Does the text behind the last block speak of summer time that the block does not name? */
static bool needs_rule(struct span footer, const struct px_zone *z)
{
    bool summer = footer.n > 0 && memchr(footer.p, ',', footer.n) != NULL;

    return summer && (z->n_ == 0 || z->at_[z->n_ - 1] < far_s);
}

bool px_zone_parse(struct span file, struct arena *a, struct px_zone *out)
{
    struct px_zone z;
    struct block b;

    if (!head_of(file, 4, &b)) /* the block for 32 bits is passed over */
        return false;
    file = span_drop(file, HEAD + b.n);
    if (!head_of(file, 8, &b))
        return false;
    file = span_drop(file, HEAD);
    if (!read_block(file, &b, a, &z) || needs_rule(span_drop(file, b.n), &z))
        return false;
    *out = z;
    return true;
}

bool px_zone_read(const char *name, struct arena *a, struct px_zone *out)
{
    struct px_file file = { 0 };
    struct diag why;
    char path[256];
    bool ok;

    if (name[0] == '/' || name[0] == '.' || strstr(name, "..") != NULL ||
        snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", name) >= (int)sizeof path)
        return false;
    if (px_file_read(path, ZONE_BYTES, &file, &why) != OK)
        return false;
    ok = px_zone_parse(file.text, a, out);
    px_file_close(&file);
    return ok;
}

int32_t px_zone_offset(const struct px_zone *z, int64_t unix_s)
{
    uint32_t from = 0, n = z->n_;

    while (n > 0) {
        uint32_t half = n - n / 2;

        from += z->at_[from + half - 1] <= unix_s ? half : 0;
        n /= 2;
    }
    return from == 0 ? z->before_ : z->offset_[from - 1];
}
