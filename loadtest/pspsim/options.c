/* loadtest/pspsim/options.c */
#include "loadtest/pspsim/options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

static const char help[] =
    "pspsim: plays Stripe, Adyen and Checkout.com on loopback and keeps the ledger\n"
    "\n"
    "  --stripe PORT        main port of each provider; 0 picks a free one (the default)\n"
    "  --adyen PORT\n"
    "  --checkoutcom PORT\n"
    "  --control PORT       faults, settings, ledger (HTTP, JSON; never TLS)\n"
    "  --plain PORT         answers everything with the same 1,053 bytes; off unless given\n"
    "  --tls                main ports speak TLS (h2 and http/1.1 by ALPN); each provider gets a\n"
    "                       second, clear-text port as well\n"
    "  --certs DIR          certificates for --tls; made there if missing\n"
    "  --make-certs DIR     only make them\n"
    "  --address ADDR       where to listen (127.0.0.1)\n"
    "  --latency MS[+JITTER]  usual time to execute a request (0)\n"
    "  --streams N          concurrent streams a connection may have (256)\n"
    "  --seed N             dice for ids, rates and jitter (1)\n"
    "  --ledger FILE        write the whole ledger there at the end\n"
    "  --quiet              no summary at the end\n"
    "\n"
    "Clear-text ports speak HTTP/1.1 and HTTP/2 with prior knowledge. When ready, one line of "
    "JSON\n"
    "with all ports is printed; SIGTERM and SIGINT end with the ledger's summary as JSON.\n"
    "Exit: 0; 1 the summary shows a double charge; 2 usage; 3 a port or file could not be opened.\n"
    "Faults and the control port: loadtest/README.md.\n";

enum {
    O_PORT = 256,
    O_TLS = O_PORT + SIM_WHOS,
    O_CERTS,
    O_MAKE,
    O_ADDRESS,
    O_LATENCY,
    O_STREAMS,
    O_SEED,
    O_LEDGER,
    O_QUIET,
    O_HELP
};

static const struct option longs[] = {
    { "stripe", required_argument, NULL, O_PORT + SIM_STRIPE },
    { "adyen", required_argument, NULL, O_PORT + SIM_ADYEN },
    { "checkoutcom", required_argument, NULL, O_PORT + SIM_CHECKOUTCOM },
    { "control", required_argument, NULL, O_PORT + SIM_CONTROL },
    { "plain", required_argument, NULL, O_PORT + SIM_PLAIN },
    { "tls", no_argument, NULL, O_TLS },
    { "certs", required_argument, NULL, O_CERTS },
    { "make-certs", required_argument, NULL, O_MAKE },
    { "address", required_argument, NULL, O_ADDRESS },
    { "latency", required_argument, NULL, O_LATENCY },
    { "streams", required_argument, NULL, O_STREAMS },
    { "seed", required_argument, NULL, O_SEED },
    { "ledger", required_argument, NULL, O_LEDGER },
    { "quiet", no_argument, NULL, O_QUIET },
    { "help", no_argument, NULL, O_HELP },
    { NULL, 0, NULL, 0 },
};

static bool number(const char *name, struct span s, uint64_t most, uint64_t *out)
{
    if (span_u64(s, out) == OK && *out <= most)
        return true;
    (void)fprintf(stderr, "pspsim: --%s wants a number up to %llu, not \"%.*s\"\n", name,
                  (unsigned long long)most, SPAN_ARG(s));
    return false;
}

static bool latency(struct sim_options *o, struct span s)
{
    struct span ms;
    uint64_t v = 0;

    (void)span_cut(&s, '+', &ms);
    if (!number("latency", ms, 60000, &v))
        return false;
    o->latency_ms = (int64_t)v;
    v = 0;
    if (s.p != NULL && !number("latency", s, 60000, &v))
        return false;
    o->jitter_ms = (int64_t)v;
    return true;
}

static bool port(struct sim_options *o, int who, const char *text)
{
    uint64_t v;

    if (!number(longs[who].name, span_str(text), 65535, &v))
        return false;
    o->port[who] = (int)v;
    return true;
}

static bool one(struct sim_options *o, int c)
{
    struct span arg = span_str(optarg);
    uint64_t v;

    switch (c) {
    case O_TLS: o->tls = true; return true;
    case O_CERTS: o->certs = optarg; return true;
    case O_MAKE: o->make_certs = optarg; return true;
    case O_ADDRESS: o->address = optarg; return true;
    case O_LEDGER: o->ledger = optarg; return true;
    case O_QUIET: o->quiet = true; return true;
    case O_LATENCY: return latency(o, arg);
    case O_SEED: return number("seed", arg, UINT64_MAX, &o->seed);
    case O_STREAMS:
        if (!number("streams", arg, 1 << 20, &v))
            return false;
        o->streams = (unsigned)v;
        return true;
    default: return c >= O_PORT && c < O_PORT + SIM_WHOS && port(o, c - O_PORT, optarg);
    }
}

enum sim_options_say sim_options_read(struct sim_options *o, int argc, char **argv)
{
    int c;

    *o = (struct sim_options){ .address = "127.0.0.1", .seed = 1, .streams = 256 };
    o->port[SIM_PLAIN] = -1;
    while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
        if (c == O_HELP) {
            (void)fputs(help, stdout);
            return SIM_STOP;
        }
        if (c == '?' || !one(o, c))
            return SIM_USAGE;
    }
    if (optind < argc) {
        (void)fprintf(stderr, "pspsim: what is \"%s\"? see --help\n", argv[optind]);
        return SIM_USAGE;
    }
    if (o->tls && o->certs == NULL) {
        (void)fprintf(stderr, "pspsim: --tls needs --certs DIR\n");
        return SIM_USAGE;
    }
    return SIM_GO;
}
