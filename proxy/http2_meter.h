/* proxy/http2_meter.h -- what a peer costs us in HTTP/2 frames that bring nothing.
 *
 * Every frame of an HTTP/2 connection is cheap to send and some are not cheap to receive: PING and
 * SETTINGS ask for an answer, RST_STREAM throws work away, PRIORITY, WINDOW_UPDATE, CONTINUATION
 * and empty DATA can come for ever. The library bounds some of them, each in its own way, and one
 * of its ways is a lie (docs/one-charge.md, "Our own GOAWAY"). So we count all of them ourselves,
 * in one budget, before the library sees them. Pure: told the time, looks at frame headers only. */
#ifndef PX_HTTP2_METER_H
#define PX_HTTP2_METER_H
#include <stdbool.h>
#include <stdint.h>

#include "routing/base/span.h"

enum {
    PX_METER_BURST = 600,  /* frames that bring nothing, at once */
    PX_METER_PER_S = 50,   /* forgiven as time passes */
    PX_METER_ANSWERED = 20 /* forgiven for each request that was answered */
};

struct px_http2_meter {
    int64_t filled_ns;
    int32_t left;    /* of the budget; below 0: too much */
    uint32_t ahead;  /* payload (or preface) bytes still to pass */
    uint8_t head[9]; /* a frame's header, RFC 9113 section 4.1 */
    uint8_t have;
};

/* now_ns: monotonic. preface: the first 24 bytes are the client's preface. */
void px_http2_meter_init(struct px_http2_meter *m, int64_t now_ns, bool preface);
/* Looks at what has arrived. False: the budget is spent. */
bool px_http2_meter_data(struct px_http2_meter *m, struct span bytes, int64_t now_ns);
/* Something else that cost us: a stream we had to reset. False: the budget is spent. */
bool px_http2_meter_charge(struct px_http2_meter *m, int cost);
void px_http2_meter_answered(struct px_http2_meter *m);
#endif
