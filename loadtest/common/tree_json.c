/* loadtest/common/tree_json.c -- RFC 8259 into a tree, strictly. */
#include <string.h>

#include "loadtest/common/tree_make.h"

struct reading {
    struct lt_tree *t;
    char *text;
    size_t at, n;
    unsigned depth;
};

static bool value(struct reading *r, struct lt_node *parent, struct span name);

static bool fail(struct reading *r, const char *why)
{
    return lt_tree_fail(r->t, why, r->at);
}

static void spaces(struct reading *r)
{
    while (r->at < r->n && strchr(" \t\r\n", r->text[r->at]) != NULL && r->text[r->at] != 0)
        r->at++;
}

static bool peek(const struct reading *r, char c)
{
    return r->at < r->n && r->text[r->at] == c;
}

static bool take(struct reading *r, char c)
{
    if (!peek(r, c))
        return false;
    r->at++;
    return true;
}

static bool hex4(struct reading *r, uint32_t *out)
{
    uint32_t v = 0;

    if (r->n - r->at < 4)
        return fail(r, "short \\u escape");
    for (int i = 0; i < 4; i++) {
        char c = r->text[r->at++];

        if (c >= '0' && c <= '9')
            v = v * 16 + (uint32_t)(c - '0');
        else if ((c | 32) >= 'a' && (c | 32) <= 'f')
            v = v * 16 + (uint32_t)((c | 32) - 'a' + 10);
        else
            return fail(r, "bad \\u escape");
    }
    *out = v;
    return true;
}

static void put_utf8(char **to, uint32_t c)
{
    char *p = *to;

    if (c < 0x80) {
        *p++ = (char)c;
    } else if (c < 0x800) {
        *p++ = (char)(0xc0 | c >> 6);
        *p++ = (char)(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        *p++ = (char)(0xe0 | c >> 12);
        *p++ = (char)(0x80 | (c >> 6 & 0x3f));
        *p++ = (char)(0x80 | (c & 0x3f));
    } else {
        *p++ = (char)(0xf0 | c >> 18);
        *p++ = (char)(0x80 | (c >> 12 & 0x3f));
        *p++ = (char)(0x80 | (c >> 6 & 0x3f));
        *p++ = (char)(0x80 | (c & 0x3f));
    }
    *to = p;
}

static bool unicode_escape(struct reading *r, char **to)
{
    uint32_t c, low;

    if (!hex4(r, &c))
        return false;
    if (c >= 0xdc00 && c <= 0xdfff)
        return fail(r, "lone surrogate");
    if (c >= 0xd800 && c <= 0xdbff) {
        if (!take(r, '\\') || !take(r, 'u') || !hex4(r, &low) || low < 0xdc00 || low > 0xdfff)
            return fail(r, "lone surrogate");
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
    }
    put_utf8(to, c);
    return true;
}

static bool escape(struct reading *r, char **to)
{
    static const char from[] = "\"\\/bfnrt", into[] = "\"\\/\b\f\n\r\t";
    const char *hit;
    char c;

    if (r->at == r->n)
        return fail(r, "unterminated string");
    c = r->text[r->at++];
    if (c == 'u')
        return unicode_escape(r, to);
    if (c == 0 || (hit = strchr(from, c)) == NULL)
        return fail(r, "unknown escape");
    *(*to)++ = into[hit - from];
    return true;
}

/* Behind the opening quote; unescapes in place, which never gets longer. */
static bool string(struct reading *r, struct span *out)
{
    char *start = r->text + r->at, *to = start;

    for (;;) {
        if (r->at == r->n)
            return fail(r, "unterminated string");
        if (take(r, '"'))
            break;
        if ((unsigned char)r->text[r->at] < 0x20)
            return fail(r, "control character in a string");
        if (take(r, '\\')) {
            if (!escape(r, &to))
                return false;
        } else {
            *to++ = r->text[r->at++];
        }
    }
    *out = (struct span){ start, (size_t)(to - start) };
    return lt_utf8(*out) || fail(r, "invalid UTF-8");
}

static bool digits(struct reading *r)
{
    size_t from = r->at;

    while (r->at < r->n && r->text[r->at] >= '0' && r->text[r->at] <= '9')
        r->at++;
    return r->at > from || fail(r, "digits expected");
}

static bool number(struct reading *r, struct lt_node *n)
{
    size_t from = r->at;

    (void)take(r, '-');
    if (peek(r, '0'))
        r->at++;
    else if (!digits(r))
        return false;
    if (take(r, '.') && !digits(r))
        return false;
    if (take(r, 'e') || take(r, 'E')) {
        if (!take(r, '+'))
            (void)take(r, '-');
        if (!digits(r))
            return false;
    }
    n->text = (struct span){ r->text + from, r->at - from };
    return true;
}

static bool word(struct reading *r, struct lt_node *n)
{
    static const char *const known[] = { "true", "false", "null" };

    for (unsigned i = 0; i < 3; i++) {
        size_t len = strlen(known[i]);

        if (r->n - r->at >= len && memcmp(r->text + r->at, known[i], len) == 0) {
            n->kind = i == 2 ? LT_NULL : LT_BOOL;
            n->text = (struct span){ r->text + r->at, len };
            r->at += len;
            return true;
        }
    }
    return fail(r, "value expected");
}

static bool members(struct reading *r, struct lt_node *object)
{
    struct span name;

    spaces(r);
    if (take(r, '}'))
        return true;
    do {
        spaces(r);
        if (!take(r, '"'))
            return fail(r, "member name expected");
        if (!string(r, &name))
            return false;
        for (const struct lt_node *n = lt_child(r->t, object); n != NULL; n = lt_next(r->t, n)) {
            if (span_eq(n->name, name))
                return fail(r, "duplicate member name");
        }
        spaces(r);
        if (!take(r, ':'))
            return fail(r, "colon expected");
        if (!value(r, object, name))
            return false;
        spaces(r);
    } while (take(r, ','));
    return take(r, '}') || fail(r, "comma or } expected");
}

static bool items(struct reading *r, struct lt_node *array)
{
    spaces(r);
    if (take(r, ']'))
        return true;
    do {
        if (!value(r, array, SPAN_NONE))
            return false;
        spaces(r);
    } while (take(r, ','));
    return take(r, ']') || fail(r, "comma or ] expected");
}

static bool nested(struct reading *r, struct lt_node *n, bool object)
{
    bool ok;

    if (r->depth == LT_TREE_DEPTH)
        return fail(r, "too deep");
    r->depth++;
    r->at++;
    n->kind = object ? LT_OBJECT : LT_ARRAY;
    ok = object ? members(r, n) : items(r, n);
    r->depth--;
    return ok;
}

static bool value(struct reading *r, struct lt_node *parent, struct span name)
{
    struct lt_node *n = lt_tree_add(r->t, parent, LT_NULL);

    if (n == NULL)
        return fail(r, "too many values");
    n->name = name;
    spaces(r);
    if (r->at == r->n)
        return fail(r, "value expected");
    switch (r->text[r->at]) {
    case '{': return nested(r, n, true);
    case '[': return nested(r, n, false);
    case '"':
        n->kind = LT_STRING;
        r->at++;
        return string(r, &n->text);
    case '-':
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9': n->kind = LT_NUMBER; return number(r, n);
    default: return word(r, n);
    }
}

bool lt_tree_json(struct lt_tree *t, char *text, size_t n)
{
    struct reading r = { t, text, 0, n, 0 };

    t->nodes = 0;
    t->why = NULL;
    t->at = 0;
    if (!value(&r, NULL, SPAN_NONE)) {
        if (t->nodes == 0)
            (void)lt_tree_add(t, NULL, LT_NULL);
        return false;
    }
    spaces(&r);
    return r.at == n || fail(&r, "bytes behind the value");
}
