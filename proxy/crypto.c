/* proxy/crypto.c */
#include "proxy/crypto.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "routing/base/check.h"
#include "routing/base/secret.h"

enum { POOL = 512 };

/* What one thread keeps: looked up once, used for its life, freed by the thread key below. */
struct tools {
    EVP_MD *sha256;
    EVP_MD_CTX *digest;
    unsigned char pool[POOL]; /* random bytes; the last `left` are still unused */
    size_t left;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static _Thread_local struct tools *mine;

static void tools_destroy(void *opaque)
{
    struct tools *t = opaque;

    EVP_MD_CTX_free(t->digest);
    EVP_MD_free(t->sha256);
    secret_wipe(t, sizeof *t);
    free(t);
    mine = NULL;
}

static void key_create(void)
{
    CHECK(pthread_key_create(&key, tools_destroy) == 0);
}

static struct tools *tools_create(void)
{
    struct tools *t = calloc(1, sizeof *t);

    CHECK(t != NULL);
    t->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    t->digest = EVP_MD_CTX_new();
    CHECK(t->sha256 != NULL && t->digest != NULL);
    CHECK(pthread_once(&once, key_create) == 0);
    CHECK(pthread_setspecific(key, t) == 0);
    return t;
}

static struct tools *tools(void)
{
    if (mine == NULL)
        mine = tools_create();
    return mine;
}

static void length_of(struct span s, unsigned char out[8])
{
    for (unsigned i = 0; i < 8; i++)
        out[i] = (unsigned char)((uint64_t)s.n >> (8 * i));
}

static EVP_MD_CTX *digest_start(void)
{
    struct tools *t = tools();

    CHECK(EVP_DigestInit_ex2(t->digest, t->sha256, NULL) == 1);
    return t->digest;
}

static void digest_add(EVP_MD_CTX *c, const void *p, size_t n)
{
    if (n > 0)
        CHECK(EVP_DigestUpdate(c, p, n) == 1);
}

void px_sha256(struct span data, unsigned char out[PX_SHA256])
{
    EVP_MD_CTX *c = digest_start();

    digest_add(c, data.p, data.n);
    CHECK(EVP_DigestFinal_ex(c, out, NULL) == 1);
}

void px_sha256_parts(const struct span *part, unsigned parts, unsigned char out[PX_SHA256])
{
    EVP_MD_CTX *c = digest_start();
    unsigned char length[8];

    for (unsigned i = 0; i < parts; i++) {
        length_of(part[i], length);
        digest_add(c, length, sizeof length);
        digest_add(c, part[i].p, part[i].n);
    }
    CHECK(EVP_DigestFinal_ex(c, out, NULL) == 1);
}

struct px_hmac {
    EVP_MAC_CTX *ctx_; /* keyed; started again without a key it uses the same one */
};

struct px_hmac *px_hmac_create(struct span key_bytes)
{
    struct px_hmac *h = calloc(1, sizeof *h);
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    char digest[] = "SHA256";
    OSSL_PARAM param[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };

    CHECK(key_bytes.n > 0); /* a MAC without a secret is our mistake */
    CHECK(h != NULL && mac != NULL);
    h->ctx_ = EVP_MAC_CTX_new(mac);
    CHECK(h->ctx_ != NULL);
    CHECK(EVP_MAC_init(h->ctx_, (const unsigned char *)key_bytes.p, key_bytes.n, param) == 1);
    EVP_MAC_free(mac); /* the context holds its own reference */
    return h;
}

struct px_hmac *px_hmac_derive(struct span key_bytes, const char *label)
{
    struct px_hmac *parent = px_hmac_create(key_bytes), *h;
    unsigned char derived[PX_SHA256];

    px_hmac(parent, span_str(label), derived);
    h = px_hmac_create((struct span){ (const char *)derived, sizeof derived });
    secret_wipe(derived, sizeof derived);
    px_hmac_destroy(parent);
    return h;
}

void px_hmac_destroy(struct px_hmac *h)
{
    if (h == NULL)
        return;
    EVP_MAC_CTX_free(h->ctx_);
    free(h);
}

static void mac_add(struct px_hmac *h, const void *p, size_t n)
{
    if (n > 0)
        CHECK(EVP_MAC_update(h->ctx_, p, n) == 1);
}

static void mac_end(struct px_hmac *h, unsigned char out[PX_SHA256])
{
    size_t n;

    CHECK(EVP_MAC_final(h->ctx_, out, &n, PX_SHA256) == 1);
    CHECK(n == PX_SHA256);
    CHECK(EVP_MAC_init(h->ctx_, NULL, 0, NULL) == 1); /* ready for the next text */
}

void px_hmac(struct px_hmac *h, struct span data, unsigned char out[PX_SHA256])
{
    mac_add(h, data.p, data.n);
    mac_end(h, out);
}

void px_hmac_parts(struct px_hmac *h, const struct span *part, unsigned parts,
                   unsigned char out[PX_SHA256])
{
    unsigned char length[8];

    for (unsigned i = 0; i < parts; i++) {
        length_of(part[i], length);
        mac_add(h, length, sizeof length);
        mac_add(h, part[i].p, part[i].n);
    }
    mac_end(h, out);
}

void px_random(void *out, size_t n)
{
    struct tools *t = tools();

    if (n > POOL / 2) { /* as cheap as refilling */
        CHECK(RAND_bytes(out, (int)n) == 1);
        return;
    }
    if (n > t->left) {
        CHECK(RAND_bytes(t->pool, POOL) == 1);
        t->left = POOL;
    }
    memcpy(out, t->pool + POOL - t->left, n);
    secret_wipe(t->pool + POOL - t->left, n); /* given once, known to nobody else */
    t->left -= n;
}
