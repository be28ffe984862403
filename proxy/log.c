/* proxy/log.c */
#include "proxy/log.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "routing/base/buf.h"
#include "routing/base/check.h"
#include "routing/base/pan.h"
#include "routing/base/secret.h"

enum { LINE = 8192, TEXT = 500, TAIL = 16 };

static atomic_int log_fd = STDERR_FILENO;
static atomic_int log_least = INFO;

void px_log_to(int fd, enum px_log_level least)
{
    atomic_store(&log_fd, fd);
    atomic_store(&log_least, (int)least);
}

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t group_at(struct span s)
{
    size_t n = 0;

    while (n < s.n && digit(s.p[n]))
        n++;
    return n;
}

/* Seals the longest card number at the start of s, written plainly or in groups parted by single
 * spaces or dashes, and ending where a group ends: how much of s it takes, 0 if there is none. */
static size_t card_at(struct span s, struct pan *pan)
{
    char run[PAN_DIGITS_MAX];
    size_t digits = 0, at = 0, best = 0;

    while (at < s.n && digit(s.p[at])) {
        size_t n = group_at(span_drop(s, at));

        if (n > sizeof run - digits)
            break;
        memcpy(run + digits, s.p + at, n);
        digits += n;
        at += n;
        if (pan_seal((struct span){ run, digits }, pan) == OK)
            best = at;
        if (at < s.n && (s.p[at] == ' ' || s.p[at] == '-'))
            at++;
    }
    secret_wipe(run, sizeof run);
    return best;
}

/* Copies the group of digits at the start of s, masked if it may be (the beginning of) a card
 * number: how much of s was dealt with. */
static size_t mask_group(struct span s, struct buf *out)
{
    struct pan pan;
    size_t n = card_at(s, &pan);

    if (n > 0) {
        pan_mask(&pan, out);
        pan_wipe(&pan);
        return n;
    }
    n = group_at(s);
    if (n > PAN_DIGITS_MAX) /* may hold one, and nobody needs a number that long */
        buf_str(out, "[digits]");
    else
        buf_put(out, span_take(s, n));
    return n;
}

/* Copies s with every possible card number masked; what does not fit is cut off. */
static void mask(struct span s, struct buf *out)
{
    while (s.n > 0 && buf_ok(out)) {
        size_t n = 1;

        if (digit(s.p[0]))
            n = mask_group(s, out);
        else
            buf_byte(out, s.p[0]);
        s = span_drop(s, n);
    }
}

/* Length of the well-formed UTF-8 sequence at p (RFC 3629 section 4); 0 if there is none. */
static size_t utf8_at(const unsigned char *p, size_t n)
{
    size_t len = p[0] < 0x80 ? 1 : p[0] < 0xC2 ? 0 : p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;

    if (len == 0 || len > n || p[0] > 0xF4)
        return 0;
    if ((p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xED && p[1] > 0x9F) ||
        (p[0] == 0xF0 && p[1] < 0x90) || (p[0] == 0xF4 && p[1] > 0x8F))
        return 0;
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    }
    return len;
}

static void escape_control(unsigned char c, struct buf *out)
{
    switch (c) {
    case '\n': buf_str(out, "\\n"); break;
    case '\r': buf_str(out, "\\r"); break;
    case '\t': buf_str(out, "\\t"); break;
    default:
        buf_str(out, "\\u00");
        buf_hex(out, &c, 1);
        break;
    }
}

static void escape(struct span s, struct buf *out)
{
    while (s.n > 0) {
        const unsigned char *p = (const unsigned char *)s.p;
        size_t n = utf8_at(p, s.n);

        if (n == 0)
            buf_str(out, "\xEF\xBF\xBD"); /* U+FFFD stands for what was no character */
        else if (p[0] < 0x20 || p[0] == 0x7F)
            escape_control(p[0], out);
        else if (p[0] == '"' || p[0] == '\\')
            buf_fmt(out, "\\%c", p[0]);
        else
            buf_put(out, span_take(s, n));
        s = span_drop(s, n == 0 ? 1 : n);
    }
}

/* Where a text may be cut so that no character is torn. */
static size_t whole(struct span s)
{
    size_t n = s.n;

    for (unsigned back = 0; n > 0 && back < 4; back++) {
        unsigned char c = (unsigned char)s.p[n - 1];

        if (c < 0x80)
            return n;
        n--;
        if (c >= 0xC0)
            return utf8_at((const unsigned char *)s.p + n, s.n - n) == s.n - n ? s.n : n;
    }
    return s.n;
}

static void put_text(const char *z, struct buf *out)
{
    char room[TEXT + 40]; /* room for a mask that begins at the edge */
    struct buf text = BUF_OF(room);
    struct span s;

    if (z == NULL) {
        buf_str(out, "null");
        return;
    }
    mask((struct span){ z, strnlen(z, 2 * LINE) }, &text);
    s = buf_span(&text);
    if (s.n > TEXT || !buf_ok(&text)) {
        s = span_take(s, TEXT);
        s.n = whole(s);
    }
    buf_byte(out, '"');
    escape(s, out);
    if (!buf_ok(&text) || s.n < text.n)
        buf_str(out, "…");
    buf_byte(out, '"');
}

static void put_field(const struct px_log_field *f, bool first, struct buf *out)
{
    if (!first)
        buf_byte(out, ',');
    put_text(f->name, out);
    buf_byte(out, ':');
    switch (f->type) {
    case PX_LOG_TEXT: put_text(f->v.z, out); return;
    case PX_LOG_INT: buf_i64(out, f->v.i); return;
    case PX_LOG_UINT: buf_u64(out, f->v.u); return;
    case PX_LOG_BOOL: buf_str(out, f->v.b ? "true" : "false"); return;
    }
    check_failed("a field has a type", __FILE__, __LINE__);
}

/* "2026-07-01T12:00:00.000001Z" */
static void put_time(struct buf *out)
{
    struct timespec now;
    struct tm t;
    char text[32];

    CHECK(clock_gettime(CLOCK_REALTIME, &now) == 0);
    CHECK(gmtime_r(&now.tv_sec, &t) != NULL);
    CHECK(strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &t) > 0);
    buf_str(out, text);
    buf_byte(out, '.');
    buf_pad(out, (uint64_t)now.tv_nsec / 1000, 6);
    buf_byte(out, 'Z');
}

static const char *level_name(enum px_log_level level)
{
    switch (level) {
    case DEBUG: return "DEBUG";
    case INFO: return "INFO";
    case WARN: return "WARN";
    case ERROR: return "ERROR";
    }
    return "ERROR";
}

static void write_all(int fd, struct span s)
{
    while (s.n > 0) {
        ssize_t n = write(fd, s.p, s.n);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return; /* a log that cannot be written must not stop payments */
        s = span_drop(s, (size_t)n);
    }
}

void px_log(enum px_log_level level, const char *event, const struct px_log_field *fields)
{
    char room[LINE];
    struct buf out = buf_over(room, sizeof room - TAIL);
    int saved = errno;
    bool cut = false;

    if ((int)level < atomic_load_explicit(&log_least, memory_order_relaxed))
        return;
    buf_str(&out, "{\"timestamp\":\"");
    put_time(&out);
    buf_fmt(&out, "\",\"severity\":\"%s\",\"body\":", level_name(level));
    put_text(event, &out);
    buf_str(&out, ",\"attributes\":{");
    for (const struct px_log_field *f = fields; f->name != NULL && !cut; f++) {
        size_t before = out.n;

        put_field(f, f == fields, &out);
        cut = !buf_ok(&out);
        if (cut)
            out.n = before;
    }
    out.cap = sizeof room;
    out.short_ = false;
    buf_str(&out, cut ? "},\"cut\":true}\n" : "}}\n");
    write_all(atomic_load(&log_fd), buf_span(&out));
    errno = saved;
}

bool px_log_allowed(struct px_log_gate *g, unsigned per_s, int64_t now_ns)
{
    int64_t second = now_ns / 1000000000;

    if (g->second != second)
        *g = (struct px_log_gate){ .second = second };
    return g->n < per_s && g->n++ < per_s;
}
