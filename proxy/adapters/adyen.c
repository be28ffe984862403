/* proxy/adapters/adyen.c -- Adyen's dialect: Checkout API v72, JSON.
 *
 * docs.adyen.com, "Checkout API" v72 and its OpenAPI description; read 2026-10. There is no status
 * inquiry of any kind: the same key, a webhook, or a cancel by reference are the ways to know. */
#include "proxy/adapters/adyen.h"

#include "proxy/adapters/ask.h"
#include "proxy/adapters/decline.h"

static void put_amount(struct px_draft *d, struct json_out *o)
{
    struct money m = d->q->pay->amount;
    int64_t units = px_draft_units(d, m);

    json_name(o, "amount");
    json_open(o, '{');
    json_member_z(o, "currency", m.cur == CURRENCY_NONE ? NULL : currency_code(m.cur));
    json_member_i64(o, "value", units);
    json_close(o, '}');
}

/* ---- the credential ---- */

static void put_two_digits(struct json_out *o, const char *name, unsigned v)
{
    char text[4];
    struct buf b = BUF_OF(text);

    buf_pad(&b, v, 2);
    json_member_str(o, name, buf_span(&b));
}

static void put_year(struct json_out *o, unsigned year)
{
    char text[8];
    struct buf b = BUF_OF(text);

    buf_u64(&b, year);
    json_member_str(o, "expiryYear", buf_span(&b));
}

static void put_number(struct px_draft *d, struct json_out *o, const char *type)
{
    const struct rt_payment *pay = d->q->pay;

    json_member_z(o, "type", type);
    json_member_str(o, "number", pan_reveal(&pay->pan));
    put_two_digits(o, "expiryMonth", pay->expiry.month);
    put_year(o, pay->expiry.year);
    if (pay->cvc.len > 0)
        json_member_str(o, "cvc", (struct span){ pay->cvc.digit_, pay->cvc.len });
    px_member(o, "holderName", pay->holder);
}

static void put_token(struct px_draft *d, struct json_out *o)
{
    json_member_z(o, "type", "scheme");
    json_member_str(o, "storedPaymentMethodId", px_draft_token(d));
    if (d->q->pay->customer.n == 0)
        px_draft_cannot(d, "adyen takes a token only together with the customer it belongs to");
}

static void put_credential(struct px_draft *d, struct json_out *o)
{
    const struct rt_payment *pay = d->q->pay;

    json_name(o, "paymentMethod");
    json_open(o, '{');
    switch (pay->method) {
    case RT_CARD: put_number(d, o, "scheme"); break;
    case RT_NETWORK_TOKEN: put_number(d, o, "networkToken"); break;
    case RT_PROVIDER_TOKEN: put_token(d, o); break;
    case RT_METHODS_: break;
    }
    json_close(o, '}');
    if (pay->method != RT_NETWORK_TOKEN || (pay->cryptogram.n == 0 && pay->eci[0] == '\0'))
        return;
    json_name(o, "mpiData");
    json_open(o, '{');
    px_member(o, "tokenAuthenticationVerificationValue", pay->cryptogram);
    px_member(o, "eci", span_str(pay->eci));
    json_close(o, '}');
}

/* ---- authorise ---- */

static bool card_on_file(const struct rt_payment *pay)
{
    return pay->method == RT_PROVIDER_TOKEN || pay->stored == RT_STORED_LATER ||
           pay->initiator == RT_BY_MERCHANT;
}

static const char *interaction(const struct rt_payment *pay)
{
    if (pay->channel == RT_CHANNEL_MOTO)
        return "Moto";
    return card_on_file(pay) ? "ContAuth" : "Ecommerce";
}

/* Whether captured by hand or at once is otherwise a setting of the account: it is always said. */
static void put_capture_mode(struct px_draft *d, struct json_out *o)
{
    const struct rt_payment *pay = d->q->pay;
    bool txn = pay->initiator == RT_BY_MERCHANT && pay->network_txn_id.n > 0 &&
               pay->method != RT_PROVIDER_TOKEN;

    if (pay->capture_now)
        json_member_i64(o, "captureDelayHours", 0);
    if (pay->capture_now && !txn)
        return;
    json_name(o, "additionalData");
    json_open(o, '{');
    if (!pay->capture_now)
        json_member_z(o, "manualCapture", "true");
    if (txn)
        json_member_str(o, "networkTxReference", pay->network_txn_id);
    json_close(o, '}');
}

static void put_circumstances(struct px_draft *d, struct json_out *o)
{
    const struct rt_payment *pay = d->q->pay;

    json_member_z(o, "shopperInteraction", interaction(pay));
    px_member(o, "shopperReference", pay->customer);
    if (pay->channel != RT_CHANNEL_MOTO)
        json_member_z(o, "channel", "Web");
    put_capture_mode(d, o);
    if (card_on_file(pay) || pay->stored == RT_STORED_FIRST)
        json_member_z(o, "recurringProcessingModel",
                      pay->initiator == RT_BY_MERCHANT ? "UnscheduledCardOnFile" : "CardOnFile");
    if (pay->stored == RT_STORED_FIRST)
        json_member_bool(o, "storePaymentMethod", true);
}

/* All of it or none: a part is refused (errorCodes 131 to 135). The house number is in the street.
 */
static void put_billing(const struct rt_payment *pay, struct json_out *o)
{
    if (pay->street.n == 0 || pay->city.n == 0 || pay->postal_code.n == 0 ||
        pay->country[0] == '\0')
        return;
    json_name(o, "billingAddress");
    json_open(o, '{');
    json_member_str(o, "street", pay->street);
    json_member_z(o, "houseNumberOrName", "N/A");
    json_member_str(o, "city", pay->city);
    json_member_str(o, "postalCode", pay->postal_code);
    json_member_z(o, "country", pay->country);
    json_close(o, '}');
}

static void put_for_people(const struct rt_payment *pay, struct json_out *o)
{
    enum { NAME_MAX_ = 20, VALUE_MAX_ = 80 };

    px_member(o, "shopperEmail", pay->email);
    px_member(o, "shopperIP", pay->shopper_ip);
    px_member(o, "shopperStatement", pay->statement);
    px_member(o, "merchantOrderReference", pay->order);
    put_billing(pay, o);
    if (pay->metadata_n == 0)
        return;
    json_name(o, "metadata");
    json_open(o, '{');
    px_members_of_metadata(o, pay, NAME_MAX_, VALUE_MAX_);
    json_close(o, '}');
}

static void put_authorize(struct px_draft *d, struct json_out *o)
{
    const struct rt_payment *pay = d->q->pay;

    px_draft_path(d, "/payments");
    put_amount(d, o);
    json_member_str(o, "reference", d->q->ref);
    json_member_str(o, "merchantAccount", d->acc->merchant_account);
    /* CheckoutService v72 demands one even where nobody can be sent back; .invalid names nothing
     * (RFC 2606 section 2). */
    px_member(o, "returnUrl",
              pay->return_url.n > 0 ? pay->return_url : SPAN("https://return-url.invalid/"));
    put_circumstances(d, o);
    put_credential(d, o);
    put_for_people(pay, o);
}

/* ---- what is done to a payment ---- */

static void put_modification(struct px_draft *d, struct json_out *o, const char *verb, bool sized)
{
    px_draft_path(d, "/payments/");
    px_draft_segment(d, d->q->payment_id);
    px_draft_path(d, verb);
    if (sized)
        put_amount(d, o);
    json_member_str(o, "merchantAccount", d->acc->merchant_account);
    px_member(o, "reference", d->q->ref);
}

static void put_void(struct px_draft *d, struct json_out *o)
{
    if (!d->q->by_reference) {
        put_modification(d, o, d->q->reversal ? "/reversals" : "/cancels", false);
        return;
    }
    px_draft_path(d, "/cancels");
    json_member_str(o, "merchantAccount", d->acc->merchant_account);
    json_member_str(o, "paymentReference", d->q->ref);
    px_member(o, "reference", d->q->cancel_ref);
}

static enum err ask(const struct px_account *acc, const struct px_asking *q, struct arena *a,
                    struct px_message *m, struct diag *why)
{
    struct px_draft d = px_draft_begin(acc, q, a, m, why);
    struct json_out o = json_to(&d.body);

    d.dialect = MONEY_ADYEN;
    d.provider = "adyen";
    if (acc->merchant_account.n == 0)
        px_draft_cannot(&d, "adyen wants a merchant_account");
    json_open(&o, '{');
    switch (q->op) {
    case RT_AUTHORIZE: put_authorize(&d, &o); break;
    case RT_CAPTURE: put_modification(&d, &o, "/captures", true); break;
    case RT_VOID: put_void(&d, &o); break;
    case RT_REFUND: put_modification(&d, &o, "/refunds", true); break;
    case RT_INQUIRE: px_draft_cannot(&d, "adyen has no status inquiry"); break;
    case RT_OPS_: px_draft_cannot(&d, "no such operation"); break;
    }
    json_close(&o, '}');
    px_draft_secret(&d, "x-api-key", "", acc->api_key);
    px_draft_header(&d, "idempotency-key", q->key);
    return px_draft_end(&d, "POST", "application/json");
}

static bool decline(struct span field, struct span value, enum rt_code *out)
{
    const struct px_decline *row = px_decline_find(&px_declines_adyen, field, value);

    if (row == NULL)
        return false;
    *out = row->code;
    return true;
}

const struct px_adapter px_adyen = {
    .name = "adyen",
    /* docs.adyen.com, "API idempotency", read 2026-10: keys of up to 64 characters are kept for at
     * least 7 days (older pages say 31) per company account and regional endpoint; a finished call
     * gives its result again; one that failed for the moment says transient-error. */
    .promises = { .keeps_keys_s = 7 * 24 * 3600,
                  .remembers_declines = true,
                  .refuses_cleanly = true,
                  .repeat_after_5xx = true,
                  .finds_by_reference = false,
                  .finds_by_id = false,
                  .key_max = 64 },
    .brands = UINT32_MAX,
    .methods = 1 << RT_CARD | 1 << RT_NETWORK_TOKEN | 1 << RT_PROVIDER_TOKEN,
    .ops = 1 << RT_AUTHORIZE | 1 << RT_CAPTURE | 1 << RT_VOID | 1 << RT_REFUND,
    .token_needs_customer = true, /* shopperReference; API reference, read 2026-10 */
    .dialect = MONEY_ADYEN,
    .base_url_test = "https://checkout-test.adyen.com/v72",
    .base_url_live = NULL, /* https://PREFIX-checkout-live.adyenpayments.com/checkout/v72 */
    .needs_merchant_account = true,
    .ask = ask,
    .judge = px_adyen_judge,
    .decline = decline,
    .declines = &px_declines_adyen,
    .judge_token = px_adyen_token,
    .news = px_adyen_news,
};
