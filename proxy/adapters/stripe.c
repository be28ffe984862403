/* proxy/adapters/stripe.c -- Stripe's dialect: form-encoded PaymentIntents.
 *
 * docs.stripe.com, API reference of the pinned version; read 2026-10. A raw card goes in the same
 * call as the payment (docs/decisions/adapters.md). What the answers mean is in
 * stripe_judge.c, what events mean in stripe_news.c. */
#include "proxy/adapters/stripe.h"

#include "proxy/adapters/ask.h"
#include "proxy/adapters/decline.h"
#include "proxy/adapters/form.h"

#define DATA    "payment_method_data"
#define OPTIONS "payment_method_options[card]"

/* ---- the credential ---- */

static void put_billing(struct px_draft *d)
{
    const struct rt_payment *pay = d->q->pay;
    const struct {
        const char *name;
        struct span value;
    } field[] = {
        { DATA "[billing_details][name]", pay->holder },
        { DATA "[billing_details][email]", pay->email },
        { DATA "[billing_details][address][line1]", pay->street },
        { DATA "[billing_details][address][city]", pay->city },
        { DATA "[billing_details][address][postal_code]", pay->postal_code },
        { DATA "[billing_details][address][country]", span_str(pay->country) },
    };

    for (unsigned i = 0; i < sizeof field / sizeof *field; i++) {
        if (field[i].value.n > 0)
            px_form_put(&d->body, field[i].name, field[i].value);
    }
}

static void put_card(struct px_draft *d)
{
    const struct rt_payment *pay = d->q->pay;

    px_form_z(&d->body, DATA "[type]", "card");
    px_form_put(&d->body, DATA "[card][number]", pan_reveal(&pay->pan));
    px_form_u64(&d->body, DATA "[card][exp_month]", pay->expiry.month);
    px_form_u64(&d->body, DATA "[card][exp_year]", pay->expiry.year);
    if (pay->cvc.len > 0)
        px_form_put(&d->body, DATA "[card][cvc]", (struct span){ pay->cvc.digit_, pay->cvc.len });
    put_billing(d);
}

/* A feature Stripe opens per account. Shape as integrators use it; not in the public description.
 */
static void put_network_token(struct px_draft *d)
{
    const struct rt_payment *pay = d->q->pay;

    px_form_z(&d->body, DATA "[type]", "card");
    px_form_put(&d->body, DATA "[card][network_token][number]", pan_reveal(&pay->pan));
    px_form_u64(&d->body, DATA "[card][network_token][exp_month]", pay->expiry.month);
    px_form_u64(&d->body, DATA "[card][network_token][exp_year]", pay->expiry.year);
    put_billing(d);
    if (pay->cryptogram.n > 0)
        px_form_put(&d->body, OPTIONS "[network_token][cryptogram]", pay->cryptogram);
    if (pay->eci[0] != '\0')
        px_form_z(&d->body, OPTIONS "[network_token][electronic_commerce_indicator]", pay->eci);
}

static void put_credential(struct px_draft *d)
{
    switch (d->q->pay->method) {
    case RT_CARD: put_card(d); return;
    case RT_NETWORK_TOKEN: put_network_token(d); return;
    case RT_PROVIDER_TOKEN: px_form_put(&d->body, "payment_method", px_draft_token(d)); return;
    case RT_METHODS_: break;
    }
}

/* ---- authorise ---- */

/* Who started it, and whether the card is kept or was kept before. */
static void put_circumstances(struct px_draft *d)
{
    const struct rt_payment *pay = d->q->pay;

    if (px_by_merchant(pay))
        px_form_z(&d->body, "off_session", "true");
    if (pay->stored == RT_STORED_FIRST)
        px_form_z(&d->body, "setup_future_usage", "off_session");
    if (pay->initiator == RT_BY_MERCHANT && pay->network_txn_id.n > 0 &&
        pay->method != RT_PROVIDER_TOKEN)
        px_form_put(&d->body, OPTIONS "[mit_exemption][network_transaction_id]",
                    pay->network_txn_id);
    if (pay->channel == RT_CHANNEL_MOTO)
        px_form_z(&d->body, OPTIONS "[moto]", "true");
    if (span_starts(pay->customer, "cus_")) /* Stripe's own; another name means nothing to it */
        px_form_put(&d->body, "customer", pay->customer);
}

/* gw_ names are ours: the inquiry finds the attempt by one of them. */
static void put_metadata(struct px_draft *d)
{
    enum { NAME_MAX_ = 40 };
    const struct rt_payment *pay = d->q->pay;

    for (unsigned i = 0; i < pay->metadata_n; i++) {
        const struct rt_pair *p = &pay->metadata[i];

        if (span_starts(p->name, "gw_"))
            px_draft_cannot(d, "metadata names that begin with gw_ are taken");
        else if (p->name.n > 0 && p->name.n <= NAME_MAX_)
            px_form_in(&d->body, "metadata", p->name, p->value);
    }
}

static void put_authorize(struct px_draft *d)
{
    const struct rt_payment *pay = d->q->pay;
    int64_t units = px_draft_units(d, pay->amount);
    char letters[4] = "";

    if (d->err != OK)
        return;
    for (unsigned i = 0; i < 3; i++)
        letters[i] = (char)(currency_code(pay->amount.cur)[i] - 'A' + 'a');
    px_draft_path(d, "/v1/payment_intents");
    px_form_u64(&d->body, "amount", (uint64_t)units);
    px_form_z(&d->body, "currency", letters);
    px_form_z(&d->body, "capture_method", pay->capture_now ? "automatic" : "manual");
    px_form_z(&d->body, "confirm", "true");
    px_form_z(&d->body, "payment_method_types[0]", "card");
    put_credential(d);
    px_form_put(&d->body, "metadata[gw_attempt]", d->q->ref);
    if (pay->return_url.n > 0)
        px_form_put(&d->body, "return_url", pay->return_url);
    put_circumstances(d);
    if (pay->description.n > 0)
        px_form_put(&d->body, "description", pay->description);
    if (pay->statement.n > 0)
        px_form_put(&d->body, "statement_descriptor_suffix", pay->statement);
    if (pay->order.n > 0)
        px_form_put(&d->body, "metadata[gw_order]", pay->order);
    put_metadata(d);
    if (pay->stored == RT_STORED_FIRST) /* tells the network transaction id */
        px_form_z(&d->body, "expand[0]", "latest_charge");
}

/* ---- what is done to a payment ---- */

static void put_on_intent(struct px_draft *d, const char *verb)
{
    px_draft_path(d, "/v1/payment_intents/");
    px_draft_segment(d, d->q->payment_id);
    px_draft_path(d, verb);
}

static void put_capture(struct px_draft *d)
{
    put_on_intent(d, "/capture");
    if (px_names_amount(d->q->pay))
        px_form_u64(&d->body, "amount_to_capture", (uint64_t)px_draft_units(d, d->q->pay->amount));
}

static void put_void(struct px_draft *d)
{
    if (d->q->by_reference || d->q->reversal)
        px_draft_cannot(d, "stripe has no %s",
                        d->q->reversal ? "void-or-refund" : "cancel by reference");
    put_on_intent(d, "/cancel");
    px_form_z(&d->body, "cancellation_reason", "abandoned");
}

static void put_refund(struct px_draft *d)
{
    px_draft_path(d, "/v1/refunds");
    if (d->q->payment_id.n == 0)
        px_draft_cannot(d, "stripe needs its id of the payment for this");
    px_form_put(&d->body, "payment_intent", d->q->payment_id);
    if (px_names_amount(d->q->pay))
        px_form_u64(&d->body, "amount", (uint64_t)px_draft_units(d, d->q->pay->amount));
    px_form_put(&d->body, "metadata[gw_refund]", d->q->ref);
}

static void put_inquiry(struct px_draft *d)
{
    if (!d->q->by_reference && d->q->pay->op == RT_REFUND) { /* a total does not tell whose it is */
        if (d->q->payment_id.n == 0)
            px_draft_cannot(d, "stripe needs its id of the payment for this");
        px_draft_path(d, "/v1/refunds?limit=100&payment_intent=");
        px_percent(&d->path, d->q->payment_id);
        return;
    }
    if (!d->q->by_reference) {
        put_on_intent(d, "");
        return;
    }
    px_draft_path(d, "/v1/payment_intents/search?query=");
    px_percent(&d->path, SPAN("metadata['gw_attempt']:'"));
    px_percent(&d->path, d->q->ref);
    px_percent(&d->path, SPAN("'"));
}

static enum err ask(const struct px_account *acc, const struct px_asking *q, struct arena *a,
                    struct px_message *m, struct diag *why)
{
    struct px_draft d = px_draft_begin(acc, q, a, m, why);
    bool reads = q->op == RT_INQUIRE;

    d.dialect = MONEY_STRIPE;
    d.provider = "stripe";
    switch (q->op) {
    case RT_AUTHORIZE: put_authorize(&d); break;
    case RT_CAPTURE: put_capture(&d); break;
    case RT_VOID: put_void(&d); break;
    case RT_REFUND: put_refund(&d); break;
    case RT_INQUIRE: put_inquiry(&d); break;
    case RT_OPS_: px_draft_cannot(&d, "no such operation"); break;
    }
    px_draft_secret(&d, "authorization", "Bearer ", acc->api_key);
    px_draft_header(&d, "stripe-version",
                    acc->api_version.n > 0 ? acc->api_version : SPAN(PX_STRIPE_VERSION));
    if (!reads)
        px_draft_header(&d, "idempotency-key", q->key);
    return px_draft_end(&d, reads ? "GET" : "POST",
                        reads ? NULL : "application/x-www-form-urlencoded");
}

static bool decline(struct span field, struct span value, enum rt_code *out)
{
    const struct px_decline *row = px_decline_find(&px_declines_stripe, field, value);

    if (row == NULL)
        return false;
    *out = row->code;
    return true;
}

const struct px_adapter px_stripe = {
    .name = "stripe",
    /* docs.stripe.com, "Idempotent requests" and "Error handling", read 2026-10: a key is kept for
     * at least 24 h; status and body of the first execution are given again, 402 and 500 included;
     * 401, 429 and refused parameters come before execution and are not kept. "Search": about a
     * minute late, so an empty result proves nothing. */
    .promises = { .keeps_keys_s = 24 * 3600,
                  .remembers_declines = true,
                  .refuses_cleanly = true,
                  .repeat_after_5xx = true,
                  .finds_by_reference = true,
                  .finds_by_id = true,
                  .key_max = 255 },
    .brands = UINT32_MAX,
    .methods = 1 << RT_CARD | 1 << RT_NETWORK_TOKEN | 1 << RT_PROVIDER_TOKEN,
    .ops = 1 << RT_AUTHORIZE | 1 << RT_CAPTURE | 1 << RT_VOID | 1 << RT_REFUND | 1 << RT_INQUIRE,
    .dialect = MONEY_STRIPE,
    .base_url_test = "https://api.stripe.com", /* the key decides */
    .base_url_live = "https://api.stripe.com",
    .ask = ask,
    .judge = px_stripe_judge,
    .decline = decline,
    .declines = &px_declines_stripe,
    .judge_token = px_stripe_token,
    .news = px_stripe_news,
};
