/* tests/lib/paper.c */
#include "tests/lib/paper.h"

#include <stdlib.h>
#include <string.h>

#include "routing/base/buf.h"
#include "routing/base/check.h"

static size_t on_room(void *ctx)
{
    struct paper *p = ctx;
    size_t left = PAPER_OUT - p->out_n;

    return p->room < left ? p->room : left;
}

static bool on_put(void *ctx, struct span s)
{
    struct paper *p = ctx;

    CHECK(s.n <= on_room(p));
    if (p->no_memory)
        return false;
    memcpy(p->out + p->out_n, s.p, s.n);
    p->out_n += s.n;
    return true;
}

static uint64_t on_at(void *ctx)
{
    return ((struct paper *)ctx)->out_n;
}

static void on_wake(void *ctx)
{
    ((struct paper *)ctx)->wakes++;
}

static void on_ended(void *ctx, struct px_exchange *x, enum px_ending how, const char *why)
{
    struct paper *p = ctx;

    CHECK(p->ends < PAPER_ENDS);
    CHECK(x->client_ == NULL);
    CHECK(why != NULL && why[0] != '\0');
    p->end[p->ends].x = x;
    p->end[p->ends].how = how;
    p->end[p->ends++].why = why;
}

static const struct px_client_io io = {
    .room = on_room,
    .put = on_put,
    .at = on_at,
    .wake = on_wake,
    .ended = on_ended,
};

void paper_open(struct paper *p, paper_protocol *create)
{
    *p = (struct paper){ .room = PAPER_OUT, .now_ns = 1000000000 };
    p->out = malloc(PAPER_OUT);
    CHECK(p->out != NULL);
    p->client = create(&io, p);
    CHECK(p->client != NULL);
}

void paper_close(struct paper *p)
{
    px_client_lost(p->client, PX_LOST_OTHER, "closed");
    px_client_destroy(p->client);
    free(p->out);
}

bool paper_hear(struct paper *p, struct span bytes, size_t piece)
{
    while (bytes.n > 0) {
        size_t n = piece == 0 || piece > bytes.n ? bytes.n : piece;
        char *copy = malloc(n); /* exact, for the address sanitizer */
        bool ok;

        CHECK(copy != NULL);
        memcpy(copy, bytes.p, n);
        ok = px_client_receive(p->client, (struct span){ copy, n }, p->now_ns);
        free(copy);
        if (!ok)
            return false;
        bytes = span_drop(bytes, n);
    }
    return true;
}

struct px_exchange *paper_exchange(const char *method, const char *path, struct span body)
{
    struct px_exchange *x = calloc(1, sizeof *x);
    struct px_message m = { .method = span_str(method),
                            .path = span_str(path),
                            .scheme = SPAN("https"),
                            .authority = SPAN("psp.test"),
                            .body = body };

    CHECK(x != NULL);
    px_message_add(&m, "content-type", SPAN("application/json"));
    px_message_add_secret(&m, "authorization", SPAN("Bearer sk_test_paper"));
    px_exchange_init(x);
    CHECK(px_exchange_set(x, &m) == OK);
    return x;
}

void paper_free(struct px_exchange *x)
{
    px_exchange_clear(x);
    free(x);
}

/* ---- frames out ---- */

static void put_u32(struct buf *b, uint32_t v)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        buf_byte(b, (char)(v >> shift));
}

void frame_put(struct buf *b, unsigned type, unsigned flags, uint32_t stream, struct span payload)
{
    put_u32(b, (uint32_t)payload.n << 8 | type);
    buf_byte(b, (char)flags);
    put_u32(b, stream);
    buf_put(b, payload);
    CHECK(buf_ok(b));
}

void frame_u32(struct buf *b, unsigned type, uint32_t stream, uint32_t value)
{
    char mem[4];
    struct buf p = BUF_OF(mem);

    put_u32(&p, value);
    frame_put(b, type, 0, stream, buf_span(&p));
}

void frame_settings(struct buf *b, unsigned id, uint32_t value)
{
    char mem[6];
    struct buf p = BUF_OF(mem);

    if (id != 0) {
        buf_byte(&p, (char)(id >> 8));
        buf_byte(&p, (char)id);
        put_u32(&p, value);
    }
    frame_put(b, FRAME_SETTINGS, 0, 0, buf_span(&p));
}

void frame_goaway(struct buf *b, uint32_t last, uint32_t code)
{
    char mem[8];
    struct buf p = BUF_OF(mem);

    put_u32(&p, last);
    put_u32(&p, code);
    frame_put(b, FRAME_GOAWAY, 0, 0, buf_span(&p));
}

/* RFC 7541 section 5.1, with a prefix of 7 bits that is all ours. */
static void hpack_length(struct buf *b, size_t n)
{
    if (n < 127) {
        buf_byte(b, (char)n);
        return;
    }
    buf_byte(b, 127);
    for (n -= 127; n >= 128; n /= 128)
        buf_byte(b, (char)(n % 128 + 128));
    buf_byte(b, (char)n);
}

void hpack_field(struct buf *b, const char *name, struct span value)
{
    buf_byte(b, 0x10); /* never indexed, new name */
    hpack_length(b, strlen(name));
    buf_str(b, name);
    hpack_length(b, value.n);
    buf_put(b, value);
}

void hpack_status(struct buf *b, int status)
{
    char mem[8];
    struct buf text = BUF_OF(mem);

    buf_u64(&text, (uint64_t)status);
    hpack_field(b, ":status", buf_span(&text));
}

void frame_status(struct buf *b, uint32_t stream, int status, unsigned flags)
{
    char mem[32];
    struct buf block = BUF_OF(mem);

    hpack_status(&block, status);
    frame_put(b, FRAME_HEADERS, flags | FLAG_END_HEADERS, stream, buf_span(&block));
}

/* ---- frames in ---- */

static uint32_t get_u32(const char *p)
{
    const unsigned char *u = (const unsigned char *)p;

    return (uint32_t)u[0] << 24 | (uint32_t)u[1] << 16 | (uint32_t)u[2] << 8 | u[3];
}

bool frame_next(const struct paper *p, size_t *at, struct frame *f)
{
    size_t n;

    if (*at == 0 && p->out_n >= 24)
        *at = 24; /* "PRI * HTTP/2.0..." */
    if (p->out_n - *at < 9)
        return false;
    n = get_u32(p->out + *at) >> 8;
    f->type = (unsigned char)p->out[*at + 3];
    f->flags = (unsigned char)p->out[*at + 4];
    f->stream = get_u32(p->out + *at + 5);
    f->payload = (struct span){ p->out + *at + 9, n };
    f->at = *at;
    *at += 9 + n;
    CHECK(*at <= p->out_n);
    return true;
}

bool frame_find(const struct paper *p, unsigned type, uint32_t stream, struct frame *f)
{
    for (size_t at = 0; frame_next(p, &at, f);)
        if (f->type == type && f->stream == stream)
            return true;
    return false;
}
