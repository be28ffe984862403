/* proxy/cmd_policy_show.c -- policy show: the texts of a revision, byte for byte. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/clock.h"
#include "proxy/cmd_policy_live.h"
#include "proxy/crypto.h"
#include "routing/base/check.h"

enum { PATH = 256 };

/* Appends one piece of a text; moves *from. */
static int take_piece(struct px_policy_line *l, const char *revision, size_t i, struct buf *out,
                      size_t *from)
{
    json_t *answer = NULL;
    struct buf path, data;
    char room[PATH];
    int status, e;

    path = BUF_OF(room);
    buf_fmt(&path, "/v1/policy/revisions/%s/texts/%zu?from=%zu", revision, i, *from);
    e = px_policy_ask(l, "GET", buf_z(&path), NULL, false, &answer, &status);
    if (e == PX_YES) {
        data = buf_over(out->p + out->n, out->cap - out->n);
        if (px_base64_decode(span_str(px_policy_text(answer, "data")), &data) != OK ||
            !buf_ok(&data) || data.n == 0)
            e = px_cli_fail(l->cli, PX_UNREACHABLE, "a text was cut off on its way");
        out->n += data.n;
        *from += data.n;
    }
    json_decref(answer);
    return e;
}

static int take_text(struct px_policy_line *l, const char *revision, size_t i, size_t n,
                     char **text)
{
    char *room = malloc(n + 4);
    struct buf out = buf_over(room, n + 4);
    size_t from = 0;
    int e = PX_YES;

    CHECK(room != NULL);
    while (from < n && e == PX_YES)
        e = take_piece(l, revision, i, &out, &from);
    *text = room;
    return e;
}

static void print_head(const json_t *text)
{
    int64_t changed = json_integer_value(json_object_get(text, "changed_s"));
    char moment[PX_MOMENT];

    printf("######## %s  (%lld bytes%s%s)\n", px_policy_text(text, "name"),
           (long long)json_integer_value(json_object_get(text, "bytes")),
           changed > 0 ? ", changed " : "", changed > 0 ? px_moment(changed * 1000, moment) : "");
}

/* All texts, or the one asked for; the bytes of that one and nothing else. */
static int print_texts(struct px_policy_line *l, json_t *answer)
{
    const char *only = px_cli_value(l->cli, "text"), *revision = px_policy_text(answer, "revision");
    bool found = false;
    json_t *text;
    int e = PX_YES;
    size_t i;

    json_array_foreach(json_object_get(answer, "texts"), i, text)
    {
        size_t n = (size_t)json_integer_value(json_object_get(text, "bytes"));
        char *bytes;

        if (only != NULL && strcmp(only, px_policy_text(text, "name")) != 0)
            continue;
        found = true;
        e = take_text(l, revision, i, n, &bytes);
        if (e == PX_YES && l->cli->json) {
            CHECK(json_object_set_new(text, "text", json_stringn_nocheck(bytes, n)) == 0);
        } else if (e == PX_YES) {
            if (only == NULL)
                print_head(text);
            (void)fwrite(bytes, 1, n, stdout);
        }
        free(bytes);
        if (e != PX_YES)
            return e;
    }
    if (!found)
        return px_cli_fail(l->cli, PX_NO, "revision %s has no text \"%.100s\"", revision, only);
    return PX_YES;
}

static int run(const struct px_cli *c)
{
    struct px_policy_line l = { .cli = c };
    json_t *answer = NULL;
    char room[PATH], *text;
    struct buf path = BUF_OF(room);
    int status, e = px_policy_line_open(c, &l);

    if (e != PX_YES)
        return e;
    buf_str(&path, "/v1/policy/revisions/");
    px_admin_put_encoded(&path, c->operands == 0 ? "active" : c->operand[0]);
    e = buf_ok(&path) ? px_policy_ask(&l, "GET", buf_z(&path), NULL, false, &answer, &status)
                      : px_cli_usage(c, "that is no revision");
    if (e == PX_YES)
        e = print_texts(&l, answer);
    if (e == PX_YES && c->json) {
        text = json_dumps(answer, JSON_INDENT(1) | JSON_PRESERVE_ORDER);
        if (text == NULL)
            e = px_cli_fail(c, PX_NO, "a text is not UTF-8: --text NAME shows its bytes");
        else
            printf("%s\n", text);
        free(text);
    }
    json_decref(answer);
    px_policy_line_close(&l);
    return e;
}

static const struct px_option options[] = {
    { "text", 't', "NAME", "only this text, byte for byte: checkout.route, lists/near.csv" },
    PX_OPTION_ADMIN,
    { .name = NULL },
};

const struct px_command px_cmd_policy_show = {
    .name = "policy show",
    .operands = "[REVISION]",
    .operands_max = 1,
    .summary = "the texts of a policy that is or was in force",
    .help = "REVISION: its first digits (4 or more); without one, what is in force.\n"
            "Exit: 0 shown, 1 not known or not kept any more, 3 not reached, 4 not allowed.",
    .option = options,
    .json = true,
    .run = run,
};
