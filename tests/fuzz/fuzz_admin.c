/* tests/fuzz/fuzz_admin.c -- what comes over the admin socket and what stands in an audit log: a
 * wish is read or told why not, and no bytes but our own pass for a line of the chain. */
#include <stddef.h>
#include <string.h>

#include "proxy/admin/chain.h"
#include "proxy/admin/wish.h"
#include "proxy/duration.h"
#include "routing/base/check.h"
#include "tests/fuzz/fuzz.h"

enum { MEMORY = 256 * 1024 };

static void read_wish(struct span body)
{
    static _Alignas(max_align_t) char mem[MEMORY];
    struct px_admin_wish w;
    struct px_trouble why = { .code = PX_TROUBLE_NONE };
    struct px_message m;
    struct arena a;

    arena_init(&a, mem, sizeof mem, NULL, sizeof mem);
    if (px_admin_wish_read(body, &a, &w, &why)) {
        CHECK(w.act != NULL && w.reason != NULL);
        CHECK(w.for_s >= 0 && w.for_s <= 366 * 86400);
        CHECK(w.limit_permille >= 0 && w.limit_permille <= 999);
    } else {
        CHECK(px_trouble_status(why.code) == 400);
        px_trouble_message(&why, &a, &m);
        CHECK(m.body.n > 2);
    }
}

/* The bytes as lines of a log: whatever they are, the chain's next line hangs on the last. */
static void look_at_lines(struct span text)
{
    char room[PX_CHAIN_LINE];
    struct buf b = BUF_OF(room);
    struct px_deed deed = { .actor = "a", .what = "b", .result = "done" };
    struct px_chain c;
    struct span line;

    px_chain_init(&c);
    while (text.n > 0 && span_cut(&text, '\n', &line))
        CHECK(px_chain_word(px_chain_look(&c, line))[0] != '\0');
    CHECK(strlen(c.hash) == PX_CHAIN_HEX);
    if (c.n < INT64_MAX) {
        struct px_chain before = c;

        CHECK(px_chain_add(&c, &deed, &b));
        CHECK(px_chain_look(&before, span_take(buf_span(&b), b.n - 1)) == PX_CHAIN_GOOD);
    }
}

/* What people type: given back as words it means the same. */
static void read_duration(struct span text)
{
    char z[64], shown[32];
    struct buf b = BUF_OF(shown);
    struct diag why = { 0 };
    int64_t ms = 0;

    if (span_copyz(text, z, sizeof z) != OK)
        return;
    if (px_duration_parse(z, &ms, &why) == OK) {
        CHECK(ms >= 1000);
        px_duration_put(ms, &b);
        CHECK(buf_ok(&b));
    } else {
        CHECK(why.text[0] != '\0');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct span text = { (const char *)data, n };

    read_wish(text);
    look_at_lines(text);
    read_duration(text);
    return 0;
}
