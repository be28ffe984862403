/* policies/print_expect.c -- a policy's own tests. */
#include "policies/print_inside.h"

static void comma(struct pol_printer *p, bool more, unsigned next, unsigned left)
{
    if (!more)
        return;
    pol_put_z(p, ",");
    if (p->col + 1 + next > POL_WIDE)
        pol_put_indent(p, left);
    else
        pol_put_z(p, " ");
}

static void binds(struct pol_printer *p, const struct pol_bind *b)
{
    for (; b != NULL; b = b->next) {
        pol_put(p, b->attr.text);
        pol_put_z(p, " ");
        pol_put_value(p, b->value);
        comma(p, b->next != NULL,
              b->next == NULL ? 0 : (unsigned)b->next->attr.text.n + pol_put_width(b->next->value),
              12);
    }
}

static void fact(struct pol_printer *p, const struct pol_fact *f)
{
    if (f->kind == POL_F_COMMIT)
        pol_put_z(p, "commitment ");
    pol_put(p, f->attr.text);
    if (f->kind == POL_F_TEXT) {
        pol_put_z(p, " ");
        pol_put_quoted(p, f->text);
        return;
    }
    if (f->kind == POL_F_PROVIDER) {
        pol_put_z(p, " of ");
        pol_put(p, f->of.text);
    }
    pol_put_z(p, " is ");
    if (f->kind == POL_F_PROVIDER)
        pol_put_value(p, f->value);
    else
        pol_put(p, f->text.text);
}

static unsigned fact_width(const struct pol_fact *f)
{
    char room[512];
    struct buf b = BUF_OF(room);
    struct pol_printer p = { .out = &b };

    if (f != NULL)
        fact(&p, f);
    return p.col + 1; /* its comma */
}

static void facts(struct pol_printer *p, const struct pol_fact *f)
{
    for (; f != NULL; f = f->next) {
        fact(p, f);
        comma(p, f->next != NULL, fact_width(f->next), 12);
    }
}

static void by_rule(struct pol_printer *p, const struct pol_expect *e)
{
    if (e->rule.text.p == NULL)
        return;
    pol_put_z(p, " by rule ");
    pol_put_quoted(p, e->rule);
}

static void routes(struct pol_printer *p, const struct pol_expect *e)
{
    pol_put_clause(p, e->routes_at.at, "routes to ", 12);
    pol_put_shares(p, e->shares);
    for (const struct pol_words *w = e->route; w != NULL; w = w->next) {
        pol_put(p, w->word.text);
        pol_put_z(p, w->next != NULL ? " then " : "");
    }
    if (e->over.text.p != NULL) {
        pol_put_z(p, " within ");
        pol_put(p, e->within.text);
        pol_put_z(p, " over ");
        pol_put(p, e->over.text);
        pol_put_z(p, " ");
        pol_put(p, e->unit.text);
    }
    by_rule(p, e);
}

void pol_put_expect(struct pol_printer *p, const struct pol_expect *e)
{
    pol_put_z(p, "expect ");
    pol_put_quoted(p, e->name);
    if (e->like.text.p != NULL) {
        pol_put_clause(p, e->like.at.at, "like", 12);
        pol_put_quoted(p, e->like);
    }
    if (e->bind != NULL) {
        pol_put_clause(p, e->bind->attr.at.at, "payment", 12);
        binds(p, e->bind);
    }
    if (e->fact != NULL) {
        pol_put_clause(p, e->fact->attr.at.at, "with", 12);
        facts(p, e->fact);
    }
    if (e->routes_at.line != 0)
        routes(p, e);
    if (e->declines) {
        pol_put_indent(p, 2);
        pol_put_z(p, "declines");
        if (e->routes_at.line == 0)
            by_rule(p, e);
    }
    for (const struct pol_retries *r = e->retries; r != NULL; r = r->next) {
        pol_put_clause(p, r->on.at.at, r->never ? "never retries on " : "retries on ", 12);
        pol_put(p, r->on.text);
        if (!r->never) {
            pol_put_z(p, " to ");
            pol_put(p, r->to.text);
        }
    }
}
