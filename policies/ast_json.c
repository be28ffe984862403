/* policies/ast_json.c -- the tree for programs: editors, form builders, and the test that printing
 * changes nothing. */
#include "policies/print.h"
#include "routing/base/json.h"

static void member(struct json_out *o, const char *name, struct pol_word w)
{
    if (w.text.p != NULL)
        json_member_str(o, name, w.text);
}

static void words(struct json_out *o, const char *name, const struct pol_words *w)
{
    if (w == NULL)
        return;
    json_name(o, name);
    json_open(o, '[');
    for (; w != NULL; w = w->next)
        json_put_str(o, w->word.text);
    json_close(o, ']');
}

static void value(struct json_out *o, const struct pol_value *v)
{
    static const char *const kinds[] = {
        [POL_V_WORD] = "word", [POL_V_NUMBER] = "number",     [POL_V_PERCENT] = "percent",
        [POL_V_PP] = "pp",     [POL_V_DURATION] = "duration", [POL_V_CLOCK] = "clock",
        [POL_V_TEXT] = "text", [POL_V_MONEY] = "money",       [POL_V_RANGE] = "range",
    };

    json_open(o, '{');
    json_name(o, kinds[v->kind]);
    if (v->second.p == NULL) {
        json_put_str(o, v->text);
    } else {
        json_open(o, '[');
        json_put_str(o, v->text);
        json_put_str(o, v->second);
        json_close(o, ']');
    }
    json_close(o, '}');
}

static void values(struct json_out *o, const char *name, const struct pol_value *v)
{
    if (v == NULL)
        return;
    json_name(o, name);
    json_open(o, '[');
    for (; v != NULL; v = v->next)
        value(o, v);
    json_close(o, ']');
}

static void cond(struct json_out *o, const struct pol_cond *c);

static void test(struct json_out *o, const struct pol_cond *c)
{
    static const char *const tests[] = {
        [POL_TEST_IS] = "is",           [POL_TEST_KNOWN] = "is known",
        [POL_TEST_LIST] = "in",         [POL_TEST_SET] = "in set",
        [POL_TEST_LESS] = "<",          [POL_TEST_ATMOST] = "<=",
        [POL_TEST_MORE] = ">",          [POL_TEST_ATLEAST] = ">=",
        [POL_TEST_BETWEEN] = "between", [POL_TEST_STARTS] = "starts with",
        [POL_TEST_MATCHES] = "matches", [POL_TEST_COMMIT] = "commitment is",
        [POL_TEST_SAMPLE] = "sample",
    };

    json_member_z(o, "test", tests[c->test]);
    if (c->negated)
        json_member_bool(o, "not", true);
    member(o, "attribute", c->attr);
    member(o, "of", c->of);
    member(o, "over", c->over);
    member(o, "zone", c->zone);
    member(o, c->test == POL_TEST_MATCHES ? "regex" : "list", c->list);
    values(o, "value", c->value);
    values(o, "to", c->second);
    member(o, "salt", c->salt);
}

static void cond(struct json_out *o, const struct pol_cond *c)
{
    static const char *const kinds[] = { "and", "or", "not" };

    json_open(o, '{');
    if (c->kind == POL_C_TEST) {
        test(o, c);
    } else {
        json_name(o, kinds[c->kind]);
        json_open(o, '[');
        for (const struct pol_cond *k = c->kids; k != NULL;
             k = c->kind == POL_C_NOT ? NULL : k->next)
            cond(o, k);
        json_close(o, ']');
    }
    json_close(o, '}');
}

static void cond_member(struct json_out *o, const char *name, const struct pol_cond *c)
{
    if (c == NULL)
        return;
    json_name(o, name);
    cond(o, c);
}

static void shares(struct json_out *o, const struct pol_share *s)
{
    if (s == NULL)
        return;
    json_name(o, "shares");
    json_open(o, '[');
    for (; s != NULL; s = s->next) {
        json_open(o, '{');
        member(o, "provider", s->provider);
        if (s->rest)
            json_member_bool(o, "rest", true);
        else
            member(o, "percent", s->percent);
        json_close(o, '}');
    }
    json_close(o, ']');
}

static void target(struct json_out *o, const struct pol_target *t)
{
    static const char *const kinds[] = { "provider", "only",  "cheapest", "fastest",
                                         "best",     "split", "decline" };

    json_open(o, '{');
    json_member_z(o, "kind", kinds[t->kind]);
    member(o,
           t->kind == POL_TO_BEST      ? "best"
           : t->kind == POL_TO_DECLINE ? "why"
                                       : "provider",
           t->what);
    words(o, "of", t->of);
    values(o, "within", t->within);
    if (t->guard_cheapest)
        json_member_bool(o, "within_of_cheapest", true);
    member(o, "within_of_best", t->guard_best);
    shares(o, t->shares);
    member(o, "by", t->by);
    member(o, "salt", t->salt);
    json_close(o, '}');
}

static void rule(struct json_out *o, const struct pol_rule *r)
{
    if (!r->is_default)
        member(o, "name", r->name);
    if (r->off)
        json_member_bool(o, "off", true);
    cond_member(o, "when", r->when);
    cond_member(o, "unless", r->unless);
    json_name(o, "use");
    json_open(o, '[');
    for (const struct pol_target *t = r->chain.target; t != NULL; t = t->next)
        target(o, t);
    json_close(o, ']');
    json_member_bool(o, "continue", r->chain.go_on);
}

static void commit(struct json_out *o, const struct pol_commit *c)
{
    member(o, "name", c->name);
    member(o, "to", c->provider);
    json_member_z(o, "at", c->least ? "least" : "most");
    values(o, "target", c->target);
    member(o, "per", c->period);
    member(o, "in", c->zone);
    cond_member(o, "where", c->where);
}

static void retry(struct json_out *o, const struct pol_retry *r)
{
    cond_member(o, "when", r->when);
    words(o, "on", r->on);
    words(o, "never_on", r->never);
    member(o, "at_most", r->most);
    member(o, "unit", r->unit);
    member(o, "within", r->within);
    member(o, "to", r->to);
}

static void facts(struct json_out *o, const struct pol_fact *f)
{
    static const char *const kinds[] = { "provider", "commitment", "text" };

    json_name(o, "with");
    json_open(o, '[');
    for (; f != NULL; f = f->next) {
        json_open(o, '{');
        json_member_z(o, "kind", kinds[f->kind]);
        member(o, "fact", f->attr);
        member(o, "of", f->of);
        member(o, "is", f->text);
        values(o, "value", f->value);
        json_close(o, '}');
    }
    json_close(o, ']');
}

static void binds(struct json_out *o, const struct pol_bind *b)
{
    json_name(o, "payment");
    json_open(o, '[');
    for (; b != NULL; b = b->next) {
        json_open(o, '{');
        member(o, "attribute", b->attr);
        json_name(o, "value");
        value(o, b->value);
        json_close(o, '}');
    }
    json_close(o, ']');
}

static void retries(struct json_out *o, const struct pol_retries *r)
{
    json_name(o, "retries");
    json_open(o, '[');
    for (; r != NULL; r = r->next) {
        json_open(o, '{');
        json_member_bool(o, "never", r->never);
        member(o, "on", r->on);
        member(o, "to", r->to);
        json_close(o, '}');
    }
    json_close(o, ']');
}

static void expect(struct json_out *o, const struct pol_expect *e)
{
    member(o, "name", e->name);
    member(o, "like", e->like);
    binds(o, e->bind);
    facts(o, e->fact);
    words(o, "routes_to", e->route);
    shares(o, e->shares);
    member(o, "within", e->within);
    member(o, "over", e->over);
    member(o, "unit", e->unit);
    member(o, "by_rule", e->rule);
    json_member_bool(o, "declines", e->declines);
    retries(o, e->retries);
}

static void item(struct json_out *o, const struct pol_item *i)
{
    static const char *const kinds[] = { "import", "providers", "list",  "commit",
                                         "rule",   "retry",     "expect" };
    bool is_default = i->kind == POL_I_RULE && i->rule->is_default;

    json_open(o, '{');
    json_member_z(o, "item", is_default ? "default" : kinds[i->kind]);
    switch (i->kind) {
    case POL_I_IMPORT: member(o, "file", i->import); break;
    case POL_I_PROVIDERS: words(o, "names", i->providers); break;
    case POL_I_LIST:
        member(o, "name", i->list->name);
        member(o, "from", i->list->from);
        values(o, "values", i->list->value);
        break;
    case POL_I_COMMIT: commit(o, i->commit); break;
    case POL_I_RULE: rule(o, i->rule); break;
    case POL_I_RETRY: retry(o, i->retry); break;
    case POL_I_EXPECT: expect(o, i->expect); break;
    }
    json_close(o, '}');
}

void pol_print_json(const struct pol_ast *ast, struct buf *out)
{
    struct json_out o = json_to(out);

    json_open(&o, '{');
    json_member_i64(&o, "schema", 1);
    json_member_str(&o, "policy", ast->name.text);
    if (ast->owner.text.p != NULL)
        json_member_str(&o, "owner", ast->owner.text);
    json_name(&o, "items");
    json_open(&o, '[');
    for (const struct pol_item *i = ast->item; i != NULL; i = i->next)
        item(&o, i);
    json_close(&o, ']');
    json_close(&o, '}');
}
