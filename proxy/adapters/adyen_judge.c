/* proxy/adapters/adyen_judge.c -- what Adyen's answers mean.
 *
 * docs.adyen.com, "Result codes", "API idempotency", "Response handling", Checkout API v72; read
 * 2026-10. A decline is 200; an accepted modification is 201 and nothing more than accepted. */
#include <string.h>

#include "proxy/adapters/adyen.h"
#include "proxy/adapters/decline.h"

enum {
    A_RESULT,
    A_PSP,
    A_PAYMENT,
    A_STATUS,
    A_REASON,
    A_REF,
    A_OWN_REF,
    A_PAYMENT_REF,
    A_VALUE,
    A_CURRENCY,
    A_RAW,
    A_MAC,
    A_BRAND,
    A_NETWORK_TXN,
    A_CVC,
    A_CVC_RAW,
    A_AVS_RAW,
    A_URL,
    A_ERROR,
    A_ERROR_TYPE,
    A_TITLE,
    A_FIELDS
};

static const struct px_pick answer_pick[A_FIELDS] = {
    [A_RESULT] = { { "resultCode" } },
    [A_PSP] = { { "pspReference" } },
    [A_PAYMENT] = { { "paymentPspReference" } },
    [A_STATUS] = { { "status" } },
    [A_REASON] = { { "refusalReasonCode" } },
    [A_REF] = { { "merchantReference" } },
    [A_OWN_REF] = { { "reference" } },
    [A_PAYMENT_REF] = { { "paymentReference" } },
    [A_VALUE] = { { "amount", "value" } },
    [A_CURRENCY] = { { "amount", "currency" } },
    [A_RAW] = { { "additionalData", "refusalReasonRaw" } },
    [A_MAC] = { { "additionalData", "merchantAdviceCode" } },
    [A_BRAND] = { { "paymentMethod", "brand" } },
    [A_NETWORK_TXN] = { { "additionalData", "networkTxReference" } },
    [A_CVC] = { { "additionalData", "cvcResult" } },
    [A_CVC_RAW] = { { "additionalData", "cvcResultRaw" } },
    [A_AVS_RAW] = { { "additionalData", "avsResultRaw" } },
    [A_URL] = { { "action", "url" } },
    [A_ERROR] = { { "errorCode" } },
    [A_ERROR_TYPE] = { { "errorType" } },
    [A_TITLE] = { { "title" } }, /* RFC 7807, in newer services */
};

static bool reason(struct px_case *c, const struct px_value *f)
{
    const struct px_said said[] = {
        { "refusalReasonCode", px_value_word(&f[A_REASON]) },
        { "resultCode", px_value_str(&f[A_RESULT]) },
        { "errorCode", px_value_word(&f[A_ERROR]) },
        { "errorType", px_value_str(&f[A_ERROR_TYPE]) },
        { "merchantAdviceCode", px_value_str(&f[A_MAC]) },
        { "refusalReasonRaw", px_value_str(&f[A_RAW]) },
        { "brand", px_value_str(&f[A_BRAND]) },
    };

    return px_decline_judge(&px_declines_adyen, said, sizeof said / sizeof *said, c->j);
}

/* ---- payments ---- */

/* "1 Matches", "2 Doesn't match", "3 Not checked" ...; or the scheme's letter. */
static const char *cvc_word(const struct px_value *f)
{
    struct span said = px_value_str(&f[A_CVC]), raw = px_value_str(&f[A_CVC_RAW]);

    if (said.n > 0 && said.p[0] == '1')
        return "match";
    if (said.n > 0 && said.p[0] == '2')
        return "no_match";
    if (said.n == 0 && raw.n == 1)
        return px_cvc_word(raw.p[0]);
    return said.n > 0 ? "not_checked" : "";
}

static void note_payment(struct px_case *c, const struct px_value *f)
{
    struct rt_judgement *j = c->j;

    px_judge_id(c, px_value_str(&f[A_PSP]));
    (void)px_id_put(j->network_txn_id, px_value_str(&f[A_NETWORK_TXN]));
    px_word_put(j->cvc, sizeof j->cvc, span_str(cvc_word(f)));
    px_word_put(j->avs, sizeof j->avs, px_value_str(&f[A_AVS_RAW]));
    j->amount = px_money_of(c, &f[A_VALUE], px_value_str(&f[A_CURRENCY]));
}

static bool wants_capture(const struct px_case *c)
{
    return c->q != NULL && c->q->pay != NULL && c->q->pay->capture_now;
}

/* With captureDelayHours 0 an authorisation is the last we hear: the money moves by itself. */
static void judge_authorised(struct px_case *c, const struct px_value *f)
{
    bool said = px_value_there(&f[A_VALUE]) || px_value_there(&f[A_CURRENCY]);

    if (c->j->payment_id[0] == '\0' || (said && !px_agrees_amount(c, c->j->amount))) {
        px_judge_strange(c);
        return;
    }
    if (wants_capture(c)) {
        px_judge_state(c, RT_STATE_CAPTURED);
        c->j->captured = c->j->amount;
    } else {
        px_judge_state(c, RT_STATE_AUTHORIZED);
    }
}

/* Less money than asked for. It is held; keeping it or giving it back is the merchant's decision.
 */
static void judge_partly(struct px_case *c)
{
    const struct money *m = &c->j->amount;

    if (c->j->payment_id[0] == '\0' || m->cur == CURRENCY_NONE || !px_agrees_currency(c, *m) ||
        (c->q != NULL && c->q->pay != NULL && c->q->pay->amount.cur != CURRENCY_NONE &&
         m->minor > c->q->pay->amount.minor)) {
        px_judge_strange(c);
        return;
    }
    rt_judge_code(c->j, RT_CODE_APPROVED_PARTIAL);
    px_judge_state(c, wants_capture(c) ? RT_STATE_CAPTURED : RT_STATE_AUTHORIZED);
    c->j->alarm = true;
}

static void judge_declined(struct px_case *c, const struct px_value *f)
{
    (void)reason(c, f);
    px_judge_declined(c, RT_EXECUTED_YES);
    c->j->bound = true;
    c->j->same_key = RT_SAME_KEY_YES;
}

static void judge_payment(struct px_case *c, const struct px_value *f)
{
    struct span result = px_value_str(&f[A_RESULT]);

    note_payment(c, f);
    if (!px_agrees_ref(c, px_value_str(&f[A_REF]))) {
        px_judge_strange(c);
    } else if (span_is(result, "Authorised")) {
        judge_authorised(c, f);
    } else if (span_is(result, "PartiallyAuthorised")) {
        judge_partly(c);
    } else if (span_is(result, "Refused") || span_is(result, "Cancelled") ||
               span_is(result, "Error")) {
        judge_declined(c, f);
    } else if (span_is(result, "RedirectShopper") || span_is(result, "IdentifyShopper") ||
               span_is(result, "ChallengeShopper") || span_is(result, "PresentToShopper")) {
        px_judge_state(c, RT_STATE_REQUIRES_ACTION);
        c->j->redirect_url = px_value_str(&f[A_URL]);
    } else if (span_is(result, "Pending") || span_is(result, "Received")) {
        rt_judge_code(c->j, RT_CODE_PAYER_ACTION_REQUIRED);
        px_judge_state(c, RT_STATE_PENDING);
    } else {
        px_judge_strange(c); /* also results of authentication only, which we never ask for */
    }
}

/* ---- modifications ---- */

static bool agrees_modification(const struct px_case *c, const struct px_value *f)
{
    bool by_reference = c->q != NULL && c->q->by_reference;
    struct span own = px_value_str(&f[A_OWN_REF]);
    struct span ref = by_reference ? px_value_str(&f[A_PAYMENT_REF]) : own;
    bool sized = c->op == RT_CAPTURE || c->op == RT_REFUND;
    bool said = px_value_there(&f[A_VALUE]) || px_value_there(&f[A_CURRENCY]);

    if (by_reference && own.n > 0 && c->q->cancel_ref.n > 0 && !span_eq(own, c->q->cancel_ref))
        return false;
    return px_agrees_ref(c, ref) && px_agrees_id(c, px_value_str(&f[A_PAYMENT])) &&
           (!sized || !said || px_agrees_amount(c, c->j->amount));
}

static void judge_modification(struct px_case *c, const struct px_value *f)
{
    px_judge_id(c, px_value_str(&f[A_PAYMENT]));
    c->j->amount = px_money_of(c, &f[A_VALUE], px_value_str(&f[A_CURRENCY]));
    if (!px_id_put(c->j->op_id, px_value_str(&f[A_PSP])) || c->j->op_id[0] == '\0' ||
        !px_value_is(&f[A_STATUS], "received") || !agrees_modification(c, f))
        px_judge_strange(c);
    else
        px_judge_accepted(c);
}

/* ---- errors ---- */

/* Field checks of the card come as 422: a no to the payer, though no bank was asked. */
static void judge_invalid(struct px_case *c, bool listed)
{
    if (c->op == RT_AUTHORIZE && listed && px_about_the_payer(c)) {
        px_judge_declined(c, RT_EXECUTED_NO);
        c->j->same_key = RT_SAME_KEY_NO;
    } else {
        px_judge_refused(c, RT_STATE_NOT_EXECUTED, RT_SAME_KEY_NO);
    }
}

/* Some 500s are errors of configuration (905 and its kin): for the money they are doubt like any
 * other, for the operator they are news. */
static void judge_5xx(struct px_case *c, const struct px_value *f, bool enveloped)
{
    bool setup = false;

    if (enveloped) {
        setup = reason(c, f) && rt_code_category(c->j->code) == RT_CONFIG;
        c->j->alarm = setup || px_value_is(&f[A_ERROR_TYPE], "configuration");
    }
    if (!setup)
        rt_judge_code(c->j, RT_CODE_PROVIDER_ERROR);
    px_judge_doubt(c, RT_SAME_KEY_YES);
}

static void judge_4xx(struct px_case *c, const struct px_value *f)
{
    bool listed = reason(c, f);

    switch (c->ans->status) {
    case 401:
        px_judge_refused_for(c, RT_CODE_PROVIDER_AUTH_ERROR, RT_STATE_NOT_EXECUTED,
                             RT_SAME_KEY_YES);
        return;
    case 403:
        px_judge_refused_for(c, RT_CODE_PROVIDER_PERMISSION_ERROR, RT_STATE_NOT_EXECUTED,
                             RT_SAME_KEY_NO);
        return;
    case 404:
        px_judge_refused_for(c, RT_CODE_NOT_FOUND, RT_STATE_NOT_EXECUTED, RT_SAME_KEY_NO);
        return;
    case 408: px_judge_doubt(c, RT_SAME_KEY_YES); return;
    case 429: px_judge_throttled(c, RT_CODE_RATE_LIMITED); return;
    case 400:
    case 422: judge_invalid(c, listed); return;
    default: break;
    }
    px_judge_doubt(c, RT_SAME_KEY_YES); /* not a status Adyen documents */
    c->j->alarm = true;
}

static void judge_failure(struct px_case *c, const struct px_value *f, bool readable)
{
    bool enveloped =
        readable && (px_value_word(&f[A_ERROR]).n > 0 || px_value_str(&f[A_ERROR_TYPE]).n > 0 ||
                     px_value_str(&f[A_TITLE]).n > 0);
    bool transient = span_is_nocase(px_answer_header(c->ans, "transient-error"), "true");

    /* what was logged under the attempt, if anything; a modification's own id is no payment's */
    px_judge_id(c, enveloped && c->op == RT_AUTHORIZE ? px_value_str(&f[A_PSP]) : SPAN_NONE);
    if (enveloped && span_is(px_value_word(&f[A_ERROR]), "704")) {
        (void)reason(c, f);
        px_judge_doubt(c, transient ? RT_SAME_KEY_YES : RT_SAME_KEY_AFTER_WAIT);
    } else if (c->ans->status >= 500) {
        judge_5xx(c, f, enveloped);
    } else if (!enveloped || transient) {
        px_judge_doubt(c, RT_SAME_KEY_YES);
    } else {
        judge_4xx(c, f);
    }
}

/* ---- an answer ---- */

static void judge_success(struct px_case *c, const struct px_value *f, bool readable)
{
    if (!readable)
        px_judge_doubt(c, RT_SAME_KEY_YES);
    else if (span_is_nocase(px_answer_header(c->ans, "transient-error"), "true"))
        px_judge_doubt(c, RT_SAME_KEY_YES);
    else if (c->ans->status > 201 || c->op == RT_INQUIRE)
        px_judge_strange(c); /* there is no inquiry at Adyen */
    else if (c->op == RT_AUTHORIZE)
        judge_payment(c, f);
    else
        judge_modification(c, f);
}

void px_adyen_judge(const struct px_asking *q, enum rt_op op, const struct px_answer *ans,
                    struct arena *a, struct rt_judgement *out)
{
    struct px_case c = {
        .q = q, .op = op, .ans = ans, .arena = a, .j = out, .dialect = MONEY_ADYEN
    };
    struct px_value f[A_FIELDS] = { 0 };
    bool readable = px_answer_json(ans) && px_pick(ans->body, answer_pick, A_FIELDS, a, f);

    memset(out, 0, sizeof *out);
    out->matches = -1;
    if (px_answer_2xx(ans))
        judge_success(&c, f, readable);
    else if (ans->status >= 400 && ans->status <= 599)
        judge_failure(&c, f, readable);
    else
        px_judge_doubt(&c, RT_SAME_KEY_YES); /* a redirect is never followed */
}

/* POST /storedPaymentMethods. Moves no money; the gateway itself never does it. */
void px_adyen_token(const struct px_answer *ans, struct arena *a, struct rt_judgement *out)
{
    static const struct px_pick pick[] = { { { "id" } } };
    struct px_value f;

    px_adyen_judge(NULL, RT_AUTHORIZE, ans, a, out);
    if (!px_answer_2xx(ans) || ans->status > 201 || !px_answer_json(ans) ||
        !px_pick(ans->body, pick, 1, a, &f) || px_value_str(&f).n == 0)
        return;
    *out = (struct rt_judgement){ .outcome = RT_INFO,
                                  .executed = RT_EXECUTED_YES,
                                  .state = RT_STATE_TOKENIZED,
                                  .same_key = RT_SAME_KEY_YES,
                                  .bound = true,
                                  .matches = -1 };
    (void)px_id_put(out->op_id, px_value_str(&f));
}
