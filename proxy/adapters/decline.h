/* proxy/adapters/decline.h -- from a provider's raw words to one reason of ours.
 *
 * docs/adapters.md, "How a reason is chosen": the scheme's stop signals, then the wish for
 * authentication, then the provider's own code, then the issuer's where the provider's is generic.
 * Free text is for people only. The tables are data/X.csv, turned into C by data/declines.py. */
#ifndef PX_DECLINE_H
#define PX_DECLINE_H
#include <stdbool.h>
#include <stdint.h>

#include "routing/base/span.h"
#include "routing/outcome.h"

enum px_flag { PX_AS_CODE, PX_YES_, PX_NO_ };

/* One line of data/X.csv; sorted by field, then value, as bytes. */
struct px_decline {
    const char *field, *value; /* a value ending in '*' is that prefix, for want of the number */
    enum rt_code code;
    enum px_flag other, later; /* where the taxonomy's answer is not the right one */
};

/* What a field of an answer can tell. */
enum px_role {
    PX_SAYS_CODE,   /* the provider's code; if it is not in the table the next field may know */
    PX_SAYS_CLASS,  /* the kind of error, for codes that are not in the table */
    PX_SAYS_RESULT, /* stands in where no code was given */
    PX_SAYS_ADVICE, /* the provider's advice; counts first if it says "never again" */
    PX_SAYS_MAC,    /* Mastercard merchant advice code, perhaps with words behind it */
    PX_SAYS_ISSUER, /* ISO 8583 DE39, perhaps with words behind it */
    PX_SAYS_BRAND,  /* the card's brand */
};

/* A provider's fields, most telling first. */
struct px_speech {
    const char *field; /* the name in answers and in the table */
    enum px_role role;
};

struct px_declines {
    const struct px_decline *row;
    unsigned rows;
    const struct px_speech *speech;
    unsigned speeches;
};

/* One field that an answer held. */
struct px_said {
    const char *field;
    struct span value;
};

/* The line for one raw word, exact or by its group; NULL if there is none. */
const struct px_decline *px_decline_find(const struct px_declines *d, struct span field,
                                         struct span value);
/* Is the word itself in the table, not only its group? */
bool px_decline_exact(const struct px_decline *row);

/* Writes code, both retry answers, raw_code, mac, iso8583 and, for a word that is not in the table,
 * alarm. True if the reason comes from a word that is. */
bool px_decline_judge(const struct px_declines *d, const struct px_said *said, unsigned n,
                      struct rt_judgement *j);

/* What the word stands for in a speech; false if the provider has no such field. */
bool px_decline_role(const struct px_declines *d, struct span field, enum px_role *out);

extern const struct px_declines px_declines_stripe, px_declines_adyen, px_declines_checkoutcom;
#endif
