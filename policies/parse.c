/* policies/parse.c -- drives the grammar; after an error goes on at the next item, so that one run
 * tells every mistake. */
#include "policies/parse.h"

#include <string.h>

#include "grammar.h"
#include "routing/base/check.h"

enum { SPARE = 128 * 1024, TEXT_MAX = 4 * 1024 * 1024 };

/* ---- for the grammar's actions ---- */

/* Once the arena is full, what is left of this token's reductions goes to the spare room. */
void *pol_new(struct pol_parse *cx, size_t n)
{
    void *p = cx->no_memory ? NULL : arena_alloc(cx->arena, n);

    if (p != NULL)
        return p;
    cx->no_memory = cx->failed = true;
    n = (n + 15) / 16 * 16;
    CHECK(cx->spare_used + n <= SPARE);
    p = cx->spare + cx->spare_used;
    cx->spare_used += n;
    return p;
}

struct pol_word pol_word_of(struct pol_token t)
{
    return (struct pol_word){ t.text, t.at };
}

void pol_item_add(struct pol_parse *cx, enum pol_item_kind kind, struct pol_token at,
                  struct pol_item item)
{
    struct pol_item *i = pol_new(cx, sizeof *i);

    *i = item;
    i->kind = kind;
    i->at = at.at;
    *cx->item_end = i;
    cx->item_end = &i->next;
}

/* ---- what stands here, what could ---- */

static const struct {
    int kind;
    const char *name;
} names[] = {
    /* punctuation first: a missing comma is more often meant than a new clause */
    { POL_T_COMMA, "`,`" },
    { POL_T_RP, "`)`" },
    { POL_T_RB, "`}`" },
    { POL_T_LP, "`(`" },
    { POL_T_LB, "`{`" },
    { POL_T_DOTDOT, "`..`" },
    { POL_T_RELOP, "`>=`" },
    { POL_T_STRING, "a string in double quotes" },
    { POL_T_WORD, "a name" },
    { POL_T_NUMBER, "a number" },
    { POL_T_PERCENT, "a percentage" },
    { POL_T_PP, "a difference such as 0.5pp" },
    { POL_T_DURATION, "a duration such as 30s" },
    { POL_T_CLOCK, "a time such as 22:00" },
    { POL_T_REGEX, "a regular expression /…/" },
    { POL_T_IS, "`is`" },
    { POL_T_IN, "`in`" },
    { POL_T_NOT, "`not`" },
    { POL_T_KNOWN, "`known`" },
    { POL_T_AND, "`and`" },
    { POL_T_OR, "`or`" },
    { POL_T_BETWEEN, "`between`" },
    { POL_T_STARTS, "`starts with`" },
    { POL_T_WITH, "`with`" },
    { POL_T_MATCHES, "`matches`" },
    { POL_T_OF, "`of`" },
    { POL_T_OVER, "`over`" },
    { POL_T_WHEN, "`when`" },
    { POL_T_UNLESS, "`unless`" },
    { POL_T_USE, "`use`" },
    { POL_T_THEN, "`then`" },
    { POL_T_CONTINUE, "`continue`" },
    { POL_T_ONLY, "`only`" },
    { POL_T_CHEAPEST, "`cheapest of`" },
    { POL_T_FASTEST, "`fastest of`" },
    { POL_T_BEST, "`best`" },
    { POL_T_SPLIT, "`split`" },
    { POL_T_DECLINE, "`decline`" },
    { POL_T_WITHIN, "`within`" },
    { POL_T_BY, "`by`" },
    { POL_T_SALT, "`salt`" },
    { POL_T_REST, "`rest`" },
    { POL_T_TO, "`to`" },
    { POL_T_AT, "`at`" },
    { POL_T_LEAST, "`least`" },
    { POL_T_MOST, "`most`" },
    { POL_T_PER, "`per`" },
    { POL_T_WHERE, "`where`" },
    { POL_T_FROM, "`from`" },
    { POL_T_OFF, "`off`" },
    { POL_T_ON, "`on`" },
    { POL_T_NEVER, "`never`" },
    { POL_T_LIKE, "`like`" },
    { POL_T_PAYMENT, "`payment`" },
    { POL_T_ROUTES, "`routes to`" },
    { POL_T_DECLINES, "`declines`" },
    { POL_T_RETRIES, "`retries`" },
    { POL_T_COMMITMENT, "`commitment`" },
    { POL_T_SAMPLE, "`sample`" },
    { POL_T_POLICY, "`policy`" },
    { POL_T_OWNER, "`owner`" },
    { POL_T_IMPORT, "`import`" },
    { POL_T_PROVIDERS, "`providers`" },
    { POL_T_LIST, "`list`" },
    { POL_T_COMMIT, "`commit`" },
    { POL_T_RULE, "`rule`" },
    { POL_T_DEFAULT, "`default`" },
    { POL_T_RETRY, "`retry`" },
    { POL_T_EXPECT, "`expect`" },
};

const char *pol_token_name(int kind)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (names[i].kind == kind)
            return names[i].name;
    }
    return "the end of the file";
}

static bool listed(const int *kinds, unsigned n, int kind)
{
    for (unsigned i = 0; i < n; i++) {
        if (kinds[i] == kind)
            return true;
    }
    return false;
}

static void put_expected(const int *expected, unsigned n, struct buf *out)
{
    enum { TOLD = 6 };
    unsigned told = 0;

    for (size_t i = 0; i < sizeof names / sizeof names[0] && told < TOLD; i++) {
        if (listed(expected, n, names[i].kind))
            buf_fmt(out, "%s%s", told++ > 0 ? ", " : "", names[i].name);
    }
    if (n > told)
        buf_str(out, told > 0 ? ", …" : "");
}

/* Words that people who know other languages write. */
static const char *usual_help(struct pol_token t)
{
    static const struct {
        const char *word, *help;
    } usual[] = {
        { "if", "conditions begin with `when`" },
        { "where", "conditions of a rule begin with `when`" },
        { "else", "there is no else: write another rule below" },
        { "equals", "write `is` (or `is not`) to compare" },
        { "route", "write `use` and the provider" },
        { "otherwise", "write `default` and `use …`" },
        { "isnt", "write `is not`" },
        { "true", "compare with a word: `network_token is yes`" },
        { "AND", "words of the language are written in small letters: `and`" },
        { "OR", "words of the language are written in small letters: `or`" },
        { "NOT", "words of the language are written in small letters: `not`" },
    };

    for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++) {
        if (span_is(t.text, usual[i].word))
            return usual[i].help;
    }
    return NULL;
}

/* A word that is nearly one of those that could stand here. */
static const char *near_help(struct pol_token t, const int *expected, unsigned n, struct buf *out)
{
    struct pol_near near = pol_near_init(t.text);

    if (t.kind != POL_T_WORD)
        return NULL;
    for (unsigned i = 0; i < n; i++) {
        const char *name = pol_token_name(expected[i]);
        struct span word = span_str(name);

        if (word.n < 4 || word.p[0] != '`')
            continue;
        word = span_take(span_drop(word, 1), word.n - 2);
        if (memchr(word.p, ' ', word.n) != NULL)
            word.n = (size_t)((const char *)memchr(word.p, ' ', word.n) - word.p);
        pol_near_offer(&near, word);
    }
    if (!pol_near_found(&near))
        return NULL;
    buf_fmt(out, "did you mean `%.*s`?", SPAN_ARG(near.best));
    return buf_z(out);
}

static const char *help_for(struct pol_parse *cx, struct pol_token t, const int *expected,
                            unsigned n, struct buf *room)
{
    const char *help;

    if (t.kind == POL_T_BAD)
        return cx->lexer->help;
    if (t.kind == POL_T_EQOP)
        return "write `is` (or `is not`) to compare; `signalbox policy fmt --fix` rewrites it";
    if (t.kind == POL_T_AND && listed(expected, n, POL_T_OR))
        return "`and` and `or` can not be mixed without parentheses: write `(a or b) and c`";
    if (t.kind == POL_T_OR && listed(expected, n, POL_T_AND))
        return "`and` and `or` can not be mixed without parentheses: write `(a and b) or c`";
    if ((help = usual_help(t)) != NULL || (help = near_help(t, expected, n, room)) != NULL)
        return help;
    if (t.kind != POL_T_WORD && t.kind != 0 && t.text.n > 0 && t.text.p[0] >= 'a' &&
        t.text.p[0] <= 'z' && listed(expected, n, POL_T_WORD)) {
        buf_fmt(room, "`%.*s` is a word of the language; names must be others", SPAN_ARG(t.text));
        return buf_z(room);
    }
    return "";
}

void pol_unexpected(struct pol_parse *cx, struct pol_token t, const int *expected, unsigned n)
{
    char room[200], help_room[120];
    struct buf wanted = BUF_OF(room), help = BUF_OF(help_room);
    struct pol_finding *f;

    cx->failed = true;
    if (cx->no_memory)
        return;
    put_expected(expected, n, &wanted);
    if (t.kind == POL_T_BAD)
        f = pol_say(cx->report, POL_E_LEXIS, t.at, "%s", cx->lexer->why);
    else if (t.kind == 0)
        f = pol_say(cx->report, POL_E_UNEXPECTED, t.at, "the file ends too early; expected %s",
                    buf_z(&wanted));
    else if (t.kind == POL_T_EQOP || (t.kind == POL_T_AND && listed(expected, n, POL_T_OR)) ||
             (t.kind == POL_T_OR && listed(expected, n, POL_T_AND)))
        f = pol_say(cx->report, POL_E_UNEXPECTED, t.at, "unexpected `%.*s`", SPAN_ARG(t.text));
    else
        f = pol_say(cx->report, POL_E_UNEXPECTED, t.at, "unexpected `%.*s`; expected %s",
                    SPAN_ARG(span_take(t.text, 60)), buf_z(&wanted));
    pol_say_help(f, "%s", help_for(cx, t, expected, n, &help));
}

/* ---- the driver ---- */

struct driver {
    struct pol_parse cx;
    struct pol_lexer lexer;
    struct pol_grammar *grammar;
    struct pol_comment **comment_end;
    int item;              /* keyword of the item being read */
    struct span item_name; /* the name after it */
    bool name_next;
};

static bool begins_item(int kind)
{
    return kind == POL_T_IMPORT || kind == POL_T_PROVIDERS || kind == POL_T_LIST ||
           kind == POL_T_COMMIT || kind == POL_T_RULE || kind == POL_T_DEFAULT ||
           kind == POL_T_RETRY || kind == POL_T_EXPECT;
}

/* Only blanks before it on its line? */
static bool first_on_line(struct pol_token t)
{
    for (uint32_t i = t.at.at; i > 0; i--) {
        char c = t.at.source->text.p[i - 1];

        if (c == '\n')
            return true;
        if (c != ' ' && c != '\t' && c != '\r')
            return false;
    }
    return true;
}

static bool keep_comment(struct driver *d, struct pol_token t)
{
    struct pol_comment *c = ARENA_NEW(d->cx.arena, struct pol_comment);

    if (c == NULL)
        return false;
    while (t.text.n > 0 && (t.text.p[t.text.n - 1] == ' ' || t.text.p[t.text.n - 1] == '\t' ||
                            t.text.p[t.text.n - 1] == '\r'))
        t.text.n--;
    c->text = t.text;
    c->at = t.at;
    c->own_line = first_on_line(t);
    *d->comment_end = c;
    d->comment_end = &c->next;
    return true;
}

static struct pol_token next_token(struct driver *d)
{
    struct pol_token t;

    do {
        t = pol_lex(&d->lexer);
    } while (t.kind == POL_T_COMMENT && (keep_comment(d, t) || (d->cx.no_memory = true)) &&
             !d->cx.no_memory);
    return t;
}

static enum pol_item_kind item_kind(int keyword)
{
    switch (keyword) {
    case POL_T_IMPORT: return POL_I_IMPORT;
    case POL_T_PROVIDERS: return POL_I_PROVIDERS;
    case POL_T_LIST: return POL_I_LIST;
    case POL_T_COMMIT: return POL_I_COMMIT;
    case POL_T_RETRY: return POL_I_RETRY;
    case POL_T_EXPECT: return POL_I_EXPECT;
    default: return POL_I_RULE;
    }
}

static void remember_broken(struct driver *d)
{
    struct pol_broken *b;

    if (d->item == 0 || (b = ARENA_NEW(d->cx.arena, struct pol_broken)) == NULL)
        return;
    b->kind = item_kind(d->item);
    b->is_default = d->item == POL_T_DEFAULT;
    b->name = d->item_name;
    b->next = d->cx.ast->broken;
    d->cx.ast->broken = b;
}

static void note(struct driver *d, struct pol_token t)
{
    if (begins_item(t.kind) && first_on_line(t)) {
        d->item = t.kind;
        d->item_name = SPAN_NONE;
        d->name_next = true;
    } else if (d->name_next) {
        d->item_name = t.text;
        d->name_next = false;
    }
}

/* Skips to the next item (its keyword stands first on a line) and starts the grammar anew. */
static struct pol_token recover(struct driver *d, struct pol_token t)
{
    remember_broken(d);
    while (t.kind != 0 && !(begins_item(t.kind) && first_on_line(t)) && !d->cx.no_memory)
        t = next_token(d);
    if (!d->cx.no_memory)
        pol_grammar_restart(d->grammar);
    return t;
}

static void drive(struct driver *d)
{
    struct pol_token t;

    do {
        t = next_token(d);
        while (!d->cx.no_memory) {
            struct pol_token fed = t;

            if (d->grammar == NULL || pol_grammar_feed(d->grammar, t)) {
                note(d, t);
                break;
            }
            if (d->cx.no_memory)
                break;
            /* an item keyword that came too early belongs to the next item */
            t = recover(d, t);
            if (t.kind == 0)
                return;
            if (fed.at.at == t.at.at)
                note(d, t);
        }
    } while (t.kind != 0 && !d->cx.no_memory);
}

struct pol_source *pol_source_new(struct arena *a, const char *name, struct span text)
{
    struct pol_source *s = ARENA_NEW(a, struct pol_source);
    char *copy = arena_alloc(a, text.n + 1);

    if (s == NULL || copy == NULL)
        return NULL;
    if (text.n > 0)
        memcpy(copy, text.p, text.n);
    s->name = arena_str(a, span_str(name));
    s->text = (struct span){ copy, text.n };
    return s->name == NULL ? NULL : s;
}

enum err pol_parse(struct pol_source *source, struct arena *a, struct pol_report *report,
                   struct pol_ast **out)
{
    struct driver d = { .cx = { .arena = a, .report = report } };

    *out = NULL;
    if (source->text.n > TEXT_MAX) {
        pol_say(report, POL_E_TOO_BIG, (struct pol_place){ .source = source },
                "the text is longer than 4 MiB");
        return E_LIMIT;
    }
    d.cx.ast = ARENA_NEW(a, struct pol_ast);
    d.cx.spare = arena_alloc(a, SPARE);
    d.grammar = pol_grammar_new(a, &d.cx);
    if (d.cx.ast == NULL || d.cx.spare == NULL || d.grammar == NULL)
        return E_LIMIT;
    d.cx.lexer = &d.lexer;
    d.cx.ast->source = source;
    d.cx.item_end = &d.cx.ast->item;
    d.comment_end = &d.cx.ast->comment;
    d.lexer = (struct pol_lexer){
        .source = source, .at = source->text.p, .line = 1, .line_start = source->text.p
    };
    if (span_starts(source->text, POL_BOM))
        d.lexer.at = d.lexer.line_start = source->text.p + sizeof POL_BOM - 1;
    drive(&d);
    if (d.cx.no_memory)
        return E_LIMIT;
    *out = d.cx.ast;
    return OK;
}
