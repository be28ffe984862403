/* Nor has a pointer to one. */
#include "proxy/log.h"
#include "routing/base/pan.h"

void say(const struct pan *card);
void say(const struct pan *card)
{
#ifdef CONTROL
    LOG(INFO, "card.seen", F("known", card != NULL));
#else
    LOG(INFO, "card.seen", F("number", card));
#endif
}
