/* routing/outcome.c */
#include "routing/outcome.h"

#include "routing/base/check.h"

struct code {
    const char *word, *text;
    enum rt_category category;
    bool other, later;
};

/* Indexed by enum rt_code; row 0 is "no reason to give". */
static const struct code table[RT_CODES_] = {
    { "", "no reason was given", RT_CATEGORY_NONE, false, false },
#define X(name, word, category, other, later, iso, text)                                           \
    { word, text, RT_##category, other, later },
#include "routing/codes.def"
#undef X
};

struct iso {
    char de39[3];
    enum rt_code code;
};

static const struct iso issuer[] = {
#define X(de39, name) { de39, RT_CODE_##name },
#include "routing/iso8583.def"
#undef X
};

enum { ISSUER_CODES = sizeof issuer / sizeof issuer[0] };

const char *rt_outcome_name(enum rt_outcome o)
{
    switch (o) {
    case RT_UNKNOWN: return "in_doubt";
    case RT_APPROVED: return "approved";
    case RT_DECLINED: return "declined";
    case RT_ACTION_REQUIRED: return "requires_action";
    case RT_PENDING: return "pending";
    case RT_ERROR: return "error";
    case RT_INFO: return "info";
    }
    return "unknown";
}

const char *rt_executed_name(enum rt_executed x)
{
    switch (x) {
    case RT_EXECUTED_UNKNOWN: return "unknown";
    case RT_EXECUTED_YES: return "yes";
    case RT_EXECUTED_NO: return "no";
    }
    return "unknown";
}

const char *rt_category_name(enum rt_category c)
{
    switch (c) {
    case RT_CATEGORY_NONE: return "none";
    case RT_SOFT: return "soft";
    case RT_HARD: return "hard";
    case RT_FRAUD: return "fraud";
    case RT_SCA_REQUIRED: return "sca_required";
    case RT_TECHNICAL: return "technical";
    case RT_CONFIG: return "config";
    }
    return "unknown";
}

const char *rt_state_name(enum rt_state s)
{
    switch (s) {
    case RT_STATE_NONE: return "none";
    case RT_STATE_IN_DOUBT: return "in_doubt";
    case RT_STATE_AUTHORIZED: return "authorized";
    case RT_STATE_CAPTURED: return "captured";
    case RT_STATE_PARTIALLY_CAPTURED: return "partially_captured";
    case RT_STATE_CAPTURE_PENDING: return "capture_pending";
    case RT_STATE_CAPTURE_FAILED: return "capture_failed";
    case RT_STATE_VOIDED: return "voided";
    case RT_STATE_VOID_PENDING: return "void_pending";
    case RT_STATE_REVERSAL_PENDING: return "reversal_pending";
    case RT_STATE_REFUNDED: return "refunded";
    case RT_STATE_PARTIALLY_REFUNDED: return "partially_refunded";
    case RT_STATE_REFUND_PENDING: return "refund_pending";
    case RT_STATE_REFUND_FAILED: return "refund_failed";
    case RT_STATE_DECLINED: return "declined";
    case RT_STATE_REQUIRES_SCA: return "requires_sca";
    case RT_STATE_REQUIRES_ACTION: return "requires_action";
    case RT_STATE_PENDING: return "pending";
    case RT_STATE_NOT_EXECUTED: return "not_executed";
    case RT_STATE_UNCHANGED: return "unchanged";
    case RT_STATE_NOT_FOUND: return "not_found";
    case RT_STATE_EXPIRED: return "expired";
    case RT_STATE_CHARGEBACK: return "chargeback";
    case RT_STATE_TOKENIZED: return "tokenized";
    case RT_STATE_FOUND: return "found";
    case RT_STATES_: break;
    }
    return "unknown";
}

static const struct code *row_of(enum rt_code c)
{
    CHECK(c < RT_CODES_);
    return &table[c];
}

const char *rt_code_name(enum rt_code c)
{
    return row_of(c)->word;
}

enum rt_code rt_code_find(struct span word)
{
    for (unsigned c = RT_CODE_NONE + 1; c < RT_CODES_; c++) {
        if (span_is(word, table[c].word))
            return (enum rt_code)c;
    }
    return RT_CODE_NONE;
}

enum rt_category rt_code_category(enum rt_code c)
{
    return row_of(c)->category;
}

bool rt_code_retry_other(enum rt_code c)
{
    return row_of(c)->other;
}

bool rt_code_retry_later(enum rt_code c)
{
    return row_of(c)->later;
}

const char *rt_code_sentence(enum rt_code c)
{
    return row_of(c)->text;
}

enum rt_code rt_code_of_iso8583(struct span de39)
{
    for (unsigned i = 0; i < ISSUER_CODES; i++) {
        if (span_is(de39, issuer[i].de39))
            return issuer[i].code;
    }
    return RT_CODE_NONE;
}

void rt_judge_code(struct rt_judgement *j, enum rt_code c)
{
    j->code = c;
    j->retry_other = rt_code_retry_other(c);
    j->retry_later = rt_code_retry_later(c);
}
