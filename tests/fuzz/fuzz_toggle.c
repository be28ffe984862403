/* tests/fuzz/fuzz_toggle.c -- an operator's word as Redis and the state folder give it back: what
 * is taken can be written and is taken again as the same. */
#include <string.h>

#include "proxy/toggle_file.h"
#include "routing/base/check.h"
#include "tests/fuzz/fuzz.h"

static void same(const struct px_toggle *a, const struct px_toggle *b)
{
    CHECK(a->admin == b->admin);
    CHECK(a->limit_permille == b->limit_permille);
    CHECK(a->ops_all == b->ops_all);
    CHECK(strcmp(a->actor, b->actor) == 0);
    CHECK(strcmp(a->reason, b->reason) == 0);
}

static void again(const struct px_toggle *t)
{
    char text[PX_TOGGLE_TEXT], sentence[256];
    struct buf b = BUF_OF(text), s = BUF_OF(sentence);
    struct px_toggle back;

    CHECK(t->set_ms > 0);
    CHECK(t->until_ms >= 0);
    px_toggle_write(t, &b);
    CHECK(buf_ok(&b));
    CHECK(px_toggle_read(buf_span(&b), t->set_ms, t->until_ms, &back) == OK);
    same(t, &back);
    CHECK(!px_toggle_is_newer(t, &back));
    px_toggle_sentence(t, &s);
    CHECK(buf_ok(&s));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct px_toggle_kept kept[LIMIT_PROVIDERS];
    struct span text = { (const char *)data, n };
    struct px_toggle t;
    unsigned many;

    if (px_toggle_read(text, 1, 0, &t) == OK)
        again(&t);
    if (px_toggle_parse(text, kept, &many) == OK)
        for (unsigned i = 0; i < many; i++)
            again(&kept[i].toggle);
    else
        CHECK(many == 0);
    return 0;
}
