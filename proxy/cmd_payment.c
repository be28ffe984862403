/* proxy/cmd_payment.c -- the journal, for people: read beside a running gateway. */
#include "proxy/cmd_payment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/clock.h"
#include "proxy/cmd_config.h"
#include "proxy/config.h"
#include "proxy/journal.h"
#include "proxy/story.h"
#include "routing/base/check.h"
#include "routing/base/json.h"

enum { FOUND_MAX = 32, MEMORY = 16 << 20, TEXT = 1 << 20, PATH = 4096 };

static const struct px_option options[] = {
    { "journal", 'j', "FILE", "the journal itself, instead of what the configuration names" },
    PX_OPTION_CONFIG,
    PX_OPTION_SET,
    { .name = NULL },
};

/* ---- reading ---- */

/* The file's name into path, or an exit code. */
static int journal_of(const struct px_cli *c, char path[PATH])
{
    const char *given = px_cli_value(c, "journal");
    struct px_config *config = NULL;
    int e;

    if (given == NULL) {
        if ((e = px_cmd_config_load(c, &config)) != PX_YES)
            return e;
        given = config->journal_path;
    }
    if (given == NULL)
        e = px_cli_fail(c, PX_UNREACHABLE, "this gateway keeps its journal in memory");
    else if (span_copyz(span_str(given), path, PATH) != OK)
        e = px_cli_fail(c, PX_USAGE, "the journal's name is too long");
    else
        e = PX_YES;
    px_config_destroy(config);
    return e;
}

static void letter_init(struct px_journal_letter *l, struct arena *a)
{
    memset(l, 0, sizeof *l);
    arena_init(a, NULL, 0, px_heap(), MEMORY);
    l->arena = a;
    l->now_ms = px_unix_ms();
}

static int unreadable(const struct px_cli *c, const struct diag *why)
{
    return px_cli_fail(c, PX_UNREACHABLE, "%s", why->text);
}

/* ---- printing ---- */

/* What merchants and providers wrote may hold what a terminal obeys. */
static void print_harmless(struct buf *b)
{
    for (size_t i = 0; i < b->n; i++) {
        unsigned char c = (unsigned char)b->p[i];

        if ((c < 0x20 && c != '\n') || c == 0x7f)
            b->p[i] = '?';
    }
    fwrite(b->p, 1, b->n, stdout);
}

static struct buf text_in(struct arena *a)
{
    struct buf b = arena_buf(a, TEXT);

    CHECK(b.cap > 0);
    return b;
}

/* ---- show ---- */

/* The payment that a found record is, or belongs to. */
static const char *payment_of(const struct px_record *r)
{
    return r->parent[0] != '\0' ? r->parent : r->id;
}

/* How many different payments were found; the first one's id. */
static unsigned payments_of(const struct px_journal_letter *l, const char **first)
{
    unsigned n = 0;

    for (unsigned i = 0; i < l->lists; i++) {
        bool seen = false;

        for (unsigned k = 0; k < i; k++)
            seen = seen || strcmp(payment_of(&l->list[k]), payment_of(&l->list[i])) == 0;
        if (!seen && n++ == 0)
            *first = payment_of(&l->list[i]);
    }
    return n;
}

static int show_one(const struct px_cli *c, const char *path, const char *id)
{
    struct px_journal_letter l;
    struct arena a;
    struct diag why = { 0 };
    struct buf text;
    int e = PX_YES;

    letter_init(&l, &a);
    l.call = PX_CALL_LOAD;
    l.with_events = true;
    if (span_copyz(span_str(id), l.record.id, sizeof l.record.id) != OK ||
        px_journal_read(path, &l, &why) != OK) {
        e = unreadable(c, &why);
    } else {
        text = text_in(&a);
        if (c->json)
            px_story_json(&l, &text);
        else
            px_story_tell(&l, &text);
        print_harmless(&text);
    }
    arena_fini(&a);
    return e;
}

static void row(const struct px_record *r, int64_t now_ms, struct buf *out)
{
    char age_text[24], money_text[40];
    struct buf age = BUF_OF(age_text), money = BUF_OF(money_text);

    px_story_span(now_ms - r->created_ms, &age);
    money_print(r->amount, &money);
    buf_fmt(out, "%-8s %-26s %-9s %14s  %-8s %-12s %s%s%s\n", buf_z(&age), r->id, rt_op_name(r->op),
            buf_z(&money), px_standing_name(r->standing), r->plan[r->leg < LIMIT_LEGS ? r->leg : 0],
            r->merchant, r->order[0] == '\0' ? "" : " ", r->order);
}

static void table(const struct px_record *r, unsigned n, int64_t now_ms, struct buf *out)
{
    for (unsigned i = 0; i < n; i++)
        row(&r[i], now_ms, out);
}

static void head(struct buf *out)
{
    buf_fmt(out, "%-8s %-26s %-9s %14s  %-8s %-12s %s\n", "AGE", "ID", "OPERATION", "AMOUNT",
            "STANDING", "AT", "MERCHANT, ORDER");
}

static int several(const struct px_cli *c, const struct px_journal_letter *l, unsigned payments)
{
    struct buf text = text_in(l->arena);

    head(&text);
    table(l->list, l->lists, l->now_ms, &text);
    print_harmless(&text);
    return px_cli_fail(c, PX_NO, "%u payments are meant; name one by its id", payments);
}

static int run_show(const struct px_cli *c)
{
    struct px_journal_letter l;
    struct arena a;
    struct diag why = { 0 };
    char path[PATH];
    const char *id = NULL;
    unsigned n;
    int e = journal_of(c, path);

    if (e != PX_YES)
        return e;
    letter_init(&l, &a);
    l.limit = FOUND_MAX;
    if (px_journal_search(path, span_str(c->operand[0]), &l, &why) != OK)
        e = unreadable(c, &why);
    else if ((n = payments_of(&l, &id)) == 0)
        e = px_cli_fail(c, PX_NO, "nothing in the journal goes by '%s'", c->operand[0]);
    else
        e = n > 1 ? several(c, &l, n) : show_one(c, path, id);
    arena_fini(&a);
    return e;
}

const struct px_command px_cmd_payment_show = {
    .name = "payment show",
    .operands = "ID",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "what happened to one payment, and was the customer charged",
    .help = "ID is any name it goes by: ours, the Idempotency-Key, the merchant's order, the\n"
            "provider's reference, the network's, or our reference at the provider (at0_...).\n"
            "Reads the journal itself, beside a running gateway or without one. The last line\n"
            "tells whether the customer was charged: once, not, or not yet known.\n"
            "Exit: 0 found, 1 not found or several are meant, 3 the journal can not be read.",
    .option = options,
    .json = true,
    .run = run_show,
};

/* ---- unresolved ---- */

/* Page after page, each read anew and printed at once. */
struct listing {
    struct px_journal_letter l;
    struct arena page, ink;
    struct buf text;
    struct json_out json;
    unsigned n;
    int64_t oldest_ms;
};

static void print_page(struct listing *g, bool json)
{
    const struct px_journal_letter *l = &g->l;

    if (g->n == 0)
        g->oldest_ms = l->now_ms - l->list[0].created_ms;
    if (g->n == 0 && !json)
        head(&g->text);
    g->n += l->lists;
    if (!json)
        table(l->list, l->lists, l->now_ms, &g->text);
    for (unsigned i = 0; json && i < l->lists; i++)
        px_story_record_json(&l->list[i], &g->json);
    print_harmless(&g->text);
    buf_clear(&g->text);
}

static int list_all(const struct px_cli *c, const char *path, struct listing *g)
{
    struct diag why = { 0 };

    do {
        if (g->l.lists > 0)
            memcpy(g->l.record.id, g->l.list[g->l.lists - 1].id, sizeof g->l.record.id);
        arena_reset(&g->page);
        if (px_journal_read(path, &g->l, &why) != OK)
            return unreadable(c, &why);
        if (g->l.lists > 0)
            print_page(g, c->json);
    } while (g->l.lists > 0);
    return PX_YES;
}

static void print_sum(const struct listing *g)
{
    char age_text[24];
    struct buf age = BUF_OF(age_text);

    px_story_span(g->oldest_ms, &age);
    if (g->n == 0)
        printf("nothing is unresolved\n");
    else
        printf("%u unresolved, the oldest for %s\n", g->n, buf_z(&age));
}

static int list_as_json(const struct px_cli *c, const char *path, struct listing *g)
{
    int e;

    json_open(&g->json, '{');
    json_member_i64(&g->json, "schema", 1);
    json_name(&g->json, "unresolved");
    json_open(&g->json, '[');
    e = list_all(c, path, g);
    json_close(&g->json, ']');
    json_close(&g->json, '}');
    buf_byte(&g->text, '\n');
    print_harmless(&g->text);
    return e;
}

static int run_unresolved(const struct px_cli *c)
{
    struct listing g;
    char path[PATH];
    int e = journal_of(c, path);

    if (e != PX_YES)
        return e;
    memset(&g, 0, sizeof g);
    letter_init(&g.l, &g.page);
    arena_init(&g.ink, NULL, 0, px_heap(), MEMORY);
    g.l.call = PX_CALL_UNRESOLVED;
    g.text = text_in(&g.ink);
    g.json = json_to(&g.text);
    if (c->json) {
        e = list_as_json(c, path, &g);
    } else {
        e = list_all(c, path, &g);
        if (e == PX_YES)
            print_sum(&g);
    }
    arena_fini(&g.page);
    arena_fini(&g.ink);
    return e;
}

const struct px_command px_cmd_payment_unresolved = {
    .name = "payment unresolved",
    .summary = "payments and operations whose outcome is not known, oldest first",
    .help =
        "Those in doubt, those that wait for a provider's result, and those whose gateway died\n"
        "while asking. What a running gateway is asking about at this moment is not listed.\n"
        "Exit: 0 told (also if there are some), 3 the journal can not be read.",
    .option = options,
    .json = true,
    .run = run_unresolved,
};
