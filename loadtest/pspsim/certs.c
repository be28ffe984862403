/* loadtest/pspsim/certs.c -- a certificate authority of our own for tests, and what it signs. */
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "loadtest/pspsim/tls.h"
#include "routing/base/check.h"

enum { DAY = 24 * 60 * 60 };

struct authority {
    X509 *cert;
    EVP_PKEY *key;
};

struct wish {
    const char *file, *common_name, *names;
    long from_days, to_days; /* from now */
};

static const char good_names[] =
    "DNS:localhost,DNS:*.test,DNS:stripe.test,DNS:adyen.test,DNS:checkoutcom.test,"
    "IP:127.0.0.1,IP:::1";

static bool path_of(const char *dir, const char *file, char out[512])
{
    int n = snprintf(out, 512, "%s/%s", dir, file);

    return n > 0 && n < 512;
}

static FILE *create(const char *dir, const char *file, mode_t mode)
{
    char path[512];
    int fd;

    CHECK(path_of(dir, file, path));
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    if (fd < 0) {
        (void)fprintf(stderr, "pspsim: %s: %s\n", path, strerror(errno));
        return NULL;
    }
    return fdopen(fd, "w");
}

static bool key_write(const char *dir, const char *file, EVP_PKEY *key)
{
    FILE *f = create(dir, file, 0600);

    return f != NULL && PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL) == 1 &&
           fclose(f) == 0;
}

static bool cert_write(const char *dir, const char *file, X509 *cert)
{
    FILE *f = create(dir, file, 0644);

    return f != NULL && PEM_write_X509(f, cert) == 1 && fclose(f) == 0;
}

static void extend(X509 *cert, X509 *issuer, int nid, const char *text)
{
    X509V3_CTX ctx;
    X509_EXTENSION *e;

    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    e = X509V3_EXT_conf_nid(NULL, &ctx, nid, text);
    CHECK(e != NULL);
    CHECK(X509_add_ext(cert, e, -1) == 1);
    X509_EXTENSION_free(e);
}

static X509 *blank(const char *common_name, EVP_PKEY *key, long from_days, long to_days)
{
    X509 *cert = X509_new();
    X509_NAME *name = X509_get_subject_name(cert);
    unsigned char serial[8];
    BIGNUM *n;

    CHECK(cert != NULL);
    CHECK(RAND_bytes(serial, sizeof serial) == 1);
    serial[0] &= 0x7f;
    n = BN_bin2bn(serial, sizeof serial, NULL);
    BN_to_ASN1_INTEGER(n, X509_get_serialNumber(cert));
    BN_free(n);
    X509_set_version(cert, X509_VERSION_3);
    X509_gmtime_adj(X509_getm_notBefore(cert), from_days * DAY);
    X509_gmtime_adj(X509_getm_notAfter(cert), to_days * DAY);
    X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC, (const unsigned char *)"pspsim test", -1,
                               -1, 0);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)common_name, -1, -1,
                               0);
    X509_set_pubkey(cert, key);
    return cert;
}

static struct authority authority_make(const char *common_name)
{
    struct authority a;

    a.key = EVP_EC_gen("P-256");
    CHECK(a.key != NULL);
    a.cert = blank(common_name, a.key, -1, 3650);
    X509_set_issuer_name(a.cert, X509_get_subject_name(a.cert));
    extend(a.cert, a.cert, NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
    extend(a.cert, a.cert, NID_key_usage, "critical,keyCertSign,cRLSign");
    extend(a.cert, a.cert, NID_subject_key_identifier, "hash");
    CHECK(X509_sign(a.cert, a.key, EVP_sha256()) > 0);
    return a;
}

static void authority_free(struct authority *a)
{
    X509_free(a->cert);
    EVP_PKEY_free(a->key);
}

static bool sign(const char *dir, const struct authority *a, EVP_PKEY *key, const struct wish *w)
{
    X509 *cert = blank(w->common_name, key, w->from_days, w->to_days);
    bool ok;

    X509_set_issuer_name(cert, X509_get_subject_name(a->cert));
    extend(cert, a->cert, NID_basic_constraints, "critical,CA:FALSE");
    extend(cert, a->cert, NID_key_usage, "critical,digitalSignature");
    extend(cert, a->cert, NID_ext_key_usage, "serverAuth");
    extend(cert, a->cert, NID_subject_alt_name, w->names);
    extend(cert, a->cert, NID_authority_key_identifier, "keyid");
    CHECK(X509_sign(cert, a->key, EVP_sha256()) > 0);
    ok = cert_write(dir, w->file, cert);
    X509_free(cert);
    return ok;
}

static bool sign_all(const char *dir, const struct authority *good, const struct authority *other)
{
    static const struct wish wishes[] = {
        { "server.pem", "localhost", good_names, -1, 825 },
        { "wrong_host.pem", "elsewhere.invalid", "DNS:elsewhere.invalid", -1, 825 },
        { "expired.pem", "localhost", good_names, -30, -1 },
        { "untrusted.pem", "localhost", good_names, -1, 825 },
    };
    EVP_PKEY *key = EVP_EC_gen("P-256");
    bool ok;

    CHECK(key != NULL);
    ok = key_write(dir, "server.key", key);
    for (unsigned i = 0; ok && i < 4; i++)
        ok = sign(dir, i == 3 ? other : good, key, &wishes[i]);
    EVP_PKEY_free(key);
    return ok;
}

static bool there(const char *dir, const char *file)
{
    char path[512];

    return path_of(dir, file, path) && access(path, R_OK) == 0;
}

bool sim_certs_make(const char *dir)
{
    struct authority good, other;
    bool ok;

    if (strlen(dir) > 480) {
        (void)fprintf(stderr, "pspsim: the certificate directory's name is too long\n");
        return false;
    }
    if (mkdir(dir, 0755) != 0 && errno != EEXIST) {
        (void)fprintf(stderr, "pspsim: %s: %s\n", dir, strerror(errno));
        return false;
    }
    if (there(dir, "ca.pem") && there(dir, "server.key") && there(dir, "untrusted.pem"))
        return true;
    good = authority_make("pspsim test CA");
    other = authority_make("somebody else's CA");
    ok = key_write(dir, "ca.key", good.key) && cert_write(dir, "ca.pem", good.cert) &&
         sign_all(dir, &good, &other);
    authority_free(&good);
    authority_free(&other);
    return ok;
}
