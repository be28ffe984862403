/* proxy/adapters/adyen.h -- what the files of the Adyen adapter share. */
#ifndef PX_ADYEN_H
#define PX_ADYEN_H
#include "proxy/adapters/judge.h"
#include "proxy/adapters/webhook.h"

void px_adyen_judge(const struct px_asking *q, enum rt_op op, const struct px_answer *ans,
                    struct arena *a, struct rt_judgement *out);
void px_adyen_token(const struct px_answer *ans, struct arena *a, struct rt_judgement *out);
unsigned px_adyen_news(const struct px_hook *h, struct arena *a, struct px_news *out, unsigned max);
#endif
