/* proxy/client.h -- what a connection's owner sees of a protocol, HTTP/2 or HTTP/1.1, as a client.
 *
 * A client owns no socket: it is told what arrived and puts what must leave, so tests and fuzzers
 * drive it from memory. It knows nothing of providers and money either: it reports how each
 * exchange ended and keeps the one fact that matters, where the request's first byte stands in the
 * output. What that proves is evidence.c's to say. */
#ifndef PX_CLIENT_H
#define PX_CLIENT_H
#include <stdbool.h>
#include <stdint.h>

#include "proxy/exchange.h"

/* How an exchange ended. Zero is the doubtful one. */
enum px_ending {
    PX_ENDED_BROKEN, /* anything not named below */
    PX_ENDED_ANSWERED,
    PX_ENDED_REFUSED_STREAM, /* the peer reset it with REFUSED_STREAM */
    PX_ENDED_GOAWAY,         /* the peer said GOAWAY with a last stream below ours */
};

/* The connection, as its client uses it. */
struct px_client_io {
    size_t (*room)(void *ctx);                 /* bytes that may be put now */
    bool (*put)(void *ctx, struct span bytes); /* false: no memory; the connection is lost */
    uint64_t (*at)(void *ctx);                 /* bytes ever put: the offset of the next one */
    void (*wake)(void *ctx);                   /* ask for px_client_fill soon */
    /* x ended and is no longer the client's. why is static, one word. May come from inside every
     * call below except start; it must not call the client. */
    void (*ended)(void *ctx, struct px_exchange *x, enum px_ending how, const char *why);
};

/* Why a connection is over for its client. */
enum px_client_lost {
    PX_LOST_EOF,   /* the peer ended it; nothing it sent is missing */
    PX_LOST_OTHER, /* cut, reset, broken, or our own decision */
};

struct px_client_kind {
    unsigned (*room)(const struct px_client *c);
    void (*start)(struct px_client *c, struct px_exchange *x);
    bool (*receive)(struct px_client *c, struct span bytes, int64_t now_ns);
    bool (*fill)(struct px_client *c);
    void (*cancel)(struct px_client *c, struct px_exchange *x);
    void (*lost)(struct px_client *c, enum px_client_lost how, const char *why);
    bool (*greeted)(const struct px_client *c);
    bool (*over)(const struct px_client *c);
    void (*bye)(struct px_client *c);
    void (*destroy)(struct px_client *c);
};

struct px_client {
    const struct px_client_kind *kind_;
    const struct px_client_io *io_;
    void *ctx_;
    struct px_exchange *first_; /* every exchange it has; newest first */
    unsigned exchanges_;
};

/* io is lent for life. NULL: no memory. */
struct px_client *px_http1_client_create(const struct px_client_io *io, void *ctx);
struct px_client *px_http2_client_create(const struct px_client_io *io, void *ctx);

/* How many more requests may be started now: 0 or 1 in HTTP/1.1, the peer's free slots in HTTP/2;
 * 0 for good once the connection is draining or used up. */
static inline unsigned px_client_room(const struct px_client *c)
{
    return c->kind_->room(c);
}

/* x (set, and with nobody) is the client's until it ends or is cancelled. There must be room. Its
 * bytes are put by px_client_fill. */
static inline void px_client_start(struct px_client *c, struct px_exchange *x)
{
    c->kind_->start(c, x);
}

/* False: the connection can not be used any more; fill once more if the peer should hear why, then
 * say lost. */
static inline bool px_client_receive(struct px_client *c, struct span bytes, int64_t now_ns)
{
    return c->kind_->receive(c, bytes, now_ns);
}

/* Puts what waits to leave, as far as there is room. False: the connection is lost. */
static inline bool px_client_fill(struct px_client *c)
{
    return c->kind_->fill(c);
}

/* We do not want x's answer any more (HTTP/2: RST_STREAM CANCEL; HTTP/1.1: the connection is over).
 * x is with nobody afterwards; no ended. */
static inline void px_client_cancel(struct px_client *c, struct px_exchange *x)
{
    c->kind_->cancel(c, x);
}

/* The connection is gone: every exchange left ends, each by what it has heard. */
static inline void px_client_lost(struct px_client *c, enum px_client_lost how, const char *why)
{
    c->kind_->lost(c, how, why);
}

/* The peer has shown that it speaks this protocol (HTTP/2: its SETTINGS came; HTTP/1.1 has no such
 * thing, so always). No request is worth sending before. */
static inline bool px_client_greeted(const struct px_client *c)
{
    return c->kind_->greeted(c);
}

/* Nothing under way and nothing may be started any more: close it. */
static inline bool px_client_over(const struct px_client *c)
{
    return c->kind_->over(c);
}

/* Says goodbye before a decent close (HTTP/2: GOAWAY); the words come with the next fill. */
static inline void px_client_bye(struct px_client *c)
{
    c->kind_->bye(c);
}

/* After lost, or with nothing under way. NULL does nothing. */
static inline void px_client_destroy(struct px_client *c)
{
    if (c != NULL)
        c->kind_->destroy(c);
}

/* For the protocols: keep and drop exchanges, and report an end. */
void px_client_keep(struct px_client *c, struct px_exchange *x);
void px_client_drop(struct px_exchange *x);
void px_client_end(struct px_exchange *x, enum px_ending how, const char *why);
#endif
