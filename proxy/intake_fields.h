/* proxy/intake_fields.h -- what the parts of intake share. Private to proxy/intake*.c. */
#ifndef PX_INTAKE_FIELDS_H
#define PX_INTAKE_FIELDS_H
#include "proxy/body.h"
#include "proxy/intake.h"

/* The fields' numbers are their order in the fingerprint: add at the end, never change one, or a
 * retry that meets a newer version would look like another request. */
enum px_intake_id {
    ID_AMOUNT,
    ID_CURRENCY,
    ID_CAPTURE,
    ID_METHOD,
    ID_METHOD_TYPE,
    ID_CARD,
    ID_CARD_NUMBER,
    ID_CARD_MONTH,
    ID_CARD_YEAR,
    ID_CARD_CVC,
    ID_CARD_NAME,
    ID_TOKEN,
    ID_TOKEN_NUMBER,
    ID_TOKEN_MONTH,
    ID_TOKEN_YEAR,
    ID_TOKEN_CRYPTOGRAM,
    ID_TOKEN_ECI,
    ID_PROVIDER_TOKEN,
    ID_BIN,
    ID_BRAND,
    ID_LAST4,
    ID_ORDER,
    ID_CUSTOMER,
    ID_CUSTOMER_ID,
    ID_CUSTOMER_EMAIL,
    ID_CUSTOMER_IP,
    ID_BILLING,
    ID_BILLING_COUNTRY,
    ID_BILLING_STREET,
    ID_BILLING_POSTAL_CODE,
    ID_BILLING_CITY,
    ID_DESCRIPTION,
    ID_STATEMENT,
    ID_RETURN_URL,
    ID_METADATA,
    ID_INITIATOR,
    ID_CHANNEL,
    ID_STORED,
    ID_NETWORK_TXN_ID,
    IDS_
};

struct px_intake {
    const struct px_asked *q;
    struct px_wish *out;
};

static inline struct px_intake *px_intake_of(struct px_body *b)
{
    return b->ctx;
}

extern const struct px_object px_intake_payment; /* POST /v1/payments */
extern const struct px_object px_intake_moving;  /* .../capture, .../refunds */
extern const struct px_object px_intake_void;    /* .../void */

/* What a field's value must be, and where it goes (intake_take.c): see px_field.take. */
typedef bool px_taker(struct px_body *b, const struct px_field *f, const struct px_value *v);
px_taker px_take_text, px_take_token, px_take_amount, px_take_currency, px_take_capture,
    px_take_initiator, px_take_channel, px_take_stored, px_take_type, px_take_brand, px_take_number,
    px_take_month, px_take_year, px_take_cvc, px_take_cryptogram, px_take_eci,
    px_take_provider_token, px_take_bin, px_take_last4, px_take_email, px_take_ip, px_take_country,
    px_take_statement, px_take_url, px_take_metadata;

/* What only the whole body can show; false with *b->why. */
bool px_intake_check_payment(struct px_body *b);
#endif
