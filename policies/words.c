/* policies/words.c -- typed literals: what may stand beside which attribute. */
#include <string.h>

#include "policies/inside.h"
#include "policies/value.h"

static const char *const paces[] = { "behind", "ahead", "reached" };

const char *pol_pace_name(enum pol_pace p)
{
    return paces[p];
}

static const char *kind_name(enum pol_value_kind k)
{
    switch (k) {
    case POL_V_WORD: return "a word";
    case POL_V_NUMBER: return "a number";
    case POL_V_PERCENT: return "a percentage";
    case POL_V_PP: return "a difference of percentages";
    case POL_V_DURATION: return "a duration";
    case POL_V_CLOCK: return "a time of day";
    case POL_V_TEXT: return "a text";
    case POL_V_MONEY: return "money";
    case POL_V_RANGE: return "a range";
    }
    return "";
}

static struct span shown(const struct pol_value *v)
{
    return (struct span){ v->at.source->text.p + v->at.at, v->at.len < 60 ? v->at.len : 60 };
}

void pol_wrong(struct pol_bench *b, const char *what, const struct pol_value *v,
               const char *example)
{
    struct pol_finding *f =
        pol_say(b->report, POL_E_TYPE, v->at, "`%.*s` is %s, and no value of `%s`",
                SPAN_ARG(shown(v)), kind_name(v->kind), what);

    pol_say_help(f, "write for example %s", example);
}

/* ---- words ---- */

static const char *example_of(enum pol_attr attr, struct buf *out)
{
    enum pol_slot s = (enum pol_slot)pol_attribute(attr)->slot;
    unsigned n = pol_slot_count(s);
    char room[4];

    if (n == RT_COUNTRIES_)
        return "`DE`: two capital letters of ISO 3166-1";
    if (s == POL_SLOT_CURRENCY)
        return "`EUR`: three capital letters of ISO 4217";
    for (unsigned v = 1; v < n; v++)
        buf_fmt(out, "%s`%s`", v > 1 ? ", " : "", pol_slot_word(s, v, room));
    return buf_z(out);
}

/* Spellings that others use for countries. */
static bool country_meant(struct span word, char out[3])
{
    static const char *const usual[][2] = { { "UK", "GB" },  { "EN", "GB" },  { "GBR", "GB" },
                                            { "USA", "US" }, { "DEU", "DE" }, { "GER", "DE" },
                                            { "FRA", "FR" }, { "EL", "GR" } };

    for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++) {
        if (span_is_nocase(word, usual[i][0])) {
            memcpy(out, usual[i][1], 3);
            return true;
        }
    }
    if (word.n != 2)
        return false;
    for (unsigned i = 0; i < 2; i++)
        out[i] = word.p[i] >= 'a' && word.p[i] <= 'z' ? (char)(word.p[i] - 'a' + 'A') : word.p[i];
    out[2] = '\0';
    return rt_country_of(span_str(out)) != RT_COUNTRY_UNKNOWN;
}

static void say_unknown_word(struct pol_bench *b, enum pol_attr attr, const struct pol_value *v)
{
    enum pol_slot s = (enum pol_slot)pol_attribute(attr)->slot;
    struct pol_near near = pol_near_init(v->text);
    char room[300], two[3], word[4];
    struct buf words = BUF_OF(room);
    struct pol_finding *f = pol_say(b->report, POL_E_TYPE, v->at, "`%s` has no value `%.*s`",
                                    pol_attribute(attr)->name, SPAN_ARG(span_take(v->text, 60)));

    if (pol_slot_count(s) == RT_COUNTRIES_) {
        if (country_meant(v->text, two))
            pol_say_help(f, "did you mean `%s`?", two);
        else
            pol_say_help(f, "write %s", example_of(attr, &words));
        return;
    }
    for (unsigned i = 1; i < pol_slot_count(s); i++) {
        const char *w = pol_slot_word(s, i, word);

        if (w != NULL)
            pol_near_offer(&near, span_str(w));
    }
    if (s == POL_SLOT_BRAND && span_is_nocase(v->text, "mc"))
        pol_say_help(f, "did you mean `mastercard`?");
    else if (pol_near_found(&near))
        pol_say_help(f, "did you mean `%.*s`?", SPAN_ARG(near.best));
    else
        pol_say_help(f, "write %s%s", s == POL_SLOT_CURRENCY ? "" : "one of ",
                     example_of(attr, &words));
}

bool pol_take_word(struct pol_bench *b, enum pol_attr attr, const struct pol_value *v,
                   unsigned *out)
{
    enum pol_slot s = (enum pol_slot)pol_attribute(attr)->slot;
    char room[300];
    struct buf words = BUF_OF(room);

    if (v->kind != POL_V_WORD && v->kind != POL_V_TEXT) {
        pol_wrong(b, pol_attribute(attr)->name, v, example_of(attr, &words));
        return false;
    }
    *out = pol_slot_find(s, v->text);
    if (*out == 0)
        say_unknown_word(b, attr, v);
    return *out != 0;
}

/* ---- numbers ---- */

bool pol_take_money(struct pol_bench *b, const char *what, const struct pol_value *v,
                    struct money *out)
{
    struct pol_finding *f;
    currency near;
    enum err e;

    if (v->kind == POL_V_NUMBER) {
        f = pol_say(b->report, POL_E_TYPE, v->at, "an amount needs its currency");
        pol_say_help(f, "write `EUR %.*s`", SPAN_ARG(v->text));
        return false;
    }
    if (v->kind != POL_V_MONEY) {
        pol_wrong(b, what, v, "`EUR 20.00`");
        return false;
    }
    e = pol_money(v, out);
    if (e == E_NOTFOUND) {
        near = currency_near(v->text);
        f = pol_say(b->report, POL_E_TYPE, v->at, "unknown currency `%.*s`", SPAN_ARG(v->text));
        if (near != CURRENCY_NONE)
            pol_say_help(f, "did you mean `%s %.*s`?", currency_code(near), SPAN_ARG(v->second));
        else
            pol_say_help(f, "write three capital letters of ISO 4217: `EUR %.*s`",
                         SPAN_ARG(v->second));
    } else if (e != OK) {
        f = pol_say(b->report, POL_E_TYPE, v->at, "`%.*s` is too big, or too fine for %.*s",
                    SPAN_ARG(v->second), SPAN_ARG(v->text));
        pol_say_help(f, "%.*s has %u decimals", SPAN_ARG(v->text),
                     currency_exponent(out->cur, MONEY_ISO));
    }
    return e == OK;
}

bool pol_take_bin(struct pol_bench *b, const struct pol_value *v, struct pol_pair *out)
{
    uint64_t ignore;

    if ((v->kind == POL_V_NUMBER || v->kind == POL_V_TEXT) &&
        pol_bin_range(v->text, &out->lo, &out->hi) == OK)
        return true;
    if (v->kind == POL_V_RANGE && v->text.n == v->second.n &&
        pol_bin_range(v->text, &out->lo, &ignore) == OK &&
        pol_bin_range(v->second, &ignore, &out->hi) == OK && out->lo <= out->hi)
        return true;
    if (v->kind == POL_V_RANGE)
        pol_say_help(pol_say(b->report, POL_E_TYPE, v->at, "`%.*s` is no range of card digits",
                             SPAN_ARG(shown(v))),
                     "both ends need the same number of digits, the lower first: "
                     "552100..552199");
    else
        pol_wrong(b, "bin", v, "`457112`, or a range `552100..552199`");
    return false;
}

static bool small_number(struct span text, int64_t most, unsigned *out)
{
    int64_t n;

    if (pol_decimal(text, 0, &n) != OK || n > most)
        return false;
    *out = (unsigned)n;
    return true;
}

bool pol_take_hour(struct pol_bench *b, const struct pol_value *v, unsigned *lo, unsigned *hi)
{
    if (v->kind == POL_V_NUMBER && small_number(v->text, 23, lo)) {
        *hi = *lo;
        return true;
    }
    if (v->kind == POL_V_RANGE && small_number(v->text, 23, lo) &&
        small_number(v->second, 23, hi) && *lo <= *hi)
        return true;
    pol_wrong(b, "hour", v, "`9`, or a range `9..17`; hours are 0 to 23");
    return false;
}

bool pol_take_day(struct pol_bench *b, const struct pol_value *v, unsigned *out)
{
    struct pol_near near = pol_near_init(v->text);

    *out = v->kind == POL_V_WORD ? pol_weekday_find(v->text) : 7;
    if (*out < 7)
        return true;
    for (unsigned d = 0; d < 7; d++) {
        struct span day = span_str(pol_weekday_name(d));

        pol_near_offer(&near, day);
        if (v->text.n >= 2 && span_is_nocase(span_take(v->text, 2), d == 0   ? "mo"
                                                                    : d == 1 ? "tu"
                                                                    : d == 2 ? "we"
                                                                    : d == 3 ? "th"
                                                                    : d == 4 ? "fr"
                                                                    : d == 5 ? "sa"
                                                                             : "su"))
            near.best = day;
    }
    if (pol_near_found(&near))
        pol_say_help(pol_say(b->report, POL_E_TYPE, v->at, "`weekday` has no value `%.*s`",
                             SPAN_ARG(shown(v))),
                     "did you mean `%.*s`?", SPAN_ARG(near.best));
    else
        pol_wrong(b, "weekday", v, "`saturday`");
    return false;
}

bool pol_take_ppm(struct pol_bench *b, const char *what, const struct pol_value *v, int64_t *out)
{
    if (v->kind == POL_V_PERCENT && pol_percent(v->text, out) == OK && *out <= 1000000)
        return true;
    pol_wrong(b, what, v, "`85%` (0 to 100, at most four decimals)");
    return false;
}

bool pol_take_ms(struct pol_bench *b, const char *what, const struct pol_value *v, int64_t *out)
{
    if (v->kind == POL_V_DURATION && pol_duration(v->text, out) == OK && *out <= INT32_MAX)
        return true;
    pol_wrong(b, what, v, "`800ms` or `2s`");
    return false;
}

bool pol_take_breaker(struct pol_bench *b, const struct pol_value *v, unsigned *out)
{
    *out = v->kind == POL_V_WORD ? (unsigned)pol_breaker_find(v->text) : 0;
    if (*out != 0)
        return true;
    pol_wrong(b, "breaker", v, "`closed`, `half_open` or `open`");
    return false;
}

bool pol_take_pace(struct pol_bench *b, struct pol_word w, unsigned *out)
{
    struct pol_near near = pol_near_init(w.text);
    struct pol_finding *f;

    for (*out = 0; *out < POL_PACES_; (*out)++) {
        if (span_is(w.text, paces[*out]))
            return true;
        pol_near_offer(&near, span_str(paces[*out]));
    }
    f = pol_say(b->report, POL_E_TYPE, w.at, "a commitment is never `%.*s`", SPAN_ARG(w.text));
    if (pol_near_found(&near))
        pol_say_help(f, "did you mean `%.*s`?", SPAN_ARG(near.best));
    else
        pol_say_help(f, "it is `behind` its pace, `ahead` of it, or `reached`");
    return false;
}
