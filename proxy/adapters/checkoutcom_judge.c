/* proxy/adapters/checkoutcom_judge.c -- what Checkout.com's answers mean.
 *
 * checkout.com/docs, "Idempotency", "Response codes", "Error codes"; read 2026-10. A decline is 201
 * with approved false, an accepted action is 202. Only 2xx answers are stored under the key: after
 * a 5xx the same key executes again, so the state is asked for first. Error bodies may be empty:
 * the status is read before the body. */
#include <string.h>

#include "proxy/adapters/checkoutcom.h"
#include "proxy/adapters/decline.h"

enum {
    K_ID,
    K_ACTION,
    K_AMOUNT,
    K_CURRENCY,
    K_APPROVED,
    K_STATUS,
    K_CODE,
    K_ACTION_CODE,
    K_REF,
    K_SCHEME_ID,
    K_ADVICE,
    K_MAC,
    K_SCHEME,
    K_CVV,
    K_AVS,
    K_CAPTURED,
    K_REFUNDED,
    K_CAPTURABLE,
    K_REDIRECT,
    K_PAYMENT,
    K_REQUEST_ID,
    K_ERROR_TYPE,
    K_ERROR_CODE,
    K_DATA,
    K_FIELDS
};

static const struct px_pick answer_pick[K_FIELDS] = {
    [K_ID] = { { "id" } },
    [K_ACTION] = { { "action_id" } },
    [K_AMOUNT] = { { "amount" } },
    [K_CURRENCY] = { { "currency" } },
    [K_APPROVED] = { { "approved" } },
    [K_STATUS] = { { "status" } },
    [K_CODE] = { { "response_code" } },
    [K_ACTION_CODE] = { { "actions", "[]", "response_code" } },
    [K_REF] = { { "reference" } },
    [K_SCHEME_ID] = { { "scheme_id" } },
    [K_ADVICE] = { { "processing", "recommendation_code" } },
    [K_MAC] = { { "processing", "partner_merchant_advice_code" } },
    [K_SCHEME] = { { "source", "scheme" } },
    [K_CVV] = { { "source", "cvv_check" } },
    [K_AVS] = { { "source", "avs_check" } },
    [K_CAPTURED] = { { "balances", "total_captured" } },
    [K_REFUNDED] = { { "balances", "total_refunded" } },
    [K_CAPTURABLE] = { { "balances", "available_to_capture" } },
    [K_REDIRECT] = { { "_links", "redirect", "href" } },
    [K_PAYMENT] = { { "_links", "payment", "href" } },
    [K_REQUEST_ID] = { { "request_id" } },
    [K_ERROR_TYPE] = { { "error_type" } },
    [K_ERROR_CODE] = { { "error_codes", "[]" } },
    [K_DATA] = { { "data" } },
};

static bool reason(struct px_case *c, const struct px_value *f)
{
    const struct px_value *code = px_value_there(&f[K_CODE]) ? &f[K_CODE] : &f[K_ACTION_CODE];
    const struct px_said said[] = {
        { "response_code", px_value_word(code) },
        { "error_code", px_value_str(&f[K_ERROR_CODE]) },
        { "error_type", px_value_str(&f[K_ERROR_TYPE]) },
        { "recommendation_code", px_value_word(&f[K_ADVICE]) },
        { "partner_merchant_advice_code", px_value_word(&f[K_MAC]) },
        { "scheme", px_value_str(&f[K_SCHEME]) },
    };

    return px_decline_judge(&px_declines_checkoutcom, said, sizeof said / sizeof *said, c->j);
}

/* ---- payments ---- */

static void note_payment(struct px_case *c, const struct px_value *f)
{
    struct span cur = px_value_str(&f[K_CURRENCY]), cvv = px_value_str(&f[K_CVV]);
    struct rt_judgement *j = c->j;

    px_judge_id(c, px_value_str(&f[K_ID]));
    (void)px_id_put(j->network_txn_id, px_value_str(&f[K_SCHEME_ID]));
    px_word_put(j->cvc, sizeof j->cvc, span_str(cvv.n == 1 ? px_cvc_word(cvv.p[0]) : ""));
    px_word_put(j->avs, sizeof j->avs, px_value_str(&f[K_AVS]));
    j->amount = px_money_of(c, &f[K_AMOUNT], cur);
    j->captured = px_money_of(c, &f[K_CAPTURED], cur);
    j->refunded = px_money_of(c, &f[K_REFUNDED], cur);
    j->capturable = px_money_of(c, &f[K_CAPTURABLE], cur);
}

/* A payment that leaves its status out is as approved as it says. */
static enum rt_state status_state(const struct px_value *f)
{
    static const struct {
        const char *status;
        enum rt_state state;
    } known[] = {
        { "Pending", RT_STATE_PENDING },
        { "Retry Scheduled", RT_STATE_PENDING },
        { "Authorized", RT_STATE_AUTHORIZED },
        { "Card Verified", RT_STATE_AUTHORIZED },
        { "Partially Captured", RT_STATE_PARTIALLY_CAPTURED },
        { "Captured", RT_STATE_CAPTURED },
        { "Paid", RT_STATE_CAPTURED },
        { "Partially Refunded", RT_STATE_PARTIALLY_REFUNDED },
        { "Refunded", RT_STATE_REFUNDED },
        { "Declined", RT_STATE_DECLINED },
        { "Voided", RT_STATE_VOIDED },
        { "Canceled", RT_STATE_VOIDED },
        { "Expired", RT_STATE_EXPIRED },
    };
    bool approved;

    for (unsigned i = 0; i < sizeof known / sizeof *known; i++) {
        if (px_value_is(&f[K_STATUS], known[i].status))
            return known[i].state == RT_STATE_PENDING && px_value_str(&f[K_REDIRECT]).n > 0
                       ? RT_STATE_REQUIRES_ACTION
                       : known[i].state;
    }
    if (px_value_there(&f[K_STATUS]) || !px_value_bool(&f[K_APPROVED], &approved))
        return RT_STATE_NONE;
    return approved ? RT_STATE_AUTHORIZED : RT_STATE_DECLINED;
}

/* approved and status tell the same story, or neither is believed. */
static bool contradicts(const struct px_value *f, enum rt_state s)
{
    struct span code = px_value_word(&f[K_CODE]);
    bool approved;

    if (!px_value_bool(&f[K_APPROVED], &approved))
        return false;
    if (approved)
        return s == RT_STATE_DECLINED ||
               (s == RT_STATE_AUTHORIZED && code.n > 0 && !span_starts(code, "10"));
    return s == RT_STATE_AUTHORIZED || s == RT_STATE_CAPTURED || s == RT_STATE_PARTIALLY_CAPTURED ||
           s == RT_STATE_REFUNDED || s == RT_STATE_PARTIALLY_REFUNDED;
}

/* 201 is a final word, 202 is none. */
static bool undecided(enum rt_state s)
{
    return s == RT_STATE_PENDING || s == RT_STATE_REQUIRES_ACTION;
}

/* Where the answer names what was asked for: 202 leaves amount and currency out. */
static bool agrees_payment(const struct px_case *c, const struct px_value *f)
{
    bool said = px_value_there(&f[K_AMOUNT]) || px_value_there(&f[K_CURRENCY]);
    enum rt_op wish = px_case_wish(c);

    if (!px_agrees_id(c, px_value_str(&f[K_ID])))
        return false;
    if (wish == RT_AUTHORIZE && !px_agrees_ref(c, px_value_str(&f[K_REF])))
        return false;
    if (wish == RT_AUTHORIZE || wish == RT_INQUIRE)
        return !said || px_agrees_amount(c, c->j->amount);
    return !said || px_agrees_currency(c, c->j->amount);
}

static void judge_state(struct px_case *c, const struct px_value *f, enum rt_state state)
{
    if (state == RT_STATE_DECLINED) {
        (void)reason(c, f);
        if (c->j->code == RT_CODE_AUTHENTICATION_REQUIRED)
            state = RT_STATE_REQUIRES_SCA;
    }
    if (state == RT_STATE_REQUIRES_ACTION)
        c->j->redirect_url = px_value_str(&f[K_REDIRECT]);
    px_judge_state(c, state);
}

/* Issuers approve parts where the account allows it. */
static void judge_partly(struct px_case *c)
{
    rt_judge_code(c->j, RT_CODE_APPROVED_PARTIAL);
    px_judge_state(c, RT_STATE_AUTHORIZED);
    c->j->alarm = true;
}

static void judge_payment(struct px_case *c, const struct px_value *f)
{
    enum rt_state state = status_state(f);
    bool later = c->ans->status == 202, known, approved = false;

    note_payment(c, f);
    known = px_value_bool(&f[K_APPROVED], &approved);
    if (c->j->payment_id[0] == '\0' && !(known && !approved)) {
        px_judge_strange(c);
    } else if (c->op == RT_AUTHORIZE && later) {
        if (undecided(state) && !approved && agrees_payment(c, f))
            judge_state(c, f, state);
        else
            px_judge_strange(c);
    } else if (state == RT_STATE_NONE || (c->op == RT_AUTHORIZE && (!known || undecided(state)))) {
        px_judge_strange(c);
    } else if (approved && state == RT_STATE_AUTHORIZED && px_value_is(&f[K_CODE], "20010") &&
               px_agrees_currency(c, c->j->amount)) {
        judge_partly(c);
    } else if (contradicts(f, state) || !agrees_payment(c, f)) {
        px_judge_strange(c);
    } else {
        judge_state(c, f, state);
    }
}

/* The list under our reference; how the filter matches is not documented, so it is read exactly. */
static void judge_list(struct px_case *c, struct span data)
{
    struct px_value f[K_FIELDS], best[K_FIELDS];
    struct span element;
    int weight = -1;

    c->j->matches = 0;
    while (px_pick_element(&data, &element)) {
        if (!px_pick(element, answer_pick, K_FIELDS, c->arena, f)) {
            px_judge_strange(c);
            return;
        }
        if (c->q != NULL && c->q->ref.n > 0 && !span_eq(px_value_str(&f[K_REF]), c->q->ref))
            continue;
        c->j->matches++;
        if (px_state_weight(status_state(f)) > weight) {
            weight = px_state_weight(status_state(f));
            memcpy(best, f, sizeof best);
        }
    }
    if (c->j->matches == 0) {
        rt_judge_code(c->j, RT_CODE_NOT_FOUND);
        px_judge_nothing_found(c, RT_STATE_IN_DOUBT);
        return;
    }
    judge_payment(c, best);
    c->j->alarm = c->j->alarm || c->j->matches > 1;
}

/* ---- actions ---- */

static struct span last_segment(struct span url)
{
    struct span part = SPAN_NONE;

    while (span_cut(&url, '/', &part)) {
    }
    return part;
}

static void judge_action(struct px_case *c, const struct px_value *f)
{
    struct span payment = last_segment(px_value_str(&f[K_PAYMENT]));

    px_judge_id(c, payment);
    if (!px_id_put(c->j->op_id, px_value_str(&f[K_ACTION])) || c->j->op_id[0] == '\0' ||
        !px_agrees_id(c, payment) || !px_agrees_ref(c, px_value_str(&f[K_REF]))) {
        px_judge_strange(c);
        return;
    }
    if (px_sized(c)) /* what was asked for; the answer does not repeat it */
        c->j->amount = c->q->pay->amount;
    px_judge_accepted(c);
}

/* ---- errors ---- */

/* Nothing of a 4xx is stored under the key. */
static void judge_invalid(struct px_case *c, const struct px_value *f, enum rt_same_key again)
{
    bool listed = reason(c, f);

    if (c->op == RT_AUTHORIZE && listed && px_about_the_payer(c)) {
        px_judge_declined(c, RT_EXECUTED_NO);
        c->j->same_key = again;
    } else {
        px_judge_refused(c, RT_STATE_NOT_EXECUTED, again);
    }
}

static void judge_403(struct px_case *c)
{
    if (c->op == RT_AUTHORIZE || c->op == RT_INQUIRE)
        px_judge_refused_for(c, RT_CODE_PROVIDER_PERMISSION_ERROR, RT_STATE_NOT_EXECUTED,
                             RT_SAME_KEY_NO);
    else
        px_judge_refused_for(c, RT_CODE_STATE_CONFLICT, RT_STATE_UNCHANGED, RT_SAME_KEY_NO);
}

static void judge_404(struct px_case *c)
{
    rt_judge_code(c->j, RT_CODE_NOT_FOUND);
    if (c->op == RT_INQUIRE)
        px_judge_nothing_found(c, RT_STATE_NOT_FOUND);
    else
        px_judge_refused(c, c->op == RT_AUTHORIZE ? RT_STATE_NOT_EXECUTED : RT_STATE_UNCHANGED,
                         RT_SAME_KEY_NO);
}

/* Throttled, or the same key is at work: both are 429. */
static void judge_429(struct px_case *c)
{
    bool doubled = c->ans->earlier_unanswered && c->op != RT_INQUIRE;

    px_judge_throttled(c, doubled ? RT_CODE_IDEMPOTENCY_IN_PROGRESS : RT_CODE_RATE_LIMITED);
}

static bool may_be_empty(int status)
{
    return status == 401 || status == 403 || status == 404 || status == 429;
}

static void judge_failure(struct px_case *c, const struct px_value *f, bool readable)
{
    int status = c->ans->status;
    bool enveloped =
        readable && (px_value_there(&f[K_ERROR_TYPE]) || px_value_there(&f[K_ERROR_CODE]) ||
                     px_value_there(&f[K_REQUEST_ID]));
    bool empty = c->ans->body.n == 0 && px_answer_json(c->ans);

    px_judge_id(c, SPAN_NONE);
    if (status >= 500 || !(enveloped || (empty && may_be_empty(status)))) {
        px_judge_doubt(c, RT_SAME_KEY_NO);
        return;
    }
    switch (status) {
    case 400: judge_invalid(c, f, RT_SAME_KEY_NO); return;
    case 401:
        px_judge_refused_for(c, RT_CODE_PROVIDER_AUTH_ERROR, RT_STATE_NOT_EXECUTED,
                             RT_SAME_KEY_YES);
        return;
    case 403: judge_403(c); return;
    case 404: judge_404(c); return;
    case 422: judge_invalid(c, f, RT_SAME_KEY_YES); return;
    case 429: judge_429(c); return;
    default: break;
    }
    px_judge_doubt(c, RT_SAME_KEY_NO); /* not a status Checkout.com documents */
    c->j->alarm = true;
}

/* ---- an answer ---- */

static bool lists_actions(const struct px_case *c)
{
    enum rt_op wish = px_case_wish(c);

    return c->op == RT_INQUIRE && (wish == RT_CAPTURE || wish == RT_REFUND) &&
           c->ans->status == 200 && px_answer_json(c->ans) &&
           span_starts(span_trim(c->ans->body), "[");
}

static void judge_success(struct px_case *c, const struct px_value *f, bool readable)
{
    if (lists_actions(c))
        px_checkoutcom_actions(c);
    else if (!readable)
        px_judge_doubt(c, RT_SAME_KEY_YES); /* stored: a copy gets it again */
    else if (c->ans->status > 202)
        px_judge_strange(c);
    else if (c->op == RT_INQUIRE && f[K_DATA].tok == JSON_ARRAY)
        judge_list(c, f[K_DATA].text);
    else if (c->op == RT_AUTHORIZE || c->op == RT_INQUIRE)
        judge_payment(c, f);
    else
        judge_action(c, f);
}

void px_checkoutcom_judge(const struct px_asking *q, enum rt_op op, const struct px_answer *ans,
                          struct arena *a, struct rt_judgement *out)
{
    struct px_case c = {
        .q = q, .op = op, .ans = ans, .arena = a, .j = out, .dialect = MONEY_CHECKOUTCOM
    };
    struct px_value f[K_FIELDS] = { 0 };
    bool readable = px_answer_json(ans) && px_pick(ans->body, answer_pick, K_FIELDS, a, f);

    memset(out, 0, sizeof *out);
    out->matches = -1;
    if (px_answer_2xx(ans))
        judge_success(&c, f, readable);
    else if (ans->status >= 400 && ans->status <= 599)
        judge_failure(&c, f, readable);
    else
        px_judge_doubt(&c, RT_SAME_KEY_NO); /* a redirect is never followed, and is not stored */
}

/* POST /tokens or /instruments. Moves no money; the gateway itself never does it. */
void px_checkoutcom_token(const struct px_answer *ans, struct arena *a, struct rt_judgement *out)
{
    static const struct px_pick pick[] = { { { "token" } }, { { "id" } } };
    struct px_value f[2];
    struct span token;

    px_checkoutcom_judge(NULL, RT_AUTHORIZE, ans, a, out);
    if (!px_answer_2xx(ans) || ans->status > 201 || !px_answer_json(ans) ||
        !px_pick(ans->body, pick, 2, a, f))
        return;
    token = px_value_str(&f[px_value_str(&f[0]).n > 0 ? 0 : 1]);
    if (!span_starts(token, "tok_") && !span_starts(token, "src_"))
        return;
    *out = (struct rt_judgement){ .outcome = RT_INFO,
                                  .executed = RT_EXECUTED_YES,
                                  .state = RT_STATE_TOKENIZED,
                                  .same_key = RT_SAME_KEY_YES,
                                  .bound = true,
                                  .matches = -1 };
    (void)px_id_put(out->op_id, token);
}
