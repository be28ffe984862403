/* proxy/pulse.h -- how the providers are doing, as one worker sees it: health/watch.h with memory
 * and a clock, and what its payments' words mean to it.
 *
 * One per worker, on its loop, shared with nobody. Before a payment is decided it is asked what
 * each provider is worth (survey), before the first copy of a leg leaves whether it may (admit),
 * and afterwards it is told what became of it (told). docs/health.md, "In the gateway". */
#ifndef PX_PULSE_H
#define PX_PULSE_H
#include <stdbool.h>
#include <stdint.h>

#include "health/watch.h"
#include "policies/facts.h"
#include "proxy/upstream.h"
#include "routing/cost.h"
#include "routing/outcome.h"
#include "routing/view.h"

struct px_config;
struct px_mailbox;
struct px_note;
struct px_pulse;
struct px_view;

/* How a configuration's providers are watched, by whoever does. */
void px_pulse_rules(const struct px_config *c, struct hl_watch_rules *r);

struct px_pulse_terms {
    const struct px_config *config;
    unsigned worker;        /* its index */
    uint64_t node;          /* hash of this node's name */
    struct px_mailbox *hub; /* where px_tally goes; NULL: nowhere */
};
MUST enum err px_pulse_create(const struct px_pulse_terms *t, int64_t now_ns,
                              struct px_pulse **out);
/* After the loop's end: letters that are under way are freed with it. */
void px_pulse_destroy(struct px_pulse *p);

/* What a payment's card belongs to: country, brand and funding, the first six digits. The numbers
 * are the same on every node. */
struct hl_card px_pulse_card(const struct pol_facts *f);

/* Verb 3. Fills in what is known of every provider; view may be NULL (nobody said anything).
 *   in    may: bit p: can take the payment, and no operator keeps it away */
void px_pulse_survey(struct px_pulse *p, const struct pol_facts *f, const struct rt_cost *cost,
                     uint32_t may, const struct px_view *view, int64_t now_ns, struct rt_view *out);
/* Approval and latency over the windows that a policy asks for (bits of pol_program_overs). */
void px_pulse_windows(struct px_pulse *p, unsigned overs, int64_t now_ns, struct pol_facts *f);

/* Verb 5, before the first copy of an authorisation's leg. */
struct px_pulse_leg {
    unsigned provider, leg;
    uint64_t seed;
    bool technical; /* leg > 0: the one before failed, rather than being declined */
    bool forced;    /* by an operator */
    bool more;      /* there is a leg behind this one */
};
/* NULL: go. Else one word why not; nothing is sent, the leg is closed as such. */
const char *px_pulse_admit(struct px_pulse *p, const struct px_pulse_leg *l, int64_t now_ns,
                           struct hl_pass *out);

/* It was not sent after all, or nobody will hear how it ended: nothing is learned. */
void px_pulse_return(struct px_pulse *p, unsigned provider, const struct hl_pass *pass,
                     int64_t now_ns);

/* Verb 9: what one copy's end means. */
struct px_pulse_news {
    unsigned provider, leg;
    struct hl_card card;
    enum px_heard_kind kind;
    const char *why;              /* px_heard's */
    const struct rt_judgement *j; /* ANSWERED and late news */
    int64_t took_ns;
    uint64_t seed;
    const struct hl_pass *pass; /* of this leg; NULL: it was told before, this is its verdict */
    double soft_before;         /* hl_outcome's */
};
/* Gives the approval that was expected if it was declined softly, else -1: soft_before of the next
 * leg. */
double px_pulse_told(struct px_pulse *p, const struct px_pulse_news *n, int64_t now_ns);
/* What this news says, by docs/health.md, "What counts as what". False: nothing (our own fault, or
 * the account's). */
bool px_pulse_result(const struct px_pulse_news *n, enum hl_result *out, bool *unsent);

/* Every 100 ms: what is overdue by now; tells the hub what was seen. view: in force. */
void px_pulse_tick(struct px_pulse *p, const struct px_view *view, int64_t now_ns);

/* A new payment was decided; somebody could take it, or not. */
void px_pulse_decided(struct px_pulse *p, const struct rt_payment *pay, bool routed);
/* An approved payment counts for these commitments (bits) of the policy. */
void px_pulse_volume(struct px_pulse *p, uint64_t revision, uint32_t commits, int64_t minor);
/* From the hub: a letter of ours back, or what others learned. Takes it. */
void px_pulse_note(struct px_pulse *p, struct px_note *note, int64_t now_ns);

enum { PX_PULSE_TICK_MS = 100 };
#endif
