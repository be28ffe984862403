/* loadtest/pspsim/adyen_read.c -- Adyen's requests, strictly. */
#include <string.h>
#include <time.h>

#include "loadtest/pspsim/adyen.h"

static bool fail(struct sim_answer *bad, int status, const char *code, const char *text)
{
    (void)sim_invalid(bad, code, NULL, text);
    bad->status = status;
    return false;
}

static bool misfit(struct sim_req *r, const struct lt_shape_bad *b, struct sim_answer *bad)
{
    static const struct {
        const char *path, *code, *text;
    } needed[] = {
        { "amount", "100", "No amount specified" },
        { "reference", "130", "Required field 'reference' is not provided." },
        { "returnUrl", "14_030", "Return URL is missing." },
        { "merchantAccount", "901", "Invalid Merchant Account" },
        { "billingAddress.city", "131", "Billing address problem (City)" },
        { "billingAddress.street", "132", "Billing address problem (Street)" },
        { "billingAddress.houseNumberOrName", "133",
          "Billing address problem (HouseNumberOrName)" },
        { "billingAddress.country", "134", "Billing address problem (Country)" },
    };

    const char *code = "130", *text = "Required field is not provided";
    int status = 422;

    if (b->misfit != LT_MISSING) {
        status = 400;
        code = "702";
        text = b->misfit == LT_UNKNOWN ? "Structure contains the following unknown fields"
                                       : "Unexpected input";
    }
    for (unsigned i = 0; b->misfit == LT_MISSING && i < sizeof needed / sizeof *needed; i++) {
        if (strcmp(needed[i].path, b->path) == 0) {
            code = needed[i].code;
            text = needed[i].text;
        }
    }
    (void)fail(bad, status, code, text);
    bad->param = sim_note(r, span_str(b->path));
    return false;
}

static bool amount(struct sim_req *r, const struct lt_node *n, struct sim_answer *bad)
{
    const struct lt_tree *t = &r->sim->tree;

    if (!lt_i64(t, n, "value", &r->ask.amount) || r->ask.amount < 0)
        return fail(bad, 422, "100", "Invalid amount specified");
    if (!sim_currency_read(lt_text(t, n, "currency"), r->ask.currency) ||
        !span_is(lt_text(t, n, "currency"), r->ask.currency))
        return fail(bad, 422, "138", "Unsupported currency specified");
    return true;
}

static bool expiry(struct sim_req *r, struct span month, struct span year, struct sim_answer *bad)
{
    uint64_t m = 0, y = 0;
    time_t now = (time_t)(sim_now_ms(r->sim) / 1000);
    struct tm tm;

    if (month.n > 2 || span_u64(month, &m) != OK || m < 1 || m > 12)
        return fail(bad, 422, "140", "Expiry month invalid");
    if (year.n != 4 || span_u64(year, &y) != OK)
        return fail(bad, 422, "141", "Expiry year invalid");
    (void)gmtime_r(&now, &tm);
    r->ask.card.month = (uint8_t)m;
    r->ask.card.year = (uint16_t)y;
    /* A past date is not a malformed one: the card is refused. */
    if ((int)y < tm.tm_year + 1900 || ((int)y == tm.tm_year + 1900 && (int)m < tm.tm_mon + 1))
        r->ask.test_code = 6;
    return true;
}

/* "DECLINED : 12" asks for that refusal reason; so does the acquirer code in additionalData. */
static void test_code(struct sim_req *r, struct span holder, struct span acquirer)
{
    const char *raw;
    uint64_t code;

    if (span_starts(holder, "DECLINED : "))
        acquirer = span_drop(holder, strlen("DECLINED : "));
    if (acquirer.p != NULL && span_u64(acquirer, &code) == OK && code < 100 &&
        sim_adyen_reason((int)code, &raw) != NULL)
        r->ask.test_code = (int)code;
}

static bool stored(struct sim_req *r, const struct lt_node *root, struct span id,
                   struct sim_answer *bad)
{
    struct span shopper = lt_text(&r->sim->tree, root, "shopperReference");

    if (shopper.n < 3)
        return fail(bad, 422, "130", "Required field 'shopperReference' is not provided.");
    if (id.n != 16 || !sim_made_of(id, sim_base36_upper) || memmem(id.p, id.n, "UNKNOWN", 7))
        return fail(bad, 422, "800", "Contract not found");
    sim_card_fill(&r->ask.card, r->who, SPAN("4111111111111111"));
    r->ask.card.kind = SIM_TOKEN;
    r->ask.card.month = 3;
    r->ask.card.year = 2030;
    r->ask.token = id;
    return true;
}

static bool card(struct sim_req *r, const struct lt_node *m, struct sim_answer *bad)
{
    const struct lt_tree *t = &r->sim->tree;
    struct span number = lt_text(t, m, "number"), cvc = lt_text(t, m, "cvc");

    if (!sim_luhn(number))
        return fail(bad, 422, "101", "Invalid card number");
    if (cvc.p != NULL && (cvc.n < 3 || cvc.n > 4 || !sim_made_of(cvc, "0123456789")))
        return fail(bad, 422, "103", "CVC is not the right length");
    sim_card_fill(&r->ask.card, r->who, number);
    r->ask.card.cvc = cvc.p != NULL;
    return expiry(r, lt_text(t, m, "expiryMonth"), lt_text(t, m, "expiryYear"), bad);
}

static bool method(struct sim_req *r, const struct lt_node *root, struct sim_answer *bad)
{
    const struct lt_tree *t = &r->sim->tree;
    const struct lt_node *m = lt_get(t, root, "paymentMethod");
    struct span type = lt_text(t, m, "type"), id = lt_text(t, m, "storedPaymentMethodId");

    r->ask.holder = lt_text(t, m, "holderName");
    if (span_is(type, "networkToken")) {
        if (lt_text(t, lt_get(t, root, "mpiData"), "tokenAuthenticationVerificationValue").n == 0 &&
            !span_is(lt_text(t, root, "shopperInteraction"), "ContAuth"))
            return fail(bad, 422, "152", "Token cryptogram is missing");
        r->ask.card.kind = SIM_NETWORK_TOKEN;
        return card(r, m, bad);
    }
    if (!span_is(type, "scheme"))
        return fail(bad, 422, "905", "Payment details are not supported");
    return id.p != NULL ? stored(r, root, id, bad) : card(r, m, bad);
}

static bool words(struct sim_req *r, const struct lt_node *root, struct sim_answer *bad)
{
    static const char *const interactions[] = { "Ecommerce", "ContAuth", "Moto", "POS", NULL };
    static const char *const models[] = { "CardOnFile", "Subscription", "UnscheduledCardOnFile",
                                          NULL };
    static const char *const channels[] = { "iOS", "Android", "Web", NULL };
    const struct lt_tree *t = &r->sim->tree;
    struct span interaction = lt_text(t, root, "shopperInteraction");
    struct span model = lt_text(t, root, "recurringProcessingModel");
    struct span channel = lt_text(t, root, "channel");

    if ((interaction.p != NULL && !sim_is(interaction, interactions)) ||
        (model.p != NULL && !sim_is(model, models)) ||
        (channel.p != NULL && !sim_is(channel, channels)))
        return fail(bad, 400, "702", "Unexpected input: not one of the documented words");
    return true;
}

/* Metadata: at most 20 pairs, names up to 20 characters, values up to 80. */
static bool metadata(struct sim_req *r, const struct lt_node *root, struct sim_answer *bad)
{
    const struct lt_tree *t = &r->sim->tree;
    const struct lt_node *n = lt_get(t, root, "metadata");
    unsigned pairs = 0;

    for (const struct lt_node *i = lt_child(t, n); i != NULL; i = lt_next(t, i)) {
        if (++pairs > 20 || i->name.n > 20 || i->text.n > 80)
            return fail(bad, 422, "177", "Metadata size exceeds limit");
    }
    if (n != NULL)
        sim_pairs_json(t, n, &r->ask.metadata);
    return true;
}

static bool payment(struct sim_req *r, const struct lt_node *root, struct sim_answer *bad)
{
    const struct lt_tree *t = &r->sim->tree;
    const struct lt_node *extra = lt_get(t, root, "additionalData");
    const struct lt_node *three = lt_get(t, root, "authenticationData");
    int64_t delay = 0;

    if (!amount(r, lt_get(t, root, "amount"), bad) || !words(r, root, bad) ||
        !metadata(r, root, bad) || !method(r, root, bad))
        return false;
    (void)lt_i64(t, root, "captureDelayHours", &delay);
    r->ask.manual = span_is(lt_text(t, extra, "manualCapture"), "true") || delay > 0;
    r->ask.return_url = lt_text(t, root, "returnUrl");
    r->ask.want_action = span_is(lt_text(t, three, "attemptAuthentication"), "always");
    test_code(r, r->ask.holder, lt_text(t, extra, "RequestedTestAcquirerResponseCode"));
    return true;
}

static bool modification(struct sim_req *r, const struct lt_node *root, struct sim_answer *bad)
{
    const struct lt_tree *t = &r->sim->tree;
    const struct lt_node *sum = lt_get(t, root, "amount");
    const struct sim_charge *c;

    r->ask.find_value = lt_text(t, root, "paymentReference");
    if (r->ask.op == SIM_CANCEL_REF)
        return true;
    c = sim_charge_by_id(&r->sim->ledger, r->who, r->ask.object);
    if (c == NULL)
        return fail(bad, 422, "167", "Original pspReference required for this operation");
    r->ask.target = c->number;
    return sum == NULL || amount(r, sum, bad);
}

static const struct lt_shape *shape_of(enum sim_op op)
{
    return op == SIM_AUTHORIZE    ? sim_adyen_payment_shape
           : op == SIM_CAPTURE    ? sim_adyen_capture_shape
           : op == SIM_VOID       ? sim_adyen_cancel_shape
           : op == SIM_CANCEL_REF ? sim_adyen_cancel_ref_shape
           : op == SIM_REFUND     ? sim_adyen_refund_shape
                                  : sim_adyen_reversal_shape;
}

static bool account(struct sim_req *r, const struct lt_node *root, struct sim_answer *bad)
{
    const char *known = r->sim->set[r->who].merchant_account;
    struct span given = lt_text(&r->sim->tree, root, "merchantAccount");

    if (given.n == 0 || (known[0] != 0 && !span_is(given, known)))
        return fail(bad, 403, "901", "Invalid Merchant Account");
    r->ask.account = given;
    return true;
}

static bool json(struct sim_req *r, struct sim_answer *bad)
{
    struct lt_tree *t = &r->sim->tree;
    struct lt_shape_bad b;

    if (!span_starts(sim_req_header(r, "content-type"), "application/json"))
        return fail(bad, 415, "702", "Content-Type must be application/json");
    if (!lt_tree_json(t, r->work.p, r->work.n))
        return fail(bad, 400, "702", t->why);
    if (lt_root(t)->kind != LT_OBJECT)
        return fail(bad, 400, "702", "An object is expected");
    return lt_shape_fits(t, lt_root(t), shape_of(r->ask.op), false, &b) || misfit(r, &b, bad);
}

bool sim_adyen_understand(struct sim_req *r, struct sim_answer *bad)
{
    const struct lt_node *root = lt_root(&r->sim->tree);

    if (r->ask.op == SIM_OP_NONE) {
        *bad = (struct sim_answer){ .says = SIM_SAYS_NO_PATH };
        return false;
    }
    if (sim_req_header(r, "idempotency-key").n > sim_adyen.key_max)
        return fail(bad, 422, "702", "The idempotency key may have 64 characters");
    if (!json(r, bad) || !account(r, root, bad))
        return false;
    r->ask.reference = lt_text(&r->sim->tree, root, "reference");
    if (r->ask.reference.n > 80)
        return fail(bad, 422, "130", "Reference may have 80 characters");
    return r->ask.op == SIM_AUTHORIZE ? payment(r, root, bad) : modification(r, root, bad);
}
