/* proxy/enrich.c */
#include "proxy/enrich.h"

void px_enrich(struct rt_payment *pay)
{
    if (pay->pan.len > 0) {
        pay->bin6 = pan_prefix(&pay->pan, 6);
        pay->bin8 = pan_prefix(&pay->pan, 8);
        pan_last4(&pay->pan, pay->last4);
    }
    if (pay->brand == RT_BRAND_UNKNOWN && pay->bin8 != 0)
        pay->brand = rt_brand_of(pay->bin8, 8);
    if (pay->brand == RT_BRAND_UNKNOWN && pay->bin6 != 0)
        pay->brand = rt_brand_of(pay->bin6, 6);
}
