/* policies/attr.h -- the typed table of everything a policy can ask (attribute.def). */
#ifndef POL_ATTR_H
#define POL_ATTR_H
#include <stdbool.h>
#include <stddef.h>

#include "policies/facts.h"

enum pol_type {
    POL_TYPE_WORD, /* one of a list of words */
    POL_TYPE_TEXT,
    POL_TYPE_MONEY,
    POL_TYPE_BIN,
    POL_TYPE_CLOCK,
    POL_TYPE_HOUR,
    POL_TYPE_WEEKDAY,
    POL_TYPE_META,
    POL_TYPE_SHARE, /* per provider from here */
    POL_TYPE_COST,
    POL_TYPE_MS,
    POL_TYPE_BREAKER,
    POL_TYPE_VOLUME,
    POL_TYPE_VALUE,
};

enum pol_attr {
#define WORD(id, name, count, word, read, meaning) POL_ATTR_##id,
#define TEXT(id, name, read, meaning)              POL_ATTR_##id,
#define OTHER(id, name, type, read, meaning)       POL_ATTR_##id,
#define PER(id, name, type, windows, meaning)      POL_ATTR_##id,
#include "policies/attribute.def"
#undef WORD
#undef TEXT
#undef OTHER
#undef PER
    POL_ATTRS_
};

/* Attributes of type WORD once more, numbered from 0: slots of facts read in advance. */
enum pol_slot {
#define WORD(id, name, count, word, read, meaning) POL_SLOT_##id,
#define TEXT(id, name, read, meaning)
#define OTHER(id, name, type, read, meaning)
#define PER(id, name, type, windows, meaning)
#include "policies/attribute.def"
#undef WORD
#undef TEXT
#undef OTHER
#undef PER
    POL_SLOTS_
};

/* Attributes of type TEXT; metadata names come behind. */
enum pol_text {
#define WORD(id, name, count, word, read, meaning)
#define TEXT(id, name, read, meaning) POL_TEXT_##id,
#define OTHER(id, name, type, read, meaning)
#define PER(id, name, type, windows, meaning)
#include "policies/attribute.def"
#undef WORD
#undef TEXT
#undef OTHER
#undef PER
    POL_TEXTS_
};

struct pol_attribute {
    const char *name, *meaning;
    enum pol_type type;
    bool per_provider, windows;
    unsigned slot; /* WORD: its slot; TEXT: its text */
};

const struct pol_attribute *pol_attribute(enum pol_attr a);
/* POL_ATTRS_ if there is none. "metadata.x" gives POL_ATTR_METADATA. */
enum pol_attr pol_attr_find(struct span name);
const char *pol_type_name(enum pol_type t); /* "one of these words", "money", … */

/* Of a slot: how many values, 0 (unknown) included; the word of one (code[3] may hold it); the
 * value of a word, 0 if there is none such. */
unsigned pol_slot_count(enum pol_slot s);
const char *pol_slot_word(enum pol_slot s, unsigned value, char room[4]);
unsigned pol_slot_find(enum pol_slot s, struct span word);
enum pol_attr pol_slot_attr(enum pol_slot s);

void pol_slots_read(const struct pol_facts *f, uint16_t slot[POL_SLOTS_]);
struct span pol_text_read(const struct pol_facts *f, enum pol_text t);
/* 0 (monday) .. 6; 7 if there is no such day. */
unsigned pol_weekday_find(struct span word);
const char *pol_weekday_name(unsigned day);
enum pol_breaker pol_breaker_find(struct span word);
/* POL_OVERS_ if there is no such window; ms of one. */
enum pol_over pol_over_find(int64_t ms);
const char *pol_over_name(enum pol_over o);
#endif
