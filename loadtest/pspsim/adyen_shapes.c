/* loadtest/pspsim/adyen_shapes.c -- which members Adyen's Checkout API v72 knows.
 *
 * Names and types after the published OpenAPI description (Adyen/adyen-openapi, CheckoutService
 * v72); cards only. It answers 400 for members it does not know. */
#include "loadtest/pspsim/adyen.h"

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

static const struct lt_shape amount[] = { NEED("currency", LT_T_TEXT), NEED("value", LT_T_INT),
                                          END };
static const struct lt_shape address[] = {
    NEED("city", LT_T_TEXT),
    NEED("country", LT_T_TEXT),
    NEED("houseNumberOrName", LT_T_TEXT),
    NEED("postalCode", LT_T_TEXT),
    TEXT("stateOrProvince"),
    NEED("street", LT_T_TEXT),
    END,
};
static const struct lt_shape delivery[] = {
    NEED("city", LT_T_TEXT),
    NEED("country", LT_T_TEXT),
    TEXT("firstName"),
    NEED("houseNumberOrName", LT_T_TEXT),
    TEXT("lastName"),
    NEED("postalCode", LT_T_TEXT),
    TEXT("stateOrProvince"),
    NEED("street", LT_T_TEXT),
    END,
};
static const struct lt_shape browser[] = {
    NEED("acceptHeader", LT_T_TEXT), NEED("colorDepth", LT_T_INT),
    NEED("javaEnabled", LT_T_BOOL),  BOOL("javaScriptEnabled"),
    NEED("language", LT_T_TEXT),     NEED("screenHeight", LT_T_INT),
    NEED("screenWidth", LT_T_INT),   NEED("timeZoneOffset", LT_T_INT),
    NEED("userAgent", LT_T_TEXT),    END,
};
static const struct lt_shape name[] = { NEED("firstName", LT_T_TEXT), NEED("lastName", LT_T_TEXT),
                                        END };
static const struct lt_shape authentication[] = { TEXT("attemptAuthentication"),
                                                  BOOL("authenticationOnly"),
                                                  ANY("threeDSRequestData"), END };
static const struct lt_shape method[] = {
    TEXT("brand"),
    TEXT("checkoutAttemptId"),
    TEXT("cvc"),
    TEXT("encryptedCard"),
    TEXT("encryptedCardNumber"),
    TEXT("encryptedExpiryMonth"),
    TEXT("encryptedExpiryYear"),
    TEXT("encryptedPassword"),
    TEXT("encryptedSecurityCode"),
    TEXT("expiryMonth"),
    TEXT("expiryYear"),
    TEXT("fastlaneData"),
    TEXT("fundingSource"),
    TEXT("holderName"),
    TEXT("networkPaymentReference"),
    TEXT("number"),
    TEXT("recurringDetailReference"),
    TEXT("sdkData"),
    TEXT("shopperNotificationReference"),
    TEXT("srcCorrelationId"),
    TEXT("srcDigitalCardId"),
    TEXT("srcScheme"),
    TEXT("srcTokenReference"),
    TEXT("storedPaymentMethodId"),
    TEXT("threeDS2SdkVersion"),
    NEED("type", LT_T_TEXT),
    END,
};
static const struct lt_shape mpi[] = {
    TEXT("authenticationResponse"),
    TEXT("cavv"),
    TEXT("cavvAlgorithm"),
    TEXT("challengeCancel"),
    TEXT("directoryResponse"),
    TEXT("dsTransID"),
    TEXT("eci"),
    TEXT("riskScore"),
    TEXT("threeDSVersion"),
    TEXT("tokenAuthenticationVerificationValue"),
    TEXT("transStatusReason"),
    TEXT("xid"),
    END,
};

const struct lt_shape sim_adyen_payment_shape[] = {
    NEED_OBJ("amount", amount),
    NEED("merchantAccount", LT_T_TEXT),
    NEED_OBJ("paymentMethod", method),
    NEED("reference", LT_T_TEXT),
    NEED("returnUrl", LT_T_TEXT),
    ANY("accountInfo"),
    OBJ("additionalAmount", amount),
    PAIRS("additionalData"),
    ANY("applicationInfo"),
    OBJ("authenticationData", authentication),
    OBJ("billingAddress", address),
    OBJ("browserInfo", browser),
    INT("captureDelayHours"),
    TEXT("channel"),
    TEXT("checkoutAttemptId"),
    ANY("company"),
    TEXT("countryCode"),
    TEXT("dateOfBirth"),
    ANY("dccQuote"),
    TEXT("deliverAt"),
    OBJ("deliveryAddress", delivery),
    TEXT("deviceFingerprint"),
    BOOL("enableOneClick"),
    BOOL("enablePayOut"),
    BOOL("enableRecurring"),
    ANY("enhancedSchemeData"),
    TEXT("entityType"),
    INT("fraudOffset"),
    ANY("fundOrigin"),
    ANY("fundRecipient"),
    TEXT("industryUsage"),
    ANY("installments"),
    ANY("lineItems"),
    PAIRS("localizedShopperStatement"),
    ANY("mandate"),
    TEXT("mcc"),
    TEXT("merchantOrderReference"),
    ANY("merchantRiskIndicator"),
    PAIRS("metadata"),
    OBJ("mpiData", mpi),
    ANY("order"),
    TEXT("orderReference"),
    TEXT("origin"),
    ANY("paymentValidations"),
    ANY("platformChargebackLogic"),
    TEXT("recurringExpiry"),
    TEXT("recurringFrequency"),
    TEXT("recurringProcessingModel"),
    TEXT("redirectFromIssuerMethod"),
    TEXT("redirectToIssuerMethod"),
    ANY("riskData"),
    TEXT("sdkVersion"),
    TEXT("sessionValidity"),
    TEXT("shopperConversionId"),
    TEXT("shopperEmail"),
    TEXT("shopperIP"),
    TEXT("shopperInteraction"),
    TEXT("shopperLocale"),
    OBJ("shopperName", name),
    TEXT("shopperReference"),
    TEXT("shopperStatement"),
    ANY("shopperTaxInfo"),
    TEXT("socialSecurityNumber"),
    ANY("splits"),
    TEXT("store"),
    BOOL("storePaymentMethod"),
    ANY("subMerchants"),
    ANY("surcharge"),
    TEXT("telephoneNumber"),
    ANY("threeDS2RequestData"),
    BOOL("threeDSAuthenticationOnly"),
    BOOL("trustedShopper"),
    END,
};
const struct lt_shape sim_adyen_capture_shape[] = {
    NEED_OBJ("amount", amount),
    NEED("merchantAccount", LT_T_TEXT),
    TEXT("reference"),
    ANY("applicationInfo"),
    ANY("enhancedSchemeData"),
    ANY("lineItems"),
    ANY("platformChargebackLogic"),
    ANY("splits"),
    ANY("subMerchants"),
    END,
};
const struct lt_shape sim_adyen_cancel_shape[] = { NEED("merchantAccount", LT_T_TEXT),
                                                   TEXT("reference"), ANY("applicationInfo"),
                                                   ANY("enhancedSchemeData"), END };
const struct lt_shape sim_adyen_cancel_ref_shape[] = {
    NEED("merchantAccount", LT_T_TEXT),
    NEED("paymentReference", LT_T_TEXT),
    TEXT("reference"),
    ANY("applicationInfo"),
    ANY("enhancedSchemeData"),
    END,
};
const struct lt_shape sim_adyen_refund_shape[] = {
    NEED_OBJ("amount", amount),
    NEED("merchantAccount", LT_T_TEXT),
    TEXT("reference"),
    TEXT("merchantRefundReason"),
    TEXT("capturePspReference"),
    TEXT("store"),
    ANY("applicationInfo"),
    ANY("enhancedSchemeData"),
    ANY("lineItems"),
    ANY("splits"),
    END,
};
const struct lt_shape sim_adyen_reversal_shape[] = { NEED("merchantAccount", LT_T_TEXT),
                                                     TEXT("reference"), ANY("applicationInfo"),
                                                     ANY("enhancedSchemeData"), END };
