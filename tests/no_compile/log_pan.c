/* A card number has no place in a log line. */
#include "proxy/log.h"
#include "routing/base/pan.h"

void say(const struct pan *card);
void say(const struct pan *card)
{
#ifdef CONTROL
    LOG(INFO, "card.seen", F("digits", (int)card->len));
#else
    LOG(INFO, "card.seen", F("number", *card));
#endif
}
