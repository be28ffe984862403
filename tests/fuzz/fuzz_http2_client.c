/* tests/fuzz/fuzz_http2_client.c -- whatever a provider says in HTTP/2.
 *
 * The first byte: whether our test peer greets properly first, how many requests are under way, and
 * whether one is cancelled meanwhile; the second: the size of the pieces; the rest: its frames. */
#include <stdlib.h>

#include "routing/base/buf.h"
#include "routing/base/check.h"
#include "tests/fuzz/fuzz.h"
#include "tests/lib/paper.h"

enum { ASKED_MAX = 8 };

static void greet(struct paper *p)
{
    char mem[64];
    struct buf b = BUF_OF(mem);

    frame_settings(&b, 3, 100);
    frame_put(&b, FRAME_SETTINGS, FLAG_ACK, 0, SPAN(""));
    CHECK(paper_hear(p, buf_span(&b), 0));
    CHECK(px_client_greeted(p->client));
}

static unsigned ask(struct paper *p, struct px_exchange **x, unsigned n)
{
    unsigned i;

    for (i = 0; i < n && px_client_room(p->client) > 0; i++) {
        x[i] = paper_exchange("POST", "/v1/charges", SPAN("{\"amount\":1}"));
        px_client_start(p->client, x[i]);
    }
    return i;
}

/* Each ends once, within the limits; an answer is final. */
static void check_ends(const struct paper *p)
{
    for (unsigned i = 0; i < p->ends; i++) {
        const struct px_exchange *x = p->end[i].x;

        for (unsigned j = 0; j < i; j++)
            CHECK(p->end[j].x != x);
        CHECK(x->body_n <= LIMIT_ANSWER_BODY);
        CHECK(x->header_n_ <= LIMIT_HEADER_BYTES);
        CHECK(x->informational <= LIMIT_INFORMATIONAL + 1);
        if (p->end[i].how == PX_ENDED_ANSWERED) {
            CHECK(x->final);
            CHECK(x->first_at != PX_NOWHERE);
            CHECK(!x->length_told || x->length == x->body_n);
        }
        if (p->end[i].how == PX_ENDED_REFUSED_STREAM)
            CHECK(x->first_at != PX_NOWHERE);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct px_exchange *x[ASKED_MAX] = { NULL };
    struct span bytes = { (const char *)data, n };
    struct paper p;
    unsigned asked = 0;
    bool ok;

    if (n < 2)
        return 0;
    bytes = span_drop(bytes, 2);
    paper_open(&p, px_http2_client_create);
    CHECK(px_client_fill(p.client));
    if (data[0] & 1) {
        greet(&p);
        asked = ask(&p, x, 1 + (data[0] >> 1) % 4);
        if (data[0] & 16)
            CHECK(px_client_fill(p.client));
        if (data[0] & 32 && x[0] != NULL)
            px_client_cancel(p.client, x[0]);
        if ((data[0] & 64) == 0)
            CHECK(px_client_fill(p.client));
    }
    ok = paper_hear(&p, bytes, data[1]) && px_client_fill(p.client);
    check_ends(&p);
    if (ok && px_client_room(p.client) > 0) {
        asked += ask(&p, x + asked, 2);
        ok = px_client_fill(p.client) && paper_hear(&p, bytes, 0) && px_client_fill(p.client);
        check_ends(&p);
    }
    px_client_lost(p.client, PX_LOST_EOF, "eof");
    check_ends(&p);
    CHECK(p.ends + (data[0] & 1 && data[0] & 32 ? 1 : 0) == asked);
    paper_close(&p);
    for (unsigned i = 0; i < ASKED_MAX; i++)
        if (x[i] != NULL)
            paper_free(x[i]);
    return 0;
}
