/* proxy/adapters/checkoutcom.c -- Checkout.com's dialect: JSON.
 *
 * checkout.com/docs and API reference; read 2026-10. capture is always said: left out, it means
 * yes. 3DS stays off until the API has a wish for it (docs/decisions/adapters.md). */
#include "proxy/adapters/checkoutcom.h"

#include "proxy/adapters/ask.h"
#include "proxy/adapters/decline.h"
#include "proxy/adapters/form.h"

/* ---- the credential ---- */

static void put_expiry(const struct rt_payment *pay, struct json_out *o)
{
    json_member_i64(o, "expiry_month", pay->expiry.month);
    json_member_i64(o, "expiry_year", pay->expiry.year);
}

static void put_billing(const struct rt_payment *pay, struct json_out *o)
{
    if (pay->street.n == 0 && pay->city.n == 0 && pay->postal_code.n == 0 &&
        pay->country[0] == '\0')
        return;
    json_name(o, "billing_address");
    json_open(o, '{');
    px_member(o, "address_line1", pay->street);
    px_member(o, "city", pay->city);
    px_member(o, "zip", pay->postal_code);
    px_member(o, "country", span_str(pay->country));
    json_close(o, '}');
}

static void put_cvv(const struct rt_payment *pay, struct json_out *o)
{
    if (pay->cvc.len > 0)
        json_member_str(o, "cvv", (struct span){ pay->cvc.digit_, pay->cvc.len });
}

static void put_card(struct px_draft *d, struct json_out *o)
{
    const struct rt_payment *pay = d->q->pay;

    json_member_z(o, "type", "card");
    json_member_str(o, "number", pan_reveal(&pay->pan));
    put_expiry(pay, o);
    put_cvv(pay, o);
    px_member(o, "name", pay->holder);
    if (pay->stored == RT_STORED_LATER)
        json_member_bool(o, "stored", true);
    put_billing(pay, o);
}

static void put_network_token(struct px_draft *d, struct json_out *o)
{
    const struct rt_payment *pay = d->q->pay;

    if (pay->brand != RT_VISA && pay->brand != RT_MASTERCARD)
        px_draft_cannot(d, "checkoutcom takes network tokens of Visa and Mastercard only");
    json_member_z(o, "type", "network_token");
    json_member_str(o, "token", pan_reveal(&pay->pan));
    put_expiry(pay, o);
    json_member_z(o, "token_type", pay->brand == RT_VISA ? "vts" : "mdes");
    px_member(o, "cryptogram", pay->cryptogram);
    px_member(o, "eci", span_str(pay->eci));
    if (pay->stored == RT_STORED_LATER)
        json_member_bool(o, "stored", true);
    px_member(o, "name", pay->holder);
    put_billing(pay, o);
}

/* tok_ is used once and gone, src_ is a stored instrument. */
static void put_token(struct px_draft *d, struct json_out *o)
{
    struct span token = px_draft_token(d);

    if (span_starts(token, "tok_")) {
        json_member_z(o, "type", "token");
        json_member_str(o, "token", token);
        return;
    }
    json_member_z(o, "type", "id");
    json_member_str(o, "id", token);
    put_cvv(d->q->pay, o);
}

static void put_source(struct px_draft *d, struct json_out *o)
{
    json_name(o, "source");
    json_open(o, '{');
    switch (d->q->pay->method) {
    case RT_CARD: put_card(d, o); break;
    case RT_NETWORK_TOKEN: put_network_token(d, o); break;
    case RT_PROVIDER_TOKEN: put_token(d, o); break;
    case RT_METHODS_: break;
    }
    json_close(o, '}');
}

/* ---- authorise ---- */

static const char *payment_type(const struct rt_payment *pay)
{
    if (pay->channel == RT_CHANNEL_MOTO)
        return "MOTO";
    return pay->initiator == RT_BY_MERCHANT ? "Unscheduled" : "Regular";
}

static void put_customer(const struct rt_payment *pay, struct json_out *o)
{
    if (pay->email.n == 0)
        return;
    json_name(o, "customer");
    json_open(o, '{');
    json_member_str(o, "email", pay->email);
    px_member(o, "name", pay->holder);
    json_close(o, '}');
}

static void put_metadata(const struct rt_payment *pay, struct json_out *o)
{
    enum { NAME_MAX_ = 100, VALUE_MAX_ = 255 };

    if (pay->metadata_n == 0 && pay->order.n == 0)
        return;
    json_name(o, "metadata");
    json_open(o, '{');
    px_member(o, "gw_order", pay->order);
    px_members_of_metadata(o, pay, NAME_MAX_, VALUE_MAX_);
    json_close(o, '}');
}

/* The first payment of a stored credential, for the scheme. */
static void put_stored(const struct rt_payment *pay, struct json_out *o)
{
    if (pay->initiator != RT_BY_MERCHANT)
        return;
    json_member_bool(o, "merchant_initiated", true);
    px_member(o, "previous_payment_id", pay->network_txn_id);
}

static void put_authorize(struct px_draft *d, struct json_out *o)
{
    const struct rt_payment *pay = d->q->pay;
    int64_t units = px_draft_units(d, pay->amount);

    if (d->err != OK)
        return;
    px_draft_path(d, "/payments");
    json_member_i64(o, "amount", units);
    json_member_z(o, "currency", currency_code(pay->amount.cur));
    json_member_z(o, "payment_type", payment_type(pay));
    json_member_str(o, "reference", d->q->ref);
    json_member_bool(o, "capture", pay->capture_now);
    px_member(o, "processing_channel_id", d->acc->processing_channel);
    put_customer(pay, o);
    json_name(o, "3ds");
    json_open(o, '{');
    json_member_bool(o, "enabled", false);
    json_close(o, '}');
    put_metadata(pay, o);
    put_source(d, o);
    put_stored(pay, o);
    px_member(o, "description", pay->description);
    px_member(o, "payment_ip", pay->shopper_ip);
    px_member(o, "success_url", pay->return_url);
    px_member(o, "failure_url", pay->return_url);
}

/* ---- what is done to a payment ---- */

static void put_action(struct px_draft *d, struct json_out *o, const char *verb)
{
    const struct rt_payment *pay = d->q->pay;
    bool sized = (d->q->op == RT_CAPTURE || d->q->op == RT_REFUND) && px_names_amount(pay);

    px_draft_path(d, "/payments/");
    px_draft_segment(d, d->q->payment_id);
    px_draft_path(d, verb);
    if (sized)
        json_member_i64(o, "amount", px_draft_units(d, pay->amount));
    if (sized && d->q->op == RT_CAPTURE)
        json_member_z(o, "capture_type", "Final"); /* the rest is given back to the payer */
    px_member(o, "reference", d->q->ref);
}

static const char *void_verb(struct px_draft *d)
{
    if (d->q->by_reference)
        px_draft_cannot(d, "checkoutcom has no cancel by reference");
    return d->q->reversal ? "/reversals" : "/voids";
}

static void put_inquiry(struct px_draft *d)
{
    if (d->q->by_reference) {
        px_draft_path(d, "/payments?limit=10&skip=0&reference=");
        px_percent(&d->path, d->q->ref);
        return;
    }
    px_draft_path(d, "/payments/");
    px_draft_segment(d, d->q->payment_id);
    if (d->q->pay->op == RT_CAPTURE || d->q->pay->op == RT_REFUND)
        px_draft_path(d, "/actions"); /* totals do not tell one part from another */
}

static void put_body(struct px_draft *d)
{
    struct json_out o = json_to(&d->body);

    json_open(&o, '{');
    switch (d->q->op) {
    case RT_AUTHORIZE: put_authorize(d, &o); break;
    case RT_CAPTURE: put_action(d, &o, "/captures"); break;
    case RT_VOID: put_action(d, &o, void_verb(d)); break;
    case RT_REFUND: put_action(d, &o, "/refunds"); break;
    case RT_INQUIRE:
    case RT_OPS_: px_draft_cannot(d, "no such operation"); break;
    }
    json_close(&o, '}');
}

static enum err ask(const struct px_account *acc, const struct px_asking *q, struct arena *a,
                    struct px_message *m, struct diag *why)
{
    struct px_draft d = px_draft_begin(acc, q, a, m, why);
    bool reads = q->op == RT_INQUIRE;

    d.dialect = MONEY_CHECKOUTCOM;
    d.provider = "checkoutcom";
    if (reads)
        put_inquiry(&d);
    else
        put_body(&d);
    px_draft_secret(&d, "authorization", "Bearer ", acc->api_key);
    if (!reads)
        px_draft_header(&d, "cko-idempotency-key", q->key);
    return px_draft_end(&d, reads ? "GET" : "POST", reads ? NULL : "application/json");
}

static bool decline(struct span field, struct span value, enum rt_code *out)
{
    const struct px_decline *row = px_decline_find(&px_declines_checkoutcom, field, value);

    if (row == NULL)
        return false;
    *out = row->code;
    return true;
}

const struct px_adapter px_checkoutcom = {
    .name = "checkoutcom",
    /* checkout.com/docs, "Idempotency", read 2026-10: keys are kept for 24 h; only 2xx answers are
     * stored, so a copy after a 5xx may execute again, and a 422 is decided anew. Payments are
     * listed by reference; how fresh the list is, is not documented. A length for keys is not
     * documented either; a UUID is advised. */
    .promises = { .keeps_keys_s = 24 * 3600,
                  .remembers_declines = true,
                  .refuses_cleanly = true,
                  .repeat_after_5xx = false,
                  .finds_by_reference = true,
                  .finds_by_id = true,
                  .key_max = 36 },
    .brands = UINT32_MAX,
    .network_token_brands = 1 << RT_VISA | 1 << RT_MASTERCARD, /* vts and mdes */
    .methods = 1 << RT_CARD | 1 << RT_NETWORK_TOKEN | 1 << RT_PROVIDER_TOKEN,
    .ops = 1 << RT_AUTHORIZE | 1 << RT_CAPTURE | 1 << RT_VOID | 1 << RT_REFUND | 1 << RT_INQUIRE,
    .dialect = MONEY_CHECKOUTCOM,
    .base_url_test = "https://api.sandbox.checkout.com",
    .base_url_live = "https://api.checkout.com",
    .ask = ask,
    .judge = px_checkoutcom_judge,
    .decline = decline,
    .declines = &px_declines_checkoutcom,
    .judge_token = px_checkoutcom_token,
    .news = px_checkoutcom_news,
};
