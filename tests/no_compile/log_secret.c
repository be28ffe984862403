/* Nor has a key. */
#include "proxy/log.h"
#include "routing/base/secret.h"

void say(const struct secret *key);
void say(const struct secret *key)
{
#ifdef CONTROL
    LOG(INFO, "key.loaded", F("present", !secret_none(key)));
#else
    LOG(INFO, "key.loaded", F("key", *key));
#endif
}
