/* tests/fuzz/fuzz_bundle.c -- texts of policies as they are sent and kept, and lines of their
 * history: what can be read is written as it was read. Input: one byte (how many texts the end
 * speaks of), then the bytes in front of the end, or a line. */
#include <stdlib.h>
#include <string.h>

#include "proxy/bundle.h"
#include "proxy/clock.h"
#include "proxy/crypto.h"
#include "proxy/note.h"
#include "routing/base/check.h"
#include "routing/base/json.h"
#include "tests/fuzz/fuzz.h"

enum { NAMES = 1 << 20, LINE = 16384 };

static void bundle(struct span bytes)
{
    struct px_bundle *b = malloc(sizeof *b);
    struct px_file again = { .read_ = NULL };
    struct diag why = { 0 };
    struct arena a;

    CHECK(b != NULL);
    arena_init(&a, NULL, 0, px_heap(), NAMES);
    if (px_bundle_read(bytes, &a, b, &why) == OK) {
        CHECK(b->texts > 0 && b->texts <= PX_BUNDLE_TEXTS);
        for (unsigned i = 0; i < b->texts; i++)
            CHECK(px_bundle_find(b, b->text[i].name) == &b->text[i]);
        CHECK(px_bundle_write(b, &again, &why) == OK);
        CHECK(again.text.n <= bytes.n); /* numbers may have had leading zeros */
        CHECK(px_bundle_read(again.text, &a, b, &why) == OK);
    }
    px_file_close(&again);
    arena_fini(&a);
    free(b);
}

/* With an end that is right, so that what stands in front of it is looked at. */
static void ended(struct span front, unsigned texts)
{
    unsigned char sum[PX_SHA256];
    char *room = malloc(front.n + 128);
    struct buf b = buf_over(room, front.n + 128);

    CHECK(room != NULL);
    buf_put(&b, front);
    px_sha256(front, sum);
    buf_fmt(&b, "end %u ", texts);
    buf_hex(&b, sum, sizeof sum);
    buf_byte(&b, '\n');
    CHECK(buf_ok(&b));
    bundle(buf_span(&b));
    free(room);
}

static void line(struct span text)
{
    struct px_note one, two;
    char room[LINE];
    struct buf b = BUF_OF(room);
    struct json_out o = json_to(&b);

    if (px_note_read(text, &one) != OK)
        return;
    px_note_print(&one, &o);
    CHECK(buf_ok(&b));
    CHECK(px_note_read(buf_span(&b), &two) == OK);
    CHECK(one.revision == two.revision && one.act == two.act && one.at_ms == two.at_ms);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct span s;

    if (n < 1)
        return 0;
    s = (struct span){ (const char *)data + 1, n - 1 };
    line(s);
    bundle(s);
    ended(s, data[0] % 8);
    return 0;
}
