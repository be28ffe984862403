/* proxy/admin_address.h -- where a command finds the gateway. */
#ifndef PX_ADMIN_ADDRESS_H
#define PX_ADMIN_ADDRESS_H
#include <stdbool.h>
#include <sys/socket.h>

#include "proxy/cli.h"

struct px_admin_address {
    char text[300]; /* for people */
    struct sockaddr_storage sa;
    socklen_t len;
    bool tls;
    char host[256], authority[264];
    const char *ca, *cert, *key; /* lent from the command line or the environment; NULL */
};

/* --socket, $SIGNALBOX_ADMIN, the configuration, /run/signalbox/admin.sock. PX_YES, or the exit
 * code, told. */
int px_admin_address_find(const struct px_cli *c, struct px_admin_address *out);
#endif
