/* routing/reason.c */
#include "routing/reason.h"

const char *rt_reason_name(enum rt_reason r)
{
    switch (r) {
    case RT_REASON_ELIGIBLE: return "eligible";
    case RT_REASON_CHOSEN: return "chosen";
    case RT_REASON_BEST: return "best";
    case RT_REASON_EXPLORE: return "explore";
    case RT_REASON_PROBE: return "probe";
    case RT_REASON_FAILOVER: return "failover";
    case RT_REASON_RAMP: return "ramp";
    case RT_REASON_NEXT: return "next";
    case RT_REASON_DISABLED: return "disabled";
    case RT_REASON_OPERATION: return "operation";
    case RT_REASON_CURRENCY: return "currency";
    case RT_REASON_BRAND: return "brand";
    case RT_REASON_METHOD: return "method";
    case RT_REASON_TOKEN: return "token";
    case RT_REASON_CUSTOMER: return "customer";
    case RT_REASON_NOT_NAMED: return "not_named";
    case RT_REASON_STOPPED: return "stopped";
    case RT_REASON_DRAINED: return "drained";
    case RT_REASON_LIMITED: return "limited";
    case RT_REASON_BREAKER: return "breaker";
    case RT_REASON_PROBING: return "probing";
    case RT_REASON_BUDGET: return "budget";
    case RT_REASON_LEGS_MAX: return "legs_max";
    case RT_REASON_EARLIER: return "earlier";
    case RT_REASON_HOLDER: return "holder";
    case RT_REASON_POLICY: return "policy";
    case RT_REASONS_: break;
    }
    return "unknown";
}

const char *rt_reason_sentence(enum rt_reason r)
{
    switch (r) {
    case RT_REASON_ELIGIBLE: return "can take this payment";
    case RT_REASON_CHOSEN: return "is asked first";
    case RT_REASON_BEST: return "is asked first: it is worth most to this payment";
    case RT_REASON_EXPLORE: return "is asked first, to learn how it does with such payments";
    case RT_REASON_PROBE: return "is asked first, to find out whether it is well again";
    case RT_REASON_FAILOVER: return "is asked first, since those before it can not be asked now";
    case RT_REASON_RAMP: return "is new and gets its share of payments only little by little";
    case RT_REASON_NEXT: return "is asked if those before it do not take the payment";
    case RT_REASON_DISABLED: return "is switched off in the configuration";
    case RT_REASON_OPERATION: return "does not offer this operation";
    case RT_REASON_CURRENCY: return "does not take this amount in this currency";
    case RT_REASON_BRAND: return "does not take the card's brand";
    case RT_REASON_METHOD: return "does not take this kind of credential";
    case RT_REASON_TOKEN: return "has no token for this payer";
    case RT_REASON_CUSTOMER: return "takes a token only together with the customer it belongs to";
    case RT_REASON_NOT_NAMED: return "is not named by the policy";
    case RT_REASON_STOPPED: return "was stopped by an operator";
    case RT_REASON_DRAINED: return "is being drained by an operator: no new payments";
    case RT_REASON_LIMITED: return "has its share already: an operator limits it";
    case RT_REASON_BREAKER: return "is failing: its breaker is open";
    case RT_REASON_PROBING: return "is coming back, and takes only some of the payments";
    case RT_REASON_BUDGET: return "has no room for more payments just now";
    case RT_REASON_LEGS_MAX: return "comes after as many providers as one payment may ask";
    case RT_REASON_EARLIER: return "was asked before in this payment";
    case RT_REASON_HOLDER: return "holds the payment, so nobody else can do this";
    case RT_REASON_POLICY: return "is not asked: the policy turns the payment away";
    case RT_REASONS_: break;
    }
    return "unknown";
}
