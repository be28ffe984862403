/* loadtest/pspsim/why.c -- the tables; published test numbers only, nobody's real card. */
#include "loadtest/pspsim/why.h"

#include <string.h>

#define PLAIN(name, end, decline, text, adyen, cko)                                                \
    {                                                                                              \
        name, end, SIM_DECLINES, "card_declined", decline, NULL, text, adyen, cko, NULL            \
    }
#define CODED(name, end, code, text, adyen, cko)                                                   \
    {                                                                                              \
        name, end, SIM_DECLINES, code, code, NULL, text, adyen, cko, NULL                          \
    }

const struct sim_why sim_whys[] = {
    { "approved", -1, SIM_APPROVES, NULL, NULL, NULL, NULL, 0, 10000, NULL },
    PLAIN("generic_decline", 1, "generic_decline", "Your card was declined.", 2, 20046),
    { "do_not_retry", 3, SIM_DECLINES, "card_declined", "do_not_honor", "do_not_try_again",
      "Your card was declined.", 2, 20005, "03" },
    PLAIN("pickup_card", 4, "pickup_card", "Your card was declined.", 5, 30004),
    PLAIN("do_not_honor", 5, "do_not_honor", "Your card was declined.", 27, 20005),
    CODED("incorrect_number", 14, "incorrect_number", "Your card number is incorrect.", 8, 20014),
    PLAIN("blocked_by_risk", 20, "fraudulent", "Your card was declined.", 20, 40101),
    { "action", 30, SIM_WANTS_ACTION, NULL, NULL, NULL, NULL, 0, 0, NULL },
    PLAIN("lost_card", 41, "lost_card", "Your card was declined.", 5, 30041),
    PLAIN("stolen_card", 43, "stolen_card", "Your card was declined.", 5, 30043),
    PLAIN("insufficient_funds", 51, "insufficient_funds", "Your card has insufficient funds.", 12,
          20051),
    CODED("expired_card", 54, "expired_card", "Your card has expired.", 6, 20054),
    PLAIN("suspected_fraud", 59, "fraudulent", "Your card was declined.", 31, 20059),
    PLAIN("limit_exceeded", 61, "withdrawal_count_limit_exceeded",
          "You have exceeded the balance or credit limit available on your card.", 28, 20061),
    CODED("authentication_required", 65, "authentication_required",
          "Your card was declined. This transaction requires authentication.", 38, 20154),
    PLAIN("velocity_exceeded", 75, "card_velocity_exceeded",
          "Your card was declined for making repeated attempts too frequently.", 29, 20065),
    CODED("incorrect_cvc", 82, "incorrect_cvc", "Your card's security code is incorrect.", 24,
          20082),
    { "issuer_unavailable", 91, SIM_DECLINES, "card_declined", "issuer_not_available",
      "try_again_later", "Your card was declined.", 9, 20091, NULL },
    CODED("processing_error", 96, "processing_error",
          "An error occurred while processing your card. Try again in a little bit.", 4, 20096),
    { "pending", 97, SIM_WAITS, NULL, NULL, NULL, NULL, 0, 0, NULL },
};

struct script {
    enum sim_who who;
    const char *number, *token, *why;
    bool refund_pends;
};

/* Sources: docs.stripe.com/testing, docs.adyen.com test cards; loadtest/README.md lists them. */
static const struct script scripts[] = {
    { SIM_WHOS, NULL, NULL, "approved", false },
    { SIM_STRIPE, "4000000000000002", "pm_card_visa_chargeDeclined", "generic_decline", false },
    { SIM_STRIPE, "4000000000009995", "pm_card_visa_chargeDeclinedInsufficientFunds",
      "insufficient_funds", false },
    { SIM_STRIPE, "4000000000009987", "pm_card_visa_chargeDeclinedLostCard", "lost_card", false },
    { SIM_STRIPE, "4000000000009979", "pm_card_visa_chargeDeclinedStolenCard", "stolen_card",
      false },
    { SIM_STRIPE, "4000000000000069", "pm_card_chargeDeclinedExpiredCard", "expired_card", false },
    { SIM_STRIPE, "4000000000000127", "pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc",
      false },
    { SIM_STRIPE, "4000000000000119", "pm_card_chargeDeclinedProcessingError", "processing_error",
      false },
    { SIM_STRIPE, "4000000000006975", "pm_card_visa_chargeDeclinedVelocityLimitExceeded",
      "velocity_exceeded", false },
    { SIM_STRIPE, "4000000000000341", "pm_card_chargeCustomerFail", "generic_decline", false },
    { SIM_STRIPE, "4100000000000019", "pm_card_radarBlock", "blocked_by_risk", false },
    { SIM_STRIPE, "4000000000004954", "pm_card_riskLevelHighest", "blocked_by_risk", false },
    { SIM_STRIPE, "4000002500003155", "pm_card_authenticationRequiredOnSetup", "action", false },
    { SIM_STRIPE, "4000002760003184", "pm_card_authenticationRequired", "action", false },
    { SIM_STRIPE, "4000000000003220", "pm_card_threeDSecure2Required", "action", false },
    { SIM_STRIPE, "4000008400001629", NULL, "action", false },
    { SIM_STRIPE, "4000008260003178", NULL, "action", false },
    { SIM_STRIPE, "4000000000007726", "pm_card_pendingRefund", "approved", true },
    { SIM_STRIPE, "4000000000005126", "pm_card_refundFail", "approved", false },
    { SIM_ADYEN, "6771798021000008", NULL, "action", false },
};
enum { WHYS = sizeof sim_whys / sizeof *sim_whys, SCRIPTS = sizeof scripts / sizeof *scripts };

struct code_text {
    int code;
    const char *text, *raw;
};

static const struct code_text adyen_reasons[] = {
    { 2, "Refused", "05 : Do not honor" },
    { 3, "Referral", "01 : Refer to card issuer" },
    { 4, "Acquirer Error", "96 : System malfunction" },
    { 5, "Blocked Card", "41 : Lost card" },
    { 6, "Expired Card", "54 : Expired card" },
    { 7, "Invalid Amount", "13 : Invalid amount" },
    { 8, "Invalid Card Number", "14 : Invalid card number" },
    { 9, "Issuer Unavailable", "91 : Issuer not available" },
    { 10, "Not supported", "57 : Function not permitted" },
    { 11, "3D Not Authenticated", NULL },
    { 12, "Not enough balance", "51 : Insufficient funds/over credit limit" },
    { 14, "Acquirer Fraud", "59 : Suspected fraud" },
    { 15, "Cancelled", NULL },
    { 16, "Shopper Cancelled", NULL },
    { 17, "Invalid Pin", "55 : Incorrect PIN" },
    { 18, "Pin tries exceeded", "75 : PIN tries exceeded" },
    { 19, "Pin validation not possible", NULL },
    { 20, "FRAUD", NULL },
    { 21, "Not Submitted", NULL },
    { 22, "FRAUD-CANCELLED", NULL },
    { 23, "Transaction Not Permitted", "57 : Transaction not permitted" },
    { 24, "CVC Declined", "N7 : CVC mismatch" },
    { 25, "Restricted Card", "62 : Restricted card" },
    { 26, "Revocation Of Auth", "R0 : Stop payment order" },
    { 27, "Declined Non Generic", "05 : Do not honor" },
    { 28, "Withdrawal amount exceeded", "61 : Exceeds amount limit" },
    { 29, "Withdrawal count exceeded", "65 : Exceeds count limit" },
    { 31, "Issuer Suspected Fraud", "59 : Suspected fraud" },
    { 32, "AVS Declined", NULL },
    { 33, "Card requires online pin", "1A : Online PIN required" },
    { 34, "No checking account available on Card", "52 : No checking account" },
    { 35, "No savings account available on Card", "53 : No savings account" },
    { 36, "Mobile pin required", NULL },
    { 37, "Contactless fallback", NULL },
    { 38, "Authentication required", "65 : Authentication required" },
    { 39, "RReq not received from DS", NULL },
    { 40, "Current AID is in Penalty Box", NULL },
    { 41, "CVM Required Restart Payment", NULL },
    { 42, "3DS Authentication Error", NULL },
    { 46, "Transaction blocked by Adyen to prevent excessive retry fees", NULL },
    { 50, "Token Revoked", NULL },
    { 0, NULL, NULL },
};

static const struct code_text checkoutcom_codes[] = {
    { 20001, "Refer to card issuer", NULL },
    { 20003, "Invalid merchant or service provider", NULL },
    { 20005, "Declined - Do not honour", NULL },
    { 20012, "Invalid transaction", NULL },
    { 20013, "Invalid value/amount", NULL },
    { 20014, "Invalid account number", NULL },
    { 20046, "Bank decline", NULL },
    { 20051, "Insufficient funds", NULL },
    { 20054, "Expired card", NULL },
    { 20057, "Transaction not permitted to cardholder", NULL },
    { 20059, "Suspected fraud", NULL },
    { 20061, "Activity amount limit exceeded", NULL },
    { 20062, "Restricted card", NULL },
    { 20063, "Security violation", NULL },
    { 20065, "Exceeds withdrawal frequency limit", NULL },
    { 20068, "Response received too late / timeout", NULL },
    { 20082, "No security model / negative CVV results", NULL },
    { 20087, "Bad track data (invalid CVV and/or expiry date)", NULL },
    { 20091, "Issuer unavailable or switch is inoperative", NULL },
    { 20096, "System malfunction", NULL },
    { 20154, "3DS authentication required", NULL },
    { 30004, "Pick up card (no fraud)", NULL },
    { 30007, "Pick up card, special conditions (fraud account)", NULL },
    { 30033, "Expired card - Pick up", NULL },
    { 30034, "Suspected fraud - Pick up", NULL },
    { 30036, "Restricted card - Pick up", NULL },
    { 30041, "Lost card - Pick up", NULL },
    { 30043, "Stolen card - Pick up", NULL },
    { 40101, "Risk blocked transaction", NULL },
    { 40201, "Gateway Reject - card number blocklist", NULL },
    { 10000, "Approved", NULL },
    { 0, NULL, NULL },
};

unsigned sim_why_count(void)
{
    return WHYS;
}

uint16_t sim_why_find(struct span name)
{
    for (uint16_t i = 0; i < WHYS; i++) {
        if (span_is(name, sim_whys[i].name))
            return i;
    }
    return 0;
}

bool sim_why_of_amount(int64_t amount, struct sim_verdict *v)
{
    if (amount % 10000 < 9900)
        return false;
    for (uint16_t i = 0; i < WHYS; i++) {
        if (sim_whys[i].ending == amount % 100) {
            *v = (struct sim_verdict){ sim_whys[i].result, i, 0 };
            return true;
        }
    }
    return false;
}

uint16_t sim_script_of_card(enum sim_who who, struct span number)
{
    for (uint16_t i = 1; i < SCRIPTS; i++) {
        if (scripts[i].who == who && scripts[i].number != NULL &&
            span_is(number, scripts[i].number))
            return i;
    }
    return 0;
}

uint16_t sim_script_of_token(enum sim_who who, struct span token)
{
    for (uint16_t i = 1; i < SCRIPTS; i++) {
        if (scripts[i].who == who && scripts[i].token != NULL && span_is(token, scripts[i].token))
            return i;
    }
    return 0;
}

struct sim_verdict sim_script_verdict(uint16_t script)
{
    uint16_t why = sim_why_find(span_str(scripts[script].why));

    return (struct sim_verdict){ sim_whys[why].result, why, 0 };
}

bool sim_script_refund_pends(uint16_t script)
{
    return scripts[script].refund_pends;
}

static const struct code_text *code_find(const struct code_text *t, int code)
{
    for (; t->code != 0; t++) {
        if (t->code == code)
            return t;
    }
    return NULL;
}

const char *sim_adyen_reason(int code, const char **raw)
{
    const struct code_text *t = code_find(adyen_reasons, code);

    *raw = t == NULL ? NULL : t->raw;
    return t == NULL ? NULL : t->text;
}

const char *sim_checkoutcom_summary(int code)
{
    const struct code_text *t = code_find(checkoutcom_codes, code);

    return t == NULL ? NULL : t->text;
}

bool sim_luhn(struct span s)
{
    unsigned sum = 0;

    if (s.n < 12 || s.n > 19)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[s.n - 1 - i];
        unsigned d = (unsigned)(c - '0') << (i & 1);

        if (c < '0' || c > '9')
            return false;
        sum += d > 9 ? d - 9 : d;
    }
    return sum % 10 == 0;
}

static bool within(struct span number, unsigned digits, unsigned low, unsigned high)
{
    uint64_t v = 0;

    return number.n >= digits && span_u64(span_take(number, digits), &v) == OK && v >= low &&
           v <= high;
}

/* The schemes' ranges as far as test cards need them. */
const char *sim_brand_of(struct span n)
{
    if (within(n, 1, 4, 4))
        return "visa";
    if (within(n, 2, 51, 55) || within(n, 4, 2221, 2720))
        return "mastercard";
    if (within(n, 2, 34, 34) || within(n, 2, 37, 37))
        return "amex";
    if (within(n, 4, 6011, 6011) || within(n, 2, 64, 65))
        return "discover";
    if (within(n, 3, 300, 305) || within(n, 2, 36, 36) || within(n, 2, 38, 39))
        return "diners";
    if (within(n, 4, 3528, 3589))
        return "jcb";
    if (within(n, 2, 62, 62) || within(n, 2, 81, 81))
        return "unionpay";
    if (within(n, 2, 50, 50) || within(n, 2, 56, 58) || within(n, 2, 67, 67))
        return "maestro";
    return "unknown";
}

void sim_card_fill(struct sim_card *c, enum sim_who who, struct span number)
{
    sim_copyz(span_take(number, 6), c->bin, sizeof c->bin);
    sim_copyz(span_drop(number, number.n - 4), c->last4, sizeof c->last4);
    c->brand = sim_brand_of(number);
    c->script = sim_script_of_card(who, number);
}
