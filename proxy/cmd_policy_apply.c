/* proxy/cmd_policy_apply.c -- policy apply: the texts of a policy, sent and put into force. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/clock.h"
#include "proxy/cmd_policy_live.h"
#include "proxy/config.h"
#include "proxy/crypto.h"
#include "proxy/policy.h"
#include "proxy/report.h"
#include "routing/base/check.h"

enum { MEMORY = 128 << 20, PIECE = 45000 };

/* ---- the texts ---- */

struct gathering {
    struct arena arena;
    struct diag why;
    bool lost; /* a text that can not be read */
};

static const struct px_source *read_text(void *ctx, const char *path, const char *name,
                                         struct diag *why)
{
    struct gathering *g = ctx;
    struct px_source *source = ARENA_NEW(&g->arena, struct px_source);
    struct px_file f = { .read_ = NULL };

    CHECK(source != NULL);
    if (px_file_read(path, PX_BUNDLE_TEXT, &f, why) != OK) {
        if (!g->lost)
            g->why = *why;
        g->lost = true;
        return NULL;
    }
    *source = (struct px_source){ .name = name, .dir = "", .changed_s = f.changed_s };
    source->text = (struct span){ arena_str(&g->arena, f.text), f.text.n };
    px_file_close(&f);
    CHECK(source->text.p != NULL);
    return source;
}

/* Compiled for no configuration, and only so far as to see what it imports: the gateway has the
 * last word, and says it. */
static int gather(const struct px_cli *c, struct gathering *g, const char *path,
                  struct px_file *out)
{
    struct px_policy_reader reader = { read_text, g, path };
    struct px_config *none = calloc(1, sizeof *none);
    struct px_policy *policy = ARENA_NEW(&g->arena, struct px_policy);
    struct px_bundle *bundle = ARENA_NEW(&g->arena, struct px_bundle);
    struct px_report *report = px_report_create();
    struct diag why = { 0 };
    int e = PX_YES;

    CHECK(none != NULL && policy != NULL && bundle != NULL);
    (void)px_policy_build(none, &reader, &g->arena, report, policy);
    px_policy_bundle(policy, bundle);
    if (g->lost)
        e = px_cli_fail(c, PX_NO, "%s", g->why.text);
    else if (px_bundle_write(bundle, out, &why) != OK)
        e = px_cli_fail(c, PX_NO, "%s", why.text);
    px_policy_fini(policy);
    px_report_destroy(report);
    free(none);
    return e;
}

/* ---- sending ---- */

static int send_piece(struct px_policy_line *l, struct span piece, size_t at, char draft[32])
{
    char room[PIECE / 3 * 4 + 8];
    struct buf data = BUF_OF(room);
    json_t *body = json_object(), *answer = NULL;
    int status, e;

    px_base64(piece, &data);
    CHECK(json_object_set_new(body, "data", json_stringn(data.p, data.n)) == 0);
    CHECK(json_object_set_new(body, "at", json_integer((json_int_t)at)) == 0);
    if (draft[0] != '\0')
        CHECK(json_object_set_new(body, "draft", json_string(draft)) == 0);
    e = px_policy_ask(l, "POST", "/v1/policy/drafts", body, false, &answer, &status);
    if (e == PX_YES)
        (void)snprintf(draft, 32, "%s", px_policy_text(answer, "draft"));
    json_decref(answer);
    return e;
}

static int send_all(struct px_policy_line *l, struct span text, char draft[32])
{
    int e = PX_YES;

    for (size_t at = 0; at < text.n && e == PX_YES; at += PIECE)
        e = send_piece(l, span_take(span_drop(text, at), PIECE), at, draft);
    return e;
}

static void member(json_t *body, const char *name, const char *value)
{
    if (value != NULL && value[0] != '\0')
        CHECK(json_object_set_new(body, name, json_string(value)) == 0);
}

static int apply(const struct px_cli *c, struct px_policy_line *l, struct span bundle)
{
    json_t *body = json_object(), *result = NULL;
    char draft[32] = "";
    int status, e = send_all(l, bundle, draft);

    if (e != PX_YES) {
        json_decref(body);
        return e;
    }
    member(body, "draft", draft);
    member(body, "reason", px_cli_value(c, "reason"));
    member(body, "expect", px_cli_value(c, "expect"));
    member(body, "from", c->operands == 0 ? NULL : c->operand[0]);
    if (px_cli_has(c, "dry-run"))
        CHECK(json_object_set_new(body, "dry_run", json_true()) == 0);
    if (px_cli_has(c, "force"))
        CHECK(json_object_set_new(body, "force", json_true()) == 0);
    e = px_policy_ask(l, "POST", "/v1/policy/apply", body, true, &result, &status);
    if (e == PX_YES)
        e = px_policy_act_tell(c, result, status);
    json_decref(result);
    return e;
}

static int run(const struct px_cli *c)
{
    struct px_file bundle = { .read_ = NULL };
    struct px_policy_line l = { .cli = c };
    struct gathering g = { .lost = false };
    int e = px_policy_reason(c);

    if (e != PX_YES)
        return e;
    arena_init(&g.arena, NULL, 0, px_heap(), MEMORY);
    if (c->operands == 1)
        e = gather(c, &g, c->operand[0], &bundle);
    if (e == PX_YES)
        e = px_policy_line_open(c, &l);
    if (e == PX_YES)
        e = apply(c, &l, bundle.text);
    px_policy_line_close(&l);
    px_file_close(&bundle);
    arena_fini(&g.arena);
    return e;
}

static const struct px_option options[] = {
    { "reason", 'm', "TEXT", "why, for the history and the audit log" },
    { "expect", 0, "REVISION", "only if this one is in force; else exit 4" },
    { "dry-run", 'n', NULL, "check, test and compare, and leave it at that" },
    { "force", 0, NULL, "also if its expects fail, or a list has lost nine tenths of itself" },
    PX_OPTION_ADMIN,
    { .name = NULL },
};

const struct px_command px_cmd_policy_apply = {
    .name = "policy apply",
    .operands = "[FILE]",
    .operands_max = 1,
    .summary = "put a policy into force",
    .help =
        "Sends FILE with everything it imports; without FILE the gateway reads the configured one\n"
        "anew. It is compiled, its expects are run, lint's warnings and the payments that change\n"
        "their way are shown; on any error the old policy stays. All workers obey at once, and it\n"
        "stays in force over a restart until the next apply, rollback or change of the configured\n"
        "file. Of a fleet, this node alone: apply it on each.\n"
        "Exit: 0 in force, 1 refused with the reasons, 4 another revision is in force than "
        "expected,\n"
        "or your role does not allow it.",
    .option = options,
    .json = true,
    .run = run,
};
