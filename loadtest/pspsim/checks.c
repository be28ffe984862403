/* loadtest/pspsim/checks.c -- what the dialects ask of a request alike. */
#include <string.h>

#include "loadtest/pspsim/dialect.h"
#include "routing/base/secret.h"

bool sim_invalid(struct sim_answer *bad, const char *code, const char *param, const char *text)
{
    *bad =
        (struct sim_answer){ .says = SIM_SAYS_INVALID, .code = code, .param = param, .text = text };
    return false;
}

bool sim_secret_known(const struct sim_req *r, struct span given)
{
    const struct sim_settings *set = &r->sim->set[r->who];

    for (unsigned i = 0; i < set->secrets; i++) {
        if (secret_equal(span_str(set->secret[i]), given))
            return true;
    }
    return set->secrets == 0 && given.n >= 8;
}

bool sim_bearer(const struct sim_req *r, const char *prefix, const char *other)
{
    struct span h = sim_req_header(r, "authorization");

    if (!span_starts(h, "Bearer "))
        return false;
    h = span_drop(h, strlen("Bearer "));
    return (span_starts(h, prefix) || span_starts(h, other)) && sim_secret_known(r, h);
}

bool sim_is(struct span s, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (span_is(s, *words))
            return true;
    }
    return false;
}

bool sim_made_of(struct span s, const char *alphabet)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == 0 || strchr(alphabet, s.p[i]) == NULL)
            return false;
    }
    return s.n > 0;
}

/* ISO 4217 codes in use that the three providers name in their currency tables. */
static const char currencies[] =
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP "
    "BYN BZD CAD CDF CHF CLP CNY COP CRC CVE CZK DJF DKK DOP DZD EGP ETB EUR FJD FKP GBP GEL GHS "
    "GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KRW "
    "KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN "
    "NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG "
    "SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD "
    "UYU UZS VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ";

static bool listed(const char *list, const char *code)
{
    const char *at = strstr(list, code);

    return at != NULL && at[3] == ' ' && (at == list || at[-1] == ' ');
}

bool sim_currency_read(struct span s, char out[4])
{
    out[0] = 0;
    if (s.n != 3 || !sim_made_of(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"))
        return false;
    for (int i = 0; i < 3; i++)
        out[i] = s.p[i] >= 'a' && s.p[i] <= 'z' ? (char)(s.p[i] - 32) : s.p[i];
    out[3] = 0;
    return listed(currencies, out);
}

bool sim_three_decimals(const char *currency)
{
    return listed("BHD IQD JOD KWD LYD OMR TND ", currency);
}

void sim_pairs_json(const struct lt_tree *t, const struct lt_node *n, struct lt_out *o)
{
    lt_byte(o, '{');
    for (const struct lt_node *i = lt_child(t, n); i != NULL; i = lt_next(t, i)) {
        if (o->p[o->n - 1] != '{')
            lt_byte(o, ',');
        lt_json(o, i->name);
        lt_byte(o, ':');
        if (i->kind == LT_STRING)
            lt_json(o, i->text);
        else
            lt_put(o, i->text);
    }
    lt_byte(o, '}');
}
