/* loadtest/pspsim/checkoutcom_shapes.c -- which members Checkout.com's payments API knows.
 *
 * Names after the request classes of the official SDKs. The real service ignores members it does
 * not know; here they are refused (error code unknown_member), because they are mistakes. */
#include "loadtest/pspsim/checkoutcom.h"

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

static const struct lt_shape address[] = {
    TEXT("address_line1"), TEXT("address_line2"), TEXT("city"), TEXT("state"),
    TEXT("zip"),           TEXT("country"),       END
};
static const struct lt_shape phone[] = { TEXT("country_code"), TEXT("number"), END };
static const struct lt_shape source[] = {
    NEED("type", LT_T_TEXT),
    TEXT("number"),
    INT("expiry_month"),
    INT("expiry_year"),
    TEXT("cvv"),
    TEXT("name"),
    BOOL("stored"),
    BOOL("store_for_future_use"),
    OBJ("billing_address", address),
    OBJ("phone", phone),
    TEXT("id"),
    TEXT("token"),
    TEXT("token_type"),
    TEXT("cryptogram"),
    TEXT("eci"),
    ANY("account_holder"),
    BOOL("allow_update"),
    TEXT("payment_method"),
    END,
};
static const struct lt_shape customer[] = {
    TEXT("id"),          TEXT("email"),   TEXT("name"), TEXT("tax_number"),
    OBJ("phone", phone), BOOL("default"), END
};
static const struct lt_shape three_ds[] = {
    BOOL("enabled"),
    BOOL("attempt_n3d"),
    TEXT("eci"),
    TEXT("cryptogram"),
    TEXT("xid"),
    TEXT("version"),
    TEXT("exemption"),
    TEXT("challenge_indicator"),
    BOOL("allow_upgrade"),
    TEXT("status"),
    TEXT("authentication_date"),
    INT("authentication_amount"),
    TEXT("flow_type"),
    TEXT("status_reason_code"),
    TEXT("challenge_cancel_reason"),
    TEXT("score"),
    TEXT("cryptogram_algorithm"),
    TEXT("authentication_id"),
    END,
};
static const struct lt_shape risk[] = { BOOL("enabled"), TEXT("device_session_id"), ANY("device"),
                                        END };
static const struct lt_shape descriptor[] = { TEXT("name"), TEXT("city"), TEXT("reference"), END };
static const struct lt_shape shipping[] = {
    OBJ("address", address), OBJ("phone", phone),      ANY("delay"), ANY("method"),
    ANY("timeframe"),        TEXT("from_address_zip"), END
};

const struct lt_shape sim_checkoutcom_payment_shape[] = {
    NEED_OBJ("source", source),
    NEED("currency", LT_T_TEXT),
    INT("amount"),
    TEXT("payment_type"),
    TEXT("reference"),
    TEXT("description"),
    BOOL("capture"),
    TEXT("capture_on"),
    TEXT("processing_channel_id"),
    OBJ("customer", customer),
    OBJ("3ds", three_ds),
    ANY("metadata"),
    BOOL("merchant_initiated"),
    TEXT("previous_payment_id"),
    TEXT("success_url"),
    TEXT("failure_url"),
    TEXT("payment_ip"),
    OBJ("risk", risk),
    OBJ("billing_descriptor", descriptor),
    OBJ("shipping", shipping),
    TEXT("authorization_type"),
    BOOL("partial_authorization"),
    ANY("recipient"),
    ANY("processing"),
    ANY("items"),
    ANY("sender"),
    ANY("marketplace"),
    ANY("amount_allocations"),
    TEXT("payment_context_id"),
    ANY("payment_plan"),
    ANY("retry"),
    ANY("segment"),
    ANY("instruction"),
    ANY("subscription"),
    TEXT("expires_on"),
    END,
};
const struct lt_shape sim_checkoutcom_capture_shape[] = {
    INT("amount"),
    TEXT("capture_type"),
    TEXT("reference"),
    ANY("customer"),
    TEXT("description"),
    OBJ("billing_descriptor", descriptor),
    OBJ("shipping", shipping),
    ANY("items"),
    ANY("marketplace"),
    ANY("amount_allocations"),
    ANY("processing"),
    ANY("metadata"),
    END,
};
const struct lt_shape sim_checkoutcom_void_shape[] = { INT("amount"), TEXT("reference"),
                                                       ANY("metadata"), END };
const struct lt_shape sim_checkoutcom_refund_shape[] = {
    INT("amount"),
    TEXT("reference"),
    ANY("metadata"),
    ANY("amount_allocations"),
    TEXT("capture_action_id"),
    ANY("destination"),
    ANY("items"),
    OBJ("billing_descriptor", descriptor),
    END,
};
const struct lt_shape sim_checkoutcom_search_shape[] = { NEED("query", LT_T_TEXT), INT("limit"),
                                                         TEXT("from"), TEXT("to"), END };
const struct lt_shape sim_checkoutcom_list_shape[] = { NEED("reference", LT_T_TEXT), INT("limit"),
                                                       INT("skip"), END };
const struct lt_shape sim_checkoutcom_no_shape[] = { END };
