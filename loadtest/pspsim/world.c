/* loadtest/pspsim/world.c */
#include "loadtest/pspsim/world.h"

#include <ev.h>

const char sim_base62[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const char sim_base36_upper[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const char sim_base32_lower[] = "abcdefghijklmnopqrstuvwxyz234567";

static const char *const who_names[SIM_WHOS] = { "stripe", "adyen", "checkoutcom", "control",
                                                 "plain" };

const char *sim_who_name(enum sim_who w)
{
    return who_names[w];
}

enum sim_who sim_who_find(struct span name)
{
    for (enum sim_who w = 0; w < SIM_WHOS; w++) {
        if (span_is(name, who_names[w]))
            return w;
    }
    return SIM_WHOS;
}

int64_t sim_now_ms(const struct sim *s)
{
    return (int64_t)(ev_now(s->loop) * 1000.) + s->skew_ms;
}

void sim_id(struct sim *s, const char *alphabet, unsigned n, char *out)
{
    uint64_t size = 0, bits = 0;

    while (alphabet[size] != 0)
        size++;
    for (unsigned i = 0; i < n; i++) {
        if (i % 8 == 0)
            bits = rng_next(&s->ids);
        out[i] = alphabet[bits % size];
        bits /= size;
    }
    out[n] = 0;
}

int64_t sim_delay_draw(struct sim *s, const struct sim_delay *d)
{
    if (d->tail_rate > 0. && rng_unit(&s->dice) < d->tail_rate)
        return d->tail_ms;
    return d->ms +
           (d->jitter_ms > 0 ? (int64_t)rng_below(&s->dice, (uint64_t)d->jitter_ms + 1) : 0);
}
