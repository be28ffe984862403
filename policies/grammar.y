/* policies/grammar.y -- what a policy looks like (lemon; LALR(1), no conflicts).
 * docs/policy-language.md has it as EBNF. Actions only build the tree of ast.h; whether it makes
 * sense is the checker's question. */
%name PolGrammar
%token_prefix POL_T_
%token_type {struct pol_token}
%extra_context {struct pol_parse *cx}
%stack_size 300
%start_symbol file

%include {
#define NDEBUG 1
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "policies/parse.h"

struct words { struct pol_words *first, **end; };
struct values { struct pol_value *first, **end; };
struct conds { struct pol_cond *first, **end; struct pol_place at; };
struct shares { struct pol_share *first, **end; };
struct targets { struct pol_target *first, **end; struct pol_place at; };
struct binds { struct pol_bind *first, **end; };
struct facts { struct pol_fact *first, **end; };
struct guard { struct pol_value *within; bool cheapest; struct pol_word best; };
struct which { struct pol_cond *when, *unless; struct pol_place when_at, unless_at; };
struct where { struct pol_cond *cond; struct pol_place at; };
struct where_not { bool no; };
struct dest { struct pol_words *route; struct pol_share *shares; };
struct tolerance { struct pol_word within, over, unit; };

static struct pol_value *value_new(struct pol_parse *cx, enum pol_value_kind kind,
                                   struct pol_token t)
{
    struct pol_value *v = pol_new(cx, sizeof *v);

    v->kind = kind;
    v->text = t.text;
    v->at = t.at;
    if (kind == POL_V_PERCENT)
        v->text.n--;
    return v;
}

static struct pol_value *value_pair(struct pol_parse *cx, enum pol_value_kind kind,
                                    struct pol_token a, struct pol_token b)
{
    struct pol_value *v = value_new(cx, kind, a);

    v->second = b.text;
    v->at = pol_place_to(a.at, b.at);
    return v;
}

static struct pol_cond *test_new(struct pol_parse *cx, enum pol_test test, struct pol_token attr,
                                 struct pol_place end)
{
    struct pol_cond *c = pol_new(cx, sizeof *c);

    c->kind = POL_C_TEST;
    c->test = test;
    c->attr = pol_word_of(attr);
    c->at = pol_place_to(attr.at, end);
    return c;
}

static enum pol_test relation(struct pol_token t)
{
    if (t.text.p[0] == '<')
        return t.text.n == 1 ? POL_TEST_LESS : POL_TEST_ATMOST;
    return t.text.n == 1 ? POL_TEST_MORE : POL_TEST_ATLEAST;
}

static struct pol_cond *group_new(struct pol_parse *cx, enum pol_cond_kind kind, struct conds c)
{
    struct pol_cond *g = pol_new(cx, sizeof *g);

    g->kind = kind;
    g->kids = c.first;
    g->at = c.at;
    return g;
}

static struct conds conds_pair(struct pol_cond *a, struct pol_cond *b)
{
    a->next = b;
    return (struct conds){ a, &b->next, pol_place_to(a->at, b->at) };
}

static struct conds conds_add(struct conds l, struct pol_cond *c)
{
    *l.end = c;
    l.end = &c->next;
    l.at = pol_place_to(l.at, c->at);
    return l;
}

static struct words words_add(struct pol_parse *cx, struct words l, struct pol_token t)
{
    struct pol_words *w = pol_new(cx, sizeof *w);

    w->word = pol_word_of(t);
    if (l.first == NULL)
        l.first = w;
    else
        *l.end = w;
    l.end = &w->next;
    return l;
}
}

%syntax_error {
    int pol_would_take(const yyParser *, YYCODETYPE);
    int expected[YYNTOKEN];
    unsigned n = 0;
    for (int k = 1; k < YYNTOKEN; k++) {
        if (pol_would_take(yypParser, (YYCODETYPE)k))
            expected[n++] = k;
    }
    (void)yymajor;
    pol_unexpected(cx, yyminor, expected, n);
}
%parse_failure { cx->failed = true; }
%stack_overflow {
    pol_say(cx->report, POL_E_TOO_BIG, cx->token.at, "conditions are nested too deep");
    cx->failed = true;
}

file ::= head items.
file ::= RESUME items.
head ::= POLICY STRING(N) owner(O). { cx->ast->name = pol_word_of(N); cx->ast->owner = O; }
%type owner {struct pol_word}
owner(A) ::= . { A = (struct pol_word){ 0 }; }
owner(A) ::= OWNER STRING(S). { A = pol_word_of(S); }
items ::= .
items ::= items item.

item ::= IMPORT(K) STRING(S). {
    pol_item_add(cx, POL_I_IMPORT, K, (struct pol_item){ .import = pol_word_of(S) });
}
item ::= PROVIDERS(K) words(W). {
    pol_item_add(cx, POL_I_PROVIDERS, K, (struct pol_item){ .providers = W.first });
}
item ::= LIST(K) WORD(N) elements(V). {
    struct pol_list *l = pol_new(cx, sizeof *l);
    l->name = pol_word_of(N);
    l->value = V.first;
    pol_item_add(cx, POL_I_LIST, K, (struct pol_item){ .list = l });
}
item ::= LIST(K) WORD(N) FROM STRING(S). {
    struct pol_list *l = pol_new(cx, sizeof *l);
    l->name = pol_word_of(N);
    l->from = pol_word_of(S);
    pol_item_add(cx, POL_I_LIST, K, (struct pol_item){ .list = l });
}
item ::= COMMIT(K) WORD(N) TO WORD(P) AT bound(B) value(V) PER WORD(U) zone(Z) where(W). {
    struct pol_commit *c = pol_new(cx, sizeof *c);
    *c = (struct pol_commit){ .name = pol_word_of(N), .provider = pol_word_of(P),
        .period = pol_word_of(U), .zone = Z, .least = B, .target = V, .where = W.cond,
        .where_at = W.at };
    pol_item_add(cx, POL_I_COMMIT, K, (struct pol_item){ .commit = c });
}
%type bound {bool}
bound(A) ::= LEAST. { A = true; }
bound(A) ::= MOST. { A = false; }
%type zone {struct pol_word}
zone(A) ::= . { A = (struct pol_word){ 0 }; }
zone(A) ::= IN STRING(S). { A = pol_word_of(S); }
%type where {struct where}
where(A) ::= . { A = (struct where){ 0 }; }
where(A) ::= WHERE(K) cond(C). { A = (struct where){ C, K.at }; }

item ::= RULE(K) STRING(N) off(O) which(W) USE(U) chain(C). {
    struct pol_rule *r = pol_new(cx, sizeof *r);
    *r = (struct pol_rule){ .name = pol_word_of(N), .off = O, .when = W.when, .unless = W.unless,
        .when_at = W.when_at, .unless_at = W.unless_at, .use_at = U.at, .chain = C };
    pol_item_add(cx, POL_I_RULE, K, (struct pol_item){ .rule = r });
}
item ::= DEFAULT(K) USE(U) chain(C). {
    struct pol_rule *r = pol_new(cx, sizeof *r);
    *r = (struct pol_rule){ .is_default = true, .name = pol_word_of(K), .use_at = U.at,
        .chain = C };
    pol_item_add(cx, POL_I_RULE, K, (struct pol_item){ .rule = r });
}
%type off {bool}
off(A) ::= . { A = false; }
off(A) ::= OFF. { A = true; }
%type which {struct which}
which(A) ::= . { A = (struct which){ 0 }; }
which(A) ::= WHEN(K) cond(C). { A = (struct which){ .when = C, .when_at = K.at }; }
which(A) ::= UNLESS(K) cond(C). { A = (struct which){ .unless = C, .unless_at = K.at }; }
which(A) ::= WHEN(K) cond(C) UNLESS(L) cond(D). {
    A = (struct which){ .when = C, .when_at = K.at, .unless = D, .unless_at = L.at };
}

%type chain {struct pol_chain}
chain(A) ::= targets(T). { A = (struct pol_chain){ T.first, false, T.at }; }
chain(A) ::= targets(T) THEN CONTINUE(K). {
    A = (struct pol_chain){ T.first, true, pol_place_to(T.at, K.at) };
}
%type targets {struct targets}
targets(A) ::= target(T). { A = (struct targets){ T, &T->next, T->at }; }
targets(A) ::= targets(L) THEN target(T). {
    struct pol_target *last = T;
    A = L;
    *A.end = last;
    A.end = &last->next;
    A.at = pol_place_to(L.at, T->at);
}
%type target {struct pol_target *}
target(A) ::= WORD(P). {
    A = pol_new(cx, sizeof *A);
    *A = (struct pol_target){ .kind = POL_TO_PROVIDER, .at = P.at, .what = pol_word_of(P) };
}
target(A) ::= ONLY(K) WORD(P). {
    A = pol_new(cx, sizeof *A);
    *A = (struct pol_target){ .kind = POL_TO_ONLY, .at = pol_place_to(K.at, P.at),
        .what = pol_word_of(P) };
}
target(A) ::= CHEAPEST(K) OF words(W) guard(G). {
    A = pol_new(cx, sizeof *A);
    *A = (struct pol_target){ .kind = POL_TO_CHEAPEST, .at = K.at, .of = W.first,
        .within = G.within, .guard_cheapest = G.cheapest, .guard_best = G.best };
}
target(A) ::= FASTEST(K) OF words(W) guard(G). {
    A = pol_new(cx, sizeof *A);
    *A = (struct pol_target){ .kind = POL_TO_FASTEST, .at = K.at, .of = W.first,
        .within = G.within, .guard_cheapest = G.cheapest, .guard_best = G.best };
}
target(A) ::= BEST(K) WORD(B) OF words(W) guard(G). {
    A = pol_new(cx, sizeof *A);
    *A = (struct pol_target){ .kind = POL_TO_BEST, .at = pol_place_to(K.at, B.at),
        .what = pol_word_of(B), .of = W.first,
        .within = G.within, .guard_cheapest = G.cheapest, .guard_best = G.best };
}
target(A) ::= SPLIT(K) shares(S) BY key(B) salt(T). {
    A = pol_new(cx, sizeof *A);
    *A = (struct pol_target){ .kind = POL_TO_SPLIT, .at = K.at, .shares = S.first,
        .by = pol_word_of(B), .salt = T };
}
target(A) ::= DECLINE(K) STRING(S). {
    A = pol_new(cx, sizeof *A);
    *A = (struct pol_target){ .kind = POL_TO_DECLINE, .at = pol_place_to(K.at, S.at),
        .what = pol_word_of(S) };
}
%type guard {struct guard}
guard(A) ::= . { A = (struct guard){ 0 }; }
guard(A) ::= WITHIN value(V) OF CHEAPEST. { A = (struct guard){ .within = V, .cheapest = true }; }
guard(A) ::= WITHIN value(V) OF BEST WORD(B). {
    A = (struct guard){ .within = V, .best = pol_word_of(B) };
}
%type words {struct words}
words(A) ::= WORD(W). { A = words_add(cx, (struct words){ 0 }, W); }
words(A) ::= words(L) COMMA WORD(W). { A = words_add(cx, L, W); }
%type shares {struct shares}
shares(A) ::= share(S). { A = (struct shares){ S, &S->next }; }
shares(A) ::= shares(L) COMMA share(S). {
    struct pol_share *last = S;
    A = L;
    *A.end = last;
    A.end = &last->next;
}
%type share {struct pol_share *}
share(A) ::= PERCENT(N) WORD(P). {
    A = pol_new(cx, sizeof *A);
    *A = (struct pol_share){ .percent = pol_word_of(N), .provider = pol_word_of(P) };
    A->percent.text.n--;
}
share(A) ::= REST(K) WORD(P). {
    A = pol_new(cx, sizeof *A);
    *A = (struct pol_share){ .rest = true, .percent = pol_word_of(K), .provider = pol_word_of(P) };
}
%type key {struct pol_token}
key(A) ::= WORD(W). { A = W; }
key(A) ::= PAYMENT(W). { A = W; }
%type salt {struct pol_word}
salt(A) ::= . { A = (struct pol_word){ 0 }; }
salt(A) ::= SALT STRING(S). { A = pol_word_of(S); }

%type cond {struct pol_cond *}
cond(A) ::= unit(U). { A = U; }
cond(A) ::= ands(L). { A = group_new(cx, POL_C_AND, L); }
cond(A) ::= ors(L). { A = group_new(cx, POL_C_OR, L); }
%type ands {struct conds}
ands(A) ::= unit(U) AND unit(V). { A = conds_pair(U, V); }
ands(A) ::= ands(L) AND unit(V). { A = conds_add(L, V); }
%type ors {struct conds}
ors(A) ::= unit(U) OR unit(V). { A = conds_pair(U, V); }
ors(A) ::= ors(L) OR unit(V). { A = conds_add(L, V); }
%type unit {struct pol_cond *}
unit(A) ::= NOT(K) unit(U). {
    A = pol_new(cx, sizeof *A);
    A->kind = POL_C_NOT;
    A->kids = U;
    A->at = pol_place_to(K.at, U->at);
}
unit(A) ::= LP cond(C) RP. { A = C; }
unit(A) ::= test(T). { A = T; }

%type no {bool}
no(A) ::= . { A = false; }
no(A) ::= NOT. { A = true; }
%type test {struct pol_cond *}
test(A) ::= WORD(W) IS no(N) value(V). {
    A = test_new(cx, POL_TEST_IS, W, V->at);
    A->negated = N;
    A->value = V;
}
test(A) ::= WORD(W) IS no(N) KNOWN(K). {
    A = test_new(cx, POL_TEST_KNOWN, W, K.at);
    A->negated = N;
}
test(A) ::= WORD(W) no(N) IN WORD(L). {
    A = test_new(cx, POL_TEST_LIST, W, L.at);
    A->negated = N;
    A->list = pol_word_of(L);
}
test(A) ::= WORD(W) no(N) IN LB elements(V) RB(K). {
    A = test_new(cx, POL_TEST_SET, W, K.at);
    A->negated = N;
    A->value = V.first;
}
test(A) ::= WORD(W) RELOP(R) value(V). {
    A = test_new(cx, relation(R), W, V->at);
    A->value = V;
}
test(A) ::= WORD(W) BETWEEN value(V) AND value(U). {
    A = test_new(cx, POL_TEST_BETWEEN, W, U->at);
    A->value = V;
    A->second = U;
}
test(A) ::= WORD(W) STARTS WITH value(V). {
    A = test_new(cx, POL_TEST_STARTS, W, V->at);
    A->value = V;
}
test(A) ::= WORD(W) MATCHES REGEX(R). {
    A = test_new(cx, POL_TEST_MATCHES, W, R.at);
    A->list = pol_word_of(R);
}
test(A) ::= WORD(W) STRING(S) BETWEEN value(V) AND value(U). {
    A = test_new(cx, POL_TEST_BETWEEN, W, U->at);
    A->zone = pol_word_of(S);
    A->value = V;
    A->second = U;
}
test(A) ::= WORD(W) STRING(S) IN WORD(L). {
    A = test_new(cx, POL_TEST_LIST, W, L.at);
    A->zone = pol_word_of(S);
    A->list = pol_word_of(L);
}
test(A) ::= WORD(W) STRING(S) IN LB elements(V) RB(K). {
    A = test_new(cx, POL_TEST_SET, W, K.at);
    A->zone = pol_word_of(S);
    A->value = V.first;
}
test(A) ::= WORD(W) OF WORD(P) over(O) RELOP(R) value(V). {
    A = test_new(cx, relation(R), W, V->at);
    A->of = pol_word_of(P);
    A->over = O;
    A->value = V;
}
test(A) ::= WORD(W) OF WORD(P) over(O) IS value(V). {
    A = test_new(cx, POL_TEST_IS, W, V->at);
    A->of = pol_word_of(P);
    A->over = O;
    A->value = V;
}
test(A) ::= WORD(W) OF WORD(P) over(O) IS NOT value(V). {
    A = test_new(cx, POL_TEST_IS, W, V->at);
    A->of = pol_word_of(P);
    A->over = O;
    A->value = V;
    A->negated = true;
}
test(A) ::= WORD(W) OF WORD(P) over(O) IS no(N) KNOWN(K). {
    A = test_new(cx, POL_TEST_KNOWN, W, K.at);
    A->of = pol_word_of(P);
    A->over = O;
    A->negated = N;
}
test(A) ::= COMMITMENT(K) WORD(W) IS no(N) WORD(S). {
    A = test_new(cx, POL_TEST_COMMIT, W, S.at);
    A->at = pol_place_to(K.at, S.at);
    A->negated = N;
    A->value = value_new(cx, POL_V_WORD, S);
}
test(A) ::= SAMPLE(K) PERCENT(N) BY key(W) salt(T). {
    A = test_new(cx, POL_TEST_SAMPLE, W, W.at);
    A->at = pol_place_to(K.at, T.text.p != NULL ? T.at : W.at);
    A->value = value_new(cx, POL_V_PERCENT, N);
    A->salt = T;
}
%type over {struct pol_word}
over(A) ::= . { A = (struct pol_word){ 0 }; }
over(A) ::= OVER DURATION(D). { A = pol_word_of(D); }

%type elements {struct values}
elements(A) ::= element(V). { A = (struct values){ V, &V->next }; }
elements(A) ::= elements(L) element(V). { *L.end = V; A = L; A.end = &V->next; }
%type element {struct pol_value *}
element(A) ::= scalar(V). { A = V; }
element(A) ::= NUMBER(L) DOTDOT NUMBER(H). { A = value_pair(cx, POL_V_RANGE, L, H); }
%type value {struct pol_value *}
value(A) ::= scalar(V). { A = V; }
value(A) ::= WORD(C) NUMBER(N). { A = value_pair(cx, POL_V_MONEY, C, N); }
%type scalar {struct pol_value *}
scalar(A) ::= WORD(T). { A = value_new(cx, POL_V_WORD, T); }
scalar(A) ::= NUMBER(T). { A = value_new(cx, POL_V_NUMBER, T); }
scalar(A) ::= PERCENT(T). { A = value_new(cx, POL_V_PERCENT, T); }
scalar(A) ::= PP(T). { A = value_new(cx, POL_V_PP, T); }
scalar(A) ::= DURATION(T). { A = value_new(cx, POL_V_DURATION, T); }
scalar(A) ::= CLOCK(T). { A = value_new(cx, POL_V_CLOCK, T); }
scalar(A) ::= STRING(T). { A = value_new(cx, POL_V_TEXT, T); }

item ::= RETRY(K) rwhen(W) rclauses(R). {
    R->when = W.cond;
    R->when_at = W.at;
    pol_item_add(cx, POL_I_RETRY, K, (struct pol_item){ .retry = R });
}
%type rwhen {struct where}
rwhen(A) ::= . { A = (struct where){ 0 }; }
rwhen(A) ::= WHEN(K) cond(C). { A = (struct where){ C, K.at }; }
%type rclauses {struct pol_retry *}
rclauses(A) ::= rclause(C). { A = pol_new(cx, sizeof *A); pol_retry_add(cx, A, C); }
rclauses(A) ::= rclauses(L) rclause(C). { A = L; pol_retry_add(cx, A, C); }
%type rclause {struct retry_clause}
rclause(A) ::= ON(K) words(W). { A = (struct retry_clause){ .kind = R_ON, .at = K.at, .words = W.first }; }
rclause(A) ::= NEVER(K) ON words(W). { A = (struct retry_clause){ .kind = R_NEVER, .at = K.at, .words = W.first }; }
rclause(A) ::= AT(K) MOST NUMBER(N) WORD(U). {
    A = (struct retry_clause){ .kind = R_MOST, .at = K.at, .word = pol_word_of(N), .unit = pol_word_of(U) };
}
rclause(A) ::= WITHIN(K) DURATION(D). { A = (struct retry_clause){ .kind = R_WITHIN, .at = K.at, .word = pol_word_of(D) }; }
rclause(A) ::= TO(K) WORD(W). { A = (struct retry_clause){ .kind = R_TO, .at = K.at, .word = pol_word_of(W) }; }
%include {
enum retry_kind { R_ON, R_NEVER, R_MOST, R_WITHIN, R_TO };
struct retry_clause {
    enum retry_kind kind;
    struct pol_place at;
    struct pol_words *words;
    struct pol_word word, unit;
};

static void join(struct pol_words **to, struct pol_words *words)
{
    while (*to != NULL)
        to = &(*to)->next;
    *to = words;
}

static void set_once(struct pol_parse *cx, struct pol_word *to, struct retry_clause c)
{
    if (to->text.p != NULL)
        pol_say(cx->report, POL_E_TWICE, c.at, "this clause stands here twice");
    *to = c.word;
}

static void pol_retry_add(struct pol_parse *cx, struct pol_retry *r, struct retry_clause c)
{
    switch (c.kind) {
    case R_ON: join(&r->on, c.words); break;
    case R_NEVER: join(&r->never, c.words); break;
    case R_MOST:
        set_once(cx, &r->most, c);
        r->unit = c.unit;
        break;
    case R_WITHIN: set_once(cx, &r->within, c); break;
    case R_TO: set_once(cx, &r->to, c); break;
    }
}
}

item ::= EXPECT(K) STRING(N) eclauses(E). {
    E->name = pol_word_of(N);
    pol_item_add(cx, POL_I_EXPECT, K, (struct pol_item){ .expect = E });
}
%type eclauses {struct pol_expect *}
eclauses(A) ::= . { A = pol_new(cx, sizeof *A); }
eclauses(A) ::= eclauses(E) LIKE(K) STRING(S). {
    A = E;
    if (A->like.text.p != NULL)
        pol_say(cx->report, POL_E_TWICE, K.at, "`like` stands here twice");
    A->like = pol_word_of(S);
}
eclauses(A) ::= eclauses(E) PAYMENT binds(B). {
    struct pol_bind **end = &E->bind;
    while (*end != NULL)
        end = &(*end)->next;
    *end = B.first;
    A = E;
}
eclauses(A) ::= eclauses(E) WITH facts(F). {
    struct pol_fact **end = &E->fact;
    while (*end != NULL)
        end = &(*end)->next;
    *end = F.first;
    A = E;
}
eclauses(A) ::= eclauses(E) ROUTES(K) TO dest(D) tolerance(T) by(R). {
    A = E;
    if (A->routes_at.line != 0)
        pol_say(cx->report, POL_E_TWICE, K.at, "`routes to` stands here twice");
    A->routes_at = K.at;
    A->route = D.route;
    A->shares = D.shares;
    A->within = T.within;
    A->over = T.over;
    A->unit = T.unit;
    A->rule = R;
}
eclauses(A) ::= eclauses(E) DECLINES by(R). { A = E; A->declines = true; if (R.text.p != NULL) A->rule = R; }
eclauses(A) ::= eclauses(E) RETRIES ON WORD(W) TO WORD(P). {
    A = E;
    retries_add(cx, E, (struct pol_retries){ .on = pol_word_of(W), .to = pol_word_of(P) });
}
eclauses(A) ::= eclauses(E) NEVER RETRIES ON WORD(W). {
    A = E;
    retries_add(cx, E, (struct pol_retries){ .never = true, .on = pol_word_of(W) });
}
%include {
static void retries_add(struct pol_parse *cx, struct pol_expect *e, struct pol_retries r)
{
    struct pol_retries *n = pol_new(cx, sizeof *n), **end = &e->retries;

    *n = r;
    while (*end != NULL)
        end = &(*end)->next;
    *end = n;
}
}
%type binds {struct binds}
binds(A) ::= bind(B). { A = (struct binds){ B, &B->next }; }
binds(A) ::= binds(L) COMMA bind(B). {
    struct pol_bind *last = B;
    A = L;
    *A.end = last;
    A.end = &last->next;
}
%type bind {struct pol_bind *}
bind(A) ::= WORD(W) value(V). {
    A = pol_new(cx, sizeof *A);
    A->attr = pol_word_of(W);
    A->value = V;
}
%type facts {struct facts}
facts(A) ::= fact(F). { A = (struct facts){ F, &F->next }; }
facts(A) ::= facts(L) COMMA fact(F). {
    struct pol_fact *last = F;
    A = L;
    *A.end = last;
    A.end = &last->next;
}
%type fact {struct pol_fact *}
fact(A) ::= WORD(W) OF WORD(P) IS value(V). {
    A = pol_new(cx, sizeof *A);
    *A = (struct pol_fact){ .kind = POL_F_PROVIDER, .attr = pol_word_of(W), .of = pol_word_of(P), .value = V };
}
fact(A) ::= COMMITMENT WORD(W) IS WORD(S). {
    A = pol_new(cx, sizeof *A);
    *A = (struct pol_fact){ .kind = POL_F_COMMIT, .attr = pol_word_of(W), .text = pol_word_of(S) };
}
fact(A) ::= WORD(W) STRING(S). {
    A = pol_new(cx, sizeof *A);
    *A = (struct pol_fact){ .kind = POL_F_TEXT, .attr = pol_word_of(W), .text = pol_word_of(S) };
}
%type dest {struct dest}
dest(A) ::= WORD(P). { A = (struct dest){ .route = words_add(cx, (struct words){ 0 }, P).first }; }
dest(A) ::= dests(L) THEN WORD(P). { A = (struct dest){ .route = words_add(cx, L, P).first }; }
dest(A) ::= shared(S). { A = (struct dest){ .shares = S.first }; }
%type dests {struct words}
dests(A) ::= WORD(P). { A = words_add(cx, (struct words){ 0 }, P); }
dests(A) ::= dests(L) THEN WORD(P). { A = words_add(cx, L, P); }
%type shared {struct shares}
shared(A) ::= PERCENT(N) WORD(P). {
    struct pol_share *first = share_new(cx, N, P);
    A = (struct shares){ first, &first->next };
}
shared(A) ::= shared(L) COMMA PERCENT(N) WORD(P). {
    struct pol_share *last = share_new(cx, N, P);
    A = L;
    *A.end = last;
    A.end = &last->next;
}
%include {
static struct pol_share *share_new(struct pol_parse *cx, struct pol_token n, struct pol_token p)
{
    struct pol_share *s = pol_new(cx, sizeof *s);

    s->percent = pol_word_of(n);
    s->percent.text.n--;
    s->provider = pol_word_of(p);
    return s;
}
}
%type tolerance {struct tolerance}
tolerance(A) ::= . { A = (struct tolerance){ 0 }; }
tolerance(A) ::= WITHIN PP(V) OVER NUMBER(N) WORD(U). {
    A = (struct tolerance){ pol_word_of(V), pol_word_of(N), pol_word_of(U) };
}
%type by {struct pol_word}
by(A) ::= . { A = (struct pol_word){ 0 }; }
by(A) ::= BY RULE STRING(S). { A = pol_word_of(S); }

/* What the lexer gives and no rule takes. */
%token COMMENT BAD EQOP.

%code {
/* Would the parser take this token now? Follows reductions on a copy of the states. */
int pol_would_take(const yyParser *p, YYCODETYPE token)
{
    YYACTIONTYPE state[304];
    size_t top = (size_t)(p->yytos - p->yystack);

    if (token == POL_T_RESUME || token == POL_T_COMMENT || top >= 300)
        return 0;
    for (size_t i = 0; i <= top; i++)
        state[i] = p->yystack[i].stateno;
    for (unsigned guard = 0; guard < 400; guard++) {
        YYACTIONTYPE a = yy_find_shift_action(token, state[top]);

        if (a < YY_MIN_REDUCE)
            return a < YY_ERROR_ACTION;
        a = (YYACTIONTYPE)(a - YY_MIN_REDUCE);
        top = (size_t)((long)top + yyRuleInfoNRhs[a]) + 1;
        if (top >= 302)
            return 0;
        state[top] = yy_find_reduce_action(state[top - 1], yyRuleInfoLhs[a]);
    }
    return 0;
}

struct pol_grammar {
    yyParser parser;
    struct pol_parse *cx;
};

struct pol_grammar *pol_grammar_new(struct arena *a, struct pol_parse *cx)
{
    struct pol_grammar *g = arena_alloc(a, sizeof *g);

    if (g != NULL) {
        g->cx = cx;
        PolGrammarInit(&g->parser, cx);
    }
    return g;
}

void pol_grammar_restart(struct pol_grammar *g)
{
    struct pol_token t = { .kind = POL_T_RESUME };

    PolGrammarFinalize(&g->parser);
    PolGrammarInit(&g->parser, g->cx);
    g->cx->failed = false;
    PolGrammar(&g->parser, POL_T_RESUME, t);
}

bool pol_grammar_feed(struct pol_grammar *g, struct pol_token t)
{
    g->cx->token = t;
    PolGrammar(&g->parser, t.kind, t);
    return !g->cx->failed;
}
}
