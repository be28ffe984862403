/* tests/lib/cert.h -- certificates made on the spot: P-256 keys, valid from yesterday. */
#ifndef TESTS_CERT_H
#define TESTS_CERT_H

struct cert {
    char chain[8192]; /* PEM, leaf first */
    char key[2048];   /* PEM */
    char ca[4096];    /* PEM of the CA that signed it */
};

/* san in OpenSSL's words, "DNS:psp.test,IP:127.0.0.1"; days of life may be negative (expired). */
void cert_make(struct cert *c, const char *san, int days);
#endif
