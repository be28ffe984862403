/* proxy/api.h -- the payments API: which request is what, and who may.
 *
 * Every request the server hands over ends here in one of three ways: answered at once, answered
 * from the journal, or begun as a payment (proxy/payment.h). */
#ifndef PX_API_H
#define PX_API_H
#include "proxy/server.h"

/* The server's handler; ctx is the worker's struct px_desk. */
void px_api_handle(void *ctx, struct px_request *r);
#endif
