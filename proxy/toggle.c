/* proxy/toggle.c */
#include "proxy/toggle.h"

#include <string.h>

static const char ops_some[] = "authorize", ops_all[] = "all";

void px_toggle_init(struct px_toggle *t)
{
    *t = (struct px_toggle){ .limit_permille = RT_PERMILLE };
}

bool px_toggle_holds(const struct px_toggle *t)
{
    return t->admin != RT_ADMIN_AUTO || t->limit_permille < RT_PERMILLE;
}

bool px_toggle_is_over(const struct px_toggle *t, int64_t now_ms)
{
    return t->until_ms != 0 && t->until_ms <= now_ms;
}

bool px_toggle_withholds(const struct px_toggle *t)
{
    return t->admin == RT_ADMIN_STOP || t->admin == RT_ADMIN_DRAIN ||
           t->limit_permille < RT_PERMILLE;
}

bool px_toggle_is_newer(const struct px_toggle *a, const struct px_toggle *than)
{
    char x[PX_TOGGLE_TEXT], y[PX_TOGGLE_TEXT];
    struct buf bx = BUF_OF(x), by = BUF_OF(y);

    if (a->set_ms != than->set_ms)
        return a->set_ms > than->set_ms;
    px_toggle_write(a, &bx);
    px_toggle_write(than, &by);
    return strcmp(buf_z(&bx), buf_z(&by)) > 0;
}

/* ---- what a person may say ---- */

static bool is_plain(const char *text)
{
    for (const char *c = text; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return false;
    return true;
}

static bool is_blank(const char *text)
{
    return text[strspn(text, " ")] == '\0';
}

static enum err wrong(struct diag *why, const char *text, const char *help)
{
    diag_set(why, "%s", text);
    diag_help(why, "%s", help);
    return E_SYNTAX;
}

enum err px_toggle_check(const struct px_toggle *t, int64_t now_ms, struct diag *why)
{
    const int64_t day_ms = INT64_C(24) * 3600 * 1000;

    if (t->actor[0] == '\0' || strchr(t->actor, ' ') != NULL || !is_plain(t->actor))
        return wrong(why, "who says it? The actor is one word", "");
    if (is_blank(t->reason))
        return wrong(why, "a reason is required",
                     "--reason \"what is wrong, and the ticket if there is one\"");
    if (!is_plain(t->reason))
        return wrong(why, "the reason has control characters in it", "");
    if (t->limit_permille > RT_PERMILLE ||
        (t->limit_permille < RT_PERMILLE && t->admin != RT_ADMIN_AUTO))
        return wrong(why, "a limit is a share of its traffic, and stands alone", "limit 20%");
    if (t->limit_permille == 0)
        return wrong(why, "a limit of 0% is a stop", "say stop");
    if (t->ops_all && t->admin != RT_ADMIN_STOP)
        return wrong(why, "only a stop can hold for all operations", "");
    if (t->until_ms != 0 && t->until_ms <= now_ms)
        return wrong(why, "its end is already past", "--for 30m");
    if (t->until_ms > now_ms + PX_TOGGLE_DAYS_MAX * day_ms)
        return wrong(why, "its end is more than a year ahead",
                     "leave the end out to stop until further notice");
    return OK;
}

/* ---- as it travels ---- */

void px_toggle_write(const struct px_toggle *t, struct buf *b)
{
    buf_fmt(b, "%s %s %u %s %s", rt_admin_name(t->admin), t->ops_all ? ops_all : ops_some,
            t->limit_permille, t->actor, t->reason);
}

static bool read_ops(struct span word, bool *all)
{
    *all = span_is(word, ops_all);
    return *all || span_is(word, ops_some);
}

enum err px_toggle_read(struct span text, int64_t set_ms, int64_t until_ms, struct px_toggle *out)
{
    struct px_toggle t = { .set_ms = set_ms, .until_ms = until_ms };
    struct span admin, ops, limit, actor;
    uint64_t permille;

    if (!span_cut(&text, ' ', &admin) || !span_cut(&text, ' ', &ops) ||
        !span_cut(&text, ' ', &limit) || !span_cut(&text, ' ', &actor) ||
        !rt_admin_find(admin, &t.admin) || !read_ops(ops, &t.ops_all) ||
        span_u64(limit, &permille) != OK || permille > RT_PERMILLE || permille == 0 ||
        span_copyz(actor, t.actor, sizeof t.actor) != OK ||
        span_copyz(text, t.reason, sizeof t.reason) != OK || t.actor[0] == '\0' || set_ms <= 0 ||
        until_ms < 0 || !is_plain(t.actor) || !is_plain(t.reason))
        return E_SYNTAX;
    t.limit_permille = (uint16_t)permille;
    *out = t;
    return OK;
}

/* ---- for people ---- */

void px_toggle_sentence(const struct px_toggle *t, struct buf *b)
{
    static const char *const word[RT_ADMINS_] = {
        [RT_ADMIN_AUTO] = "auto",
        [RT_ADMIN_DRAIN] = "draining",
        [RT_ADMIN_STOP] = "stopped",
        [RT_ADMIN_FORCE_ON] = "forced on",
    };

    if (!px_toggle_holds(t)) {
        buf_str(b, word[RT_ADMIN_AUTO]);
        return;
    }
    if (t->admin == RT_ADMIN_AUTO && t->limit_permille % 10 == 0)
        buf_fmt(b, "limited to %u%%", t->limit_permille / 10);
    else if (t->admin == RT_ADMIN_AUTO)
        buf_fmt(b, "limited to %u.%u%%", t->limit_permille / 10, t->limit_permille % 10);
    else
        buf_str(b, word[t->admin]);
    buf_fmt(b, " by %s", t->actor);
}
