/* policies/diff.c */
#include "policies/diff.h"

#include <string.h>

#include "policies/bind.h"
#include "policies/box.h"
#include "routing/base/hash.h"
#include "routing/base/rng.h"

enum { ROUTE = 120, BOXES = 256, CONSTANTS = 4096 };

/* One value of one attribute that a policy knows. */
struct constant {
    const struct pol_program *p;
    const struct pol_ins *ins;
};

struct diff {
    const struct pol_program *side[2];
    struct constant *constant;
    unsigned constants;
    struct pol_bound *x, *plain, *try_;
    struct pol_diff *out;
    struct arena *arena;
    struct rng rng;
    bool full;
};

struct said {
    char route[ROUTE];
    const char *rule;
    uint64_t retry; /* what is tried again is part of the answer */
};

/* ---- asking both ---- */

/* Facts about providers are kept in the numbering of side 0; side 1 sees its own. */
static unsigned same_provider(const struct diff *d, unsigned of_one)
{
    const char *name = d->side[1]->provider[of_one];

    for (unsigned i = 0; i < d->side[0]->providers; i++) {
        if (strcmp(d->side[0]->provider[i], name) == 0)
            return i;
    }
    return LIMIT_PROVIDERS;
}

static void see(const struct diff *d, unsigned side, const struct pol_facts *f,
                struct pol_facts *out)
{
    *out = *f;
    out->eligible = (uint32_t)((UINT64_C(1) << d->side[side]->providers) - 1);
    for (unsigned z = 0; z < d->side[side]->zones; z++)
        out->zone_offset_s[z] = 0;
    for (unsigned i = 0; side == 1 && i < d->side[1]->providers; i++) {
        unsigned k = same_provider(d, i);

        if (k < LIMIT_PROVIDERS)
            out->provider[i] = f->provider[k];
    }
}

static uint64_t hash_of(const struct rt_verdict *v)
{
    uint64_t h = hash64_mix(v->retry_on, v->retry_never);

    for (unsigned i = 0; i < 2; i++)
        h = hash64_mix(h, hash64_mix(v->retry_on_code[i], v->retry_never_code[i]));
    return hash64_mix(h, hash64_mix((uint64_t)v->within_ns, v->moves_max));
}

static void ask(const struct diff *d, unsigned side, const struct pol_facts *f, struct said *out)
{
    struct buf b = BUF_OF(out->route);
    struct pol_facts own;
    struct rt_verdict v;

    see(d, side, f, &own);
    pol_eval(d->side[side], &own, &v, NULL);
    out->rule = v.rule;
    out->retry = v.retry_said ? hash_of(&v) : 0;
    if (v.decline)
        buf_str(&b, "declined");
    for (unsigned i = 0; i < v.providers && !v.decline; i++)
        buf_fmt(&b, "%s%s", i > 0 ? " then " : "", d->side[side]->provider[v.provider[i]]);
    (void)buf_z(&b);
}

static bool differs(const struct diff *d, const struct pol_facts *f, struct said *a, struct said *b)
{
    ask(d, 0, f, a);
    ask(d, 1, f, b);
    if (strcmp(a->route, b->route) != 0)
        return true;
    if (a->retry != b->retry)
        (void)strncat(b->route, " (retried otherwise)", ROUTE - strlen(b->route) - 1);
    return a->retry != b->retry;
}

/* ---- what is told ---- */

/* "" when the arena is full: compare() looks. */
static const char *kept(struct diff *d, const char *z)
{
    const char *copy = arena_str(d->arena, span_str(z));

    d->full = d->full || copy == NULL;
    return copy == NULL ? "" : copy;
}

static struct pol_diff_class *class_of(struct diff *d, const struct said *a, const struct said *b)
{
    struct pol_diff *o = d->out;

    for (unsigned i = 0; i < o->classes; i++) {
        if (strcmp(o->cls[i].rule_a, a->rule) == 0 && strcmp(o->cls[i].rule_b, b->rule) == 0 &&
            strcmp(o->cls[i].route_a, a->route) == 0 && strcmp(o->cls[i].route_b, b->route) == 0)
            return &o->cls[i];
    }
    if (o->classes == POL_DIFF_CLASSES) {
        o->more = true;
        return NULL;
    }
    o->cls[o->classes] = (struct pol_diff_class){ .rule_a = a->rule, .rule_b = b->rule };
    o->cls[o->classes].route_a = kept(d, a->route);
    o->cls[o->classes].route_b = kept(d, b->route);
    return &o->cls[o->classes++];
}

static bool still(struct diff *d, const struct said *a, const struct said *b)
{
    struct said x, y;

    return differs(d, &d->try_->facts, &x, &y) && strcmp(x.route, a->route) == 0 &&
           strcmp(y.route, b->route) == 0 && x.rule == a->rule && y.rule == b->rule;
}

/* Takes away what the difference does not need, one attribute after the other. */
static void simplify(struct diff *d, const struct said *a, const struct said *b)
{
    struct pol_facts usual;

    pol_facts_init(&usual);
    *d->plain = *d->x;
    d->plain->facts.metadata = d->plain->metadata;
    for (unsigned i = 0; i < 10; i++) {
        struct pol_facts *f = &d->try_->facts;

        *d->try_ = *d->plain;
        f->metadata = d->try_->metadata;
        switch (i) {
        case 0: f->country = 0; break;
        case 1: f->issuer_country = 0; break;
        case 2: f->ip_country = 0; break;
        case 3: f->brand = RT_BRAND_UNKNOWN; break;
        case 4: f->funding = POL_FUNDING_UNKNOWN; break;
        case 5: f->bin_digits = 0; break;
        case 6: f->metadata_n = 0; break;
        case 7: f->customer = f->merchant = f->issuer = SPAN_NONE; break;
        case 8: f->amount = usual.amount; break;
        default:
            f->category = POL_CATEGORY_UNKNOWN;
            f->three_ds = POL_3DS_UNKNOWN;
            f->method = RT_CARD;
            f->channel = RT_CHANNEL_ECOMMERCE;
            f->initiator = RT_BY_CUSTOMER;
            f->stored = RT_STORED_NO;
        }
        pol_facts_settle(f);
        if (still(d, a, b)) {
            *d->plain = *d->try_;
            d->plain->facts.metadata = d->plain->metadata;
        }
    }
}

/* False: the arena is full. */
static bool compare(struct diff *d)
{
    char room[400];
    struct buf payment = BUF_OF(room);
    struct pol_diff_class *c;
    struct said a, b;

    d->out->tried++;
    pol_facts_settle(&d->x->facts);
    if (!differs(d, &d->x->facts, &a, &b))
        return true;
    d->out->differ++;
    c = class_of(d, &a, &b);
    if (c == NULL || c->payments++ > 0)
        return true;
    simplify(d, &a, &b);
    pol_bound_print(d->side[0], d->plain, &payment);
    c->payment = payment.n == 0 ? "(any)" : kept(d, buf_z(&payment));
    return !d->full;
}

/* ---- payments ---- */

static void gather(struct diff *d, const struct pol_program *p)
{
    for (uint32_t i = 0; i < p->ins_n && d->constants < CONSTANTS; i++)
        d->constant[d->constants++] = (struct constant){ p, &p->ins[i] };
}

static unsigned pick(struct diff *d, unsigned n)
{
    return (unsigned)rng_below(&d->rng, n);
}

/* A value of the set, or one beside it. */
static void draw_slot(struct diff *d, const struct constant *c)
{
    const uint64_t *set = &c->p->bits[(size_t)c->ins->set * POL_SET_WORDS];
    unsigned n = pol_slot_count((enum pol_slot)c->ins->a), from = pick(d, n), v = from;
    bool in = pick(d, 4) != 0;
    char room[4];

    do {
        v = (v + 1) % n;
        if (v != 0 && ((set[v / 64] >> v % 64 & 1) != 0) == in &&
            pol_slot_word((enum pol_slot)c->ins->a, v, room) != NULL) {
            pol_bind_word(&d->x->facts, (enum pol_slot)c->ins->a, v);
            return;
        }
    } while (v != from);
}

static void draw_amount(struct diff *d, const struct pol_ins *ins)
{
    int64_t edge = ins->lo > INT64_MIN && (ins->hi == INT64_MAX || pick(d, 2)) ? ins->lo : ins->hi;

    d->x->facts.amount =
        (struct money){ edge + (int64_t)pick(d, 3) - 1 + (int64_t)(pick(d, 2) * pick(d, 10000)),
                        (currency)ins->n };
}

static void draw_bin(struct diff *d, const struct constant *c)
{
    const struct pol_pair *pair =
        &c->p->pair[c->ins->set + (c->ins->n == 0 ? 0 : pick(d, c->ins->n))];
    uint64_t at = c->ins->n == 0 ? 0 : pick(d, 3) ? pair->lo : pair->hi + pick(d, 2);

    d->x->facts.bin_digits = 8;
    d->x->facts.bin = at / 1000 % 100000000;
}

static void set_text(struct diff *d, const struct pol_program *p, uint16_t text, struct span s)
{
    struct pol_bound *x = d->x;

    if (text == POL_TEXT_ISSUER)
        x->facts.issuer = s;
    else if (text == POL_TEXT_CUSTOMER)
        x->facts.customer = s;
    else if (text == POL_TEXT_MERCHANT)
        x->facts.merchant = s;
    else {
        unsigned i = 0;

        while (i < x->facts.metadata_n && !span_eq(x->metadata[i].name, p->meta[text - POL_TEXTS_]))
            i++;
        if (i == POL_METAS_MAX)
            return;
        x->metadata[i] = (struct rt_pair){ p->meta[text - POL_TEXTS_], s };
        x->facts.metadata_n += i == x->facts.metadata_n;
    }
}

static void draw_provider(struct diff *d, const struct constant *c)
{
    const char *name = c->p->provider[c->ins->a];
    int64_t v = c->ins->lo > 0           ? c->ins->lo - pick(d, 2)
                : c->ins->hi < INT32_MAX ? c->ins->hi + pick(d, 2)
                                         : 1;

    for (unsigned i = 0; i < d->side[0]->providers; i++) {
        struct pol_sight *s = &d->x->facts.provider[i];

        if (strcmp(d->side[0]->provider[i], name) != 0)
            continue;
        if (c->ins->b == POL_ATTR_APPROVAL)
            s->approval_ppm[c->ins->n] = (int32_t)v;
        else if (c->ins->b == POL_ATTR_LATENCY)
            s->latency_ms[c->ins->n] = (int32_t)v;
        else if (c->ins->b == POL_ATTR_BREAKER)
            s->breaker = pick(d, 2) ? POL_BREAKER_OPEN : POL_BREAKER_CLOSED;
        else if (c->ins->b == POL_ATTR_VALUE)
            s->value_micro = pol_micro_of(v);
        else if (c->ins->b == POL_ATTR_COST && c->ins->set == 0)
            s->cost_ppm = v;
    }
}

static void draw(struct diff *d, const struct constant *c)
{
    const struct pol_ins *ins = c->ins;

    if (ins->op == POL_OP_SLOT)
        draw_slot(d, c);
    else if (ins->op == POL_OP_AMOUNT)
        draw_amount(d, ins);
    else if (ins->op == POL_OP_BIN)
        draw_bin(d, c);
    else if (ins->op == POL_OP_TEXT || ins->op == POL_OP_PREFIX)
        set_text(d, c->p, ins->a, c->p->text[ins->set]);
    else if (ins->op == POL_OP_TEXTS && ins->n > 0)
        set_text(d, c->p, ins->a, c->p->text[c->p->pair[ins->set + pick(d, ins->n)].hi]);
    else if (ins->op == POL_OP_PROVIDER)
        draw_provider(d, c);
    else if (ins->op == POL_OP_COMMIT && ins->a < POL_COMMITS_MAX)
        d->x->facts.volume[ins->a] = (struct pol_volume){ 0, 0 };
}

static bool random_payments(struct diff *d, unsigned rounds)
{
    char name[24];

    for (unsigned i = 0; i < rounds; i++) {
        struct buf b = BUF_OF(name);

        pol_bound_init(d->x, d->side[0]);
        d->x->facts.seed = rng_next(&d->rng);
        d->x->facts.now_s += (int64_t)pick(d, 7 * 24) * 3600;
        buf_fmt(&b, "cus_%u", i);
        d->x->facts.customer = buf_span(&b);
        for (unsigned n = d->constants == 0 ? 0 : 1 + pick(d, 8); n > 0; n--)
            draw(d, &d->constant[pick(d, d->constants)]);
        if (!compare(d))
            return false;
    }
    return true;
}

/* One payment for every way in which a rule of this side can match. */
static bool directed_payments(struct diff *d, unsigned side)
{
    const struct pol_program *p = d->side[side];
    struct pol_boxes boxes, scratch;
    struct pol_atoms atoms;

    if (!pol_atoms_init(&atoms, p, d->arena) || !pol_boxes_init(&boxes, BOXES, d->arena) ||
        !pol_boxes_init(&scratch, BOXES, d->arena))
        return false;
    for (unsigned r = 0; r < p->rules; r++) {
        boxes.n = scratch.n = 0;
        boxes.overflow = scratch.overflow = false;
        pol_boxes_of(&atoms, p->rule[r].cond, &boxes, &scratch);
        for (unsigned i = 0; i < boxes.n; i++) {
            if (!pol_box_payment(&atoms, &boxes.box[i], d->x, d->arena))
                continue;
            if (side == 1) { /* numbers of providers and commitments are another policy's */
                struct pol_facts own = d->x->facts;

                for (unsigned k = 0; k < p->providers; k++) {
                    unsigned zero = same_provider(d, k);

                    if (zero < LIMIT_PROVIDERS)
                        d->x->facts.provider[zero] = own.provider[k];
                }
            }
            if (!compare(d))
                return false;
        }
    }
    return true;
}

enum err pol_diff(const struct pol_program *a, const struct pol_program *b, uint64_t seed,
                  unsigned rounds, struct arena *arena, struct pol_diff *out)
{
    struct diff d = { .side = { a, b }, .out = out, .arena = arena, .rng = rng_of(seed) };

    *out = (struct pol_diff){ .tried = 0 };
    d.constant = ARENA_NEWS(arena, struct constant, CONSTANTS);
    d.x = ARENA_NEW(arena, struct pol_bound);
    d.plain = ARENA_NEW(arena, struct pol_bound);
    d.try_ = ARENA_NEW(arena, struct pol_bound);
    if (d.constant == NULL || d.x == NULL || d.plain == NULL || d.try_ == NULL)
        return E_LIMIT;
    gather(&d, a);
    gather(&d, b);
    if (!directed_payments(&d, 0) || !directed_payments(&d, 1) || !random_payments(&d, rounds))
        return E_LIMIT;
    return OK;
}

static bool has_rule(const struct pol_program *p, const char *name)
{
    for (unsigned i = 0; i < p->rules; i++) {
        if (strcmp(p->rule[i].name, name) == 0)
            return true;
    }
    return false;
}

void pol_renamed(const struct pol_program *before, const struct pol_program *now,
                 struct pol_report *report)
{
    for (unsigned i = 0; i < now->rules; i++) {
        const struct pol_rule_code *r = &now->rule[i];

        if (r->implicit_salt && !has_rule(before, r->name))
            pol_say_help(pol_say(report, POL_W_SALT, r->at,
                                 "rule \"%.80s\" deals customers by its name, which is new",
                                 r->name),
                         "if it was renamed, write the old name as `salt \"…\"`");
    }
    pol_report_sort(report);
}
