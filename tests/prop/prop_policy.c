/* tests/prop/prop_policy.c -- generated policies are printed and parsed again as the same tree; and
 * splits move nobody who need not move.
 *
 * prop_policy SEED ROUNDS */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policies/parse.h"
#include "policies/print.h"
#include "policies/program.h"
#include "routing/base/rng.h"

enum { TEXT_MAX_ = 256 * 1024, ROOM = 16 << 20, DEPTH = 4 };

struct made {
    struct rng rng;
    struct buf out;
};

static unsigned pick(struct made *m, unsigned n)
{
    return (unsigned)rng_below(&m->rng, n);
}

#define ONE_OF(m, list) ((list)[pick((m), sizeof(list) / sizeof((list)[0]))])

/* Blanks, newlines and comments anywhere: layout must not matter. */
static void gap(struct made *m)
{
    static const char *const gaps[] = {
        " ", " ", " ", "\n", "  \n\t", " # why\n", "\n# own line\n"
    };

    buf_str(&m->out, ONE_OF(m, gaps));
}

static void say(struct made *m, const char *word)
{
    gap(m);
    buf_str(&m->out, word);
}

static void provider(struct made *m)
{
    static const char *const names[] = { "adyen", "stripe", "world.pay", "x-1" };

    say(m, ONE_OF(m, names));
}

static void value(struct made *m)
{
    static const char *const values[] = { "DE",           "NO",    "457112", "20.50", "1_000",
                                          "70%",          "5pp",   "40bps",  "30m",   "22:00",
                                          "\"a \\\" b\"", "EUR 5", "\"é\"" };

    say(m, ONE_OF(m, values));
}

static void element(struct made *m)
{
    static const char *const values[] = { "DE", "NO", "457112", "20.50", "70%", "\"x\"", "1..2" };

    say(m, ONE_OF(m, values));
}

static void words(struct made *m)
{
    provider(m);
    while (pick(m, 3) == 0) {
        say(m, ",");
        provider(m);
    }
}

static void set(struct made *m)
{
    if (pick(m, 3) == 0) {
        say(m, "l1");
        return;
    }
    say(m, "{");
    do {
        element(m);
    } while (pick(m, 4) != 0);
    say(m, "}");
}

static void test(struct made *m)
{
    static const char *const names[] = { "country", "metadata.a-b", "bin", "amount", "x" };
    static const char *const relations[] = { "<", "<=", ">", ">=" };

    if (pick(m, 8) == 0) {
        say(m, pick(m, 2) ? "sample 5% by customer salt \"s\"" : "sample 5% by payment");
        return;
    }
    if (pick(m, 8) == 0) {
        say(m, pick(m, 2) ? "commitment c is behind" : "commitment c is not reached");
        return;
    }
    say(m, ONE_OF(m, names));
    switch (pick(m, 9)) {
    case 0:
        say(m, pick(m, 2) ? "is" : "is not");
        value(m);
        break;
    case 1: say(m, pick(m, 2) ? "is known" : "is not known"); break;
    case 2:
        say(m, pick(m, 2) ? "in" : "not in");
        set(m);
        break;
    case 3:
        say(m, ONE_OF(m, relations));
        value(m);
        break;
    case 4:
        say(m, "between");
        value(m);
        say(m, "and");
        value(m);
        break;
    case 5:
        say(m, "starts with");
        value(m);
        break;
    case 6: say(m, "matches /^a\\/[0-9]{2}/"); break;
    case 7:
        say(m, "of");
        provider(m);
        say(m, pick(m, 2) ? "over 30m >=" : "is");
        value(m);
        break;
    default:
        say(m, "\"Europe/Berlin\"");
        say(m, pick(m, 2) ? "between 22:00 and 6:00" : "in { 9..17 }");
    }
}

static void cond(struct made *m, unsigned depth)
{
    const char *word = pick(m, 2) ? "and" : "or";

    do {
        if (pick(m, 6) == 0)
            say(m, "not");
        if (depth > 0 && pick(m, 4) == 0) {
            say(m, "(");
            cond(m, depth - 1);
            say(m, ")");
        } else {
            test(m);
        }
        if (pick(m, 2) == 0)
            return;
        say(m, word);
    } while (true);
}

static void condition(struct made *m)
{
    cond(m, DEPTH);
}

static void target(struct made *m)
{
    switch (pick(m, 7)) {
    case 0: say(m, "only"); break;
    case 1:
        say(m, "cheapest of");
        words(m);
        if (pick(m, 2))
            say(m, "within 0.5pp of best approval");
        return;
    case 2:
        say(m, "best latency of");
        words(m);
        if (pick(m, 2))
            say(m, "within 2s of cheapest");
        return;
    case 3:
        say(m, "split 70% a, rest b by customer");
        if (pick(m, 2))
            say(m, "salt \"s\"");
        return;
    case 4: say(m, "decline \"no \\\\ way\""); return;
    default: break;
    }
    provider(m);
}

static void chain(struct made *m)
{
    say(m, "use");
    target(m);
    while (pick(m, 3) == 0) {
        say(m, "then");
        target(m);
    }
    if (pick(m, 4) == 0)
        say(m, "then continue");
}

static void retry(struct made *m)
{
    say(m, "retry");
    if (pick(m, 3) == 0) {
        say(m, "when");
        condition(m);
    }
    say(m, "on soft_decline, rate_limited");
    if (pick(m, 2))
        say(m, "never on hard_decline");
    if (pick(m, 2))
        say(m, "at most 2 times");
    if (pick(m, 2))
        say(m, "within 8s to next");
}

static void expect(struct made *m)
{
    static const char *const ends[] = { "routes to a then b by rule \"r\"", "declines",
                                        "routes to 70% a, 30% b within 1.5pp over 10_000 payments",
                                        "retries on soft_decline to b never retries on x" };

    say(m, "expect \"e\"");
    if (pick(m, 3) == 0)
        say(m, "like \"f\"");
    if (pick(m, 2)) {
        say(m, "payment country DE, amount EUR 20.00, customer");
        value(m);
    }
    if (pick(m, 2))
        say(m, "with cost of a is 0.28%, commitment c is behind, clock \"2026\"");
    say(m, ONE_OF(m, ends));
}

static void item(struct made *m)
{
    switch (pick(m, 8)) {
    case 0: say(m, "import \"x.route\""); break;
    case 1:
        say(m, "providers");
        words(m);
        break;
    case 2:
        say(m, "list l1");
        for (unsigned n = pick(m, 60); n-- > 0;)
            element(m);
        element(m);
        break;
    case 3:
        say(m, "commit c to a at least EUR 250_000 per day in \"Europe/Berlin\"");
        if (pick(m, 2)) {
            say(m, "where");
            condition(m);
        }
        break;
    case 4: retry(m); break;
    case 5: expect(m); break;
    default:
        say(m, pick(m, 6) == 0 ? "rule \"r\" off" : "rule \"r \\\" é\"");
        if (pick(m, 4) != 0) {
            say(m, "when");
            condition(m);
        }
        if (pick(m, 4) == 0) {
            say(m, "unless");
            condition(m);
        }
        chain(m);
    }
    buf_byte(&m->out, '\n');
}

/* ---- the same tree ---- */

static struct span tree_of(struct arena *a, struct span text, struct pol_ast **ast)
{
    struct buf out = arena_buf(a, 4 * TEXT_MAX_);
    struct pol_report r;

    pol_report_init(&r, a);
    if (pol_parse(pol_source_new(a, "t", text), a, &r, ast) != OK || r.errors > 0) {
        char room[4096];
        struct buf b = BUF_OF(room);

        pol_finding_print(r.first, false, &b);
        (void)fprintf(stderr, "%s%.*s\n", buf_z(&b), SPAN_ARG(text));
        return SPAN_NONE;
    }
    pol_print_json(*ast, &out);
    return buf_span(&out);
}

static bool round_trip(uint64_t seed, struct arena *a, char *room)
{
    struct made m = { rng_of(seed), buf_over(room, TEXT_MAX_) };
    struct buf printed = arena_buf(a, TEXT_MAX_), twice = arena_buf(a, TEXT_MAX_);
    struct pol_ast *ast, *again;
    struct span tree, tree2;

    buf_str(&m.out, "policy \"p\"");
    for (unsigned n = 1 + pick(&m, 8); n > 0; n--)
        item(&m);
    tree = tree_of(a, buf_span(&m.out), &ast);
    if (tree.p == NULL)
        return false;
    pol_print(ast, &printed);
    tree2 = tree_of(a, buf_span(&printed), &again);
    if (tree2.p == NULL || !span_eq(tree, tree2)) {
        (void)fprintf(stderr, "%.*s\nprinted as\n%.*s\n", SPAN_ARG(buf_span(&m.out)),
                      SPAN_ARG(buf_span(&printed)));
        return false;
    }
    pol_print(again, &twice);
    if (!span_eq(buf_span(&printed), buf_span(&twice))) {
        (void)fprintf(stderr, "%.*s\nprinted again as\n%.*s\n", SPAN_ARG(buf_span(&printed)),
                      SPAN_ARG(buf_span(&twice)));
        return false;
    }
    return true;
}

/* ---- splits ---- */

enum { CUSTOMERS = 20000 };

static bool deal(struct arena *a, const char *shares, unsigned char *to)
{
    char text[256], name[24];
    struct pol_env env = { .providers = 0 };
    struct pol_program *p;
    struct pol_report r;
    struct pol_facts f;
    struct rt_verdict v;

    (void)snprintf(text, sizeof text,
                   "policy \"p\" providers a, b, c default use split %s by customer salt \"s\"",
                   shares);
    pol_report_init(&r, a);
    if (pol_compile(span_str(text), "t", &env, a, &r, &p) != OK)
        return false;
    pol_facts_init(&f);
    f.eligible = 7;
    for (unsigned i = 0; i < CUSTOMERS; i++) {
        (void)snprintf(name, sizeof name, "customer-%u", i);
        f.customer = span_str(name);
        pol_eval(p, &f, &v, NULL);
        to[i] = v.provider[0];
    }
    pol_program_fini(p);
    return true;
}

static bool moves_at_most(struct arena *a, const char *before, const char *after, double least,
                          double most)
{
    static unsigned char one[CUSTOMERS], two[CUSTOMERS];
    unsigned moved = 0;

    if (!deal(a, before, one) || !deal(a, after, two))
        return false;
    for (unsigned i = 0; i < CUSTOMERS; i++)
        moved += one[i] != two[i];
    printf("split %s to %s: %.2f%% of customers move\n", before, after, 100.0 * moved / CUSTOMERS);
    return 100.0 * moved / CUSTOMERS >= least && 100.0 * moved / CUSTOMERS <= most;
}

static bool splits_are_stable(struct arena *a)
{
    return moves_at_most(a, "70% a, 30% b", "30% b, 70% a", 0, 0) &&
           moves_at_most(a, "50% a, 30% b, 20% c", "20% c, 50% a, 30% b", 0, 0) &&
           moves_at_most(a, "70% a, 30% b", "75% a, 25% b", 4, 6) &&
           moves_at_most(a, "50% a, 30% b, 20% c", "60% a, 25% b, 15% c", 9, 11) &&
           moves_at_most(a, "100% a", "95% a, 5% b", 4, 6);
}

int main(int argc, char **argv)
{
    uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    unsigned rounds = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) / 20 : 100;
    char *mem = malloc(ROOM), *room = malloc(TEXT_MAX_);
    struct arena a;
    bool good;

    if (mem == NULL || room == NULL)
        return 1;
    arena_init(&a, mem, ROOM, NULL, ROOM);
    good = splits_are_stable(&a);
    arena_fini(&a);
    for (unsigned i = 0; i < rounds && good; i++) {
        arena_init(&a, mem, 6 << 20, NULL, 6 << 20);
        good = round_trip(seed + i, &a, room);
        arena_fini(&a);
        if (!good)
            (void)fprintf(stderr, "seed %llu\n", (unsigned long long)(seed + i));
    }
    printf("%u policies printed and read again: %s\n", rounds, good ? "the same" : "NOT the same");
    free(mem);
    free(room);
    return good ? 0 : 1;
}
