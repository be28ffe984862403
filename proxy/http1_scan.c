/* proxy/http1_scan.c */
#include "proxy/http1_scan.h"

#include <string.h>

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* One whole line without its CRLF. */
static bool line_ok(struct span line, bool first)
{
    if (line.n > 0 &&
        (memchr(line.p, '\r', line.n) != NULL || memchr(line.p, '\0', line.n) != NULL))
        return false;
    return first || line.n == 0 || (line.p[0] != ' ' && line.p[0] != '\t');
}

enum px_scan px_http1_scan(struct span head, size_t *from)
{
    /* A TLS handshake or other noise on a clear-text port is told apart by its first byte. */
    if (head.n > 0 && !is_letter(head.p[0]))
        return PX_SCAN_BAD;
    for (;;) { /* *from is the beginning of a line */
        struct span rest = span_drop(head, *from);
        const char *lf = rest.n == 0 ? NULL : memchr(rest.p, '\n', rest.n);
        struct span line;

        if (lf == NULL)
            return PX_SCAN_MORE;
        line = span_take(rest, (size_t)(lf - rest.p));
        if (line.n == 0 || line.p[line.n - 1] != '\r')
            return PX_SCAN_BAD;
        line.n--;
        if (!line_ok(line, *from == 0))
            return PX_SCAN_BAD;
        *from += line.n + 2;
        if (line.n == 0)
            return *from == 2 ? PX_SCAN_BAD : PX_SCAN_DONE;
    }
}
