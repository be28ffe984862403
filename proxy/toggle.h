/* proxy/toggle.h -- an operator's word about one provider: who said what, why, and until when.
 *
 * One per provider, the newest holds, on every node alike; "resumed" is a word like the others.
 * At its end, or when it is taken back, a provider that was kept from traffic comes back by
 * probing, never straight to full. docs/overrides.md */
#ifndef PX_TOGGLE_H
#define PX_TOGGLE_H
#include <stdbool.h>
#include <stdint.h>

#include "routing/base/buf.h"
#include "routing/base/err.h"
#include "routing/view.h"

enum {
    PX_TOGGLE_ACTOR = 104,
    PX_TOGGLE_REASON = 200,
    PX_TOGGLE_TEXT = 400,     /* as it travels */
    PX_TOGGLE_DAYS_MAX = 366, /* further ahead than this is a slip of the hand */
};

struct px_toggle {
    enum rt_admin admin;
    uint16_t limit_permille; /* share of new payments; RT_PERMILLE: no limit. With AUTO only */
    bool ops_all;            /* stops captures, voids and refunds too; never inquiries */
    bool local;              /* said while Redis was away: the other nodes have not heard it */
    char actor[PX_TOGGLE_ACTOR], reason[PX_TOGGLE_REASON]; /* UTF-8, no control characters */
    int64_t set_ms;   /* wall: the newer one holds; 0: nobody ever said anything */
    int64_t until_ms; /* wall; 0: until somebody says otherwise */
};

/* Nobody said anything. */
void px_toggle_init(struct px_toggle *t);
/* Does it change anything? (A word that was taken back does not.) */
bool px_toggle_holds(const struct px_toggle *t);
bool px_toggle_is_over(const struct px_toggle *t, int64_t now_ms);
/* Does it keep traffic away, so that its end must lead to probing? */
bool px_toggle_withholds(const struct px_toggle *t);
/* Newer stamp; of equal stamps the greater text, so that all nodes agree. */
bool px_toggle_is_newer(const struct px_toggle *a, const struct px_toggle *than);
/* May a person say this? E_SYNTAX (no reason, no actor, an end that is past, ...), told in why. */
MUST enum err px_toggle_check(const struct px_toggle *t, int64_t now_ms, struct diag *why);

/* "stop authorize 1000 anna timeouts, INC-4711"; stamp and end travel beside it. */
void px_toggle_write(const struct px_toggle *t, struct buf *b);
/* E_SYNTAX: not one of ours. */
MUST enum err px_toggle_read(struct span text, int64_t set_ms, int64_t until_ms,
                             struct px_toggle *out);

/* For people: "stopped by anna", "limited to 20% by anna", "auto". */
void px_toggle_sentence(const struct px_toggle *t, struct buf *b);
#endif
