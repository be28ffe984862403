/* policies/names.c -- names to indices, and what was meant by those that lead nowhere. */
#include <string.h>

#include "policies/inside.h"
#include "routing/base/hash.h"

static void did_you_mean(struct pol_finding *f, const struct pol_near *near)
{
    pol_say_help(f, "did you mean `%.*s`?", SPAN_ARG(near->best));
}

unsigned pol_find_provider(struct pol_bench *b, struct pol_word w)
{
    struct pol_near near = pol_near_init(w.text);
    struct pol_program *p = b->p;
    char room[240];
    struct buf all = BUF_OF(room);
    struct pol_finding *f;

    for (unsigned i = 0; i < p->providers; i++) {
        if ((p->declared >> i & 1) == 0)
            continue;
        if (span_is(w.text, p->provider[i]))
            return i;
        pol_near_offer(&near, span_str(p->provider[i]));
        buf_fmt(&all, "%s`%s`", all.n > 0 ? ", " : "", p->provider[i]);
    }
    if (pol_is_broken(b, POL_I_PROVIDERS, w.text))
        return p->providers;
    f = pol_say(b->report, POL_E_PROVIDER, w.at, "unknown provider `%.*s`", SPAN_ARG(w.text));
    if (pol_near_found(&near))
        did_you_mean(f, &near);
    else if (all.n == 0)
        pol_say_help(f, "name those you use: `providers %.*s`", SPAN_ARG(w.text));
    else
        pol_say_help(f, "the providers of this policy are %s", buf_z(&all));
    return p->providers;
}

struct pol_list_code *pol_find_list(struct pol_bench *b, const struct pol_cond *c)
{
    struct pol_near near = pol_near_init(c->list.text);
    struct pol_list_code *l = b->list.p;
    struct pol_finding *f;

    for (unsigned i = 0; i < b->list.n; i++) {
        if (span_eq(l[i].name.text, c->list.text)) {
            l[i].used = true;
            return &l[i];
        }
        pol_near_offer(&near, l[i].name.text);
    }
    if (pol_is_broken(b, POL_I_LIST, c->list.text))
        return NULL;
    f = pol_say(b->report, POL_E_LIST, c->list.at, "unknown list `%.*s`", SPAN_ARG(c->list.text));
    if (pol_near_found(&near) && near.distance > 0 && c->list.text.n > 2)
        did_you_mean(f, &near);
    else
        pol_say_help(f, "for one value write `is %.*s`; for several write `in { %.*s … }`",
                     SPAN_ARG(c->list.text), SPAN_ARG(c->list.text));
    return NULL;
}

unsigned pol_find_commit(struct pol_bench *b, struct pol_word w)
{
    struct pol_near near = pol_near_init(w.text);
    struct pol_commit_code *c = b->commit.p;
    struct pol_finding *f;

    for (unsigned i = 0; i < b->commit.n; i++) {
        struct span name = c[i].ast->name.text;

        if (span_eq(name, w.text)) {
            c[i].used = true;
            return i;
        }
        pol_near_offer(&near, name);
    }
    if (pol_is_broken(b, POL_I_COMMIT, w.text))
        return POL_NONE;
    f = pol_say(b->report, POL_E_COMMITMENT, w.at, "unknown commitment `%.*s`", SPAN_ARG(w.text));
    if (pol_near_found(&near))
        did_you_mean(f, &near);
    else
        pol_say_help(f, "`commit %.*s to PROVIDER at least EUR 1_000 per day` makes one",
                     SPAN_ARG(w.text));
    return POL_NONE;
}

/* Attributes people know by other names. */
static const char *other_name(struct span word)
{
    static const char *const usual[][2] = {
        { "card_brand", "brand" },
        { "scheme", "brand" },
        { "card_type", "funding" },
        { "type", "funding" },
        { "billing_country", "country" },
        { "card_country", "issuer_country" },
        { "bin_country", "issuer_country" },
        { "iin", "bin" },
        { "value", "amount" },
        { "price", "amount" },
        { "customer_id", "customer" },
        { "time", "clock" },
        { "day", "weekday" },
        { "mit", "initiator is merchant" },
        { "approval_rate", "approval" },
        { "fee", "cost" },
        { "metadata", "metadata.NAME" },
    };

    for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++) {
        if (span_is(word, usual[i][0]))
            return usual[i][1];
    }
    return NULL;
}

enum pol_attr pol_find_attr(struct pol_bench *b, struct pol_word w)
{
    enum pol_attr a = pol_attr_find(w.text);
    struct pol_near near = pol_near_init(w.text);
    struct pol_finding *f;

    if (a != POL_ATTRS_)
        return a;
    for (unsigned i = 0; i < POL_ATTRS_; i++)
        pol_near_offer(&near, span_str(pol_attribute((enum pol_attr)i)->name));
    f = pol_say(b->report, POL_E_ATTRIBUTE, w.at, "unknown payment attribute `%.*s`",
                SPAN_ARG(w.text));
    if (other_name(w.text) != NULL)
        pol_say_help(f, "did you mean `%s`?", other_name(w.text));
    else if (pol_near_found(&near))
        did_you_mean(f, &near);
    else
        pol_say_help(f, "`signalbox policy attributes` lists them; your own are `metadata.%.*s`",
                     SPAN_ARG(w.text));
    return POL_ATTRS_;
}

uint16_t pol_find_zone(struct pol_bench *b, struct pol_word w)
{
    struct pol_program *p = b->p;
    const char *name;

    if (w.text.p == NULL)
        return POL_NONE;
    for (unsigned i = 0; i < p->zones; i++) {
        if (span_is(w.text, p->zone[i]))
            return (uint16_t)i;
    }
    name = pol_z(b, w.text);
    if (b->env->zone != NULL && !b->env->zone(b->env->ctx, name)) {
        pol_say_help(pol_say(b->report, POL_E_TYPE, w.at, "unknown time zone \"%s\"", name),
                     "write a name of the IANA time zone database: \"Europe/Berlin\", \"UTC\"");
        return POL_NONE;
    }
    if (p->zones == POL_ZONES_MAX) {
        pol_say(b->report, POL_E_TOO_BIG, w.at, "more than %d time zones", POL_ZONES_MAX);
        return POL_NONE;
    }
    p->zone[p->zones] = name;
    return (uint16_t)p->zones++;
}

uint16_t pol_find_meta(struct pol_bench *b, struct pol_word w)
{
    struct span name = span_drop(w.text, sizeof "metadata." - 1);
    struct pol_program *p = b->p;

    for (unsigned i = 0; i < p->metas; i++) {
        if (span_eq(p->meta[i], name))
            return (uint16_t)(POL_TEXTS_ + i);
    }
    if (p->metas == POL_METAS_MAX) {
        pol_say(b->report, POL_E_TOO_BIG, w.at, "more than %d names of metadata", POL_METAS_MAX);
        return POL_TEXTS_;
    }
    p->meta[p->metas] = name;
    return (uint16_t)(POL_TEXTS_ + p->metas++);
}

uint16_t pol_find_key(struct pol_bench *b, struct pol_word w)
{
    enum pol_attr a;

    if (span_is(w.text, "payment"))
        return POL_NONE;
    a = pol_find_attr(b, w);
    if (a == POL_ATTR_METADATA)
        return pol_find_meta(b, w);
    if (a == POL_ATTRS_)
        return POL_NONE;
    if (pol_attribute(a)->type == POL_TYPE_TEXT)
        return (uint16_t)pol_attribute(a)->slot;
    pol_say_help(
        pol_say(b->report, POL_E_TYPE, w.at, "`%.*s` is nothing to split by", SPAN_ARG(w.text)),
        "write `by customer`, `by merchant`, `by metadata.NAME` or `by payment`");
    return POL_NONE;
}
