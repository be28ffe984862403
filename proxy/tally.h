/* proxy/tally.h -- letters between a worker and the control thread's hub: what was counted and
 * learned in a tick goes up, what others learned comes down.
 *
 * A worker owns two px_tally and sends one when a tick ends and it has one at home; the hub reads
 * it and sends it back (px_worker_tell). With both away it goes on counting: nothing is lost but
 * time. A px_foreign is made by the hub for one worker, which frees it with free(). */
#ifndef PX_TALLY_H
#define PX_TALLY_H
#include <stddef.h>
#include <stdint.h>

#include "health/breaker.h"
#include "health/delta.h"
#include "health/hist.h"
#include "policies/facts.h"
#include "proxy/mail.h"
#include "routing/base/limits.h"

enum { PX_TALLY_MOVES = 16 }; /* of breakers, per letter; more wait for the next */

enum px_note_kind { PX_NOTE_TALLY, PX_NOTE_FOREIGN };
struct px_note { /* at the head of both */
    struct px_letter letter;
    enum px_note_kind kind;
};

struct px_tally_provider {
    /* since the letter before; authorisations only */
    uint32_t chosen;   /* payments whose first leg went there */
    uint32_t attempts; /* legs that were asked: first, further; copies do not count */
    uint32_t approved, soft, hard;
    uint32_t failed;        /* technically: error, timeout, unreadable, in doubt */
    uint32_t unsent;        /* never left us (N0): connect, TLS, no room */
    struct hl_hist latency; /* of those that were answered */

    /* as it stands */
    uint32_t flying; /* attempts in the air, all operations */
    enum hl_serving serving;
    uint16_t admit_permille;
    const char *cause;                               /* static: why it last opened; "" */
    int64_t since_ms;                                /* wall; of the state */
    int64_t probe_due_ms;                            /* wall: stopped until then; 0: not stopped */
    int32_t available_ppm, approval_ppm, latency_ms; /* estimates; -1: unknown */
};

struct px_tally_move {
    uint8_t provider;
    enum hl_serving from, to;
    uint16_t admit_permille; /* after it */
    const char *cause;       /* static */
    int64_t at_ms;           /* wall */
};

/* Approved since the letter before that count for a commitment of policy `volumes_of`. */
struct px_tally_volume {
    int64_t minor, payments;
};

struct px_tally {
    struct px_note note;         /* PX_NOTE_TALLY */
    unsigned worker;             /* its index */
    int64_t at_ms;               /* wall */
    uint64_t view_epoch;         /* of the view in force there */
    uint32_t payments;           /* new payments decided since the letter before */
    uint32_t no_route;           /* of which nobody could take it */
    uint64_t seen_currencies[4]; /* bit c: there was one in currency c */
    uint32_t seen_methods;       /* 1 << enum rt_method */
    unsigned providers;
    struct px_tally_provider provider[LIMIT_PROVIDERS];
    unsigned moves;
    struct px_tally_move move[PX_TALLY_MOVES];
    uint64_t volumes_of; /* pol_program_revision(); 0: no volumes in here */
    struct px_tally_volume volume[POL_COMMITS_MAX];
    size_t delta_n; /* packed by hl_delta_pack(); 0: nothing was learned */
    unsigned char delta[HL_DELTA_BYTES];
};

/* What another worker or another node learned, packed. */
struct px_foreign {
    struct px_note note; /* PX_NOTE_FOREIGN */
    uint64_t node;       /* who learned it, for hl_watch_apply(); 0: another worker of this node */
    int64_t age_ms;      /* when it was sent; >= 0 */
    size_t n;
    unsigned char delta[];
};
#endif
