/* proxy/cmd_provider.c -- the acts: their words, options and help. */
#include "proxy/cmd_provider.h"

#include <stddef.h>
#include <string.h>

#include "proxy/cmd_act.h"
#include "routing/base/span.h"

static const struct px_option hold[] = { PX_OPTIONS_HOLD, { .name = NULL } };
static const struct px_option stop[] = {
    { "ops", 0, "WHICH", "authorize (default): new payments; all: captures and refunds too" },
    PX_OPTIONS_HOLD,
    { .name = NULL },
};
static const struct px_option release[] = { PX_OPTION_REASON, PX_OPTIONS_ACT, { .name = NULL } };

#define EXITS                                                                                      \
    "Exit: 0 done, 1 no such provider, 2 usage, 3 the gateway or Redis can not be reached, 4 "     \
    "refused,\n"                                                                                   \
    "5 done but not confirmed by every node within --wait."

static int run_stop(const struct px_cli *c)
{
    return px_cmd_act(c, "stop", c->operand[0], 0);
}

static int run_drain(const struct px_cli *c)
{
    return px_cmd_act(c, "drain", c->operand[0], 0);
}

static int run_force_on(const struct px_cli *c)
{
    return px_cmd_act(c, "force-on", c->operand[0], 0);
}

static int run_resume(const struct px_cli *c)
{
    return px_cmd_act(c, "resume", c->operand[0], 0);
}

/* "20", "20%", "0.5%" in permille; 0 if it is not 0.1% to 99.9%. */
static int64_t permille(const char *text)
{
    struct span whole, rest = span_str(text);
    uint64_t n = 0, tenth = 0;

    if (span_ends(rest, "%"))
        rest.n--;
    if (!span_cut(&rest, '.', &whole) || span_u64(whole, &n) != OK || n > 99 || rest.n > 1 ||
        (rest.n == 1 && span_u64(rest, &tenth) != OK))
        return 0;
    return (int64_t)(n * 10 + tenth);
}

static int run_limit(const struct px_cli *c)
{
    int64_t share = permille(c->operand[1]);

    if (share == 0)
        return px_cli_usage(c, "takes a share from 0.1%% to 99.9%%, not \"%.20s\"; 0%% is a stop",
                            c->operand[1]);
    return px_cmd_act(c, "limit", c->operand[0], share);
}

const struct px_command px_cmd_provider_stop = {
    .name = "provider stop",
    .operands = "NAME",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "no new payments to a provider",
    .help = "Repeats and inquiries of what is under way always go on; captures, voids and refunds\n"
            "too, unless --ops all.\n"
            "At the end of --for it is probed, never straight back to full. Tells what it would\n"
            "do first, and on a terminal asks for the provider's name.\n" EXITS,
    .option = stop,
    .json = true,
    .run = run_stop,
};

const struct px_command px_cmd_provider_drain = {
    .name = "provider drain",
    .operands = "NAME",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "the same, before planned work there",
    .help = EXITS,
    .option = hold,
    .json = true,
    .run = run_drain,
};

const struct px_command px_cmd_provider_resume = {
    .name = "provider resume",
    .operands = "NAME",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "takes back what was said; it is probed first",
    .help = EXITS,
    .option = release,
    .json = true,
    .run = run_resume,
};

const struct px_command px_cmd_provider_force_on = {
    .name = "provider force-on",
    .operands = "NAME",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "payments whatever its breaker says",
    .help = "For a breaker that is wrong. Nothing protects customers from a sick provider "
            "then.\n" EXITS,
    .option = hold,
    .json = true,
    .run = run_force_on,
};

const struct px_command px_cmd_provider_limit = {
    .name = "provider limit",
    .operands = "NAME PERCENT",
    .operands_min = 2,
    .operands_max = 2,
    .summary = "at most a share of new payments to a provider",
    .help = "PERCENT: 20%, 0.5%.\n" EXITS,
    .option = hold,
    .json = true,
    .run = run_limit,
};

/* ---- for those who think in breakers ---- */

const struct px_command px_cmd_breaker_open = {
    .name = "breaker open",
    .operands = "NAME",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "the same as provider stop",
    .option = stop,
    .json = true,
    .run = run_stop,
};

const struct px_command px_cmd_breaker_close = {
    .name = "breaker close",
    .operands = "NAME",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "the same as provider force-on",
    .option = hold,
    .json = true,
    .run = run_force_on,
};

const struct px_command px_cmd_breaker_reset = {
    .name = "breaker reset",
    .operands = "NAME",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "the same as provider resume",
    .option = release,
    .json = true,
    .run = run_resume,
};
