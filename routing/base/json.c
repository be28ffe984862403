/* routing/base/json.c -- the reader's walk over the text. What stands there is read in
 * json_value.c; the writer is json_out.c. */
#include "routing/base/json.h"

#include <string.h>

#include "routing/base/check.h"
#include "routing/base/json_bytes.h"
#include "routing/base/utf8.h"

enum expect { /* what may come next */
              EXPECT_VALUE,
              EXPECT_FIRST_ELEMENT, /* or the end of the array */
              EXPECT_FIRST_NAME,    /* or the end of the object */
              EXPECT_MORE,          /* a comma, or the end of what is open */
              EXPECT_NOTHING,       /* the value is whole */
};

enum { PLAIN = 1, SPACE = 2, DIGIT = 4, HEX = 8 };

/* Plain: stands for itself inside a string and is one byte long. */
static const uint8_t class[256] = {
#define DEC (PLAIN | DIGIT | HEX)
#define LET (PLAIN | HEX)
    /* clang-format off */
    0, 0, 0, 0, 0, 0, 0, 0, 0, SPACE, SPACE, 0, 0, SPACE, 0, 0,         /* 0 */
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,                     /* 1 */
    PLAIN | SPACE, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,         /* 2: 0x22, the quote */
    DEC, DEC, DEC, DEC, DEC, DEC, DEC, DEC, DEC, DEC, 1, 1, 1, 1, 1, 1, /* 3 */
    1, LET, LET, LET, LET, LET, LET, 1, 1, 1, 1, 1, 1, 1, 1, 1,         /* 4 */
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1,                     /* 5: 0x5C, backslash */
    1, LET, LET, LET, LET, LET, LET, 1, 1, 1, 1, 1, 1, 1, 1, 1,         /* 6 */
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,                     /* 7 */
/* clang-format on */
#undef DEC
#undef LET
};

static bool is(char c, unsigned what)
{
    return (class[(unsigned char)c] & what) != 0;
}

static uint64_t le64(const char *p)
{
    const unsigned char *u = (const unsigned char *)p;

    return (uint64_t)u[0] | (uint64_t)u[1] << 8 | (uint64_t)u[2] << 16 | (uint64_t)u[3] << 24 |
           (uint64_t)u[4] << 32 | (uint64_t)u[5] << 40 | (uint64_t)u[6] << 48 |
           (uint64_t)u[7] << 56;
}

static enum json_tok fail(struct json *j, size_t at, enum err why, const char *what)
{
    j->at_ = at;
    j->raw_ = SPAN_NONE;
    j->why_ = why;
    j->what_ = what;
    return j->tok_ = JSON_ERROR;
}

static bool broken(struct json *j, size_t at, enum err why, const char *what)
{
    (void)fail(j, at, why, what);
    return false;
}

static enum json_tok unexpected(struct json *j, const char *what)
{
    return fail(j, j->at_, E_SYNTAX, j->at_ == j->text_.n ? "the text ends too early" : what);
}

void json_init(struct json *j, struct span text)
{
    j->text_ = text;
    j->at_ = 0;
    j->raw_ = SPAN_NONE;
    j->escaped_ = false;
    j->tok_ = JSON_NULL; /* anything that is not an end */
    j->why_ = OK;
    j->what_ = "";
    j->depth_ = j->names_ = 0;
    j->expect_ = EXPECT_VALUE;
    if (text.n > UINT32_MAX)
        (void)fail(j, 0, E_LIMIT, "the text is too long");
    else if (text.n >= 3 && memcmp(text.p, "\xEF\xBB\xBF", 3) == 0)
        (void)fail(j, 0, E_SYNTAX, "a byte order mark has no place in JSON");
}

/* ---- strings --------------------------------------------------------------------------------- */

/* Where the first byte from `at` on stands that is not plain. Eight at a time: a byte's high bit is
 * raised if it is above 0x7F, below 0x20, a quote or a backslash (a borrow can raise only bytes
 * behind a true one, and the first one counts). */
static size_t plain_end(struct span text, size_t at)
{
    const uint64_t ones = 0x0101010101010101U;

    for (; at + 8 <= text.n; at += 8) {
        uint64_t w = le64(text.p + at), quote = w ^ ones * '"', slash = w ^ ones * '\\';
        uint64_t hit = (w | (w - ones * 0x20) | (quote - ones) | (slash - ones)) & ones * 0x80;

        if (hit != 0)
            return at + (size_t)__builtin_ctzll(hit) / 8;
    }
    while (at < text.n && is(text.p[at], PLAIN))
        at++;
    return at;
}

/* The four hexadecimal digits at p, or -1. */
static int32_t hex4(const char *p, size_t n)
{
    int32_t v = 0;

    if (n < 4)
        return -1;
    for (unsigned i = 0; i < 4; i++) {
        if (!is(p[i], HEX))
            return -1;
        v = v * 16 + (is(p[i], DIGIT) ? p[i] - '0' : (p[i] & ~0x20) - 'A' + 10);
    }
    return v;
}

/* The escape at p (a backslash and what follows) as a character and its raw length; 0: not one. */
static size_t escape_read(const char *p, size_t n, uint32_t *c)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char *at = n < 2 || p[1] == '\0' ? NULL : strchr(from, p[1]);
    int32_t first, second;

    if (at != NULL) {
        *c = (uint32_t)to[at - from];
        return 2;
    }
    if (n < 6 || p[1] != 'u' || (first = hex4(p + 2, n - 2)) < 0)
        return 0;
    *c = (uint32_t)first;
    if (first < 0xD800 || first > 0xDFFF)
        return 6;
    if (first > 0xDBFF || n < 12 || p[6] != '\\' || p[7] != 'u')
        return 0;
    second = hex4(p + 8, n - 8);
    if (second < 0xDC00 || second > 0xDFFF)
        return 0;
    *c = 0x10000 + ((uint32_t)(first - 0xD800) << 10) + (uint32_t)(second - 0xDC00);
    return 12;
}

/* From the opening quote to behind the closing one; raw_ and escaped_ say what was between. */
static bool string(struct json *j)
{
    struct span text = j->text_;
    size_t start = j->at_ + 1, at = start;
    bool escaped = false;
    size_t step;
    uint32_t c;

    for (;; at += step) {
        at = plain_end(text, at);
        if (at == text.n)
            return broken(j, at, E_SYNTAX, "the text ends inside a string");
        if (text.p[at] == '"')
            break;
        if (text.p[at] == '\\') {
            escaped = true;
            step = escape_read(text.p + at, text.n - at, &c);
        } else {
            step = (unsigned char)text.p[at] < 0x20 ? 0 : utf8_len(text.p + at, text.n - at);
        }
        if (step == 0) {
            const char *what = text.p[at] == '\\'                 ? "invalid escape in a string"
                               : (unsigned char)text.p[at] < 0x20 ? "control character in a string"
                                                                  : "invalid UTF-8";

            return broken(j, at, E_SYNTAX, what);
        }
    }
    j->raw_ = (struct span){ text.p + start, at - start };
    j->escaped_ = escaped;
    j->at_ = at + 1;
    return true;
}

int json_byte_next_(struct json_bytes_ *b)
{
    if (b->i == b->n) {
        uint32_t c = 0;
        size_t took = 1;

        if (b->rest.n == 0 || b->rest.p[0] == '"')
            return -1;
        b->i = 0;
        b->n = 1;
        b->c[0] = b->rest.p[0];
        if (b->c[0] == '\\') {
            took = escape_read(b->rest.p, b->rest.n, &c);
            CHECK(took > 0);
            b->n = utf8_put(c, b->c);
        }
        b->rest = span_drop(b->rest, took);
    }
    return (unsigned char)b->c[b->i++];
}

/* ---- names ----------------------------------------------------------------------------------- */

static uint64_t mix(uint64_t h, uint64_t w)
{
    h = (h ^ w) * 0x9E3779B97F4A7C15U;
    return h ^ h >> 29;
}

/* Gives what hash_plain gives for the same name without escapes. */
static uint32_t hash_escaped(struct span raw)
{
    struct json_bytes_ b = { .rest = raw };
    uint64_t h = 0, w = 0;
    unsigned shift = 0;

    for (int c; (c = json_byte_next_(&b)) >= 0;) {
        w |= (uint64_t)c << shift;
        shift = (shift + 8) % 64;
        if (shift == 0) {
            h = mix(h, w);
            w = 0;
        }
    }
    h = mix(h, w);
    return (uint32_t)(h ^ h >> 32);
}

/* room: how many bytes may be read at raw.p; the last word is read whole where that is possible. */
static uint32_t hash_plain(struct span raw, size_t room)
{
    uint64_t h = 0, w = 0;
    size_t at = 0, left;

    for (; raw.n - at >= 8; at += 8)
        h = mix(h, le64(raw.p + at));
    left = raw.n - at;
    if (left > 0 && room - at >= 8) {
        w = le64(raw.p + at) & UINT64_MAX >> (64 - 8 * left);
    } else {
        for (size_t i = 0; i < left; i++)
            w |= (uint64_t)(unsigned char)raw.p[at + i] << 8 * i;
    }
    h = mix(h, w);
    return (uint32_t)(h ^ h >> 32);
}

/* Is the name whose text begins at offset `at` (its quote ends it) the current one? */
static bool same_name(const struct json *j, uint32_t at)
{
    struct json_bytes_ a = { .rest = j->raw_ }, b = { .rest = span_drop(j->text_, at) };
    int c;

    do {
        c = json_byte_next_(&a);
        if (c != json_byte_next_(&b))
            return false;
    } while (c >= 0);
    return true;
}

/* Remembers the current name for the object it stands in. One bit a name says "surely new" for most
 * names of most objects; the others are looked for among those of their object. */
static bool remember(struct json *j)
{
    size_t start = (size_t)(j->raw_.p - j->text_.p);
    uint32_t hash = j->escaped_ ? hash_escaped(j->raw_) : hash_plain(j->raw_, j->text_.n - start);
    uint64_t bit = (uint64_t)1 << hash % 64;
    uint32_t level = j->depth_ - 1;

    if ((j->bloom_[level] & bit) != 0) {
        for (uint32_t i = j->first_[level]; i < j->names_; i++) {
            if (j->name_[i].hash == hash && same_name(j, j->name_[i].at))
                return broken(j, start - 1, E_CONFLICT, "duplicate member name");
        }
    }
    if (j->names_ == LIMIT_JSON_KEYS)
        return broken(j, start - 1, E_LIMIT, "too many members");
    j->bloom_[level] |= bit;
    j->name_[j->names_++] = (struct json_name_){ (uint32_t)start, hash };
    return true;
}

/* ---- tokens ---------------------------------------------------------------------------------- */

static void skip_space(struct json *j)
{
    while (j->at_ < j->text_.n && is(j->text_.p[j->at_], SPACE))
        j->at_++;
}

/* The next byte that is not white space; 0, which nothing begins with, at the end. */
static char peek(struct json *j)
{
    skip_space(j);
    return j->at_ < j->text_.n ? j->text_.p[j->at_] : '\0';
}

static enum json_tok token(struct json *j, enum json_tok t, size_t start)
{
    j->raw_ = (struct span){ j->text_.p + start, j->at_ - start };
    return j->tok_ = t;
}

static void value_over(struct json *j)
{
    j->expect_ = j->depth_ == 0 ? EXPECT_NOTHING : EXPECT_MORE;
}

static enum json_tok open(struct json *j, char bracket)
{
    if (j->depth_ == LIMIT_JSON_DEPTH)
        return fail(j, j->at_, E_LIMIT, "nested too deeply");
    j->kind_[j->depth_] = (uint8_t)bracket;
    j->first_[j->depth_] = (uint16_t)j->names_;
    j->bloom_[j->depth_] = 0;
    j->depth_++;
    j->at_++;
    j->expect_ = bracket == '{' ? EXPECT_FIRST_NAME : EXPECT_FIRST_ELEMENT;
    return token(j, bracket == '{' ? JSON_OBJECT : JSON_ARRAY, j->at_ - 1);
}

static enum json_tok close(struct json *j)
{
    bool object = j->kind_[--j->depth_] == '{';

    j->names_ = j->first_[j->depth_];
    j->at_++;
    value_over(j);
    return token(j, object ? JSON_OBJECT_END : JSON_ARRAY_END, j->at_ - 1);
}

static size_t digits_end(struct span text, size_t at)
{
    while (at < text.n && is(text.p[at], DIGIT))
        at++;
    return at;
}

static bool at_is(struct span text, size_t at, char c)
{
    return at < text.n && text.p[at] == c;
}

/* RFC 8259 section 6: [ "-" ] int [ "." 1*digit ] [ "e" [ sign ] 1*digit ] */
static enum json_tok number(struct json *j)
{
    struct span text = j->text_;
    size_t start = j->at_, at = start + at_is(text, start, '-'), end = digits_end(text, at);

    j->at_ = at;
    if (end == at)
        return unexpected(j, "a minus sign wants a digit");
    if (text.p[at] == '0' && end > at + 1)
        return unexpected(j, "a number can not begin with 0");
    if (at_is(text, end, '.')) {
        j->at_ = end + 1;
        if ((end = digits_end(text, j->at_)) == j->at_)
            return unexpected(j, "a decimal point wants a digit");
    }
    if (at_is(text, end, 'e') || at_is(text, end, 'E')) {
        j->at_ = end + 1;
        j->at_ += at_is(text, j->at_, '+') || at_is(text, j->at_, '-');
        if ((end = digits_end(text, j->at_)) == j->at_)
            return unexpected(j, "an exponent wants a digit");
    }
    j->at_ = end;
    value_over(j);
    return token(j, JSON_NUMBER, start);
}

static enum json_tok word(struct json *j, struct span w, enum json_tok t)
{
    size_t start = j->at_;

    if (!span_eq(span_take(span_drop(j->text_, start), w.n), w))
        return fail(j, start, E_SYNTAX, "not a JSON value");
    j->at_ += w.n;
    value_over(j);
    return token(j, t, start);
}

static enum json_tok value(struct json *j)
{
    char c = peek(j);

    switch (c) {
    case '{':
    case '[': return open(j, c);
    case '"':
        if (!string(j))
            return JSON_ERROR;
        value_over(j);
        return j->tok_ = JSON_STRING;
    case 't': return word(j, SPAN("true"), JSON_TRUE);
    case 'f': return word(j, SPAN("false"), JSON_FALSE);
    case 'n': return word(j, SPAN("null"), JSON_NULL);
    default: break;
    }
    return c == '-' || is(c, DIGIT) ? number(j) : unexpected(j, "not a JSON value");
}

/* The name and its colon. */
static enum json_tok name(struct json *j)
{
    if (peek(j) != '"')
        return unexpected(j, "a member wants a name in double quotes");
    if (!string(j) || !remember(j))
        return JSON_ERROR;
    if (peek(j) != ':')
        return unexpected(j, "a colon is missing behind the member's name");
    j->at_++;
    j->expect_ = EXPECT_VALUE;
    return j->tok_ = JSON_NAME;
}

static enum json_tok more(struct json *j)
{
    bool object = j->kind_[j->depth_ - 1] == '{';
    char c = peek(j);

    if (c == (object ? '}' : ']'))
        return close(j);
    if (c != ',')
        return unexpected(j, object ? "a comma or } is missing" : "a comma or ] is missing");
    j->at_++;
    return object ? name(j) : value(j);
}

enum json_tok json_next(struct json *j)
{
    if (j->tok_ == JSON_ERROR || j->tok_ == JSON_DONE)
        return j->tok_;
    switch ((enum expect)j->expect_) {
    case EXPECT_VALUE: return value(j);
    case EXPECT_FIRST_ELEMENT: return peek(j) == ']' ? close(j) : value(j);
    case EXPECT_FIRST_NAME: return peek(j) == '}' ? close(j) : name(j);
    case EXPECT_MORE: return more(j);
    case EXPECT_NOTHING: break;
    }
    (void)peek(j);
    if (j->at_ < j->text_.n)
        return unexpected(j, "something follows the value");
    return token(j, JSON_DONE, j->at_);
}
