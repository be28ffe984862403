/* proxy/adapters/decline.c */
#include "proxy/adapters/decline.h"

#include <string.h>

/* ---- the tables ---- */

static int order(struct span a, const char *z)
{
    size_t n = strlen(z), least = a.n < n ? a.n : n;
    int o = least == 0 ? 0 : memcmp(a.p, z, least);

    return o != 0 ? o : (a.n > n) - (a.n < n);
}

static const struct px_decline *find_exact(const struct px_declines *d, struct span field,
                                           struct span value)
{
    size_t low = 0, high = d->rows;

    while (low < high) {
        size_t mid = (low + high) / 2;
        int o = order(field, d->row[mid].field);

        if (o == 0)
            o = order(value, d->row[mid].value);
        if (o == 0)
            return &d->row[mid];
        if (o < 0)
            high = mid;
        else
            low = mid + 1;
    }
    return NULL;
}

bool px_decline_exact(const struct px_decline *row)
{
    return !span_ends(span_str(row->value), "*");
}

const struct px_decline *px_decline_find(const struct px_declines *d, struct span field,
                                         struct span value)
{
    char group[8];

    const struct px_decline *row = find_exact(d, field, value);

    if (row != NULL && px_decline_exact(row))
        return row;
    for (size_t n = value.n < sizeof group ? value.n : sizeof group - 1; n > 0; n--) {
        memcpy(group, value.p, n);
        group[n] = '*';
        row = find_exact(d, field, (struct span){ group, n + 1 });
        if (row != NULL)
            return row;
    }
    return NULL;
}

bool px_decline_role(const struct px_declines *d, struct span field, enum px_role *out)
{
    for (unsigned i = 0; i < d->speeches; i++) {
        if (span_is(field, d->speech[i].field)) {
            *out = d->speech[i].role;
            return true;
        }
    }
    return false;
}

/* ---- what was said ---- */

struct heard {
    const struct px_decline *row; /* the provider's own reason; NULL: none that we know */
    bool unlisted;                /* a word that is not in the table */
    struct span raw;
    enum rt_code advice, issuer;
    struct span mac, iso; /* two characters, or none */
    bool mastercard;
};

/* The first two characters, if they stand alone: "51 : Insufficient funds", "03". */
static struct span two(struct span text)
{
    for (size_t i = 0; i < text.n && i < 3; i++) {
        char c = text.p[i];
        bool word = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');

        if (word != (i < 2))
            return SPAN_NONE;
    }
    return text.n < 2 ? SPAN_NONE : span_take(text, 2);
}

static void hear_code(struct heard *h, const struct px_declines *d, const struct px_said *s,
                      enum px_role role)
{
    const struct px_decline *row = px_decline_find(d, span_str(s->field), s->value);

    if (h->raw.n == 0)
        h->raw = s->value;
    else if (role == PX_SAYS_RESULT)
        return; /* there is a code; whether we know it or not */
    if (h->row != NULL)
        return;
    if (row != NULL)
        h->row = row;
    if (row == NULL || !px_decline_exact(row))
        h->unlisted = true;
}

static void hear(struct heard *h, const struct px_declines *d, const struct px_said *s,
                 enum px_role role)
{
    const struct px_decline *row;

    switch (role) {
    case PX_SAYS_CODE:
    case PX_SAYS_CLASS:
    case PX_SAYS_RESULT: hear_code(h, d, s, role); return;
    case PX_SAYS_ADVICE:
        row = px_decline_find(d, span_str(s->field), s->value);
        h->advice = row == NULL ? RT_CODE_NONE : row->code;
        return;
    case PX_SAYS_MAC: h->mac = two(s->value); return;
    case PX_SAYS_ISSUER:
        h->iso = two(s->value);
        h->issuer = rt_code_of_iso8583(h->iso);
        return;
    case PX_SAYS_BRAND:
        h->mastercard = span_is_nocase(s->value, "mastercard") || span_is_nocase(s->value, "mc");
        return;
    }
}

/* In the order of the provider's speech, whatever the order of the answer. */
static struct heard hear_all(const struct px_declines *d, const struct px_said *said, unsigned n)
{
    struct heard h = { 0 };

    for (unsigned k = 0; k < d->speeches; k++) {
        for (unsigned i = 0; i < n; i++) {
            if (said[i].value.n > 0 && strcmp(said[i].field, d->speech[k].field) == 0)
                hear(&h, d, &said[i], d->speech[k].role);
        }
    }
    return h;
}

/* ---- what it means ---- */

static bool one_of(struct span two_chars, const char *const *list)
{
    for (; *list != NULL; list++) {
        if (span_is(two_chars, *list))
            return true;
    }
    return false;
}

static bool generic(enum rt_code c)
{
    return c == RT_CODE_NONE || c == RT_CODE_GENERIC_DECLINE || c == RT_CODE_DO_NOT_HONOR;
}

/* Visa's category 1, "issuer will never approve": every repeat is billed (public retry rules of
 * Visa as acquirers print them, read 2026-10). Other schemes mean the same by these codes. */
static bool never(struct span iso)
{
    static const char *const codes[] = { "04", "07", "12", "15", "41", "43",
                                         "46", "57", "R0", "R1", "R3", NULL };

    return one_of(iso, codes);
}

/* Step 1: the scheme or the provider says stop. Mastercard merchant advice codes: 01 new account
 * data, 03 do not try again, 21 the payer stopped it. */
static enum rt_code stop_signal(const struct heard *h, enum rt_code own)
{
    if (span_is(h->mac, "03") || h->advice == RT_CODE_DO_NOT_RETRY)
        return RT_CODE_DO_NOT_RETRY;
    if (span_is(h->mac, "21"))
        return RT_CODE_RECURRING_REVOKED;
    if (span_is(h->mac, "01"))
        return RT_CODE_ACCOUNT_UPDATED;
    if (never(h->iso))
        return rt_code_category(own) == RT_HARD ? own : h->issuer;
    return RT_CODE_NONE;
}

/* Step 2: the issuer wants the payer authenticated. 65 is Visa's count limit, but Mastercard's
 * issuers say it for this; a provider that reads it either way leaves it open. */
static bool wants_authentication(const struct heard *h, enum rt_code own)
{
    if (own == RT_CODE_AUTHENTICATION_REQUIRED || span_is(h->iso, "1A"))
        return true;
    return span_is(h->iso, "65") && h->mastercard &&
           (generic(own) || own == RT_CODE_VELOCITY_EXCEEDED);
}

static enum rt_code choose(const struct heard *h, enum rt_code own)
{
    enum rt_code stop = stop_signal(h, own);

    if (stop != RT_CODE_NONE)
        return stop;
    if (wants_authentication(h, own))
        return RT_CODE_AUTHENTICATION_REQUIRED;
    if (generic(own) && h->issuer != RT_CODE_NONE && h->issuer != RT_CODE_GENERIC_DECLINE)
        return h->issuer; /* never softens: a generic reason is soft already */
    return own;
}

/* The issuer named a time to wait, or said no to this kind of thing. It will say the same to the
 * next provider. */
static void heed_advice(struct rt_judgement *j, struct span mac)
{
    static const char *const wait[] = { "02", "24", "25", "26", "27", "28", "29", "30", NULL };
    static const char *const no[] = { "05", "08", "22", "42", "99", NULL };

    if (one_of(mac, wait) || one_of(mac, no) || span_is(mac, "04"))
        j->retry_other = false;
    if (one_of(mac, no))
        j->retry_later = false;
}

/* What the advice comes to: routing/reattempt.h. */
static enum rt_advice advice_of(enum rt_code c)
{
    if (c == RT_CODE_NONE)
        return RT_ADVICE_NONE;
    if (c == RT_CODE_DO_NOT_RETRY)
        return RT_ADVICE_NEVER;
    return rt_code_retry_later(c) ? RT_ADVICE_LATER : RT_ADVICE_CORRECT;
}

static void put(char *dst, size_t cap, struct span text)
{
    if (span_copyz(span_take(text, cap - 1), dst, cap) != OK)
        dst[0] = '\0';
}

bool px_decline_judge(const struct px_declines *d, const struct px_said *said, unsigned n,
                      struct rt_judgement *j)
{
    struct heard h = hear_all(d, said, n);
    bool advised = h.row == NULL && h.raw.n == 0 && h.advice != RT_CODE_NONE;
    enum rt_code own = h.row != NULL ? h.row->code : advised ? h.advice : RT_CODE_GENERIC_DECLINE;
    enum rt_code code = choose(&h, own);
    bool nothing = h.row == NULL && !advised && code == RT_CODE_GENERIC_DECLINE;

    rt_judge_code(j, code);
    if (h.row != NULL && code == h.row->code && h.row->other != PX_AS_CODE)
        j->retry_other = h.row->other == PX_YES_;
    if (h.row != NULL && code == h.row->code && h.row->later != PX_AS_CODE)
        j->retry_later = h.row->later == PX_YES_;
    /* A word we do not know could mean anything: nobody else is asked on the strength of it. */
    if (nothing || (h.unlisted && generic(own)))
        j->retry_other = false;
    j->alarm = j->alarm || h.unlisted || nothing;
    heed_advice(j, h.mac);
    j->advice = advice_of(h.advice);
    put(j->raw_code, sizeof j->raw_code, h.raw);
    put(j->mac, sizeof j->mac, h.mac);
    put(j->iso8583, sizeof j->iso8583, h.iso);
    return h.row != NULL && !h.unlisted;
}

/* ---- providers ---- */

#define COUNT(a) (sizeof(a) / sizeof *(a))

static const struct px_decline stripe_rows[] = {
#include "decline_stripe.inc"
};
static const struct px_speech stripe_speech[] = {
    { "decline_code", PX_SAYS_CODE },
    { "code", PX_SAYS_CODE },
    { "type", PX_SAYS_CLASS },
    { "advice_code", PX_SAYS_ADVICE },
    { "network_advice_code", PX_SAYS_MAC },
    { "network_decline_code", PX_SAYS_ISSUER },
    { "brand", PX_SAYS_BRAND },
};
const struct px_declines px_declines_stripe = { stripe_rows, COUNT(stripe_rows), stripe_speech,
                                                COUNT(stripe_speech) };

static const struct px_decline adyen_rows[] = {
#include "decline_adyen.inc"
};
static const struct px_speech adyen_speech[] = {
    { "refusalReasonCode", PX_SAYS_CODE },  { "errorCode", PX_SAYS_CODE },
    { "errorType", PX_SAYS_CLASS },         { "resultCode", PX_SAYS_RESULT },
    { "refusalReason", PX_SAYS_RESULT },    { "merchantAdviceCode", PX_SAYS_MAC },
    { "refusalReasonRaw", PX_SAYS_ISSUER }, { "brand", PX_SAYS_BRAND },
};
const struct px_declines px_declines_adyen = { adyen_rows, COUNT(adyen_rows), adyen_speech,
                                               COUNT(adyen_speech) };

static const struct px_decline checkoutcom_rows[] = {
#include "decline_checkoutcom.inc"
};
static const struct px_speech checkoutcom_speech[] = {
    { "response_code", PX_SAYS_CODE },
    { "error_code", PX_SAYS_CODE },
    { "error_type", PX_SAYS_CLASS },
    { "recommendation_code", PX_SAYS_ADVICE },
    { "partner_merchant_advice_code", PX_SAYS_MAC },
    { "scheme", PX_SAYS_BRAND },
};
const struct px_declines px_declines_checkoutcom = { checkoutcom_rows, COUNT(checkoutcom_rows),
                                                     checkoutcom_speech,
                                                     COUNT(checkoutcom_speech) };
