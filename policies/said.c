/* policies/said.c */
#include "policies/said.h"

#include "policies/inside.h"
#include "routing/base/hash.h"

void pol_said_init(struct pol_said *s)
{
    s->again = s->other = s->more = s->missed = false;
    s->missing = 0;
    s->bin_digits = 0;
    s->answers = s->metadata_n = 0;
    s->customer = 0;
}

static uint64_t hash_of(struct span s)
{
    return s.n == 0 ? 0 : hash64(s, 0);
}

void pol_said_take(struct pol_said *s, const struct pol_facts *f)
{
    s->bin_digits = f->bin_digits;
    s->customer = hash_of(f->customer);
    s->metadata_n = 0;
    for (unsigned i = 0; i < f->metadata_n && i < LIMIT_METADATA; i++) {
        s->metadata[i].name = hash_of(f->metadata[i].name);
        s->metadata[i].value = hash_of(f->metadata[i].value);
        s->metadata_n++;
    }
}

bool pol_program_test(const struct pol_program *p, uint32_t test, const char **file, unsigned *line,
                      unsigned *col)
{
    if (test >= p->ins_n || p->ins_at[test].source == NULL)
        return false;
    *file = p->ins_at[test].source->name;
    *line = p->ins_at[test].line;
    *col = pol_place_col(p->ins_at[test]);
    return true;
}

/* ---- meanings ---- */

static struct span bytes_of(const void *p, size_t n)
{
    return (struct span){ p, n };
}

/* Of the tests that pol_said_note() is called for; by words, since numbers of the program may be
 * others in the next release. Negation is not part of it. */
static uint64_t meaning_of(const struct pol_program *p, const struct pol_ins *ins)
{
    bool meta = ins->a >= POL_TEXTS_;
    uint64_t of = hash64(SPAN("customer"), 0);

    switch (ins->op) {
    case POL_OP_BIN:
        return hash64(bytes_of(&p->pair[ins->set], ins->n * sizeof p->pair[0]),
                      hash64(SPAN("bin in"), 0));
    case POL_OP_BIN_REGEX: return hash64(p->regex[ins->set].text, hash64(SPAN("bin matches"), 0));
    case POL_OP_PREFIX:
    case POL_OP_REGEX:
        if (!pol_text_private(ins->a))
            return 0;
        if (meta)
            of = hash64(p->meta[ins->a - POL_TEXTS_], hash64(SPAN("metadata"), 0));
        return ins->op == POL_OP_PREFIX
                   ? hash64(p->text[ins->set], hash64(SPAN("starts with"), of))
                   : hash64(p->regex[ins->set].text, hash64(SPAN("matches"), of));
    default: return 0;
    }
}

uint64_t *pol_meanings(const struct pol_program *p, struct arena *a)
{
    uint64_t *meaning = ARENA_NEWS(a, uint64_t, p->ins_n + 1);

    for (uint32_t i = 0; i < p->ins_n && meaning != NULL; i++)
        meaning[i] = meaning_of(p, &p->ins[i]);
    return meaning;
}

uint64_t pol_program_meaning(const struct pol_program *p, uint32_t test)
{
    return test < p->ins_n && p->meaning != NULL ? p->meaning[test] : 0;
}

/* ---- answers ---- */

static const struct pol_answer *find(const struct pol_said *s, uint32_t test)
{
    for (unsigned i = 0; i < s->answers; i++) {
        if (s->answer[i].test == test)
            return &s->answer[i];
    }
    return NULL;
}

void pol_said_note(struct pol_said *s, uint32_t test, enum pol_is is)
{
    if (find(s, test) != NULL)
        return;
    if (s->answers == POL_ANSWERS_MAX)
        s->more = true;
    else
        s->answer[s->answers++] = (struct pol_answer){ .test = test, .is = is };
}

static const struct pol_answer *find_meaning(const struct pol_said *s, uint64_t meaning)
{
    for (unsigned i = 0; i < s->answers && meaning != 0; i++) {
        if (s->answer[i].meaning == meaning)
            return &s->answer[i];
    }
    return NULL;
}

enum pol_is pol_said_find(struct pol_said *s, const struct pol_program *p, uint32_t test)
{
    const struct pol_answer *a =
        s->other ? find_meaning(s, pol_program_meaning(p, test)) : find(s, test);

    if (a != NULL)
        return a->is;
    if (!s->missed)
        s->missing = test;
    s->missed = true;
    return POL_IS_UNKNOWN;
}

static uint64_t metadata_hash(const struct pol_said *s, struct span name)
{
    uint64_t want = hash64(name, 0);

    for (unsigned i = 0; i < s->metadata_n; i++) {
        if (s->metadata[i].name == want)
            return s->metadata[i].value;
    }
    return 0;
}

bool pol_text_hash(const struct pol_program *p, const struct pol_facts *f, uint16_t text,
                   uint64_t *out)
{
    struct span s;

    if (pol_text_hidden(f, text)) {
        *out = text == POL_TEXT_CUSTOMER ? f->said->customer
                                         : metadata_hash(f->said, p->meta[text - POL_TEXTS_]);
        return *out != 0;
    }
    s = pol_text_of(p, f, text);
    *out = hash_of(s);
    return s.n > 0;
}

bool pol_text_private(uint16_t text)
{
    return text == POL_TEXT_CUSTOMER || text >= POL_TEXTS_;
}

bool pol_text_hidden(const struct pol_facts *f, uint16_t text)
{
    return f->said != NULL && f->said->again && pol_text_private(text);
}
