/* proxy/bins_words.c */
#include "proxy/bins_words.h"

#include "proxy/csv.h"

struct word {
    const char *word; /* letters and digits only */
    unsigned value;
};

/* Words as found in public lists (binlist, iinlist and their descendants) and scheme documents. */
static const struct word brands[] = {
    { "visa", RT_VISA },
    { "visaelectron", RT_VISA },
    { "visadebit", RT_VISA },
    { "visacredit", RT_VISA },
    { "electron", RT_VISA },
    { "vpay", RT_VISA },
    { "mastercard", RT_MASTERCARD },
    { "master", RT_MASTERCARD },
    { "mc", RT_MASTERCARD },
    { "debitmastercard", RT_MASTERCARD },
    { "mastercarddebit", RT_MASTERCARD },
    { "amex", RT_AMEX },
    { "americanexpress", RT_AMEX },
    { "discover", RT_DISCOVER },
    { "diners", RT_DINERS },
    { "dinersclub", RT_DINERS },
    { "dinersclubinternational", RT_DINERS },
    { "jcb", RT_JCB },
    { "unionpay", RT_UNIONPAY },
    { "chinaunionpay", RT_UNIONPAY },
    { "cup", RT_UNIONPAY },
    { "maestro", RT_MAESTRO },
    { "unknown", RT_BRAND_UNKNOWN },
    { NULL, 0 },
};

static const struct word fundings[] = {
    { "credit", RT_CREDIT },
    { "c", RT_CREDIT },
    { "debit", RT_DEBIT },
    { "d", RT_DEBIT },
    { "deferreddebit", RT_CHARGE },
    { "prepaid", RT_PREPAID },
    { "p", RT_PREPAID },
    { "giftcard", RT_PREPAID },
    { "charge", RT_CHARGE },
    { "chargecard", RT_CHARGE },
    { "unknown", RT_FUNDING_UNKNOWN },
    { NULL, 0 },
};

static const struct word grades[] = {
    { "consumer", RT_CONSUMER },
    { "personal", RT_CONSUMER },
    { "standard", RT_CONSUMER },
    { "classic", RT_CONSUMER },
    { "traditional", RT_CONSUMER },
    { "basic", RT_CONSUMER },
    { "electron", RT_CONSUMER },
    { "standardprepaid", RT_CONSUMER },
    { "prepaid", RT_CONSUMER },
    { "prepaidreloadable", RT_CONSUMER },
    { "green", RT_CONSUMER },
    { "premium", RT_PREMIUM },
    { "gold", RT_PREMIUM },
    { "goldpremium", RT_PREMIUM },
    { "platinum", RT_PREMIUM },
    { "platinium", RT_PREMIUM },
    { "premier", RT_PREMIUM },
    { "titanium", RT_PREMIUM },
    { "rewards", RT_PREMIUM },
    { "signature", RT_PREMIUM },
    { "infinite", RT_PREMIUM },
    { "black", RT_PREMIUM },
    { "centurion", RT_PREMIUM },
    { "world", RT_PREMIUM },
    { "worldelite", RT_PREMIUM },
    { "business", RT_BUSINESS },
    { "smallbusiness", RT_BUSINESS },
    { "smallcorporate", RT_BUSINESS },
    { "businesscredit", RT_BUSINESS },
    { "businessdebit", RT_BUSINESS },
    { "businessgold", RT_BUSINESS },
    { "businessplatinum", RT_BUSINESS },
    { "executivebusiness", RT_BUSINESS },
    { "worldbusiness", RT_BUSINESS },
    { "corporate", RT_CORPORATE },
    { "commercial", RT_CORPORATE },
    { "corporatet", RT_CORPORATE },
    { "corporatetande", RT_CORPORATE },
    { "corporatete", RT_CORPORATE },
    { "purchasing", RT_PURCHASING },
    { "corporatepurchasing", RT_PURCHASING },
    { "fleet", RT_PURCHASING },
    { "corporatefleet", RT_PURCHASING },
    { "government", RT_GOVERNMENT },
    { "governmentservices", RT_GOVERNMENT },
    { "unknown", RT_GRADE_UNKNOWN },
    { NULL, 0 },
};

static unsigned find(const struct word *words, struct span word, bool *known)
{
    *known = true;
    if (word.n == 0)
        return 0;
    for (unsigned i = 0; words[i].word != NULL; i++) {
        if (px_csv_names(word, words[i].word))
            return words[i].value;
    }
    *known = false;
    return 0;
}

enum rt_brand px_bins_brand(struct span word, bool *known)
{
    return (enum rt_brand)find(brands, word, known);
}

enum rt_funding px_bins_funding(struct span word, bool *known)
{
    return (enum rt_funding)find(fundings, word, known);
}

enum rt_grade px_bins_grade(struct span word, bool *known)
{
    return (enum rt_grade)find(grades, word, known);
}
