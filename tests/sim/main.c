/* tests/sim/main.c -- many payments in bad weather, one after the other. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/sim/sim.h"

enum { EXIT_HARM = 1, EXIT_USAGE = 2, MUTANT_PAYMENTS = 100000 };

static struct world world; /* too big for a stack */

static int usage(void)
{
    (void)fprintf(
        stderr, "usage: sim [--first SEED] [--payments N] [--break LAW]   many payments\n"
                "       sim --seed SEED [--break LAW]                     one, told step by step\n"
                "       sim --mutations                                   is every law needed?\n"
                "laws:");
    for (unsigned i = 0; i < MUTATIONS; i++)
        (void)fprintf(stderr, " %s", mutation_name[i]);
    (void)fprintf(stderr, "\n");
    return EXIT_USAGE;
}

static double seconds(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool number(const char *text, uint64_t *out)
{
    char *end;

    errno = 0;
    *out = strtoull(text, &end, 10);
    return errno == 0 && end != text && *end == '\0' && *text != '-';
}

static bool law(const char *text, unsigned *out)
{
    for (unsigned i = 0; i < MUTATIONS; i++) {
        if (strcmp(text, mutation_name[i]) == 0) {
            *out |= 1U << i;
            return true;
        }
    }
    return false;
}

/* True if harm was found; seed is then the one that did. */
static bool search(uint64_t first, uint64_t payments, unsigned mutations, struct tally *t,
                   uint64_t *seed)
{
    for (*seed = first; *seed < first + payments; (*seed)++) {
        if (world_run(&world, *seed, mutations, false, t))
            return true;
    }
    return false;
}

static int replay(uint64_t seed, unsigned mutations)
{
    struct tally t = { 0 };
    bool bad = world_run(&world, seed, mutations, true, &t);

    printf("seed %" PRIu64 ": %s\n", seed, bad ? world.harm : "no harm");
    return bad ? EXIT_HARM : 0;
}

static void report(const struct tally *t, double took)
{
    printf("%" PRIu64 " payments, %" PRIu64 " happenings in %.1f s (%.0f payments/s)\n",
           t->payments, t->happenings, took, (double)t->payments / took);
    printf("  asked      %" PRIu64 " copies, %" PRIu64 " repeats, %" PRIu64 " inquiries, %" PRIu64
           " doubles, %" PRIu64 " late answers\n",
           t->copies, t->repeats, t->inquiries, t->doubles, t->late_answers);
    printf("  journal    %" PRIu64 " moves, %" PRIu64 " takeovers, %" PRIu64 " fenced, %" PRIu64
           " begun again, %" PRIu64 " promises lost, %" PRIu64 " settles lost\n",
           t->moves, t->takeovers, t->fenced, t->reopened, t->promise_lost, t->settle_lost);
    printf("  troubles   %" PRIu64 " crashes, %" PRIu64 " sleeps, %" PRIu64
           " customers out of patience, %" PRIu64 " early answers\n",
           t->crashes, t->sleeps, t->impatient, t->early_answers);
    printf("  charges    %" PRIu64 "\n", t->charges);
    printf("  ended      %" PRIu64 " approved, %" PRIu64 " declined, %" PRIu64 " not sent, %" PRIu64
           " payer must act, %" PRIu64 " pending, %" PRIu64 " open, %" PRIu64 " never begun\n",
           t->ended_approved, t->ended_declined, t->ended_not_sent, t->ended_live, t->ended_pending,
           t->ended_open, t->ended_none);
}

/* A run that never met a storm proves nothing. These pairs can not meet, whatever the weather: each
 * answers something that was not asked in that stage. */
static bool weathered(const struct tally *t)
{
    static const struct {
        enum rt_stage stage;
        enum rt_event_kind event;
    } meetings[] = {
        { RT_AT_PROMISING, RT_EV_PROMISED }, { RT_AT_PROMISING, RT_EV_PROMISE_LOST },
        { RT_AT_PROMISING, RT_EV_FENCED },   { RT_AT_PROMISING, RT_EV_IMPATIENT },
        { RT_AT_PROMISING, RT_EV_TIMER },    { RT_AT_ASKING, RT_EV_NOT_SENT },
        { RT_AT_ASKING, RT_EV_REFUSED },     { RT_AT_ASKING, RT_EV_ANSWERED },
        { RT_AT_ASKING, RT_EV_IN_DOUBT },    { RT_AT_ASKING, RT_EV_IMPATIENT },
        { RT_AT_UNSURE, RT_EV_TIMER },       { RT_AT_UNSURE, RT_EV_ANSWERED },
        { RT_AT_UNSURE, RT_EV_IMPATIENT },   { RT_AT_INQUIRING, RT_EV_INQUIRED },
        { RT_AT_INQUIRING, RT_EV_ANSWERED }, { RT_AT_INQUIRING, RT_EV_IMPATIENT },
        { RT_AT_SETTLING, RT_EV_SETTLED },   { RT_AT_SETTLING, RT_EV_SETTLE_LOST },
        { RT_AT_SETTLING, RT_EV_FENCED },    { RT_AT_SETTLING, RT_EV_IMPATIENT },
        { RT_AT_SETTLING, RT_EV_ANSWERED },  { RT_AT_OWING, RT_EV_TIMER },
        { RT_AT_OWING, RT_EV_ANSWERED },
    };
    bool ok = true;

    for (size_t i = 0; i < sizeof meetings / sizeof meetings[0]; i++) {
        if (t->met[meetings[i].stage][meetings[i].event] == 0) {
            printf("never met: %s while %s\n", rt_event_name(meetings[i].event),
                   rt_stage_name(meetings[i].stage));
            ok = false;
        }
    }
    return ok;
}

static int many(uint64_t first, uint64_t payments, unsigned mutations)
{
    struct tally t = { 0 };
    uint64_t seed;
    double began = seconds();

    if (search(first, payments, mutations, &t, &seed)) {
        printf("HARM after %" PRIu64 " payments, seed %" PRIu64 ":\n\n", t.payments, seed);
        return replay(seed, mutations);
    }
    report(&t, seconds() - began);
    if (payments >= 10000 && !weathered(&t))
        return EXIT_HARM;
    return 0;
}

static int mutants(void)
{
    unsigned survivors = 0;

    for (unsigned i = 0; i < MUTATIONS; i++) {
        struct tally t = { 0 };
        uint64_t seed;

        if (search(1, MUTANT_PAYMENTS, 1U << i, &t, &seed)) {
            printf("%-9s caught by seed %-6" PRIu64 " %s\n", mutation_name[i], seed, world.harm);
        } else {
            printf("%-9s NOT CAUGHT in %d payments\n", mutation_name[i], MUTANT_PAYMENTS);
            survivors++;
        }
    }
    return survivors > 0 ? EXIT_HARM : 0;
}

int main(int argc, char **argv)
{
    uint64_t first = 1, payments = 100000, seed = 0;
    bool one = false;
    unsigned mutations = BREAK_NONE;

    if (argc == 2 && strcmp(argv[1], "--mutations") == 0)
        return mutants();
    for (int i = 1; i < argc; i += 2) {
        bool ok = i + 1 < argc;

        if (ok && strcmp(argv[i], "--first") == 0)
            ok = number(argv[i + 1], &first);
        else if (ok && strcmp(argv[i], "--payments") == 0)
            ok = number(argv[i + 1], &payments);
        else if (ok && strcmp(argv[i], "--seed") == 0)
            ok = one = number(argv[i + 1], &seed);
        else if (ok && strcmp(argv[i], "--break") == 0)
            ok = law(argv[i + 1], &mutations);
        else
            ok = false;
        if (!ok)
            return usage();
    }
    return one ? replay(seed, mutations) : many(first, payments, mutations);
}
