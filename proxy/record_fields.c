/* proxy/record_fields.c */
#include "proxy/record_fields.h"

#include <string.h>

#include "policies/attr.h"
#include "routing/base/check.h"

/* ---- words ---- */

static const char *brand(unsigned v)
{
    return rt_brand_name((enum rt_brand)v);
}

static const char *funding(unsigned v)
{
    return pol_funding_name((enum pol_funding)v);
}

static const char *category(unsigned v)
{
    return pol_category_name((enum pol_category)v);
}

static const char *three_ds(unsigned v)
{
    return pol_three_ds_name((enum pol_three_ds)v);
}

static const char *method(unsigned v)
{
    return rt_method_name((enum rt_method)v);
}

static const char *channel(unsigned v)
{
    return v == RT_CHANNEL_MOTO ? "moto" : "ecommerce";
}

static const char *initiator(unsigned v)
{
    return v == RT_BY_MERCHANT ? "merchant" : "customer";
}

static const char *stored(unsigned v)
{
    return v == RT_STORED_FIRST ? "first" : v == RT_STORED_LATER ? "later" : "no";
}

static const char *pol_breaker(unsigned v)
{
    return pol_breaker_name((enum pol_breaker)v);
}

static const char *breaker(unsigned v)
{
    return rt_breaker_name((enum rt_breaker)v);
}

static const char *admin(unsigned v)
{
    return rt_admin_name((enum rt_admin)v);
}

const char *px_r_reason(unsigned v)
{
    return rt_reason_name((enum rt_reason)v);
}

const char *px_r_cost_why(unsigned v)
{
    static const char *const words[] = { "known", "no_list", "no_line", "no_rate", "range" };

    _Static_assert(sizeof words / sizeof words[0] == RT_COST_WHYS_, "a word for each");
    return words[v];
}

const char *px_r_category(unsigned v)
{
    return rt_category_name((enum rt_category)v);
}

const char *px_r_code(unsigned v)
{
    return rt_code_name((enum rt_code)v);
}

const char *px_r_is(unsigned v)
{
    static const char *const words[] = { "no", "yes", "unknown" };

    _Static_assert(sizeof words / sizeof words[0] == POL_IS_, "a word for each");
    return words[v];
}

const char *px_r_over(unsigned v)
{
    return v == POL_OVER_NOW ? "now" : pol_over_name((enum pol_over)v);
}

/* ---- tables ---- */

#define AT(s, m) .at = offsetof(struct s, m), .size = sizeof(((struct s *)NULL)->m)
#define NUMBER(s, m, n, lo, hi, out)                                                               \
    {                                                                                              \
        n, PX_R_NUMBER, AT(s, m), .least = (lo), .most = (hi), .unknown = (out)                    \
    }
#define MUST_NUMBER(s, m, n, lo, hi)                                                               \
    {                                                                                              \
        n, PX_R_NUMBER, AT(s, m), .required = true, .least = (lo), .most = (hi)                    \
    }
#define WORD(s, m, n, last, out, w)                                                                \
    {                                                                                              \
        n, PX_R_WORD, AT(s, m), .most = (last)-1, .unknown = (out), .word = (w)                    \
    }
#define MUST_WORD(s, m, n, last, w)                                                                \
    {                                                                                              \
        n, PX_R_WORD, AT(s, m), .required = true, .most = (last)-1, .word = (w)                    \
    }
#define OTHER(kind, s, m, n)                                                                       \
    {                                                                                              \
        n, PX_R_##kind, AT(s, m)                                                                   \
    }
#define TABLE(fields)                                                                              \
    {                                                                                              \
        fields, sizeof fields / sizeof fields[0]                                                   \
    }

enum { TRILLION = 1000000000 };
#define BIG   (INT64_MAX / 4)
#define PPM   INT32_MAX
#define YEARS INT64_C(253402300799) /* 9999-12-31 */

static const struct px_rfield top[] = {
    OTHER(CHARS, px_decided, payment, "payment"),
    OTHER(CHARS, px_decided, request, "request"),
    MUST_NUMBER(px_decided, snapshot, "snapshot", 0, BIG),
    OTHER(HEX, px_decided, verdict.revision, "policy"),
    OTHER(HEX, px_decided, bins, "bins"),
    MUST_NUMBER(px_decided, epoch, "epoch", 0, BIG),
};

static const struct px_rfield facts[] = {
    MUST_NUMBER(px_decided, now_s, "now_s", 0, YEARS),
    { "seed", PX_R_HEX, AT(px_decided, seed), .required = true },
    MUST_NUMBER(px_decided, amount.minor, "amount", 0, BIG),
    OTHER(CURRENCY, px_decided, amount.cur, "currency"),
    OTHER(COUNTRY, px_decided, country, "country"),
    OTHER(COUNTRY, px_decided, issuer_country, "issuer_country"),
    OTHER(COUNTRY, px_decided, ip_country, "ip_country"),
    NUMBER(px_decided, said.bin_digits, "bin_digits", 6, POL_BIN_DIGITS, 0),
    WORD(px_decided, brand, "brand", RT_BRANDS_, RT_BRAND_UNKNOWN, brand),
    WORD(px_decided, funding, "funding", POL_FUNDINGS_, POL_FUNDING_UNKNOWN, funding),
    WORD(px_decided, category, "category", POL_CATEGORIES_, POL_CATEGORY_UNKNOWN, category),
    WORD(px_decided, three_ds, "three_ds", POL_3DS_STATES_, POL_3DS_UNKNOWN, three_ds),
    MUST_WORD(px_decided, method, "method", RT_METHODS_, method),
    MUST_WORD(px_decided, channel, "channel", RT_CHANNEL_MOTO + 1, channel),
    MUST_WORD(px_decided, initiator, "initiator", RT_BY_MERCHANT + 1, initiator),
    MUST_WORD(px_decided, stored, "stored", RT_STORED_LATER + 1, stored),
    OTHER(SPAN, px_decided, issuer, "issuer"),
    OTHER(CHARS, px_decided, merchant, "merchant"),
    OTHER(HEX, px_decided, said.customer, "customer"),
};

static const struct px_rfield provider[] = {
    { "name", PX_R_TEXT, AT(px_decided_provider, name), .required = true },
    MUST_WORD(px_decided_provider, judged, "judged", RT_REASONS_, px_r_reason),
    OTHER(FLAG, px_decided_provider, eligible, "eligible"),
};

static const struct px_rfield sight[] = {
    NUMBER(pol_sight, cost_minor, "cost_minor", 0, INT64_MAX, -1),
    NUMBER(pol_sight, cost_ppm, "cost_ppm", 0, INT64_MAX, -1),
    NUMBER(pol_sight, value_micro, "value_micro", -INT64_MAX, INT64_MAX, RT_UNKNOWN_VALUE),
    WORD(pol_sight, breaker, "breaker", POL_BREAKERS_, POL_BREAKER_UNKNOWN, pol_breaker),
};

static const struct px_rfield cost[] = {
    WORD(rt_cost, why, "unknown", RT_COST_WHYS_, RT_COST_KNOWN, px_r_cost_why),
    NUMBER(rt_cost, micro, "micro", 0, INT64_MAX, -1),
    NUMBER(rt_cost, declined_micro, "declined_micro", 0, INT64_MAX, -1),
    NUMBER(rt_cost, line, "line", 1, INT32_MAX, 0),
};

static const struct px_rfield view[] = {
    WORD(rt_sight, admin, "admin", RT_ADMINS_, RT_ADMIN_AUTO, admin),
    OTHER(FLAG, rt_sight, ops_all, "ops_all"),
    NUMBER(rt_sight, limit_permille, "limit_permille", 0, RT_PERMILLE, RT_PERMILLE),
    WORD(rt_sight, breaker, "breaker", RT_BREAKERS_, RT_BREAKER_UNKNOWN, breaker),
    NUMBER(rt_sight, admit_permille, "admit_permille", 0, RT_PERMILLE, RT_PERMILLE),
    OTHER(FLAG, rt_sight, probe, "probe"),
    NUMBER(rt_sight, available_ppm, "available_ppm", 0, PPM, RT_UNKNOWN_PPM),
    NUMBER(rt_sight, approval_ppm, "approval_ppm", 0, PPM, RT_UNKNOWN_PPM),
    NUMBER(rt_sight, latency_ms, "latency_ms", 0, INT32_MAX, RT_UNKNOWN_MS),
    NUMBER(rt_sight, value_micro, "value_micro", -INT64_MAX, INT64_MAX, RT_UNKNOWN_VALUE),
    OTHER(FLAG, rt_sight, explored, "explored"),
    OTHER(FLAG, rt_sight, ramped, "ramped"),
};

static const struct px_rfield verdict[] = {
    OTHER(TEXT, rt_verdict, rule, "rule"),
    OTHER(TEXT, rt_verdict, file, "file"),
    NUMBER(rt_verdict, line, "line", 1, INT32_MAX, 0),
    OTHER(FLAG, rt_verdict, decline, "decline"),
    OTHER(TEXT, rt_verdict, decline_why, "decline_why"),
    NUMBER(rt_verdict, scored_from, "scored_from", 0, LIMIT_PROVIDERS, 0),
    NUMBER(rt_verdict, scored, "scored", 0, LIMIT_PROVIDERS, 0),
    NUMBER(rt_verdict, rules_matched, "rules_matched", 0, UINT16_MAX, 0),
    MUST_NUMBER(rt_verdict, moves_max, "moves_max", 0, UINT8_MAX),
    MUST_NUMBER(rt_verdict, within_ns, "within_ns", 0, INT64_MAX),
};

const struct px_rtable px_r_top = TABLE(top), px_r_facts = TABLE(facts),
                       px_r_provider = TABLE(provider), px_r_sight = TABLE(sight),
                       px_r_cost = TABLE(cost), px_r_view = TABLE(view),
                       px_r_verdict = TABLE(verdict);

/* ---- numbers ---- */

/* Four bytes may hold -1, fewer never do. */
int64_t px_r_get(const struct px_rfield *f, const void *base)
{
    const char *at = (const char *)base + f->at;
    uint8_t u8;
    uint16_t u16;
    int32_t i32;
    int64_t i64;

    switch (f->size) {
    case 1: memcpy(&u8, at, 1); return u8;
    case 2: memcpy(&u16, at, 2); return u16;
    case 4: memcpy(&i32, at, 4); return i32;
    default:
        CHECK(f->size == 8);
        memcpy(&i64, at, 8);
        return i64;
    }
}

void px_r_put(const struct px_rfield *f, void *base, int64_t v)
{
    char *at = (char *)base + f->at;
    uint8_t u8 = (uint8_t)v;
    uint16_t u16 = (uint16_t)v;
    int32_t i32 = (int32_t)v;

    switch (f->size) {
    case 1: memcpy(at, &u8, 1); return;
    case 2: memcpy(at, &u16, 2); return;
    case 4: memcpy(at, &i32, 4); return;
    default:
        CHECK(f->size == 8);
        memcpy(at, &v, 8);
        return;
    }
}
