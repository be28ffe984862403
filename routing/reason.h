/* routing/reason.h -- why a provider is, or is not, in a plan. Every value has a sentence. */
#ifndef RT_REASON_H
#define RT_REASON_H

enum rt_reason {
    RT_REASON_ELIGIBLE,
    RT_REASON_CHOSEN,    /* first in the plan */
    RT_REASON_BEST,      /* first: the policy left it to value, and this one's is the highest */
    RT_REASON_EXPLORE,   /* first: to learn more; without exploration another would be */
    RT_REASON_PROBE,     /* first: to find out whether it is well again */
    RT_REASON_FAILOVER,  /* first: those before it are stopped, limited or failing */
    RT_REASON_RAMP,      /* further down than its value: it is new and grows slowly */
    RT_REASON_NEXT,      /* further down, should the ones before it fail recoverably */
    RT_REASON_DISABLED,  /* switched off in the configuration */
    RT_REASON_OPERATION, /* does not offer this operation */
    RT_REASON_CURRENCY,  /* does not take the currency, or can not say this amount in it */
    RT_REASON_BRAND,     /* does not take the card's brand */
    RT_REASON_METHOD,    /* does not take this kind of credential */
    RT_REASON_TOKEN,     /* the token belongs to somebody else */
    RT_REASON_CUSTOMER,  /* takes a token only with the customer it belongs to, who is not named */
    RT_REASON_NOT_NAMED, /* the policy's chain does not name it */
    RT_REASON_STOPPED,   /* an operator stopped it */
    RT_REASON_DRAINED,   /* an operator lets it run dry */
    RT_REASON_LIMITED,   /* over the share that an operator left it */
    RT_REASON_BREAKER,   /* its breaker is open */
    RT_REASON_PROBING,   /* half-open, and this payment is not among those let through */
    RT_REASON_BUDGET,    /* as much is under way there as may be, or as may fall back on it */
    RT_REASON_LEGS_MAX,  /* the plan was already full */
    RT_REASON_EARLIER,   /* it was asked before in this payment */
    RT_REASON_HOLDER,    /* it holds the payment: the only one that can do this */
    RT_REASON_POLICY,    /* the policy turns the whole payment away */
    RT_REASONS_
};

const char *rt_reason_name(enum rt_reason r);     /* "brand" */
const char *rt_reason_sentence(enum rt_reason r); /* "does not take the card's brand" */
#endif
