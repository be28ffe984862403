/* proxy/adapters/webhook.c */
#include "proxy/adapters/webhook.h"

#include <string.h>

#include "proxy/adapters/adapter.h"
#include "proxy/crypto.h"
#include "routing/base/check.h"
#include "routing/base/secret.h"

static void sign(struct span key, struct span text, unsigned char out[PX_SHA256])
{
    struct px_hmac *h = px_hmac_create(key);

    px_hmac(h, text, out);
    px_hmac_destroy(h);
}

/* Every signature here is lower-case hexadecimal, as its sender writes it. */
static bool same_hex(const unsigned char mac[PX_SHA256], struct span hex)
{
    char text[2 * PX_SHA256];
    struct buf b = BUF_OF(text);

    buf_hex(&b, mac, PX_SHA256);
    return secret_equal(buf_span(&b), hex);
}

/* The time, and whether any v1 is there at all. */
static bool stripe_time(struct span header, struct span *t)
{
    struct span part;

    *t = SPAN_NONE;
    while (span_cut(&header, ',', &part)) {
        part = span_trim(part);
        if (span_starts(part, "t="))
            *t = span_drop(part, 2);
    }
    return t->n > 0;
}

bool px_signed_stripe(struct span header, const struct px_hook *h, struct arena *a)
{
    unsigned char mac[PX_SHA256];
    struct span t, part;
    bool matches = false;
    struct buf text;
    int64_t signed_s;

    if (!stripe_time(header, &t) || span_i64(t, &signed_s) != OK)
        return false;
    if (h->tolerance_s > 0 && signed_s < h->now_s - h->tolerance_s)
        return false;
    text = arena_buf(a, t.n + 1 + h->body.n);
    buf_put(&text, t);
    buf_byte(&text, '.');
    buf_put(&text, h->body);
    if (!buf_ok(&text))
        return false;
    sign(h->secret, buf_span(&text), mac);
    while (span_cut(&header, ',', &part)) {
        part = span_trim(part);
        if (span_starts(part, "v1="))
            matches = same_hex(mac, span_drop(part, 3)) || matches;
    }
    return matches;
}

bool px_signed_checkoutcom(struct span header, struct span body, struct span secret)
{
    unsigned char mac[PX_SHA256];

    sign(secret, body, mac);
    return same_hex(mac, header);
}

bool px_signed_adyen(struct span signature, struct span text, struct span hex_key)
{
    char key[SECRET_MAX], base64[48];
    unsigned char mac[PX_SHA256];
    struct buf k = BUF_OF(key), b = BUF_OF(base64);
    bool same = false;

    if (px_hex_decode(hex_key, &k) == OK && buf_ok(&k)) {
        sign(buf_span(&k), text, mac);
        px_base64((struct span){ (const char *)mac, sizeof mac }, &b);
        same = secret_equal(buf_span(&b), signature);
    }
    secret_wipe(key, sizeof key);
    return same;
}

/* It may come from anybody: nothing of it counts. */
static void distrust(struct px_news *n)
{
    *n = (struct px_news){ .signature = PX_INVALID };
    n->judged.outcome = RT_INFO;
    n->judged.alarm = true;
    n->judged.matches = -1;
}

unsigned px_webhook_read(const struct px_adapter *adapter, const struct px_hook *h, struct arena *a,
                         struct px_news *out, unsigned max)
{
    unsigned n;

    CHECK(max >= 1);
    for (unsigned i = 0; i < max; i++) {
        out[i] = (struct px_news){ .signature = PX_UNCHECKED };
        out[i].judged.outcome = RT_INFO;
        out[i].judged.matches = -1;
    }
    n = adapter->news(h, a, out, max);
    for (unsigned i = 0; i < n; i++) {
        if (out[i].signature == PX_INVALID)
            distrust(&out[i]);
    }
    return n;
}
