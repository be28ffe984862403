/* tests/lib/paper.h -- a connection on paper: a client protocol driven from memory. */
#ifndef TESTS_PAPER_H
#define TESTS_PAPER_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/client.h"

enum { PAPER_OUT = 512 * 1024, PAPER_ENDS = 512 };

struct paper {
    struct px_client *client;
    char *out; /* everything the client put */
    size_t out_n, room;
    bool no_memory; /* puts fail */
    unsigned wakes;
    struct {
        struct px_exchange *x;
        enum px_ending how;
        const char *why;
    } end[PAPER_ENDS];
    unsigned ends;
    int64_t now_ns;
};

typedef struct px_client *paper_protocol(const struct px_client_io *io, void *ctx);
void paper_open(struct paper *p, paper_protocol *create);
void paper_close(struct paper *p); /* ends what is left */

/* Bytes from the peer, in pieces of `piece` bytes (0: all at once); false as px_client_receive. */
bool paper_hear(struct paper *p, struct span bytes, size_t piece);

/* A request with this method, path and body, ready to be started; freed by paper_free. */
struct px_exchange *paper_exchange(const char *method, const char *path, struct span body);
void paper_free(struct px_exchange *x);

/* HTTP/2 frames of the peer, into a buffer. */
struct buf;
enum {
    FRAME_DATA,
    FRAME_HEADERS,
    FRAME_PRIORITY,
    FRAME_RST,
    FRAME_SETTINGS,
    FRAME_PUSH,
    FRAME_PING,
    FRAME_GOAWAY,
    FRAME_WINDOW,
    FRAME_CONTINUATION
};
enum { FLAG_END_STREAM = 1, FLAG_ACK = 1, FLAG_END_HEADERS = 4 };
void frame_put(struct buf *b, unsigned type, unsigned flags, uint32_t stream, struct span payload);
void frame_u32(struct buf *b, unsigned type, uint32_t stream, uint32_t value); /* RST, WINDOW */
void frame_settings(struct buf *b, unsigned id, uint32_t value);               /* id 0: none */
void frame_goaway(struct buf *b, uint32_t last, uint32_t code);
void frame_status(struct buf *b, uint32_t stream, int status, unsigned flags);
/* One literal field, never indexed, for a header block of your own. */
void hpack_field(struct buf *b, const char *name, struct span value);
void hpack_status(struct buf *b, int status);

/* Frames the client put, from *at on. */
struct frame {
    unsigned type, flags;
    uint32_t stream;
    struct span payload;
    size_t at; /* where it begins in the output */
};
bool frame_next(const struct paper *p, size_t *at, struct frame *f); /* skips the magic */
bool frame_find(const struct paper *p, unsigned type, uint32_t stream, struct frame *f);
#endif
