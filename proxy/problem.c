/* proxy/problem.c */
#include "proxy/problem.h"

#include <string.h>

enum { BODY_MAX = 2048, NUMBER_MAX = 24, DIGITS_MAX = 11 };

static const char LAST_RESORT[] =
    "{\"type\":\"urn:signalbox:problem:internal\",\"title\":\"Something went wrong in the "
    "gateway\",\"status\":500,\"error\":{\"type\":\"internal\",\"code\":\"internal\",\"message\":"
    "\"Something went wrong in the gateway\"},\"outcome\":\"unknown\",\"retry_safe\":false}";

/* ---- headers --------------------------------------------------------------------------------- */

void px_message_begin(struct px_message *m, int status, const char *content_type,
                      struct span request_id, struct arena *a)
{
    *m = (struct px_message){ .status = status };
    px_message_add(m, "content-type", span_str(content_type));
    px_message_add(m, "cache-control", SPAN("no-store"));
    request_id = arena_copy(a, request_id);
    if (request_id.n > 0)
        px_message_add(m, "x-request-id", request_id);
}

void px_message_add_number(struct px_message *m, const char *name, int64_t v, struct arena *a)
{
    struct buf b = arena_buf(a, NUMBER_MAX);

    buf_i64(&b, v);
    if (buf_ok(&b))
        px_message_add(m, name, buf_span(&b));
}

static bool id_char(char c)
{
    char low = (char)(c | 0x20);

    return (low >= 'a' && low <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

bool px_request_id(const struct px_header *h, unsigned n, char out[PX_REQUEST_ID])
{
    struct span id = px_header_find(h, n, "x-request-id");
    unsigned digits = 0;

    for (size_t i = 0; i < id.n; i++) {
        digits = id.p[i] >= '0' && id.p[i] <= '9' ? digits + 1 : 0;
        if (!id_char(id.p[i]) || digits > DIGITS_MAX)
            return false;
    }
    return id.n > 0 && span_copyz(id, out, PX_REQUEST_ID) == OK;
}

/* ---- body ------------------------------------------------------------------------------------ */

/* The title, and what is known beyond it, as one text. */
static struct span message_of(const struct px_fault *f, struct buf *b)
{
    buf_str(b, px_fault_title(f->code));
    if (f->text[0] != '\0')
        buf_fmt(b, ": %s", f->text);
    if (f->help[0] != '\0')
        buf_fmt(b, "; %s", f->help);
    return buf_span(b);
}

static void write_error(struct json_out *o, const struct px_fault *f, struct span message)
{
    json_name(o, "error");
    json_open(o, '{');
    json_member_z(o, "type", px_fault_type(f->code));
    json_member_z(o, "code", px_fault_word(f->code));
    json_member_str(o, "message", message);
    if (f->field[0] != '\0')
        json_member_z(o, "field", f->field);
    if (f->help[0] != '\0')
        json_member_z(o, "help", f->help);
    if (f->reason != NULL)
        json_member_z(o, "reason", f->reason);
    if (f->line > 0) {
        json_member_i64(o, "line", f->line);
        json_member_i64(o, "column", f->col);
    }
    json_close(o, '}');
}

static void write_problem(struct json_out *o, const struct px_fault *f, struct span request_id)
{
    char text[512], urn[96];
    struct buf message = BUF_OF(text), type = BUF_OF(urn);
    struct span detail = message_of(f, &message);

    buf_fmt(&type, "urn:signalbox:problem:%s", px_fault_word(f->code));
    json_open(o, '{');
    json_member_str(o, "type", buf_span(&type));
    json_member_z(o, "title", px_fault_title(f->code));
    json_member_i64(o, "status", px_fault_status(f->code));
    json_member_str(o, "detail", detail);
    write_error(o, f, detail);
    json_member_z(o, "outcome", px_fault_outcome(f->code));
    json_member_bool(o, "retry_safe", px_fault_retry_safe(f->code));
    if (f->retry_after_s > 0)
        json_member_i64(o, "retry_after", f->retry_after_s);
    if (request_id.n > 0)
        json_member_str(o, "request_id", request_id);
    json_close(o, '}');
}

void px_problem(const struct px_fault *f, struct span request_id, struct arena *a,
                struct px_message *out)
{
    struct buf b = arena_buf(a, BODY_MAX);
    struct json_out o = json_to(&b);
    int status = px_fault_status(f->code);

    write_problem(&o, f, request_id);
    px_message_begin(out, buf_ok(&b) ? status : 500, "application/problem+json", request_id, a);
    out->body = buf_ok(&b) ? buf_span(&b) : span_str(LAST_RESORT);
    if (f->allow != NULL)
        px_message_add(out, "allow", span_str(f->allow));
    if (f->retry_after_s > 0)
        px_message_add_number(out, "retry-after", f->retry_after_s, a);
    if (status == 401)
        px_message_add(out, "www-authenticate", SPAN("Bearer realm=\"signalbox\""));
    if (status == 415)
        px_message_add(out, "accept", SPAN("application/json"));
}
