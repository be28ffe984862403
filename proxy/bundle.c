/* proxy/bundle.c */
#include "proxy/bundle.h"

#include <stdlib.h>
#include <string.h>

#include "proxy/crypto.h"
#include "routing/base/buf.h"

enum { HEX = 2 * PX_SHA256, LINE = PX_BUNDLE_NAME + 64 };

#define HEAD "signalbox-bundle 1\n"

const struct px_bundle_text *px_bundle_find(const struct px_bundle *b, const char *name)
{
    for (unsigned i = 0; i < b->texts; i++) {
        if (strcmp(b->text[i].name, name) == 0)
            return &b->text[i];
    }
    return NULL;
}

static void digest(struct span bytes, struct buf *out)
{
    unsigned char sum[PX_SHA256];

    px_sha256(bytes, sum);
    buf_hex(out, sum, sizeof sum);
}

/* ---- writing ---- */

static bool good_name(const char *name)
{
    size_t n = strlen(name);

    for (size_t i = 0; i < n; i++) {
        if ((unsigned char)name[i] < ' ' || name[i] == 0x7F)
            return false;
    }
    return n > 0 && n <= PX_BUNDLE_NAME;
}

static enum err size_of(const struct px_bundle *b, size_t *out, struct diag *why)
{
    size_t n = sizeof HEAD + LINE;

    for (unsigned i = 0; i < b->texts; i++) {
        if (!good_name(b->text[i].name)) {
            diag_set(why, "a text of the policy has an unusable name");
            return E_SYNTAX;
        }
        n += LINE + b->text[i].text.n;
    }
    if (b->texts == 0)
        diag_set(why, "no texts");
    else if (n > PX_BUNDLE_BYTES)
        diag_set(why, "the policy and its lists are more than %d MiB", PX_BUNDLE_BYTES >> 20);
    *out = n;
    return b->texts == 0 ? E_SYNTAX : n > PX_BUNDLE_BYTES ? E_LIMIT : OK;
}

enum err px_bundle_write(const struct px_bundle *b, struct px_file *out, struct diag *why)
{
    struct buf to;
    size_t n;
    enum err e = size_of(b, &n, why);
    char *room = e == OK ? malloc(n) : NULL;

    if (e != OK)
        return e;
    if (room == NULL)
        return E_NOMEM;
    to = buf_over(room, n);
    buf_str(&to, HEAD);
    for (unsigned i = 0; i < b->texts; i++) {
        const struct px_bundle_text *t = &b->text[i];

        buf_fmt(&to, "text %lld %zu ", (long long)t->changed_s, t->text.n);
        buf_str(&to, t->name);
        buf_byte(&to, '\n');
        buf_put(&to, t->text);
        buf_byte(&to, '\n');
    }
    n = to.n;
    buf_fmt(&to, "end %u ", b->texts);
    digest((struct span){ room, n }, &to);
    buf_byte(&to, '\n');
    *out = (struct px_file){ .text = buf_span(&to), .read_ = room };
    return OK;
}

/* ---- reading ---- */

static enum err damaged(struct diag *why)
{
    diag_set(why, "it is no bundle of texts, or was damaged");
    return E_SYNTAX;
}

/* The line is the last one, its sum covers everything in front of it. */
static bool ends_well(struct span bytes, struct span line, unsigned texts)
{
    char room[64 + HEX];
    struct buf b = BUF_OF(room);

    buf_fmt(&b, "end %u ", texts);
    digest((struct span){ bytes.p, (size_t)(line.p - bytes.p) }, &b);
    return span_eq(buf_span(&b), line) && line.p + line.n + 1 == bytes.p + bytes.n;
}

static enum err take_text(struct span line, struct span *rest, struct arena *a,
                          struct px_bundle_text *t, struct diag *why)
{
    struct span when, size, name;
    uint64_t n;
    char *z;

    if (!span_cut(&line, ' ', &when) || !span_cut(&line, ' ', &when) ||
        !span_cut(&line, ' ', &size) || span_i64(when, &t->changed_s) != OK ||
        span_u64(size, &n) != OK || n >= rest->n || rest->p[n] != '\n')
        return damaged(why);
    name = line;
    z = arena_str(a, name);
    if (z == NULL || n > PX_BUNDLE_TEXT)
        return E_LIMIT;
    if (!good_name(z) || strlen(z) != name.n)
        return damaged(why);
    t->name = z;
    t->text = span_take(*rest, n);
    *rest = span_drop(*rest, n + 1);
    return OK;
}

enum err px_bundle_read(struct span bytes, struct arena *a, struct px_bundle *out, struct diag *why)
{
    struct span rest = bytes, line;
    enum err e;

    out->texts = 0;
    if (bytes.n > PX_BUNDLE_BYTES) {
        diag_set(why, "it is more than %d MiB", PX_BUNDLE_BYTES >> 20);
        return E_LIMIT;
    }
    if (!span_starts(bytes, HEAD))
        return damaged(why);
    rest = span_drop(rest, sizeof HEAD - 1);
    while (span_cut(&rest, '\n', &line)) {
        if (!span_starts(line, "text "))
            return out->texts > 0 && ends_well(bytes, line, out->texts) ? OK : damaged(why);
        if (out->texts == PX_BUNDLE_TEXTS) {
            diag_set(why, "more than %d texts", PX_BUNDLE_TEXTS);
            return E_LIMIT;
        }
        if ((e = take_text(line, &rest, a, &out->text[out->texts], why)) != OK)
            return e;
        if (px_bundle_find(out, out->text[out->texts].name) != NULL)
            return damaged(why);
        out->texts++;
    }
    return damaged(why);
}
