/* Nor has a security code. */
#include "proxy/log.h"
#include "routing/payment.h"

void say(struct rt_cvc cvc);
void say(struct rt_cvc cvc)
{
#ifdef CONTROL
    LOG(INFO, "cvc.seen", F("given", cvc.len > 0));
#else
    LOG(INFO, "cvc.seen", F("code", cvc));
#endif
}
