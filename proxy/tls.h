/* proxy/tls.h -- TLS 1.2 and 1.3 over bytes that somebody else carries.
 *
 * A session never touches a socket: it is fed what arrived and hands what must leave to a sink, so
 * one read and one write per turn of the loop carry any number of records. ECDHE with an AEAD only,
 * no compression, no renegotiation, no early data (docs/one-charge.md: nothing may be replayed).
 * Contexts may be shared by threads; a session belongs to one. */
#ifndef PX_TLS_H
#define PX_TLS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/http.h"
#include "routing/base/span.h"

/* Ours when we listen. Counted: a reload makes a new one while connections keep the old. */
struct px_tls_server;
struct px_tls_server_config {
    /* The chain (leaf first) and its key, as PEM: in files, or as text when the file is NULL. */
    const char *chain_file, *key_file;
    struct span chain_pem, key_pem;
    int64_t ticket_ms; /* how long one key seals session tickets; 0: 12 hours */
    /* PEM: clients must show a certificate that one of these signed, at every connection (nothing
     * is resumed); NULL: they need none. */
    const char *client_ca_file;
};

/* E_NOTFOUND or E_IO (a file), E_SYNTAX (not PEM), E_CONFLICT (the key is not the leaf's). */
MUST enum err px_tls_server_create(const struct px_tls_server_config *c, struct px_tls_server **out,
                                   struct diag *why);
struct px_tls_server *px_tls_server_ref(struct px_tls_server *s);
void px_tls_server_unref(struct px_tls_server *s); /* NULL does nothing */

/* What we trust when we connect. Peers must always verify; there is no switch. */
struct px_tls_client;
struct px_tls_client_config {
    const char *ca_file; /* PEM; NULL with no ca_pem: the system's trust store */
    struct span ca_pem;  /* beside or instead of the file */
    /* What we show to a server that asks for it, PEM files; NULL: nothing. */
    const char *chain_file, *key_file;
};

MUST enum err px_tls_client_create(const struct px_tls_client_config *c, struct px_tls_client **out,
                                   struct diag *why);
struct px_tls_client *px_tls_client_ref(struct px_tls_client *c);
void px_tls_client_unref(struct px_tls_client *c);

/* What a client offers by ALPN. If only HTTP/2 is offered the peer must choose it. */
enum px_offer { PX_OFFER_BOTH, PX_OFFER_HTTP2, PX_OFFER_HTTP1 };

enum px_tls_said {
    PX_TLS_OK,
    PX_TLS_WANT,   /* feed more */
    PX_TLS_EOF,    /* the peer said close_notify */
    PX_TLS_FAILED, /* handshake or record broken, or an alert came */
    PX_TLS_VERIFY, /* the peer's certificate is not good for this host; px_tls_why() */
    PX_TLS_ALPN,   /* no common protocol */
};

/* One connection's session. */
struct px_tls;
/* Takes the bytes that must leave; false ends the session (PX_TLS_FAILED). */
typedef bool px_tls_sink(void *ctx, struct span bytes);

/* NULL: no memory. host (a name or an IP literal, lent) is sent as SNI unless it is an IP, and the
 * certificate must be for it. */
struct px_tls *px_tls_accept(struct px_tls_server *s, px_tls_sink *sink, void *ctx);
struct px_tls *px_tls_connect(struct px_tls_client *c, struct span host, enum px_offer offer,
                              px_tls_sink *sink, void *ctx);
void px_tls_destroy(struct px_tls *t);

/* Bytes that arrived, lent until they are used up: handshake and read until PX_TLS_WANT. */
void px_tls_feed(struct px_tls *t, struct span bytes);
enum px_tls_said px_tls_handshake(struct px_tls *t); /* also begins it; OK once it is done */
enum px_tls_said px_tls_read(struct px_tls *t, char *dst, size_t cap, size_t *n);
/* All of it, as one record if it is at most PX_CHUNK bytes. OK or FAILED. */
enum px_tls_said px_tls_write(struct px_tls *t, struct span bytes);
void px_tls_bye(struct px_tls *t); /* close_notify */

enum px_protocol px_tls_protocol(const struct px_tls *t); /* after the handshake */
const char *px_tls_version(const struct px_tls *t);       /* "TLSv1.3" */
bool px_tls_resumed(const struct px_tls *t);
/* The common name in the peer's verified certificate. False: none was shown, or it has not exactly
 * one name that is printable ASCII and fits. */
enum { PX_TLS_NAME = 96 };
bool px_tls_peer_name(const struct px_tls *t, char out[PX_TLS_NAME]);
/* For people: "certificate has expired", "wrong version number"; "" if nothing is known. */
const char *px_tls_why(const struct px_tls *t);
#endif
