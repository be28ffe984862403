/* loadtest/fire/aim.c -- the command line. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "loadtest/fire/fire.h"

static const char help[] =
    "fire: sends payments over HTTP/2 and measures\n"
    "\n"
    "  fire --url https://localhost:8443 --ca ca.pem --token FILE [options]\n"
    "\n"
    "  --url URL            http:// is HTTP/2 with prior knowledge; the path may be left out\n"
    "  --ca FILE            whom to trust; --insecure trusts anybody\n"
    "  --token FILE         bearer token\n"
    "  --rate N             open loop: N payments a second, latency counted from the moment due;\n"
    "                       without it closed loop: every stream sends as fast as it is answered\n"
    "  --poisson            random arrivals instead of even ones\n"
    "  --connections N (8)  --streams N (16, per connection)\n"
    "  --duration S         --count N: whichever comes first (10 s)\n"
    "  --warmup S           what is due before that is sent but not counted (0)\n"
    "  --retry N            send again with the same key after a lost connection, 409, 429 and "
    "5xx,\n"
    "                       at most N times (0); --backoff MS before the first (50), doubling\n"
    "  --timeout MS         for one try (30000);  --give-up S for all of them (60)\n"
    "  --mix LIST           cards and amounts by weight: visa:90,declined:5,9951:5 (visa)\n"
    "  --amount LOW-HIGH    minor units (100-9000);  --currency EUR;  --manual: capture later\n"
    "  --body FILE          send these bytes instead of a payment (with --url's path)\n"
    "  --size N             bodies of at least N bytes, filled up with metadata (any)\n"
    "  --order TEXT         prefix of the order field (fire)\n"
    "  --seed N             dice and keys; a new one every time unless given\n"
    "  --record FILE        one line of JSON per payment: key, tries, what was answered\n"
    "  --json               results as JSON\n"
    "\n"
    "Cards: visa mastercard amex declined insufficient lost action. Four digits: an amount "
    "ending.\n"
    "Exit: 0; 1 a payment ended without an answer; 2 usage; 3 a file or address is no good.\n";

enum {
    O_URL = 256,
    O_CA,
    O_INSECURE,
    O_TOKEN,
    O_RATE,
    O_POISSON,
    O_CONNECTIONS,
    O_STREAMS,
    O_DURATION,
    O_COUNT,
    O_WARMUP,
    O_RETRY,
    O_BACKOFF,
    O_TIMEOUT,
    O_GIVE_UP,
    O_MIX,
    O_AMOUNT,
    O_CURRENCY,
    O_MANUAL,
    O_BODY,
    O_ORDER,
    O_SEED,
    O_SIZE,
    O_RECORD,
    O_JSON,
    O_HELP
};

static const struct option longs[] = {
    { "url", required_argument, NULL, O_URL },
    { "ca", required_argument, NULL, O_CA },
    { "insecure", no_argument, NULL, O_INSECURE },
    { "token", required_argument, NULL, O_TOKEN },
    { "rate", required_argument, NULL, O_RATE },
    { "poisson", no_argument, NULL, O_POISSON },
    { "connections", required_argument, NULL, O_CONNECTIONS },
    { "streams", required_argument, NULL, O_STREAMS },
    { "duration", required_argument, NULL, O_DURATION },
    { "count", required_argument, NULL, O_COUNT },
    { "warmup", required_argument, NULL, O_WARMUP },
    { "retry", required_argument, NULL, O_RETRY },
    { "backoff", required_argument, NULL, O_BACKOFF },
    { "timeout", required_argument, NULL, O_TIMEOUT },
    { "give-up", required_argument, NULL, O_GIVE_UP },
    { "mix", required_argument, NULL, O_MIX },
    { "amount", required_argument, NULL, O_AMOUNT },
    { "currency", required_argument, NULL, O_CURRENCY },
    { "manual", no_argument, NULL, O_MANUAL },
    { "body", required_argument, NULL, O_BODY },
    { "order", required_argument, NULL, O_ORDER },
    { "seed", required_argument, NULL, O_SEED },
    { "size", required_argument, NULL, O_SIZE },
    { "record", required_argument, NULL, O_RECORD },
    { "json", no_argument, NULL, O_JSON },
    { "help", no_argument, NULL, O_HELP },
    { NULL, 0, NULL, 0 },
};

const char *fire_card(struct span name)
{
    static const struct {
        const char *name, *number;
    } cards[] = {
        { "visa", "4242424242424242" },         { "mastercard", "5555555555554444" },
        { "amex", "378282246310005" },          { "declined", "4000000000000002" },
        { "insufficient", "4000000000009995" }, { "lost", "4000000000009987" },
        { "action", "4000002760003184" },
    };

    for (unsigned i = 0; i < sizeof cards / sizeof *cards; i++) {
        if (span_is(name, cards[i].name))
            return cards[i].number;
    }
    return NULL;
}

static bool bad(const char *option, const char *value)
{
    (void)fprintf(stderr, "fire: --%s does not take \"%s\"; see --help\n", option, value);
    return false;
}

static bool whole(const char *option, const char *text, uint64_t least, uint64_t most,
                  uint64_t *out)
{
    return (span_u64(span_str(text), out) == OK && *out >= least && *out <= most) ||
           bad(option, text);
}

static bool decimal(const char *option, const char *text, double least, double *out)
{
    char *end;

    *out = strtod(text, &end);
    return (end != text && *end == 0 && *out >= least && *out < 1e9) || bad(option, text);
}

/* https://host[:port][/path] */
static bool url(struct fire_aim *a, const char *text)
{
    struct span rest = span_str(text), host, port = SPAN_NONE;
    uint64_t n;
    const char *slash;

    a->tls = span_starts(rest, "https://");
    if (!a->tls && !span_starts(rest, "http://"))
        return bad("url", text);
    rest = span_drop(rest, a->tls ? 8 : 7);
    slash = rest.n == 0 ? NULL : memchr(rest.p, '/', rest.n);
    if (slash != NULL && span_copyz((struct span){ slash, rest.n - (size_t)(slash - rest.p) },
                                    a->path, sizeof a->path) != OK)
        return bad("url", text);
    if (slash != NULL)
        rest.n = (size_t)(slash - rest.p);
    if (!span_cut(&rest, ':', &host) || span_copyz(host, a->host, sizeof a->host) != OK ||
        host.n == 0)
        return bad("url", text);
    port = rest;
    n = a->tls ? 443 : 80;
    if (port.p != NULL && (span_u64(port, &n) != OK || n == 0 || n > 65535))
        return bad("url", text);
    a->port = (int)n;
    return true;
}

static bool mix_one(struct fire_aim *a, struct span part)
{
    struct fire_kind *k = &a->kind[a->kinds];
    struct span name;
    uint64_t weight = 1, ending;

    (void)span_cut(&part, ':', &name);
    if (a->kinds == FIRE_MIX_MAX || (part.p != NULL && span_u64(part, &weight) != OK) ||
        weight > 1000000)
        return false;
    *k = (struct fire_kind){ fire_card(name), -1, (unsigned)weight };
    if (k->card == NULL && name.n == 4 && span_u64(name, &ending) == OK) {
        k->card = fire_card(SPAN("visa"));
        k->ending = (int)ending;
    }
    a->weights += (unsigned)weight;
    a->kinds++;
    return k->card != NULL;
}

static bool mix(struct fire_aim *a, const char *text)
{
    struct span rest = span_str(text), part;

    a->kinds = a->weights = 0;
    while (span_cut(&rest, ',', &part)) {
        if (!mix_one(a, part))
            return bad("mix", text);
    }
    return a->weights > 0 || bad("mix", text);
}

static bool amount(struct fire_aim *a, const char *text)
{
    struct span high = span_str(text), low;
    uint64_t l, h;

    (void)span_cut(&high, '-', &low);
    if (span_u64(low, &l) != OK || l < 1 || l > 99999999)
        return bad("amount", text);
    h = l;
    if (high.p != NULL && (span_u64(high, &h) != OK || h < l || h > 99999999))
        return bad("amount", text);
    a->amount_low = (int64_t)l;
    a->amount_high = (int64_t)h;
    return true;
}

static bool unsigned_of(const char *name, uint64_t most, unsigned *out)
{
    uint64_t v;

    if (!whole(name, optarg, 0, most, &v))
        return false;
    *out = (unsigned)v;
    return true;
}

static bool int_of(const char *name, int *out)
{
    uint64_t v;

    if (!whole(name, optarg, 1, 3600000, &v))
        return false;
    *out = (int)v;
    return true;
}

static bool flag(struct fire_aim *a, int c)
{
    bool *const flags[] = { &a->poisson, &a->manual, &a->json };
    const int option[] = { O_POISSON, O_MANUAL, O_JSON };

    for (unsigned i = 0; i < 3; i++) {
        if (c == option[i])
            return *flags[i] = true;
    }
    if (c == O_INSECURE) {
        a->verify = false;
        return true;
    }
    return false;
}

static bool one(struct fire_aim *a, int c)
{
    switch (c) {
    case O_URL: return url(a, optarg);
    case O_CA: a->ca = optarg; return true;
    case O_TOKEN: a->token_file = optarg; return true;
    case O_BODY: a->body_file = optarg; return true;
    case O_ORDER: a->order = optarg; return strlen(optarg) < 60 || bad("order", optarg);
    case O_RECORD: a->record_file = optarg; return true;
    case O_RATE: a->closed = false; return decimal("rate", optarg, 0.001, &a->rate);
    case O_CONNECTIONS: return unsigned_of("connections", 10000, &a->connections);
    case O_STREAMS: return unsigned_of("streams", 10000, &a->streams);
    case O_RETRY: return unsigned_of("retry", 1000, &a->retries);
    case O_SIZE: return unsigned_of("size", 2000, &a->size);
    case O_DURATION: return decimal("duration", optarg, 0., &a->duration_s);
    case O_WARMUP: return decimal("warmup", optarg, 0., &a->warmup_s);
    case O_GIVE_UP: return decimal("give-up", optarg, 0., &a->give_up_s);
    case O_COUNT: return whole("count", optarg, 1, UINT64_MAX, &a->count);
    case O_SEED: return whole("seed", optarg, 0, UINT64_MAX, &a->seed);
    case O_BACKOFF: return int_of("backoff", &a->backoff_ms);
    case O_TIMEOUT: return int_of("timeout", &a->timeout_ms);
    case O_MIX: return mix(a, optarg);
    case O_AMOUNT: return amount(a, optarg);
    case O_CURRENCY:
        return (strlen(optarg) == 3 &&
                span_copyz(span_str(optarg), a->currency, sizeof a->currency) == OK) ||
               bad("currency", optarg);
    default: return flag(a, c);
    }
}

static bool whole_aim(struct fire_aim *a)
{
    const char *wrong = NULL;

    if (a->host[0] == 0)
        wrong = "--url is needed";
    else if (a->tls && a->verify && a->ca == NULL)
        wrong = "https wants --ca FILE or --insecure";
    else if (a->connections == 0 || a->streams == 0)
        wrong = "at least one connection and one stream";
    if (a->duration_s == 0. && a->count == 0)
        a->duration_s = 10.;
    if (wrong != NULL)
        (void)fprintf(stderr, "fire: %s; see --help\n", wrong);
    return wrong == NULL;
}

enum fire_say fire_aim_read(struct fire_aim *a, int argc, char **argv)
{
    struct timespec now;
    int c;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    *a = (struct fire_aim){ .verify = true,
                            .closed = true,
                            .path = "/v1/payments",
                            .connections = 8,
                            .streams = 16,
                            .give_up_s = 60.,
                            .timeout_ms = 30000,
                            .backoff_ms = 50,
                            .amount_low = 100,
                            .amount_high = 9000,
                            .currency = "EUR",
                            .order = "fire",
                            .seed = (uint64_t)now.tv_sec * 1000003u ^ (uint64_t)now.tv_nsec };
    (void)mix(a, "visa");
    while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
        if (c == O_HELP) {
            (void)fputs(help, stdout);
            return FIRE_STOP;
        }
        if (c == '?' || !one(a, c))
            return FIRE_USAGE;
    }
    if (optind < argc) {
        (void)fprintf(stderr, "fire: what is \"%s\"? see --help\n", argv[optind]);
        return FIRE_USAGE;
    }
    return whole_aim(a) ? FIRE_GO : FIRE_USAGE;
}
