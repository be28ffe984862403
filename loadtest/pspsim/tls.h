/* loadtest/pspsim/tls.h -- server side TLS, with good and with bad certificates. */
#ifndef SIM_TLS_H
#define SIM_TLS_H
#include <openssl/ssl.h>

#include "loadtest/pspsim/world.h"

enum sim_handshake { SIM_SHAKE_MORE, SIM_SHAKE_DONE, SIM_SHAKE_FAILED };

/* Loads (or first makes) the certificates of a directory; false with a line on stderr. */
bool sim_tls_load(struct sim *s, const char *dir);
void sim_tls_free(struct sim_tls *t);
/* fault: an enum sim_tls_fault with a bad certificate or no ALPN, or -1. */
SSL *sim_tls_open(struct sim *s, enum sim_who who, int fd, int fault);
enum sim_handshake sim_tls_shake(SSL *ssl);
bool sim_tls_alpn_h2(const SSL *ssl);

/* Writes ca.pem, ca.key, server.pem, server.key (localhost, *.test, loopback addresses), and the
 * bad ones wrong_host.pem, expired.pem, untrusted.pem (same key as server.pem). Files already there
 * are kept. False with a line on stderr. */
bool sim_certs_make(const char *dir);
#endif
