/* proxy/log.c */
#include "proxy/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "routing/base/buf.h"
#include "routing/base/check.h"
#include "routing/base/json.h"
#include "routing/base/pan.h"
#include "routing/base/secret.h"
#include "routing/base/utf8.h"

enum { LINE = 8192, TEXT = 500, TAIL = 16 };

static atomic_int log_fd = STDERR_FILENO;
static atomic_int log_least = INFO;

void px_log_to(int fd, enum px_log_level least)
{
    atomic_store(&log_fd, fd);
    atomic_store(&log_least, (int)least);
}

enum err px_log_open(const char *path, enum px_log_level least)
{
    int old = atomic_load(&log_fd), fd;

    if (path == NULL) {
        px_log_to(STDERR_FILENO, least);
        return OK;
    }
    fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
    if (fd < 0)
        return E_IO;
    if (old == STDERR_FILENO) {
        px_log_to(fd, least);
        return OK;
    }
    /* The number stays: another thread may be about to write to it. */
    if (dup3(fd, old, O_CLOEXEC) < 0) {
        close(fd);
        return E_IO;
    }
    close(fd);
    return OK;
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

/* Where a text may be cut so that no character is torn. */
static size_t whole(struct span s)
{
    for (size_t back = 1; back <= 4 && back <= s.n; back++) {
        unsigned char c = (unsigned char)s.p[s.n - back];

        if ((c & 0xC0) != 0x80) /* the first byte of the last character */
            return utf8_len(s.p + s.n - back, back) == back ? s.n : s.n - back;
    }
    return s.n;
}

static void put_text(const char *z, struct json_out *out)
{
    static const char more[] = "…";
    char room[TEXT + 40]; /* room for a mask that begins at the edge */
    struct buf text = buf_over(room, sizeof room - sizeof more);
    struct span s;

    if (z == NULL) {
        json_put_null(out);
        return;
    }
    mask((struct span){ z, strnlen(z, 2 * LINE) }, &text);
    s = buf_span(&text);
    if (s.n > TEXT || !buf_ok(&text)) {
        text = (struct buf){ room, whole(span_take(s, TEXT)), sizeof room, false };
        buf_str(&text, more);
        s = buf_span(&text);
    }
    json_put_str(out, s);
}

static void put_field(const struct px_log_field *f, struct json_out *out)
{
    json_name(out, f->name);
    switch (f->type) {
    case PX_LOG_TEXT: put_text(f->v.z, out); return;
    case PX_LOG_INT: json_put_i64(out, f->v.i); return;
    case PX_LOG_BOOL: json_put_bool(out, f->v.b); return;
    case PX_LOG_UINT: {
        char digits[20];
        struct buf b = BUF_OF(digits);

        buf_u64(&b, f->v.u);
        json_put_raw(out, buf_span(&b));
        return;
    }
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

/* The fields that fit; false if there are more. */
static bool put_fields(const struct px_log_field *f, struct buf *out)
{
    struct json_out json = json_to(out);

    json_name(&json, "attributes");
    json_open(&json, '{');
    for (; f->name != NULL; f++) {
        size_t before = out->n;

        put_field(f, &json);
        if (!buf_ok(out)) {
            out->n = before;
            return false;
        }
    }
    return true;
}

void px_log(enum px_log_level level, const char *event, const struct px_log_field *fields)
{
    char room[LINE];
    struct buf out = buf_over(room, sizeof room - TAIL);
    struct json_out json = json_to(&out);
    int saved = errno;
    bool all;

    if ((int)level < atomic_load_explicit(&log_least, memory_order_relaxed))
        return;
    buf_str(&out, "{\"timestamp\":\"");
    put_time(&out);
    buf_fmt(&out, "\",\"severity\":\"%s\",\"body\":", level_name(level));
    put_text(event, &json);
    buf_byte(&out, ',');
    all = put_fields(fields, &out);
    out.cap = sizeof room;
    out.short_ = false;
    buf_str(&out, all ? "}}\n" : "},\"cut\":true}\n");
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
