/* proxy/adapters/judge.c */
#include "proxy/adapters/judge.h"

#include <string.h>

#include "routing/base/check.h"

/* ---- doubt ---- */

static void in_doubt(struct px_case *c, enum rt_same_key again)
{
    struct rt_judgement *j = c->j;

    j->outcome = RT_UNKNOWN;
    j->executed = RT_EXECUTED_UNKNOWN;
    j->state = RT_STATE_IN_DOUBT;
    j->same_key = again;
    j->bound = false;
    j->inconclusive = c->op == RT_INQUIRE;
    if (j->code == RT_CODE_NONE)
        rt_judge_code(j, RT_CODE_PROVIDER_ERROR);
    j->retry_other = false; /* whatever the reason: nobody else may be asked now */
}

void px_judge_doubt(struct px_case *c, enum rt_same_key again)
{
    if (c->op == RT_INQUIRE)
        again = RT_SAME_KEY_YES; /* looking once more does no harm */
    in_doubt(c, again);
    c->j->retry_after_ms = px_answer_pause_ms(c->ans);
    c->j->inquire_first = again == RT_SAME_KEY_NO;
}

void px_judge_strange(struct px_case *c)
{
    in_doubt(c, RT_SAME_KEY_NO);
    c->j->inquire_first = true;
    c->j->alarm = true;
}

/* ---- known ends ---- */

enum rt_op px_case_wish(const struct px_case *c)
{
    return c->op == RT_INQUIRE && c->q != NULL && c->q->pay != NULL ? c->q->pay->op : c->op;
}

bool px_sized(const struct px_case *c)
{
    enum rt_op wish = px_case_wish(c);

    return (wish == RT_CAPTURE || wish == RT_REFUND) && c->q != NULL && c->q->pay != NULL &&
           (!c->q->pay->full || c->q->pay->amount.minor > 0);
}

bool px_about_the_payer(const struct px_case *c)
{
    enum rt_category k = rt_code_category(c->j->code);

    return k == RT_HARD || k == RT_SOFT || k == RT_FRAUD || k == RT_SCA_REQUIRED;
}

static void end(struct px_case *c, enum rt_outcome o, enum rt_executed x, enum rt_state s)
{
    c->j->outcome = o;
    c->j->executed = x;
    c->j->state = s;
}

void px_judge_refused(struct px_case *c, enum rt_state state, enum rt_same_key again)
{
    if (c->op == RT_INQUIRE) {
        px_judge_nothing_found(c, RT_STATE_UNCHANGED);
        c->j->same_key = again;
        return;
    }
    end(c, RT_ERROR, RT_EXECUTED_NO, state);
    c->j->same_key = again;
    c->j->retry_after_ms = px_answer_pause_ms(c->ans);
}

void px_judge_refused_for(struct px_case *c, enum rt_code code, enum rt_state state,
                          enum rt_same_key again)
{
    rt_judge_code(c->j, code);
    c->j->alarm = false; /* the status said it; the body's words do not matter */
    px_judge_refused(c, state, again);
}

void px_judge_declined(struct px_case *c, enum rt_executed executed)
{
    bool sca = c->j->code == RT_CODE_AUTHENTICATION_REQUIRED;

    end(c, RT_DECLINED, executed, sca ? RT_STATE_REQUIRES_SCA : RT_STATE_DECLINED);
}

/* The look itself was refused or came back empty; of the payment it says nothing. */
void px_judge_nothing_found(struct px_case *c, enum rt_state state)
{
    enum rt_outcome o = state == RT_STATE_IN_DOUBT ? RT_INFO : RT_ERROR;

    end(c, o, RT_EXECUTED_UNKNOWN, state);
    c->j->inconclusive = true;
    c->j->retry_other = false;
    c->j->retry_after_ms = px_answer_pause_ms(c->ans);
}

/* This copy was turned away. If another one is out, nothing is known of the attempt. */
void px_judge_throttled(struct px_case *c, enum rt_code code)
{
    rt_judge_code(c->j, code);
    c->j->alarm = false;
    if (c->ans->earlier_unanswered && c->op != RT_INQUIRE)
        px_judge_doubt(c, RT_SAME_KEY_AFTER_WAIT);
    else
        px_judge_refused(c, RT_STATE_NOT_EXECUTED, RT_SAME_KEY_AFTER_WAIT);
}

/* ---- from the object's state to the outcome of a wish ---- */

/* RT_INFO stands for "not done, as far as can be seen". */
static enum rt_outcome authorize_outcome(enum rt_state s)
{
    switch (s) {
    case RT_STATE_AUTHORIZED:
    case RT_STATE_CAPTURED:
    case RT_STATE_PARTIALLY_CAPTURED:
    case RT_STATE_CAPTURE_PENDING:
    case RT_STATE_REFUNDED:
    case RT_STATE_PARTIALLY_REFUNDED:
    case RT_STATE_REFUND_PENDING: return RT_APPROVED;
    case RT_STATE_DECLINED:
    case RT_STATE_REQUIRES_SCA:
    case RT_STATE_VOIDED:
    case RT_STATE_VOID_PENDING:
    case RT_STATE_REVERSAL_PENDING:
    case RT_STATE_EXPIRED: return RT_DECLINED;
    case RT_STATE_REQUIRES_ACTION: return RT_ACTION_REQUIRED;
    case RT_STATE_PENDING: return RT_PENDING;
    case RT_STATE_NOT_EXECUTED: return RT_ERROR;
    case RT_STATE_NONE:
    case RT_STATE_IN_DOUBT:
    case RT_STATE_CAPTURE_FAILED:
    case RT_STATE_REFUND_FAILED:
    case RT_STATE_UNCHANGED:
    case RT_STATE_NOT_FOUND:
    case RT_STATE_CHARGEBACK:
    case RT_STATE_TOKENIZED:
    case RT_STATE_FOUND:
    case RT_STATES_: break;
    }
    return RT_UNKNOWN;
}

/* A payment that shows captured money does not say whose capture that was: the one in doubt, or an
 * earlier one. Only a total that is exactly what was asked for does. */
static bool tells_captures_apart(const struct px_case *c)
{
    if (c->op == RT_CAPTURE || c->finds_operation)
        return true;
    return px_sized(c) ? px_agrees_amount(c, c->j->captured) : true;
}

static enum rt_outcome capture_outcome(const struct px_case *c, enum rt_state s)
{
    if (s == RT_STATE_CAPTURED || s == RT_STATE_PARTIALLY_CAPTURED || s == RT_STATE_REFUNDED ||
        s == RT_STATE_PARTIALLY_REFUNDED)
        return tells_captures_apart(c) ? RT_APPROVED : RT_INFO;
    if (s == RT_STATE_CAPTURE_PENDING || s == RT_STATE_PENDING)
        return RT_PENDING;
    return s == RT_STATE_AUTHORIZED ? RT_INFO : RT_ERROR;
}

static enum rt_outcome void_outcome(const struct px_case *c, enum rt_state s)
{
    bool reversal = c->q != NULL && c->q->reversal;

    if (s == RT_STATE_VOIDED || s == RT_STATE_EXPIRED || s == RT_STATE_DECLINED)
        return RT_APPROVED; /* nothing is held */
    if (reversal && s == RT_STATE_REFUNDED)
        return RT_APPROVED;
    if (s == RT_STATE_VOID_PENDING || s == RT_STATE_REVERSAL_PENDING)
        return RT_PENDING;
    return s == RT_STATE_AUTHORIZED || reversal ? RT_INFO : RT_ERROR;
}

/* Which of several refunds a total tells of can not be seen, unless everything is back. */
static enum rt_outcome refund_outcome(const struct px_case *c, enum rt_state s)
{
    bool ours = c->op == RT_REFUND || c->finds_operation;

    if (s == RT_STATE_REFUNDED || (s == RT_STATE_PARTIALLY_REFUNDED && ours))
        return RT_APPROVED;
    if (s == RT_STATE_REFUND_PENDING)
        return RT_PENDING;
    return s == RT_STATE_REFUND_FAILED ? RT_ERROR : RT_INFO;
}

/* Somebody asks how things stand: the state is the answer, and its words are those of the operation
 * that led there. */
static enum rt_outcome standing_outcome(enum rt_state s)
{
    if (s == RT_STATE_VOIDED)
        return RT_APPROVED;
    if (s == RT_STATE_EXPIRED)
        return RT_INFO;
    return s == RT_STATE_VOID_PENDING ? RT_PENDING : authorize_outcome(s);
}

static enum rt_outcome outcome_for(const struct px_case *c, enum rt_state s)
{
    switch (px_case_wish(c)) {
    case RT_AUTHORIZE: return authorize_outcome(s);
    case RT_CAPTURE: return capture_outcome(c, s);
    case RT_VOID: return void_outcome(c, s);
    case RT_REFUND: return refund_outcome(c, s);
    case RT_INQUIRE: return standing_outcome(s);
    case RT_OPS_: break;
    }
    return RT_UNKNOWN;
}

static void explain(struct rt_judgement *j)
{
    if (j->code != RT_CODE_NONE)
        return;
    if (j->state == RT_STATE_REQUIRES_ACTION)
        rt_judge_code(j, RT_CODE_PAYER_ACTION_REQUIRED);
    else if (j->outcome == RT_DECLINED)
        rt_judge_code(j, j->state == RT_STATE_EXPIRED ? RT_CODE_AUTHORIZATION_EXPIRED
                                                      : RT_CODE_ALREADY_VOIDED);
    else if (j->outcome == RT_ERROR)
        rt_judge_code(j, RT_CODE_STATE_CONFLICT);
}

/* A definite answer. The provider gives it to every copy: adapters that know better say so. */
void px_judge_state(struct px_case *c, enum rt_state state)
{
    enum rt_outcome o = outcome_for(c, state);

    if (o == RT_UNKNOWN || (o == RT_INFO && c->op != RT_INQUIRE)) {
        px_judge_strange(c); /* "done", and the object is as before */
        return;
    }
    end(c, o, o == RT_ERROR ? RT_EXECUTED_NO : RT_EXECUTED_YES, state);
    explain(c->j);
    c->j->bound = true;
    c->j->same_key = RT_SAME_KEY_YES;
    if (o == RT_INFO) {
        c->j->executed = RT_EXECUTED_UNKNOWN;
        c->j->inconclusive = px_case_wish(c) != RT_INQUIRE;
        c->j->bound = false;
    }
}

void px_judge_accepted(struct px_case *c)
{
    bool reversal = c->q != NULL && c->q->reversal;

    switch (c->op) {
    case RT_CAPTURE: px_judge_state(c, RT_STATE_CAPTURE_PENDING); return;
    case RT_VOID:
        px_judge_state(c, reversal ? RT_STATE_REVERSAL_PENDING : RT_STATE_VOID_PENDING);
        return;
    case RT_REFUND: px_judge_state(c, RT_STATE_REFUND_PENDING); return;
    case RT_AUTHORIZE:
    case RT_INQUIRE:
    case RT_OPS_: break;
    }
    px_judge_strange(c);
}

/* ---- reading ---- */

struct span px_answer_header(const struct px_answer *ans, const char *name)
{
    return span_trim(px_header_find(ans->header, ans->headers, name));
}

static bool holds_nocase(struct span text, const char *word)
{
    size_t n = strlen(word);

    for (; text.n >= n; text = span_drop(text, 1)) {
        if (span_is_nocase(span_take(text, n), word))
            return true;
    }
    return false;
}

bool px_answer_json(const struct px_answer *ans)
{
    struct span type = px_answer_header(ans, "content-type");

    return type.n == 0 || holds_nocase(type, "json");
}

bool px_answer_2xx(const struct px_answer *ans)
{
    return ans->status >= 200 && ans->status <= 299;
}

int32_t px_answer_pause_ms(const struct px_answer *ans)
{
    enum { HOUR_S = 3600 };
    uint64_t seconds;

    if (span_u64(px_answer_header(ans, "retry-after"), &seconds) != OK)
        return 0;
    return (int32_t)(seconds < HOUR_S ? seconds : HOUR_S) * 1000;
}

bool px_id_put(char dst[LIMIT_REF + 1], struct span id)
{
    dst[0] = '\0';
    return span_copyz(id, dst, LIMIT_REF + 1) == OK;
}

void px_word_put(char *dst, size_t cap, struct span text)
{
    if (span_copyz(text, dst, cap) != OK)
        dst[0] = '\0';
}

struct money px_money_of(const struct px_case *c, const struct px_value *units, struct span code)
{
    struct money none = { 0, CURRENCY_NONE }, m = none;
    char upper[3];
    int64_t n;
    currency cur;

    if (code.n != sizeof upper || !px_value_i64(units, &n))
        return none;
    for (unsigned i = 0; i < sizeof upper; i++)
        upper[i] = code.p[i] >= 'a' && code.p[i] <= 'z' ? (char)(code.p[i] - 'a' + 'A') : code.p[i];
    cur = currency_find((struct span){ upper, sizeof upper });
    if (cur == CURRENCY_NONE || !currency_taken(cur, c->dialect))
        return none;
    return money_from(n, cur, c->dialect, &m) == OK ? m : none;
}

const char *px_cvc_word(char letter)
{
    switch (letter) {
    case 'M':
    case 'Y': return "match";
    case 'N':
    case 'D': return "no_match";
    case 'P':
    case 'S':
    case 'U':
    case 'X': return "not_checked";
    default: return "";
    }
}

int px_state_weight(enum rt_state s)
{
    switch (authorize_outcome(s)) {
    case RT_UNKNOWN: return 4;
    case RT_APPROVED: return 3;
    case RT_ACTION_REQUIRED:
    case RT_PENDING: return 2;
    case RT_DECLINED: return 1;
    case RT_ERROR:
    case RT_INFO: break;
    }
    return 0;
}

/* ---- does the answer speak of our request? ---- */

static const struct rt_payment *compared(const struct px_case *c)
{
    return c->q != NULL ? c->q->pay : NULL;
}

/* The asked amount is the object's own only for some wishes: a capture may be a part. */
bool px_agrees_amount(const struct px_case *c, struct money said)
{
    const struct rt_payment *pay = compared(c);

    if (pay == NULL || pay->amount.cur == CURRENCY_NONE)
        return true;
    return said.cur == pay->amount.cur && said.minor == pay->amount.minor;
}

bool px_agrees_currency(const struct px_case *c, struct money said)
{
    const struct rt_payment *pay = compared(c);

    return pay == NULL || pay->amount.cur == CURRENCY_NONE || said.cur == pay->amount.cur;
}

bool px_agrees_ref(const struct px_case *c, struct span said)
{
    return c->q == NULL || c->q->ref.n == 0 || said.n == 0 || span_eq(said, c->q->ref);
}

bool px_agrees_id(const struct px_case *c, struct span said)
{
    return c->q == NULL || c->q->payment_id.n == 0 || said.n == 0 ||
           span_eq(said, c->q->payment_id);
}

void px_judge_id(struct px_case *c, struct span said)
{
    if (said.n == 0 && c->q != NULL)
        said = c->q->payment_id;
    (void)px_id_put(c->j->payment_id, said);
}
