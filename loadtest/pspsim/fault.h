/* loadtest/pspsim/fault.h -- what goes wrong, where, how often: rules per provider.
 *
 * Rules are scripted over the control port (loadtest/README.md names all of them). The first rule
 * whose phase and match fit a request, and whose dice say so, strikes; at most one per request. */
#ifndef SIM_FAULT_H
#define SIM_FAULT_H
#include <stdbool.h>
#include <stdint.h>

#include "loadtest/common/out.h"
#include "loadtest/common/tree.h"
#include "routing/base/rng.h"

struct sim_delay {
    int64_t ms, jitter_ms; /* uniform in ms .. ms + jitter_ms */
    int64_t tail_ms;       /* instead, with probability tail_rate */
    double tail_rate;
};

/* In the order of a request's life. */
enum sim_phase {
    SIM_ACCEPT, /* the connection is new */
    SIM_READ,   /* bytes have arrived and are not read */
    SIM_HEAD,   /* the head is read, the body may be on its way */
    SIM_BEFORE, /* all is read, nothing has run */
    SIM_AFTER,  /* it ran; the answer has not left */
    SIM_MIDDLE, /* half of the answer has left */
    SIM_END,    /* all of the answer has left */
    SIM_PHASES
};

enum sim_fault_kind {
    SIM_F_NONE,
    SIM_F_REFUSE,       /* nobody listens: the kernel answers RST */
    SIM_F_RESET,        /* TCP RST */
    SIM_F_CLOSE,        /* orderly: close_notify, FIN */
    SIM_F_CUT,          /* FIN without close_notify */
    SIM_F_HANG,         /* silence */
    SIM_F_TLS,          /* the handshake fails in the way `tls` says */
    SIM_F_REFUSED,      /* RST_STREAM(REFUSED_STREAM) */
    SIM_F_GOAWAY_BELOW, /* GOAWAY, last stream id below this one */
    SIM_F_GOAWAY_ABOVE, /* GOAWAY that includes this one, then `then` */
    SIM_F_RST,          /* RST_STREAM(code) */
    SIM_F_STATUS,       /* answers `status` */
    SIM_F_SLOW,         /* takes its time */
    SIM_F_TRICKLE,      /* the answer in small pieces */
    SIM_F_TRUNCATED,    /* well framed, but the body stops in the middle of the JSON */
    SIM_F_GARBAGE,      /* well framed, body is noise */
    SIM_F_EMPTY,        /* well framed, no body */
    SIM_F_HTML,         /* an HTML page instead */
    SIM_F_BIG_HEAD,     /* response headers of `bytes` */
    SIM_F_BIG_BODY,     /* the answer padded to `bytes` */
    SIM_F_INTERIM,      /* `count_1xx` informational answers first */
    SIM_F_FRAMING,      /* HTTP framing broken in the way `framing` says */
    SIM_F_DUPLICATE,    /* the network delivers the request twice */
    SIM_F_LIE_AMOUNT,   /* the answer names another amount, currency or reference */
    SIM_F_LIE_CURRENCY,
    SIM_F_LIE_REFERENCE,
    SIM_FAULTS
};

enum sim_tls_fault {
    SIM_T_ALERT,
    SIM_T_CLOSE,
    SIM_T_RESET,
    SIM_T_GARBAGE,
    SIM_T_HANG,
    SIM_T_WRONG_HOST,
    SIM_T_EXPIRED,
    SIM_T_UNTRUSTED,
    SIM_T_NO_ALPN,
    SIM_TLS_FAULTS
};

enum sim_framing {
    SIM_LENGTH_LONG,
    SIM_LENGTH_TWICE,
    SIM_LENGTH_AND_CHUNKED,
    SIM_BAD_CHUNK,
    SIM_NO_LENGTH,
    SIM_SURPLUS,
    SIM_FRAMINGS
};
enum sim_body { SIM_BODY_NATIVE, SIM_BODY_HTML, SIM_BODY_EMPTY };
enum sim_then { SIM_THEN_ANSWER, SIM_THEN_CLOSE, SIM_THEN_HANG };

struct sim_match {
    uint32_t ops;           /* 1 << enum sim_op; 0: all */
    int64_t amount;         /* -1: any */
    int64_t ending, digits; /* amount % 10^digits == ending; digits 0: any */
    uint32_t copy;          /* only the n-th request under one idempotency key; 0: all */
    int8_t reused, http2;   /* 1 yes, 0 no, -1 either */
    char reference[40];     /* prefix; "" any */
};

struct sim_fault {
    uint32_t id;
    enum sim_fault_kind kind;
    enum sim_phase when;
    uint32_t code; /* HTTP/2 error code */
    int status;
    enum sim_body body;
    enum sim_tls_fault tls;
    enum sim_framing framing;
    enum sim_then then;
    struct sim_delay delay;
    int64_t late_ms; /* a copy of the request is delivered this much later; -1: none */
    int64_t bytes;
    double rate;
    int64_t count, skip; /* strikes left (-1: endless); fitting requests to let pass first */
    struct sim_match match;
    uint64_t fitted, struck;
};

enum { SIM_FAULTS_MAX = 32 };

struct sim_faults {
    struct sim_fault rule[SIM_FAULTS_MAX];
    unsigned rules;
    uint32_t last_id;
};

/* What a rule is matched against. */
struct sim_seen {
    unsigned op; /* enum sim_op */
    int64_t amount;
    struct span reference;
    uint32_t copy;
    bool reused, http2;
};

/* The rule that strikes now, or NULL. Counts and rolls. */
struct sim_fault *sim_fault_strikes(struct sim_faults *f, enum sim_phase first, enum sim_phase last,
                                    const struct sim_seen *seen, struct rng *dice);
/* Is a rule of this kind in force? (SIM_F_REFUSE has no moment of its own.) */
bool sim_fault_has(const struct sim_faults *f, enum sim_fault_kind kind);

/* From the control port's JSON object; false with a sentence in why[]. */
bool sim_fault_read(const struct lt_tree *t, const struct lt_node *n, struct sim_fault *out,
                    char why[160]);
void sim_fault_write(const struct sim_fault *f, struct lt_out *o);
bool sim_delay_read(const struct lt_tree *t, const struct lt_node *n, struct sim_delay *d);
#endif
