/* health/breaker.c */
#include "health/breaker.h"

#include <stddef.h>

#include "routing/base/check.h"

static const int64_t S = INT64_C(1000000000);

const struct hl_breaker_rules hl_breaker_defaults = {
    .window_ns = INT64_C(30000000000),
    .least = 20,
    .failed_permille = 500,
    .slow_permille = 800,
    .unsent_in_a_row = 5,
    .open_first_ns = INT64_C(2000000000),
    .open_max_ns = INT64_C(30000000000),
    .jitter_permille = 200,
    .leases = 3,
    .lease_ns = INT64_C(15000000000),
    .probes_good = 3,
    .ramp_ns = INT64_C(20000000000),
    .ramp_first_permille = 100,
};

const char *hl_serving_name(enum hl_serving s)
{
    switch (s) {
    case HL_SERVING: return "serving";
    case HL_STOPPED: return "stopped";
    case HL_PROBING: return "probing";
    }
    return "stopped";
}

void hl_breaker_init(struct hl_breaker *b, const struct hl_breaker_rules *rules, int64_t now_ns)
{
    CHECK(rules->leases >= 1 && rules->leases <= HL_LEASES);
    CHECK(rules->window_ns >= HL_BUCKETS);
    *b = (struct hl_breaker){
        .rules_ = rules, .state_ = HL_SERVING, .cause_ = "", .since_ns_ = now_ns, .next_lease_ = 1
    };
}

/* ---- the window ---- */

static void count(struct hl_breaker *b, bool failed, bool slow, int64_t now_ns)
{
    int64_t slot = now_ns / (b->rules_->window_ns / HL_BUCKETS);
    unsigned at = (unsigned)(slot % HL_BUCKETS);

    if (b->bucket_[at].slot != slot) {
        b->bucket_[at].slot = slot;
        b->bucket_[at].all = b->bucket_[at].failed = b->bucket_[at].slow = 0;
    }
    b->bucket_[at].all++;
    b->bucket_[at].failed += failed;
    b->bucket_[at].slow += slow;
}

static void forget(struct hl_breaker *b)
{
    for (unsigned i = 0; i < HL_BUCKETS; i++)
        b->bucket_[i].all = b->bucket_[i].failed = b->bucket_[i].slow = 0;
    b->unsent_ = 0;
}

/* Why it must open now; NULL if it need not. */
static const char *verdict(const struct hl_breaker *b, int64_t now_ns)
{
    int64_t slot = now_ns / (b->rules_->window_ns / HL_BUCKETS);
    uint64_t all = 0, failed = 0, slow = 0;

    if (b->unsent_ >= b->rules_->unsent_in_a_row)
        return "unreachable";
    for (unsigned i = 0; i < HL_BUCKETS; i++) {
        if (b->bucket_[i].slot <= slot - HL_BUCKETS)
            continue;
        all += b->bucket_[i].all;
        failed += b->bucket_[i].failed;
        slow += b->bucket_[i].slow;
    }
    if (all < b->rules_->least)
        return NULL;
    if (failed * 1000 >= all * b->rules_->failed_permille)
        return "failures";
    return slow * 1000 >= all * b->rules_->slow_permille ? "slow" : NULL;
}

/* ---- moving ---- */

static void enter(struct hl_breaker *b, enum hl_serving s, int64_t now_ns)
{
    b->state_ = s;
    b->since_ns_ = now_ns;
    b->good_ = 0;
    for (unsigned i = 0; i < HL_LEASES; i++)
        b->lease_[i].id = 0;
}

static void open_up(struct hl_breaker *b, const char *cause, struct rng *dice, int64_t now_ns)
{
    int64_t span_ns = b->rules_->open_first_ns;
    int64_t jitter_ns;

    for (unsigned i = 0; i < b->relapses_ && span_ns < b->rules_->open_max_ns; i++)
        span_ns *= 2;
    if (span_ns > b->rules_->open_max_ns)
        span_ns = b->rules_->open_max_ns;
    /* nodes that saw the same fault must not probe at the same moment */
    jitter_ns = span_ns / 1000 * b->rules_->jitter_permille;
    span_ns += (int64_t)rng_below(dice, (uint64_t)(2 * jitter_ns) + 1) - jitter_ns;
    enter(b, HL_STOPPED, now_ns);
    b->until_ns_ = now_ns + span_ns;
    b->cause_ = cause;
    b->ramping_ = false;
    b->opened_++;
    if (b->relapses_ < 16)
        b->relapses_++;
    forget(b);
}

void hl_breaker_probe(struct hl_breaker *b, int64_t now_ns)
{
    b->ramping_ = false;
    enter(b, HL_PROBING, now_ns);
}

static void serve(struct hl_breaker *b, int64_t now_ns)
{
    enter(b, HL_SERVING, now_ns);
    forget(b);
    b->ramping_ = true;
    b->ramp_from_ns_ = now_ns;
}

/* ---- leases ---- */

static bool expired(const struct hl_breaker *b, int64_t now_ns)
{
    for (unsigned i = 0; i < HL_LEASES; i++) {
        if (b->lease_[i].id != 0 && now_ns >= b->lease_[i].until_ns)
            return true;
    }
    return false;
}

/* A free slot; one lease at first, one more with every good probe. HL_LEASES: none is left. */
static unsigned spare_lease(const struct hl_breaker *b)
{
    uint32_t allowed = b->good_ + 1 < b->rules_->leases ? b->good_ + 1 : b->rules_->leases;
    uint32_t lent = 0;
    unsigned spare = HL_LEASES;

    for (unsigned i = 0; i < HL_LEASES; i++) {
        if (b->lease_[i].id != 0)
            lent++;
        else
            spare = i;
    }
    return lent >= allowed ? HL_LEASES : spare;
}

bool hl_breaker_has_lease(const struct hl_breaker *b)
{
    return b->state_ == HL_PROBING && spare_lease(b) < HL_LEASES;
}

static bool lend(struct hl_breaker *b, int64_t now_ns, uint32_t *lease)
{
    unsigned spare = spare_lease(b);

    if (spare == HL_LEASES)
        return false;
    b->lease_[spare].id = b->next_lease_;
    b->lease_[spare].until_ns = now_ns + b->rules_->lease_ns;
    *lease = b->next_lease_++;
    if (b->next_lease_ == 0)
        b->next_lease_ = 1;
    return true;
}

static bool take_back(struct hl_breaker *b, uint32_t lease)
{
    for (unsigned i = 0; i < HL_LEASES && lease != 0; i++) {
        if (b->lease_[i].id == lease) {
            b->lease_[i].id = 0;
            return true;
        }
    }
    return false;
}

void hl_breaker_return(struct hl_breaker *b, uint32_t lease)
{
    (void)take_back(b, lease);
}

/* ---- asking and telling ---- */

enum hl_serving hl_breaker_look(struct hl_breaker *b, struct rng *dice, int64_t now_ns)
{
    if (b->state_ == HL_STOPPED && now_ns >= b->until_ns_)
        hl_breaker_probe(b, now_ns);
    if (b->state_ == HL_PROBING && expired(b, now_ns))
        open_up(b, "probe unanswered", dice, now_ns);
    if (b->ramping_ && now_ns - b->ramp_from_ns_ >= b->rules_->ramp_ns) {
        b->ramping_ = false;
        b->relapses_ = 0;
    }
    return b->state_;
}

static uint32_t ramp_share(const struct hl_breaker *b, int64_t now_ns)
{
    int64_t first = b->rules_->ramp_first_permille;
    int64_t done = now_ns - b->ramp_from_ns_;

    if (!b->ramping_ || done >= b->rules_->ramp_ns)
        return 1000;
    return (uint32_t)(first +
                      (1000 - first) * (done / (S / 1000)) / (b->rules_->ramp_ns / (S / 1000)));
}

/* While it ramps up the others come first for the rest of the payments; it is not refused, since it
 * may be the only one that can take them. */
uint32_t hl_breaker_share(struct hl_breaker *b, struct rng *dice, int64_t now_ns)
{
    switch (hl_breaker_look(b, dice, now_ns)) {
    case HL_SERVING: return ramp_share(b, now_ns);
    case HL_STOPPED: return 0;
    case HL_PROBING: return b->rules_->ramp_first_permille;
    }
    return 0;
}

bool hl_breaker_admit(struct hl_breaker *b, struct rng *dice, int64_t now_ns, uint32_t *lease)
{
    *lease = 0;
    switch (hl_breaker_look(b, dice, now_ns)) {
    case HL_SERVING: return true;
    case HL_STOPPED: return false;
    case HL_PROBING: return lend(b, now_ns, lease);
    }
    return false;
}

static void told_probe(struct hl_breaker *b, bool bad, struct rng *dice, int64_t now_ns)
{
    if (bad) {
        open_up(b, "probe failed", dice, now_ns);
        return;
    }
    b->good_++;
    if (b->good_ >= b->rules_->probes_good)
        serve(b, now_ns);
}

void hl_breaker_told(struct hl_breaker *b, enum hl_told what, bool slow, uint32_t lease,
                     struct rng *dice, int64_t now_ns)
{
    const char *cause;
    bool lent = take_back(b, lease);

    (void)hl_breaker_look(b, dice, now_ns);
    if (b->state_ == HL_PROBING) {
        if (lent) /* of others it is old news */
            told_probe(b, what != HL_TOLD_OK, dice, now_ns);
        return;
    }
    if (b->state_ == HL_STOPPED)
        return;
    b->unsent_ = what == HL_TOLD_UNSENT ? b->unsent_ + 1 : 0;
    count(b, what != HL_TOLD_OK, slow, now_ns);
    cause = verdict(b, now_ns);
    if (cause != NULL)
        open_up(b, cause, dice, now_ns);
}

void hl_breaker_trip(struct hl_breaker *b, const char *cause, struct rng *dice, int64_t now_ns)
{
    if (hl_breaker_look(b, dice, now_ns) == HL_SERVING)
        open_up(b, cause, dice, now_ns);
}

static bool is_idle(const struct hl_breaker *b)
{
    for (unsigned i = 0; i < HL_LEASES; i++) {
        if (b->lease_[i].id != 0)
            return false;
    }
    return b->good_ == 0;
}

/* Failures soon after it opened are what made everybody open, not probes. */
static bool is_old_news(const struct hl_breaker *b, int64_t now_ns)
{
    int64_t open_ns = now_ns - b->since_ns_;

    return b->state_ == HL_STOPPED &&
           (open_ns < 3 * S || open_ns < (b->until_ns_ - b->since_ns_) / 2);
}

void hl_breaker_heard(struct hl_breaker *b, bool failed, struct rng *dice, int64_t now_ns)
{
    enum hl_serving s = hl_breaker_look(b, dice, now_ns);

    if (s == HL_SERVING || !is_idle(b))
        return;
    if (failed && is_old_news(b, now_ns))
        return;
    if (failed)
        open_up(b, "probe failed", dice, now_ns);
    else if (s == HL_STOPPED)
        hl_breaker_probe(b, now_ns);
}

const char *hl_breaker_cause(const struct hl_breaker *b)
{
    return b->cause_;
}
