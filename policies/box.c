/* policies/box.c */
#include "policies/box.h"

#include <string.h>

enum { ATOMS_MAX = 4096, RANGES_MAX = 24 };

bool pol_boxes_init(struct pol_boxes *b, unsigned max, struct arena *a)
{
    *b = (struct pol_boxes){ .box = ARENA_NEWS(a, struct pol_box, max), .max = max };
    return b->box != NULL;
}

bool pol_atoms_init(struct pol_atoms *t, const struct pol_program *p, struct arena *a)
{
    *t = (struct pol_atoms){ .p = p, .max = ATOMS_MAX };
    t->ins = ARENA_NEWS(a, const struct pol_ins *, ATOMS_MAX);
    return t->ins != NULL;
}

static void everything(struct pol_box *b)
{
    memset(b, 0, sizeof *b);
    for (unsigned s = 0; s < POL_SLOTS_; s++) {
        for (unsigned v = 0; v < pol_slot_count((enum pol_slot)s); v++)
            b->slot[s][v / 64] |= UINT64_C(1) << v % 64;
    }
    b->least = INT64_MIN;
    b->most = INT64_MAX;
    b->bin_hi = UINT64_MAX;
}

static struct pol_box *add(struct pol_boxes *b, const struct pol_box *x)
{
    if (b->n == b->max) {
        b->overflow = true;
        return &b->box[b->max - 1];
    }
    b->box[b->n] = *x;
    return &b->box[b->n++];
}

/* ---- atoms ---- */

static bool same_values(const struct pol_program *p, const struct pol_ins *x,
                        const struct pol_ins *y)
{
    if (x->op == POL_OP_TEXT || x->op == POL_OP_PREFIX)
        return span_eq(p->text[x->set], p->text[y->set]);
    if (x->op == POL_OP_REGEX || x->op == POL_OP_BIN_REGEX)
        return span_eq(p->regex[x->set].text, p->regex[y->set].text);
    if (x->op == POL_OP_BIN)
        return memcmp(&p->pair[x->set], &p->pair[y->set], x->n * sizeof *p->pair) == 0;
    for (uint32_t i = 0; x->op == POL_OP_TEXTS && i < x->n; i++) {
        if (!span_eq(p->text[p->pair[x->set + i].hi], p->text[p->pair[y->set + i].hi]))
            return false;
    }
    return x->op == POL_OP_TEXTS || x->set == y->set;
}

static bool same(const struct pol_program *p, const struct pol_ins *x, const struct pol_ins *y)
{
    return x->op == y->op && x->a == y->a && x->b == y->b && x->n == y->n && x->lo == y->lo &&
           x->hi == y->hi && same_values(p, x, y);
}

static unsigned atom_of(struct pol_atoms *t, const struct pol_ins *ins)
{
    for (unsigned i = 0; i < t->n; i++) {
        if (same(t->p, t->ins[i], ins))
            return i;
    }
    if (t->n == t->max)
        return t->max;
    t->ins[t->n] = ins;
    return t->n++;
}

static uint8_t mask_of(const struct pol_box *b, unsigned atom)
{
    for (unsigned i = 0; i < b->atoms; i++) {
        if (b->atom[i].atom == atom)
            return b->atom[i].mask;
    }
    return POL_ATOM_TRUE | POL_ATOM_FALSE | POL_ATOM_UNKNOWN;
}

/* False: no room. */
static bool set_mask(struct pol_box *b, unsigned atom, uint8_t mask)
{
    for (unsigned i = 0; i < b->atoms; i++) {
        if (b->atom[i].atom == atom) {
            b->atom[i].mask = mask;
            return true;
        }
    }
    if (b->atoms == POL_BOX_ATOMS)
        return false;
    b->atom[b->atoms].atom = (uint16_t)atom;
    b->atom[b->atoms++].mask = mask;
    return true;
}

/* ---- conditions ---- */

static void amount_boxes(const struct pol_ins *ins, struct pol_boxes *out)
{
    struct pol_box b;

    everything(&b);
    memset(b.slot[POL_SLOT_CURRENCY], 0, sizeof b.slot[POL_SLOT_CURRENCY]);
    b.slot[POL_SLOT_CURRENCY][ins->n / 64] = UINT64_C(1) << ins->n % 64;
    if (!ins->neg) {
        b.least = ins->lo;
        b.most = ins->hi;
        (void)add(out, &b);
        return;
    }
    if (ins->lo > INT64_MIN) {
        b.most = ins->lo - 1;
        (void)add(out, &b);
    }
    if (ins->hi < INT64_MAX) {
        b.least = ins->hi + 1;
        b.most = INT64_MAX;
        (void)add(out, &b);
    }
}

static void leaf_boxes(struct pol_atoms *t, const struct pol_ins *ins, struct pol_boxes *out)
{
    struct pol_box b;
    unsigned atom;

    if (ins->op == POL_OP_AMOUNT) {
        amount_boxes(ins, out);
        return;
    }
    everything(&b);
    if (ins->op == POL_OP_SLOT) {
        memcpy(b.slot[ins->a], &t->p->bits[(size_t)ins->set * POL_SET_WORDS],
               sizeof b.slot[ins->a]);
        (void)add(out, &b);
    } else if (ins->op == POL_OP_BIN && !ins->neg && ins->n <= RANGES_MAX) {
        b.bin_known = true;
        for (uint32_t i = 0; i < ins->n; i++) {
            b.bin_lo = t->p->pair[ins->set + i].lo;
            b.bin_hi = t->p->pair[ins->set + i].hi;
            (void)add(out, &b);
        }
    } else {
        atom = atom_of(t, ins);
        if (atom == t->max || !set_mask(&b, atom, ins->neg ? POL_ATOM_FALSE : POL_ATOM_TRUE))
            out->overflow = true;
        (void)add(out, &b);
    }
}

/* Boxes [from, out->n) and those of n, each with each. */
static void meet_all(struct pol_atoms *t, const struct pol_node *n, struct pol_boxes *out,
                     unsigned from, struct pol_boxes *scratch)
{
    unsigned mark = scratch->n, kid, kids;
    struct pol_box both;

    for (unsigned i = from; i < out->n; i++)
        (void)add(scratch, &out->box[i]);
    kid = scratch->n;
    pol_boxes_of(t, n, scratch, out);
    kids = scratch->n;
    out->n = from;
    for (unsigned i = mark; i < kid; i++) {
        for (unsigned k = kid; k < kids; k++) {
            if (pol_box_meet(&scratch->box[i], &scratch->box[k], &both))
                (void)add(out, &both);
            else if (both.atoms == POL_BOX_ATOMS)
                out->overflow = true; /* for want of room, perhaps */
        }
    }
    scratch->n = mark;
    out->overflow = out->overflow || scratch->overflow;
}

void pol_boxes_of(struct pol_atoms *t, const struct pol_node *n, struct pol_boxes *out,
                  struct pol_boxes *scratch)
{
    unsigned from = out->n;
    struct pol_box all;

    if (n == NULL || n->kind == POL_C_AND) {
        everything(&all);
        (void)add(out, &all);
        for (const struct pol_node *k = n == NULL ? NULL : n->kids; k != NULL && !out->overflow;
             k = k->next)
            meet_all(t, k, out, from, scratch);
    } else if (n->kind == POL_C_TEST) {
        leaf_boxes(t, &n->ins, out);
    } else {
        for (const struct pol_node *k = n->kids; k != NULL && !out->overflow; k = k->next)
            pol_boxes_of(t, k, out, scratch);
    }
}

/* ---- meeting and subtracting ---- */

static bool any_bit(const uint64_t *set)
{
    uint64_t all = 0;

    for (unsigned i = 0; i < POL_SET_WORDS; i++)
        all |= set[i];
    return all != 0;
}

bool pol_box_meet(const struct pol_box *a, const struct pol_box *b, struct pol_box *out)
{
    *out = *a;
    for (unsigned s = 0; s < POL_SLOTS_; s++) {
        for (unsigned i = 0; i < POL_SET_WORDS; i++)
            out->slot[s][i] &= b->slot[s][i];
        if (!any_bit(out->slot[s]))
            return false;
    }
    out->least = a->least > b->least ? a->least : b->least;
    out->most = a->most < b->most ? a->most : b->most;
    out->bin_lo = a->bin_lo > b->bin_lo ? a->bin_lo : b->bin_lo;
    out->bin_hi = a->bin_hi < b->bin_hi ? a->bin_hi : b->bin_hi;
    out->bin_known = a->bin_known || b->bin_known;
    if (out->least > out->most || out->bin_lo > out->bin_hi)
        return false;
    for (unsigned i = 0; i < b->atoms; i++) {
        uint8_t mask = b->atom[i].mask & mask_of(a, b->atom[i].atom);

        if (mask == 0 || !set_mask(out, b->atom[i].atom, mask))
            return false; /* no room: a caller that must not lose payments looks at overflow */
    }
    return true;
}

/* rest minus take along one attribute after the other: each part that sticks out is put aside, what
 * is left has less and less outside. */
static void carve(const struct pol_box *x, const struct pol_box *take, struct pol_boxes *out)
{
    struct pol_box rest = *x, part;

    for (unsigned s = 0; s < POL_SLOTS_; s++) {
        part = rest;
        for (unsigned i = 0; i < POL_SET_WORDS; i++) {
            part.slot[s][i] &= ~take->slot[s][i];
            rest.slot[s][i] &= take->slot[s][i];
        }
        if (any_bit(part.slot[s]))
            (void)add(out, &part);
    }
    if (rest.least < take->least) {
        part = rest;
        part.most = take->least - 1;
        (void)add(out, &part);
        rest.least = take->least;
    }
    if (rest.most > take->most) {
        part = rest;
        part.least = take->most + 1;
        (void)add(out, &part);
        rest.most = take->most;
    }
    if (take->bin_known && !rest.bin_known) {
        (void)add(out, &rest); /* payments without card digits: all of rest, to be careful */
        return;
    }
    if (rest.bin_lo < take->bin_lo) {
        part = rest;
        part.bin_hi = take->bin_lo - 1;
        (void)add(out, &part);
        rest.bin_lo = take->bin_lo;
    }
    if (rest.bin_hi > take->bin_hi) {
        part = rest;
        part.bin_lo = take->bin_hi + 1;
        (void)add(out, &part);
        rest.bin_hi = take->bin_hi;
    }
    for (unsigned i = 0; i < take->atoms; i++) {
        uint8_t mask = mask_of(&rest, take->atom[i].atom);

        part = rest;
        if ((mask & ~take->atom[i].mask) != 0) {
            if (!set_mask(&part, take->atom[i].atom, (uint8_t)(mask & ~take->atom[i].mask)) ||
                !set_mask(&rest, take->atom[i].atom, mask & take->atom[i].mask))
                out->overflow = true;
            (void)add(out, &part);
        }
    }
}

void pol_boxes_subtract(struct pol_boxes *from, const struct pol_box *take, struct pol_boxes *spare)
{
    struct pol_box both, *swap;

    spare->n = 0;
    for (unsigned i = 0; i < from->n; i++) {
        if (pol_box_meet(&from->box[i], take, &both))
            carve(&from->box[i], take, spare);
        else
            (void)add(spare, &from->box[i]);
    }
    swap = from->box;
    from->box = spare->box;
    spare->box = swap;
    from->n = spare->n;
    from->overflow = from->overflow || spare->overflow;
}

/* ---- one payment ---- */

static unsigned first_bit(const uint64_t *set, unsigned from)
{
    for (unsigned v = from; v < POL_SET_WORDS * 64; v++) {
        if ((set[v / 64] >> v % 64 & 1) != 0)
            return v;
    }
    return POL_SET_WORDS * 64;
}

static bool is_all(const uint64_t *set, unsigned slot)
{
    for (unsigned v = 0; v < pol_slot_count((enum pol_slot)slot); v++) {
        if ((set[v / 64] >> v % 64 & 1) == 0)
            return false;
    }
    return true;
}

/* A value that has a word, if the set asks for one. */
static void take_slots(const struct pol_box *box, struct pol_bound *x)
{
    char room[4];

    for (unsigned s = 0; s < POL_SLOTS_; s++) {
        unsigned v;

        if (is_all(box->slot[s], s))
            continue;
        for (v = first_bit(box->slot[s], 1); v < pol_slot_count((enum pol_slot)s);
             v = first_bit(box->slot[s], v + 1)) {
            if (pol_slot_word((enum pol_slot)s, v, room) != NULL)
                break;
        }
        if (v < pol_slot_count((enum pol_slot)s))
            pol_bind_word(&x->facts, (enum pol_slot)s, v);
    }
}

static void take_amount(const struct pol_box *box, struct pol_facts *f)
{
    int64_t usual = 2000;

    if (box->least == INT64_MIN && box->most == INT64_MAX)
        return;
    f->amount.minor = box->least > usual ? box->least : box->most < usual ? box->most : usual;
}

static void take_bin(const struct pol_box *box, struct pol_facts *f)
{
    uint64_t width = 100000, lo = box->bin_lo;

    if (!box->bin_known)
        return;
    for (f->bin_digits = 6; f->bin_digits < POL_BIN_DIGITS; f->bin_digits++, width /= 10) {
        uint64_t at = (lo + width - 1) / width * width;

        if (at + width - 1 <= box->bin_hi) {
            f->bin = at / width;
            return;
        }
    }
    f->bin = lo;
}

static void set_text(const struct pol_program *p, struct pol_bound *x, uint16_t text, struct span s)
{
    if (text == POL_TEXT_ISSUER)
        x->facts.issuer = s;
    else if (text == POL_TEXT_CUSTOMER)
        x->facts.customer = s;
    else if (text == POL_TEXT_MERCHANT)
        x->facts.merchant = s;
    else if (x->facts.metadata_n < POL_METAS_MAX)
        x->metadata[x->facts.metadata_n++] = (struct rt_pair){ p->meta[text - POL_TEXTS_], s };
}

static void set_provider(struct pol_facts *f, const struct pol_ins *ins, bool yes)
{
    int64_t v = ins->lo > 0 ? ins->lo : ins->hi < INT32_MAX && ins->hi >= 0 ? ins->hi : 1;
    struct pol_sight *s = &f->provider[ins->a];

    if (!yes)
        v = ins->hi < INT32_MAX ? ins->hi + 1 : ins->lo - 1;
    if (ins->b == POL_ATTR_BREAKER)
        s->breaker = v > 0 && v < POL_BREAKERS_ ? (enum pol_breaker)v : POL_BREAKER_CLOSED;
    else if (ins->b == POL_ATTR_APPROVAL)
        s->approval_ppm[ins->n] = (int32_t)v;
    else if (ins->b == POL_ATTR_LATENCY)
        s->latency_ms[ins->n] = (int32_t)v;
    else if (ins->b == POL_ATTR_VOLUME)
        s->volume_minor[ins->n] = v;
    else if (ins->b == POL_ATTR_VALUE)
        s->value_micro = pol_micro_of(v);
    else if (ins->set == 0)
        s->cost_ppm = v;
    else
        s->cost_minor = v;
}

static void set_commit(const struct pol_program *p, struct pol_facts *f, const struct pol_ins *ins,
                       bool yes)
{
    const struct pol_commit_info *c = &p->commit[ins->a].info;
    int64_t target = c->by_count ? c->payments : c->target.minor;
    unsigned pace = first_bit((uint64_t[POL_SET_WORDS]){ (uint64_t)ins->lo ^ (yes ? 0 : 7) }, 0);
    int64_t done = pace == POL_REACHED ? target : pace == POL_BEHIND ? 0 : target - 1;

    f->volume[ins->a] = (struct pol_volume){ done, done };
}

/* False: it would take guessing. */
static bool take_atom(const struct pol_program *p, const struct pol_ins *ins, bool yes,
                      struct pol_bound *x)
{
    switch ((enum pol_op)ins->op) {
    case POL_OP_TEXT:
    case POL_OP_PREFIX: set_text(p, x, ins->a, yes ? p->text[ins->set] : SPAN("other")); break;
    case POL_OP_TEXTS:
        set_text(p, x, ins->a, yes ? p->text[p->pair[ins->set].hi] : SPAN("other"));
        break;
    case POL_OP_REGEX: set_text(p, x, ins->a, SPAN("-")); return !yes;
    case POL_OP_BIN:
        x->facts.bin_digits = POL_BIN_DIGITS;
        x->facts.bin = yes ? p->pair[ins->set].lo : p->pair[ins->set + ins->n - 1].hi + 1;
        break;
    case POL_OP_BIN_REGEX: return false;
    case POL_OP_KNOWN:
        if (ins->b == POL_ATTR_METADATA ||
            pol_attribute((enum pol_attr)ins->b)->type == POL_TYPE_TEXT)
            set_text(p, x, ins->a, yes ? SPAN("some") : SPAN_NONE);
        break;
    case POL_OP_PROVIDER: set_provider(&x->facts, ins, yes); break;
    case POL_OP_COMMIT: set_commit(p, &x->facts, ins, yes); break;
    case POL_OP_SLOT:
    case POL_OP_AMOUNT:
    case POL_OP_CLOCK:
    case POL_OP_HOUR:
    case POL_OP_WEEKDAY:
    case POL_OP_SAMPLE: break; /* searched for by the caller */
    }
    return true;
}

bool pol_box_payment(const struct pol_atoms *t, const struct pol_box *box, struct pol_bound *x,
                     struct arena *a)
{
    (void)a;
    pol_bound_init(x, t->p);
    for (unsigned z = 0; z < t->p->zones; z++)
        x->facts.zone_offset_s[z] = 0;
    take_slots(box, x);
    take_amount(box, &x->facts);
    take_bin(box, &x->facts);
    for (unsigned i = 0; i < box->atoms; i++) {
        if ((box->atom[i].mask & POL_ATOM_UNKNOWN) == 0 &&
            !take_atom(t->p, t->ins[box->atom[i].atom], box->atom[i].mask == POL_ATOM_TRUE, x))
            return false;
    }
    pol_facts_settle(&x->facts);
    return true;
}
