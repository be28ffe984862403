/* routing/base/json.h -- JSON (RFC 8259) without a tree: a pull reader and a writer.
 *
 * The reader walks the text once and allocates nothing. It is strict: duplicate member names (after
 * unescaping), invalid UTF-8, lone surrogates, a leading BOM, depth above LIMIT_JSON_DEPTH, more
 * than LIMIT_JSON_KEYS names alive at once, numbers outside the grammar and bytes after the value
 * are errors. The first error sticks; json_where() tells where it is. */
#ifndef BASE_JSON_H
#define BASE_JSON_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "routing/base/arena.h"
#include "routing/base/buf.h"
#include "routing/base/limits.h"
#include "routing/base/span.h"

enum json_tok {
    JSON_ERROR, /* see json_why() */
    JSON_DONE,  /* the text held exactly one value, and it ended */
    JSON_OBJECT,
    JSON_OBJECT_END,
    JSON_ARRAY,
    JSON_ARRAY_END,
    JSON_NAME, /* a member's name; the next token is (the start of) its value */
    JSON_STRING,
    JSON_NUMBER,
    JSON_TRUE,
    JSON_FALSE,
    JSON_NULL,
};

struct json_name_ {
    uint32_t at, hash; /* offset behind the opening quote */
};

struct json {
    struct span text_;
    size_t at_;
    struct span raw_; /* the current token; names and strings without their quotes */
    bool escaped_;    /* raw_ holds a backslash */
    enum json_tok tok_;
    enum err why_;
    const char *what_; /* static text about the error */
    uint32_t depth_, names_;
    uint8_t expect_;                   /* what may come next; private to json.c */
    uint8_t kind_[LIMIT_JSON_DEPTH];   /* object or array, per level */
    uint16_t first_[LIMIT_JSON_DEPTH]; /* index of the level's first name */
    uint64_t bloom_[LIMIT_JSON_DEPTH]; /* names seen on the level, one bit each */
    struct json_name_ name_[LIMIT_JSON_KEYS];
};

/* text is lent for the life of j. Cheap: nothing big is cleared. */
void json_init(struct json *j, struct span text);
/* The next token. After JSON_ERROR or JSON_DONE: the same again. */
enum json_tok json_next(struct json *j);
enum json_tok json_tok(const struct json *j); /* the current one */
enum err json_why(const struct json *j);      /* OK unless JSON_ERROR */
const char *json_what(const struct json *j);  /* "duplicate member name", ... */
void json_where(const struct json *j, unsigned *line, unsigned *col);

/* The current token's raw text: strings and names as written between the quotes. */
struct span json_raw(const struct json *j);
/* Does the current name (or string), unescaped, equal z? */
bool json_is(const struct json *j, const char *z);
/* The current string or name, unescaped. Without escapes it points into the text; otherwise it is
 * a copy in a. E_SYNTAX if the token is neither, E_LIMIT if the arena is full. May hold U+0000. */
MUST enum err json_str(const struct json *j, struct arena *a, struct span *out);
/* The current number as an integer: no fraction, no exponent (E_SYNTAX), within int64 (E_RANGE). */
MUST enum err json_i64(const struct json *j, int64_t *out);
/* Moves over the current value: after JSON_OBJECT or JSON_ARRAY to its matching end, after
 * JSON_NAME over the whole value of the member, nothing for scalars. False on error. */
bool json_skip(struct json *j);

/* Finds one value by path in a whole document, for answers where few fields matter:
 * json_find(text, &j, "error", "payment_intent", "id", NULL). Names only, no array index. True with
 * j standing on the value; false if absent or broken (json_why tells which). */
bool json_find(struct span text, struct json *j, ...) __attribute__((sentinel));

/* The writer puts commas and escapes; calls must nest. Output is ASCII-safe apart from UTF-8 it was
 * given; U+0000-U+001F, quote and backslash are escaped. Invalid UTF-8 becomes U+FFFD. */
struct json_out {
    struct buf *b;
    bool comma_;
};

struct json_out json_to(struct buf *b);
void json_open(struct json_out *o, char bracket); /* '{' or '[' */
void json_close(struct json_out *o, char bracket);
void json_name(struct json_out *o, const char *name);
void json_put_str(struct json_out *o, struct span s);
void json_put_z(struct json_out *o, const char *z); /* NULL writes null */
void json_put_i64(struct json_out *o, int64_t v);
void json_put_bool(struct json_out *o, bool v);
void json_put_null(struct json_out *o);
void json_put_raw(struct json_out *o, struct span json); /* already JSON */
/* name and value in one */
void json_member_str(struct json_out *o, const char *name, struct span s);
void json_member_z(struct json_out *o, const char *name, const char *z);
void json_member_i64(struct json_out *o, const char *name, int64_t v);
void json_member_bool(struct json_out *o, const char *name, bool v);
#endif
