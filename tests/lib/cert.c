/* tests/lib/cert.c */
#include "tests/lib/cert.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "routing/base/check.h"

static EVP_PKEY *key_make(void)
{
    EVP_PKEY *k = EVP_EC_gen("P-256");

    CHECK(k != NULL);
    return k;
}

static void extend(X509 *x, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509_EXTENSION *e;

    X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
    e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    CHECK(e != NULL);
    CHECK(X509_add_ext(x, e, -1) == 1);
    X509_EXTENSION_free(e);
}

static X509 *x509_make(const char *name, long serial, int days, EVP_PKEY *key)
{
    X509 *x = X509_new();
    X509_NAME *n = X509_get_subject_name(x);
    long day = 24L * 3600;

    CHECK(X509_set_version(x, X509_VERSION_3) == 1);
    CHECK(ASN1_INTEGER_set(X509_get_serialNumber(x), serial) == 1);
    CHECK(X509_gmtime_adj(X509_getm_notBefore(x), -30 * day) != NULL);
    CHECK(X509_gmtime_adj(X509_getm_notAfter(x), days * day) != NULL);
    CHECK(X509_NAME_add_entry_by_txt(n, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1,
                                     0) == 1);
    CHECK(X509_set_pubkey(x, key) == 1);
    return x;
}

static void pem_of(X509 *x, EVP_PKEY *key, char *out, size_t cap)
{
    BIO *b = BIO_new(BIO_s_mem());
    char *p;
    long n;

    if (x != NULL)
        CHECK(PEM_write_bio_X509(b, x) == 1);
    if (key != NULL)
        CHECK(PEM_write_bio_PrivateKey(b, key, NULL, NULL, 0, NULL, NULL) == 1);
    n = BIO_get_mem_data(b, &p);
    CHECK(n > 0 && (size_t)n < cap);
    memcpy(out, p, (size_t)n);
    out[n] = '\0';
    BIO_free(b);
}

void cert_make(struct cert *c, const char *san, int days)
{
    EVP_PKEY *ca_key = key_make(), *key = key_make();
    X509 *ca = x509_make("Signalbox test CA", 1, 30, ca_key);
    X509 *leaf = x509_make("leaf", 2, days, key);

    CHECK(X509_set_issuer_name(ca, X509_get_subject_name(ca)) == 1);
    extend(ca, ca, NID_basic_constraints, "critical,CA:TRUE");
    extend(ca, ca, NID_key_usage, "critical,keyCertSign");
    CHECK(X509_sign(ca, ca_key, EVP_sha256()) > 0);
    CHECK(X509_set_issuer_name(leaf, X509_get_subject_name(ca)) == 1);
    extend(leaf, ca, NID_subject_alt_name, san);
    CHECK(X509_sign(leaf, ca_key, EVP_sha256()) > 0);
    pem_of(leaf, NULL, c->chain, sizeof c->chain);
    pem_of(NULL, key, c->key, sizeof c->key);
    pem_of(ca, NULL, c->ca, sizeof c->ca);
    X509_free(leaf);
    X509_free(ca);
    EVP_PKEY_free(key);
    EVP_PKEY_free(ca_key);
}
