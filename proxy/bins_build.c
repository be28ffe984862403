/* proxy/bins_build.c -- from lists as people have them to one image. */
#include <stdlib.h>
#include <string.h>

#include "proxy/bins.h"
#include "proxy/bins_pool.h"
#include "proxy/bins_words.h"
#include "proxy/country.h"
#include "proxy/csv.h"
#include "routing/base/check.h"

enum { BRAND_DIGITS = 6 };

enum column { LOW, HIGH, BRAND, SCHEME, FUNDING, PREPAID, GRADE, ISSUER, COUNTRY, COLUMNS };

/* One range as it was read. */
struct piece {
    struct rt_bin_range range;
    struct rt_bin_facts facts;
    uint32_t line;
    uint32_t order; /* later ones replace earlier ones of the same range */
    const struct px_source *source;
};

struct px_bins_builder {
    struct piece *piece;
    uint32_t pieces, pieces_room;
    struct px_bins_pool names, facts;
    struct px_bins_count count;
    struct px_csv csv;
};

struct px_bins_builder *px_bins_builder_create(void)
{
    struct px_bins_builder *b = calloc(1, sizeof *b);

    CHECK(b != NULL);
    return b;
}

void px_bins_builder_destroy(struct px_bins_builder *b)
{
    if (b == NULL)
        return;
    free(b->piece);
    px_bins_pool_fini(&b->names);
    px_bins_pool_fini(&b->facts);
    free(b);
}

struct px_bins_count px_bins_builder_count(const struct px_bins_builder *b)
{
    return b->count;
}

/* ---- columns ---- */

struct layout {
    int at[COLUMNS]; /* -1: there is no such column */
};

static const struct {
    const char *word;
    enum column column;
} headings[] = {
    { "prefix", LOW },
    { "bin", LOW },
    { "iin", LOW },
    { "iinstart", LOW },
    { "binstart", LOW },
    { "rangestart", LOW },
    { "rangelow", LOW },
    { "low", LOW },
    { "start", LOW },
    { "from", LOW },
    { "accountrangelow", LOW },
    { "accountrangestart", LOW },
    { "prefixend", HIGH },
    { "iinend", HIGH },
    { "binend", HIGH },
    { "rangeend", HIGH },
    { "rangehigh", HIGH },
    { "high", HIGH },
    { "end", HIGH },
    { "to", HIGH },
    { "accountrangehigh", HIGH },
    { "accountrangeend", HIGH },
    { "brand", BRAND },
    { "cardbrand", BRAND },
    { "network", BRAND },
    { "scheme", SCHEME },
    { "cardscheme", SCHEME },
    { "type", FUNDING },
    { "cardtype", FUNDING },
    { "funding", FUNDING },
    { "fundingsource", FUNDING },
    { "prepaid", PREPAID },
    { "category", GRADE },
    { "cardcategory", GRADE },
    { "level", GRADE },
    { "cardlevel", GRADE },
    { "product", GRADE },
    { "issuer", ISSUER },
    { "issuername", ISSUER },
    { "bank", ISSUER },
    { "bankname", ISSUER },
    { "country", COUNTRY },
    { "countrycode", COUNTRY },
    { "issuercountry", COUNTRY },
    { "isocode2", COUNTRY },
    { "alpha2", COUNTRY },
    { "countryalpha2", COUNTRY },
};

static bool is_digits(struct span s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
    }
    return s.n > 0;
}

/* False if this row is no header. */
static bool read_header(const struct px_csv *c, struct layout *l)
{
    memset(l->at, -1, sizeof l->at);
    for (unsigned i = 0; i < c->cells; i++) {
        for (size_t h = 0; h < sizeof headings / sizeof headings[0]; h++) {
            if (px_csv_names(c->cell[i].text, headings[h].word) && l->at[headings[h].column] < 0)
                l->at[headings[h].column] = (int)i;
        }
    }
    /* binlist says scheme,brand: its brand is what we call the grade */
    if (l->at[SCHEME] >= 0 && l->at[BRAND] >= 0 && l->at[GRADE] < 0)
        l->at[GRADE] = l->at[BRAND];
    if (l->at[SCHEME] >= 0)
        l->at[BRAND] = l->at[SCHEME];
    return l->at[LOW] >= 0;
}

static struct layout plain_layout(const struct px_csv *c)
{
    static const enum column order[] = { BRAND, FUNDING, GRADE, ISSUER, COUNTRY };
    bool pair = c->cells > 1 && is_digits(c->cell[1].text);
    struct layout l;

    memset(l.at, -1, sizeof l.at);
    l.at[LOW] = 0;
    if (pair)
        l.at[HIGH] = 1;
    for (unsigned i = 0; i < sizeof order / sizeof order[0]; i++)
        l.at[order[i]] = (int)i + (pair ? 2 : 1);
    return l;
}

/* ---- rows ---- */

struct reading {
    struct px_bins_builder *b;
    const struct px_csv *c;
    const struct layout *l;
    struct px_report *report;
};

static struct span cell(const struct reading *r, enum column column)
{
    int at = r->l->at[column];

    return at < 0 || (unsigned)at >= r->c->cells ? SPAN_NONE : r->c->cell[at].text;
}

static struct diag *bad(const struct reading *r, enum column column)
{
    r->b->count.bad++;
    return px_report_error(
        r->report, "B101",
        px_csv_place(r->c, r->l->at[column] < 0 ? 0 : (unsigned)r->l->at[column]));
}

static bool number(const struct reading *r, enum column column, uint64_t *out, unsigned *digits)
{
    struct span s = cell(r, column);

    if (!is_digits(s) || s.n > RT_BIN_WIDTH) {
        diag_set(bad(r, column), "\"%.*s\" is no range of card numbers", s.n > 40 ? 40 : (int)s.n,
                 s.n == 0 ? "" : s.p);
        return false;
    }
    *digits = (unsigned)s.n;
    return span_u64(s, out) == OK;
}

/* 19 digits with zeros behind the low end and nines behind the high one. */
static bool read_range(const struct reading *r, struct piece *p)
{
    unsigned low_n, high_n;
    uint64_t low, high;

    if (!number(r, LOW, &low, &low_n))
        return false;
    high = low;
    high_n = low_n;
    if (cell(r, HIGH).n > 0 && !number(r, HIGH, &high, &high_n))
        return false;
    if (low_n != high_n) {
        diag_set(bad(r, HIGH), "a range from %u digits to %u digits", low_n, high_n);
        return false;
    }
    if (low > high) {
        diag_set(bad(r, HIGH), "the range ends before it begins");
        return false;
    }
    p->range.low = low * rt_bin_power(RT_BIN_WIDTH - low_n);
    p->range.high =
        high * rt_bin_power(RT_BIN_WIDTH - low_n) + (rt_bin_power(RT_BIN_WIDTH - low_n) - 1);
    return true;
}

static void odd(const struct reading *r, enum column column, const char *what, uint64_t *count)
{
    struct span s = cell(r, column);

    if ((*count)++ == 0)
        diag_set(
            px_report_warning(r->report, "B102", px_csv_place(r->c, (unsigned)r->l->at[column])),
            "no %s we know: \"%.*s\"; taken as unknown, and so are others like it", what,
            s.n > 40 ? 40 : (int)s.n, s.p);
}

static rt_country read_country(const struct reading *r)
{
    struct span s = cell(r, COUNTRY);
    rt_country c = rt_country_of(s);
    char near[3];

    if (c != RT_COUNTRY_UNKNOWN || s.n == 0)
        return c;
    if (s.n == 2 && px_country_near(s, near))
        return rt_country_of(span_str(near));
    odd(r, COUNTRY, "country", &r->b->count.odd_country);
    return RT_COUNTRY_UNKNOWN;
}

static enum rt_brand read_brand(const struct reading *r, const struct piece *p)
{
    bool known;
    enum rt_brand b = px_bins_brand(cell(r, BRAND), &known);
    uint32_t six = (uint32_t)(p->range.low / rt_bin_power(RT_BIN_WIDTH - BRAND_DIGITS));

    if (!known)
        odd(r, BRAND, "brand", &r->b->count.odd_brand);
    else if (b == RT_BRAND_UNKNOWN && cell(r, BRAND).n == 0)
        b = rt_brand_of(six, BRAND_DIGITS);
    return b;
}

static enum rt_funding read_funding(const struct reading *r)
{
    struct span prepaid = cell(r, PREPAID);
    bool known;
    enum rt_funding f = px_bins_funding(cell(r, FUNDING), &known);

    if (!known)
        odd(r, FUNDING, "funding", &r->b->count.odd_funding);
    if (span_is_nocase(prepaid, "yes") || span_is_nocase(prepaid, "true") ||
        span_is_nocase(prepaid, "y") || span_is(prepaid, "1"))
        f = RT_PREPAID;
    return f;
}

static enum rt_grade read_grade(const struct reading *r)
{
    bool known;
    enum rt_grade g = px_bins_grade(cell(r, GRADE), &known);

    if (!known)
        odd(r, GRADE, "category", &r->b->count.odd_grade);
    return g;
}

static void read_facts(const struct reading *r, struct piece *p)
{
    struct span issuer = span_take(cell(r, ISSUER), RT_BIN_ISSUER);
    struct px_bins_pool *names = &r->b->names;

    if (issuer.n > 0) {
        uint32_t name = px_bins_pool_keep(names, issuer);

        p->facts.issuer = names->entry[name].at;
    }
    p->facts.issuer_n = (uint8_t)issuer.n;
    p->facts.country = read_country(r);
    p->facts.brand = (uint8_t)read_brand(r, p);
    p->facts.funding = (uint8_t)read_funding(r);
    p->facts.grade = (uint8_t)read_grade(r);
}

static void read_row(const struct reading *r)
{
    struct px_bins_builder *b = r->b;
    struct piece p = { .line = r->c->line, .source = r->c->source, .order = b->pieces };

    b->count.rows++;
    if (r->c->broken != NULL) {
        b->count.bad++;
        diag_set(px_report_error(r->report, "B101",
                                 (struct px_place){ .source = r->c->source,
                                                    .line = r->c->line,
                                                    .col = r->c->broken_col,
                                                    .len = 1 }),
                 "%s", r->c->broken);
        return;
    }
    if (!read_range(r, &p))
        return;
    read_facts(r, &p);
    b->piece = px_bins_grown(b->piece, b->pieces, 1, &b->pieces_room, sizeof *b->piece);
    b->piece[b->pieces++] = p;
}

void px_bins_builder_read(struct px_bins_builder *b, const struct px_source *source,
                          struct px_report *report)
{
    struct layout l;
    struct reading r = { .b = b, .c = &b->csv, .l = &l, .report = report };

    px_csv_open(&b->csv, source);
    if (!px_csv_next(&b->csv))
        return;
    if (!read_header(&b->csv, &l)) {
        if (b->csv.cells > 0 && !is_digits(b->csv.cell[0].text)) {
            struct diag *d = px_report_error(report, "B100", px_csv_place(&b->csv, 0));

            diag_set(d, "this header names no column with a BIN");
            diag_help(d, "name the columns: prefix,brand,type,category,issuer,country");
            b->count.bad++;
            return;
        }
        l = plain_layout(&b->csv);
        read_row(&r);
    }
    while (px_csv_next(&b->csv))
        read_row(&r);
}

/* ---- nesting ---- */

static int by_range(const void *left, const void *right)
{
    const struct piece *a = left, *b = right;

    if (a->range.low != b->range.low)
        return a->range.low < b->range.low ? -1 : 1;
    if (a->range.high != b->range.high)
        return a->range.high > b->range.high ? -1 : 1;
    return a->order < b->order ? 1 : -1; /* the later first: it stays */
}

static void crossing(struct px_report *report, const struct piece *p, const struct piece *other)
{
    struct diag *d = px_report_error(
        report, "B103",
        (struct px_place){ .source = p->source, .line = p->line, .col = 1, .len = 1 });

    diag_set(d, "this range begins inside the one of %s:%u and ends outside it",
             other->source->name, other->line);
    diag_help(d, "ranges may lie inside each other, not across");
}

/* Keeps what nests and says in what. Gives how many are left. */
static uint32_t nest(struct px_bins_builder *b, struct px_report *report)
{
    uint32_t around[RT_BIN_DEPTH], depth = 0, kept = 0;

    for (uint32_t i = 0; i < b->pieces; i++) {
        struct piece p = b->piece[i];
        const struct piece *top;

        if (kept > 0 && b->piece[kept - 1].range.low == p.range.low &&
            b->piece[kept - 1].range.high == p.range.high) {
            b->count.replaced++;
            continue;
        }
        while (depth > 0 && b->piece[around[depth - 1]].range.high < p.range.low)
            depth--;
        top = depth == 0 ? NULL : &b->piece[around[depth - 1]];
        if (top != NULL && (p.range.high > top->range.high || depth == RT_BIN_DEPTH)) {
            b->count.bad++;
            crossing(report, &p, top);
            continue;
        }
        p.range.parent = depth == 0 ? 0 : around[depth - 1] + 1;
        b->piece[kept] = p;
        around[depth++] = kept++;
    }
    return kept;
}

/* Each kind once: a table has far fewer kinds than ranges, and they stay in the cache. */
static struct rt_bins_shape shape_of(struct px_bins_builder *b, struct rt_bin_range *range)
{
    struct rt_bins_shape s = { .ranges = b->pieces, .names = b->names.bytes_n };

    for (uint32_t i = 0; i < b->pieces; i++) {
        const struct rt_bin_facts *facts = &b->piece[i].facts;

        range[i] = b->piece[i].range;
        range[i].facts =
            1 + px_bins_pool_keep(&b->facts, (struct span){ (const char *)facts, sizeof *facts });
    }
    s.facts = 1 + b->facts.count; /* [0] is the unknown one */
    s.stretches = rt_bins_stretches(range, s.ranges, s.facts);
    return s;
}

static void write_image(const struct px_bins_builder *b, const struct rt_bin_range *range,
                        struct rt_bins_shape shape, void *image)
{
    struct rt_bins_parts at = rt_bins_lay(image, shape);

    memcpy(at.range, range, shape.ranges * sizeof *range);
    memcpy(at.facts + 1, b->facts.bytes, b->facts.bytes_n);
    if (shape.names > 0)
        memcpy(at.names, b->names.bytes, shape.names);
    rt_bins_seal(image, rt_bins_size(shape));
}

enum err px_bins_builder_finish(struct px_bins_builder *b, struct px_report *report, void **image,
                                size_t *n)
{
    struct rt_bin_range *range;
    struct rt_bins_shape shape;
    void *made = NULL;

    if (b->pieces > RT_BIN_RANGES_MAX)
        return E_LIMIT;
    if (b->pieces == 0)
        return E_SYNTAX;
    qsort(b->piece, b->pieces, sizeof *b->piece, by_range);
    b->pieces = nest(b, report);
    b->count.ranges = b->pieces;
    b->count.issuers = b->names.count;
    range = calloc(b->pieces, sizeof *range);
    if (range != NULL) {
        shape = shape_of(b, range);
        *n = rt_bins_size(shape);
        made = calloc(1, *n);
    }
    if (made != NULL)
        write_image(b, range, shape, made);
    free(range);
    *image = made;
    return made == NULL ? E_NOMEM : OK;
}
