/* proxy/adapters/judge.h -- the few ways a judgement can come out, shared by the adapters.
 *
 * Everything starts in doubt. A judgement leaves doubt only through one of the functions below, and
 * each of them sets outcome, executed and state together. */
#ifndef PX_JUDGE_H
#define PX_JUDGE_H
#include <stdbool.h>

#include "proxy/adapters/adapter.h"
#include "proxy/adapters/pick.h"

/* What one answer is judged with. */
struct px_case {
    const struct px_asking *q; /* NULL: nothing to compare with */
    enum rt_op op;
    const struct px_answer *ans;
    struct arena *arena;
    struct rt_judgement *j;
    enum money_dialect dialect;
    bool finds_operation; /* an inquiry that found the capture or refund itself, by our reference */
};

/* ---- doubt ---- */

/* No answer to build upon: a 5xx, something unreadable. */
void px_judge_doubt(struct px_case *c, enum rt_same_key again);
/* A readable answer with a word we do not know, or one that contradicts itself or our request:
 * somebody should look. Ask for the state; a repeat would only give the same again. */
void px_judge_strange(struct px_case *c);

/* ---- known ends ---- */

/* The provider did not do it, and says so before the payer's bank was asked. The reason is in j
 * already. state: NOT_EXECUTED or UNCHANGED, or the state the object is known to be in. */
void px_judge_refused(struct px_case *c, enum rt_state state, enum rt_same_key again);
/* The same with the reason given. */
void px_judge_refused_for(struct px_case *c, enum rt_code code, enum rt_state state,
                          enum rt_same_key again);
/* A no to the payer; the reason is in j already. */
void px_judge_declined(struct px_case *c, enum rt_executed executed);
/* What the provider says of the object, put as an outcome of what was asked. */
void px_judge_state(struct px_case *c, enum rt_state state);
/* An inquiry that found nothing: proves nothing. */
void px_judge_nothing_found(struct px_case *c, enum rt_state state);
/* Turned away before the key was looked at. That says nothing of an earlier copy. */
void px_judge_throttled(struct px_case *c, enum rt_code code);

/* An operation accepted and not yet done: capture_pending, void_pending, ... */
void px_judge_accepted(struct px_case *c);

/* What the operation in doubt wanted: an inquiry is about the payment's operation. */
enum rt_op px_case_wish(const struct px_case *c);
/* Is this (or the wish behind an inquiry) a capture or refund of an amount we named? */
bool px_sized(const struct px_case *c);
/* Is it the payer's card, and not our request, that is wrong? */
bool px_about_the_payer(const struct px_case *c);

/* ---- reading ---- */

struct span px_answer_header(const struct px_answer *ans, const char *name);
/* Does the body claim to be JSON, or nothing at all? */
bool px_answer_json(const struct px_answer *ans);
bool px_answer_2xx(const struct px_answer *ans);
/* Retry-After in seconds, bounded; 0 if absent or a date. */
int32_t px_answer_pause_ms(const struct px_answer *ans);
/* Copies what fits an id; anything else leaves it empty. False if it was longer or held a NUL. */
bool px_id_put(char dst[LIMIT_REF + 1], struct span id);
/* The same for other short texts. */
void px_word_put(char *dst, size_t cap, struct span text);
/* units in the provider's convention -> money; CURRENCY_NONE if that can not be. code may be lower
 * case. */
struct money px_money_of(const struct px_case *c, const struct px_value *units, struct span code);
/* "match", "no_match", "not_checked" or "" from a one letter answer as schemes write it. */
const char *px_cvc_word(char letter);

/* Of several payments under one reference, which one matters most: money first, unknown above all.
 */
int px_state_weight(enum rt_state s);

/* ---- does the answer speak of our request? ---- */

/* Each is true if there is nothing to compare, or it is the same. */
bool px_agrees_amount(const struct px_case *c, struct money said);
bool px_agrees_currency(const struct px_case *c, struct money said);
bool px_agrees_ref(const struct px_case *c, struct span said);
bool px_agrees_id(const struct px_case *c, struct span said);
/* The provider's payment id, from the answer or else from the request. */
void px_judge_id(struct px_case *c, struct span said);
#endif
