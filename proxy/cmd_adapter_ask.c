/* proxy/cmd_adapter_ask.c -- `signalbox adapter ask`: the request a payment would become. Nothing
 * is sent. */
#include "proxy/cmd_adapter_ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/adapters/form.h"
#include "proxy/cli.h"
#include "proxy/cmd_adapter.h"
#include "proxy/cmd_adapter_exchange.h"
#include "routing/base/secret.h"

enum { MEMORY = 1024 * 1024, HIDDEN_MAX = 8 };

/* ---- what must not be shown ---- */

struct hidden {
    struct span what, shown;
};

static struct span replaced(struct arena *a, struct span text, struct hidden h)
{
    struct buf b = arena_buf(a, 2 * text.n + 256);

    if (h.what.n == 0)
        return text;
    while (text.n > 0) {
        if (text.n >= h.what.n && memcmp(text.p, h.what.p, h.what.n) == 0) {
            buf_put(&b, h.shown);
            text = span_drop(text, h.what.n);
        } else {
            buf_byte(&b, text.p[0]);
            text = span_drop(text, 1);
        }
    }
    return buf_ok(&b) ? buf_span(&b) : SPAN_NONE;
}

static struct span joined(struct arena *a, const char *before, struct span middle,
                          const char *after)
{
    struct buf b = arena_buf(a, strlen(before) + middle.n + strlen(after) + 1);

    buf_str(&b, before);
    buf_put(&b, middle);
    buf_str(&b, after);
    return buf_span(&b);
}

static struct span encoded(struct arena *a, struct span text)
{
    struct buf b = arena_buf(a, 3 * text.n + 1);

    px_percent(&b, text);
    return buf_span(&b);
}

/* The number as digits comes from the payment as it was given: only adapters may unseal one. */
static struct span concealed(struct arena *a, const struct rt_payment *pay, struct span number,
                             struct span body)
{
    static const char *const cvc[][2] = { { "\"cvc\":\"", "\"" },
                                          { "\"cvv\":\"", "\"" },
                                          { "%5Bcvc%5D=", "" } };
    struct span digits = { pay->cvc.digit_, pay->cvc.len }, veil = SPAN("[hidden]");
    struct buf mask = arena_buf(a, 32);

    if (pay->pan.len > 0)
        pan_mask(&pay->pan, &mask);
    if (number.n > 0)
        body = replaced(a, body, (struct hidden){ number, buf_span(&mask) });
    for (unsigned i = 0; i < 3 && digits.n > 0; i++)
        body = replaced(a, body,
                        (struct hidden){ joined(a, cvc[i][0], digits, cvc[i][1]),
                                         joined(a, cvc[i][0], SPAN("***"), cvc[i][1]) });
    body = replaced(a, body, (struct hidden){ pay->cryptogram, veil });
    return replaced(a, body, (struct hidden){ encoded(a, pay->cryptogram), veil });
}

/* ---- the request as JSON ---- */

static json_t *text_json(struct span s)
{
    return json_stringn(s.p != NULL ? s.p : "", s.n);
}

static json_t *headers_json(const struct px_message *m)
{
    json_t *o = json_object();

    for (unsigned i = 0; i < m->headers; i++) {
        char name[64];
        struct buf b = BUF_OF(name);

        buf_put(&b, m->header[i].name);
        (void)json_object_set_new(o, buf_z(&b),
                                  m->header[i].secret ? json_string("[secret]")
                                                      : text_json(m->header[i].value));
    }
    return o;
}

static int print(const struct px_cli *c, const struct px_message *m, struct span body)
{
    json_t *o = json_object(), *tree = json_loadb(body.p != NULL ? body.p : "", body.n, 0, NULL);
    char *text;

    (void)json_object_set_new(o, "method", text_json(m->method));
    (void)json_object_set_new(o, "host", text_json(m->authority));
    (void)json_object_set_new(o, "path", text_json(m->path));
    (void)json_object_set_new(o, "headers", headers_json(m));
    if (tree != NULL)
        (void)json_object_set_new(o, "body", tree);
    if (body.n > 0)
        (void)json_object_set_new(o, "body_raw", text_json(body));
    text = json_dumps(o, c->json ? JSON_COMPACT : JSON_INDENT(1));
    if (text != NULL)
        puts(text);
    free(text);
    json_decref(o);
    return text != NULL ? PX_YES : px_cli_fail(c, PX_NO, "the request can not be shown");
}

/* ---- the command ---- */

struct asked {
    const struct px_cli *cli;
    const struct px_adapter *adapter;
    struct px_exchange x; /* op, pay and q */
    struct arena arena;
};

static struct span option(const struct px_cli *c, const char *name, const char *otherwise)
{
    const char *v = px_cli_value(c, name);

    return span_str(v != NULL ? v : otherwise);
}

/* "https://host/base" of the test system, or of --base-url. */
static struct px_account account_of(const struct px_cli *c, const struct px_adapter *adapter,
                                    const struct secret *key)
{
    struct span url = option(c, "base-url", adapter->base_url_test);
    struct px_account acc = { .scheme = SPAN("https"), .api_key = key };
    size_t n = 0;

    if (span_starts(url, "https://"))
        url = span_drop(url, 8);
    while (n < url.n && url.p[n] != '/')
        n++;
    acc.authority = span_take(url, n);
    acc.base_path = span_drop(url, n);
    acc.merchant_account = option(c, "merchant-account", "YourMerchantAccount");
    acc.processing_channel = option(c, "processing-channel", NULL);
    return acc;
}

static int complain(const struct px_cli *c, const struct diag *why)
{
    (void)px_cli_fail(c, PX_NO, "%s", why->text);
    if (why->help[0] != '\0')
        (void)fprintf(stderr, "help: %s\n", why->help);
    return PX_NO;
}

/* The amount of a capture or refund is in the payment's currency, which its body does not repeat.
 */
static bool currency_given(struct asked *k)
{
    struct span word = option(k->cli, "currency", NULL);
    currency cur = currency_find(word);

    if (word.n > 0 && cur == CURRENCY_NONE)
        return false;
    if (k->x.op != RT_AUTHORIZE && cur != CURRENCY_NONE)
        k->x.pay.amount.cur = cur;
    return true;
}

static int ask(struct asked *k, struct span text)
{
    const struct px_cli *c = k->cli;
    bool reveal = px_cli_has(c, "reveal-test-cards");
    struct secret key = { .n_ = 0 };
    struct px_account acc = account_of(c, k->adapter, &key);
    struct span number = px_ask_number(text, &k->arena), body;
    struct diag why = { 0 };
    struct px_message m;

    if (text.n > 0 && px_ask_payment(text, k->x.op, &k->arena, &k->x.pay, &why) != OK)
        return complain(c, &why);
    if (reveal && number.n > 0 && !px_ask_test_card(number))
        return px_cli_fail(c, PX_DENIED, "this is not a published test card; it stays hidden");
    if (!currency_given(k))
        return px_cli_usage(c, "--currency wants an ISO 4217 code, like EUR");
    k->x.pay.op = k->x.op;
    k->x.pay.capture_now = k->x.pay.capture_now || k->x.sale;
    k->x.q.pay = &k->x.pay;
    k->x.q.op = k->x.op;
    k->x.q.ref = option(c, "reference", "at0_01J9ZC3W5E7Q8R2T4V6X8Y0Z1A");
    k->x.q.key = option(c, "key", "00000000-0000-4000-8000-000000000000");
    k->x.q.payment_id = option(c, "payment-id", NULL);
    k->x.q.cancel_ref = option(c, "cancel-reference", NULL);
    if (k->adapter->ask(&acc, &k->x.q, &k->arena, &m, &why) != OK)
        return complain(c, &why);
    body = reveal ? m.body : concealed(&k->arena, &k->x.pay, number, m.body);
    return print(c, &m, body);
}

static bool reads_body(const struct px_exchange *x)
{
    return x->op == RT_AUTHORIZE || x->op == RT_CAPTURE || x->op == RT_REFUND;
}

static int run(const struct px_cli *c)
{
    const char *op = px_cli_value(c, "operation");
    const char *file = c->operands > 0 ? c->operand[0] : "-";
    struct asked k = { .cli = c, .adapter = px_adapter_named(c) };
    char *text = NULL, *mem;
    size_t n = 0;
    int exit_code;

    if (k.adapter == NULL)
        return PX_USAGE;
    if (!px_exchange_operation(&k.x, span_str(op != NULL ? op : "authorize")) || k.x.tokenize ||
        k.x.occasion == PX_ON_WEBHOOK)
        return px_cli_usage(c, "--operation wants authorize, sale, capture, void, reversal, "
                               "refund, cancel_by_reference, inquiry_by_id or "
                               "inquiry_by_reference");
    k.x.pay.full = true;
    if (reads_body(&k.x) && (text = px_adapter_slurp(c, file, &n)) == NULL)
        return PX_NO;
    mem = malloc(MEMORY);
    if (mem == NULL) {
        exit_code = px_cli_fail(c, PX_NO, "no memory");
    } else {
        arena_init(&k.arena, mem, MEMORY, NULL, MEMORY);
        exit_code = ask(&k, (struct span){ text, n });
        arena_fini(&k.arena);
    }
    if (text != NULL)
        secret_wipe(text, n);
    free(text);
    free(mem);
    return exit_code;
}

const struct px_command px_cmd_adapter_ask = {
    .name = "adapter ask",
    .operands = "[FILE]",
    .operands_min = 0,
    .operands_max = 1,
    .summary = "the request a payment would become, without sending it",
    .help = "FILE (or standard input) holds the body of an API request: POST /v1/payments for "
            "authorize\n"
            "and sale, .../capture and .../refunds for those; docs/openapi.json has the fields. "
            "Keys are\n"
            "never shown; card numbers are masked, security codes and cryptograms are hidden.\n",
    .option =
        (const struct px_option[]){
            { "provider", 'p', "NAME", "stripe, adyen or checkoutcom" },
            { "operation", 'o', "WORD", "authorize (default), sale, capture, void, refund, ..." },
            { "currency", 0, "CODE", "of the payment, for the amount of a capture or refund" },
            { "payment-id", 0, "ID", "the provider's id, for operations on a payment" },
            { "reference", 0, "TEXT", "our reference of the attempt or operation" },
            { "cancel-reference", 0, "TEXT", "our reference of a cancel by reference" },
            { "key", 0, "TEXT", "the provider's idempotency key" },
            { "base-url", 0, "URL", "default: the provider's test system" },
            { "merchant-account", 0, "NAME", "Adyen" },
            { "processing-channel", 0, "ID", "Checkout.com" },
            { "reveal-test-cards", 0, NULL, "show the number if providers publish it for tests" },
            { .name = NULL } },
    .json = true,
    .run = run,
};
