/* policies/lists.c -- `list` items: written out, or the first column of a CSV file. */
#include <string.h>

#include "policies/inside.h"

enum { ROWS_MAX = 1000000, BAD_ROWS_TOLD = 10 };

static bool digits(struct span s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
    }
    return s.n > 0;
}

/* low..high or low-high */
static bool range_cut(struct span cell, struct span *low, struct span *high)
{
    for (size_t i = 1; i < cell.n; i++) {
        size_t sep = cell.p[i] == '-' ? 1 : cell.p[i] == '.' && i + 1 < cell.n ? 2 : 0;

        if (sep == 0 || (sep == 2 && cell.p[i + 1] != '.'))
            continue;
        *low = span_trim(span_take(cell, i));
        *high = span_trim(span_drop(cell, i + sep));
        return digits(*low) && digits(*high);
    }
    return false;
}

static bool is_header(struct span cell)
{
    static const char *const words[] = { "bin",   "iin",      "prefix", "country", "code",
                                         "value", "customer", "id",     "name",    "low" };

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (span_is_nocase(cell, words[i]))
            return true;
    }
    return false;
}

static struct span first_cell(struct span line)
{
    struct span cell;

    line = span_trim(line);
    if (line.n > 0 && line.p[line.n - 1] == '\r')
        line = span_trim(span_take(line, line.n - 1));
    if (line.n > 1 && line.p[0] == '"') {
        const char *end = memchr(line.p + 1, '"', line.n - 1);

        return end == NULL ? SPAN_NONE : (struct span){ line.p + 1, (size_t)(end - line.p - 1) };
    }
    if (!span_cut(&line, ',', &cell))
        return SPAN_NONE;
    return span_trim(cell);
}

static bool usable(struct span cell)
{
    for (size_t i = 0; i < cell.n; i++) {
        unsigned char c = (unsigned char)cell.p[i];

        if (c < 0x20 || c == 0x7F || c == '"')
            return false;
    }
    return cell.n > 0 && cell.n <= LIMIT_TEXT;
}

static struct pol_value *row_value(struct pol_bench *b, struct span cell, struct pol_place at)
{
    struct pol_value *v = ARENA_NEW(b->arena, struct pol_value);

    if (v == NULL) {
        b->no_memory = true;
        return NULL;
    }
    v->kind = POL_V_TEXT;
    v->text = v->cell = cell;
    v->at = at;
    if (digits(cell))
        v->kind = POL_V_NUMBER;
    else if (range_cut(cell, &v->text, &v->second))
        v->kind = POL_V_RANGE;
    else
        v->text = cell;
    return v;
}

/* The rows of a list file: no comments, no empty lines, not the names of the columns. */
struct rows {
    struct span rest, line, cell; /* cell: the first of the line */
    unsigned no;                  /* of the line, from 1 */
    bool begun;                   /* a row that counts was seen */
};

static struct rows rows_of(struct span text)
{
    bool marked = span_starts(text, POL_BOM);

    return (struct rows){ .rest = marked ? span_drop(text, sizeof POL_BOM - 1) : text };
}

static bool rows_next(struct rows *r)
{
    while (span_cut(&r->rest, '\n', &r->line)) {
        r->no++;
        r->cell = first_cell(r->line);
        if (span_trim(r->line).n > 0 && r->line.p[0] != '#' && (r->begun || !is_header(r->cell)))
            return true;
    }
    return false;
}

size_t pol_list_rows(struct span text)
{
    struct rows r = rows_of(text);
    size_t n = 0;

    while (rows_next(&r)) {
        r.begun = r.begun || usable(r.cell);
        n++;
    }
    return n;
}

static void read_rows(struct pol_bench *b, struct pol_list_code *l, struct pol_source *source)
{
    struct rows r = rows_of(source->text);
    struct pol_value **end = &l->value;
    unsigned bad = 0;

    while (!b->no_memory && rows_next(&r)) {
        struct pol_place at = { source, (uint32_t)(r.line.p - source->text.p), (uint32_t)r.line.n,
                                r.no };

        if (!usable(r.cell)) {
            if (++bad <= BAD_ROWS_TOLD)
                pol_say_help(pol_say(b->report, POL_E_ROW, at, "this row has no value"),
                             "the first column is one value, or a range low..high");
            continue;
        }
        if (l->count == ROWS_MAX) {
            pol_say(b->report, POL_E_TOO_BIG, at, "more than %d rows", ROWS_MAX);
            return;
        }
        at.at = (uint32_t)(r.cell.p - source->text.p);
        at.len = (uint32_t)r.cell.n;
        if ((*end = row_value(b, r.cell, at)) == NULL)
            return;
        end = &(*end)->next;
        l->count++;
        r.begun = true;
    }
}

static void read_file(struct pol_bench *b, const struct pol_list *ast, struct pol_list_code *l)
{
    struct diag why = { 0 };
    struct span text;
    const char *name;
    struct pol_source *source;

    if (b->env->load == NULL ||
        !b->env->load(b->env->ctx, ast->from.text, ast->from.at.source->name, &text, &name, &why)) {
        pol_say(b->report, POL_E_FILE, ast->from.at, "%s",
                b->env->load == NULL ? "no files can be read here" : why.text);
        return;
    }
    source = pol_source_new(b->arena, name, text);
    if (source == NULL) {
        b->no_memory = true;
        return;
    }
    source->next = b->source;
    b->source = source;
    l->file = source;
    read_rows(b, l, source);
}

void pol_check_list(struct pol_bench *b, const struct pol_list *l)
{
    struct pol_list_code *all = b->list.p, *c;

    for (unsigned i = 0; i < b->list.n; i++) {
        if (span_eq(all[i].name.text, l->name.text)) {
            pol_say(b->report, POL_E_DUPLICATE, l->name.at,
                    "there is a list `%.*s` already (line %u)", SPAN_ARG(l->name.text),
                    all[i].name.at.line);
            return;
        }
    }
    if (b->list.n == POL_LISTS_MAX) {
        pol_say(b->report, POL_E_TOO_BIG, l->name.at, "more than %d lists", POL_LISTS_MAX);
        return;
    }
    c = pol_push(b, &b->list, sizeof *c);
    c->name = l->name;
    c->value = l->value;
    for (const struct pol_value *v = l->value; v != NULL; v = v->next)
        c->count++;
    if (l->from.text.p != NULL)
        read_file(b, l, c);
}
