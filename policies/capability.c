/* policies/capability.c -- `retry … to PROVIDER`: can that provider take such a payment at all? */
#include "policies/box.h"
#include "routing/provider.h"

enum { BOXES = 64 };

/* Values of a slot that a provider takes too; bit 0, an unknown value, may be anything. */
static bool meets(const uint64_t *slot, const uint64_t *taken, unsigned words)
{
    if ((slot[0] & 1) != 0)
        return true;
    for (unsigned i = 0; i < words; i++) {
        if ((slot[i] & taken[i]) != 0)
            return true;
    }
    return false;
}

/* What of the box's payments the provider does not take; NULL: it takes some of them. */
static const char *lacks(const struct rt_provider *p, const struct pol_box *box)
{
    uint64_t brands = p->brands, methods = (uint64_t)p->methods << 1;

    if (!meets(box->slot[POL_SLOT_CURRENCY], p->currencies, 4))
        return "currency";
    if (!meets(box->slot[POL_SLOT_BRAND], &brands, 1))
        return "brand";
    return meets(box->slot[POL_SLOT_PAYMENT_METHOD], &methods, 1) ? NULL : "payment_method";
}

static void say(struct pol_bench *b, struct pol_word to, const char *what)
{
    struct pol_finding *f;

    if (what[0] == '\0')
        f = pol_say(b->report, POL_E_RETRY, to.at, "`%.*s` can not take payments",
                    SPAN_ARG(to.text));
    else
        f = pol_say(b->report, POL_E_RETRY, to.at,
                    "`%.*s` can take none of these payments: not with that %s", SPAN_ARG(to.text),
                    what);
    pol_say_help(f, "name another provider, or write `to next`");
}

static void check(struct pol_bench *b, const struct pol_retry_code *r, struct pol_atoms *atoms,
                  struct pol_boxes *out, struct pol_boxes *scratch)
{
    const struct rt_provider *p = &b->env->facts[r->to - 1];
    const char *what = NULL;

    if ((p->ops >> RT_AUTHORIZE & 1) == 0) {
        say(b, r->ast->to, "");
        return;
    }
    out->n = scratch->n = 0;
    out->overflow = scratch->overflow = false;
    pol_boxes_of(atoms, r->cond, out, scratch);
    for (unsigned i = 0; i < out->n; i++) {
        if ((what = lacks(p, &out->box[i])) == NULL)
            return;
    }
    if (!out->overflow && what != NULL)
        say(b, r->ast->to, what);
}

void pol_check_capability(struct pol_bench *b)
{
    struct pol_boxes out, scratch;
    struct pol_atoms atoms;

    if (b->env->facts == NULL || b->p->retries == 0)
        return;
    if (!pol_atoms_init(&atoms, b->p, b->arena) || !pol_boxes_init(&out, BOXES, b->arena) ||
        !pol_boxes_init(&scratch, BOXES, b->arena)) {
        b->no_memory = true;
        return;
    }
    for (unsigned i = 0; i < b->p->retries; i++) {
        if (b->p->retry[i].to > 0)
            check(b, &b->p->retry[i], &atoms, &out, &scratch);
    }
}
