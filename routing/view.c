/* routing/view.c */
#include "routing/view.h"

void rt_view_init(struct rt_view *v)
{
    *v = (struct rt_view){ .epoch = 0 };
    for (unsigned p = 0; p < LIMIT_PROVIDERS; p++)
        v->provider[p] = (struct rt_sight){ .limit_permille = RT_PERMILLE,
                                            .admit_permille = RT_PERMILLE,
                                            .available_ppm = RT_UNKNOWN_PPM,
                                            .approval_ppm = RT_UNKNOWN_PPM,
                                            .latency_ms = RT_UNKNOWN_MS,
                                            .value_micro = RT_UNKNOWN_VALUE };
}

const char *rt_admin_name(enum rt_admin a)
{
    switch (a) {
    case RT_ADMIN_AUTO: return "auto";
    case RT_ADMIN_DRAIN: return "drain";
    case RT_ADMIN_STOP: return "stop";
    case RT_ADMIN_FORCE_ON: return "force-on";
    case RT_ADMINS_: break;
    }
    return "unknown";
}

bool rt_admin_find(struct span word, enum rt_admin *out)
{
    for (unsigned a = 0; a < RT_ADMINS_; a++) {
        if (span_is(word, rt_admin_name((enum rt_admin)a))) {
            *out = (enum rt_admin)a;
            return true;
        }
    }
    return false;
}

const char *rt_breaker_name(enum rt_breaker b)
{
    switch (b) {
    case RT_BREAKER_UNKNOWN: return "unknown";
    case RT_BREAKER_CLOSED: return "closed";
    case RT_BREAKER_HALF_OPEN: return "half_open";
    case RT_BREAKER_OPEN: return "open";
    case RT_BREAKERS_: break;
    }
    return "unknown";
}

bool rt_breaker_find(struct span word, enum rt_breaker *out)
{
    for (unsigned b = 0; b < RT_BREAKERS_; b++) {
        if (span_is(word, rt_breaker_name((enum rt_breaker)b))) {
            *out = (enum rt_breaker)b;
            return true;
        }
    }
    return false;
}
