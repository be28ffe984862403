/* tests/fuzz/fuzz_judge.c -- whatever a provider answers, each adapter's judgement hangs together,
 * and only a well-formed answer can release money.
 *
 * Input: one byte for status and operation, one for the headers, the body. */
#include <stdalign.h>
#include <string.h>

#include "proxy/adapters/adapter.h"
#include "proxy/adapters/webhook.h"
#include "routing/base/check.h"
#include "routing/base/json.h"
#include "tests/fuzz/fuzz.h"

static alignas(max_align_t) char mem[1024 * 1024];

static bool well_formed(struct span text)
{
    static struct json j;
    enum json_tok t;

    json_init(&j, text);
    while ((t = json_next(&j)) != JSON_DONE && t != JSON_ERROR) {
    }
    return t == JSON_DONE;
}

static bool ends(const char *z, size_t room)
{
    return memchr(z, '\0', room) != NULL;
}

static void must_hang_together(const struct rt_judgement *j)
{
    CHECK(j->outcome <= RT_INFO && j->executed <= RT_EXECUTED_NO);
    CHECK(j->state < RT_STATES_ && j->code < RT_CODES_ && j->same_key <= RT_SAME_KEY_AFTER_WAIT);
    CHECK(ends(j->payment_id, sizeof j->payment_id) && ends(j->op_id, sizeof j->op_id));
    CHECK(ends(j->network_txn_id, sizeof j->network_txn_id));
    CHECK(ends(j->raw_code, sizeof j->raw_code) && ends(j->iso8583, sizeof j->iso8583));
    CHECK(ends(j->mac, sizeof j->mac) && ends(j->cvc, sizeof j->cvc) &&
          ends(j->avs, sizeof j->avs));
    CHECK(j->retry_after_ms >= 0);
    if (j->outcome == RT_UNKNOWN) {
        CHECK(j->executed == RT_EXECUTED_UNKNOWN);
        CHECK(!j->retry_other);
    }
    if (j->outcome == RT_APPROVED || j->outcome == RT_ACTION_REQUIRED || j->outcome == RT_PENDING)
        CHECK(j->executed == RT_EXECUTED_YES);
}

/* A released attempt lets the next provider be asked: it wants a reason in the provider's words. */
static void must_be_earned(const struct rt_judgement *j, enum rt_op op, const struct px_answer *ans)
{
    bool json = well_formed(ans->body);

    if (j->bound)
        CHECK(json && j->outcome != RT_INFO);
    if (j->outcome == RT_APPROVED || j->outcome == RT_PENDING || j->outcome == RT_ACTION_REQUIRED)
        CHECK(json);
    if (j->outcome == RT_APPROVED && op == RT_AUTHORIZE)
        CHECK(j->payment_id[0] != '\0' && ans->status >= 200 && ans->status <= 201);
    if (j->outcome == RT_DECLINED || j->outcome == RT_ERROR)
        CHECK(json || (ans->body.n == 0 && ans->status >= 400 && ans->status < 500));
    if (ans->status >= 500)
        CHECK(j->outcome == RT_UNKNOWN);
    if (ans->earlier_unanswered && ans->status == 429 && op != RT_INQUIRE)
        CHECK(j->outcome == RT_UNKNOWN);
}

static void judge(const struct px_adapter *a, const struct px_asking *q, enum rt_op op,
                  const struct px_answer *ans)
{
    struct arena arena;
    struct rt_judgement j;

    arena_init(&arena, mem, sizeof mem, NULL, sizeof mem);
    memset(&j, 0xA5, sizeof j);
    a->judge(q, op, ans, &arena, &j);
    must_hang_together(&j);
    must_be_earned(&j, op, ans);
    arena_init(&arena, mem, sizeof mem, NULL, sizeof mem);
    a->judge_token(ans, &arena, &j);
    must_hang_together(&j);
}

static void hear(const struct px_adapter *a, struct span body, const struct px_header *h)
{
    static struct px_news news[PX_NEWS_MAX];
    struct px_hook hook = { .header = h, .headers = 1, .body = body };
    struct arena arena;
    unsigned n;

    for (unsigned checked = 0; checked < 2; checked++) {
        arena_init(&arena, mem, sizeof mem, NULL, sizeof mem);
        hook.secret = checked ? SPAN("00ff") : SPAN_NONE;
        n = px_webhook_read(a, &hook, &arena, news, PX_NEWS_MAX);
        CHECK(n >= 1 && n <= PX_NEWS_MAX);
        for (unsigned i = 0; i < n; i++) {
            must_hang_together(&news[i].judged);
            CHECK(ends(news[i].dedupe_id, sizeof news[i].dedupe_id));
            if (checked) /* nobody can guess the signature */
                CHECK(news[i].signature == PX_INVALID && news[i].judged.outcome == RT_INFO);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const int status[] = { 200, 201, 202, 204, 302, 400, 401, 402,
                                  403, 404, 409, 422, 429, 500, 502, 503 };
    static const char *const names[] = { "transient-error", "stripe-should-retry", "retry-after",
                                         "content-type" };
    static const char *const values[] = { "true", "false", "17", "text/html" };
    struct rt_payment pay = { .amount = { 2550, currency_find(SPAN("EUR")) } };
    struct px_asking q = { .pay = &pay, .ref = SPAN("at0_F"), .payment_id = SPAN("obj_1") };
    const struct px_adapter *const *all;
    struct px_header h;
    struct px_answer ans;
    unsigned adapters;

    if (n < 2)
        return 0;
    h = (struct px_header){ .name = span_str(names[data[1] & 3]),
                            .value = span_str(values[data[1] >> 2 & 3]) };
    ans = (struct px_answer){ .status = status[data[0] & 15],
                              .header = &h,
                              .headers = data[1] >> 4 & 1,
                              .body = { (const char *)data + 2, n - 2 },
                              .earlier_unanswered = (data[1] >> 5 & 1) != 0 };
    all = px_adapters(&adapters);
    for (unsigned i = 0; i < adapters; i++) {
        enum rt_op op = (enum rt_op)((data[0] >> 4) % RT_OPS_);

        q.op = op;
        pay.op = op == RT_INQUIRE ? (enum rt_op)((data[1] >> 6) % RT_OPS_) : op;
        judge(all[i], NULL, op, &ans);
        judge(all[i], &q, op, &ans);
        hear(all[i], ans.body, &h);
    }
    return 0;
}
