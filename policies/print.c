/* policies/print.c -- `policy fmt`. Clauses begin in column 3, what follows them is aligned; long
 * conditions break before `and` and `or`, long lists where the line is full. */
#include "policies/print_inside.h"

/* ---- chains ---- */

void pol_put_shares(struct pol_printer *p, const struct pol_share *s)
{
    for (; s != NULL; s = s->next) {
        pol_put(p, s->percent.text);
        pol_put_z(p, s->rest ? " " : "% ");
        pol_put(p, s->provider.text);
        if (s->next != NULL)
            pol_put_z(p, ", ");
    }
}

static void guard(struct pol_printer *p, const struct pol_target *t)
{
    if (t->within == NULL)
        return;
    pol_put_z(p, " within ");
    pol_put_value(p, t->within);
    pol_put_z(p, t->guard_cheapest ? " of cheapest" : " of best ");
    pol_put(p, t->guard_best.text);
}

static void target(struct pol_printer *p, const struct pol_target *t)
{
    switch (t->kind) {
    case POL_TO_PROVIDER: pol_put(p, t->what.text); return;
    case POL_TO_ONLY:
        pol_put_z(p, "only ");
        pol_put(p, t->what.text);
        return;
    case POL_TO_DECLINE:
        pol_put_z(p, "decline ");
        pol_put_quoted(p, t->what);
        return;
    case POL_TO_SPLIT:
        pol_put_z(p, "split ");
        pol_put_shares(p, t->shares);
        pol_put_z(p, " by ");
        pol_put(p, t->by.text);
        pol_put_salt(p, t->salt);
        return;
    case POL_TO_CHEAPEST: pol_put_z(p, "cheapest of "); break;
    case POL_TO_FASTEST: pol_put_z(p, "fastest of "); break;
    case POL_TO_BEST:
        pol_put_z(p, "best ");
        pol_put(p, t->what.text);
        pol_put_z(p, " of ");
        break;
    }
    pol_put_words(p, t->of);
    guard(p, t);
}

/* Plain providers stay in one line; what is more than a name gets lines of its own. */
static void chain(struct pol_printer *p, const struct pol_chain *c)
{
    bool plain = true;

    for (const struct pol_target *t = c->target; t != NULL; t = t->next)
        plain = plain && t->kind == POL_TO_PROVIDER;
    for (const struct pol_target *t = c->target; t != NULL; t = t->next) {
        if (t != c->target && plain) {
            pol_put_z(p, " then ");
        } else if (t != c->target) {
            pol_put_comments(p, t->at.at, 2);
            pol_put_indent(p, 2);
            pol_put_z(p, "then ");
        }
        target(p, t);
    }
    if (c->go_on)
        pol_put_z(p, " then continue");
}

/* ---- items ---- */

static void rule(struct pol_printer *p, const struct pol_rule *r)
{
    if (r->is_default) {
        pol_put_z(p, "default");
    } else {
        pol_put_z(p, "rule ");
        pol_put_quoted(p, r->name);
        pol_put_z(p, r->off ? " off" : "");
    }
    if (r->when != NULL) {
        pol_put_clause(p, r->when_at.at, "when", 7);
        pol_put_cond(p, r->when, false);
    }
    if (r->unless != NULL) {
        pol_put_clause(p, r->unless_at.at, "unless", 9);
        pol_put_cond(p, r->unless, false);
    }
    pol_put_clause(p, r->use_at.at, "use", 7);
    chain(p, &r->chain);
}

static void list(struct pol_printer *p, const struct pol_list *l)
{
    pol_put_z(p, "list ");
    pol_put(p, l->name.text);
    pol_put_z(p, " ");
    if (l->from.text.p == NULL) {
        pol_put_values(p, l->value);
        return;
    }
    pol_put_z(p, "from ");
    pol_put_quoted(p, l->from);
}

static void commit(struct pol_printer *p, const struct pol_commit *c)
{
    pol_put_z(p, "commit ");
    pol_put(p, c->name.text);
    pol_put_z(p, " to ");
    pol_put(p, c->provider.text);
    pol_put_z(p, c->least ? " at least " : " at most ");
    pol_put_value(p, c->target);
    pol_put_z(p, " per ");
    pol_put(p, c->period.text);
    if (c->zone.text.p != NULL) {
        pol_put_z(p, " in ");
        pol_put_quoted(p, c->zone);
    }
    if (c->where != NULL) {
        pol_put_clause(p, c->where_at.at, "where", 8);
        pol_put_cond(p, c->where, false);
    }
}

static void retry_words(struct pol_printer *p, const char *word, const struct pol_words *w)
{
    if (w == NULL)
        return;
    pol_put_clause(p, w->word.at.at, word, 11);
    pol_put_words(p, w);
}

static void retry(struct pol_printer *p, const struct pol_retry *r)
{
    pol_put_z(p, "retry");
    if (r->when != NULL) {
        pol_put_clause(p, r->when_at.at, "when", 11);
        pol_put_cond(p, r->when, false);
    }
    retry_words(p, "on", r->on);
    retry_words(p, "never on", r->never);
    if (r->most.text.p != NULL) {
        pol_put_clause(p, r->most.at.at, "at most", 11);
        pol_put(p, r->most.text);
        pol_put_z(p, " ");
        pol_put(p, r->unit.text);
    }
    if (r->within.text.p != NULL) {
        pol_put_clause(p, r->within.at.at, "within", 11);
        pol_put(p, r->within.text);
    }
    if (r->to.text.p != NULL) {
        pol_put_clause(p, r->to.at.at, "to", 11);
        pol_put(p, r->to.text);
    }
}

/* ---- the whole ---- */

/* Lists, imports and commitments may stand together; everything else has air around it. */
static bool together(const struct pol_item *a, const struct pol_item *b)
{
    return a != NULL && a->kind == b->kind && (a->kind == POL_I_LIST || a->kind == POL_I_IMPORT);
}

static void item(struct pol_printer *p, const struct pol_item *i)
{
    switch (i->kind) {
    case POL_I_IMPORT:
        pol_put_z(p, "import ");
        pol_put_quoted(p, i->import);
        break;
    case POL_I_PROVIDERS:
        pol_put_z(p, "providers ");
        pol_put_words(p, i->providers);
        break;
    case POL_I_LIST: list(p, i->list); break;
    case POL_I_COMMIT: commit(p, i->commit); break;
    case POL_I_RULE: rule(p, i->rule); break;
    case POL_I_RETRY: retry(p, i->retry); break;
    case POL_I_EXPECT: pol_put_expect(p, i->expect); break;
    }
}

/* Comments of their own above an item belong to it; those behind the last line stay there. */
static void trailing(struct pol_printer *p, uint32_t at)
{
    while (p->comment != NULL && p->comment->at.at < at && !p->comment->own_line && p->col > 0) {
        pol_put_z(p, "  ");
        pol_put(p, p->comment->text);
        p->comment = p->comment->next;
        pol_put_end(p);
    }
    pol_put_end(p);
}

void pol_print(const struct pol_ast *ast, struct buf *out)
{
    struct pol_printer p = { .out = out, .comment = ast->comment };
    const struct pol_item *before = NULL;

    if (ast->name.text.p != NULL) {
        pol_put_comments(&p, ast->name.at.at, 0);
        pol_put_z(&p, "policy ");
        pol_put_quoted(&p, ast->name);
        if (ast->owner.text.p != NULL) {
            pol_put_z(&p, " owner ");
            pol_put_quoted(&p, ast->owner);
        }
        p.any = true;
    }
    for (const struct pol_item *i = ast->item; i != NULL; before = i, i = i->next) {
        trailing(&p, i->at.at);
        if (p.any && !together(before, i))
            buf_byte(out, '\n');
        pol_put_comments(&p, i->at.at, 0);
        item(&p, i);
        p.any = true;
    }
    trailing(&p, UINT32_MAX);
    if (p.comment != NULL && p.any)
        buf_byte(out, '\n');
    pol_put_comments(&p, UINT32_MAX, 0);
    pol_put_end(&p);
}
