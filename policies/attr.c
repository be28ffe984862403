/* policies/attr.c */
#include "policies/attr.h"

#include <string.h>

/* ---- words of values ---- */

static const char *currency_name(unsigned v, char room[4])
{
    (void)room;
    return currency_code((currency)v);
}

static const char *country_name(unsigned v, char room[4])
{
    rt_country c = (rt_country)v;

    /* numbers between assigned codes have no word */
    return rt_country_of(span_str(rt_country_code(c, room))) == c ? room : NULL;
}

static const char *brand_name(unsigned v, char room[4])
{
    (void)room;
    return rt_brand_name((enum rt_brand)v);
}

static const char *funding_name(unsigned v, char room[4])
{
    (void)room;
    return pol_funding_name((enum pol_funding)v);
}

static const char *category_name(unsigned v, char room[4])
{
    (void)room;
    return pol_category_name((enum pol_category)v);
}

static const char *three_ds_name(unsigned v, char room[4])
{
    (void)room;
    return pol_three_ds_name((enum pol_three_ds)v);
}

static const char *yes_name(unsigned v, char room[4])
{
    (void)room;
    return v == 1 ? "yes" : "no";
}

static const char *method_name(unsigned v, char room[4])
{
    (void)room;
    return rt_method_name((enum rt_method)(v - 1));
}

static const char *channel_name(unsigned v, char room[4])
{
    (void)room;
    return v == 1 + RT_CHANNEL_ECOMMERCE ? "ecommerce" : "moto";
}

static const char *initiator_name(unsigned v, char room[4])
{
    (void)room;
    return v == 1 + RT_BY_CUSTOMER ? "customer" : "merchant";
}

static const char *stored_name(unsigned v, char room[4])
{
    static const char *const words[] = { "no", "first", "later" };

    (void)room;
    return words[v - 1];
}

/* ---- the table ---- */

static const struct pol_attribute table[] = {
#define WORD(id, name, count, word, read, meaning)                                                 \
    { name, meaning, POL_TYPE_WORD, false, false, POL_SLOT_##id },
#define TEXT(id, name, read, meaning)         { name, meaning, POL_TYPE_TEXT, false, false, POL_TEXT_##id },
#define OTHER(id, name, type, read, meaning)  { name, meaning, POL_TYPE_##type, false, false, 0 },
#define PER(id, name, type, windows, meaning) { name, meaning, POL_TYPE_##type, true, windows, 0 },
#include "policies/attribute.def"
#undef WORD
#undef TEXT
#undef OTHER
#undef PER
};

static const struct {
    enum pol_attr attr;
    const char *(*word)(unsigned v, char room[4]);
} slots[] = {
#define WORD(id, name, count, word, read, meaning) { POL_ATTR_##id, word },
#define TEXT(id, name, read, meaning)
#define OTHER(id, name, type, read, meaning)
#define PER(id, name, type, windows, meaning)
#include "policies/attribute.def"
#undef WORD
#undef TEXT
#undef OTHER
#undef PER
};

const struct pol_attribute *pol_attribute(enum pol_attr a)
{
    return &table[a];
}

enum pol_attr pol_attr_find(struct span name)
{
    if (name.n > 9 && span_starts(name, "metadata."))
        return POL_ATTR_METADATA;
    for (unsigned a = 0; a < POL_ATTRS_; a++) {
        if (a != POL_ATTR_METADATA && span_is(name, table[a].name))
            return (enum pol_attr)a;
    }
    return POL_ATTRS_;
}

const char *pol_type_name(enum pol_type t)
{
    switch (t) {
    case POL_TYPE_WORD: return "word";
    case POL_TYPE_TEXT:
    case POL_TYPE_META: return "text";
    case POL_TYPE_MONEY: return "money";
    case POL_TYPE_BIN: return "card digits";
    case POL_TYPE_CLOCK: return "time of day";
    case POL_TYPE_HOUR: return "hour";
    case POL_TYPE_WEEKDAY: return "weekday";
    case POL_TYPE_SHARE: return "percentage";
    case POL_TYPE_COST: return "percentage or money";
    case POL_TYPE_MS: return "duration";
    case POL_TYPE_BREAKER: return "word";
    case POL_TYPE_VOLUME:
    case POL_TYPE_VALUE: return "money";
    }
    return "";
}

unsigned pol_slot_count(enum pol_slot s)
{
    switch (s) {
#define WORD(id, name, count, word, read, meaning)                                                 \
    case POL_SLOT_##id:                                                                            \
        return (unsigned)(count);
#define TEXT(id, name, read, meaning)
#define OTHER(id, name, type, read, meaning)
#define PER(id, name, type, windows, meaning)
#include "policies/attribute.def"
#undef WORD
#undef TEXT
#undef OTHER
#undef PER
    case POL_SLOTS_: break;
    }
    return 0;
}

const char *pol_slot_word(enum pol_slot s, unsigned value, char room[4])
{
    return value == 0 ? NULL : slots[s].word(value, room);
}

unsigned pol_slot_find(enum pol_slot s, struct span word)
{
    unsigned n = pol_slot_count(s);
    char room[4];

    if (slots[s].word == country_name)
        return rt_country_of(word);
    if (slots[s].word == currency_name)
        return currency_find(word);
    for (unsigned v = 1; v < n; v++) {
        const char *w = slots[s].word(v, room);

        if (w != NULL && span_is(word, w))
            return v;
    }
    return 0;
}

enum pol_attr pol_slot_attr(enum pol_slot s)
{
    return slots[s].attr;
}

void pol_slots_read(const struct pol_facts *f, uint16_t slot[POL_SLOTS_])
{
#define WORD(id, name, count, word, read, meaning) slot[POL_SLOT_##id] = (uint16_t)(read);
#define TEXT(id, name, read, meaning)
#define OTHER(id, name, type, read, meaning)
#define PER(id, name, type, windows, meaning)
#include "policies/attribute.def"
#undef WORD
#undef TEXT
#undef OTHER
#undef PER
}

struct span pol_text_read(const struct pol_facts *f, enum pol_text t)
{
    switch (t) {
#define WORD(id, name, count, word, read, meaning)
#define TEXT(id, name, read, meaning)                                                              \
    case POL_TEXT_##id:                                                                            \
        return read;
#define OTHER(id, name, type, read, meaning)
#define PER(id, name, type, windows, meaning)
#include "policies/attribute.def"
#undef WORD
#undef TEXT
#undef OTHER
#undef PER
    case POL_TEXTS_: break;
    }
    return SPAN_NONE;
}

/* ---- small words ---- */

static const char *const days[] = { "monday", "tuesday",  "wednesday", "thursday",
                                    "friday", "saturday", "sunday" };

unsigned pol_weekday_find(struct span word)
{
    unsigned d = 0;

    while (d < 7 && !span_is(word, days[d]))
        d++;
    return d;
}

const char *pol_weekday_name(unsigned day)
{
    return day < 7 ? days[day] : NULL;
}

enum pol_breaker pol_breaker_find(struct span word)
{
    for (unsigned b = 1; b < POL_BREAKERS_; b++) {
        if (span_is(word, pol_breaker_name((enum pol_breaker)b)))
            return (enum pol_breaker)b;
    }
    return POL_BREAKER_UNKNOWN;
}

static const struct {
    const char *name;
    int64_t minutes;
} overs[POL_OVERS_] = { { "", 0 },    { "5m", 5 },   { "15m", 15 },  { "30m", 30 },
                        { "1h", 60 }, { "6h", 360 }, { "24h", 1440 } };

enum pol_over pol_over_find(int64_t ms)
{
    unsigned o = 1;

    while (o < POL_OVERS_ && overs[o].minutes * 60000 != ms)
        o++;
    return (enum pol_over)o;
}

const char *pol_over_name(enum pol_over o)
{
    return overs[o].name;
}
