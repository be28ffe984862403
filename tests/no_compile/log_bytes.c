/* Raw bytes: digests and keys are kept in these. */
#include "proxy/log.h"

void say(const unsigned char *digest);
void say(const unsigned char *digest)
{
#ifdef CONTROL
    LOG(INFO, "digest.made", F("first", digest[0] == 0));
#else
    LOG(INFO, "digest.made", F("digest", digest));
#endif
}
