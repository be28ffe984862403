/* policies/token.re -- characters to tokens (re2c). The text ends with a NUL that does not count. */
#include "policies/parse.h"

#include "grammar.h"

static struct pol_token bad(struct pol_lexer *lx, struct pol_token t, const char *why,
                            const char *help)
{
    lx->why = why;
    lx->help = help;
    t.kind = POL_T_BAD;
    return t;
}

static struct pol_token token(const struct pol_lexer *lx, const char *from, int kind)
{
    struct pol_token t = { 0 };

    t.kind = kind;
    t.text.p = from;
    t.text.n = (size_t)(lx->at - from);
    t.at.source = lx->source;
    t.at.at = (uint32_t)(from - lx->source->text.p);
    t.at.len = (uint32_t)t.text.n;
    t.at.line = lx->line;
    return t;
}

static struct pol_token quoted(const struct pol_lexer *lx, const char *from, int kind)
{
    struct pol_token t = token(lx, from, kind);

    t.text.p++;
    t.text.n -= 2;
    return t;
}

struct pol_token pol_lex(struct pol_lexer *lx)
{
    const char *YYCURSOR, *YYLIMIT = lx->source->text.p + lx->source->text.n, *YYMARKER;
    const char *from;

#define GIVE(kind) return lx->at = YYCURSOR, token(lx, from, POL_T_##kind)
#define BAD(why, help) return lx->at = YYCURSOR, bad(lx, token(lx, from, POL_T_BAD), why, help)
again:
    from = YYCURSOR = lx->at;
    /*!re2c
    re2c:define:YYCTYPE = "unsigned char";
    re2c:yyfill:enable = 0;
    re2c:eof = 0;

    digits   = [0-9] [0-9_]*;
    number   = digits ("." [0-9]+)?;
    word     = [A-Za-z_] [A-Za-z0-9_.-]*;
    more     = [\x80-\xBF];
    utf8     = [\xC2-\xDF] more | "\xE0" [\xA0-\xBF] more | [\xE1-\xEC\xEE\xEF] more more | "\xED" [\x80-\x9F] more
             | "\xF0" [\x90-\xBF] more more | [\xF1-\xF3] more more more | "\xF4" [\x80-\x8F] more more;
    text     = [^"\\\x00-\x1F\x7F-\xFF] | utf8 | "\\" ["\\];
    broken   = text | [\x80-\xFF];
    rx       = [^/\\\n\x00-\x1F\x7F] | "\\" [^\n\x00-\x1F\x7F];

    *        { BAD("this character means nothing here", ""); }
    $        { lx->at = YYCURSOR; return token(lx, from, 0); }
    [ \t\r]+ { lx->at = YYCURSOR; goto again; }
    "\n"     { lx->at = lx->line_start = YYCURSOR; lx->line++; goto again; }
    "#" [^\n\x00]* { GIVE(COMMENT); }

    "policy"     { GIVE(POLICY); }
    "owner"      { GIVE(OWNER); }
    "import"     { GIVE(IMPORT); }
    "providers"  { GIVE(PROVIDERS); }
    "list"       { GIVE(LIST); }
    "from"       { GIVE(FROM); }
    "commit"     { GIVE(COMMIT); }
    "to"         { GIVE(TO); }
    "at"         { GIVE(AT); }
    "least"      { GIVE(LEAST); }
    "most"       { GIVE(MOST); }
    "per"        { GIVE(PER); }
    "in"         { GIVE(IN); }
    "where"      { GIVE(WHERE); }
    "rule"       { GIVE(RULE); }
    "off"        { GIVE(OFF); }
    "when"       { GIVE(WHEN); }
    "unless"     { GIVE(UNLESS); }
    "use"        { GIVE(USE); }
    "then"       { GIVE(THEN); }
    "continue"   { GIVE(CONTINUE); }
    "default"    { GIVE(DEFAULT); }
    "only"       { GIVE(ONLY); }
    "cheapest"   { GIVE(CHEAPEST); }
    "fastest"    { GIVE(FASTEST); }
    "best"       { GIVE(BEST); }
    "of"         { GIVE(OF); }
    "within"     { GIVE(WITHIN); }
    "split"      { GIVE(SPLIT); }
    "rest"       { GIVE(REST); }
    "salt"       { GIVE(SALT); }
    "by"         { GIVE(BY); }
    "decline"    { GIVE(DECLINE); }
    "and"        { GIVE(AND); }
    "or"         { GIVE(OR); }
    "not"        { GIVE(NOT); }
    "is"         { GIVE(IS); }
    "known"      { GIVE(KNOWN); }
    "between"    { GIVE(BETWEEN); }
    "starts"     { GIVE(STARTS); }
    "with"       { GIVE(WITH); }
    "matches"    { GIVE(MATCHES); }
    "over"       { GIVE(OVER); }
    "commitment" { GIVE(COMMITMENT); }
    "sample"     { GIVE(SAMPLE); }
    "retry"      { GIVE(RETRY); }
    "never"      { GIVE(NEVER); }
    "on"         { GIVE(ON); }
    "expect"     { GIVE(EXPECT); }
    "like"       { GIVE(LIKE); }
    "payment"    { GIVE(PAYMENT); }
    "routes"     { GIVE(ROUTES); }
    "declines"   { GIVE(DECLINES); }
    "retries"    { GIVE(RETRIES); }

    "," { GIVE(COMMA); }
    "(" { GIVE(LP); }
    ")" { GIVE(RP); }
    "{" { GIVE(LB); }
    "}" { GIVE(RB); }
    ".." { GIVE(DOTDOT); }
    "<" | "<=" | ">" | ">=" { GIVE(RELOP); }
    "=" | "==" | "!=" | "<>" | "===" { GIVE(EQOP); }

    word     { GIVE(WORD); }
    number   { GIVE(NUMBER); }
    number "%" { GIVE(PERCENT); }
    number ("pp" | "bps") { GIVE(PP); }
    digits ("ms" | "s" | "m" | "h" | "d") { GIVE(DURATION); }
    [0-9] [0-9]? ":" [0-9] [0-9] { GIVE(CLOCK); }
    number [A-Za-z_:%] [A-Za-z0-9_:%]* {
        BAD("this is neither a number nor a duration",
            "write 70%, 0.5pp, 40bps, 30s, 5m, 8h, 22:00, or a string: \"...\"");
    }
    ["] text* ["]  { lx->at = YYCURSOR; return quoted(lx, from, POL_T_STRING); }
    ["] broken* ["]  { BAD("this string is not UTF-8", "save the file as UTF-8"); }
    ["] broken*    { BAD("this string is not closed", "end it with \" on the same line; \\\" and \\\\ stand for \" and \\"); }
    "/" rx+ "/"    { lx->at = YYCURSOR; return quoted(lx, from, POL_T_REGEX); }
    "/"            { BAD("this is no regular expression", "write /.../ on one line; a slash in it is \\/"); }
    [\x80-\xFF]+   { BAD("letters beyond ASCII may only stand in strings and comments", ""); }
    "&" "&"?       { BAD("this character means nothing here", "write `and`"); }
    "|" "|"?       { BAD("this character means nothing here", "write `or`"); }
    "!"            { BAD("this character means nothing here", "write `not`"); }
    ";"            { BAD("this character means nothing here", "sentences end by themselves; remove it"); }
    ['] [^'\n\x00]* ['] { BAD("strings stand in double quotes", "write \"...\""); }
    */
}
