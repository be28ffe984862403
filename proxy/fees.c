/* proxy/fees.c */
#include "proxy/fees.h"

#include <string.h>

#include "proxy/bins_words.h"
#include "proxy/csv.h"
#include "routing/base/check.h"

enum { MICRO_DIGITS = 6, PPM_DIGITS = 4, WHOLE_MAX = 12 };

enum column {
    BRAND,
    FUNDING,
    GRADE,
    REGION,
    CURRENCY,
    VOLUME,
    PERCENT,
    FIXED,
    FEE_CURRENCY,
    LEAST,
    MOST,
    DECLINED,
    FX,
    COLUMNS
};

static const struct {
    const char *word;
    enum column column;
} headings[] = {
    { "brand", BRAND },
    { "funding", FUNDING },
    { "type", FUNDING },
    { "category", GRADE },
    { "region", REGION },
    { "currency", CURRENCY },
    { "volumefrom", VOLUME },
    { "percent", PERCENT },
    { "pct", PERCENT },
    { "fixed", FIXED },
    { "min", LEAST },
    { "max", MOST },
    { "feecurrency", FEE_CURRENCY },
    { "decline", DECLINED },
    { "declined", DECLINED },
    { "fx", FX },
};

struct reading {
    struct px_csv csv;
    struct px_report *report;
    int at[COLUMNS]; /* -1: there is no such column */
    bool failed;
};

static struct diag *wrong(struct reading *r, unsigned cell)
{
    r->failed = true;
    return px_report_error(r->report, "B110", px_csv_place(&r->csv, cell));
}

static struct diag *wrong_in(struct reading *r, enum column column)
{
    return wrong(r, r->at[column] < 0 ? 0 : (unsigned)r->at[column]);
}

static struct span cell(const struct reading *r, enum column column)
{
    int at = r->at[column];

    return at < 0 || (unsigned)at >= r->csv.cells ? SPAN_NONE : r->csv.cell[at].text;
}

/* ---- cells ---- */

/* "1.25" with up to `places` digits behind the point, as an integer of 10^-places. */
static bool decimal(struct span s, unsigned places, int64_t *out)
{
    int64_t v = 0;
    unsigned behind = 0, digits = 0;
    bool point = false;

    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '.' && !point) {
            point = true;
            continue;
        }
        if (s.p[i] < '0' || s.p[i] > '9' || (point && behind == places) ||
            (!point && digits == WHOLE_MAX))
            return false;
        v = v * 10 + (s.p[i] - '0');
        behind += point;
        digits++;
    }
    for (; behind < places; behind++)
        if (__builtin_mul_overflow(v, 10, &v))
            return false;
    *out = v;
    return digits > 0;
}

static int64_t read_decimal(struct reading *r, enum column column, struct span s, unsigned places,
                            const char *what, int64_t otherwise)
{
    int64_t v;

    if (s.n == 0)
        return otherwise;
    if (decimal(s, places, &v))
        return v;
    diag_set(wrong_in(r, column), "\"%.*s\" is no %s", s.n > 40 ? 40 : (int)s.n, s.p, what);
    return otherwise;
}

static int64_t read_percent(struct reading *r, enum column column)
{
    struct span s = cell(r, column);

    if (span_ends(s, "%"))
        s = span_trim(span_take(s, s.n - 1));
    return read_decimal(r, column, s, PPM_DIGITS, "percentage such as 1.25%", 0);
}

/* Money in units of cur, as millionths of its minor unit. */
static int64_t read_money(struct reading *r, enum column column, currency cur, int64_t otherwise)
{
    struct span s = cell(r, column);

    if (s.n > 0 && cur == CURRENCY_NONE) {
        struct diag *d = wrong_in(r, column);

        diag_set(d, "in which currency?");
        diag_help(d, "name it in the column fee_currency");
        return otherwise;
    }
    return read_decimal(r, column, s,
                        MICRO_DIGITS + (s.n == 0 ? 0 : currency_exponent(cur, MONEY_ISO)),
                        "amount such as 0.25", otherwise);
}

static currency read_currency(struct reading *r, enum column column)
{
    struct span s = cell(r, column);
    currency c;

    if (s.n == 0 || span_is(s, "*") || span_is_nocase(s, "any"))
        return CURRENCY_NONE;
    c = currency_find(s);
    if (c == CURRENCY_NONE)
        diag_set(wrong_in(r, column), "\"%.*s\" is no currency: three capital letters",
                 s.n > 20 ? 20 : (int)s.n, s.p);
    return c;
}

static bool bit_of(enum column column, struct span word, unsigned *bit)
{
    enum rt_region region = RT_REGION_DOMESTIC;
    bool known = true;

    switch (column) {
    case BRAND: *bit = (unsigned)px_bins_brand(word, &known); return known && *bit != 0;
    case FUNDING: *bit = (unsigned)px_bins_funding(word, &known); return known && *bit != 0;
    case GRADE: *bit = (unsigned)px_bins_grade(word, &known); return known && *bit != 0;
    case REGION:
        known = rt_region_find(word, &region);
        *bit = (unsigned)region;
        return known;
    case CURRENCY:
    case VOLUME:
    case PERCENT:
    case FIXED:
    case FEE_CURRENCY:
    case LEAST:
    case MOST:
    case DECLINED:
    case FX:
    case COLUMNS: break;
    }
    return false;
}

static uint32_t read_set(struct reading *r, enum column column, const char *what)
{
    struct span rest = cell(r, column), word;
    uint32_t set = 0;
    unsigned bit;

    if (span_is(rest, "*") || span_is_nocase(rest, "any"))
        return 0;
    while (rest.n > 0 && span_cut(&rest, '|', &word)) {
        if (bit_of(column, span_trim(word), &bit))
            set |= 1U << bit;
        else
            diag_set(wrong_in(r, column), "\"%.*s\" is no %s", word.n > 40 ? 40 : (int)word.n,
                     word.p, what);
    }
    return set;
}

/* ---- lines ---- */

static bool read_header(struct reading *r)
{
    memset(r->at, -1, sizeof r->at);
    if (!px_csv_next(&r->csv))
        return false;
    for (unsigned i = 0; i < r->csv.cells; i++) {
        bool known = false;

        for (size_t h = 0; h < sizeof headings / sizeof headings[0] && !known; h++) {
            known = px_csv_names(r->csv.cell[i].text, headings[h].word);
            if (known)
                r->at[headings[h].column] = (int)i;
        }
        if (!known) { /* a misspelt column would silently cost nothing */
            struct diag *d = wrong(r, i);

            diag_set(d, "no such column: \"%.*s\"",
                     r->csv.cell[i].text.n > 40 ? 40 : (int)r->csv.cell[i].text.n,
                     r->csv.cell[i].text.p);
            diag_help(d, "brand,funding,category,region,currency,volume_from,percent,fixed,"
                         "fee_currency,min,max,decline,fx");
        }
    }
    if (r->at[PERCENT] < 0 && r->at[FIXED] < 0)
        diag_set(wrong(r, 0), "neither a column \"percent\" nor \"fixed\"");
    return !r->failed;
}

static void read_fee(struct reading *r, struct rt_fee *f)
{
    currency fee_cur = read_currency(r, FEE_CURRENCY);

    *f = (struct rt_fee){
        .brands = read_set(r, BRAND, "brand"),
        .fundings = read_set(r, FUNDING, "funding: credit, debit, prepaid, charge"),
        .grades = read_set(r, GRADE, "category"),
        .regions = read_set(r, REGION, "region: domestic, eea, uk, international"),
        .cur = read_currency(r, CURRENCY),
        .percent_ppm = read_percent(r, PERCENT),
        .fixed_micro = read_money(r, FIXED, fee_cur, 0),
        .least_micro = read_money(r, LEAST, fee_cur, 0),
        .most_micro = read_money(r, MOST, fee_cur, -1),
        .declined_micro = read_money(r, DECLINED, fee_cur, 0),
        .volume_from = read_money(r, VOLUME, fee_cur, 0) / 1000000,
        .fx_ppm = read_percent(r, FX),
        .fee_cur = fee_cur,
        .line = r->csv.line,
    };
    if (f->most_micro >= 0 && f->most_micro < f->least_micro)
        diag_set(wrong_in(r, MOST), "the most is less than the least");
}

enum err px_fees_read(const struct px_source *source, struct arena *a, struct px_report *report,
                      struct rt_fees *out)
{
    struct rt_fee *fee = ARENA_NEWS(a, struct rt_fee, PX_FEES_MAX);
    struct reading *r = ARENA_NEW(a, struct reading);
    unsigned n = 0;

    if (fee == NULL || r == NULL)
        return E_LIMIT;
    r->report = report;
    px_csv_open(&r->csv, source);
    if (!read_header(r)) {
        if (!r->failed)
            diag_set(wrong(r, 0), "an empty price list");
        return E_SYNTAX;
    }
    while (px_csv_next(&r->csv)) {
        if (n == PX_FEES_MAX) {
            diag_set(wrong(r, 0), "more than %d lines", PX_FEES_MAX);
            return E_LIMIT;
        }
        if (r->csv.broken != NULL)
            diag_set(wrong(r, 0), "%s", r->csv.broken);
        else
            read_fee(r, &fee[n++]);
    }
    if (n == 0 && !r->failed)
        diag_set(wrong(r, 0), "a price list without prices");
    if (r->failed)
        return E_SYNTAX;
    out->fee = fee;
    out->fees = n;
    return OK;
}

/* ---- rates ---- */

static void read_rate(struct reading *r, struct rt_rates *rates)
{
    currency c = r->csv.cells < 1 ? CURRENCY_NONE : currency_find(r->csv.cell[0].text);
    int64_t rate = 0;

    if (c == CURRENCY_NONE)
        diag_set(wrong(r, 0), "no currency: three capital letters");
    else if (r->csv.cells != 2 || !decimal(r->csv.cell[1].text, MICRO_DIGITS, &rate) || rate <= 0)
        diag_set(wrong(r, 1), "no rate: one number above 0 with up to six decimals");
    else if (rates->micro[c] != 0)
        diag_set(wrong(r, 0), "%s has a rate already", currency_code(c));
    else
        rates->micro[c] = rate;
}

enum err px_rates_read(const struct px_source *source, struct px_report *report,
                       struct rt_rates *out)
{
    struct reading r = { .report = report };
    struct rt_rates rates = { { 0 } };

    CHECK(currency_count() < sizeof rates.micro / sizeof rates.micro[0]);
    px_csv_open(&r.csv, source);
    while (px_csv_next(&r.csv)) {
        if (r.csv.line == 1 && px_csv_names(r.csv.cell[0].text, "currency"))
            continue;
        read_rate(&r, &rates);
    }
    if (r.failed)
        return E_SYNTAX;
    *out = rates;
    return OK;
}
