/* proxy/cmd_adapter_event.c -- transport events as people write them down.
 *
 * Words are looked for, not exact names: recordings come from logs of many makes. What is not
 * recognised proves nothing. */
#include <ctype.h>
#include <string.h>

#include "proxy/cmd_adapter_exchange.h"

enum { WORDS_MAX = 256, ALL_OF = 2 };

struct rule {
    const char *all[ALL_OF]; /* every one of these must be there; NULL ends */
    enum px_proof proof;
    bool local;
};

/* First hit wins: what spoils a proof stands before the proof. */
static const struct rule rules[] = {
    { { "after the request" }, PX_PROVES_NOTHING, false },
    { { "after request" }, PX_PROVES_NOTHING, false },
    { { "after send" }, PX_PROVES_NOTHING, false },
    { { "after write" }, PX_PROVES_NOTHING, false },
    { { "before read" }, PX_PROVES_NOTHING, false }, /* the peer may have it all the same */
    { { "goaway", "above" }, PX_PROVES_NOTHING, false },
    { { "goaway", "after" }, PX_PROVES_NOTHING, false },
    { { "goaway", "below" }, PX_PROVES_REFUSED, false },
    { { "goaway", "unprocessed" }, PX_PROVES_REFUSED, false },
    { { "refused stream" }, PX_PROVES_REFUSED, false },
    { { "stream refused" }, PX_PROVES_REFUSED, false },
    { { "queue full" }, PX_PROVES_NOT_SENT, true },
    { { "circuit open" }, PX_PROVES_NOT_SENT, true },
    { { "breaker open" }, PX_PROVES_NOT_SENT, true },
    { { "deadline", "before" }, PX_PROVES_NOT_SENT, true },
    { { "no stream" }, PX_PROVES_NOT_SENT, false },
    { { "not sent" }, PX_PROVES_NOT_SENT, false },
    { { "never sent" }, PX_PROVES_NOT_SENT, false },
    { { "phase dns" }, PX_PROVES_NOT_SENT, false },
    { { "phase connect" }, PX_PROVES_NOT_SENT, false },
    { { "phase tls" }, PX_PROVES_NOT_SENT, false },
    { { "before sen" }, PX_PROVES_NOT_SENT, false }, /* sending, send, sent */
    { { "before writ" }, PX_PROVES_NOT_SENT, false },
    { { "before the request" }, PX_PROVES_NOT_SENT, false },
    { { "before request" }, PX_PROVES_NOT_SENT, false },
    { { "before any byte" }, PX_PROVES_NOT_SENT, false },
    { { "before the first byte" }, PX_PROVES_NOT_SENT, false },
    { { "before first byte" }, PX_PROVES_NOT_SENT, false },
    { { "before the last byte" }, PX_PROVES_NOT_SENT, false },
    { { "before last byte" }, PX_PROVES_NOT_SENT, false },
    { { "dns" }, PX_PROVES_NOT_SENT, false },
    { { "nxdomain" }, PX_PROVES_NOT_SENT, false },
    { { "name resolution" }, PX_PROVES_NOT_SENT, false },
    { { "resolve" }, PX_PROVES_NOT_SENT, false },
    { { "connect timeout" }, PX_PROVES_NOT_SENT, false },
    { { "connect timed out" }, PX_PROVES_NOT_SENT, false },
    { { "connect refused" }, PX_PROVES_NOT_SENT, false },
    { { "connection refused" }, PX_PROVES_NOT_SENT, false },
    { { "refused connect" }, PX_PROVES_NOT_SENT, false },
    { { "econnrefused" }, PX_PROVES_NOT_SENT, false },
    { { "connect fail" }, PX_PROVES_NOT_SENT, false },
    { { "connect error" }, PX_PROVES_NOT_SENT, false },
    { { "tcp refused" }, PX_PROVES_NOT_SENT, false },
    { { "getaddrinfo" }, PX_PROVES_NOT_SENT, false },
    { { "enotfound" }, PX_PROVES_NOT_SENT, false },
    { { "no route" }, PX_PROVES_NOT_SENT, false },
    { { " n0 " }, PX_PROVES_NOT_SENT, false },
    { { " n1 " }, PX_PROVES_REFUSED, false },
    { { "unreach" }, PX_PROVES_NOT_SENT, false },
    { { "tls", "handshake" }, PX_PROVES_NOT_SENT, false },
    { { "tls fail" }, PX_PROVES_NOT_SENT, false },
    { { "tls error" }, PX_PROVES_NOT_SENT, false },
    { { "ssl", "handshake" }, PX_PROVES_NOT_SENT, false },
    { { "handshake fail" }, PX_PROVES_NOT_SENT, false },
    { { "certificate" }, PX_PROVES_NOT_SENT, false },
    { { "cert " }, PX_PROVES_NOT_SENT, false },
    { { "alpn" }, PX_PROVES_NOT_SENT, false },
    { { " refused " }, PX_PROVES_REFUSED, false }, /* what proxy/upstream.h calls so */
    /* doubt that we know by name */
    { { "timeout" }, PX_PROVES_NOTHING, false },
    { { "timed out" }, PX_PROVES_NOTHING, false },
    { { "late" }, PX_PROVES_NOTHING, false },
    { { "reset" }, PX_PROVES_NOTHING, false },
    { { "rst" }, PX_PROVES_NOTHING, false },
    { { "lost" }, PX_PROVES_NOTHING, false },
    { { "closed" }, PX_PROVES_NOTHING, false },
    { { "close" }, PX_PROVES_NOTHING, false },
    { { "eof" }, PX_PROVES_NOTHING, false },
    { { "broken" }, PX_PROVES_NOTHING, false },
    { { "truncated" }, PX_PROVES_NOTHING, false },
    { { "partial" }, PX_PROVES_NOTHING, false },
    { { "garbage" }, PX_PROVES_NOTHING, false },
    { { "unreadable" }, PX_PROVES_NOTHING, false },
    { { "goaway" }, PX_PROVES_NOTHING, false },
    { { "hang" }, PX_PROVES_NOTHING, false },
};

/* "RST_STREAM: REFUSED-STREAM" -> " rst stream  refused stream " */
static void plain(const char *words, char out[WORDS_MAX])
{
    size_t n = 0;

    out[n++] = ' ';
    for (; *words != '\0' && n < WORDS_MAX - 2; words++) {
        if (isalnum((unsigned char)*words))
            out[n++] = (char)tolower((unsigned char)*words);
        else if (out[n - 1] != ' ')
            out[n++] = ' ';
    }
    out[n++] = ' ';
    out[n] = '\0';
}

static bool fits(const struct rule *r, const char *text)
{
    for (unsigned i = 0; i < ALL_OF && r->all[i] != NULL; i++) {
        if (strstr(text, r->all[i]) == NULL)
            return false;
    }
    return true;
}

enum px_proof px_event_proof(const char *words, bool *known, bool *local)
{
    char text[WORDS_MAX];

    plain(words, text);
    *known = true;
    *local = false;
    for (unsigned i = 0; i < sizeof rules / sizeof *rules; i++) {
        if (fits(&rules[i], text)) {
            *local = rules[i].local;
            return rules[i].proof;
        }
    }
    *known = false;
    return PX_PROVES_NOTHING;
}
