/* policies/parse.h -- from text to tree, and what lexer, grammar and parser share. */
#ifndef POL_PARSE_H
#define POL_PARSE_H
#include "policies/ast.h"
#include "routing/base/arena.h"

struct pol_token {
    int kind; /* POL_T_… of grammar.h; 0: the end */
    struct span text;
    struct pol_place at;
};

struct pol_lexer {
    const struct pol_source *source;
    const char *at;
    uint32_t line;
    const char *line_start;
    const char *why; /* of POL_T_BAD */
    const char *help;
    struct span comment; /* of POL_T_COMMENT */
};

/* The next token; comments come as POL_T_COMMENT. */
struct pol_token pol_lex(struct pol_lexer *lx);

/* What the grammar's actions work on. */
struct pol_parse {
    struct arena *arena;
    struct pol_report *report;
    struct pol_ast *ast;
    struct pol_item **item_end;
    const struct pol_lexer *lexer;
    struct pol_token token; /* the one being fed */
    bool failed;            /* stop feeding: an error was told */
    bool no_memory;
    char *spare; /* for what must still be built when the arena is full */
    size_t spare_used;
};

/* Reads one text. Errors are told in report; the tree holds every item that could be read.
 *   errors  E_LIMIT: the arena was full. */
MUST enum err pol_parse(struct pol_source *source, struct arena *a, struct pol_report *report,
                        struct pol_ast **out);
/* A source of its own in the arena, NUL-terminated; NULL when the arena is full. */
struct pol_source *pol_source_new(struct arena *a, const char *name, struct span text);

/* ---- for grammar.y ---- */
/* Feeds one token; false once an error was told. */
struct pol_grammar;
struct pol_grammar *pol_grammar_new(struct arena *a, struct pol_parse *cx);
void pol_grammar_restart(struct pol_grammar *g);
bool pol_grammar_feed(struct pol_grammar *g, struct pol_token t);

void *pol_new(struct pol_parse *cx, size_t n); /* never NULL while failed is false */
struct pol_word pol_word_of(struct pol_token t);
void pol_unexpected(struct pol_parse *cx, struct pol_token t, const int *expected, unsigned n);
const char *pol_token_name(int kind); /* "`use`", "a word" */
void pol_item_add(struct pol_parse *cx, enum pol_item_kind kind, struct pol_token at,
                  struct pol_item item);
#endif
