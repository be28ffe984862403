/* tests/unit/adapter_case.h -- what the adapters' tests share: an account, a payment, an answer. */
#ifndef ADAPTER_CASE_H
#define ADAPTER_CASE_H
#include "tests/unit/unit.h"

#include <stdalign.h>
#include <stdio.h>

#include "proxy/adapters/adapter.h"

static alignas(max_align_t) char case_mem[256 * 1024];
static struct arena case_arena;
static struct secret case_key;
static struct px_message case_request;
static struct diag case_why;

/* Public test numbers and invented ids throughout. */
static struct rt_payment case_payment(void)
{
    struct rt_payment p = { .op = RT_AUTHORIZE,
                            .amount = { 2550, currency_find(SPAN("EUR")) },
                            .method = RT_CARD,
                            .expiry = { 4, 2031 },
                            .brand = RT_VISA,
                            .holder = SPAN("Grace Sample") };

    assert_int_equal(pan_seal(SPAN("4242424242424242"), &p.pan), OK);
    p.cvc = (struct rt_cvc){ 3, { '9', '8', '7', 0 } };
    return p;
}

static struct px_asking case_asking(const struct rt_payment *pay, enum rt_op op)
{
    return (struct px_asking){ .pay = pay,
                               .op = op,
                               .ref = SPAN("at0_TESTREFERENCE"),
                               .key = SPAN("key-1"),
                               .payment_id = op == RT_AUTHORIZE ? SPAN_NONE : SPAN("obj_1") };
}

static enum err case_ask(const struct px_adapter *a, const char *base_path,
                         const struct px_asking *q)
{
    struct px_account acc = { .authority = SPAN("psp.example:8443"),
                              .scheme = SPAN("https"),
                              .base_path = span_str(base_path),
                              .api_key = &case_key,
                              .merchant_account = SPAN("ShopEU"),
                              .processing_channel = SPAN("pc_test") };

    assert_int_equal(secret_set(&case_key, SPAN("sk_unit")), OK);
    arena_init(&case_arena, case_mem, sizeof case_mem, NULL, sizeof case_mem);
    case_why = (struct diag){ .line = 0 };
    return a->ask(&acc, q, &case_arena, &case_request, &case_why);
}

static struct span case_header(const char *name)
{
    return px_header_find(case_request.header, case_request.headers, name);
}

/* header: "Name: value" or NULL */
static struct rt_judgement case_judge(const struct px_adapter *a, const struct px_asking *q,
                                      enum rt_op op, int status, const char *header,
                                      const char *body)
{
    struct px_header h[] = { { .name = SPAN("Content-Type"), .value = SPAN("application/json") },
                             { .name = SPAN_NONE } };
    struct px_answer ans = { .status = status, .header = h, .headers = 1, .body = span_str(body) };
    struct span rest = span_str(header);
    struct rt_judgement j;

    if (header != NULL && span_cut(&rest, ':', &h[1].name)) {
        h[1].value = span_trim(rest);
        ans.headers = 2;
    }
    arena_init(&case_arena, case_mem, sizeof case_mem, NULL, sizeof case_mem);
    memset(&j, 0xAA, sizeof j); /* judge() writes all of it */
    a->judge(q, op, &ans, &case_arena, &j);
    return j;
}

/* In doubt means in doubt in every field that could release money. */
static void assert_doubt(const struct rt_judgement *j)
{
    assert_int_equal(j->outcome, RT_UNKNOWN);
    assert_int_equal(j->executed, RT_EXECUTED_UNKNOWN);
    assert_int_equal(j->state, RT_STATE_IN_DOUBT);
    assert_false(j->retry_other);
}
#endif
