/* routing/outcome.h -- what became of the money: three questions, kept apart.
 *
 *   Was it executed?    decides whether asking somebody else is *safe*.
 *   What is the outcome?
 *   Why?                one normalised code; decides whether asking somebody else is *useful*.
 *
 * A decline code never makes an unknown call safe, and a technical error never counts as a decline.
 * The words are the API's and the journal's: add, never rename. */
#ifndef RT_OUTCOME_H
#define RT_OUTCOME_H
#include <stdbool.h>
#include <stdint.h>

#include "routing/base/limits.h"
#include "routing/base/money.h"
#include "routing/base/span.h"

enum rt_outcome {
    RT_UNKNOWN, /* "in_doubt": money may or may not have moved. First, so that zero means doubt. */
    RT_APPROVED,
    RT_DECLINED,
    RT_ACTION_REQUIRED, /* "requires_action": the payer must act; the attempt is live */
    RT_PENDING,         /* accepted, the result comes later; the attempt is live */
    RT_ERROR,           /* not executed, nothing changed */
    RT_INFO,            /* nothing about money: tokenised, nothing found yet, ... */
};

enum rt_executed { RT_EXECUTED_UNKNOWN, RT_EXECUTED_YES, RT_EXECUTED_NO };

enum rt_category {
    RT_CATEGORY_NONE,
    RT_SOFT,         /* may work later or elsewhere */
    RT_HARD,         /* not with this credential again */
    RT_FRAUD,        /* stop */
    RT_SCA_REQUIRED, /* the payer must authenticate */
    RT_TECHNICAL,    /* not about the payer */
    RT_CONFIG,       /* about us, the merchant account or the request */
};

enum rt_code {
    RT_CODE_NONE, /* no reason to give: approved, or nothing heard */
#define X(name, word, category, other, later, iso, text) RT_CODE_##name,
#include "routing/codes.def"
#undef X
    RT_CODES_
};

/* Where an attempt or an operation stands after what was heard. */
enum rt_state {
    RT_STATE_NONE,
    RT_STATE_IN_DOUBT,
    RT_STATE_AUTHORIZED,
    RT_STATE_CAPTURED,
    RT_STATE_PARTIALLY_CAPTURED,
    RT_STATE_CAPTURE_PENDING,
    RT_STATE_CAPTURE_FAILED,
    RT_STATE_VOIDED,
    RT_STATE_VOID_PENDING,
    RT_STATE_REVERSAL_PENDING,
    RT_STATE_REFUNDED,
    RT_STATE_PARTIALLY_REFUNDED,
    RT_STATE_REFUND_PENDING,
    RT_STATE_REFUND_FAILED,
    RT_STATE_DECLINED,
    RT_STATE_REQUIRES_SCA, /* declined, may come back with 3DS */
    RT_STATE_REQUIRES_ACTION,
    RT_STATE_PENDING,
    RT_STATE_NOT_EXECUTED,
    RT_STATE_UNCHANGED,
    RT_STATE_NOT_FOUND,
    RT_STATE_EXPIRED,
    RT_STATE_CHARGEBACK,
    RT_STATE_TOKENIZED,
    RT_STATE_FOUND,
    RT_STATES_
};

/* May the same bytes go to the same provider under the same key once more? */
enum rt_same_key { RT_SAME_KEY_NO, RT_SAME_KEY_YES, RT_SAME_KEY_AFTER_WAIT };

/* What the network, or the provider in its name, advised with a decline. */
enum rt_advice {
    RT_ADVICE_NONE,
    RT_ADVICE_CORRECT, /* again, with other data */
    RT_ADVICE_LATER,   /* again, some other time */
    RT_ADVICE_NEVER,   /* not with this credential again */
};

/* What one answer (or its absence) means. Adapters write it, routing/flight.c acts on it. A zeroed
 * judgement is "in doubt, executed unknown": forgetting to fill a field can never release money. */
struct rt_judgement {
    enum rt_outcome outcome;
    enum rt_executed executed;
    enum rt_state state;
    enum rt_code code;
    enum rt_same_key same_key;
    enum rt_advice advice;
    bool bound;       /* the provider gives this very answer to every copy under our key (law 2) */
    bool retry_other; /* the reason lets another provider be asked, if that is safe */
    bool retry_later; /* the same provider may be asked again some other day */
    bool inquire_first; /* ask for the state before repeating: a repeat might execute again */
    bool replayed;      /* the provider says that it answers from memory */
    bool alarm;         /* somebody should look: our bug, or a word we do not know */
    bool inconclusive;  /* an inquiry that found nothing, which proves nothing (law 3) */
    int32_t retry_after_ms;
    int32_t matches; /* inquiry by reference: how many were found; -1 when not an inquiry */

    struct money amount, captured, refunded, capturable; /* cur CURRENCY_NONE: not said */
    char payment_id[LIMIT_REF + 1]; /* the provider's id of the payment; "" when not said */
    char op_id[LIMIT_REF + 1];      /* of this capture, void, refund */
    char network_txn_id[LIMIT_REF + 1];
    char raw_code[LIMIT_REF + 1]; /* as the provider said it */
    char iso8583[4], mac[4];      /* issuer response code; Mastercard merchant advice code */
    char cvc[12], avs[4];         /* "match", "no_match", ...; the raw letter */
    struct span redirect_url;     /* into the answer's memory */
};

const char *rt_outcome_name(enum rt_outcome o);
const char *rt_executed_name(enum rt_executed x);
const char *rt_category_name(enum rt_category c);
const char *rt_state_name(enum rt_state s);

const char *rt_code_name(enum rt_code c);    /* "insufficient_funds"; "" for RT_CODE_NONE */
enum rt_code rt_code_find(struct span word); /* RT_CODE_NONE if there is no such word */
enum rt_category rt_code_category(enum rt_code c);
bool rt_code_retry_other(enum rt_code c);
bool rt_code_retry_later(enum rt_code c);
const char *rt_code_sentence(enum rt_code c); /* for people, lower case, no full stop */
/* The code for an issuer response (ISO 8583 DE39, two characters); RT_CODE_NONE for an approval and
 * for what no table knows. */
enum rt_code rt_code_of_iso8583(struct span de39);

/* Writes the code and the two retry answers that follow from it. */
void rt_judge_code(struct rt_judgement *j, enum rt_code c);
#endif
