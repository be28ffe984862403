/* health/tech.h -- is a provider answering at all? A filter over three regimes: up, degraded, down.
 *
 * It sees technical outcomes only (errors, timeouts, requests that are overdue but not yet
 * answered); a decline is a technical success, and a fault of our own machine is not an
 * observation. Two or three failures in a row move it, because leaving a healthy provider for a few
 * seconds costs a point of approval and staying with a dead one costs ninety (docs/health.md,
 * "Trigger-happy"). */
#ifndef HL_TECH_H
#define HL_TECH_H
#include <stdbool.h>
#include <stdint.h>

enum { HL_SILENT = 8 };
enum { HL_AIR = 4096 }; /* requests in the air that are watched per provider; a power of two */

struct hl_tech {
    double up, degraded, down; /* posterior; sums to 1 */
    int64_t at_ns;
    double recent_n, recent_failed; /* memory 30 s: for telling common trouble from its own */
    double long_n, long_failed;     /* its own base rate of failures while healthy */
    double mu, var;                 /* of log(latency in s): for "overdue" */
    uint32_t latencies;             /* answers that mu and var know of */
    double patience_s;              /* longer hardly any answer takes */
    double silence_s;               /* longer few answers take; several at once hardly ever */
    bool silent;                    /* several are late and nothing is heard */
    double latency_s;               /* mean, timeouts included: a slow provider pays for it */
    uint32_t observations;
    uint8_t setbacks;      /* failed probes in a row */
    int64_t next_probe_ns; /* no probe before */

    int64_t heard_ns_;                  /* the last outcome, whatever it was */
    int64_t away_ns_;                   /* since then: in which we looked at nothing */
    int64_t seen_ns_;                   /* when we last sent or heard anything */
    int64_t looked_ns_, quiet_from_ns_; /* for requests that are late together */
    int64_t air_ns_[HL_AIR];            /* when the request in this slot was sent; 0: answered */
    uint32_t air_first_, air_next_;     /* sequence numbers */
};

/* A request in the air: hand it back with the answer. */
typedef uint32_t hl_ticket;

void hl_tech_init(struct hl_tech *t, int64_t now_ns);
hl_ticket hl_tech_sent(struct hl_tech *t, int64_t now_ns);
/* Is there a request that is overdue by now and was not told of before? The caller counts it as a
 * failure, at once. */
bool hl_tech_overdue(struct hl_tech *t, double timeout_s, int64_t now_ns, hl_ticket *which);
/* Do at least HL_SILENT requests wait, and has nobody heard anything for longer than an answer
 * takes? No failure yet: a reason to send no more for the moment where there is somebody else.
 * A pause of our own is no silence: what came meanwhile has only not been read. Short ones look
 * like a provider with little to do; so there it has to be a longer silence. */
bool hl_tech_silent(struct hl_tech *t, int64_t now_ns);
/* We read nothing for that long: who waits has waited that much less. */
void hl_tech_paused(struct hl_tech *t, int64_t ns);
/* The request was answered (or given up). True if it had been told of as overdue. */
bool hl_tech_answered(struct hl_tech *t, hl_ticket ticket);
uint32_t hl_tech_in_air(const struct hl_tech *t);
/* One technical outcome.
 *   others_n, others_failed   recent attempts and failures of the other providers */
void hl_tech_observe(struct hl_tech *t, bool failed, double others_n, double others_failed,
                     int64_t now_ns);
/* The same, of what others saw: we have heard nothing, so a silence of ours goes on. */
void hl_tech_hearsay(struct hl_tech *t, bool failed, double others_n, double others_failed,
                     int64_t now_ns);
void hl_tech_latency(struct hl_tech *t, double seconds, bool answered);
void hl_tech_relax(struct hl_tech *t, int64_t now_ns);

/* Probability that a request sent now is answered; and the same if it were healthy. */
double hl_tech_available(const struct hl_tech *t);
double hl_tech_available_up(const struct hl_tech *t);
double hl_tech_sick(const struct hl_tech *t); /* degraded or down */
#endif
