/* proxy/cmd_adapter_payment.c */
#include <jansson.h>
#include <string.h>
#include <time.h>

#include "proxy/cmd_adapter_ask.h"
#include "proxy/intake.h"

static enum px_route route_of(enum rt_op op)
{
    switch (op) {
    case RT_CAPTURE: return PX_ROUTE_CAPTURE;
    case RT_VOID: return PX_ROUTE_VOID;
    case RT_REFUND: return PX_ROUTE_REFUND;
    case RT_INQUIRE: return PX_ROUTE_STATUS;
    case RT_AUTHORIZE:
    case RT_OPS_: break;
    }
    return PX_ROUTE_CREATE;
}

/* What proxy/enrich.h would know of the card; here only what its own digits tell. */
static void enrich(struct rt_payment *pay)
{
    if (pay->pan.len == 0)
        return;
    pay->bin6 = pan_prefix(&pay->pan, 6);
    pay->bin8 = pan_prefix(&pay->pan, 8);
    pay->brand = rt_brand_of(pay->bin6, 6);
}

static void fault_said(const struct px_fault *f, struct diag *why)
{
    diag_set(why, "%s%s%s%s%s", f->field, f->field[0] ? ": " : "", px_fault_title(f->code),
             f->text[0] ? ". " : "", f->text);
    diag_help(why, "%s", f->help);
    why->line = f->line;
    why->col = f->col;
}

enum err px_ask_payment(struct span body, enum rt_op op, struct arena *a, struct rt_payment *out,
                        struct diag *why)
{
    static const struct px_header header[] = {
        { .name = { "content-type", 12 }, .value = { "application/json", 16 } },
        { .name = { "idempotency-key", 15 }, .value = { "adapter-ask", 11 } },
    };
    struct px_fault fault = { .code = PX_FAULT_NONE };
    struct px_wish *wish = ARENA_NEW(a, struct px_wish);
    struct px_asked q = { .route = route_of(op), .header = header, .headers = 2, .body = body };
    time_t now = time(NULL);
    struct tm utc;

    if (wish == NULL || gmtime_r(&now, &utc) == NULL)
        return E_LIMIT;
    q.year = (unsigned)utc.tm_year + 1900;
    q.month = (unsigned)utc.tm_mon + 1;
    if (op != RT_AUTHORIZE)
        q.id = SPAN("01J9ZC3W5E7Q8R2T4V6X8Y0Z1A"); /* any */
    if (!px_intake(&q, a, wish, &fault)) {
        fault_said(&fault, why);
        return E_SYNTAX;
    }
    *out = wish->pay;
    enrich(out);
    return OK;
}

struct span px_ask_number(struct span body, struct arena *a)
{
    json_t *doc = json_loadb(body.p, body.n, 0, NULL);
    json_t *method = json_object_get(doc, "payment_method");
    json_t *holder = json_object_get(method, "card");
    json_t *number;
    struct span found = SPAN_NONE;

    if (holder == NULL)
        holder = json_object_get(method, "network_token");
    number = json_object_get(holder, "number");
    if (json_is_string(number))
        found = arena_copy(a, span_str(json_string_value(number)));
    json_decref(doc);
    return found;
}

/* Test numbers that the providers print in their public documentation. */
bool px_ask_test_card(struct span number)
{
    static const char *const published[] = {
        "4242424242424242", "4111111111111111", "4000000000000002", "4000000000009995",
        "4000000000003220", "4000002500003155", "4000056655665556", "4543474002249996",
        "5555555555554444", "5454545454545454", "5436031030606378", "2223003122003222",
        "378282246310005",  "371449635398431",  "345678901234564",  "6011111111111117",
        "3566002020360505", "30569309025904",   "4895370012003478",
    };

    for (unsigned i = 0; i < sizeof published / sizeof *published; i++) {
        if (span_is(number, published[i]))
            return true;
    }
    return false;
}
