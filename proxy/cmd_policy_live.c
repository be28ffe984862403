/* proxy/cmd_policy_live.c -- what the four commands share: asking, and telling what came of it. */
#include "proxy/cmd_policy_live.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "routing/base/check.h"

enum { SAMPLES = 10 };

/* ---- asking ---- */

int px_policy_line_open(const struct px_cli *c, struct px_policy_line *l)
{
    *l = (struct px_policy_line){ .cli = c };
    return px_admin_client_open(c, &l->client);
}

void px_policy_line_close(struct px_policy_line *l)
{
    px_admin_client_close(l->client);
}

const char *px_policy_text(const json_t *o, const char *name)
{
    const char *z = json_string_value(json_object_get(o, name));

    return z == NULL ? "" : z;
}

static int told(const struct px_policy_line *l, const json_t *answer, int status)
{
    const json_t *error = json_object_get(answer, "error");
    const char *message = px_policy_text(error, "message"), *help = px_policy_text(error, "help");

    (void)px_cli_fail(l->cli, PX_NO, "%s", message[0] == '\0' ? "the gateway refuses" : message);
    if (help[0] != '\0')
        (void)fprintf(stderr, "help: %s\n", help);
    return px_admin_exit(status);
}

int px_policy_ask(struct px_policy_line *l, const char *method, const char *path, json_t *body,
                  bool findings, json_t **out, int *status)
{
    char *text = body == NULL ? NULL : json_dumps(body, JSON_COMPACT);
    struct px_admin_answer w;
    int e = px_admin_call_raw(l->client, method, path, span_str(text), &w);

    free(text);
    json_decref(body);
    if (e != PX_YES)
        return e;
    *status = w.status;
    *out = json_loadb(w.body.p, w.body.n, JSON_REJECT_DUPLICATES, NULL);
    if (*out == NULL)
        return px_cli_fail(l->cli, PX_UNREACHABLE, "what answers there is no gateway of this kind");
    if (w.status < 300 || (findings && json_object_get(*out, "result") != NULL))
        return PX_YES;
    e = told(l, *out, w.status);
    json_decref(*out);
    *out = NULL;
    return e;
}

int px_policy_reason(const struct px_cli *c)
{
    const char *reason = px_cli_value(c, "reason");

    if ((reason != NULL && reason[0] != '\0') || px_cli_has(c, "dry-run"))
        return PX_YES;
    return px_cli_usage(c, "say why: --reason \"...\" (the history and the audit log keep it)");
}

/* ---- telling ---- */

static long long number(const json_t *o, const char *name)
{
    return (long long)json_integer_value(json_object_get(o, name));
}

static void tell_expects(const json_t *expects)
{
    const json_t *fail;
    size_t i;

    if (expects == NULL)
        return;
    json_array_foreach(json_object_get(expects, "failures"), i, fail)(void)
        fprintf(stderr, "%s:%lld: FAILED \"%s\"\n    %s\n", px_policy_text(fail, "file"),
                number(fail, "line"), px_policy_text(fail, "name"), px_policy_text(fail, "why"));
    if (number(expects, "passed") + number(expects, "failed") == 0)
        printf("expects: none; a policy without tests is a wish\n");
    else
        printf("expects: %lld passed, %lld failed\n", number(expects, "passed"),
               number(expects, "failed"));
}

static void tell_diff(const json_t *diff)
{
    const json_t *sample;
    size_t i;

    if (!json_is_object(diff))
        return;
    printf("against what is in force: %lld%s class(es) of payments change; %lld of %lld tried\n",
           number(diff, "classes"), json_is_true(json_object_get(diff, "more")) ? " and more" : "",
           number(diff, "payments_changed"), number(diff, "payments_tried"));
    json_array_foreach(json_object_get(diff, "samples"), i, sample)
    {
        if (i == SAMPLES)
            break;
        printf("  payment %s\n    - %s  (\"%s\")\n    + %s  (\"%s\")\n",
               px_policy_text(sample, "payment"), px_policy_text(sample, "from_route"),
               px_policy_text(sample, "from_rule"), px_policy_text(sample, "to_route"),
               px_policy_text(sample, "to_rule"));
    }
}

/* The gateway writes them out with their lines, unless that would be too long. */
static void tell_findings(const json_t *result)
{
    const char *text = px_policy_text(result, "text");
    const json_t *f;
    size_t i;

    (void)fputs(text, stderr);
    if (text[0] != '\0')
        return;
    json_array_foreach(json_object_get(json_object_get(result, "report"), "findings"), i, f)(void)
        fprintf(stderr, "%s:%lld:%lld: %s[%s]: %s\n", px_policy_text(f, "file"), number(f, "line"),
                number(f, "column"), px_policy_text(f, "severity"), px_policy_text(f, "code"),
                px_policy_text(f, "message"));
}

static void tell_end(const struct px_cli *c, const json_t *r, const char *end)
{
    const char *revision = px_policy_text(r, "revision"), *previous = px_policy_text(r, "previous");
    double ms = (double)number(r, "took_us") / 1000;

    if (strcmp(end, "done") == 0)
        printf("revision %s is in force (before: %s; %.1f ms)\n", revision, previous, ms);
    else if (strcmp(end, "same") == 0)
        printf("revision %s is in force already\n", revision);
    else if (strcmp(end, "tried") == 0)
        printf("dry run: revision %s would replace %s\n", revision, previous);
    else if (strcmp(end, "broken") == 0)
        (void)px_cli_fail(c, PX_NO, "refused: revision %s stays in force", previous);
    else
        (void)px_cli_fail(c, PX_NO, "refused: %s; revision %s stays in force",
                          px_policy_text(r, "why"), previous);
}

int px_policy_act_tell(const struct px_cli *c, const json_t *result, int status)
{
    char *text;

    if (c->json) {
        text = json_dumps(result, JSON_INDENT(1) | JSON_PRESERVE_ORDER);
        CHECK(text != NULL);
        printf("%s\n", text);
        free(text);
        return px_admin_exit(status);
    }
    tell_findings(result);
    tell_expects(json_object_get(result, "expects"));
    tell_diff(json_object_get(result, "diff"));
    tell_end(c, result, px_policy_text(result, "result"));
    if (strcmp(px_policy_text(result, "result"), "unproven") == 0)
        (void)fprintf(stderr, "help: --force applies it all the same\n");
    return px_admin_exit(status);
}
