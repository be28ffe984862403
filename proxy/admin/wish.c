/* proxy/admin/wish.c */
#include "proxy/admin/wish.h"

#include <stdio.h>
#include <string.h>

#include "proxy/near.h"
#include "routing/base/json.h"
#include "routing/base/pan.h"

enum { PAN_LEAST = 12, PAN_MOST = 19, FOR_MOST_S = 366 * 86400 };

static const char *const fields[] = {
    "act", "reason",         "for_s", "until_resumed", "limit_permille",
    "ops", "allow_no_route", "local", "dry_run"
};
enum { FIELDS = sizeof fields / sizeof fields[0] };

static bool wrong(struct px_trouble *why, const char *field, const char *text)
{
    *why = (struct px_trouble){ .code = PX_TROUBLE_FIELD };
    (void)snprintf(why->field, sizeof why->field, "%.90s", field);
    (void)snprintf(why->text, sizeof why->text, "%s", text);
    return false;
}

static bool malformed(const struct json *j, struct px_trouble *why)
{
    unsigned line = 0, col = 0;

    *why = (struct px_trouble){ .code = PX_TROUBLE_MALFORMED };
    if (json_tok(j) != JSON_ERROR) {
        (void)snprintf(why->text, sizeof why->text, "the body must be one JSON object");
        return false;
    }
    json_where(j, &line, &col);
    (void)snprintf(why->text, sizeof why->text, "line %u, column %u: %s", line, col, json_what(j));
    return false;
}

/* Runs of 12 to 19 digits, with single spaces or dashes between them, that pass Luhn. */
static bool may_be_card(struct span s)
{
    char digit[PAN_MOST];
    size_t n = 0;

    for (size_t i = 0; i <= s.n; i++) {
        char c = i < s.n ? s.p[i] : '\0';

        if (c >= '0' && c <= '9') {
            if (n < PAN_MOST)
                digit[n] = c;
            n++;
        } else if ((c != ' ' && c != '-') || i + 1 >= s.n || s.p[i + 1] == ' ' ||
                   s.p[i + 1] == '-') {
            if (n >= PAN_LEAST && n <= PAN_MOST && pan_luhn((struct span){ digit, n }))
                return true;
            n = 0;
        }
    }
    return false;
}

static bool take_text(struct json *j, const char *field, struct arena *a, const char **out,
                      struct px_trouble *why)
{
    struct span s;

    if (json_tok(j) != JSON_STRING || json_str(j, a, &s) != OK)
        return wrong(why, field, "it takes a string");
    if (may_be_card(s))
        return wrong(why, field, "it holds what may be a card number; this text is kept in clear");
    *out = arena_str(a, s);
    if (*out == NULL)
        return wrong(why, field, "it is too long");
    return strlen(*out) == s.n || wrong(why, field, "it holds a NUL");
}

static bool take_number(const struct json *j, const char *field, int64_t most, int64_t *out,
                        struct px_trouble *why)
{
    if (json_tok(j) == JSON_NUMBER && json_i64(j, out) == OK && *out >= 1 && *out <= most)
        return true;
    *why = (struct px_trouble){ .code = PX_TROUBLE_FIELD };
    (void)snprintf(why->field, sizeof why->field, "%s", field);
    (void)snprintf(why->text, sizeof why->text, "it takes a whole number from 1 to %lld",
                   (long long)most);
    return false;
}

static bool take_flag(const struct json *j, const char *field, bool *out, struct px_trouble *why)
{
    if (json_tok(j) != JSON_TRUE && json_tok(j) != JSON_FALSE)
        return wrong(why, field, "it takes true or false");
    *out = json_tok(j) == JSON_TRUE;
    return true;
}

static bool take_ops(const struct json *j, bool *all, struct px_trouble *why)
{
    if (json_tok(j) == JSON_STRING && json_is(j, "all"))
        *all = true;
    else if (json_tok(j) != JSON_STRING || !json_is(j, "authorize"))
        return wrong(why, "ops", "it is \"authorize\" (new payments only) or \"all\"");
    return true;
}

static bool unknown(const struct json *j, struct px_trouble *why)
{
    char name[64];
    const char *near;

    if (span_copyz(json_raw(j), name, sizeof name) != OK)
        return wrong(why, "", "a field has an unreasonably long name");
    near = px_near(name, fields, FIELDS);
    (void)wrong(why, name, "there is no such field");
    if (near != NULL)
        (void)snprintf(why->help, sizeof why->help, "did you mean %s?", near);
    return false;
}

/* j stands on a member's name; afterwards on its value. */
static bool take_member(struct json *j, struct arena *a, struct px_admin_wish *w,
                        struct px_trouble *why)
{
    unsigned f = 0;

    while (f < FIELDS && !json_is(j, fields[f]))
        f++;
    if (f == FIELDS)
        return unknown(j, why);
    if (json_next(j) == JSON_ERROR)
        return malformed(j, why);
    switch (f) {
    case 0: return take_text(j, fields[f], a, &w->act, why);
    case 1: return take_text(j, fields[f], a, &w->reason, why);
    case 2: return take_number(j, fields[f], FOR_MOST_S, &w->for_s, why);
    case 3: return take_flag(j, fields[f], &w->until_resumed, why);
    case 4: return take_number(j, fields[f], 999, &w->limit_permille, why);
    case 5: return take_ops(j, &w->ops_all, why);
    case 6: return take_flag(j, fields[f], &w->allow_no_route, why);
    case 7: return take_flag(j, fields[f], &w->local, why);
    default: return take_flag(j, fields[f], &w->dry_run, why);
    }
}

bool px_admin_wish_read(struct span body, struct arena *a, struct px_admin_wish *out,
                        struct px_trouble *why)
{
    struct px_admin_wish w = { .act = "", .reason = "" };
    enum json_tok t;
    struct json j;

    json_init(&j, body);
    if (json_next(&j) != JSON_OBJECT)
        return malformed(&j, why);
    while ((t = json_next(&j)) == JSON_NAME) {
        if (!take_member(&j, a, &w, why))
            return false;
    }
    if (t != JSON_OBJECT_END || json_next(&j) != JSON_DONE)
        return malformed(&j, why);
    *out = w;
    return true;
}
