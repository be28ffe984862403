/* loadtest/journal_bench.c -- what a payment costs in the journal: one promise and one settle.
 *
 *   journal_bench FILE|memory [PAYMENTS [IN_FLIGHT|RATE/s|declined=PERMILLE|nocards ...]]
 *
 * A number is a closed loop: so many payments are always between their promise and their settle.
 * "2000/s" is an open one: payments begin when they are due, and a promise's time counts from then.
 * Every payment has a card of its own, for the schemes' rules, which are on; none with "nocards".
 * "declined=100": from here on, every tenth is declined.
 * CPU is that of the journal's threads (user and system); the client's is told beside it. The file
 * is kept, so that a second run shows what a bigger one costs. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "proxy/journal.h"
#include "routing/base/check.h"
#include "routing/base/rng.h"

enum { ANSWER = 700, IN_FLIGHT_MAX = 4096 };

struct bench {
    struct px_journal *journal;
    struct px_mailbox *box;
    struct rng rng;
    unsigned want, begun, settled, declined_permille;
    bool cards;
    double every_us; /* an open loop; 0: a closed one */
    int64_t start_us;
    int64_t *took_us; /* by promise */
    unsigned took;
};

struct flight {
    struct px_journal_letter l;
    struct px_attempt attempt;
    struct arena arena;
    char memory[8192] __attribute__((aligned(16)));
    int64_t sent_us;
    bool idle;
    struct bench *b;
};

static char answer[ANSWER];

static int64_t now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int64_t unix_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static double cpu_us(int who)
{
    struct rusage u;

    CHECK(getrusage(who, &u) == 0);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static int64_t due_us(const struct bench *b, unsigned n)
{
    return b->start_us + (int64_t)(b->every_us * n);
}

/* Keys as clients make them: random, so that each lands somewhere else in the index. */
static void begin(struct flight *f)
{
    struct px_record *r = &f->l.record;
    struct bench *b = f->b;
    int64_t ms = unix_ms();

    b->begun++;
    memset(r, 0, sizeof *r);
    snprintf(r->id, sizeof r->id, "%010" PRIX64 "%016" PRIX64,
             (uint64_t)ms & UINT64_C(0xffffffffff), rng_next(&b->rng));
    snprintf(r->merchant, sizeof r->merchant, "checkout-%u", (unsigned)rng_below(&b->rng, 4));
    snprintf(r->key, sizeof r->key, "%016" PRIx64 "-%016" PRIx64, rng_next(&b->rng),
             rng_next(&b->rng));
    r->amount = (struct money){ 1099, currency_find(SPAN("EUR")) };
    snprintf(r->plan[0], sizeof r->plan[0], "adyen");
    snprintf(r->plan[1], sizeof r->plan[1], "stripe");
    snprintf(r->plan[2], sizeof r->plan[2], "checkoutcom");
    r->brand = RT_VISA;
    r->bin6 = 424242;
    snprintf(r->last4, sizeof r->last4, "4242");
    snprintf(r->order, sizeof r->order, "order-%u", b->begun);
    r->carded = b->cards;
    for (unsigned i = 0; i < sizeof r->card; i++)
        r->card[i] = (unsigned char)rng_next(&b->rng);
    f->l.call = PX_CALL_BEGIN;
    f->l.now_ms = ms;
    f->l.attempts = 0;
    f->sent_us = b->every_us > 0 ? due_us(b, b->begun - 1) : now_us();
    CHECK(px_journal_send(b->journal, &f->l));
}

static void settle(struct flight *f)
{
    struct px_record *r = &f->l.record;
    bool declined = rng_below(&f->b->rng, 1000) < f->b->declined_permille;

    r->standing = PX_SETTLED;
    r->outcome = declined ? RT_DECLINED : RT_APPROVED;
    r->state = declined ? RT_STATE_DECLINED : RT_STATE_AUTHORIZED;
    r->status = 201;
    r->answer = (struct span){ answer, sizeof answer };
    snprintf(r->provider_payment_id, sizeof r->provider_payment_id, "8836%012" PRIu64,
             rng_below(&f->b->rng, 1000000000000));
    f->attempt = (struct px_attempt){ .promised_ms = r->leg_ms,
                                      .ended_ms = unix_ms(),
                                      .copies = 1,
                                      .evidence = "answered",
                                      .why = "answered",
                                      .outcome = r->outcome,
                                      .strike.counts = declined,
                                      .status = 200,
                                      .took_ms = 312 };
    memcpy(f->attempt.provider, r->plan[0], sizeof f->attempt.provider);
    rt_attempt_ref(span_str(r->id), 0, f->attempt.ref);
    memcpy(f->attempt.provider_payment_id, r->provider_payment_id,
           sizeof f->attempt.provider_payment_id);
    f->l.call = PX_CALL_SETTLE;
    f->l.now_ms = f->attempt.ended_ms;
    f->l.attempt = &f->attempt;
    f->l.attempts = 1;
    CHECK(px_journal_send(f->b->journal, &f->l));
}

static void on_said(void *ctx, struct px_journal_letter *l)
{
    struct flight *f = ctx;
    struct bench *b = f->b;

    if (l->call == PX_CALL_BEGIN) {
        CHECK(l->said == PX_SAID_OURS);
        b->took_us[b->took++] = now_us() - f->sent_us;
        settle(f);
        return;
    }
    CHECK(l->said == PX_SAID_OK);
    b->settled++;
    if (b->every_us > 0)
        f->idle = true;
    else if (b->begun < b->want)
        begin(f);
}

static int ascending(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static void report(struct bench *b, const char *load, double wall_us, double journal_us,
                   double client_us)
{
    qsort(b->took_us, b->took, sizeof *b->took_us, ascending);
    printf("%9s %10u %8.0f %10.1f %10.1f %8" PRId64 " %8" PRId64 " %8" PRId64 "\n", load,
           b->settled, b->settled / wall_us * 1e6, journal_us / b->settled, client_us / b->settled,
           b->took_us[b->took / 2], b->took_us[b->took - 1 - b->took / 100],
           b->took_us[b->took - 1]);
    fflush(stdout);
}

static void read_mail(struct bench *b, int timeout_ms)
{
    struct px_letter *l = px_mailbox_wait_for(b->box, timeout_ms), *next;

    for (; l != NULL; l = next) {
        next = l->next_;
        px_journal_on_letter(NULL, l);
    }
}

/* Begins what is due; flights are used again in turn, and there are enough of them. */
static void pace(struct bench *b, struct flight *f, unsigned flights)
{
    struct timespec nap = { 0, 20000 };

    while (b->begun < b->want) {
        struct flight *next = &f[b->begun % flights];

        read_mail(b, 0);
        if (now_us() < due_us(b, b->begun)) {
            nanosleep(&nap, NULL);
            continue;
        }
        CHECK(next->idle);
        next->idle = false;
        begin(next);
    }
}

static void run(struct bench *b, const char *load)
{
    bool open = strstr(load, "/s") != NULL;
    double number = strtod(load, NULL);
    unsigned flights = open ? IN_FLIGHT_MAX : (unsigned)number;
    struct flight *f = calloc(flights, sizeof *f);
    double self = cpu_us(RUSAGE_SELF), thread = cpu_us(RUSAGE_THREAD), client;

    CHECK(f != NULL);
    b->begun = b->settled = b->took = 0;
    b->every_us = open ? 1e6 / number : 0;
    b->start_us = now_us();
    for (unsigned i = 0; i < flights; i++) {
        f[i].b = b;
        f[i].idle = true;
        arena_init(&f[i].arena, f[i].memory, sizeof f[i].memory, NULL, sizeof f[i].memory);
        f[i].l.reply_to = b->box;
        f[i].l.on_said = on_said;
        f[i].l.ctx = &f[i];
        f[i].l.arena = &f[i].arena;
        if (!open)
            begin(&f[i]);
    }
    if (open)
        pace(b, f, flights);
    while (b->settled < b->want)
        read_mail(b, -1);
    client = cpu_us(RUSAGE_THREAD) - thread;
    report(b, load, (double)(now_us() - b->start_us), cpu_us(RUSAGE_SELF) - self - client, client);
    free(f);
}

static void obey(struct bench *b, const char *word)
{
    if (strcmp(word, "nocards") == 0)
        b->cards = false;
    else if (strncmp(word, "declined=", 9) == 0)
        b->declined_permille = (unsigned)strtoul(word + 9, NULL, 10);
    else
        run(b, word);
}

int main(int argc, char **argv)
{
    static const char *const usual[] = { "1", "16", "64", "512", "2000/s" };
    struct bench b = { .rng = rng_of((uint64_t)now_us()), .want = 20000, .cards = true };
    struct px_journal_config c = { .owner = "bench", .reattempts = rt_reattempt_defaults };
    struct diag why = { 0 };

    if (argc < 2) {
        fprintf(
            stderr,
            "usage: %s FILE|memory [PAYMENTS [IN_FLIGHT|RATE/s|declined=PERMILLE|nocards ...]]\n",
            argv[0]);
        return 2;
    }
    c.path = strcmp(argv[1], "memory") == 0 ? NULL : argv[1];
    if (argc > 2)
        b.want = (unsigned)strtoul(argv[2], NULL, 10);
    if (px_journal_open(&c, &b.journal, &why) != OK) {
        fprintf(stderr, "%s\n", why.text);
        return 1;
    }
    memset(answer, 'a', sizeof answer);
    b.took_us = calloc(b.want + IN_FLIGHT_MAX, sizeof *b.took_us);
    CHECK(b.took_us != NULL);
    b.box = px_mailbox_create(NULL, NULL, NULL);
    printf("     load   payments    per s  CPU us of  CPU us of   promise: us\n"
           "                               journal     client      p50      p99      max\n");
    for (int i = 3; i < argc; i++)
        obey(&b, argv[i]);
    for (size_t i = 0; argc <= 3 && i < sizeof usual / sizeof usual[0]; i++)
        run(&b, usual[i]);
    px_journal_close(b.journal);
    px_mailbox_destroy(b.box);
    free(b.took_us);
    return 0;
}
