/* tests/fuzz/fuzz_http1_client.c -- whatever a provider says in HTTP/1.1.
 *
 * The first byte chooses the method and how the connection ends, the second the size of the pieces;
 * the rest is what arrives, over and over to one connection while it takes requests. */
#include <string.h>

#include "routing/base/check.h"
#include "tests/fuzz/fuzz.h"
#include "tests/lib/paper.h"

enum { ROUNDS = 4 };

static void check_end(const struct paper *p, const struct px_exchange *x)
{
    struct px_header header[LIMIT_HEADERS];
    unsigned n = px_exchange_headers(x, header);
    size_t bytes = 0;

    CHECK(p->ends <= 1);
    CHECK(p->ends == 0 || p->end[0].x == x);
    CHECK(x->informational <= LIMIT_INFORMATIONAL + 1);
    CHECK(x->body_n <= LIMIT_ANSWER_BODY);
    CHECK(n <= LIMIT_HEADERS);
    for (unsigned i = 0; i < n; i++)
        bytes += header[i].name.n + header[i].value.n;
    CHECK(bytes <= LIMIT_HEADER_BYTES);
    if (p->ends == 1 && p->end[0].how == PX_ENDED_ANSWERED) {
        CHECK(x->final);
        CHECK(x->status >= 100 && x->status <= 599);
        CHECK(x->status / 100 != 1 || x->status == 101);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char *const method[] = { "POST", "GET", "HEAD", "POST" };
    struct span bytes = { (const char *)data, n };
    struct px_exchange *x[ROUNDS] = { NULL };
    enum px_client_lost how;
    struct paper p;
    size_t piece;

    if (n < 2)
        return 0;
    how = data[0] & 4 ? PX_LOST_EOF : PX_LOST_OTHER;
    piece = data[1];
    bytes = span_drop(bytes, 2);
    paper_open(&p, px_http1_client_create);
    for (unsigned i = 0; i < ROUNDS && px_client_room(p.client) > 0; i++) {
        bool ok;

        x[i] = paper_exchange(method[data[0] & 3], "/", SPAN("{}"));
        px_client_start(p.client, x[i]);
        CHECK(px_client_fill(p.client));
        ok = paper_hear(&p, bytes, piece);
        check_end(&p, x[i]);
        CHECK(ok || px_client_room(p.client) == 0);
        if (!ok || x[i]->client_ != NULL)
            break; /* lost, or still waiting for the rest */
        p.ends = 0;
    }
    p.ends = 0;
    px_client_lost(p.client, how, "eof");
    CHECK(p.ends <= 1);
    paper_close(&p);
    for (unsigned i = 0; i < ROUNDS; i++)
        if (x[i] != NULL)
            paper_free(x[i]);
    return 0;
}
