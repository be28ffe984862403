/* proxy/cmd_doc.c */
#include "proxy/cmd_doc.h"

#include <stdlib.h>
#include <string.h>

#include "proxy/clock.h"
#include "proxy/duration.h"
#include "routing/base/check.h"

/* ---- asking ---- */

const char *px_doc_path(char out[PX_DOC_PATH], const char *before, const char *name,
                        const char *after)
{
    struct buf b = buf_over(out, PX_DOC_PATH);

    buf_str(&b, before);
    px_admin_put_encoded(&b, name);
    buf_str(&b, after);
    return buf_ok(&b) ? buf_z(&b) : "/v1/providers/-";
}

int px_doc_ask(struct px_admin_client *k, const struct px_cli *c, const char *method,
               const char *path, json_t *body, json_t **out)
{
    char *text = body == NULL ? NULL : json_dumps(body, JSON_COMPACT);
    struct px_admin_answer w;
    json_error_t why;
    int e;

    e = px_admin_call(k, method, path, span_str(text), &w);
    free(text);
    if (e != PX_YES)
        return e;
    *out = json_loadb(w.body.p, w.body.n, JSON_REJECT_DUPLICATES, &why);
    if (*out == NULL)
        return px_cli_fail(c, PX_UNREACHABLE, "the answer from %s can not be read: %s",
                           px_admin_client_where(k), why.text);
    return PX_YES;
}

int px_doc_once(const struct px_cli *c, const char *path, json_t **out)
{
    struct px_admin_client *k = NULL;
    int e = px_admin_client_open(c, &k);

    if (e == PX_YES)
        e = px_doc_ask(k, c, "GET", path, NULL, out);
    px_admin_client_close(k);
    return e;
}

void px_doc_print(const json_t *doc)
{
    (void)json_dumpf(doc, stdout, JSON_COMPACT);
    (void)putchar('\n');
    (void)fflush(stdout); /* a reader of a watch waits for it */
}

const char *px_doc_text(const json_t *o, const char *name)
{
    const char *z = json_string_value(json_object_get(o, name));

    return z == NULL ? "" : z;
}

int64_t px_doc_number(const json_t *o, const char *name, int64_t without)
{
    const json_t *v = json_object_get(o, name);

    return json_is_integer(v) ? json_integer_value(v) : without;
}

/* ---- numbers as people read them ---- */

void px_doc_put_moment(int64_t ms, int64_t now_ms, struct buf *b)
{
    bool past = ms <= now_ms, far = llabs(ms - now_ms) >= 20 * 3600000LL;
    char text[PX_MOMENT];
    const char *at = px_moment(ms, text);

    if (strlen(at) < 19)
        return;
    if (far)
        buf_fmt(b, "%.10s ", at);
    buf_fmt(b, "%.*s (%s", far || !past ? 5 : 8, at + 11, past ? "" : "in ");
    px_duration_put(llabs(ms - now_ms), b);
    buf_str(b, past ? " ago)" : ")");
}

/* v tenths. */
static void put_tenths(int64_t v, const char *unit, struct buf *b)
{
    buf_i64(b, v / 10);
    buf_byte(b, '.');
    buf_i64(b, v % 10);
    buf_str(b, unit);
}

void px_doc_put_permille(int64_t permille, struct buf *b)
{
    if (permille < 0)
        buf_str(b, "-");
    else
        put_tenths(permille, "%", b);
}

void px_doc_put_ppm(int64_t ppm, struct buf *b)
{
    px_doc_put_permille(ppm < 0 ? -1 : (ppm + 500) / 1000, b);
}

void px_doc_put_rate(int64_t milli_s, struct buf *b)
{
    if (milli_s < 0)
        buf_str(b, "-");
    else
        put_tenths((milli_s + 50) / 100, "", b);
}

void px_doc_put_ms(int64_t ms, struct buf *b)
{
    if (ms < 0)
        buf_str(b, "-");
    else if (ms < 1000)
        buf_fmt(b, "%dms", (int)ms);
    else
        put_tenths((ms + 50) / 100, "s", b);
}

/* ---- a provider's words ---- */

static bool holds(const json_t *provider)
{
    return json_is_true(json_object_get(json_object_get(provider, "toggle"), "holds"));
}

void px_doc_put_admin(const json_t *provider, struct buf *b)
{
    const json_t *t = json_object_get(provider, "toggle");
    const char *admin = px_doc_text(t, "admin");

    if (json_is_false(json_object_get(provider, "enabled"))) {
        buf_str(b, "disabled in the configuration");
        return;
    }
    if (!holds(provider)) {
        buf_str(b, "auto");
        return;
    }
    if (strcmp(admin, "stop") == 0) {
        buf_str(b, strcmp(px_doc_text(t, "ops"), "all") == 0 ? "all stopped" : "stopped");
    } else if (strcmp(admin, "drain") == 0) {
        buf_str(b, "draining");
    } else if (strcmp(admin, "force-on") == 0) {
        buf_str(b, "forced on");
    } else {
        buf_str(b, "limit ");
        px_doc_put_permille(px_doc_number(t, "limit_permille", -1), b);
    }
    buf_fmt(b, ", %.20s%s", px_doc_text(t, "actor"),
            json_is_true(json_object_get(t, "local")) ? ", LOCAL ONLY" : "");
}

enum px_tone px_doc_admin_tone(const json_t *provider)
{
    const json_t *t = json_object_get(provider, "toggle");

    if (!holds(provider))
        return PX_PLAIN;
    return strcmp(px_doc_text(t, "admin"), "stop") == 0 ? PX_BAD : PX_UNEASY;
}

enum px_tone px_doc_health_tone(const json_t *provider)
{
    const char *state = px_doc_text(json_object_get(provider, "health"), "state");

    if (strcmp(state, "serving") == 0)
        return PX_FINE;
    return strcmp(state, "probing") == 0 ? PX_UNEASY : PX_BAD;
}

void px_doc_put_health(const json_t *provider, const struct px_look *look, struct buf *b)
{
    const json_t *health = json_object_get(provider, "health");
    int64_t admit = px_doc_number(health, "admit_permille", 1000);

    buf_fmt(b, "%s %s", px_look_sign(look, px_doc_health_tone(provider)),
            px_doc_text(health, "state"));
    if (strcmp(px_doc_text(health, "state"), "probing") == 0 && admit < 1000) {
        buf_byte(b, ' ');
        buf_i64(b, (admit + 5) / 10);
        buf_byte(b, '%');
    }
}

void px_doc_warn(const json_t *doc, const struct px_look *look, int64_t now_ms, FILE *to)
{
    const json_t *live = json_object_get(doc, "live");
    int64_t heard = px_doc_number(live, "heard_ms", 0);
    char text[64];
    struct buf b = BUF_OF(text);

    if (!json_is_true(json_object_get(live, "configured")) ||
        json_is_true(json_object_get(live, "up")))
        return;
    if (heard > 0)
        px_doc_put_moment(heard, now_ms, &b);
    else
        buf_str(&b, "never");
    (void)fprintf(to,
                  "%s! Redis is not heard (%s; last: %s): this is %s ALONE. Payments go on.%s\n",
                  px_look_on(look, PX_BAD), px_doc_text(live, "why"), buf_z(&b),
                  px_doc_text(doc, "node"), px_look_off(look));
    if (px_doc_number(live, "local_only", 0) > 0)
        (void)fprintf(to,
                      "! %lld of its words are LOCAL ONLY; the others hear them when Redis is "
                      "back\n",
                      (long long)px_doc_number(live, "local_only", 0));
}
