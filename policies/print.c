/* policies/print.c -- `policy fmt`. Clauses begin in column 3, what follows them is aligned; long
 * conditions break before `and` and `or`, long lists where the line is full. */
#include "policies/print.h"

#include <string.h>

enum { WIDE = 100 };

struct printer {
    struct buf *out;
    const struct pol_comment *comment; /* the next to be printed */
    unsigned col;                      /* characters in the current line */
    bool any;                          /* something was printed */
};

/* ---- lines, words and comments ---- */

static void put(struct printer *p, struct span s)
{
    buf_put(p->out, s);
    for (size_t i = 0; i < s.n; i++)
        p->col += ((unsigned char)s.p[i] & 0xC0) != 0x80;
}

static void put_z(struct printer *p, const char *z)
{
    put(p, span_str(z));
}

static void end_line(struct printer *p)
{
    if (p->col > 0)
        buf_byte(p->out, '\n');
    p->col = 0;
}

static void indent(struct printer *p, unsigned n)
{
    end_line(p);
    for (; n > 0; n--)
        put_z(p, " ");
}

/* Comments that stand before byte `at`: behind the line they were behind, or on lines of their
 * own. */
static void comments(struct printer *p, uint32_t at, unsigned n)
{
    for (; p->comment != NULL && p->comment->at.at < at; p->comment = p->comment->next) {
        if (!p->comment->own_line && p->col > 0) {
            put_z(p, "  ");
        } else {
            indent(p, n);
        }
        put(p, p->comment->text);
        end_line(p);
    }
}

/* A clause on a line of its own: its word, blanks up to the column of what follows. */
static void clause(struct printer *p, uint32_t at, const char *word, unsigned column)
{
    comments(p, at, 2);
    indent(p, 2);
    put_z(p, word);
    while (p->col < column)
        put_z(p, " ");
}

static void quoted(struct printer *p, struct pol_word w)
{
    put_z(p, "\"");
    put(p, w.text);
    put_z(p, "\"");
}

static void words(struct printer *p, const struct pol_words *w)
{
    for (; w != NULL; w = w->next) {
        put(p, w->word.text);
        if (w->next != NULL)
            put_z(p, ", ");
    }
}

/* ---- values ---- */

static void value(struct printer *p, const struct pol_value *v)
{
    if (v->kind == POL_V_TEXT)
        put_z(p, "\"");
    put(p, v->text);
    if (v->kind == POL_V_TEXT)
        put_z(p, "\"");
    if (v->kind == POL_V_PERCENT)
        put_z(p, "%");
    if (v->kind == POL_V_MONEY || v->kind == POL_V_RANGE) {
        put_z(p, v->kind == POL_V_MONEY ? " " : "..");
        put(p, v->second);
    }
}

static unsigned width(const struct pol_value *v)
{
    return (unsigned)(v->text.n + v->second.n) + 3;
}

/* Values, wrapped at the margin under the first. */
static void values(struct printer *p, const struct pol_value *v)
{
    unsigned left = p->col, first = 1;

    for (; v != NULL; v = v->next, first = 0) {
        if (!first && p->col + width(v) > WIDE)
            indent(p, left);
        else if (!first)
            put_z(p, " ");
        value(p, v);
    }
}

/* ---- conditions ---- */

static void test_value(struct printer *p, const struct pol_cond *c)
{
    static const char *const relation[] = {
        [POL_TEST_LESS] = " < ",
        [POL_TEST_ATMOST] = " <= ",
        [POL_TEST_MORE] = " > ",
        [POL_TEST_ATLEAST] = " >= ",
    };

    switch (c->test) {
    case POL_TEST_IS:
    case POL_TEST_COMMIT:
        put_z(p, c->negated ? " is not " : " is ");
        value(p, c->value);
        break;
    case POL_TEST_KNOWN: put_z(p, c->negated ? " is not known" : " is known"); break;
    case POL_TEST_LIST:
        put_z(p, c->negated ? " not in " : " in ");
        put(p, c->list.text);
        break;
    case POL_TEST_SET:
        put_z(p, c->negated ? " not in { " : " in { ");
        values(p, c->value);
        put_z(p, " }");
        break;
    case POL_TEST_LESS:
    case POL_TEST_ATMOST:
    case POL_TEST_MORE:
    case POL_TEST_ATLEAST:
        put_z(p, relation[c->test]);
        value(p, c->value);
        break;
    case POL_TEST_BETWEEN:
        put_z(p, " between ");
        value(p, c->value);
        put_z(p, " and ");
        value(p, c->second);
        break;
    case POL_TEST_STARTS:
        put_z(p, " starts with ");
        value(p, c->value);
        break;
    case POL_TEST_MATCHES:
        put_z(p, " matches /");
        put(p, c->list.text);
        put_z(p, "/");
        break;
    case POL_TEST_SAMPLE: break;
    }
}

static void salt(struct printer *p, struct pol_word w)
{
    if (w.text.p == NULL)
        return;
    put_z(p, " salt ");
    quoted(p, w);
}

static void test(struct printer *p, const struct pol_cond *c)
{
    if (c->test == POL_TEST_SAMPLE) {
        put_z(p, "sample ");
        value(p, c->value);
        put_z(p, " by ");
        put(p, c->attr.text);
        salt(p, c->salt);
        return;
    }
    if (c->test == POL_TEST_COMMIT)
        put_z(p, "commitment ");
    put(p, c->attr.text);
    if (c->of.text.p != NULL) {
        put_z(p, " of ");
        put(p, c->of.text);
    }
    if (c->over.text.p != NULL) {
        put_z(p, " over ");
        put(p, c->over.text);
    }
    if (c->zone.text.p != NULL) {
        put_z(p, " ");
        quoted(p, c->zone);
    }
    test_value(p, c);
}

static void cond(struct printer *p, const struct pol_cond *c, bool nested);

static unsigned measure(const struct pol_cond *c)
{
    char room[512];
    struct buf b = BUF_OF(room);
    struct printer p = { .out = &b };

    cond(&p, c, true);
    return buf_ok(&b) ? p.col : WIDE;
}

static void group(struct printer *p, const struct pol_cond *c, bool wraps)
{
    unsigned left = p->col;

    for (const struct pol_cond *k = c->kids; k != NULL; k = k->next) {
        if (k != c->kids) {
            if (wraps && p->col + 5 + measure(k) > WIDE)
                indent(p, left);
            else
                put_z(p, " ");
            put_z(p, c->kind == POL_C_AND ? "and " : "or ");
        }
        cond(p, k, true);
    }
}

static void cond(struct printer *p, const struct pol_cond *c, bool nested)
{
    switch (c->kind) {
    case POL_C_TEST: test(p, c); break;
    case POL_C_NOT:
        put_z(p, "not ");
        cond(p, c->kids, true);
        break;
    case POL_C_AND:
    case POL_C_OR:
        if (nested)
            put_z(p, "(");
        group(p, c, !nested);
        if (nested)
            put_z(p, ")");
        break;
    }
}

void pol_print_cond(const struct pol_cond *c, struct buf *out)
{
    struct printer p = { .out = out };

    cond(&p, c, true);
}

/* ---- chains ---- */

static void shares(struct printer *p, const struct pol_share *s)
{
    for (; s != NULL; s = s->next) {
        put(p, s->percent.text);
        put_z(p, s->rest ? " " : "% ");
        put(p, s->provider.text);
        if (s->next != NULL)
            put_z(p, ", ");
    }
}

static void guard(struct printer *p, const struct pol_target *t)
{
    if (t->within == NULL)
        return;
    put_z(p, " within ");
    value(p, t->within);
    put_z(p, t->guard_cheapest ? " of cheapest" : " of best ");
    put(p, t->guard_best.text);
}

static void target(struct printer *p, const struct pol_target *t)
{
    switch (t->kind) {
    case POL_TO_PROVIDER: put(p, t->what.text); return;
    case POL_TO_ONLY:
        put_z(p, "only ");
        put(p, t->what.text);
        return;
    case POL_TO_DECLINE:
        put_z(p, "decline ");
        quoted(p, t->what);
        return;
    case POL_TO_SPLIT:
        put_z(p, "split ");
        shares(p, t->shares);
        put_z(p, " by ");
        put(p, t->by.text);
        salt(p, t->salt);
        return;
    case POL_TO_CHEAPEST: put_z(p, "cheapest of "); break;
    case POL_TO_FASTEST: put_z(p, "fastest of "); break;
    case POL_TO_BEST:
        put_z(p, "best ");
        put(p, t->what.text);
        put_z(p, " of ");
        break;
    }
    words(p, t->of);
    guard(p, t);
}

/* Plain providers stay in one line; what is more than a name gets lines of its own. */
static void chain(struct printer *p, const struct pol_chain *c)
{
    bool plain = true;

    for (const struct pol_target *t = c->target; t != NULL; t = t->next)
        plain = plain && t->kind == POL_TO_PROVIDER;
    for (const struct pol_target *t = c->target; t != NULL; t = t->next) {
        if (t != c->target && plain) {
            put_z(p, " then ");
        } else if (t != c->target) {
            comments(p, t->at.at, 2);
            indent(p, 2);
            put_z(p, "then ");
        }
        target(p, t);
    }
    if (c->go_on)
        put_z(p, " then continue");
}

/* ---- items ---- */

static void rule(struct printer *p, const struct pol_rule *r)
{
    if (r->is_default) {
        put_z(p, "default");
    } else {
        put_z(p, "rule ");
        quoted(p, r->name);
        put_z(p, r->off ? " off" : "");
    }
    if (r->when != NULL) {
        clause(p, r->when_at.at, "when", 7);
        cond(p, r->when, false);
    }
    if (r->unless != NULL) {
        clause(p, r->unless_at.at, "unless", 9);
        cond(p, r->unless, false);
    }
    clause(p, r->use_at.at, "use", 7);
    chain(p, &r->chain);
}

static void list(struct printer *p, const struct pol_list *l)
{
    put_z(p, "list ");
    put(p, l->name.text);
    put_z(p, " ");
    if (l->from.text.p == NULL) {
        values(p, l->value);
        return;
    }
    put_z(p, "from ");
    quoted(p, l->from);
}

static void commit(struct printer *p, const struct pol_commit *c)
{
    put_z(p, "commit ");
    put(p, c->name.text);
    put_z(p, " to ");
    put(p, c->provider.text);
    put_z(p, c->least ? " at least " : " at most ");
    value(p, c->target);
    put_z(p, " per ");
    put(p, c->period.text);
    if (c->zone.text.p != NULL) {
        put_z(p, " in ");
        quoted(p, c->zone);
    }
    if (c->where != NULL) {
        clause(p, c->where_at.at, "where", 8);
        cond(p, c->where, false);
    }
}

static void retry_words(struct printer *p, const char *word, const struct pol_words *w)
{
    if (w == NULL)
        return;
    clause(p, w->word.at.at, word, 11);
    words(p, w);
}

static void retry(struct printer *p, const struct pol_retry *r)
{
    put_z(p, "retry");
    if (r->when != NULL) {
        clause(p, r->when_at.at, "when", 11);
        cond(p, r->when, false);
    }
    retry_words(p, "on", r->on);
    retry_words(p, "never on", r->never);
    if (r->most.text.p != NULL) {
        clause(p, r->most.at.at, "at most", 11);
        put(p, r->most.text);
        put_z(p, " ");
        put(p, r->unit.text);
    }
    if (r->within.text.p != NULL) {
        clause(p, r->within.at.at, "within", 11);
        put(p, r->within.text);
    }
    if (r->to.text.p != NULL) {
        clause(p, r->to.at.at, "to", 11);
        put(p, r->to.text);
    }
}

/* ---- expects ---- */

static void comma(struct printer *p, bool more, unsigned next, unsigned left)
{
    if (!more)
        return;
    put_z(p, ",");
    if (p->col + 1 + next > WIDE)
        indent(p, left);
    else
        put_z(p, " ");
}

static void binds(struct printer *p, const struct pol_bind *b)
{
    for (; b != NULL; b = b->next) {
        put(p, b->attr.text);
        put_z(p, " ");
        value(p, b->value);
        comma(p, b->next != NULL,
              b->next == NULL ? 0 : (unsigned)b->next->attr.text.n + width(b->next->value), 12);
    }
}

static void fact(struct printer *p, const struct pol_fact *f)
{
    if (f->kind == POL_F_COMMIT)
        put_z(p, "commitment ");
    put(p, f->attr.text);
    if (f->kind == POL_F_TEXT) {
        put_z(p, " ");
        quoted(p, f->text);
        return;
    }
    if (f->kind == POL_F_PROVIDER) {
        put_z(p, " of ");
        put(p, f->of.text);
    }
    put_z(p, " is ");
    if (f->kind == POL_F_PROVIDER)
        value(p, f->value);
    else
        put(p, f->text.text);
}

static unsigned fact_width(const struct pol_fact *f)
{
    char room[512];
    struct buf b = BUF_OF(room);
    struct printer p = { .out = &b };

    if (f != NULL)
        fact(&p, f);
    return p.col + 1; /* its comma */
}

static void facts(struct printer *p, const struct pol_fact *f)
{
    for (; f != NULL; f = f->next) {
        fact(p, f);
        comma(p, f->next != NULL, fact_width(f->next), 12);
    }
}

static void by_rule(struct printer *p, const struct pol_expect *e)
{
    if (e->rule.text.p == NULL)
        return;
    put_z(p, " by rule ");
    quoted(p, e->rule);
}

static void routes(struct printer *p, const struct pol_expect *e)
{
    clause(p, e->routes_at.at, "routes to ", 12);
    shares(p, e->shares);
    for (const struct pol_words *w = e->route; w != NULL; w = w->next) {
        put(p, w->word.text);
        put_z(p, w->next != NULL ? " then " : "");
    }
    if (e->over.text.p != NULL) {
        put_z(p, " within ");
        put(p, e->within.text);
        put_z(p, " over ");
        put(p, e->over.text);
        put_z(p, " ");
        put(p, e->unit.text);
    }
    by_rule(p, e);
}

static void expect(struct printer *p, const struct pol_expect *e)
{
    put_z(p, "expect ");
    quoted(p, e->name);
    if (e->like.text.p != NULL) {
        clause(p, e->like.at.at, "like", 12);
        quoted(p, e->like);
    }
    if (e->bind != NULL) {
        clause(p, e->bind->attr.at.at, "payment", 12);
        binds(p, e->bind);
    }
    if (e->fact != NULL) {
        clause(p, e->fact->attr.at.at, "with", 12);
        facts(p, e->fact);
    }
    if (e->routes_at.line != 0)
        routes(p, e);
    if (e->declines) {
        indent(p, 2);
        put_z(p, "declines");
        if (e->routes_at.line == 0)
            by_rule(p, e);
    }
    for (const struct pol_retries *r = e->retries; r != NULL; r = r->next) {
        clause(p, r->on.at.at, r->never ? "never retries on " : "retries on ", 12);
        put(p, r->on.text);
        if (!r->never) {
            put_z(p, " to ");
            put(p, r->to.text);
        }
    }
}

/* Lists, imports and commitments may stand together; everything else has air around it. */
static bool together(const struct pol_item *a, const struct pol_item *b)
{
    return a != NULL && a->kind == b->kind && (a->kind == POL_I_LIST || a->kind == POL_I_IMPORT);
}

static void item(struct printer *p, const struct pol_item *i)
{
    switch (i->kind) {
    case POL_I_IMPORT:
        put_z(p, "import ");
        quoted(p, i->import);
        break;
    case POL_I_PROVIDERS:
        put_z(p, "providers ");
        words(p, i->providers);
        break;
    case POL_I_LIST: list(p, i->list); break;
    case POL_I_COMMIT: commit(p, i->commit); break;
    case POL_I_RULE: rule(p, i->rule); break;
    case POL_I_RETRY: retry(p, i->retry); break;
    case POL_I_EXPECT: expect(p, i->expect); break;
    }
}

/* Comments of their own above an item belong to it; those behind the last line stay there. */
static void trailing(struct printer *p, uint32_t at)
{
    while (p->comment != NULL && p->comment->at.at < at && !p->comment->own_line && p->col > 0) {
        put_z(p, "  ");
        put(p, p->comment->text);
        p->comment = p->comment->next;
        end_line(p);
    }
    end_line(p);
}

void pol_print(const struct pol_ast *ast, struct buf *out)
{
    struct printer p = { .out = out, .comment = ast->comment };
    const struct pol_item *before = NULL;

    if (ast->name.text.p != NULL) {
        comments(&p, ast->name.at.at, 0);
        put_z(&p, "policy ");
        quoted(&p, ast->name);
        if (ast->owner.text.p != NULL) {
            put_z(&p, " owner ");
            quoted(&p, ast->owner);
        }
        p.any = true;
    }
    for (const struct pol_item *i = ast->item; i != NULL; before = i, i = i->next) {
        trailing(&p, i->at.at);
        if (p.any && !together(before, i))
            buf_byte(out, '\n');
        comments(&p, i->at.at, 0);
        item(&p, i);
        p.any = true;
    }
    trailing(&p, UINT32_MAX);
    if (p.comment != NULL && p.any)
        buf_byte(out, '\n');
    comments(&p, UINT32_MAX, 0);
    end_line(&p);
}
