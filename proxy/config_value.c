/* proxy/config_value.c -- texts become numbers, durations, words and sets of them. */
#include <sched.h>
#include <string.h>

#include "proxy/config_schema.h"
#include "proxy/near.h"
#include "routing/base/money.h"

struct diag *px_config_error(struct px_reading *r, const char *code, const struct px_node *n)
{
    return px_report_error(r->report, code, n->at);
}

struct diag *px_config_warning(struct px_reading *r, const char *code, const struct px_node *n)
{
    return px_report_warning(r->report, code, n->at);
}

struct diag *px_config_wrong_kind(struct px_reading *r, const struct px_field *f,
                                  const struct px_node *n)
{
    struct diag *d = px_config_error(r, "C112", n);

    diag_set(d, "\"%s\" takes %s, and this is %s", f->name, f->type->what, px_node_what(n));
    if (n->kind != PX_SCALAR)
        px_node_hide(n, r->report); /* nobody will look at what is inside */
    return d;
}

/* The words as "a, b or c". */
static void put_words(const char *const *word, unsigned words, struct buf *out)
{
    for (unsigned i = 0; i < words; i++) {
        if (i > 0)
            buf_str(out, i + 1 == words ? " or " : ", ");
        buf_str(out, word[i]);
    }
}

/* "did you mean", or all the words there are. */
static void unknown_word(struct px_reading *r, const struct px_field *f, const struct px_node *n,
                         const char *const *word, unsigned words)
{
    struct diag *d = px_config_error(r, "C116", n);
    const char *near = px_near(n->resolved, word, words);
    char room[sizeof d->help];
    struct buf all = BUF_OF(room);

    diag_set(d, "\"%s\" cannot be \"%.60s\"", f->name, n->resolved);
    put_words(word, words, &all);
    if (near != NULL)
        diag_help(d, "did you mean \"%s\"?", near);
    else
        diag_help(d, "it can be %s", buf_z(&all));
}

static void read_span(struct px_reading *r, const struct px_field *f, struct px_node *n, void *at)
{
    struct span *out = at;

    for (const char *p = n->resolved; *p != '\0'; p++) {
        if ((unsigned char)*p <= ' ' || *p == 0x7F) {
            diag_set(px_config_error(r, "C112", n), "\"%s\" takes one word, without spaces",
                     f->name);
            return;
        }
    }
    if (n->resolved[0] == '\0')
        diag_set(px_config_error(r, "C113", n), "\"%s\" is empty", f->name);
    *out = span_str(n->resolved);
}

static void read_span_z(struct px_reading *r, const struct px_field *f, struct px_node *n, void *at)
{
    struct span s = SPAN_NONE;
    const char **out = at;

    read_span(r, f, n, &s);
    *out = n->resolved;
}

const struct px_type px_type_span_z = { .what = "a word", .read = read_span_z };
const struct px_type px_type_span = { .what = "a word", .read = read_span };

static void read_flag(struct px_reading *r, const struct px_field *f, struct px_node *n, void *at)
{
    static const char *const yes[] = { "yes", "on", "1", "y", "true" };
    bool *out = at, meant = false;

    if (n->plain && (strcmp(n->resolved, "true") == 0 || strcmp(n->resolved, "false") == 0)) {
        *out = n->resolved[0] == 't';
        return;
    }
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        meant = meant || span_is_nocase(span_str(n->resolved), yes[i]);
    diag_help(px_config_wrong_kind(r, f, n), meant ? "write true" : "write true or false");
}

const struct px_type px_type_flag = { .what = "true or false", .read = read_flag };

/* Digits only. What is wrong has been told when this is false. */
static bool whole_number(struct px_reading *r, const struct px_field *f, const struct px_node *n,
                         struct span digits, int64_t *out)
{
    enum err e = n->plain ? span_i64(digits, out) : E_SYNTAX;

    if (e == E_SYNTAX)
        px_config_wrong_kind(r, f, n);
    return e != E_SYNTAX;
}

static void read_count(struct px_reading *r, const struct px_field *f, struct px_node *n, void *at)
{
    unsigned *out = at;
    int64_t v = INT64_MAX;

    if (!whole_number(r, f, n, span_str(n->resolved), &v))
        return;
    if (v < f->least || v > f->most) {
        diag_set(px_config_error(r, "C114", n), "\"%s\" takes %lld to %lld", f->name,
                 (long long)f->least, (long long)f->most);
        return;
    }
    *out = (unsigned)v;
}

const struct px_type px_type_count = { .what = "a whole number", .read = read_count };

/* Milliseconds in one unit; 0 if it is none. */
static int64_t unit_ms(struct span unit)
{
    if (span_is(unit, "ms"))
        return 1;
    if (span_is(unit, "s"))
        return 1000;
    if (span_is(unit, "m"))
        return 60 * 1000;
    return span_is(unit, "h") ? 60 * 60 * 1000 : 0;
}

/* "1500" in milliseconds as people write it. */
static void put_duration(int64_t ms, struct buf *out)
{
    static const struct {
        int64_t ms;
        const char *name;
    } unit[] = { { 60 * 60 * 1000, "h" }, { 60 * 1000, "m" }, { 1000, "s" }, { 1, "ms" } };
    unsigned i = 0;

    while (ms % unit[i].ms != 0 || (ms == 0 && i < 2))
        i++;
    buf_i64(out, ms / unit[i].ms);
    buf_str(out, unit[i].name);
}

static void bad_unit(struct px_reading *r, const struct px_field *f, const struct px_node *n,
                     struct span number, struct span unit)
{
    struct diag *d = px_config_error(r, "C115", n);

    if (unit.n == 0) {
        diag_set(d, "\"%s\" needs a unit", f->name);
        diag_help(d, "write %.*ss or %.*sms", SPAN_ARG(span_take(number, 12)),
                  SPAN_ARG(span_take(number, 12)));
    } else {
        diag_set(d, "\"%s\" takes one number and one unit, and \"%.20s\" is no unit", f->name,
                 unit.p);
        diag_help(d, "the units are ms, s, m and h");
    }
}

static void read_duration(struct px_reading *r, const struct px_field *f, struct px_node *n,
                          void *at)
{
    struct span all = span_str(n->resolved);
    struct span number = span_take(all, strspn(n->resolved, "0123456789"));
    struct span unit = span_drop(all, number.n);
    char least[24], most[24];
    struct buf from = BUF_OF(least), to = BUF_OF(most);
    int64_t v, ms = unit_ms(unit);
    int *out = at;
    enum err e = span_i64(number, &v);

    if (number.n == 0) {
        px_config_wrong_kind(r, f, n);
        return;
    }
    if (ms == 0) {
        bad_unit(r, f, n, number, unit);
        return;
    }
    if (e != OK || v > f->most / ms || v * ms < f->least) {
        put_duration(f->least, &from);
        put_duration(f->most, &to);
        diag_set(px_config_error(r, "C114", n), "\"%s\" takes %s to %s", f->name, buf_z(&from),
                 buf_z(&to));
        return;
    }
    *out = (int)(v * ms);
}

const struct px_type px_type_duration = { .what = "a duration with its unit, such as 2s or 250ms",
                                          .read = read_duration };

/* "15%" as ppm; four decimals say all there are. */
static bool share_ppm(struct span text, int64_t *ppm)
{
    struct span whole, part;
    int64_t fraction = 0;

    if (!span_ends(text, "%"))
        return false;
    part = span_take(text, text.n - 1);
    if (!span_cut(&part, '.', &whole) || span_i64(whole, ppm) != OK || *ppm < 0 || *ppm > 100 ||
        part.n > 4 || (part.n > 0 && span_i64(part, &fraction) != OK) || fraction < 0)
        return false;
    for (size_t i = part.n; i < 4; i++)
        fraction *= 10;
    *ppm = *ppm * 10000 + fraction;
    return true;
}

static void read_share(struct px_reading *r, const struct px_field *f, struct px_node *n, void *at)
{
    int64_t ppm;
    int32_t *out = at;

    if (!share_ppm(span_str(n->resolved), &ppm))
        px_config_wrong_kind(r, f, n);
    else if (ppm < f->least || ppm > f->most)
        diag_set(px_config_error(r, "C114", n), "\"%s\" takes %g%% to %g%%", f->name,
                 (double)f->least / 1e4, (double)f->most / 1e4);
    else
        *out = (int32_t)ppm;
}

const struct px_type px_type_share = { .what = "a percentage, such as 15% or 0.5%",
                                       .read = read_share };

static void read_word(struct px_reading *r, const struct px_field *f, struct px_node *n, void *at)
{
    unsigned words = 0;
    int *out = at;

    for (; f->word[words] != NULL; words++) {
        if (strcmp(f->word[words], n->resolved) == 0) {
            *out = (int)words;
            return;
        }
    }
    unknown_word(r, f, n, f->word, words);
}

const struct px_type px_type_word = { .what = "a word", .read = read_word };

/* "off" is 0. */
static void read_limit(struct px_reading *r, const struct px_field *f, struct px_node *n, void *at)
{
    unsigned *out = at;

    if (strcmp(n->resolved, "off") == 0)
        *out = 0;
    else
        read_count(r, f, n, at);
}

const struct px_type px_type_limit = { .what = "\"off\" or a whole number", .read = read_limit };

static void read_workers(struct px_reading *r, const struct px_field *f, struct px_node *n,
                         void *at)
{
    unsigned *out = at;
    cpu_set_t set;
    int cpus;

    if (strcmp(n->resolved, "auto") != 0) {
        read_count(r, f, n, at);
        return;
    }
    cpus = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    *out = cpus > (int)f->most ? (unsigned)f->most : (unsigned)cpus;
}

const struct px_type px_type_workers = { .what = "\"auto\" or a whole number",
                                         .read = read_workers };

static void read_journal(struct px_reading *r, const struct px_field *f, struct px_node *n,
                         void *at)
{
    static const struct span sqlite = { "sqlite:", 7 };
    struct span s = span_str(n->resolved);
    const char **out = at;
    struct diag *d;

    if (span_starts(s, sqlite.p) && s.n > sqlite.n) {
        *out = px_config_path(r, n, n->resolved + sqlite.n);
        return;
    }
    if (span_is(s, "memory")) {
        d = px_config_warning(r, "C145", n);
        diag_set(d, "this journal forgets every promise when the process ends");
        diag_help(d, "for tests only; elsewhere \"sqlite:/var/lib/signalbox/journal.db\"");
        return;
    }
    d = px_config_error(r, "C116", n);
    diag_set(d, "\"%s\" cannot be \"%.60s\"", f->name, n->resolved);
    diag_help(d, "write \"sqlite:/var/lib/signalbox/journal.db\"");
}

const struct px_type px_type_journal = { .what = "\"sqlite:PATH\"", .read = read_journal };

static void read_out_file(struct px_reading *r, const struct px_field *f, struct px_node *n,
                          void *at)
{
    const char **out = at;

    if (n->resolved[0] == '\0')
        diag_set(px_config_error(r, "C113", n), "\"%s\" is empty", f->name);
    *out = px_config_path(r, n, n->resolved);
}

const struct px_type px_type_out_file = { .what = "a path", .read = read_out_file };

static void read_adapter(struct px_reading *r, const struct px_field *f, struct px_node *n,
                         void *at)
{
    const struct px_adapter **out = at;
    const struct px_adapter *const *all;
    const char *word[LIMIT_PROVIDERS + 1] = { NULL };
    unsigned count;

    *out = px_adapter_find(span_str(n->resolved));
    if (*out != NULL)
        return;
    all = px_adapters(&count);
    for (unsigned i = 0; i < count && i < LIMIT_PROVIDERS; i++)
        word[i] = all[i]->name;
    unknown_word(r, f, n, word, count);
}

const struct px_type px_type_adapter = { .what = "an adapter's name", .read = read_adapter };

static void read_brand(struct px_reading *r, const struct px_field *f, struct px_node *n, void *at)
{
    const char *word[RT_BRANDS_ + 1] = { NULL };
    enum rt_brand b = rt_brand_find(span_str(n->resolved));
    uint32_t *out = at;

    if (b != RT_BRAND_UNKNOWN) {
        *out |= UINT32_C(1) << b;
        return;
    }
    for (unsigned i = 1; i < RT_BRANDS_; i++)
        word[i - 1] = rt_brand_name((enum rt_brand)i);
    unknown_word(r, f, n, word, RT_BRANDS_ - 1);
}

const struct px_type px_type_brand = { .what = "a card brand, or a list of them",
                                       .read = read_brand };

static void read_method(struct px_reading *r, const struct px_field *f, struct px_node *n, void *at)
{
    const char *word[RT_METHODS_ + 1] = { NULL };
    uint32_t *out = at;

    for (unsigned i = 0; i < RT_METHODS_; i++) {
        word[i] = rt_method_name((enum rt_method)i);
        if (strcmp(word[i], n->resolved) == 0) {
            *out |= UINT32_C(1) << i;
            return;
        }
    }
    unknown_word(r, f, n, word, RT_METHODS_);
}

const struct px_type px_type_method = { .what = "a kind of credential, or a list of them",
                                        .read = read_method };

static void read_currency(struct px_reading *r, const struct px_field *f, struct px_node *n,
                          void *at)
{
    currency c = currency_find(span_str(n->resolved)), near;
    uint64_t *out = at;
    struct diag *d;

    if (c != CURRENCY_NONE) {
        out[c / 64] |= UINT64_C(1) << (c % 64);
        return;
    }
    d = px_config_error(r, "C116", n);
    near = currency_near(span_str(n->resolved));
    diag_set(d, "\"%s\" cannot hold \"%.20s\", which is no ISO 4217 code", f->name, n->resolved);
    if (near != CURRENCY_NONE)
        diag_help(d, "did you mean \"%s\"?", currency_code(near));
}

const struct px_type px_type_currency = { .what = "a currency, or a list of them",
                                          .read = read_currency };
