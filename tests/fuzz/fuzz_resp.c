/* tests/fuzz/fuzz_resp.c -- whatever a Redis (or somebody in its place) answers: the same values,
 * and the same end, however the bytes were cut. Input: one byte for the cut, the answer. */
#include "proxy/resp_codec.h"
#include "routing/base/check.h"
#include "tests/fuzz/fuzz.h"

struct heard {
    unsigned values;
    uint64_t bytes;
    enum err end;
};

static uint64_t walk(const struct px_resp_value *v)
{
    uint64_t sum = 1 + v->text.n;

    CHECK(v->kind <= PX_RESP_ARRAY);
    CHECK(v->n == 0 || v->kind == PX_RESP_ARRAY);
    for (size_t i = 0; i < v->text.n; i++)
        sum += (unsigned char)v->text.p[i];
    for (unsigned i = 0; i < v->n; i++) {
        CHECK(v->item[i] != NULL);
        CHECK(px_resp_array_at(v, i) == NULL || px_resp_text_at(v, i).n == 0);
        sum += walk(v->item[i]);
    }
    return sum;
}

static void feed(struct px_resp_reader *r, struct span s, struct heard *h)
{
    struct px_resp_value *v;

    if (h->end != OK || !px_resp_feed(r, s))
        return;
    while ((h->end = px_resp_next(r, &v)) == OK && v != NULL) {
        h->values++;
        h->bytes += walk(v);
        px_resp_free(v);
    }
}

static struct heard hear(struct span s, size_t cut)
{
    struct px_resp_reader *r = px_resp_reader_create(1 << 20);
    struct heard h = { .end = OK };

    CHECK(r != NULL);
    feed(r, span_take(s, cut), &h);
    feed(r, span_drop(s, cut), &h);
    px_resp_reader_destroy(r);
    return h;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct heard whole, cut;
    struct span s;

    if (n < 2)
        return 0;
    s = (struct span){ (const char *)data + 1, n - 1 };
    whole = hear(s, s.n);
    cut = hear(s, data[0] % s.n);
    CHECK(whole.values == cut.values && whole.bytes == cut.bytes && whole.end == cut.end);
    return 0;
}
