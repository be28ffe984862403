/* proxy/duration.c */
#include "proxy/duration.h"

#include <stddef.h>

#include "routing/base/span.h"

static const struct {
    const char *word;
    int64_t ms;
} unit[] = {
    { "d", 86400000 },
    { "h", 3600000 },
    { "m", 60000 },
    { "s", 1000 },
};
enum { UNITS = sizeof unit / sizeof unit[0], DAYS_MAX = 366 };

static int64_t unit_ms(struct span word)
{
    for (unsigned i = 0; i < UNITS; i++) {
        if (span_is(word, unit[i].word))
            return unit[i].ms;
    }
    return 0;
}

static enum err syntax(struct diag *why, const char *text, struct span number, struct span word)
{
    if (number.n == 0) {
        diag_set(why, "\"%.40s\" is no length of time", text);
        diag_help(why, "write 30m, 90s, 6h or 2d");
    } else if (word.n == 0) {
        diag_set(why, "\"%.40s\" has no unit", text);
        diag_help(why, "write %.40sm for minutes or %.40ss for seconds", text, text);
    } else {
        diag_set(why, "\"%.20s\" is no unit of time", word.p);
        diag_help(why, "the units are s, m, h and d, one of them: 90m rather than 1h30m");
    }
    return E_SYNTAX;
}

enum err px_duration_parse(const char *text, int64_t *ms, struct diag *why)
{
    struct span all = span_str(text), number = { text, 0 }, word;
    int64_t each;
    uint64_t n;
    enum err e;

    while (number.n < all.n && text[number.n] >= '0' && text[number.n] <= '9')
        number.n++;
    word = span_drop(all, number.n);
    each = unit_ms(word);
    if (number.n == 0 || each == 0)
        return syntax(why, text, number, word);
    e = span_u64(number, &n);
    if (e == OK && n == 0) {
        diag_set(why, "\"%.40s\" is no time at all", text);
        diag_help(why, "write how long it shall last, such as 30m");
        return E_RANGE;
    }
    if (e != OK || n > (uint64_t)(DAYS_MAX * unit[0].ms / each)) {
        diag_set(why, "\"%.40s\" is more than %d days", text, DAYS_MAX);
        return E_RANGE;
    }
    *ms = (int64_t)n * each;
    return OK;
}

void px_duration_put(int64_t ms, struct buf *out)
{
    unsigned i = 0;
    int64_t rest;

    while (i + 1 < UNITS && ms < unit[i].ms)
        i++;
    buf_i64(out, ms < 0 ? 0 : ms / unit[i].ms);
    buf_str(out, unit[i].word);
    rest = ms < 0 ? 0 : ms % unit[i].ms;
    /* 9d is as much as anybody wants to know, 1h 50m is not an hour */
    if (i + 1 < UNITS && ms / unit[i].ms < 10 && rest / unit[i + 1].ms > 0) {
        buf_byte(out, ' ');
        buf_i64(out, rest / unit[i + 1].ms);
        buf_str(out, unit[i + 1].word);
    }
}
