/* proxy/adapters/checkoutcom.h -- what the files of the Checkout.com adapter share. */
#ifndef PX_CHECKOUTCOM_H
#define PX_CHECKOUTCOM_H
#include "proxy/adapters/judge.h"
#include "proxy/adapters/webhook.h"

void px_checkoutcom_judge(const struct px_asking *q, enum rt_op op, const struct px_answer *ans,
                          struct arena *a, struct rt_judgement *out);
/* GET /payments/{id}/actions: the outcome of the capture or refund with our reference. */
void px_checkoutcom_actions(struct px_case *c);
void px_checkoutcom_token(const struct px_answer *ans, struct arena *a, struct rt_judgement *out);
unsigned px_checkoutcom_news(const struct px_hook *h, struct arena *a, struct px_news *out,
                             unsigned max);
#endif
