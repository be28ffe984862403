/* Bytes of somebody else may be anything, a card number too. */
#include "proxy/log.h"
#include "routing/base/span.h"

void say(struct span body);
void say(struct span body)
{
#ifdef CONTROL
    LOG(INFO, "body.read", F("bytes", body.n));
#else
    LOG(INFO, "body.read", F("body", body));
#endif
}
