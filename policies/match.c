/* policies/match.c */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "policies/match.h"

#include <pcre2.h>
#include <string.h>

/* A pattern of a policy looks at card digits and short names: what needs more than this is a
 * mistake or an attack. */
enum {
    PATTERN_MAX = 1000,
    STEPS_MAX = 20000,
    DEPTH_MAX = 500,
    HEAP_KIB = 64,
    ROOM = 128 * 1024, /* on the stack of one match: its frames, instead of a heap */
};

struct room {
    _Alignas(max_align_t) char mem[ROOM];
    size_t used;
};

static void *room_get(size_t n, void *data)
{
    struct room *r = data;
    void *p = r->mem + r->used;

    n = (n + _Alignof(max_align_t) - 1) / _Alignof(max_align_t) * _Alignof(max_align_t);
    if (n > ROOM - r->used)
        return NULL;
    r->used += n;
    return p;
}

static void *arena_get(size_t n, void *data)
{
    return arena_alloc(data, n);
}

static void keep(void *block, void *data)
{
    (void)block;
    (void)data;
}

static void tell(int error, struct diag *why)
{
    PCRE2_UCHAR text[120];

    (void)pcre2_get_error_message(error, text, sizeof text);
    diag_set(why, "%s", (const char *)text);
}

/* Begins with ^ in every branch: compared with itself, compiled to be anchored? PCRE2 knows. */
static bool is_anchored(const pcre2_code *code)
{
    uint32_t options = 0;

    return pcre2_pattern_info(code, PCRE2_INFO_ALLOPTIONS, &options) == 0 &&
           (options & PCRE2_ANCHORED) != 0;
}

enum err pol_regex_make(struct pol_regex *r, struct span text, struct arena *a, struct diag *why)
{
    pcre2_general_context *general = pcre2_general_context_create(arena_get, keep, a);
    pcre2_compile_context *compile;
    pcre2_match_context *match;
    PCRE2_SIZE at;
    int error;

    *r = (struct pol_regex){ .text = text };
    if (general == NULL || (compile = pcre2_compile_context_create(general)) == NULL ||
        (match = pcre2_match_context_create(general)) == NULL)
        return E_LIMIT;
    (void)pcre2_set_max_pattern_length(compile, PATTERN_MAX);
    (void)pcre2_set_parens_nest_limit(compile, 50);
    (void)pcre2_set_match_limit(match, STEPS_MAX);
    (void)pcre2_set_depth_limit(match, DEPTH_MAX);
    (void)pcre2_set_heap_limit(match, HEAP_KIB);
    r->code_ = pcre2_compile((PCRE2_SPTR)text.p, text.n,
                             PCRE2_NEVER_BACKSLASH_C | PCRE2_NEVER_UCP | PCRE2_DOLLAR_ENDONLY,
                             &error, &at, compile);
    if (r->code_ == NULL) {
        tell(error, why);
        why->col = (unsigned)at + 1;
        return error == PCRE2_ERROR_HEAP_FAILED ? E_LIMIT : E_SYNTAX;
    }
    r->context_ = match;
    r->anchored = is_anchored(r->code_);
    r->fast = pcre2_jit_compile(r->code_, PCRE2_JIT_COMPLETE) == 0;
    return OK;
}

void pol_regex_fini(struct pol_regex *r)
{
    if (r->code_ != NULL)
        pcre2_code_free(r->code_);
    r->code_ = NULL;
}

enum pol_found pol_regex_match(const struct pol_regex *r, struct span subject)
{
    struct room room;
    pcre2_general_context *general;
    pcre2_match_data *data;
    int found;

    room.used = 0;
    general = pcre2_general_context_create(room_get, keep, &room);
    data = general == NULL ? NULL : pcre2_match_data_create(1, general);
    if (data == NULL)
        return POL_FOUND_GAVE_UP;
    found = pcre2_match(r->code_, (PCRE2_SPTR)subject.p, subject.n, 0, 0, data, r->context_);
    if (found == PCRE2_ERROR_NOMATCH)
        return POL_FOUND_NO;
    return found >= 0 ? POL_FOUND_YES : POL_FOUND_GAVE_UP;
}
