/* loadtest/pspsim/stripe_shapes.c -- which parameters Stripe's endpoints know.
 *
 * Names after the public OpenAPI description (stripe/openapi); the network_token members are gated
 * there and follow what integrations are seen to send. */
#include "loadtest/pspsim/stripe.h"

#define TEXT(n)                                                                                    \
    {                                                                                              \
        n, LT_T_TEXT, false, NULL                                                                  \
    }
#define INT(n)                                                                                     \
    {                                                                                              \
        n, LT_T_INT, false, NULL                                                                   \
    }
#define BOOL(n)                                                                                    \
    {                                                                                              \
        n, LT_T_BOOL, false, NULL                                                                  \
    }
#define TEXTS(n)                                                                                   \
    {                                                                                              \
        n, LT_T_TEXTS, false, NULL                                                                 \
    }
#define PAIRS(n)                                                                                   \
    {                                                                                              \
        n, LT_T_PAIRS, false, NULL                                                                 \
    }
#define ANY(n)                                                                                     \
    {                                                                                              \
        n, LT_T_ANY, false, NULL                                                                   \
    }
#define OBJ(n, s)                                                                                  \
    {                                                                                              \
        n, LT_T_OBJ, false, s                                                                      \
    }
#define NEED(n, t)                                                                                 \
    {                                                                                              \
        n, t, true, NULL                                                                           \
    }
#define NEED_OBJ(n, s)                                                                             \
    {                                                                                              \
        n, LT_T_OBJ, true, s                                                                       \
    }
#define END                                                                                        \
    {                                                                                              \
        NULL, LT_T_ANY, false, NULL                                                                \
    }

static const struct lt_shape token_shape[] = { NEED("number", LT_T_TEXT),
                                               NEED("exp_month", LT_T_INT),
                                               NEED("exp_year", LT_T_INT), END };
static const struct lt_shape preferred[] = { TEXT("preferred"), END };
static const struct lt_shape card_shape[] = {
    TEXT("number"),
    INT("exp_month"),
    INT("exp_year"),
    TEXT("cvc"),
    OBJ("networks", preferred),
    OBJ("network_token", token_shape),
    TEXT("token"),
    END,
};
static const struct lt_shape address[] = {
    TEXT("city"), TEXT("country"), TEXT("line1"), TEXT("line2"), TEXT("postal_code"), TEXT("state"),
    END
};
static const struct lt_shape billing[] = { OBJ("address", address), TEXT("email"),  TEXT("name"),
                                           TEXT("phone"),           TEXT("tax_id"), END };

const struct lt_shape sim_stripe_method_shape[] = {
    NEED("type", LT_T_TEXT),
    OBJ("card", card_shape),
    OBJ("billing_details", billing),
    PAIRS("metadata"),
    TEXT("allow_redisplay"),
    TEXT("customer"),
    TEXT("payment_method"),
    ANY("radar_options"),
    TEXTS("expand"),
    END,
};

static const struct lt_shape three_d_secure[] = {
    TEXT("ares_trans_status"),   TEXT("cryptogram"),     TEXT("electronic_commerce_indicator"),
    TEXT("exemption_indicator"), ANY("network_options"), INT("requestor_challenge_indicator"),
    TEXT("transaction_id"),      TEXT("version"),        END,
};
static const struct lt_shape option_token[] = { TEXT("cryptogram"),
                                                TEXT("electronic_commerce_indicator"), END };
static const struct lt_shape mit_exemption[] = { TEXT("network_transaction_id"),
                                                 BOOL("claim_without_transaction_id"), END };
static const struct lt_shape option_card[] = {
    TEXT("capture_method"),
    TEXT("cvc_token"),
    ANY("installments"),
    ANY("mandate_options"),
    BOOL("moto"),
    TEXT("network"),
    OBJ("network_token", option_token),
    OBJ("mit_exemption", mit_exemption),
    TEXT("request_extended_authorization"),
    TEXT("request_incremental_authorization"),
    TEXT("request_multicapture"),
    TEXT("request_overcapture"),
    TEXT("request_three_d_secure"),
    BOOL("require_cvc_recollection"),
    TEXT("setup_future_usage"),
    TEXT("statement_descriptor_suffix_kana"),
    TEXT("statement_descriptor_suffix_kanji"),
    OBJ("three_d_secure", three_d_secure),
    END,
};
static const struct lt_shape options[] = { OBJ("card", option_card), END };
static const struct lt_shape shipping[] = { NEED_OBJ("address", address), TEXT("carrier"),
                                            NEED("name", LT_T_TEXT),      TEXT("phone"),
                                            TEXT("tracking_number"),      END };
static const struct lt_shape automatic[] = { NEED("enabled", LT_T_BOOL), TEXT("allow_redirects"),
                                             END };

const struct lt_shape sim_stripe_intent_shape[] = {
    NEED("amount", LT_T_INT),
    NEED("currency", LT_T_TEXT),
    TEXT("capture_method"),
    BOOL("confirm"),
    TEXT("confirmation_method"),
    TEXT("payment_method"),
    TEXTS("payment_method_types"),
    OBJ("payment_method_data", sim_stripe_method_shape),
    OBJ("payment_method_options", options),
    OBJ("automatic_payment_methods", automatic),
    PAIRS("metadata"),
    TEXT("return_url"),
    TEXT("off_session"),
    BOOL("error_on_requires_action"),
    TEXT("setup_future_usage"),
    TEXT("description"),
    TEXT("statement_descriptor"),
    TEXT("statement_descriptor_suffix"),
    TEXT("receipt_email"),
    TEXT("customer"),
    OBJ("shipping", shipping),
    BOOL("use_stripe_sdk"),
    TEXT("mandate"),
    ANY("mandate_data"),
    TEXT("on_behalf_of"),
    INT("application_fee_amount"),
    ANY("transfer_data"),
    TEXT("transfer_group"),
    ANY("radar_options"),
    ANY("amount_details"),
    ANY("payment_details"),
    TEXT("payment_method_configuration"),
    TEXT("confirmation_token"),
    TEXTS("excluded_payment_method_types"),
    ANY("hooks"),
    TEXTS("expand"),
    END,
};
const struct lt_shape sim_stripe_capture_shape[] = {
    INT("amount_to_capture"),
    INT("application_fee_amount"),
    BOOL("final_capture"),
    PAIRS("metadata"),
    TEXT("statement_descriptor"),
    TEXT("statement_descriptor_suffix"),
    ANY("transfer_data"),
    ANY("amount_details"),
    ANY("payment_details"),
    ANY("hooks"),
    TEXTS("expand"),
    END,
};
const struct lt_shape sim_stripe_cancel_shape[] = { TEXT("cancellation_reason"), TEXTS("expand"),
                                                    END };
const struct lt_shape sim_stripe_refund_shape[] = {
    TEXT("payment_intent"),
    TEXT("charge"),
    INT("amount"),
    TEXT("reason"),
    PAIRS("metadata"),
    BOOL("refund_application_fee"),
    BOOL("reverse_transfer"),
    TEXT("instructions_email"),
    TEXT("origin"),
    TEXT("customer"),
    TEXT("currency"),
    TEXTS("expand"),
    END,
};
static const struct lt_shape created[] = { INT("gt"), INT("gte"), INT("lt"), INT("lte"), END };
const struct lt_shape sim_stripe_list_shape[] = {
    OBJ("created", created),
    TEXT("customer"),
    TEXT("ending_before"),
    INT("limit"),
    TEXT("starting_after"),
    TEXTS("expand"),
    END,
};
const struct lt_shape sim_stripe_refunds_shape[] = {
    TEXT("payment_intent"), TEXT("charge"),         OBJ("created", created), TEXT("ending_before"),
    INT("limit"),           TEXT("starting_after"), TEXTS("expand"),         END,
};
const struct lt_shape sim_stripe_search_shape[] = { NEED("query", LT_T_TEXT), INT("limit"),
                                                    TEXT("page"), TEXTS("expand"), END };
const struct lt_shape sim_stripe_no_shape[] = { TEXTS("expand"), TEXT("client_secret"), END };
