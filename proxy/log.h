/* proxy/log.h -- one event, one line of JSON, fixed keys. A card, a key or raw bytes do not
 * compile.
 *
 *   LOG(INFO, "attempt.answered", F("psp", name), F("outcome", rt_outcome_name(o)), F("rtt_us",
 * us));
 *
 * Lines are written with one write() each to the stream the process was given (stderr by default)
 * and carry the OpenTelemetry log names: timestamp, severity, body, attributes. */
#ifndef PX_LOG_H
#define PX_LOG_H
#include <stdbool.h>
#include <stdint.h>

#include "routing/base/err.h"

enum px_log_level { DEBUG, INFO, WARN, ERROR };

struct px_log_field {
    const char *name;
    enum { PX_LOG_TEXT, PX_LOG_INT, PX_LOG_UINT, PX_LOG_BOOL } type;
    union {
        const char *z;
        int64_t i;
        uint64_t u;
        bool b;
    } v;
};

static inline struct px_log_field px_f_text(const char *n, const char *z)
{
    return (struct px_log_field){ .name = n, .type = PX_LOG_TEXT, .v.z = z };
}
static inline struct px_log_field px_f_int(const char *n, int64_t i)
{
    return (struct px_log_field){ .name = n, .type = PX_LOG_INT, .v.i = i };
}
static inline struct px_log_field px_f_uint(const char *n, uint64_t u)
{
    return (struct px_log_field){ .name = n, .type = PX_LOG_UINT, .v.u = u };
}
static inline struct px_log_field px_f_bool(const char *n, bool b)
{
    return (struct px_log_field){ .name = n, .type = PX_LOG_BOOL, .v.b = b };
}

/* No default branch: struct pan, struct secret, struct span and unsigned char * have no place. */
#define F(name, x)                                                                                 \
    _Generic((x),                                                                                  \
        char *: px_f_text,                                                                         \
        const char *: px_f_text,                                                                   \
        bool: px_f_bool,                                                                           \
        int: px_f_int,                                                                             \
        long: px_f_int,                                                                            \
        long long: px_f_int,                                                                       \
        unsigned: px_f_uint,                                                                       \
        unsigned long: px_f_uint,                                                                  \
        unsigned long long: px_f_uint)(name, x)

#define LOG(level, event, ...)                                                                     \
    px_log(level, event, (struct px_log_field[]){ __VA_ARGS__, { .name = 0 } })

/* Fields end with one whose name is NULL. Text is JSON-escaped, cut at 500 bytes, and runs of 12 to
 * 19 digits that pass Luhn are masked: a second net, not the first. */
void px_log(enum px_log_level level, const char *event, const struct px_log_field *fields);
void px_log_to(int fd, enum px_log_level least); /* process-wide, at start */
/* The same with a file (appended to, mode 0640); NULL is stderr. Called again it reopens the file,
 * whatever became of the old one: for SIGUSR1 after a rotation. E_IO: the old one stays. */
MUST enum err px_log_open(const char *path, enum px_log_level least);
/* For what a peer can trigger: true at most `per_s` times a second per call site. */
struct px_log_gate {
    int64_t second;
    unsigned n;
};
bool px_log_allowed(struct px_log_gate *g, unsigned per_s, int64_t now_ns);
#endif
