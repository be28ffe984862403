/* proxy/adapters/adapter.c -- the adapters there are, and the key each provider gets. */
#include "proxy/adapters/adapter.h"

#include <string.h>

#include "proxy/crypto.h"
#include "routing/base/check.h"

static const struct px_adapter *const all[] = { &px_adyen, &px_checkoutcom, &px_stripe };

const struct px_adapter *const *px_adapters(unsigned *n)
{
    *n = sizeof all / sizeof *all;
    return all;
}

const struct px_adapter *px_adapter_find(struct span name)
{
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
        if (span_is(name, all[i]->name))
            return all[i];
    }
    return NULL;
}

/* RFC 9562 version 4 by its shape: providers that advise a UUID look no further. 122 bits remain.
 */
static void uuid(unsigned char mac[PX_SHA256], struct buf *out)
{
    static const unsigned char cut[] = { 4, 2, 2, 2, 6 };
    const unsigned char *at = mac;

    mac[6] = (unsigned char)((mac[6] & 0x0F) | 0x40);
    mac[8] = (unsigned char)((mac[8] & 0x3F) | 0x80);
    for (unsigned i = 0; i < sizeof cut; i++) {
        if (i > 0)
            buf_byte(out, '-');
        buf_hex(out, at, cut[i]);
        at += cut[i];
    }
}

bool px_card_digest(struct px_hmac *secret, const struct rt_payment *pay, const char *provider,
                    unsigned char out[PX_CARD_DIGEST])
{
    unsigned char mac[PX_SHA256];
    struct span part[] = { SPAN("number"), SPAN_NONE, SPAN_NONE };

    if (pay->pan.len > 0) {
        part[1] = pan_reveal(&pay->pan);
    } else {
        part[0] = SPAN("token");
        part[1] = span_str(provider);
        for (unsigned i = 0; i < pay->tokens; i++) {
            if (span_is(pay->token[i].name, provider))
                part[2] = pay->token[i].value;
        }
        if (part[2].n == 0)
            return false;
    }
    px_hmac_parts(secret, part, 3, mac);
    memcpy(out, mac, PX_CARD_DIGEST);
    return true;
}

void px_provider_key(struct px_hmac *secret, struct span merchant, struct span key,
                     struct span provider, struct span operation, unsigned key_max,
                     char out[PX_KEY_MAX])
{
    enum { HEX = 2 * PX_SHA256, UUID = 36, LEAST = 16 };
    const struct span part[] = { merchant, key, provider, operation };
    struct buf b = buf_over(out, PX_KEY_MAX);
    unsigned char mac[PX_SHA256];

    CHECK(key_max >= LEAST);
    px_hmac_parts(secret, part, sizeof part / sizeof *part, mac);
    if (key_max >= UUID && key_max < HEX)
        uuid(mac, &b);
    else
        buf_hex(&b, mac, PX_SHA256);
    if (key_max < UUID)
        b.n = key_max;
    (void)buf_z(&b);
    CHECK(buf_ok(&b));
}
