/* policies/bind.c */
#include "policies/bind.h"

#include <string.h>

#include "policies/value.h"

void pol_bound_init(struct pol_bound *x, const struct pol_program *p)
{
    *x = (struct pol_bound){ .clock_said = false };
    pol_facts_init(&x->facts);
    x->facts.now_s = INT64_C(1767614400); /* Monday 2026-01-05 12:00 UTC: dull on purpose */
    x->facts.eligible = p->providers >= 32 ? UINT32_MAX : (UINT32_C(1) << p->providers) - 1;
    for (unsigned i = 0; i < LIMIT_PROVIDERS; i++)
        x->facts.provider[i].breaker = POL_BREAKER_CLOSED;
    x->facts.metadata = x->metadata;
}

/* ---- of the payment ---- */

void pol_bind_word(struct pol_facts *f, enum pol_slot s, unsigned v)
{
    switch (s) {
    case POL_SLOT_CURRENCY: f->amount.cur = (currency)v; break;
    case POL_SLOT_COUNTRY: f->country = (rt_country)v; break;
    case POL_SLOT_ISSUER_COUNTRY: f->issuer_country = (rt_country)v; break;
    case POL_SLOT_IP_COUNTRY: f->ip_country = (rt_country)v; break;
    case POL_SLOT_BRAND: f->brand = (enum rt_brand)v; break;
    case POL_SLOT_FUNDING: f->funding = (enum pol_funding)v; break;
    case POL_SLOT_CARD_CATEGORY: f->category = (enum pol_category)v; break;
    case POL_SLOT_NETWORK_TOKEN:
        if (v == 1)
            f->method = RT_NETWORK_TOKEN;
        else if (f->method == RT_NETWORK_TOKEN)
            f->method = RT_CARD;
        break;
    case POL_SLOT_PAYMENT_METHOD: f->method = (enum rt_method)(v - 1); break;
    case POL_SLOT_CHANNEL: f->channel = (enum rt_channel)(v - 1); break;
    case POL_SLOT_INITIATOR: f->initiator = (enum rt_initiator)(v - 1); break;
    case POL_SLOT_STORED: f->stored = (enum rt_stored)(v - 1); break;
    case POL_SLOT_THREE_DS: f->three_ds = (enum pol_three_ds)v; break;
    case POL_SLOTS_: break;
    }
}

static bool text_of(struct pol_bench *b, const struct pol_bind *bind, struct span *out)
{
    const struct pol_value *v = bind->value;
    char name[80];
    struct buf room = BUF_OF(name);

    if (v->kind == POL_V_TEXT) {
        *out = pol_unescape(b->arena, v->text);
        return true;
    }
    if (v->kind == POL_V_WORD || v->kind == POL_V_NUMBER) {
        *out = v->text;
        return true;
    }
    buf_fmt(&room, "%.*s", SPAN_ARG(span_take(bind->attr.text, 70)));
    pol_wrong(b, buf_z(&room), v, "a word, or a text in quotes");
    return false;
}

static bool bind_text(struct pol_bench *b, struct pol_bound *x, enum pol_text t,
                      const struct pol_bind *bind)
{
    struct span s;

    if (!text_of(b, bind, &s))
        return false;
    x->key_bound[t] = true;
    if (t == POL_TEXT_ISSUER)
        x->facts.issuer = s;
    else if (t == POL_TEXT_CUSTOMER)
        x->facts.customer = s;
    else
        x->facts.merchant = s;
    return true;
}

static bool bind_meta(struct pol_bench *b, struct pol_bound *x, const struct pol_bind *bind)
{
    struct span name = span_drop(bind->attr.text, sizeof "metadata." - 1), s;
    unsigned i = 0;

    if (!text_of(b, bind, &s))
        return false;
    while (i < x->facts.metadata_n && !span_eq(x->metadata[i].name, name))
        i++;
    if (i == POL_METAS_MAX) {
        pol_say(b->report, POL_E_TOO_BIG, bind->attr.at, "more than %d names of metadata",
                POL_METAS_MAX);
        return false;
    }
    x->metadata[i] = (struct rt_pair){ name, s };
    if (i == x->facts.metadata_n)
        x->facts.metadata_n++;
    return true;
}

/* What the first digits alone tell. */
static enum rt_brand brand_of_bin(const struct pol_facts *f)
{
    uint64_t n = f->bin;
    unsigned digits = f->bin_digits;

    for (; digits > 8 || digits == 7; digits--)
        n /= 10;
    return digits < 6 ? RT_BRAND_UNKNOWN : rt_brand_of((uint32_t)n, digits);
}

void pol_facts_settle(struct pol_facts *f)
{
    if (f->brand == RT_BRAND_UNKNOWN)
        f->brand = brand_of_bin(f);
}

static bool bind_bin(struct pol_bench *b, struct pol_bound *x, const struct pol_value *v)
{
    uint64_t n;

    if ((v->kind != POL_V_NUMBER && v->kind != POL_V_TEXT) || v->text.n < 6 ||
        v->text.n > POL_BIN_DIGITS || span_u64(v->text, &n) != OK) {
        pol_wrong(b, "bin", v, "`457112`: 6 to 11 digits");
        return false;
    }
    x->facts.bin = n;
    x->facts.bin_digits = (uint8_t)v->text.n;
    pol_facts_settle(&x->facts);
    return true;
}

static bool say_not_bindable(struct pol_bench *b, const struct pol_bind *bind, const char *help)
{
    pol_say_help(pol_say(b->report, POL_E_TYPE, bind->attr.at,
                         "`%.*s` is nothing a payment carries", SPAN_ARG(bind->attr.text)),
                 "%s", help);
    return false;
}

bool pol_bind(struct pol_bench *b, struct pol_bound *x, const struct pol_bind *bind)
{
    enum pol_attr attr = pol_find_attr(b, bind->attr);
    const struct pol_attribute *a;
    struct money m;
    unsigned v;

    if (attr == POL_ATTRS_)
        return false;
    a = pol_attribute(attr);
    switch (a->type) {
    case POL_TYPE_WORD:
        if (!pol_take_word(b, attr, bind->value, &v))
            return false;
        pol_bind_word(&x->facts, (enum pol_slot)a->slot, v);
        return true;
    case POL_TYPE_TEXT: return bind_text(b, x, (enum pol_text)a->slot, bind);
    case POL_TYPE_META: return bind_meta(b, x, bind);
    case POL_TYPE_MONEY:
        if (!pol_take_money(b, a->name, bind->value, &m))
            return false;
        x->facts.amount = m;
        return true;
    case POL_TYPE_BIN: return bind_bin(b, x, bind->value);
    case POL_TYPE_CLOCK:
    case POL_TYPE_HOUR:
    case POL_TYPE_WEEKDAY:
        return say_not_bindable(b, bind,
                                "say when it is: `with clock \"2026-11-20 22:15 Europe/Berlin\"`");
    case POL_TYPE_SHARE:
    case POL_TYPE_COST:
    case POL_TYPE_MS:
    case POL_TYPE_BREAKER:
    case POL_TYPE_VOLUME:
    case POL_TYPE_VALUE: break;
    }
    return say_not_bindable(b, bind, "it belongs to a provider: `with cost of adyen is 0.28%`");
}

/* ---- of providers, commitments and the clock ---- */

static bool bind_money(struct pol_bench *b, struct pol_bound *x, const char *what,
                       const struct pol_value *v, int64_t *minor)
{
    struct money m;

    if (!pol_take_money(b, what, v, &m))
        return false;
    if (x->facts.amount.cur != CURRENCY_NONE && x->facts.amount.cur != m.cur) {
        pol_say_help(pol_say(b->report, POL_E_TYPE, v->at, "the payment is in %s",
                             currency_code(x->facts.amount.cur)),
                     "write the same currency");
        return false;
    }
    *minor = m.minor;
    return true;
}

static bool bind_cost(struct pol_bench *b, struct pol_bound *x, const struct pol_value *v,
                      struct pol_sight *s)
{
    int64_t amount = x->facts.amount.minor;

    if (v->kind == POL_V_PERCENT) {
        if (!pol_take_ppm(b, "cost", v, &s->cost_ppm))
            return false;
        return money_ppm(amount, s->cost_ppm, MONEY_HALF_EVEN, &s->cost_minor) == OK;
    }
    if (!bind_money(b, x, "cost", v, &s->cost_minor))
        return false;
    s->cost_ppm =
        amount > 0 && s->cost_minor < INT64_MAX / 1000000 ? s->cost_minor * 1000000 / amount : -1;
    return true;
}

static bool bind_value(struct pol_bench *b, struct pol_bound *x, const struct pol_value *v,
                       struct pol_sight *s)
{
    int64_t minor;

    if (!bind_money(b, x, "value", v, &minor))
        return false;
    s->value_micro = pol_micro_of(minor);
    return true;
}

static bool bind_provider(struct pol_bench *b, struct pol_bound *x, const struct pol_fact *f)
{
    enum pol_attr attr = pol_find_attr(b, f->attr);
    unsigned provider = pol_find_provider(b, f->of), breaker;
    struct pol_sight *s = &x->facts.provider[provider < LIMIT_PROVIDERS ? provider : 0];
    int64_t n = -1;

    if (attr == POL_ATTRS_ || provider >= b->p->providers)
        return false;
    if (attr == POL_ATTR_COST)
        return bind_cost(b, x, f->value, s);
    if (attr == POL_ATTR_BREAKER) {
        if (!pol_take_breaker(b, f->value, &breaker))
            return false;
        s->breaker = (enum pol_breaker)breaker;
        return true;
    }
    if (attr == POL_ATTR_APPROVAL && !pol_take_ppm(b, "approval", f->value, &n))
        return false;
    if (attr == POL_ATTR_LATENCY && !pol_take_ms(b, "latency", f->value, &n))
        return false;
    if (attr == POL_ATTR_VALUE)
        return bind_value(b, x, f->value, s);
    if (attr == POL_ATTR_VOLUME && !bind_money(b, x, "volume", f->value, &n))
        return false;
    if (!pol_attribute(attr)->per_provider) {
        pol_say_help(pol_say(b->report, POL_E_TYPE, f->attr.at, "`%s` is no fact of a provider",
                             pol_attribute(attr)->name),
                     "write it under `payment`");
        return false;
    }
    for (unsigned w = 0; w < POL_OVERS_; w++) {
        if (attr == POL_ATTR_APPROVAL)
            s->approval_ppm[w] = (int32_t)n;
        else if (attr == POL_ATTR_LATENCY)
            s->latency_ms[w] = (int32_t)n;
        else
            s->volume_minor[w] = n;
    }
    return true;
}

static bool bind_commit(struct pol_bench *b, struct pol_bound *x, const struct pol_fact *f)
{
    unsigned commit = pol_find_commit(b, f->attr), pace;

    if (!pol_take_pace(b, f->text, &pace) || commit == POL_NONE)
        return false;
    x->commit_said[commit] = 1 + pace;
    return true;
}

static bool two(struct span s, size_t at, int64_t least, int64_t most, int64_t *out)
{
    return span_i64((struct span){ s.p + at, 2 }, out) == OK && *out >= least && *out <= most;
}

/* Days since 1970 of a date of the Gregorian calendar. */
static int64_t days_of(int64_t y, int64_t m, int64_t d)
{
    int64_t era, yoe, doy;

    y -= m <= 2;
    era = y / 400;
    yoe = y - era * 400;
    doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

/* "2026-11-20 22:15 Europe/Berlin"; without a zone it is UTC. */
static bool bind_clock(struct pol_bench *b, struct pol_bound *x, const struct pol_fact *f)
{
    struct span s = f->text.text;
    int64_t y, mo, d, h, mi;

    if (s.n >= 16 && s.p[4] == '-' && s.p[7] == '-' && (s.p[10] == ' ' || s.p[10] == 'T') &&
        s.p[13] == ':' && span_i64(span_take(s, 4), &y) == OK && y >= 1970 &&
        two(s, 5, 1, 12, &mo) && two(s, 8, 1, 31, &d) && two(s, 11, 0, 23, &h) &&
        two(s, 14, 0, 59, &mi) && (s.n == 16 || s.p[16] == ' ')) {
        x->local_s = days_of(y, mo, d) * 86400 + h * 3600 + mi * 60;
        x->clock_zone = span_trim(span_drop(s, 16));
        x->clock_said = true;
        if (x->clock_zone.n > 0)
            (void)pol_find_zone(b, (struct pol_word){ x->clock_zone, f->text.at });
        return true;
    }
    pol_say_help(pol_say(b->report, POL_E_TYPE, f->text.at, "this is no moment"),
                 "write `clock \"2026-11-20 22:15 Europe/Berlin\"`; without a zone it is UTC");
    return false;
}

bool pol_bind_fact(struct pol_bench *b, struct pol_bound *x, const struct pol_fact *f)
{
    switch (f->kind) {
    case POL_F_PROVIDER: return bind_provider(b, x, f);
    case POL_F_COMMIT: return bind_commit(b, x, f);
    case POL_F_TEXT: break;
    }
    if (span_is(f->attr.text, "clock"))
        return bind_clock(b, x, f);
    pol_say_help(pol_say(b->report, POL_E_TYPE, f->attr.at, "`%.*s` is no fact of this form",
                         SPAN_ARG(f->attr.text)),
                 "write `clock \"2026-11-20 22:15 Europe/Berlin\"`");
    return false;
}

const struct pol_expect *pol_like_find(const struct pol_program *p, const struct pol_expect *e)
{
    for (const struct pol_item *i = p->item; i != NULL && i->expect != e; i = i->next) {
        if (i->expect != NULL && span_eq(i->expect->name.text, e->like.text))
            return i->expect;
    }
    return NULL;
}

/* ---- and back ---- */

static void put(struct buf *out, const char *name, struct span value)
{
    if (value.n > 0)
        buf_fmt(out, "%s%s %.*s", out->n > 0 ? ", " : "", name, SPAN_ARG(value));
}

static void put_slots(const struct pol_facts *f, struct buf *out)
{
    struct pol_facts usual;
    uint16_t is[POL_SLOTS_], was[POL_SLOTS_];
    char room[4];

    pol_facts_init(&usual);
    pol_slots_read(f, is);
    pol_slots_read(&usual, was);
    for (unsigned s = 0; s < POL_SLOTS_; s++) {
        const char *word = pol_slot_word((enum pol_slot)s, is[s], room);

        if (is[s] != was[s] && word != NULL && s != POL_SLOT_NETWORK_TOKEN &&
            !(s == POL_SLOT_CURRENCY && f->amount.minor != 0))
            put(out, pol_attribute(pol_slot_attr((enum pol_slot)s))->name, span_str(word));
    }
}

void pol_bound_print(const struct pol_program *p, const struct pol_bound *x, struct buf *out)
{
    const struct pol_facts *f = &x->facts;
    struct pol_facts slots = *f;
    char room[64];
    struct buf text = BUF_OF(room);

    (void)p;
    if (f->brand == brand_of_bin(f)) /* whoever reads it comes to the same */
        slots.brand = RT_BRAND_UNKNOWN;
    put_slots(&slots, out);
    if (f->amount.minor != 0 && f->amount.cur != CURRENCY_NONE) {
        money_print(f->amount, &text);
        put(out, "amount", buf_span(&text));
    }
    if (f->bin_digits > 0) {
        buf_clear(&text);
        buf_pad(&text, f->bin, f->bin_digits);
        put(out, "bin", buf_span(&text));
    }
    put(out, "customer", f->customer);
    put(out, "merchant", f->merchant);
    put(out, "issuer", f->issuer);
    for (unsigned i = 0; i < f->metadata_n; i++)
        buf_fmt(out, "%smetadata.%.*s \"%.*s\"", out->n > 0 ? ", " : "",
                SPAN_ARG(f->metadata[i].name), SPAN_ARG(f->metadata[i].value));
}
