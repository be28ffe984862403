/* loadtest/fire/payment.c -- what is asked of the gateway, and what it said. */
#include <string.h>

#include "loadtest/fire/fire.h"

static int64_t amount_draw(struct fire *f, const struct fire_kind *k)
{
    const struct fire_aim *a = &f->aim;
    int64_t v = a->amount_low +
                (int64_t)rng_below(&f->dice, (uint64_t)(a->amount_high - a->amount_low) + 1);

    if (k->ending >= 0)
        return v - v % 10000 + k->ending;
    /* pspsim gives amounts that end in 99xx a meaning; only those who ask for it shall meet it. */
    return v % 10000 >= 9900 ? v - 100 : v;
}

static unsigned kind_draw(struct fire *f)
{
    uint64_t at = rng_below(&f->dice, f->aim.weights);

    for (unsigned i = 0; i < f->aim.kinds; i++) {
        if (at < f->aim.kind[i].weight)
            return i;
        at -= f->aim.kind[i].weight;
    }
    return 0;
}

/* Metadata of values that every provider takes, until the body is as long as was asked for. */
static void fill_up(struct lt_out *o, size_t size)
{
    static const char filler[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    enum { MEMBER = sizeof "\"p00\":\"\"," - 1, CLOSING = sizeof ",\"metadata\":{}}" - 1 };
    size_t left = size > o->n + CLOSING ? size - o->n - CLOSING : 0;

    if (left < MEMBER)
        return;
    lt_z(o, ",\"metadata\":{");
    for (unsigned i = 0; i < 20 && left >= MEMBER; i++) {
        size_t frame = i > 0 ? MEMBER : MEMBER - 1; /* no comma before the first */
        size_t n = left - frame < sizeof filler - 1 ? left - frame : sizeof filler - 1;

        lt_fmt(o, "%s\"p%02u\":\"%.*s\"", i > 0 ? "," : "", i, (int)n, filler);
        left -= n + frame;
    }
    lt_byte(o, '}');
}

void fire_payment_write(struct fire_job *j)
{
    struct fire *f = j->fire;
    const struct fire_aim *a = &f->aim;
    struct lt_out *o = &j->body;
    const char *card;

    (void)snprintf(j->key, sizeof j->key, "fire-%016llx-%08llu", (unsigned long long)a->seed,
                   (unsigned long long)j->number);
    o->n = 0;
    j->kind = kind_draw(f);
    j->amount = amount_draw(f, &a->kind[j->kind]);
    if (f->fixed_body.n > 0) {
        lt_put(o, lt_out_span(&f->fixed_body));
        return;
    }
    card = a->kind[j->kind].card;
    lt_fmt(o, "{\"amount\":%lld,\"currency\":\"%s\",\"capture\":\"%s\",", (long long)j->amount,
           a->currency, a->manual ? "manual" : "automatic");
    lt_fmt(o,
           "\"payment_method\":{\"type\":\"card\",\"card\":{\"number\":\"%s\",\"exp_month\":12,"
           "\"exp_year\":2040,\"cvc\":\"%s\",\"name\":\"Ada Example\"}},",
           card, strlen(card) == 15 ? "1234" : "123");
    lt_fmt(o, "\"order\":\"%s-%llu\",\"return_url\":\"https://shop.example/return\"", a->order,
           (unsigned long long)j->number);
    fill_up(o, a->size);
    lt_byte(o, '}');
}

static void count(struct fire_tally *t, int status, struct span state)
{
    if (status > 0 && status < FIRE_STATUSES)
        t->status[status]++;
    if (span_is(state, "approved") || span_is(state, "captured"))
        t->approved++;
    else if (span_is(state, "declined"))
        t->declined++;
    else if (span_is(state, "processing"))
        t->processing++;
    else
        t->other++;
}

/* How each attempt ended: provider, evidence, reason. */
static void attempts(struct lt_out *o, const struct lt_tree *t, const struct lt_node *root)
{
    const struct lt_node *list = lt_get(t, root, "attempts");

    lt_z(o, ",\"attempts\":[");
    if (list != NULL && list->kind == LT_ARRAY) {
        for (const struct lt_node *a = lt_child(t, list); a != NULL; a = lt_next(t, a)) {
            lt_z(o, a == lt_child(t, list) ? "{" : ",{");
            lt_member_span(o, "provider", lt_text(t, a, "provider"));
            lt_member_span(o, "evidence", lt_text(t, a, "evidence"));
            lt_member_span(o, "reason", lt_text(t, a, "reason"));
            lt_byte(o, '}');
        }
    }
    lt_byte(o, ']');
}

static void line(struct fire_job *j, bool answered, const struct lt_tree *t,
                 const struct lt_node *root)
{
    struct fire *f = j->fire;
    const char *card = f->aim.kind[j->kind].card;
    const struct lt_node *error = lt_get(t, root, "error");
    struct lt_out o = { 0 };

    lt_byte(&o, '{');
    lt_member_z(&o, "key", j->key);
    lt_member_num(&o, "n", (int64_t)j->number);
    lt_member_num(&o, "amount", j->amount);
    lt_member_z(&o, "currency", f->aim.currency);
    lt_member_z(&o, "last4", card + strlen(card) - 4);
    lt_member_num(&o, "tries", j->tries);
    lt_member_num(&o, "lost", j->lost);
    lt_member_bool(&o, "answered", answered);
    lt_member_num(&o, "http", answered ? j->status : 0);
    lt_member_bool(&o, "replayed", j->replayed);
    lt_member_span(&o, "id", lt_text(t, root, "id"));
    lt_member_span(&o, "status", lt_text(t, root, "status"));
    lt_member_span(&o, "provider", lt_text(t, root, "provider"));
    lt_member_span(&o, "policy", lt_text(t, lt_get(t, root, "decision"), "policy"));
    lt_member_span(&o, "outcome", lt_text(t, root, "outcome"));
    lt_member_span(&o, "error", lt_text(t, error, "code"));
    lt_member_num(&o, "latency_us", (fire_now_ns() - j->due_ns) / 1000);
    lt_member_num(&o, "due_us", j->due_ns / 1000);
    attempts(&o, t, root);
    lt_z(&o, "}\n");
    (void)fwrite(o.p, 1, o.n, f->record);
    lt_out_fini(&o);
}

void fire_payment_note(struct fire_job *j, bool answered)
{
    struct fire *f = j->fire;
    struct lt_tree *t = &f->tree;
    bool read = answered && j->answer.n > 0 && lt_tree_json(t, j->answer.p, j->answer.n);
    const struct lt_node *root = read && lt_root(t)->kind == LT_OBJECT ? lt_root(t) : NULL;

    if (answered)
        count(&f->tally, j->status, lt_text(t, root, "status"));
    if (f->record != NULL)
        line(j, answered, t, root);
}
