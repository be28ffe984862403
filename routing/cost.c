/* routing/cost.c */
#include "routing/cost.h"

#include "routing/base/check.h"

enum { MICRO = 1000000 };

__extension__ typedef __int128 wide;

/* ---- regions ---- */

/* EU members and Iceland, Liechtenstein, Norway (EEA agreement; as of 2026). */
static const char eea[][3] = { "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI",
                               "FR", "GR", "HR", "HU", "IE", "IS", "IT", "LI", "LT", "LU",
                               "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK" };

static rt_country country_at(const char two[3])
{
    return (rt_country)(1 + 26 * (two[0] - 'A') + (two[1] - 'A'));
}

bool rt_country_in_eea(rt_country c)
{
    for (size_t i = 0; i < sizeof eea / sizeof eea[0]; i++) {
        if (country_at(eea[i]) == c)
            return true;
    }
    return false;
}

uint32_t rt_regions_of(rt_country issuer, rt_country acquirer)
{
    uint32_t set = 0;
    bool inside;

    if (issuer == RT_COUNTRY_UNKNOWN || acquirer == RT_COUNTRY_UNKNOWN)
        return 0;
    inside = rt_country_in_eea(issuer);
    if (issuer == acquirer)
        set |= 1U << RT_REGION_DOMESTIC;
    if (inside)
        set |= 1U << RT_REGION_EEA;
    if (issuer == country_at("GB"))
        set |= 1U << RT_REGION_UK;
    if (issuer != acquirer && !(inside && rt_country_in_eea(acquirer)))
        set |= 1U << RT_REGION_INTERNATIONAL;
    return set;
}

const char *rt_region_name(enum rt_region r)
{
    switch (r) {
    case RT_REGION_DOMESTIC: return "domestic";
    case RT_REGION_EEA: return "eea";
    case RT_REGION_UK: return "uk";
    case RT_REGION_INTERNATIONAL: return "international";
    case RT_REGIONS_: break;
    }
    return "unknown";
}

bool rt_region_find(struct span word, enum rt_region *out)
{
    for (unsigned r = 0; r < RT_REGIONS_; r++) {
        if (span_is_nocase(word, rt_region_name((enum rt_region)r))) {
            *out = (enum rt_region)r;
            return true;
        }
    }
    return false;
}

/* ---- the line that counts ---- */

static bool in_set(uint32_t set, unsigned value)
{
    return set == 0 || (set >> value & 1) != 0;
}

static bool fits(const struct rt_fee *f, const struct rt_cost_ask *ask, uint32_t regions)
{
    int64_t volume = ask->volume < 0 ? 0 : ask->volume;

    return in_set(f->brands, ask->brand) && in_set(f->fundings, ask->funding) &&
           in_set(f->grades, ask->grade) && (f->regions == 0 || (f->regions & regions) != 0) &&
           (f->cur == CURRENCY_NONE || f->cur == ask->amount.cur) && volume >= f->volume_from;
}

static const struct rt_fee *line_for(const struct rt_fees *list, const struct rt_cost_ask *ask)
{
    uint32_t regions = rt_regions_of(ask->issuer, list->country);

    for (unsigned i = 0; i < list->fees; i++) {
        if (fits(&list->fee[i], ask, regions))
            return &list->fee[i];
    }
    return NULL;
}

/* ---- the sum ---- */

static wide power(unsigned n)
{
    return (wide)rt_bin_power(n);
}

/* False: there is no rate. Rounded up: it is a cost. */
static bool convert(wide micro, currency from, currency to, const struct rt_rates *rates, wide *out)
{
    wide top, bottom;

    if (from == to || micro == 0) {
        *out = micro;
        return true;
    }
    if (rates == NULL || rates->micro[from] <= 0 || rates->micro[to] <= 0)
        return false;
    top = micro * rates->micro[to] * power(currency_exponent(to, MONEY_ISO));
    bottom = (wide)rates->micro[from] * power(currency_exponent(from, MONEY_ISO));
    *out = (top + bottom - 1) / bottom;
    return true;
}

static enum rt_cost_why sum(const struct rt_fee *f, const struct rt_cost_ask *ask, currency settles,
                            const struct rt_rates *rates, struct rt_cost *out)
{
    bool foreign = settles != CURRENCY_NONE && settles != ask->amount.cur;
    wide whole = (wide)ask->amount.minor * f->percent_ppm, fixed, least, most = 0, declined;

    if (!convert(f->fixed_micro, f->fee_cur, ask->amount.cur, rates, &fixed) ||
        !convert(f->least_micro, f->fee_cur, ask->amount.cur, rates, &least) ||
        !convert(f->declined_micro, f->fee_cur, ask->amount.cur, rates, &declined) ||
        (f->most_micro >= 0 && !convert(f->most_micro, f->fee_cur, ask->amount.cur, rates, &most)))
        return RT_COST_NO_RATE;
    whole += fixed;
    whole = whole < least ? least : whole;
    whole = f->most_micro >= 0 && whole > most ? most : whole;
    if (foreign)
        whole += (wide)ask->amount.minor * f->fx_ppm;
    if (whole > INT64_MAX || declined > INT64_MAX)
        return RT_COST_RANGE;
    out->micro = (int64_t)whole;
    out->declined_micro = (int64_t)declined;
    return RT_COST_KNOWN;
}

void rt_cost(const struct rt_fees *list, const struct rt_cost_ask *ask,
             const struct rt_rates *rates, struct rt_cost *out)
{
    const struct rt_fee *f = line_for(list, ask);

    *out = (struct rt_cost){ .micro = -1, .declined_micro = -1 };
    CHECK(ask->amount.cur < sizeof rates->micro / sizeof rates->micro[0]);
    if (f == NULL) {
        out->why = list->fees == 0 ? RT_COST_NO_LIST : RT_COST_NO_LINE;
        return;
    }
    out->line = f->line;
    out->why = sum(f, ask, list->settles, rates, out);
}

int64_t rt_cost_minor(const struct rt_cost *c)
{
    if (c->why != RT_COST_KNOWN)
        return -1;
    return c->micro / MICRO + (c->micro % MICRO > 0);
}

int64_t rt_cost_ppm(const struct rt_cost *c, int64_t amount_minor)
{
    if (c->why != RT_COST_KNOWN || amount_minor <= 0)
        return -1;
    return c->micro / amount_minor + (c->micro % amount_minor > 0);
}

const char *rt_cost_why_sentence(enum rt_cost_why w)
{
    switch (w) {
    case RT_COST_KNOWN: return "known";
    case RT_COST_NO_LIST: return "the provider has no price list";
    case RT_COST_NO_LINE: return "no line of the price list fits this payment";
    case RT_COST_NO_RATE: return "a fee is in a currency without a rate";
    case RT_COST_RANGE: return "too large a number";
    case RT_COST_WHYS_: break;
    }
    return "unknown";
}
