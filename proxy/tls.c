/* proxy/tls.c -- OpenSSL behind proxy/tls.h; the only file that includes its SSL header. */
#include "proxy/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/tls_tickets.h"
#include "routing/base/check.h"

enum { TICKET_MS = 12 * 3600 * 1000 };

/* A context, its BIO method and a count; servers and clients are the same thing inside. */
struct ctx {
    atomic_uint refs;
    SSL_CTX *ssl;
    BIO_METHOD *carrier;
    struct px_tickets *tickets; /* servers only */
};
struct px_tls_server {
    struct ctx c;
};
struct px_tls_client {
    struct ctx c;
};

struct px_tls {
    struct ctx *ctx;
    SSL *ssl;
    struct span in;
    px_tls_sink *sink;
    void *sink_ctx;
    bool http2_only;
    const char *why;
};

/* ---- the carrier: a BIO that reads what was fed and writes to the sink ---- */

static int carrier_write(BIO *b, const char *p, int n)
{
    struct px_tls *t = BIO_get_data(b);

    BIO_clear_retry_flags(b);
    if (n <= 0)
        return 0;
    return t->sink(t->sink_ctx, (struct span){ p, (size_t)n }) ? n : -1;
}

static int carrier_read(BIO *b, char *p, int cap)
{
    struct px_tls *t = BIO_get_data(b);
    size_t n = cap <= 0 ? 0 : (size_t)cap < t->in.n ? (size_t)cap : t->in.n;

    BIO_clear_retry_flags(b);
    if (n == 0) {
        BIO_set_retry_read(b);
        return -1;
    }
    memcpy(p, t->in.p, n);
    t->in = span_drop(t->in, n);
    return (int)n;
}

static long carrier_ctrl(BIO *b, int cmd, long num, void *ptr)
{
    (void)b;
    (void)num;
    (void)ptr;
    return cmd == BIO_CTRL_FLUSH;
}

static BIO_METHOD *carrier_create(void)
{
    BIO_METHOD *m = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "signalbox");

    if (m == NULL)
        return NULL;
    if (BIO_meth_set_write(m, carrier_write) && BIO_meth_set_read(m, carrier_read) &&
        BIO_meth_set_ctrl(m, carrier_ctrl))
        return m;
    BIO_meth_free(m);
    return NULL;
}

/* ---- contexts ---- */

static void ctx_fini(struct ctx *c)
{
    SSL_CTX_free(c->ssl);
    BIO_meth_free(c->carrier);
    px_tickets_destroy(c->tickets);
}

static bool ctx_unref(struct ctx *c)
{
    if (atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) != 1)
        return false;
    ctx_fini(c);
    return true;
}

/* What both sides have in common. Cipher suites of TLS 1.3 are all AEAD with (EC)DHE already. */
static bool ctx_init(struct ctx *c, const SSL_METHOD *method)
{
    int groups[] = { NID_X25519, NID_X9_62_prime256v1, NID_secp384r1 };

    atomic_init(&c->refs, 1);
    c->carrier = carrier_create();
    c->ssl = SSL_CTX_new(method);
    if (c->carrier == NULL || c->ssl == NULL)
        return false;
    SSL_CTX_set_options(c->ssl, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                    SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
                                    SSL_OP_CLEANSE_PLAINTEXT);
    SSL_CTX_set_mode(c->ssl, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(c->ssl, SSL_SESS_CACHE_OFF); /* tickets need no memory of ours */
    return SSL_CTX_set_min_proto_version(c->ssl, TLS1_2_VERSION) == 1 &&
           SSL_CTX_set_cipher_list(c->ssl, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1 &&
           SSL_CTX_set1_groups(c->ssl, groups, sizeof groups / sizeof *groups) == 1;
}

/* The library's last word, for people. */
static const char *last_reason(void)
{
    unsigned long e = ERR_peek_last_error();
    const char *r = ERR_SYSTEM_ERROR(e) ? strerror(ERR_GET_REASON(e)) : ERR_reason_error_string(e);

    return r == NULL ? "" : r;
}

/* PEM text from a file or from memory. */
static enum err pem_open(const char *file, struct span pem, const char *what, BIO **out,
                         struct diag *why)
{
    BIO *b;

    if (file == NULL && pem.n == 0) {
        diag_set(why, "no %s given", what);
        return E_NOTFOUND;
    }
    errno = 0;
    b = file != NULL ? BIO_new_file(file, "r") : BIO_new_mem_buf(pem.p, (int)pem.n);
    if (b == NULL) {
        enum err e = errno == ENOENT ? E_NOTFOUND : E_IO;

        diag_set(why, "cannot read the %s %s: %s", what, file == NULL ? "" : file, strerror(errno));
        return e;
    }
    *out = b;
    return OK;
}

/* A key under a password must fail, not ask the terminal. */
static int no_password(char *buf, int size, int writing, void *u)
{
    (void)buf;
    (void)size;
    (void)writing;
    (void)u;
    return -1;
}

/* Calls take for each certificate; how many there were, or -1. */
static int each_certificate(BIO *b, bool (*take)(SSL_CTX *c, X509 *x, int index), SSL_CTX *c)
{
    int n = 0;
    X509 *x;

    while ((x = PEM_read_bio_X509(b, NULL, no_password, NULL)) != NULL) {
        bool ok = take(c, x, n++);

        X509_free(x);
        if (!ok)
            return -1;
    }
    /* "No start line" is how the end of a PEM file looks. */
    if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
        return -1;
    ERR_clear_error();
    return n;
}

static bool take_chain(SSL_CTX *c, X509 *x, int index)
{
    return (index == 0 ? SSL_CTX_use_certificate(c, x) : SSL_CTX_add1_chain_cert(c, x)) == 1;
}

static bool take_trust(SSL_CTX *c, X509 *x, int index)
{
    (void)index;
    return X509_STORE_add_cert(SSL_CTX_get_cert_store(c), x) == 1;
}

static enum err load_certificates(SSL_CTX *c, const char *file, struct span pem, const char *what,
                                  bool (*take)(SSL_CTX *c, X509 *x, int index), struct diag *why)
{
    BIO *b = NULL;
    enum err e = pem_open(file, pem, what, &b, why);
    int n;

    if (e != OK)
        return e;
    n = each_certificate(b, take, c);
    BIO_free(b);
    if (n > 0)
        return OK;
    diag_set(why, "%s %s: %s", what, file == NULL ? "" : file,
             n == 0 ? "no certificate in it" : last_reason());
    return E_SYNTAX;
}

static enum err load_key(SSL_CTX *c, const char *file, struct span pem, struct diag *why)
{
    BIO *b = NULL;
    enum err e = pem_open(file, pem, "private key", &b, why);
    EVP_PKEY *key;

    if (e != OK)
        return e;
    key = PEM_read_bio_PrivateKey(b, NULL, no_password, NULL);
    BIO_free(b);
    if (key == NULL) {
        diag_set(why, "private key %s: not a PEM key without password", file == NULL ? "" : file);
        return E_SYNTAX;
    }
    if (SSL_CTX_use_PrivateKey(c, key) != 1 || SSL_CTX_check_private_key(c) != 1) {
        diag_set(why, "private key %s is not the certificate's", file == NULL ? "" : file);
        e = E_CONFLICT;
    }
    EVP_PKEY_free(key);
    return e;
}

/* Whoever connects must prove a name. Nothing is resumed: a certificate that has been taken out of
 * the authorities' file does not live on in a ticket. */
static enum err demand_certificates(SSL_CTX *c, const char *ca_file, struct diag *why)
{
    STACK_OF(X509_NAME) * names;
    enum err e = load_certificates(c, ca_file, SPAN_NONE, "authority of clients", take_trust, why);

    if (e != OK)
        return e;
    names = SSL_load_client_CA_file(ca_file);
    if (names != NULL)
        SSL_CTX_set_client_CA_list(c, names);
    SSL_CTX_set_verify(c, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_options(c, SSL_OP_NO_TICKET);
    return SSL_CTX_set_num_tickets(c, 0) == 1 ? OK : E_NOMEM;
}

static const unsigned char alpn_both[] = "\x02h2\x08http/1.1";

static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_n,
                   const unsigned char *in, unsigned in_n, void *arg)
{
    unsigned char *chosen;

    (void)ssl;
    (void)arg;
    if (SSL_select_next_proto(&chosen, out_n, alpn_both, sizeof alpn_both - 1, in, in_n) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL; /* RFC 7301 section 3.2 */
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

enum err px_tls_server_create(const struct px_tls_server_config *c, struct px_tls_server **out,
                              struct diag *why)
{
    struct px_tls_server *s = calloc(1, sizeof *s);
    enum err e = E_NOMEM;

    ERR_clear_error();
    if (s == NULL)
        return E_NOMEM;
    if (!ctx_init(&s->c, TLS_server_method()))
        goto out;
    e = load_certificates(s->c.ssl, c->chain_file, c->chain_pem, "certificate chain", take_chain,
                          why);
    if (e != OK || (e = load_key(s->c.ssl, c->key_file, c->key_pem, why)) != OK)
        goto out;
    s->c.tickets = px_tickets_create(s->c.ssl, c->ticket_ms > 0 ? c->ticket_ms : TICKET_MS);
    if (s->c.tickets == NULL) {
        e = E_NOMEM;
        goto out;
    }
    SSL_CTX_set_alpn_select_cb(s->c.ssl, on_alpn, NULL);
    SSL_CTX_set_num_tickets(s->c.ssl, 1); /* every resumption brings the next one */
    if (c->client_ca_file != NULL &&
        (e = demand_certificates(s->c.ssl, c->client_ca_file, why)) != OK)
        goto out;
    *out = s;
    s = NULL;
out:
    ERR_clear_error();
    px_tls_server_unref(s);
    return e;
}

struct px_tls_server *px_tls_server_ref(struct px_tls_server *s)
{
    atomic_fetch_add_explicit(&s->c.refs, 1, memory_order_relaxed);
    return s;
}

void px_tls_server_unref(struct px_tls_server *s)
{
    if (s != NULL && ctx_unref(&s->c))
        free(s);
}

enum err px_tls_client_create(const struct px_tls_client_config *c, struct px_tls_client **out,
                              struct diag *why)
{
    struct px_tls_client *t = calloc(1, sizeof *t);
    enum err e = E_NOMEM;

    ERR_clear_error();
    if (t == NULL)
        return E_NOMEM;
    if (!ctx_init(&t->c, TLS_client_method()))
        goto out;
    SSL_CTX_set_verify(t->c.ssl, SSL_VERIFY_PEER, NULL);
    e = OK;
    if (c->ca_file != NULL)
        e = load_certificates(t->c.ssl, c->ca_file, SPAN_NONE, "trusted CA", take_trust, why);
    if (e == OK && c->ca_pem.n > 0)
        e = load_certificates(t->c.ssl, NULL, c->ca_pem, "trusted CA", take_trust, why);
    if (e == OK && c->chain_file != NULL) {
        e = load_certificates(t->c.ssl, c->chain_file, SPAN_NONE, "certificate chain", take_chain,
                              why);
        if (e == OK)
            e = load_key(t->c.ssl, c->key_file, SPAN_NONE, why);
    }
    if (c->ca_file == NULL && c->ca_pem.n == 0 && SSL_CTX_set_default_verify_paths(t->c.ssl) != 1) {
        diag_set(why, "cannot read the system's trust store: %s", last_reason());
        e = E_IO;
    }
    if (e != OK)
        goto out;
    *out = t;
    t = NULL;
out:
    ERR_clear_error();
    px_tls_client_unref(t);
    return e;
}

struct px_tls_client *px_tls_client_ref(struct px_tls_client *c)
{
    atomic_fetch_add_explicit(&c->c.refs, 1, memory_order_relaxed);
    return c;
}

void px_tls_client_unref(struct px_tls_client *c)
{
    if (c != NULL && ctx_unref(&c->c))
        free(c);
}

/* ---- sessions ---- */

static struct px_tls *session_create(struct ctx *c, px_tls_sink *sink, void *sink_ctx)
{
    struct px_tls *t = calloc(1, sizeof *t);
    BIO *b = NULL;

    if (t == NULL)
        return NULL;
    t->ssl = SSL_new(c->ssl);
    b = BIO_new(c->carrier);
    if (t->ssl == NULL || b == NULL) {
        SSL_free(t->ssl);
        BIO_free(b);
        free(t);
        return NULL;
    }
    BIO_set_data(b, t);
    BIO_set_init(b, 1);
    SSL_set_bio(t->ssl, b, b);
    atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
    t->ctx = c;
    t->sink = sink;
    t->sink_ctx = sink_ctx;
    t->why = "";
    return t;
}

struct px_tls *px_tls_accept(struct px_tls_server *s, px_tls_sink *sink, void *ctx)
{
    struct px_tls *t = session_create(&s->c, sink, ctx);

    if (t != NULL)
        SSL_set_accept_state(t->ssl);
    return t;
}

/* Whom the certificate must name. IP literals are matched against iPAddress entries and are not
 * sent as SNI (RFC 6066 section 3). */
static bool expect_host(SSL *ssl, struct span host)
{
    unsigned char ip[sizeof(struct in6_addr)];
    char name[256];

    if (span_starts(host, "[") && span_ends(host, "]"))
        host = (struct span){ host.p + 1, host.n - 2 };
    if (host.n == 0 || span_copyz(host, name, sizeof name) != OK)
        return false;
    if (inet_pton(AF_INET, name, ip) == 1 || inet_pton(AF_INET6, name, ip) == 1)
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1;
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set1_host(ssl, name) == 1 && SSL_set_tlsext_host_name(ssl, name) == 1;
}

static bool offer_alpn(SSL *ssl, enum px_offer offer)
{
    const unsigned char *list = alpn_both;
    unsigned n = sizeof alpn_both - 1;

    switch (offer) {
    case PX_OFFER_BOTH: break;
    case PX_OFFER_HTTP2: n = 3; break;
    case PX_OFFER_HTTP1:
        list += 3;
        n -= 3;
        break;
    }
    return SSL_set_alpn_protos(ssl, list, n) == 0; /* 0 is success here */
}

struct px_tls *px_tls_connect(struct px_tls_client *c, struct span host, enum px_offer offer,
                              px_tls_sink *sink, void *ctx)
{
    struct px_tls *t = session_create(&c->c, sink, ctx);

    if (t == NULL)
        return NULL;
    SSL_set_connect_state(t->ssl);
    t->http2_only = offer == PX_OFFER_HTTP2;
    if (expect_host(t->ssl, host) && offer_alpn(t->ssl, offer))
        return t;
    px_tls_destroy(t);
    return NULL;
}

void px_tls_destroy(struct px_tls *t)
{
    struct ctx *c;

    if (t == NULL)
        return;
    c = t->ctx;
    SSL_free(t->ssl);
    free(t);
    if (ctx_unref(c))
        free(c); /* the first member of what was allocated */
}

void px_tls_feed(struct px_tls *t, struct span bytes)
{
    CHECK(t->in.n == 0);
    t->in = bytes;
}

static enum px_tls_said failed(struct px_tls *t)
{
    unsigned long e = ERR_peek_last_error();
    long verify = SSL_get_verify_result(t->ssl);

    t->in = SPAN_NONE;
    t->why = last_reason();
    if (!SSL_is_server(t->ssl) && verify != X509_V_OK) {
        t->why = X509_verify_cert_error_string(verify);
        return PX_TLS_VERIFY;
    }
    if (ERR_GET_LIB(e) == ERR_LIB_SSL &&
        (ERR_GET_REASON(e) == SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL ||
         ERR_GET_REASON(e) == SSL_R_NO_APPLICATION_PROTOCOL))
        return PX_TLS_ALPN;
    return PX_TLS_FAILED;
}

static struct span chosen_alpn(const struct px_tls *t)
{
    const unsigned char *p = NULL;
    unsigned n = 0;

    SSL_get0_alpn_selected(t->ssl, &p, &n);
    return (struct span){ (const char *)p, n };
}

enum px_tls_said px_tls_handshake(struct px_tls *t)
{
    int r;

    ERR_clear_error();
    r = SSL_do_handshake(t->ssl);
    if (r != 1)
        return SSL_get_error(t->ssl, r) == SSL_ERROR_WANT_READ ? PX_TLS_WANT : failed(t);
    if (t->http2_only && !span_is(chosen_alpn(t), "h2")) {
        t->why = "the peer does not speak h2";
        return PX_TLS_ALPN;
    }
    return PX_TLS_OK;
}

enum px_tls_said px_tls_read(struct px_tls *t, char *dst, size_t cap, size_t *n)
{
    int r;

    ERR_clear_error();
    r = SSL_read_ex(t->ssl, dst, cap, n);
    if (r == 1)
        return PX_TLS_OK;
    switch (SSL_get_error(t->ssl, r)) {
    case SSL_ERROR_WANT_READ: return PX_TLS_WANT;
    case SSL_ERROR_ZERO_RETURN: t->in = SPAN_NONE; return PX_TLS_EOF;
    default:
        t->in = SPAN_NONE;
        t->why = last_reason();
        return PX_TLS_FAILED;
    }
}

enum px_tls_said px_tls_write(struct px_tls *t, struct span bytes)
{
    size_t n = 0;

    ERR_clear_error();
    if (SSL_write_ex(t->ssl, bytes.p, bytes.n, &n) == 1 && n == bytes.n)
        return PX_TLS_OK;
    t->why = last_reason();
    return PX_TLS_FAILED;
}

void px_tls_bye(struct px_tls *t)
{
    ERR_clear_error();
    if (SSL_is_init_finished(t->ssl))
        (void)SSL_shutdown(t->ssl);
    ERR_clear_error();
}

enum px_protocol px_tls_protocol(const struct px_tls *t)
{
    return span_is(chosen_alpn(t), "h2") ? PX_HTTP2 : PX_HTTP1;
}

const char *px_tls_version(const struct px_tls *t)
{
    return SSL_get_version(t->ssl);
}

bool px_tls_resumed(const struct px_tls *t)
{
    return SSL_session_reused(t->ssl) == 1;
}

static bool copy_name(const X509_NAME_ENTRY *entry, char out[PX_TLS_NAME])
{
    const ASN1_STRING *s = X509_NAME_ENTRY_get_data(entry);
    struct span text = { (const char *)ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s) };

    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < ' ' || text.p[i] > '~')
            return false;
    }
    return text.n > 0 && span_copyz(text, out, PX_TLS_NAME) == OK;
}

bool px_tls_peer_name(const struct px_tls *t, char out[PX_TLS_NAME])
{
    X509 *shown = SSL_get1_peer_certificate(t->ssl);
    const X509_NAME *name;
    bool ok = false;
    int at;

    if (shown == NULL)
        return false;
    name = X509_get_subject_name(shown);
    at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
    if (at >= 0 && X509_NAME_get_index_by_NID(name, NID_commonName, at) == -1 &&
        SSL_get_verify_result(t->ssl) == X509_V_OK)
        ok = copy_name(X509_NAME_get_entry(name, at), out);
    X509_free(shown);
    return ok;
}

const char *px_tls_why(const struct px_tls *t)
{
    return t->why;
}
