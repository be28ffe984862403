/* proxy/adapters/checkoutcom_actions.c -- what became of one capture or refund.
 *
 * checkout.com API reference, "Get payment actions", read 2026-10: an array, newest first, each
 * with id, type, amount, approved, response_code and the reference it was asked with. The payment
 * itself only knows totals, and one part looks like another there. */
#include "proxy/adapters/checkoutcom.h"

#include "proxy/adapters/decline.h"

enum { A_ID, A_TYPE, A_AMOUNT, A_APPROVED, A_REF, A_CODE, A_FIELDS };

static const struct px_pick action_pick[A_FIELDS] = {
    [A_ID] = { { "id" } },         [A_TYPE] = { { "type" } },
    [A_AMOUNT] = { { "amount" } }, [A_APPROVED] = { { "approved" } },
    [A_REF] = { { "reference" } }, [A_CODE] = { { "response_code" } },
};

static bool whole(struct span body)
{
    struct json j;

    json_init(&j, body);
    return json_next(&j) == JSON_ARRAY && json_skip(&j) && json_next(&j) == JSON_DONE;
}

static bool wanted(const struct px_case *c, const struct px_value *f)
{
    return px_value_is(&f[A_TYPE], px_case_wish(c) == RT_CAPTURE ? "Capture" : "Refund") &&
           c->q->ref.n > 0 && span_eq(px_value_str(&f[A_REF]), c->q->ref);
}

/* An action that is not decided yet has no "approved". */
static enum rt_state action_state(const struct px_case *c, const struct px_value *f)
{
    bool capture = px_case_wish(c) == RT_CAPTURE, part = !c->q->pay->full, approved;

    if (!px_value_bool(&f[A_APPROVED], &approved))
        return capture ? RT_STATE_CAPTURE_PENDING : RT_STATE_REFUND_PENDING;
    if (!approved)
        return capture ? RT_STATE_CAPTURE_FAILED : RT_STATE_REFUND_FAILED;
    if (capture)
        return part ? RT_STATE_PARTIALLY_CAPTURED : RT_STATE_CAPTURED;
    return part ? RT_STATE_PARTIALLY_REFUNDED : RT_STATE_REFUNDED;
}

static void judge_found(struct px_case *c, const struct px_value *f)
{
    struct span unit = span_str(currency_code(c->q->pay->amount.cur));
    struct money amount = px_money_of(c, &f[A_AMOUNT], unit);
    const struct px_said said[] = { { "response_code", px_value_word(&f[A_CODE]) } };

    if (!px_id_put(c->j->op_id, px_value_str(&f[A_ID])) ||
        (px_sized(c) && !px_agrees_amount(c, amount))) {
        px_judge_strange(c);
        return;
    }
    c->j->amount = amount;
    c->finds_operation = true;
    if (f[A_APPROVED].tok == JSON_FALSE)
        (void)px_decline_judge(&px_declines_checkoutcom, said, 1, c->j);
    px_judge_state(c, action_state(c, f));
}

void px_checkoutcom_actions(struct px_case *c)
{
    struct span rest = span_trim(c->ans->body), element;
    struct px_value f[A_FIELDS], found[A_FIELDS];

    px_judge_id(c, SPAN_NONE);
    c->j->matches = 0;
    if (!whole(rest)) {
        px_judge_strange(c);
        return;
    }
    while (px_pick_element(&rest, &element)) {
        if (!px_pick(element, action_pick, A_FIELDS, c->arena, f)) {
            px_judge_strange(c);
            return;
        }
        if (!wanted(c, f))
            continue;
        c->j->matches++;
        for (unsigned i = 0; i < A_FIELDS; i++)
            found[i] = f[i];
    }
    if (c->j->matches == 1) {
        judge_found(c, found);
    } else if (c->j->matches > 1) {
        px_judge_strange(c); /* one reference, two actions: a person must look */
    } else {
        rt_judge_code(c->j, RT_CODE_NOT_FOUND);
        px_judge_nothing_found(c, RT_STATE_IN_DOUBT);
    }
}
