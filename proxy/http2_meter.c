/* proxy/http2_meter.c */
#include "proxy/http2_meter.h"

#include <string.h>

enum { FRAME_HEADER = 9, PREFACE = 24, TINY = 16 };
enum { DATA = 0, HEADERS = 1 }; /* RFC 9113 section 6 */
enum { END_STREAM = 1 };

void px_http2_meter_init(struct px_http2_meter *m, int64_t now_ns, bool preface)
{
    *m = (struct px_http2_meter){ .filled_ns = now_ns,
                                  .left = PX_METER_BURST,
                                  .ahead = preface ? PREFACE : 0 };
}

static void give(struct px_http2_meter *m, int64_t n)
{
    m->left = n > PX_METER_BURST - m->left ? PX_METER_BURST : m->left + (int32_t)n;
}

static void refill(struct px_http2_meter *m, int64_t now_ns)
{
    int64_t frames = (now_ns - m->filled_ns) / (1000000000 / PX_METER_PER_S);

    if (frames <= 0)
        return;
    m->filled_ns += frames * (1000000000 / PX_METER_PER_S);
    give(m, frames);
}

static uint32_t length_of(const uint8_t *head)
{
    return (uint32_t)head[0] << 16 | (uint32_t)head[1] << 8 | head[2];
}

/* HEADERS are paid for by the requests they open; DATA by what is in it, unless that is next to
 * nothing. All other frames, also unknown ones, bring nothing. */
static int cost_of(const uint8_t *head)
{
    switch (head[3]) {
    case HEADERS: return 0;
    case DATA: return length_of(head) < TINY && (head[4] & END_STREAM) == 0;
    default: return 1;
    }
}

bool px_http2_meter_data(struct px_http2_meter *m, struct span s, int64_t now_ns)
{
    refill(m, now_ns);
    while (s.n > 0 && m->left >= 0) {
        size_t n;

        if (m->ahead > 0) {
            n = m->ahead < s.n ? m->ahead : s.n;
            m->ahead -= (uint32_t)n;
        } else {
            n = (size_t)(FRAME_HEADER - m->have) < s.n ? (size_t)(FRAME_HEADER - m->have) : s.n;
            memcpy(m->head + m->have, s.p, n);
            m->have = (uint8_t)(m->have + n);
        }
        s = span_drop(s, n);
        if (m->have == FRAME_HEADER) {
            m->have = 0;
            m->ahead = length_of(m->head);
            m->left -= cost_of(m->head);
        }
    }
    return m->left >= 0;
}

bool px_http2_meter_charge(struct px_http2_meter *m, int cost)
{
    m->left -= cost;
    return m->left >= 0;
}

void px_http2_meter_answered(struct px_http2_meter *m)
{
    give(m, PX_METER_ANSWERED);
}
