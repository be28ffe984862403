/* proxy/enrich.c */
#include "proxy/enrich.h"

#include "proxy/geo.h"
#include "proxy/snapshot.h"

enum { LEAD = 11 }; /* the longest account range that schemes publish */

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

static void take_lead(const struct rt_payment *pay, struct px_known *k)
{
    k->lead = pan_lead(&pay->pan, LEAD);
    k->digits = LEAD;
    if (k->lead == 0) { /* a token, or a short number */
        k->lead = pay->bin8 != 0 ? pay->bin8 : pay->bin6;
        k->digits = pay->bin8 != 0 ? 8 : pay->bin6 != 0 ? 6 : 0;
    }
}

void px_look_up(const struct px_snapshot *s, const struct rt_payment *pay, struct px_known *out)
{
    *out = (struct px_known){ 0 };
    take_lead(pay, out);
    /* A network token's own number lies in ranges of tokens, not of cards. */
    if (s->has_bins && out->digits > 0 && pay->method != RT_NETWORK_TOKEN)
        (void)rt_bins_find(&s->bins.table, out->lead, out->digits, &out->bin);
    if (s->geo != NULL)
        out->ip_country = px_geo_country(s->geo, pay->shopper_ip);
}
