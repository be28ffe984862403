/* routing/base/json_value.c -- what the reader's current token says, and one value by its path. */
#include <stdarg.h>

#include "routing/base/json.h"
#include "routing/base/json_bytes.h"

enum json_tok json_tok(const struct json *j)
{
    return j->tok_;
}

enum err json_why(const struct json *j)
{
    return j->why_;
}

const char *json_what(const struct json *j)
{
    return j->what_;
}

struct span json_raw(const struct json *j)
{
    return j->raw_;
}

static bool quoted(const struct json *j)
{
    return j->tok_ == JSON_STRING || j->tok_ == JSON_NAME;
}

void json_where(const struct json *j, unsigned *line, unsigned *col)
{
    size_t end = j->raw_.p == NULL ? j->at_ : (size_t)(j->raw_.p - j->text_.p) - quoted(j);

    *line = *col = 1;
    for (size_t i = 0; i < end; i++) {
        unsigned char c = (unsigned char)j->text_.p[i];

        if (c == '\n') {
            (*line)++;
            *col = 1;
        } else if (c < 0x80 || c > 0xBF) { /* a character's first byte */
            (*col)++;
        }
    }
}

bool json_is(const struct json *j, const char *z)
{
    struct json_bytes_ b = { .rest = j->raw_ };

    if (!quoted(j))
        return false;
    if (!j->escaped_)
        return span_is(j->raw_, z);
    for (; *z != '\0'; z++) {
        if (json_byte_next_(&b) != (unsigned char)*z)
            return false;
    }
    return json_byte_next_(&b) < 0;
}

enum err json_str(const struct json *j, struct arena *a, struct span *out)
{
    struct json_bytes_ b = { .rest = j->raw_ };
    size_t n = 0;
    char *p;

    if (!quoted(j))
        return E_SYNTAX;
    if (!j->escaped_) {
        *out = j->raw_;
        return OK;
    }
    p = arena_alloc(a, j->raw_.n); /* no escape is shorter than what it stands for */
    if (p == NULL)
        return E_LIMIT;
    for (int c; (c = json_byte_next_(&b)) >= 0;)
        p[n++] = (char)c;
    *out = (struct span){ p, n };
    return OK;
}

enum err json_i64(const struct json *j, int64_t *out)
{
    return j->tok_ == JSON_NUMBER ? span_i64(j->raw_, out) : E_SYNTAX;
}

bool json_skip(struct json *j)
{
    uint32_t depth = j->depth_;

    if (j->tok_ == JSON_NAME)
        (void)json_next(j);
    else if (j->tok_ == JSON_OBJECT || j->tok_ == JSON_ARRAY)
        depth--;
    while (j->depth_ > depth && j->tok_ != JSON_ERROR)
        (void)json_next(j);
    return j->tok_ != JSON_ERROR;
}

/* ---- one value by its path ------------------------------------------------------------------- */

/* From an object to the value of one of its members. */
static bool find_member(struct json *j, const char *name)
{
    if (j->tok_ != JSON_OBJECT)
        return false;
    while (json_next(j) == JSON_NAME) {
        if (json_is(j, name))
            return json_next(j) != JSON_ERROR;
        if (!json_skip(j))
            return false;
    }
    return false;
}

static bool read_to_end(struct json *j)
{
    while (json_next(j) != JSON_ERROR && j->tok_ != JSON_DONE) {
    }
    return j->tok_ == JSON_DONE;
}

bool json_find(struct span text, struct json *j, ...)
{
    bool found = true;
    struct json rest;
    const char *name;
    va_list ap;

    json_init(j, text);
    (void)json_next(j);
    va_start(ap, j);
    while (found && (name = va_arg(ap, const char *)) != NULL)
        found = find_member(j, name);
    va_end(ap);
    /* A text that breaks later has no fields either: half an answer is no answer. */
    rest = *j;
    if (!read_to_end(&rest)) {
        *j = rest;
        return false;
    }
    return found;
}
