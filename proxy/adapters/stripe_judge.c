/* proxy/adapters/stripe_judge.c -- what Stripe's answers mean.
 *
 * docs.stripe.com, "Idempotent requests", "Error handling", "PaymentIntent"; read 2026-10. The
 * order of evidence: status class, error.type, the PaymentIntent inside the error, the code. */
#include <string.h>

#include "proxy/adapters/decline.h"
#include "proxy/adapters/stripe.h"

/* ---- PaymentIntents ---- */

enum {
    I_OBJECT,
    I_ID,
    I_STATUS,
    I_AMOUNT,
    I_CAPTURABLE,
    I_RECEIVED,
    I_CURRENCY,
    I_REF,
    I_URL,
    I_CANCELLATION,
    I_LAST_ERROR,
    I_REFUNDED,
    I_NETWORK_TXN,
    I_CVC,
    I_FIELDS
};

static const struct px_pick intent_pick[I_FIELDS] = {
    [I_OBJECT] = { { "object" } },
    [I_ID] = { { "id" } },
    [I_STATUS] = { { "status" } },
    [I_AMOUNT] = { { "amount" } },
    [I_CAPTURABLE] = { { "amount_capturable" } },
    [I_RECEIVED] = { { "amount_received" } },
    [I_CURRENCY] = { { "currency" } },
    [I_REF] = { { "metadata", "gw_attempt" } },
    [I_URL] = { { "next_action", "redirect_to_url", "url" } },
    [I_CANCELLATION] = { { "cancellation_reason" } },
    [I_LAST_ERROR] = { { "last_payment_error" } },
    /* where latest_charge was expanded */
    [I_REFUNDED] = { { "latest_charge", "amount_refunded" } },
    [I_NETWORK_TXN] = { { "latest_charge", "payment_method_details", "card",
                          "network_transaction_id" } },
    [I_CVC] = { { "latest_charge", "payment_method_details", "card", "checks", "cvc_check" } },
};

static enum rt_state paid_state(const struct px_intent *i)
{
    if (i->refunded.cur == CURRENCY_NONE || i->refunded.minor == 0)
        return RT_STATE_CAPTURED;
    return i->refunded.minor >= i->received.minor ? RT_STATE_REFUNDED : RT_STATE_PARTIALLY_REFUNDED;
}

static enum rt_state intent_state(const struct px_intent *i, struct span status)
{
    if (span_is(status, "requires_capture"))
        return i->received.minor > 0 ? RT_STATE_PARTIALLY_CAPTURED : RT_STATE_AUTHORIZED;
    if (span_is(status, "succeeded"))
        return paid_state(i);
    if (span_is(status, "requires_payment_method"))
        return RT_STATE_DECLINED;
    if (span_is(status, "requires_action"))
        return RT_STATE_REQUIRES_ACTION;
    if (span_is(status, "processing"))
        return RT_STATE_PENDING;
    if (span_is(status, "canceled"))
        return RT_STATE_VOIDED;
    if (span_is(status, "requires_confirmation"))
        return RT_STATE_NOT_EXECUTED; /* created, and nothing has happened since */
    return RT_STATE_NONE;
}

bool px_intent_read(const struct px_case *c, struct span text, struct px_intent *out)
{
    struct px_value f[I_FIELDS];
    struct span cur;

    *out = (struct px_intent){ .state = RT_STATE_NONE };
    out->readable = px_pick(text, intent_pick, I_FIELDS, c->arena, f);
    if (!out->readable || !px_value_is(&f[I_OBJECT], "payment_intent"))
        return false;
    cur = px_value_str(&f[I_CURRENCY]);
    out->id = px_value_str(&f[I_ID]);
    out->ref = px_value_str(&f[I_REF]);
    out->redirect_url = px_value_str(&f[I_URL]);
    out->cancellation_reason = px_value_str(&f[I_CANCELLATION]);
    out->network_txn_id = px_value_str(&f[I_NETWORK_TXN]);
    out->cvc = px_value_str(&f[I_CVC]);
    out->amount = px_money_of(c, &f[I_AMOUNT], cur);
    out->capturable = px_money_of(c, &f[I_CAPTURABLE], cur);
    out->received = px_money_of(c, &f[I_RECEIVED], cur);
    out->refunded = px_money_of(c, &f[I_REFUNDED], cur);
    if (f[I_LAST_ERROR].tok == JSON_OBJECT)
        out->last_error = f[I_LAST_ERROR].text;
    out->state = intent_state(out, px_value_str(&f[I_STATUS]));
    return out->id.n > 0 && out->id.n <= LIMIT_REF;
}

static const char *cvc_word(struct span check)
{
    if (span_is(check, "pass"))
        return "match";
    if (span_is(check, "fail"))
        return "no_match";
    return check.n > 0 ? "not_checked" : "";
}

void px_intent_note(struct px_case *c, const struct px_intent *i)
{
    struct rt_judgement *j = c->j;

    px_judge_id(c, i->id);
    (void)px_id_put(j->network_txn_id, i->network_txn_id);
    px_word_put(j->cvc, sizeof j->cvc, span_str(cvc_word(i->cvc)));
    j->amount = i->amount;
    j->capturable = i->capturable;
    j->captured = i->received;
    j->refunded = i->refunded;
    if (i->state == RT_STATE_REQUIRES_ACTION)
        j->redirect_url = i->redirect_url;
}

/* The object's own amount is the one authorised. What was captured shows in amount_received. */
static bool agrees(const struct px_case *c, const struct px_intent *i)
{
    enum rt_op wish = px_case_wish(c);

    if (!px_agrees_id(c, i->id) || !px_agrees_currency(c, i->amount))
        return false;
    if (wish == RT_AUTHORIZE)
        return px_agrees_amount(c, i->amount) && px_agrees_ref(c, i->ref);
    if (wish == RT_INQUIRE)
        return px_agrees_amount(c, i->amount);
    return c->op != RT_CAPTURE || i->state != RT_STATE_CAPTURED || !px_sized(c) ||
           px_agrees_amount(c, i->received);
}

/* ---- reasons ---- */

enum { E_TYPE, E_CODE, E_DECLINE, E_ADVICE, E_MAC, E_ISSUER, E_BRAND, E_INTENT, E_FIELDS };

static const struct px_pick error_pick[E_FIELDS] = {
    [E_TYPE] = { { "type" } },
    [E_CODE] = { { "code" } },
    [E_DECLINE] = { { "decline_code" } },
    [E_ADVICE] = { { "advice_code" } },
    [E_MAC] = { { "network_advice_code" } },
    [E_ISSUER] = { { "network_decline_code" } },
    [E_BRAND] = { { "payment_method", "card", "brand" } },
    [E_INTENT] = { { "payment_intent" } },
};

static const char *const error_field[E_INTENT] = {
    [E_TYPE] = "type",
    [E_CODE] = "code",
    [E_DECLINE] = "decline_code",
    [E_ADVICE] = "advice_code",
    [E_MAC] = "network_advice_code",
    [E_ISSUER] = "network_decline_code",
    [E_BRAND] = "brand",
};

bool px_stripe_reason(struct px_case *c, struct span error, struct span inner)
{
    struct px_value outer[E_FIELDS] = { 0 }, within[E_FIELDS] = { 0 };
    struct px_said said[E_INTENT];

    (void)px_pick(error, error_pick, E_FIELDS, c->arena, outer);
    (void)px_pick(inner, error_pick, E_FIELDS, c->arena, within);
    for (unsigned i = 0; i < E_INTENT; i++) {
        const struct px_value *f = px_value_there(&outer[i]) ? &outer[i] : &within[i];

        said[i] = (struct px_said){ error_field[i], px_value_word(f) };
    }
    return px_decline_judge(&px_declines_stripe, said, E_INTENT, c->j);
}

/* ---- answers that carry the object ---- */

static void unreadable_or_strange(struct px_case *c, bool readable)
{
    if (readable)
        px_judge_strange(c);
    else
        px_judge_doubt(c, RT_SAME_KEY_YES);
}

static void judge_intent(struct px_case *c, struct span text)
{
    struct px_intent i;

    if (!px_intent_read(c, text, &i)) {
        unreadable_or_strange(c, i.readable);
        return;
    }
    px_intent_note(c, &i);
    if (i.state == RT_STATE_NONE || !agrees(c, &i)) {
        px_judge_strange(c);
        return;
    }
    if (i.state == RT_STATE_DECLINED && c->op == RT_INQUIRE && px_case_wish(c) == RT_AUTHORIZE &&
        i.last_error.n == 0) {
        /* created and not yet confirmed, as far as can be seen: our copy may be at it this moment
         */
        px_judge_nothing_found(c, RT_STATE_IN_DOUBT);
        return;
    }
    if (i.state == RT_STATE_DECLINED) {
        (void)px_stripe_reason(c, i.last_error, SPAN_NONE);
        if (c->j->code == RT_CODE_AUTHENTICATION_REQUIRED)
            i.state = RT_STATE_REQUIRES_SCA;
    }
    px_judge_state(c, i.state);
    if (i.state == RT_STATE_NOT_EXECUTED)
        c->j->alarm = true; /* we always confirm */
}

/* Search and list: those under our reference, however the filter matched. */
static void judge_list(struct px_case *c, struct span data)
{
    struct span element, best = SPAN_NONE;
    struct px_intent i;
    int weight = -1;

    c->j->matches = 0;
    while (px_pick_element(&data, &element)) {
        if (!px_intent_read(c, element, &i)) {
            px_judge_strange(c);
            return;
        }
        if (c->q != NULL && c->q->ref.n > 0 && !span_eq(i.ref, c->q->ref))
            continue;
        c->j->matches++;
        if (px_state_weight(i.state) > weight) {
            weight = px_state_weight(i.state);
            best = element;
        }
    }
    if (c->j->matches == 0) {
        rt_judge_code(c->j, RT_CODE_NOT_FOUND);
        px_judge_nothing_found(c, RT_STATE_IN_DOUBT);
        return;
    }
    judge_intent(c, best);
    c->j->alarm = c->j->alarm || c->j->matches > 1;
}

enum { R_OBJECT, R_ID, R_STATUS, R_AMOUNT, R_CURRENCY, R_INTENT, R_REF, R_FIELDS };

static const struct px_pick refund_pick[R_FIELDS] = {
    [R_OBJECT] = { { "object" } },
    [R_ID] = { { "id" } },
    [R_STATUS] = { { "status" } },
    [R_AMOUNT] = { { "amount" } },
    [R_CURRENCY] = { { "currency" } },
    [R_INTENT] = { { "payment_intent" } },
    [R_REF] = { { "metadata", "gw_refund" } },
};

static enum rt_state refund_state(const struct px_case *c, struct span status)
{
    bool part = c->q != NULL && c->q->pay != NULL && !c->q->pay->full;

    if (span_is(status, "succeeded"))
        return part ? RT_STATE_PARTIALLY_REFUNDED : RT_STATE_REFUNDED;
    if (span_is(status, "pending") || span_is(status, "requires_action"))
        return RT_STATE_REFUND_PENDING;
    if (span_is(status, "failed") || span_is(status, "canceled"))
        return RT_STATE_REFUND_FAILED;
    return RT_STATE_NONE;
}

static void judge_refund(struct px_case *c, struct span text)
{
    struct px_value f[R_FIELDS];
    enum rt_state state;
    struct money amount;

    if (!px_pick(text, refund_pick, R_FIELDS, c->arena, f)) {
        px_judge_doubt(c, RT_SAME_KEY_YES);
        return;
    }
    if (!px_value_is(&f[R_OBJECT], "refund") || px_value_str(&f[R_ID]).n == 0) {
        px_judge_strange(c);
        return;
    }
    amount = px_money_of(c, &f[R_AMOUNT], px_value_str(&f[R_CURRENCY]));
    state = refund_state(c, px_value_str(&f[R_STATUS]));
    px_judge_id(c, px_value_str(&f[R_INTENT]));
    if (!px_id_put(c->j->op_id, px_value_str(&f[R_ID])) || state == RT_STATE_NONE ||
        !px_agrees_id(c, px_value_str(&f[R_INTENT])) || !px_agrees_currency(c, amount) ||
        (px_sized(c) && !px_agrees_amount(c, amount)) ||
        !px_agrees_ref(c, px_value_str(&f[R_REF]))) {
        px_judge_strange(c);
        return;
    }
    c->j->refunded = amount;
    px_judge_state(c, state);
}

/* The refunds of one payment; ours is the one with our reference. An old one may be on a further
 * page: absent proves nothing anyway. */
static void judge_refunds(struct px_case *c, struct span data)
{
    struct span element, found = SPAN_NONE;
    struct px_value f[R_FIELDS];

    px_judge_id(c, SPAN_NONE);
    c->j->matches = 0;
    while (px_pick_element(&data, &element)) {
        if (!px_pick(element, refund_pick, R_FIELDS, c->arena, f)) {
            px_judge_strange(c);
            return;
        }
        if (c->q->ref.n == 0 || !span_eq(px_value_str(&f[R_REF]), c->q->ref))
            continue;
        c->j->matches++;
        found = element;
    }
    if (c->j->matches == 0) {
        rt_judge_code(c->j, RT_CODE_NOT_FOUND);
        px_judge_nothing_found(c, RT_STATE_IN_DOUBT);
    } else if (c->j->matches > 1) {
        px_judge_strange(c); /* one reference, two refunds: a person must look */
    } else {
        c->finds_operation = true;
        judge_refund(c, found);
    }
}

enum { L_OBJECT, L_DATA, L_FIELDS };

static void judge_inquiry(struct px_case *c, struct span text)
{
    static const struct px_pick pick[L_FIELDS] = {
        [L_OBJECT] = { { "object" } }, [L_DATA] = { { "data" } }
    };
    struct px_value f[L_FIELDS];

    if (px_pick(text, pick, L_FIELDS, c->arena, f) && f[L_DATA].tok == JSON_ARRAY &&
        (px_value_is(&f[L_OBJECT], "search_result") || px_value_is(&f[L_OBJECT], "list")))
        px_case_wish(c) == RT_REFUND ? judge_refunds(c, f[L_DATA].text)
                                     : judge_list(c, f[L_DATA].text);
    else
        judge_intent(c, text);
}

static void judge_success(struct px_case *c)
{
    /* another 2xx, readable or not, is not a status Stripe documents; reading tells which doubt */
    struct span text = px_answer_json(c->ans) ? c->ans->body : SPAN_NONE;

    if (c->op == RT_REFUND)
        judge_refund(c, text);
    else if (c->op == RT_INQUIRE)
        judge_inquiry(c, text);
    else
        judge_intent(c, text);
    if (c->ans->status > 201 && c->j->outcome != RT_UNKNOWN)
        px_judge_strange(c);
}

/* ---- errors ---- */

struct failure {
    struct span type, code;
    struct px_intent intent; /* id empty: none inside */
    bool listed;
};

static bool failure_read(struct px_case *c, struct failure *out)
{
    static const struct px_pick pick[] = { { { "error" } } };
    struct px_value error, f[E_FIELDS];

    *out = (struct failure){ .listed = false };
    if (!px_answer_json(c->ans) || !px_pick(c->ans->body, pick, 1, c->arena, &error) ||
        error.tok != JSON_OBJECT || !px_pick(error.text, error_pick, E_FIELDS, c->arena, f))
        return false;
    out->type = px_value_str(&f[E_TYPE]);
    out->code = px_value_str(&f[E_CODE]);
    if (f[E_INTENT].tok == JSON_OBJECT && px_intent_read(c, f[E_INTENT].text, &out->intent))
        px_intent_note(c, &out->intent);
    else
        px_judge_id(c, SPAN_NONE);
    out->listed = px_stripe_reason(c, error.text, out->intent.last_error);
    return out->type.n > 0;
}

static bool holds_money(enum rt_state s)
{
    return s == RT_STATE_AUTHORIZED || s == RT_STATE_CAPTURED || s == RT_STATE_PARTIALLY_CAPTURED ||
           s == RT_STATE_REFUNDED || s == RT_STATE_PARTIALLY_REFUNDED;
}

static bool is_live(enum rt_state s)
{
    return holds_money(s) || s == RT_STATE_REQUIRES_ACTION || s == RT_STATE_PENDING;
}

/* 402 to an operation on a payment: it failed, the payment stands as it did. */
static void judge_failed_operation(struct px_case *c, const struct failure *f)
{
    switch (c->op) {
    case RT_CAPTURE: px_judge_refused(c, RT_STATE_CAPTURE_FAILED, RT_SAME_KEY_YES); break;
    case RT_REFUND: px_judge_refused(c, RT_STATE_REFUND_FAILED, RT_SAME_KEY_YES); break;
    case RT_VOID:
        px_judge_refused(c, f->intent.state != RT_STATE_NONE ? f->intent.state : RT_STATE_UNCHANGED,
                         RT_SAME_KEY_YES);
        break;
    case RT_AUTHORIZE:
    case RT_INQUIRE:
    case RT_OPS_: px_judge_doubt(c, RT_SAME_KEY_YES); return;
    }
    c->j->bound = true;
}

static void judge_402(struct px_case *c, const struct failure *f)
{
    bool inside = f->intent.id.n > 0;

    if (!span_is(f->type, "card_error") && !span_is(f->type, "invalid_request_error")) {
        px_judge_doubt(c, RT_SAME_KEY_YES);
    } else if (inside && (f->intent.state == RT_STATE_NONE || !agrees(c, &f->intent))) {
        px_judge_strange(c);
    } else if (c->op != RT_AUTHORIZE) {
        judge_failed_operation(c, f);
    } else if (inside && holds_money(f->intent.state)) {
        px_judge_strange(c); /* a decline, with the money held */
    } else if (inside && is_live(f->intent.state)) {
        px_judge_state(c, f->intent.state);
    } else {
        px_judge_declined(c, RT_EXECUTED_YES);
        c->j->bound = true;
        c->j->same_key = RT_SAME_KEY_YES;
    }
}

/* 400, and other 4xx with this envelope. Stored under the key only if execution had begun, of which
 * the PaymentIntent inside is the proof. */
static void judge_400(struct px_case *c, const struct failure *f)
{
    bool inside = f->intent.id.n > 0;

    if (span_is(f->type, "idempotency_error") || span_is(f->code, "idempotency_key_in_use")) {
        px_judge_refused_for(c, RT_CODE_IDEMPOTENCY_MISMATCH, RT_STATE_UNCHANGED, RT_SAME_KEY_NO);
        c->j->alarm = true; /* our bug: other parameters under a key that was used before */
        return;
    }
    if (!span_is(f->type, "invalid_request_error") && !span_is(f->type, "card_error")) {
        px_judge_doubt(c, RT_SAME_KEY_YES);
        c->j->alarm = true;
        return;
    }
    if (inside && (!agrees(c, &f->intent) || (c->op == RT_AUTHORIZE && is_live(f->intent.state)))) {
        px_judge_strange(c);
        return;
    }
    if (c->op == RT_AUTHORIZE && f->listed && px_about_the_payer(c))
        px_judge_declined(c, inside ? RT_EXECUTED_YES : RT_EXECUTED_NO);
    else if (c->op == RT_AUTHORIZE)
        px_judge_refused(c, RT_STATE_NOT_EXECUTED, RT_SAME_KEY_NO);
    else
        px_judge_refused(
            c, inside && f->intent.state != RT_STATE_NONE ? f->intent.state : RT_STATE_UNCHANGED,
            RT_SAME_KEY_NO);
    c->j->bound = inside || c->j->replayed;
}

static void judge_404(struct px_case *c)
{
    rt_judge_code(c->j, RT_CODE_NOT_FOUND);
    if (c->op == RT_INQUIRE)
        px_judge_nothing_found(c, RT_STATE_NOT_FOUND);
    else
        px_judge_refused(c, RT_STATE_NOT_EXECUTED, RT_SAME_KEY_NO);
}

static void judge_409(struct px_case *c, const struct failure *f)
{
    if (span_is(f->type, "idempotency_error") || span_is(f->code, "idempotency_key_in_use")) {
        rt_judge_code(c->j, RT_CODE_IDEMPOTENCY_IN_PROGRESS);
        px_judge_doubt(c, RT_SAME_KEY_AFTER_WAIT);
        return;
    }
    if (!f->listed || c->j->code == RT_CODE_INVALID_REQUEST)
        rt_judge_code(c->j, RT_CODE_STATE_CONFLICT);
    px_judge_refused(c, RT_STATE_UNCHANGED, RT_SAME_KEY_AFTER_WAIT);
}

static void judge_failure(struct px_case *c)
{
    int status = c->ans->status;
    struct failure f;

    if (status >= 500) { /* the body adds nothing: something may have happened */
        (void)failure_read(c, &f);
        rt_judge_code(c->j, RT_CODE_PROVIDER_ERROR);
        px_judge_doubt(c, RT_SAME_KEY_YES);
        c->j->bound = status == 500 && f.type.n > 0; /* stored, and given again all day */
        return;
    }
    if (!failure_read(c, &f)) {
        c->j->code = RT_CODE_NONE;
        px_judge_doubt(c, RT_SAME_KEY_YES);
        return;
    }
    switch (status) {
    case 401:
        px_judge_refused_for(c, RT_CODE_PROVIDER_AUTH_ERROR, RT_STATE_NOT_EXECUTED,
                             RT_SAME_KEY_YES);
        return;
    case 402: judge_402(c, &f); return;
    case 403:
        px_judge_refused_for(c, RT_CODE_PROVIDER_PERMISSION_ERROR, RT_STATE_NOT_EXECUTED,
                             RT_SAME_KEY_NO);
        return;
    case 404: judge_404(c); return;
    case 408: px_judge_doubt(c, RT_SAME_KEY_YES); return;
    case 409: judge_409(c, &f); return;
    case 429:
        px_judge_throttled(c, span_is(f.code, "lock_timeout") ? RT_CODE_LOCK_CONFLICT
                                                              : RT_CODE_RATE_LIMITED);
        return;
    default: judge_400(c, &f); return;
    }
}

/* The header overrides the rule by status. "false" on a 5xx means that the stored answer will come
 * again: repeating is as safe as before but will not help, so the state is asked for. */
static void heed_should_retry(struct px_case *c)
{
    struct span said = px_answer_header(c->ans, "stripe-should-retry");

    if (c->ans->status < 300 || said.n == 0)
        return;
    if (span_is_nocase(said, "true") && c->j->same_key == RT_SAME_KEY_NO) {
        c->j->same_key = RT_SAME_KEY_YES;
    } else if (span_is_nocase(said, "false")) {
        c->j->inquire_first = c->j->outcome == RT_UNKNOWN;
        if (c->ans->status < 500)
            c->j->same_key = RT_SAME_KEY_NO;
    }
}

void px_stripe_judge(const struct px_asking *q, enum rt_op op, const struct px_answer *ans,
                     struct arena *a, struct rt_judgement *out)
{
    struct px_case c = {
        .q = q, .op = op, .ans = ans, .arena = a, .j = out, .dialect = MONEY_STRIPE
    };

    memset(out, 0, sizeof *out);
    out->matches = -1;
    out->replayed = span_is_nocase(px_answer_header(ans, "idempotent-replayed"), "true");
    if (px_answer_2xx(ans))
        judge_success(&c);
    else if (ans->status >= 400 && ans->status <= 599)
        judge_failure(&c);
    else
        px_judge_doubt(&c, RT_SAME_KEY_YES); /* a redirect is never followed */
    heed_should_retry(&c);
}

/* Storing a card. Moves no money; the gateway itself never does it. */
void px_stripe_token(const struct px_answer *ans, struct arena *a, struct rt_judgement *out)
{
    static const struct px_pick pick[] = { { { "object" } }, { { "id" } } };
    struct px_value f[2];

    px_stripe_judge(NULL, RT_AUTHORIZE, ans, a, out);
    if (!px_answer_2xx(ans) || ans->status > 201 || !px_answer_json(ans) ||
        !px_pick(ans->body, pick, 2, a, f) || !px_value_is(&f[0], "payment_method") ||
        !px_id_put(out->op_id, px_value_str(&f[1])))
        return;
    *out = (struct rt_judgement){ .outcome = RT_INFO,
                                  .executed = RT_EXECUTED_YES,
                                  .state = RT_STATE_TOKENIZED,
                                  .same_key = RT_SAME_KEY_YES,
                                  .bound = true,
                                  .replayed = out->replayed,
                                  .matches = -1 };
    (void)px_id_put(out->op_id, px_value_str(&f[1]));
}
