/* loadtest/pspsim/tls.c */
#include "loadtest/pspsim/tls.h"

#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loadtest/common/out.h"
#include "routing/base/check.h"

enum { GOOD, WRONG_HOST, EXPIRED, UNTRUSTED, CERTS };

static const char *const cert_files[CERTS] = { "server.pem", "wrong_host.pem", "expired.pem",
                                               "untrusted.pem" };

struct sim_tls {
    SSL_CTX *ctx[CERTS];
};

/* Which protocols a connection may agree on travels with the SSL as its application data. */
struct choice {
    bool h2, http1;
};
static const struct choice choices[] = {
    { false, false }, { true, false }, { false, true }, { true, true }
};

static bool offered(const unsigned char *in, unsigned n, const char *word)
{
    size_t len = strlen(word);

    for (unsigned i = 0; i < n; i += in[i] + 1u) {
        if (in[i] == len && i + len < n && memcmp(in + i + 1, word, len) == 0)
            return true;
    }
    return false;
}

static int choose(SSL *ssl, const unsigned char **out, unsigned char *out_n,
                  const unsigned char *in, unsigned n, void *arg)
{
    static const unsigned char h2[] = "h2", http1[] = "http/1.1";
    const struct choice *c = SSL_get_app_data(ssl);

    (void)arg;
    if (c->h2 && offered(in, n, "h2")) {
        *out = h2;
        *out_n = sizeof h2 - 1;
        return SSL_TLSEXT_ERR_OK;
    }
    if (c->http1 && offered(in, n, "http/1.1")) {
        *out = http1;
        *out_n = sizeof http1 - 1;
        return SSL_TLSEXT_ERR_OK;
    }
    return c->h2 || c->http1 ? SSL_TLSEXT_ERR_ALERT_FATAL : SSL_TLSEXT_ERR_NOACK;
}

static SSL_CTX *context(const char *dir, const char *cert)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    char file[512];
    bool ok;

    CHECK(ctx != NULL);
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(ctx, 1); /* one read() a record instead of two */
    SSL_CTX_set_session_id_context(ctx, (const unsigned char *)"pspsim", 6);
    SSL_CTX_set_alpn_select_cb(ctx, choose, NULL);
    (void)snprintf(file, sizeof file, "%s/%s", dir, cert);
    ok = SSL_CTX_use_certificate_chain_file(ctx, file) == 1;
    (void)snprintf(file, sizeof file, "%s/server.key", dir);
    if (ok && SSL_CTX_use_PrivateKey_file(ctx, file, SSL_FILETYPE_PEM) == 1)
        return ctx;
    (void)fprintf(stderr, "pspsim: %s/%s: %s\n", dir, cert,
                  ERR_reason_error_string(ERR_peek_error()));
    SSL_CTX_free(ctx);
    return NULL;
}

bool sim_tls_load(struct sim *s, const char *dir)
{
    if (!sim_certs_make(dir))
        return false;
    s->tls = lt_new(1, sizeof *s->tls);
    for (unsigned i = 0; i < CERTS; i++) {
        if ((s->tls->ctx[i] = context(dir, cert_files[i])) == NULL)
            return false;
    }
    return true;
}

void sim_tls_free(struct sim_tls *t)
{
    if (t == NULL)
        return;
    for (unsigned i = 0; i < CERTS; i++)
        SSL_CTX_free(t->ctx[i]);
    free(t);
}

static const struct choice *may_speak(const struct sim *s, enum sim_who who, int fault)
{
    unsigned h2 = who >= SIM_PSPS || s->set[who].alpn_h2;
    unsigned http1 = who >= SIM_PSPS || s->set[who].alpn_http1;

    return fault == SIM_T_NO_ALPN ? &choices[0] : &choices[h2 + 2 * http1];
}

SSL *sim_tls_open(struct sim *s, enum sim_who who, int fd, int fault)
{
    unsigned cert = fault == SIM_T_WRONG_HOST  ? WRONG_HOST
                    : fault == SIM_T_EXPIRED   ? EXPIRED
                    : fault == SIM_T_UNTRUSTED ? UNTRUSTED
                                               : GOOD;
    SSL *ssl = SSL_new(s->tls->ctx[cert]);
    union {
        const struct choice *in;
        void *out;
    } c = { may_speak(s, who, fault) };

    CHECK(ssl != NULL);
    SSL_set_app_data(ssl, c.out);
    SSL_set_fd(ssl, fd);
    SSL_set_accept_state(ssl);
    return ssl;
}

enum sim_handshake sim_tls_shake(SSL *ssl)
{
    int r;

    ERR_clear_error();
    r = SSL_do_handshake(ssl);
    if (r == 1)
        return SIM_SHAKE_DONE;
    r = SSL_get_error(ssl, r);
    return r == SSL_ERROR_WANT_READ || r == SSL_ERROR_WANT_WRITE ? SIM_SHAKE_MORE
                                                                 : SIM_SHAKE_FAILED;
}

bool sim_tls_alpn_h2(const SSL *ssl)
{
    const unsigned char *p;
    unsigned n;

    SSL_get0_alpn_selected(ssl, &p, &n);
    return n == 2 && memcmp(p, "h2", 2) == 0;
}
