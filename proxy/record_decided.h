/* proxy/record_decided.h -- one decision as a record holds it: enough to decide it again, bit for
 * bit, on any machine, without the payment, the book of what was learned or the gateway.
 *
 * Never in it: a card number, more than its first six digits, a CVC, a token, an email, a name,
 * what the merchant calls the customer, metadata. policies/said.h says what stands in their place;
 * docs/decision-log.md is the contract with readers of the files. */
#ifndef PX_RECORD_DECIDED_H
#define PX_RECORD_DECIDED_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policies/facts.h"
#include "policies/said.h"
#include "proxy/journal.h"
#include "proxy/problem.h"
#include "routing/base/arena.h"
#include "routing/cost.h"
#include "routing/plan.h"
#include "routing/verdict.h"
#include "routing/view.h"

struct px_choice;
struct px_snapshot;

#define PX_DECIDED_SCHEMA "signalbox.decision/1"
enum { PX_DECIDED_LINE = 192 * 1024 }; /* bytes; no line is longer */

struct px_decided_provider {
    const char *name;
    enum rt_reason judged; /* by rt_provider_judges */
    bool eligible;         /* as the policy saw it */
    struct rt_cost cost;
    struct pol_sight sight; /* as the policy saw it */
    struct rt_sight view;   /* as the plan was made from it */
};

/* Strings belong to the snapshot the decision was made from, or to the arena it was read into. */
struct px_decided {
    char payment[PX_ID]; /* "": there was no route, so no payment either */
    char request[PX_REQUEST_ID];
    uint64_t snapshot; /* its number in that process */
    uint64_t bins;     /* version of the BIN table; 0: none */
    uint64_t epoch;    /* of the view */

    int64_t now_s;
    uint64_t seed;
    struct money amount;
    rt_country country, issuer_country, ip_country;
    uint32_t bin6; /* said.bin_digits tells how many there were; 0: the card is not known */
    enum rt_brand brand;
    enum pol_funding funding;
    enum pol_category category;
    enum pol_three_ds three_ds;
    enum rt_method method;
    enum rt_channel channel;
    enum rt_initiator initiator;
    enum rt_stored stored;
    char merchant[PX_NAME];
    struct span issuer;
    struct pol_said said;
    unsigned zones, volumes; /* by the program's numbers */
    int32_t zone_offset_s[POL_ZONES_MAX];
    struct pol_volume volume[POL_COMMITS_MAX];

    struct rt_verdict verdict;
    struct rt_plan plan;

    unsigned providers;
    struct px_decided_provider provider[LIMIT_PROVIDERS]; /* a note ends with those there are */

    /* Where said.answer[i].test stands in the policy; a note has none. */
    struct px_decided_place {
        const char *file;
        unsigned line, col;
    } answer_at[POL_ANSWERS_MAX];
    const char *volume_of[POL_COMMITS_MAX]; /* names of commitments; a note has none */
};

/* How many bytes of a px_decided a note of so many providers fills. */
size_t px_decided_size(unsigned providers);
/* The first px_decided_size() bytes of out from what a worker has at hand; request and payment are
 * the caller's to add. Points into the snapshot. */
void px_decided_note(const struct px_choice *choice, const struct px_snapshot *s,
                     struct px_decided *out);
/* Fills answer_at and volume_of from the policy that decided; NULL: none did. */
void px_decided_place(struct px_decided *d, const struct pol_program *p);

/* One line without its newline. False: longer than the buffer. */
bool px_decided_write(const struct px_decided *d, struct buf *out);

/* Reads one line. Everything is looked at: a record that is accepted holds no value that the
 * gateway can not have written, and write() gives it back. Members it does not know are skipped.
 *   errors  E_SYNTAX (no JSON, another schema), E_RANGE (impossible), E_LIMIT (the arena is full);
 *           why says what and at which member. */
MUST enum err px_decided_read(struct span line, struct arena *a, struct px_decided *out,
                              struct diag *why);
#endif
