/* policies/fix.c */
#include "policies/fix.h"

#include <string.h>

#include "grammar.h"
#include "policies/parse.h"

static const char *fixed(struct pol_token t)
{
    static const char *const words[][2] = {
        { "=", "is" },      { "==", "is" },  { "===", "is" }, { "!=", "is not" },
        { "<>", "is not" }, { "&&", "and" }, { "&", "and" },  { "||", "or" },
        { "|", "or" },      { "!", "not" },  { ";", "" },
    };

    if (t.kind != POL_T_EQOP && t.kind != POL_T_BAD)
        return NULL;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (span_is(t.text, words[i][0]))
            return words[i][1];
    }
    return NULL;
}

struct pol_source *pol_fix(struct pol_source *s, struct arena *a)
{
    struct pol_lexer lx = { .source = s, .at = s->text.p, .line = 1 };
    struct buf out = arena_buf(a, s->text.n * 4 + 1);
    const char *from = s->text.p;
    struct pol_token t;
    bool any = false;

    while ((t = pol_lex(&lx)).kind != 0) {
        const char *word = fixed(t);

        if (word == NULL)
            continue;
        any = true;
        buf_put(&out, (struct span){ from, (size_t)(t.text.p - from) });
        buf_fmt(&out, " %s ", word);
        from = t.text.p + t.text.n;
    }
    buf_put(&out, (struct span){ from, (size_t)(s->text.p + s->text.n - from) });
    if (!any)
        return s;
    return buf_ok(&out) ? pol_source_new(a, s->name, buf_span(&out)) : NULL;
}
