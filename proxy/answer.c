/* proxy/answer.c -- statuses, words and headers. The bodies are answer_body.c. */
#include "proxy/answer.h"

#include <string.h>

#include "proxy/answer_body.h"
#include "proxy/problem.h"

/* ---- words ----------------------------------------------------------------------------------- */

static const char *word_of_state(enum rt_state s)
{
    switch (s) {
    case RT_STATE_CAPTURED: return "captured";
    case RT_STATE_PARTIALLY_CAPTURED: return "partially_captured";
    case RT_STATE_VOIDED: return "voided";
    case RT_STATE_VOID_PENDING:
    case RT_STATE_REVERSAL_PENDING: return "void_pending";
    case RT_STATE_REFUNDED: return "refunded";
    case RT_STATE_PARTIALLY_REFUNDED: return "partially_refunded";
    case RT_STATE_REFUND_PENDING: return "refund_pending";
    case RT_STATE_EXPIRED: return "expired";
    case RT_STATE_CHARGEBACK: return "charged_back";
    case RT_STATE_AUTHORIZED:
    case RT_STATE_CAPTURE_PENDING:
    case RT_STATE_CAPTURE_FAILED:
    case RT_STATE_REFUND_FAILED:
    case RT_STATE_NONE:
    case RT_STATE_IN_DOUBT:
    case RT_STATE_DECLINED:
    case RT_STATE_REQUIRES_SCA:
    case RT_STATE_REQUIRES_ACTION:
    case RT_STATE_PENDING:
    case RT_STATE_NOT_EXECUTED:
    case RT_STATE_UNCHANGED:
    case RT_STATE_NOT_FOUND:
    case RT_STATE_TOKENIZED:
    case RT_STATE_FOUND:
    case RT_STATES_: break;
    }
    return "approved";
}

static const char *word_of_op(enum rt_op op)
{
    switch (op) {
    case RT_CAPTURE: return "captured";
    case RT_VOID: return "voided";
    case RT_REFUND: return "refunded";
    case RT_AUTHORIZE:
    case RT_INQUIRE:
    case RT_OPS_: break;
    }
    return "approved";
}

/* A provider that took an operation and will tell its result later. Nobody is asked to act on one.
 */
static bool still_to_come(const struct px_record *r)
{
    if (r->op == RT_AUTHORIZE)
        return false;
    if (r->outcome == RT_ACTION_REQUIRED)
        return true;
    return r->outcome == RT_APPROVED &&
           (r->state == RT_STATE_CAPTURE_PENDING || r->state == RT_STATE_VOID_PENDING ||
            r->state == RT_STATE_REVERSAL_PENDING || r->state == RT_STATE_REFUND_PENDING);
}

const char *px_answer_word(const struct px_record *r)
{
    if (r->standing == PX_NEVER_SENT)
        return "failed";
    if (r->standing == PX_OPEN || still_to_come(r))
        return "processing";
    switch (r->outcome) {
    case RT_APPROVED: return r->op == RT_AUTHORIZE ? word_of_state(r->state) : word_of_op(r->op);
    case RT_DECLINED: return "declined";
    case RT_ACTION_REQUIRED: return "action_required";
    case RT_ERROR: return "failed";
    case RT_PENDING:
    case RT_UNKNOWN:
    case RT_INFO: break;
    }
    return "processing";
}

/* ---- status ---------------------------------------------------------------------------------- */

/* The payment is not in a state for it, and no repeating will change that. */
static bool conflicts(enum rt_code c)
{
    static const enum rt_code conflict[] = {
        RT_CODE_LOCK_CONFLICT,
        RT_CODE_DUPLICATE_TRANSACTION,
        RT_CODE_NOT_FOUND,
        RT_CODE_STATE_CONFLICT,
        RT_CODE_ALREADY_CAPTURED,
        RT_CODE_ALREADY_VOIDED,
        RT_CODE_ALREADY_REFUNDED,
        RT_CODE_AUTHORIZATION_EXPIRED,
        RT_CODE_REFUND_WINDOW_EXPIRED,
        RT_CODE_AMOUNT_EXCEEDS_AUTHORIZED,
        RT_CODE_AMOUNT_EXCEEDS_REFUNDABLE,
    };

    for (size_t i = 0; i < sizeof conflict / sizeof conflict[0]; i++) {
        if (conflict[i] == c)
            return true;
    }
    return false;
}

/* About our account at the provider: the merchant's operators must act. */
static bool ours_to_mend(enum rt_code c)
{
    return c == RT_CODE_INVALID_MERCHANT || c == RT_CODE_NOT_PERMITTED_TERMINAL ||
           c == RT_CODE_MERCHANT_CONFIG_ERROR || c == RT_CODE_PROVIDER_AUTH_ERROR ||
           c == RT_CODE_PROVIDER_PERMISSION_ERROR || c == RT_CODE_IDEMPOTENCY_MISMATCH ||
           c == RT_CODE_TEST_MODE_MISMATCH;
}

static int status_of_nothing_done(enum rt_code c)
{
    enum rt_category category = rt_code_category(c);

    if (conflicts(c))
        return 409;
    if (category == RT_TECHNICAL || category == RT_CATEGORY_NONE)
        return 503;
    return ours_to_mend(c) ? 502 : 422;
}

static int status_of(const struct px_record *r)
{
    bool operation = r->op != RT_AUTHORIZE;

    if (r->standing == PX_NEVER_SENT)
        return status_of_nothing_done(r->code);
    if (still_to_come(r))
        return 202;
    switch (r->outcome) {
    case RT_APPROVED: return r->op == RT_CAPTURE || r->op == RT_VOID ? 200 : 201;
    case RT_ACTION_REQUIRED: return 201;
    case RT_DECLINED: return operation && conflicts(r->code) ? 409 : 402;
    case RT_ERROR: return status_of_nothing_done(r->code);
    case RT_UNKNOWN:
    case RT_PENDING:
    case RT_INFO: break;
    }
    return 202;
}

static bool is_problem(int status)
{
    return status >= 400 && status != 402;
}

int px_answer_body(const struct px_telling *t, struct arena *a, struct span *body)
{
    int status = status_of(t->record);
    bool ok = is_problem(status) ? px_answer_write_problem(t, status, a, body)
                                 : px_answer_write(t, true, a, body);

    if (ok)
        return status;
    *body = SPAN_NONE; /* px_answer_message knows what to say */
    return 500;
}

bool px_answer_status_body(const struct px_telling *t, struct arena *a, struct span *body)
{
    return px_answer_write(t, false, a, body);
}

/* ---- headers --------------------------------------------------------------------------------- */

static void add_location(struct px_message *m, const struct px_record *r, struct arena *a)
{
    struct buf b = arena_buf(a, sizeof "/v1/payments/" + PX_ID);

    buf_str(&b, "/v1/payments/");
    buf_str(&b, r->parent[0] != '\0' ? r->parent : r->id);
    if (buf_ok(&b))
        px_message_add(m, "location", buf_span(&b));
}

static void timing(struct buf *b, const char *name, int64_t us)
{
    if (us < 0)
        return;
    if (b->n > 0)
        buf_str(b, ", ");
    buf_fmt(b, "%s;dur=", name);
    buf_i64(b, us / 1000);
    buf_byte(b, '.');
    buf_pad(b, (uint64_t)(us % 1000), 3);
}

/* W3C Server-Timing: milliseconds. */
static void add_timing(struct px_message *m, const struct px_answer_head *h, struct arena *a)
{
    struct buf b = arena_buf(a, 128);

    timing(&b, "policy", h->policy_us);
    timing(&b, "psp", h->provider_us);
    timing(&b, "gw", h->gateway_us);
    if (b.n > 0 && buf_ok(&b))
        px_message_add(m, "server-timing", buf_span(&b));
}

/* RFC 9209 section 2.3: our words for what the wire showed, as registered ones. */
static const char *proxy_error(const struct px_attempt *t)
{
    static const char *const word[][2] = {
        { "dns", "dns_error" },
        { "dns_timeout", "dns_timeout" },
        { "connect_refused", "connection_refused" },
        { "connect_unreachable", "destination_ip_unroutable" },
        { "connect_timeout", "connection_timeout" },
        { "tls_verify", "tls_certificate_error" },
        { "tls_timeout", "tls_protocol_error" },
        { "tls_handshake", "tls_protocol_error" },
        { "tls_broken", "tls_protocol_error" },
        { "alpn", "tls_protocol_error" },
        { "timeout", "http_response_timeout" },
        { "write_timeout", "connection_write_timeout" },
        { "truncated", "http_response_incomplete" },
        { "body_limit", "http_response_body_size" },
        { "header_limit", "http_response_header_section_size" },
        { "malformed", "http_protocol_error" },
        { "protocol_error", "http_protocol_error" },
        { "queue_full", "connection_limit_reached" },
    };

    for (size_t i = 0; i < sizeof word / sizeof word[0]; i++) {
        if (strcmp(t->why, word[i][0]) == 0)
            return word[i][1];
    }
    return strcmp(t->evidence, "in_doubt") == 0 ? "connection_terminated"
                                                : "destination_unavailable";
}

static bool sf_string_safe(const char *z)
{
    for (; *z != '\0'; z++) {
        if (*z < ' ' || *z > '~' || *z == '"' || *z == '\\')
            return false;
    }
    return true;
}

static void add_proxy_status(struct px_message *m, const struct px_attempt *t, struct arena *a)
{
    struct buf b = arena_buf(a, 256);

    if (!sf_string_safe(t->provider) || !sf_string_safe(t->why))
        return;
    buf_fmt(&b, "signalbox; next-hop=\"%s\"", t->provider);
    if (t->status > 0)
        buf_fmt(&b, "; received-status=%d", (int)t->status);
    else if (t->ended_ms > 0)
        buf_fmt(&b, "; error=%s; details=\"%s\"", proxy_error(t), t->why);
    if (buf_ok(&b))
        px_message_add(m, "proxy-status", buf_span(&b));
}

void px_answer_message(int status, struct span body, const struct px_answer_head *h,
                       struct arena *a, struct px_message *out)
{
    struct px_fault broken;

    if (body.p == NULL) {
        (void)px_fault_at(&broken, PX_FAULT_INTERNAL, NULL);
        px_problem(&broken, h->request_id, a, out);
        return;
    }
    px_message_begin(out, status,
                     is_problem(status) ? "application/problem+json" : "application/json",
                     h->request_id, a);
    out->body = body;
    if ((status == 201 || status == 202) && h->record != NULL)
        add_location(out, h->record, a);
    if (h->replayed)
        px_message_add(out, "idempotent-replayed", SPAN("true"));
    if (h->retry_after_s > 0)
        px_message_add_number(out, "retry-after", h->retry_after_s, a);
    add_timing(out, h, a);
    if (h->last != NULL)
        add_proxy_status(out, h->last, a);
}
