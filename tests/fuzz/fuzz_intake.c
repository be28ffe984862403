/* tests/fuzz/fuzz_intake.c -- whatever the body, path and key: understood whole, or refused with a
 * field; and never a word of the card number in what is shown.
 *
 * Input: one byte for the route, the key up to the first newline, the body. */
#include <ctype.h>
#include <stdalign.h>
#include <string.h>

#include "proxy/crypto.h"
#include "proxy/intake.h"
#include "proxy/route.h"
#include "routing/base/check.h"
#include "tests/fuzz/fuzz.h"

static alignas(max_align_t) char mem[1024 * 1024];

/* No twelve digits in a row: that is the shortest card number. */
static void must_be_showable(const char *z)
{
    unsigned digits = 0;

    for (; *z != '\0'; z++) {
        CHECK(*z >= ' ' && *z <= '~');
        digits = isdigit((unsigned char)*z) ? digits + 1 : 0;
        CHECK(digits <= 12); /* "at most 999999999999 minor units" */
    }
}

static void must_be_a_fault(const struct px_fault *f)
{
    CHECK(f->code > PX_FAULT_NONE && f->code < PX_FAULTS_);
    CHECK(px_fault_status(f->code) >= 400 && px_fault_status(f->code) < 500);
    must_be_showable(f->field);
    must_be_showable(f->text);
    must_be_showable(f->help);
}

static void must_be_whole(const struct px_wish *w)
{
    static struct px_hmac *secret;
    unsigned char mac[PX_DIGEST];
    const struct rt_payment *p = &w->pay;

    if (secret == NULL)
        secret = px_hmac_create(SPAN("fuzz"));
    px_intake_fingerprint(w, secret, mac);
    CHECK(w->key.n >= 1 && w->key.n <= LIMIT_IDEMPOTENCY_KEY);
    CHECK(p->metadata_n <= LIMIT_METADATA && p->tokens <= LIMIT_PROVIDERS);
    CHECK(p->order.n <= LIMIT_TEXT);
    if (w->route != PX_ROUTE_CREATE)
        return;
    CHECK(p->amount.minor > 0 && p->amount.cur != CURRENCY_NONE);
    CHECK((p->pan.len == 0) == (p->method == RT_PROVIDER_TOKEN));
    CHECK((p->tokens > 0) == (p->method == RT_PROVIDER_TOKEN));
    CHECK(p->cvc.len == 0 || p->method == RT_CARD);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct px_wish wish;
    struct span rest = { (const char *)data, n }, key = SPAN_NONE;
    struct px_header header[2] = { { .name = SPAN("content-type"),
                                     .value = SPAN("application/json") },
                                   { .name = SPAN("idempotency-key") } };
    struct px_asked q = { .header = header, .headers = 2, .year = 2026, .month = 10 };
    struct px_fault fault = { 0 };
    enum px_route route;
    struct arena a;
    struct span id;

    if (n == 0)
        return 0;
    q.route = data[0] % PX_ROUTES_;
    rest = span_drop(rest, 1);
    if (!span_cut(&rest, '\n', &key))
        return 0;
    header[1].value = key;
    q.body = rest;
    if (!px_route_find(SPAN("POST"), key, &route, &id, &fault))
        must_be_a_fault(&fault);
    arena_init(&a, mem, sizeof mem, NULL, sizeof mem);
    if (!px_intake(&q, &a, &wish, &fault))
        must_be_a_fault(&fault);
    else if (px_route_writes(q.route))
        must_be_whole(&wish);
    arena_fini(&a);
    return 0;
}
