/* loadtest/pspsim/fault_json.c -- rules as the control port says them. */
#include <stdio.h>
#include <string.h>

#include "loadtest/common/shape.h"
#include "loadtest/pspsim/fault.h"
#include "loadtest/pspsim/ledger.h"
#include "loadtest/pspsim/words.h"

#define PHASE(p)  (1u << SIM_##p)
#define REQUEST   (PHASE(HEAD) | PHASE(BEFORE) | PHASE(AFTER))
#define CONNECTED (PHASE(ACCEPT) | PHASE(READ) | REQUEST | PHASE(MIDDLE) | PHASE(END))

/* What a rule may be, and when; the first phase named is the usual one. */
struct kind {
    const char *name;
    enum sim_fault_kind kind;
    enum sim_phase usual;
    unsigned phases;
    int status; /* the word is short for this status */
};

static const struct kind kinds[] = {
    { "refuse", SIM_F_REFUSE, SIM_ACCEPT, PHASE(ACCEPT), 0 },
    { "reset", SIM_F_RESET, SIM_BEFORE, CONNECTED, 0 },
    { "close", SIM_F_CLOSE, SIM_BEFORE, CONNECTED, 0 },
    { "cut", SIM_F_CUT, SIM_BEFORE, CONNECTED, 0 },
    { "hang", SIM_F_HANG, SIM_BEFORE, CONNECTED & ~PHASE(END), 0 },
    { "tls_fail", SIM_F_TLS, SIM_ACCEPT, PHASE(ACCEPT), 0 },
    { "refused_stream", SIM_F_REFUSED, SIM_BEFORE, REQUEST, 0 },
    { "goaway_below", SIM_F_GOAWAY_BELOW, SIM_BEFORE, REQUEST, 0 },
    { "goaway_above", SIM_F_GOAWAY_ABOVE, SIM_BEFORE, REQUEST, 0 },
    { "rst", SIM_F_RST, SIM_BEFORE, REQUEST | PHASE(MIDDLE), 0 },
    { "status", SIM_F_STATUS, SIM_BEFORE, REQUEST, 500 },
    { "401", SIM_F_STATUS, SIM_BEFORE, REQUEST, 401 },
    { "429", SIM_F_STATUS, SIM_BEFORE, REQUEST, 429 },
    { "500", SIM_F_STATUS, SIM_BEFORE, REQUEST, 500 },
    { "502", SIM_F_STATUS, SIM_BEFORE, REQUEST, 502 },
    { "503", SIM_F_STATUS, SIM_BEFORE, REQUEST, 503 },
    { "504", SIM_F_STATUS, SIM_BEFORE, REQUEST, 504 },
    { "slow", SIM_F_SLOW, SIM_BEFORE, PHASE(BEFORE) | PHASE(AFTER), 0 },
    { "trickle", SIM_F_TRICKLE, SIM_AFTER, PHASE(AFTER), 0 },
    { "truncated", SIM_F_TRUNCATED, SIM_AFTER, PHASE(AFTER), 0 },
    { "garbage", SIM_F_GARBAGE, SIM_AFTER, PHASE(BEFORE) | PHASE(AFTER), 0 },
    { "empty", SIM_F_EMPTY, SIM_AFTER, PHASE(BEFORE) | PHASE(AFTER), 0 },
    { "html", SIM_F_HTML, SIM_AFTER, PHASE(BEFORE) | PHASE(AFTER), 0 },
    { "big_head", SIM_F_BIG_HEAD, SIM_AFTER, PHASE(AFTER), 0 },
    { "big_body", SIM_F_BIG_BODY, SIM_AFTER, PHASE(AFTER), 0 },
    { "interim", SIM_F_INTERIM, SIM_AFTER, PHASE(AFTER), 0 },
    { "framing", SIM_F_FRAMING, SIM_AFTER, PHASE(AFTER), 0 },
    { "duplicate", SIM_F_DUPLICATE, SIM_BEFORE, PHASE(BEFORE), 0 },
    { "wrong_amount", SIM_F_LIE_AMOUNT, SIM_AFTER, PHASE(AFTER), 0 },
    { "wrong_currency", SIM_F_LIE_CURRENCY, SIM_AFTER, PHASE(AFTER), 0 },
    { "wrong_reference", SIM_F_LIE_REFERENCE, SIM_AFTER, PHASE(AFTER), 0 },
};
enum { KINDS = sizeof kinds / sizeof *kinds };

static const char *const phase_words[] = { "accept",        "read",
                                           "headers",       "before_execute",
                                           "after_execute", "mid_answer",
                                           "after_answer",  NULL };
static const char *const tls_words[] = { "alert",      "close",   "reset",     "garbage", "hang",
                                         "wrong_host", "expired", "untrusted", "no_alpn", NULL };
static const char *const framing_words[] = { "length_long", "length_twice", "length_and_chunked",
                                             "bad_chunk",   "no_length",    "surplus",
                                             NULL };
static const char *const body_words[] = { "native", "html", "empty", NULL };
static const char *const then_words[] = { "answer", "close", "hang", NULL };
/* RFC 9113 section 7, by number. */
static const char *const h2_words[] = { "NO_ERROR",
                                        "PROTOCOL_ERROR",
                                        "INTERNAL_ERROR",
                                        "FLOW_CONTROL_ERROR",
                                        "SETTINGS_TIMEOUT",
                                        "STREAM_CLOSED",
                                        "FRAME_SIZE_ERROR",
                                        "REFUSED_STREAM",
                                        "CANCEL",
                                        "COMPRESSION_ERROR",
                                        "CONNECT_ERROR",
                                        "ENHANCE_YOUR_CALM",
                                        "INADEQUATE_SECURITY",
                                        "HTTP_1_1_REQUIRED",
                                        NULL };

static const struct lt_shape match_shape[] = {
    { "op", LT_T_ANY },
    { "amount", LT_T_INT },
    { "amount_ending", LT_T_TEXT },
    { "copy", LT_T_INT },
    { "reused", LT_T_BOOL },
    { "protocol", LT_T_TEXT },
    { "reference", LT_T_TEXT },
    { NULL },
};
static const struct lt_shape rule_shape[] = {
    { "fault", LT_T_TEXT, true },
    { "when", LT_T_TEXT },
    { "code", LT_T_ANY },
    { "status", LT_T_INT },
    { "body", LT_T_TEXT },
    { "tls", LT_T_TEXT },
    { "framing", LT_T_TEXT },
    { "then", LT_T_TEXT },
    { "late_ms", LT_T_INT },
    { "bytes", LT_T_INT },
    { "rate", LT_T_ANY },
    { "count", LT_T_INT },
    { "skip", LT_T_INT },
    { "match", LT_T_OBJ, false, match_shape },
    { "ms", LT_T_INT },
    { "jitter_ms", LT_T_INT },
    { "tail_ms", LT_T_INT },
    { "tail_rate", LT_T_ANY },
    { NULL },
};

int sim_word_find(const char *const *words, struct span s)
{
    for (int i = 0; words[i] != NULL; i++) {
        if (span_is_nocase(s, words[i]))
            return i;
    }
    return -1;
}

struct reading {
    const struct lt_tree *t;
    const struct lt_node *n;
    char *why;
};

static bool no(const struct reading *r, const char *what)
{
    (void)snprintf(r->why, 160, "%s", what);
    return false;
}

/* A member that is one of these words, or absent. */
static bool word(const struct reading *r, const char *name, const char *const *words, unsigned *out)
{
    struct span s = lt_text(r->t, r->n, name);
    int i = s.p == NULL ? (int)*out : sim_word_find(words, s);

    if (i < 0) {
        (void)snprintf(r->why, 160, "unknown %s \"%.*s\"", name, s.n > 40 ? 40 : (int)s.n, s.p);
        return false;
    }
    *out = (unsigned)i;
    return true;
}

static bool number(const struct reading *r, const char *name, int64_t least, int64_t *out)
{
    if (lt_get(r->t, r->n, name) == NULL)
        return true;
    if (lt_i64(r->t, r->n, name, out) && *out >= least)
        return true;
    (void)snprintf(r->why, 160, "%s must be a whole number of at least %lld", name,
                   (long long)least);
    return false;
}

static bool share(const struct reading *r, const char *name, double *out)
{
    if (lt_get(r->t, r->n, name) == NULL)
        return true;
    if (lt_f64(r->t, r->n, name, out) && *out >= 0. && *out <= 1.)
        return true;
    (void)snprintf(r->why, 160, "%s must be a number from 0 to 1", name);
    return false;
}

bool sim_delay_read(const struct lt_tree *t, const struct lt_node *n, struct sim_delay *d)
{
    char why[160];
    struct reading r = { t, n, why };

    return number(&r, "ms", 0, &d->ms) && number(&r, "jitter_ms", 0, &d->jitter_ms) &&
           number(&r, "tail_ms", 0, &d->tail_ms) && share(&r, "tail_rate", &d->tail_rate);
}

static bool read_kind(const struct reading *r, struct sim_fault *f, unsigned *phases)
{
    struct span s = lt_text(r->t, r->n, "fault");

    for (unsigned i = 0; i < KINDS; i++) {
        if (!span_is(s, kinds[i].name))
            continue;
        f->kind = kinds[i].kind;
        f->when = kinds[i].usual;
        f->status = kinds[i].status;
        *phases = kinds[i].phases;
        return true;
    }
    (void)snprintf(r->why, 160, "unknown fault \"%.*s\"", s.n > 40 ? 40 : (int)s.n, s.p);
    return false;
}

static bool read_code(const struct reading *r, struct sim_fault *f)
{
    const struct lt_node *n = lt_get(r->t, r->n, "code");
    int64_t v;
    int i;

    f->code = 8; /* CANCEL */
    if (n == NULL)
        return true;
    if (n->kind == LT_NUMBER && span_i64(n->text, &v) == OK && v >= 0 && v <= UINT32_MAX) {
        f->code = (uint32_t)v;
        return true;
    }
    i = n->kind == LT_STRING ? sim_word_find(h2_words, n->text) : -1;
    f->code = (uint32_t)i;
    return i >= 0 || no(r, "code must be an HTTP/2 error code, as a word or a number");
}

static bool read_op(const struct reading *r, const struct lt_node *n, struct sim_match *m)
{
    enum sim_op op = n->kind == LT_STRING ? sim_op_find(n->text) : SIM_OP_NONE;

    m->ops |= 1u << op;
    return op != SIM_OP_NONE || no(r, "unknown op in match");
}

static bool read_ops(const struct reading *r, struct sim_match *m)
{
    const struct lt_node *n = lt_get(r->t, r->n, "op");

    if (n == NULL)
        return true;
    if (n->kind != LT_ARRAY)
        return read_op(r, n, m);
    for (const struct lt_node *i = lt_child(r->t, n); i != NULL; i = lt_next(r->t, i)) {
        if (!read_op(r, i, m))
            return false;
    }
    return true;
}

static bool read_ending(const struct reading *r, struct sim_match *m)
{
    struct span s = lt_text(r->t, r->n, "amount_ending");
    uint64_t v = 0;

    if (s.p == NULL)
        return true;
    if (s.n == 0 || s.n > 9 || span_u64(s, &v) != OK)
        return no(r, "amount_ending must be one to nine digits");
    m->ending = (int64_t)v;
    m->digits = (int64_t)s.n;
    return true;
}

static bool read_protocol(const struct reading *r, struct sim_match *m)
{
    struct span s = lt_text(r->t, r->n, "protocol");

    if (s.p == NULL)
        return true;
    m->http2 = span_is(s, "h2");
    return m->http2 == 1 || span_is(s, "http/1.1") || no(r, "protocol must be h2 or http/1.1");
}

static bool read_match(const struct reading *outer, struct sim_match *m)
{
    struct reading r = { outer->t, lt_get(outer->t, outer->n, "match"), outer->why };
    int64_t copy = 0;

    m->amount = -1;
    m->reused = m->http2 = -1;
    if (r.n == NULL)
        return true;
    if (lt_get(r.t, r.n, "reused") != NULL)
        m->reused = lt_bool(r.t, r.n, "reused", false);
    if (lt_get(r.t, r.n, "reference") != NULL &&
        span_copyz(lt_text(r.t, r.n, "reference"), m->reference, sizeof m->reference) != OK)
        return no(&r, "reference is too long");
    if (!number(&r, "amount", 0, &m->amount) || !number(&r, "copy", 0, &copy))
        return false;
    m->copy = (uint32_t)copy;
    return read_ops(&r, m) && read_ending(&r, m) && read_protocol(&r, m);
}

static bool read_words(const struct reading *r, struct sim_fault *f)
{
    unsigned when = f->when, tls = 0, framing = 0, body = 0, then = 0;

    if (!word(r, "when", phase_words, &when) || !word(r, "tls", tls_words, &tls) ||
        !word(r, "framing", framing_words, &framing) || !word(r, "body", body_words, &body) ||
        !word(r, "then", then_words, &then))
        return false;
    f->when = when;
    f->tls = tls;
    f->framing = framing;
    f->body = body;
    f->then = then;
    return true;
}

static int64_t usual_bytes(enum sim_fault_kind k)
{
    return k == SIM_F_BIG_HEAD   ? 64 * 1024
           : k == SIM_F_BIG_BODY ? 1024 * 1024
           : k == SIM_F_TRICKLE  ? 64
                                 : 3; /* 1xx answers */
}

static bool read_numbers(const struct reading *r, struct sim_fault *f)
{
    int64_t status = f->status;

    f->late_ms = -1;
    f->count = -1;
    f->rate = 1.;
    f->bytes = usual_bytes(f->kind);
    if (!number(r, "late_ms", 0, &f->late_ms) || !number(r, "count", 0, &f->count) ||
        !number(r, "skip", 0, &f->skip) || !number(r, "bytes", 1, &f->bytes) ||
        !number(r, "status", 100, &status) || !share(r, "rate", &f->rate))
        return false;
    if (status > 599 || f->bytes > 64 << 20)
        return no(r, "status or bytes is out of range");
    f->status = (int)status;
    return sim_delay_read(r->t, r->n, &f->delay) || no(r, "ms, jitter_ms, tail_ms or tail_rate");
}

bool sim_fault_read(const struct lt_tree *t, const struct lt_node *n, struct sim_fault *out,
                    char why[160])
{
    struct reading r = { t, n, why };
    struct lt_shape_bad bad;
    unsigned phases;

    *out = (struct sim_fault){ 0 };
    if (n->kind != LT_OBJECT)
        return no(&r, "a rule is an object");
    if (!lt_shape_fits(t, n, rule_shape, false, &bad)) {
        (void)snprintf(why, 160, "%.100s: %s", bad.path,
                       bad.misfit == LT_UNKNOWN ? "unknown member"
                       : bad.misfit == LT_TYPE  ? "wrong type"
                                                : "missing");
        return false;
    }
    if (!read_kind(&r, out, &phases) || !read_words(&r, out) || !read_code(&r, out) ||
        !read_numbers(&r, out) || !read_match(&r, &out->match))
        return false;
    if ((phases & 1u << out->when) == 0)
        return no(&r, "this fault cannot happen then");
    if (out->late_ms >= 0 && out->when < SIM_BEFORE)
        return no(&r, "late_ms needs a request that was read whole: before_execute or later");
    if (out->kind == SIM_F_DUPLICATE && out->late_ms < 0)
        out->late_ms = 0;
    return true;
}

static const char *kind_name(const struct sim_fault *f)
{
    for (unsigned i = 0; i < KINDS; i++) {
        if (kinds[i].kind == f->kind)
            return kinds[i].name;
    }
    return "none";
}

void sim_fault_write(const struct sim_fault *f, struct lt_out *o)
{
    lt_byte(o, '{');
    lt_member_num(o, "id", f->id);
    lt_member_z(o, "fault", kind_name(f));
    lt_member_z(o, "when", phase_words[f->when]);
    if (f->kind == SIM_F_STATUS)
        lt_member_num(o, "status", f->status);
    if (f->kind == SIM_F_TLS)
        lt_member_z(o, "tls", tls_words[f->tls]);
    if (f->kind == SIM_F_FRAMING)
        lt_member_z(o, "framing", framing_words[f->framing]);
    if (f->kind == SIM_F_RST)
        lt_member_num(o, "code", f->code);
    if (f->late_ms >= 0)
        lt_member_num(o, "late_ms", f->late_ms);
    lt_member_num(o, "count", f->count);
    lt_member_num(o, "fitted", (int64_t)f->fitted);
    lt_member_num(o, "struck", (int64_t)f->struck);
    lt_byte(o, '}');
}
