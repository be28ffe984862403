/* proxy/adapters/ask.c */
#include "proxy/adapters/ask.h"

#include <stdarg.h>
#include <stdio.h>

#include "proxy/adapters/form.h"
#include "routing/base/check.h"

/* Room for names, brackets and everything of fixed size. */
enum { BODY_FIXED = 4096, PATH_FIXED = 256, GROWTH = 3 /* one byte becomes %XX */ };

static size_t said_size(const struct rt_payment *pay)
{
    size_t n = pay->holder.n + pay->cryptogram.n + pay->network_txn_id.n + pay->order.n +
               pay->customer.n + pay->email.n + pay->description.n + pay->statement.n +
               2 * pay->return_url.n + pay->street.n + pay->postal_code.n + pay->city.n +
               pay->shopper_ip.n;

    for (unsigned i = 0; i < pay->metadata_n; i++)
        n += pay->metadata[i].name.n + pay->metadata[i].value.n + 16;
    for (unsigned i = 0; i < pay->tokens; i++)
        n += pay->token[i].value.n;
    return n;
}

struct px_draft px_draft_begin(const struct px_account *acc, const struct px_asking *q,
                               struct arena *a, struct px_message *m, struct diag *why)
{
    struct px_draft d = { .acc = acc, .q = q, .arena = a, .m = m, .why = why };
    size_t known = q->ref.n + q->payment_id.n;
    /* JSON's longest escape takes six bytes for one */
    size_t body = BODY_FIXED + 2 * GROWTH *
                                   (said_size(q->pay) + known + acc->merchant_account.n +
                                    acc->processing_channel.n);

    CHECK(q->pay != NULL);
    *m = (struct px_message){ .scheme = acc->scheme, .authority = acc->authority };
    d.path = arena_buf(a, PATH_FIXED + acc->base_path.n + GROWTH * known);
    d.body = arena_buf(a, body);
    buf_put(&d.path, acc->base_path);
    return d;
}

void px_draft_cannot(struct px_draft *d, const char *fmt, ...)
{
    char text[160];
    va_list ap;

    if (d->err != OK)
        return;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    d->err = E_RANGE;
    diag_set(d->why, "%s", text);
}

int64_t px_draft_units(struct px_draft *d, struct money m)
{
    int64_t units;

    if (m.cur == CURRENCY_NONE || m.minor <= 0) {
        px_draft_cannot(d, "%s wants an amount above zero here", d->provider);
        return 0;
    }
    if (!currency_taken(m.cur, d->dialect)) {
        px_draft_cannot(d, "%s does not take %s", d->provider, currency_code(m.cur));
        return 0;
    }
    if (money_to(m, d->dialect, &units) != OK) {
        char text[48];
        struct buf b = BUF_OF(text);

        money_print(m, &b);
        px_draft_cannot(d, "%s can not say %s: it counts %s with %u decimals%s", d->provider,
                        buf_z(&b), currency_code(m.cur), currency_exponent(m.cur, d->dialect),
                        currency_exponent(m.cur, d->dialect) == 3 ? ", the last one 0" : "");
        return 0;
    }
    return units;
}

void px_draft_path(struct px_draft *d, const char *literal)
{
    buf_str(&d->path, literal);
}

void px_draft_segment(struct px_draft *d, struct span id)
{
    if (id.n == 0)
        px_draft_cannot(d, "%s needs its id of the payment for this", d->provider);
    px_percent(&d->path, id);
}

struct span px_draft_token(struct px_draft *d)
{
    const struct rt_payment *pay = d->q->pay;
    struct span owner = d->acc->name.n > 0 ? d->acc->name : span_str(d->provider);

    for (unsigned i = 0; i < pay->tokens; i++) {
        if (span_eq(pay->token[i].name, owner) && pay->token[i].value.n > 0)
            return pay->token[i].value;
    }
    px_draft_cannot(d, "the payment has no token of %s", d->provider);
    return SPAN_NONE;
}

void px_draft_header(struct px_draft *d, const char *name, struct span value)
{
    if (value.n > 0)
        px_message_add(d->m, name, value);
}

void px_draft_secret(struct px_draft *d, const char *name, const char *prefix,
                     const struct secret *s)
{
    struct span key = s != NULL ? secret_reveal(s) : SPAN_NONE;
    struct buf b = arena_buf(d->arena, span_str(prefix).n + key.n + 1);

    buf_str(&b, prefix);
    buf_put(&b, key);
    if (!buf_ok(&b) && d->err == OK)
        d->err = E_LIMIT;
    px_message_add_secret(d->m, name, buf_span(&b));
}

enum err px_draft_end(struct px_draft *d, const char *method, const char *content_type)
{
    if (d->err == OK && (!buf_ok(&d->path) || !buf_ok(&d->body)))
        d->err = E_LIMIT;
    if (d->err == E_LIMIT)
        diag_set(d->why, "the request to %s does not fit the payment's memory", d->provider);
    if (d->err != OK)
        return d->err;
    d->m->method = span_str(method);
    d->m->path = buf_span(&d->path);
    d->m->body = buf_span(&d->body);
    if (content_type != NULL)
        px_message_add(d->m, "content-type", span_str(content_type));
    px_message_add(d->m, "accept", SPAN("application/json"));
    return OK;
}

void px_member(struct json_out *o, const char *name, struct span value)
{
    if (value.n > 0)
        json_member_str(o, name, value);
}

/* A pair that does not fit the provider's limits stays at home: it is for people, and not worth a
 * refused payment. */
void px_members_of_metadata(struct json_out *o, const struct rt_payment *pay, unsigned name_max,
                            unsigned value_max)
{
    char name[LIMIT_TEXT + 1];

    for (unsigned i = 0; i < pay->metadata_n; i++) {
        const struct rt_pair *p = &pay->metadata[i];

        if (p->name.n <= name_max && p->value.n <= value_max &&
            span_copyz(p->name, name, sizeof name) == OK)
            json_member_str(o, name, p->value);
    }
}

bool px_names_amount(const struct rt_payment *pay)
{
    return !pay->full || pay->amount.minor > 0;
}

bool px_by_merchant(const struct rt_payment *pay)
{
    return pay->initiator == RT_BY_MERCHANT || pay->off_session;
}
