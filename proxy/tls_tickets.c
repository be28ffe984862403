/* proxy/tls_tickets.c */
#include "proxy/tls_tickets.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/clock.h"
#include "routing/base/secret.h"

enum { NAME = 16, KEY = 32, IV = 16, KEYS = 2 };

struct ticket_key {
    unsigned char name[NAME], cipher[KEY], mac[KEY];
};

struct px_tickets {
    pthread_mutex_t lock;
    struct ticket_key key[KEYS]; /* [0] seals and opens, [1] opens */
    int64_t made_ns, each_ns;
};

static bool key_make(struct ticket_key *k)
{
    return RAND_bytes((unsigned char *)k, sizeof *k) == 1;
}

/* Whatever the clock says, the key that seals is never older than each_ns; without randomness it
 * goes on being used, which is better than no service. */
static void renew(struct px_tickets *t, int64_t now_ns)
{
    struct ticket_key fresh;

    if (now_ns - t->made_ns < t->each_ns || !key_make(&fresh))
        return;
    t->key[1] = t->key[0];
    if (now_ns - t->made_ns >= KEYS * t->each_ns && !key_make(&t->key[1]))
        t->key[1] = fresh; /* the old one had not been in use for long: forget it */
    t->key[0] = fresh;
    t->made_ns = now_ns;
    secret_wipe(&fresh, sizeof fresh);
}

/* The keys by value, so that the lock is not held while anything is computed. */
static int find(struct px_tickets *t, const unsigned char *name, struct ticket_key *out)
{
    int found = KEYS;

    pthread_mutex_lock(&t->lock);
    renew(t, px_now_ns());
    for (int i = KEYS - 1; i >= 0; i--) {
        if (name == NULL || memcmp(t->key[i].name, name, NAME) == 0)
            found = i;
    }
    if (found < KEYS)
        *out = t->key[found];
    pthread_mutex_unlock(&t->lock);
    return found;
}

static bool set_mac(EVP_MAC_CTX *mac, struct ticket_key *k)
{
    char digest[] = "SHA256";
    OSSL_PARAM p[] = { OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, k->mac, KEY),
                       OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                       OSSL_PARAM_construct_end() };

    return EVP_MAC_CTX_set_params(mac, p) == 1;
}

/* OpenSSL's: 1 go on, 2 go on and give a new ticket, 0 no such key (a full handshake), -1 error. */
static int on_ticket(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
                     EVP_MAC_CTX *mac, int seal)
{
    struct px_tickets *t = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    struct ticket_key k;
    int which = find(t, seal ? NULL : name, &k), rc = -1;

    if (which == KEYS)
        return 0;
    if (seal) {
        memcpy(name, k.name, NAME);
        if (RAND_bytes(iv, IV) == 1 &&
            EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), NULL, k.cipher, iv) == 1 &&
            set_mac(mac, &k))
            rc = 1;
    } else if (EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), NULL, k.cipher, iv) == 1 &&
               set_mac(mac, &k)) {
        rc = which == 0 ? 1 : 2;
    }
    secret_wipe(&k, sizeof k);
    return rc;
}

struct px_tickets *px_tickets_create(struct ssl_ctx_st *ctx, int64_t each_ms)
{
    struct px_tickets *t = calloc(1, sizeof *t);

    if (t == NULL)
        return NULL;
    pthread_mutex_init(&t->lock, NULL);
    t->each_ns = each_ms * 1000000;
    t->made_ns = px_now_ns();
    if (!key_make(&t->key[0]) || !key_make(&t->key[1]) || SSL_CTX_set_app_data(ctx, t) != 1 ||
        SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, on_ticket) != 1) {
        px_tickets_destroy(t);
        return NULL;
    }
    return t;
}

void px_tickets_destroy(struct px_tickets *t)
{
    if (t == NULL)
        return;
    pthread_mutex_destroy(&t->lock);
    secret_wipe(t, sizeof *t);
    free(t);
}
