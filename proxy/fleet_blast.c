/* proxy/fleet_blast.c */
#include "proxy/fleet_blast.h"

#include <string.h>

#include "proxy/fleet_count.h"

enum { WORDS = 4 }; /* of a set of currencies */

/* ---- kinds of payments ---- */

static bool takes(const struct rt_provider *p, enum rt_method m, enum rt_brand b)
{
    uint32_t brands =
        m == RT_NETWORK_TOKEN && p->network_token_brands != 0 ? p->network_token_brands : p->brands;

    return p->enabled && (p->methods >> m & 1) != 0 && (brands >> b & 1) != 0 &&
           (p->ops >> RT_AUTHORIZE & 1) != 0;
}

static bool any(const uint64_t *set)
{
    return (set[0] | set[1] | set[2] | set[3]) != 0;
}

static void union_of(const struct rt_provider *p, unsigned n, uint32_t mask, enum rt_method m,
                     enum rt_brand b, uint64_t *set)
{
    memset(set, 0, WORDS * sizeof *set);
    for (unsigned i = 0; i < n; i++)
        for (unsigned w = 0; w < WORDS && (mask >> i & 1) != 0 && takes(&p[i], m, b); w++)
            set[w] |= p[i].currencies[w];
}

static void name_currencies(const uint64_t *lost, struct buf *b)
{
    unsigned told = 0, more = 0;

    for (unsigned c = 1; c <= currency_count(); c++) {
        if ((lost[c / 64] >> (c % 64) & 1) == 0)
            continue;
        if (told < 6)
            buf_fmt(b, "%s%s", told++ == 0 ? "" : ", ", currency_code((currency)c));
        else
            more++;
    }
    if (more > 0)
        buf_fmt(b, " and %u more", more);
}

static void lose(const char *what, const uint64_t *lost, bool every, struct px_blast *out)
{
    if (out->kinds < PX_BLAST_KINDS) {
        struct buf b = buf_over(out->kind[out->kinds], PX_BLAST_KIND);

        buf_fmt(&b, "%s: ", what);
        if (every)
            buf_str(&b, "every currency");
        else
            name_currencies(lost, &b);
        (void)buf_z(&b);
    }
    out->kinds++;
}

static void compare(const struct rt_provider *p, unsigned n, uint32_t before, uint32_t after,
                    enum rt_method m, enum rt_brand b, const struct px_uses *uses,
                    struct px_blast *out)
{
    uint64_t had[WORDS], has[WORDS], lost[WORDS];
    bool none;
    char what[48];
    struct buf w = BUF_OF(what);

    union_of(p, n, before, m, b, had);
    union_of(p, n, after, m, b, has);
    none = any(had) && !any(has);
    for (unsigned i = 0; i < WORDS; i++)
        lost[i] = had[i] & ~has[i] & uses->currency[i];
    if (!none && !any(lost))
        return;
    buf_fmt(&w, "%s %s", rt_method_name(m), rt_brand_name(b));
    lose(buf_z(&w), lost, none, out);
}

void px_blast_kinds(const struct rt_provider *p, unsigned n, uint32_t before, uint32_t after,
                    const struct px_uses *uses, struct px_blast *out)
{
    uint32_t enabled = 0, methods = uses->methods | 1 << RT_CARD;

    out->kinds = 0;
    for (unsigned i = 0; i < n; i++)
        enabled |= p[i].enabled ? UINT32_C(1) << i : 0;
    before &= enabled;
    after &= enabled;
    if (before != 0 && after == 0) {
        lose("every payment", NULL, true, out);
        return;
    }
    for (unsigned m = 0; m < RT_PROVIDER_TOKEN; m++)
        for (unsigned b = RT_BRAND_UNKNOWN + 1; b < RT_BRANDS_ && (methods >> m & 1) != 0; b++)
            compare(p, n, before, after, (enum rt_method)m, (enum rt_brand)b, uses, out);
}

/* ---- who takes it over ---- */

static void put_heir(struct px_blast *out, unsigned p, uint64_t had, uint64_t gets, uint64_t all,
                     int64_t pay_milli, int64_t peak_milli)
{
    unsigned at = out->heirs++;

    while (at > 0 && out->heir[at - 1].share_permille_after < px_share_permille(had + gets, all)) {
        out->heir[at] = out->heir[at - 1];
        at--;
    }
    out->heir[at].provider = p;
    out->heir[at].share_permille_before = px_share_permille(had, all);
    out->heir[at].share_permille_after = px_share_permille(had + gets, all);
    out->heir[at].pay_milli_s_after = pay_milli;
    out->heir[at].peak_milli_s = peak_milli;
}

void px_blast_heirs(const uint64_t *chosen, const int64_t *pay_milli, const int64_t *peak_milli,
                    unsigned n, unsigned provider, uint32_t after, unsigned kept_permille,
                    struct px_blast *out)
{
    uint64_t goes = chosen[provider] * (1000 - kept_permille) / 1000, all = 0, others = 0;
    int64_t flows = pay_milli[provider] * (1000 - (int64_t)kept_permille) / 1000;

    out->heirs = 0;
    for (unsigned i = 0; i < n; i++) {
        all += chosen[i];
        others += i != provider && (after >> i & 1) != 0 ? chosen[i] : 0;
    }
    for (unsigned i = 0; i < n; i++) {
        double part = others == 0 ? 0 : (double)chosen[i] / (double)others;

        if (i == provider || (after >> i & 1) == 0)
            continue;
        put_heir(out, i, chosen[i], (uint64_t)((double)goes * part + 0.5), all,
                 pay_milli[i] + (int64_t)((double)flows * part + 0.5), peak_milli[i]);
    }
}
