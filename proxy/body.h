/* proxy/body.h -- a JSON object from outside, read strictly against tables of fields.
 *
 * Every member must be in its object's table and have its type; an unknown one is told with the
 * nearest name. Fields are taken in the order of the text, in one pass. */
#ifndef PX_BODY_H
#define PX_BODY_H
#include <stdbool.h>
#include <stdint.h>

#include "proxy/fault.h"
#include "routing/base/arena.h"
#include "routing/base/json.h"
#include "routing/base/span.h"

enum px_kind {
    PX_STRING,
    PX_INTEGER,
    PX_OBJECT,
    PX_MAP, /* an object with names of the sender's choice and strings as values */
};

struct px_body;
struct px_value {
    struct span name; /* maps: the entry's */
    struct span text; /* strings: unescaped, in the text or the arena; integers: as written */
    int64_t integer;
};

struct px_object;
struct px_field {
    const char *name;
    enum px_kind kind;
    bool required;
    uint8_t id;                     /* its bit in px_body.seen, its place in px_body.value */
    uint16_t max;                   /* strings: bytes */
    uint16_t at;                    /* take's own: an offset, for example */
    const struct px_object *object; /* PX_OBJECT */
    /* Keeps the value; false after px_body_fault(). Maps: once an entry. NULL: only remembered. */
    bool (*take)(struct px_body *b, const struct px_field *f, const struct px_value *v);
};

struct px_object {
    const char *pointer; /* JSON pointer of this object; "" for the whole body */
    const struct px_field *field;
    unsigned fields;
};

enum { PX_BODY_FIELDS = 64 };

struct px_body {
    void *ctx; /* the takers' */
    struct arena *arena;
    struct px_fault *why;

    uint64_t seen;                     /* one bit a field id */
    struct span value[PX_BODY_FIELDS]; /* by id: strings and integers as px_value.text */

    const struct px_object *root, *in; /* while reading: the object we are in */
    const char *name;                  /* and the field */
    struct json json_;
};

/* Reads text, which must be one object. ctx, arena and why are set by the caller, the rest is
 * written here. false: *why says what is wrong. */
bool px_body_read(struct px_body *b, struct span text, const struct px_object *root);
/* A fault at the field being taken. false, for return. */
bool px_body_fault(struct px_body *b, enum px_fault_code code);
bool px_body_saw(const struct px_body *b, unsigned id);
#endif
