/* policies/said.c */
#include "policies/said.h"

#include "policies/inside.h"
#include "routing/base/hash.h"

void pol_said_init(struct pol_said *s)
{
    s->again = s->more = s->missed = false;
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
        s->answer[s->answers++] = (struct pol_answer){ test, is };
}

enum pol_is pol_said_find(struct pol_said *s, uint32_t test)
{
    const struct pol_answer *a = find(s, test);

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
