/* proxy/cmd_adapter_decline.c -- `signalbox adapter decline`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/adapters/adapter.h"
#include "proxy/adapters/decline.h"
#include "proxy/cli.h"
#include "proxy/cmd_adapter.h"

enum { SAID_MAX = 32 };

/* {"raw_code": "decline_code:lost_card"}, and names that stand for another one. */
static struct px_said said_of(const struct px_adapter *a, const char *key, const char *value)
{
    static const struct {
        const char *from, *to;
    } alias[] = {
        { "mac", "network_advice_code" },
        { "mac", "merchantAdviceCode" },
        { "mac", "partner_merchant_advice_code" },
        { "iso8583", "network_decline_code" },
        { "iso8583", "refusalReasonRaw" },
        { "error_codes", "error_code" },
        { "code", "response_code" },
        { "code", "refusalReasonCode" },
        { "reason", "refusalReason" },
        { "processing.recommendation_code", "recommendation_code" },
    };
    enum px_role role;

    if (px_decline_role(a->declines, span_str(key), &role))
        return (struct px_said){ key, span_str(value) };
    for (unsigned i = 0; i < sizeof alias / sizeof *alias; i++) {
        if (strcmp(key, alias[i].from) == 0 &&
            px_decline_role(a->declines, span_str(alias[i].to), &role))
            return (struct px_said){ alias[i].to, span_str(value) };
    }
    return (struct px_said){ NULL, SPAN_NONE };
}

/* "field:value" as tables of codes write it. field[] keeps the name. */
static struct px_said said_raw(const struct px_adapter *a, const char *raw, char field[64])
{
    const char *colon = strchr(raw, ':');

    if (colon == NULL)
        return said_of(a, "code", raw);
    (void)snprintf(field, 64, "%.*s", (int)(colon - raw), raw);
    return said_of(a, field, colon + 1);
}

static const char *value_text(const json_t *v, char text[32])
{
    if (json_is_array(v))
        v = json_array_get(v, 0);
    if (json_is_integer(v)) {
        (void)snprintf(text, 32, "%lld", (long long)json_integer_value(v));
        return text;
    }
    return json_is_string(v) ? json_string_value(v) : NULL;
}

static int decline_fields(const struct px_cli *c, const struct px_adapter *a, json_t *fields)
{
    char text[SAID_MAX][32], field[64];
    struct px_said said[SAID_MAX];
    struct rt_judgement j = { .matches = -1 };
    const char *key, *value;
    unsigned n = 0;
    json_t *v, *o;
    char *line;

    json_object_foreach(fields, key, v)
    {
        value = n < SAID_MAX ? value_text(v, text[n]) : NULL;
        if (value == NULL)
            return px_cli_fail(c, PX_USAGE, "\"%s\" wants a text or a number", key);
        said[n] = strcmp(key, "raw_code") == 0 ? said_raw(a, value, field) : said_of(a, key, value);
        if (said[n].field == NULL)
            return px_cli_fail(c, PX_USAGE, "%s has no field \"%s\"", a->name, key);
        n++;
    }
    (void)px_decline_judge(a->declines, said, n, &j);
    o = json_object();
    px_adapter_put_reason(o, &j);
    if (j.alarm)
        px_adapter_put_bool(o, "alarm", true);
    px_adapter_put(o, "meaning", rt_code_sentence(j.code));
    line = json_dumps(o, JSON_COMPACT);
    if (line != NULL)
        puts(line);
    free(line);
    json_decref(o);
    return PX_YES;
}

static int run_decline(const struct px_cli *c)
{
    const struct px_adapter *a = px_adapter_named(c);
    json_error_t broken;
    json_t *fields;
    int exit_code;

    if (a == NULL)
        return PX_USAGE;
    fields = json_loads(c->operand[0], JSON_REJECT_DUPLICATES, &broken);
    if (!json_is_object(fields)) {
        json_decref(fields);
        return px_cli_usage(c, "the operand wants a JSON object: %s",
                            fields == NULL ? broken.text : "this is something else");
    }
    exit_code = decline_fields(c, a, fields);
    json_decref(fields);
    return exit_code;
}

const struct px_command px_cmd_adapter_decline = {
    .name = "adapter decline",
    .operands = "JSON",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "what a provider's raw code fields mean",
    .help =
        "JSON is an object of the fields as the provider names them, for example\n"
        "  signalbox adapter decline --provider stripe '{\"decline_code\":\"lost_card\"}'\n"
        "  signalbox adapter decline --provider adyen '{\"refusalReasonCode\":\"2\","
        "\"mac\":\"03\"}'\n"
        "A word that is not in the table gives generic_decline, no other provider, and an alarm.\n",
    .option =
        (const struct px_option[]){ { "provider", 'p', "NAME", "stripe, adyen or checkoutcom" },
                                    { .name = NULL } },
    .json = true,
    .run = run_decline,
};
