/* proxy/cmd_adapter_judge.c -- `signalbox adapter judge`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/cli.h"
#include "proxy/cmd_adapter.h"
#include "proxy/cmd_adapter_exchange.h"
#include "routing/base/secret.h"

enum { MEMORY = 16 * 1024 * 1024 };

/* ---- a conclusion as JSON ---- */

static void put_span(json_t *o, const char *name, struct span text)
{
    if (text.n > 0)
        (void)json_object_set_new(o, name, json_stringn(text.p, text.n));
}

static void put_minor(json_t *o, const char *name, struct money m)
{
    if (m.cur != CURRENCY_NONE && m.minor > 0)
        (void)json_object_set_new(o, name, json_integer(m.minor));
}

static struct money released(const struct px_exchange *x, const struct rt_judgement *j)
{
    struct money rest = { 0, CURRENCY_NONE };

    if (x->op != RT_CAPTURE || j->state != RT_STATE_CAPTURED || j->captured.cur == CURRENCY_NONE ||
        j->capturable.minor > 0 || money_sub(j->amount, j->captured, &rest) != OK)
        rest = (struct money){ 0, CURRENCY_NONE };
    return rest;
}

static void put_money(json_t *o, const struct px_exchange *x, const struct rt_judgement *j)
{
    const struct money any[] = { j->amount, j->captured, j->refunded };
    struct money m = j->amount;

    if (m.cur == CURRENCY_NONE && x->asked && !x->pay.full &&
        (x->op == RT_CAPTURE || x->op == RT_REFUND))
        m = x->pay.amount;
    if (m.cur != CURRENCY_NONE || m.minor > 0)
        (void)json_object_set_new(o, "amount", json_integer(m.minor));
    put_minor(o, "captured", j->captured);
    put_minor(o, "refunded", j->refunded);
    put_minor(o, "released", released(x, j));
    put_minor(o, "capturable", j->capturable);
    for (unsigned i = 0; i < 3; i++) {
        if (any[i].cur != CURRENCY_NONE) {
            px_adapter_put(o, "currency", currency_code(any[i].cur));
            return;
        }
    }
}

static void put_ids(json_t *o, const struct rt_judgement *j, bool refund)
{
    const char *name = j->state == RT_STATE_TOKENIZED ? "provider_token"
                       : refund                       ? "refund_id"
                                                      : "provider_op_id";

    px_adapter_put(o, "provider_payment_id", j->payment_id);
    px_adapter_put(o, name, j->op_id);
    px_adapter_put(o, "network_txn_id", j->network_txn_id);
}

/* May another provider be asked now? Only for an authorisation, only from a closed attempt. */
static bool failover_allowed(const struct px_exchange *x, const struct rt_judgement *j)
{
    bool closed = j->state == RT_STATE_DECLINED || j->state == RT_STATE_REQUIRES_SCA ||
                  j->state == RT_STATE_NOT_EXECUTED || j->state == RT_STATE_VOIDED;

    return x->op == RT_AUTHORIZE && !x->tokenize && j->outcome != RT_UNKNOWN && closed &&
           j->retry_other;
}

/* What the resolver does with an attempt in doubt. */
static const char *next_step(const struct px_exchange *x, const struct rt_judgement *j)
{
    const struct rt_promises *p = &x->adapter->promises;

    if (j->outcome != RT_UNKNOWN || x->op == RT_INQUIRE)
        return "";
    if (j->same_key != RT_SAME_KEY_NO && !j->inquire_first)
        return "repeat_same_key";
    if (p->finds_by_id && j->payment_id[0] != '\0')
        return "inquiry_by_id";
    if (p->finds_by_reference)
        return "inquiry_by_reference";
    return x->op == RT_AUTHORIZE ? "cancel_by_reference" : "operator";
}

static json_t *conclusion(const struct px_exchange *x, const struct rt_judgement *j, bool refund)
{
    json_t *o = json_object();

    px_adapter_put(o, "outcome", rt_outcome_name(j->outcome));
    px_adapter_put(o, "state", rt_state_name(j->state));
    px_adapter_put(o, "executed", rt_executed_name(j->executed));
    px_adapter_put_reason(o, j);
    if (x->occasion != PX_ON_WEBHOOK) {
        px_adapter_put_bool(o, "failover_allowed", failover_allowed(x, j));
        px_adapter_put_bool(o, "retry_same_key", j->same_key != RT_SAME_KEY_NO);
    }
    put_ids(o, j, refund);
    put_money(o, x, j);
    px_adapter_put(o, "cvc", j->cvc);
    px_adapter_put(o, "avs", j->avs);
    if (j->redirect_url.n > 0)
        px_adapter_put_bool(o, "redirect_url", true);
    if (j->replayed)
        px_adapter_put_bool(o, "replayed", true);
    if (x->op == RT_INQUIRE && x->occasion == PX_ON_ANSWER)
        px_adapter_put_bool(o, "conclusive", !j->inconclusive);
    if (j->matches >= 0)
        (void)json_object_set_new(o, "matches", json_integer(j->matches));
    if (j->alarm)
        px_adapter_put_bool(o, "alarm", true);
    px_adapter_put(o, "next", next_step(x, j));
    return o;
}

/* ---- what happened, judged ---- */

/* No answer at all. An earlier copy takes the worth out of any proof about this one. */
static void judge_event(const struct px_exchange *x, struct rt_judgement *j)
{
    const struct rt_promises *p = &x->adapter->promises;
    bool repeatable = p->keeps_keys_s > 0 || x->op == RT_INQUIRE;

    *j = (struct rt_judgement){ .state = RT_STATE_IN_DOUBT, .matches = -1 };
    j->same_key = repeatable ? RT_SAME_KEY_YES : RT_SAME_KEY_NO;
    j->alarm = !x->event_known;
    if (x->asked && x->q.payment_id.n <= LIMIT_REF)
        memcpy(j->payment_id, x->q.payment_id.p ? x->q.payment_id.p : "", x->q.payment_id.n);
    if (x->op == RT_INQUIRE) {
        j->inconclusive = true;
    } else if (x->proof != PX_PROVES_NOTHING && !x->earlier_unanswered) {
        j->outcome = RT_ERROR;
        j->executed = RT_EXECUTED_NO;
        j->state = RT_STATE_NOT_EXECUTED;
        j->retry_other = true;
    }
}

static void judge_answer(const struct px_exchange *x, struct rt_judgement *j)
{
    if (x->tokenize)
        x->adapter->judge_token(&x->answer, x->arena, j);
    else
        x->adapter->judge(x->asked ? &x->q : NULL, x->op, &x->answer, x->arena, j);
}

static json_t *judge(const struct px_exchange *x)
{
    struct rt_judgement j;

    if (x->occasion == PX_ON_EVENT)
        judge_event(x, &j);
    else
        judge_answer(x, &j);
    return conclusion(x, &j, x->op == RT_REFUND);
}

static const char *signature_word(enum px_signature s)
{
    switch (s) {
    case PX_UNCHECKED: return "unchecked";
    case PX_VALID: return "valid";
    case PX_INVALID: return "invalid";
    }
    return "unchecked";
}

static json_t *news_json(const struct px_exchange *x, const struct px_news *n)
{
    json_t *o = conclusion(x, &n->judged, n->refund);

    px_adapter_put(o, "dedupe_id", n->dedupe_id);
    put_span(o, "reason", n->reason);
    px_adapter_put(o, "signature", signature_word(n->signature));
    return o;
}

/* ---- judge ---- */

struct run {
    const struct px_cli *cli;
    char *secret; /* NULL: signatures are not checked */
    int64_t now_s;
    bool now_given, check;
    int exit;
};

static void compare(struct run *r, const char *name, json_t *expect, json_t *got)
{
    const char *key;
    json_t *want;

    json_object_foreach(expect, key, want)
    {
        json_t *have = json_object_get(got, key);
        char *a, *b;

        if (have != NULL && json_equal(have, want))
            continue;
        a = json_dumps(want, JSON_ENCODE_ANY);
        b = have != NULL ? json_dumps(have, JSON_ENCODE_ANY) : NULL;
        r->exit = px_cli_fail(r->cli, PX_NO, "%s: %s: expected %s, got %s", name, key,
                              a != NULL ? a : "?", b != NULL ? b : "nothing");
        free(a);
        free(b);
    }
}

/* Takes o. One line each; the name leads where there are several. */
static void print(struct run *r, const struct px_exchange *x, const char *name, json_t *o)
{
    json_t *line = json_object();
    char *text;

    if (r->check)
        compare(r, name, json_object_get(x->doc, "expect"), o);
    if (r->cli->operands > 1)
        px_adapter_put(line, "file", name);
    (void)json_object_update(line, o);
    text = json_dumps(line, JSON_COMPACT);
    if (text != NULL && !r->check)
        puts(text);
    free(text);
    json_decref(line);
    json_decref(o);
}

/* A recording is judged at the time it was made: the age of its signature is checked against --now
 * or the time it names, and else not at all. */
static void judge_webhook(struct run *r, struct px_exchange *x, const char *name)
{
    struct px_news news[PX_NEWS_MAX];
    bool timed = r->now_given || x->recorded_s > 0;
    unsigned n;

    if (r->secret != NULL && x->bytes_exact)
        x->hook.secret = span_trim(span_str(r->secret));
    x->hook.now_s = r->now_given ? r->now_s : x->recorded_s;
    x->hook.tolerance_s = timed ? x->tolerance_s : 0;
    n = px_webhook_read(x->adapter, &x->hook, x->arena, news, PX_NEWS_MAX);
    for (unsigned i = 0; i < n; i++)
        print(r, x, name, news_json(x, &news[i]));
}

static void refuse(struct run *r, const char *name, const struct diag *why)
{
    char place[32] = "";

    if (why->line > 0)
        (void)snprintf(place, sizeof place, ":%u:%u", why->line, why->col);
    r->exit = px_cli_fail(r->cli, PX_NO, "%s%s: %s", name, place, why->text);
    if (why->help[0] != '\0')
        (void)fprintf(stderr, "help: %s\n", why->help);
}

static void judge_text(struct run *r, const char *name, struct span text, struct arena *a)
{
    struct diag why = { 0 };
    struct px_exchange x;

    if (px_exchange_read(&x, a, text.p, text.n, &why) != OK)
        refuse(r, name, &why);
    else if (r->check && !json_is_object(json_object_get(x.doc, "expect")))
        r->exit = px_cli_fail(r->cli, PX_NO, "%s: there is no \"expect\" to check", name);
    else if (x.occasion == PX_ON_WEBHOOK)
        judge_webhook(r, &x, name);
    else
        print(r, &x, name, judge(&x));
    px_exchange_fini(&x);
}

static void judge_file(struct run *r, const char *name)
{
    struct arena arena;
    size_t n = 0;
    char *text = px_adapter_slurp(r->cli, name, &n), *mem = malloc(MEMORY);

    if (text == NULL || mem == NULL) {
        r->exit = PX_NO;
    } else {
        arena_init(&arena, mem, MEMORY, NULL, MEMORY);
        judge_text(r, name, (struct span){ text, n }, &arena);
        arena_fini(&arena);
    }
    free(text);
    free(mem);
}

static int run_judge(const struct px_cli *c)
{
    const char *secret = px_cli_value(c, "secret-file"), *now = px_cli_value(c, "now");
    struct run r = { .cli = c, .check = px_cli_has(c, "check"), .now_given = now != NULL };
    size_t n = 0;

    if (now != NULL && span_i64(span_str(now), &r.now_s) != OK)
        return px_cli_usage(c, "--now wants seconds since 1970");
    if (secret != NULL && (r.secret = px_adapter_slurp(c, secret, &n)) == NULL)
        return PX_NO;
    if (r.secret != NULL) {
        r.secret[n] = '\0';
        r.secret[strcspn(r.secret, "\r\n")] = '\0';
    }
    for (unsigned i = 0; i < c->operands; i++)
        judge_file(&r, c->operand[i]);
    if (r.secret != NULL)
        secret_wipe(r.secret, n);
    free(r.secret);
    return r.exit;
}

const struct px_command px_cmd_adapter_judge = {
    .name = "adapter judge",
    .operands = "FILE...",
    .operands_min = 1,
    .operands_max = 1000,
    .summary = "what a recorded exchange with a provider means",
    .help = "FILE (\"-\": standard input) holds one exchange as JSON: \"provider\", \"operation\", "
            "a\n"
            "\"request\" if it is known, and a \"response\", a \"transport\" event or a "
            "\"webhook\";\n"
            "docs/adapters.md describes it. Prints one JSON object a line. An answer is compared "
            "with\n"
            "the request: another amount, currency, id or reference is in doubt, with an alarm.\n"
            "Exit status 1: a file could not be read, or --check found a difference.\n",
    .option =
        (const struct px_option[]){
            { "secret-file", 0, "FILE", "check webhook signatures with the secret in FILE" },
            { "now", 0, "UNIX", "the time signatures are judged at (default: when recorded)" },
            { "check", 0, NULL, "compare with the file's \"expect\" and print differences only" },
            { .name = NULL } },
    .json = true,
    .run = run_judge,
};
