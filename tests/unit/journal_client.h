/* tests/unit/journal_client.h -- the journal, called as if it answered at once. */
#ifndef JOURNAL_CLIENT_H
#define JOURNAL_CLIENT_H
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/journal.h"
#include "routing/base/check.h"

enum { CALL_MEMORY = 1 << 20 };

/* A client with a mailbox of its own; the test's thread reads it. */
struct client {
    struct px_journal *journal;
    struct px_mailbox *box;
    const char *path; /* NULL: in memory */
    unsigned lives, ids, keys_in_memory;
    struct rt_reattempt_limits reattempts; /* none */
    int64_t now_ms;
};

struct call {
    struct px_journal_letter l; /* first member */
    struct arena arena;
    struct px_attempt attempt[2];
    bool back;
};

static inline void *client_get(void *ctx, size_t n)
{
    (void)ctx;
    return malloc(n);
}

static inline void client_put(void *ctx, void *block, size_t n)
{
    (void)ctx;
    (void)n;
    free(block);
}

static const struct arena_source client_heap = { client_get, client_put, NULL };

static inline void client_came_back(void *ctx, struct px_journal_letter *l)
{
    struct call *c = ctx;

    (void)l;
    CHECK(!c->back);
    c->back = true;
}

static inline enum err client_open(struct client *c, struct diag *why)
{
    char owner[40];
    struct px_journal_config config = { .path = c->path,
                                        .owner = owner,
                                        .reattempts = c->reattempts,
                                        .keys_in_memory = c->keys_in_memory };

    snprintf(owner, sizeof owner, "life %u", ++c->lives);
    if (c->box == NULL)
        c->box = px_mailbox_create(NULL, NULL, NULL);
    if (c->now_ms == 0)
        c->now_ms = 1790000000000;
    return px_journal_open(&config, &c->journal, why);
}

static inline void client_close(struct client *c)
{
    px_journal_close(c->journal);
    c->journal = NULL;
}

static inline void client_fini(struct client *c)
{
    client_close(c);
    px_mailbox_destroy(c->box);
}

static inline void call_init(struct client *c, struct call *k, enum px_call call)
{
    memset(k, 0, sizeof *k);
    arena_init(&k->arena, NULL, 0, &client_heap, CALL_MEMORY);
    k->l.call = call;
    k->l.reply_to = c->box;
    k->l.on_said = client_came_back;
    k->l.ctx = k;
    k->l.arena = &k->arena;
    k->l.now_ms = c->now_ms;
    k->l.attempt = k->attempt;
}

static inline void call_fini(struct call *k)
{
    arena_fini(&k->arena);
}

static inline void call_send(struct client *c, struct call *k)
{
    k->back = false;
    CHECK(px_journal_send(c->journal, &k->l));
}

/* Reads the mailbox once; false if nothing came within the time. */
static inline bool client_read(struct client *c, int timeout_ms)
{
    struct px_letter *l = px_mailbox_wait_for(c->box, timeout_ms), *next;

    if (l == NULL)
        return false;
    for (; l != NULL; l = next) {
        next = l->next_;
        px_journal_on_letter(NULL, l);
    }
    return true;
}

static inline enum px_said call_wait(struct client *c, struct call *k)
{
    while (!k->back)
        CHECK(client_read(c, 10000));
    return k->l.said;
}

static inline enum px_said call_now(struct client *c, struct call *k)
{
    call_send(c, k);
    return call_wait(c, k);
}

static inline currency eur(void)
{
    return currency_find(SPAN("EUR"));
}

/* ---- letters as the payment path writes them ---- */

static inline void new_id(struct client *c, char id[PX_ID])
{
    snprintf(id, PX_ID, "01TEST%020u", ++c->ids % 1000000000U);
}

static inline void say_payment(struct client *c, struct call *k, const char *key, int64_t minor)
{
    struct px_record *r = &k->l.record;

    call_init(c, k, PX_CALL_BEGIN);
    new_id(c, r->id);
    snprintf(r->merchant, sizeof r->merchant, "shop");
    snprintf(r->key, sizeof r->key, "%s", key);
    memset(r->fingerprint, key[0], sizeof r->fingerprint);
    memset(r->request_mac, 7, sizeof r->request_mac);
    r->op = RT_AUTHORIZE;
    r->amount = (struct money){ minor, eur() };
    snprintf(r->plan[0], sizeof r->plan[0], "adyen");
    snprintf(r->plan[1], sizeof r->plan[1], "stripe");
    r->method = RT_CARD;
    r->brand = RT_VISA;
    r->bin6 = 424242;
    snprintf(r->last4, sizeof r->last4, "4242");
    snprintf(r->order, sizeof r->order, "order-%.200s", key);
}

static inline void say_operation(struct client *c, struct call *k, const struct px_record *parent,
                                 enum rt_op op, const char *key, int64_t minor)
{
    struct px_record *r = &k->l.record;

    call_init(c, k, PX_CALL_BEGIN);
    new_id(c, r->id);
    memcpy(r->parent, parent->id, sizeof r->parent);
    memcpy(r->merchant, parent->merchant, sizeof r->merchant);
    snprintf(r->key, sizeof r->key, "%s", key);
    memset(r->fingerprint, key[0], sizeof r->fingerprint);
    r->op = op;
    r->amount = (struct money){ minor, CURRENCY_NONE };
    memcpy(r->plan[0], parent->plan[parent->leg], sizeof r->plan[0]);
}

/* The end of the leg that r is on. */
static inline void say_end(struct client *c, struct call *k, enum rt_outcome outcome,
                           const char *evidence)
{
    const struct px_record *r = &k->l.record;
    struct px_attempt *a = &k->attempt[0];

    memset(a, 0, sizeof *a);
    a->leg = r->leg;
    memcpy(a->provider, r->plan[r->leg], sizeof a->provider);
    rt_attempt_ref(span_str(r->id), r->leg, a->ref);
    a->promised_ms = r->leg_ms;
    a->ended_ms = c->now_ms;
    a->copies = 1;
    snprintf(a->evidence, sizeof a->evidence, "%s", evidence);
    a->outcome = outcome;
    a->status = outcome == RT_UNKNOWN ? 0 : 200;
    k->l.attempts = 1;
}

static inline void say_settle(struct client *c, struct call *k, const struct px_record *of,
                              enum px_standing standing, enum rt_outcome outcome,
                              enum rt_state state)
{
    struct px_record *r = &k->l.record;

    call_init(c, k, PX_CALL_SETTLE);
    *r = *of;
    r->standing = standing;
    r->outcome = outcome;
    r->state = state;
    r->status = outcome == RT_UNKNOWN ? 202 : 200;
    r->answer = SPAN("{\"status\":\"told\"}");
    say_end(c, k, outcome, outcome == RT_UNKNOWN ? "in_doubt" : "answered");
}

static inline void say_next(struct client *c, struct call *k, const struct px_record *of)
{
    call_init(c, k, PX_CALL_NEXT);
    k->l.record = *of;
    say_end(c, k, RT_DECLINED, "answered");
    k->l.record.leg++;
    memset(k->l.record.request_mac, 9, PX_MAC);
}

static inline void say_id(struct client *c, struct call *k, enum px_call call, const char *id)
{
    call_init(c, k, call);
    snprintf(k->l.record.id, PX_ID, "%s", id);
}

/* ---- and at once ---- */

static inline enum px_said begin_payment(struct client *c, const char *key, int64_t minor,
                                         struct px_record *out)
{
    struct call k;
    enum px_said said;

    say_payment(c, &k, key, minor);
    said = call_now(c, &k);
    if (out != NULL) {
        *out = k.l.record;
        out->answer = SPAN_NONE;
    }
    call_fini(&k);
    return said;
}

/* code: what a CONFLICT says; may be NULL. */
static inline enum px_said begin_operation(struct client *c, const struct px_record *parent,
                                           enum rt_op op, const char *key, int64_t minor,
                                           struct px_record *out, enum rt_code *code)
{
    struct call k;
    enum px_said said;

    say_operation(c, &k, parent, op, key, minor);
    k.l.record.full = minor == 0;
    said = call_now(c, &k);
    if (out != NULL) {
        *out = k.l.record;
        out->answer = SPAN_NONE;
    }
    if (code != NULL)
        *code = k.l.code;
    call_fini(&k);
    return said;
}

static inline enum px_said settle(struct client *c, const struct px_record *of,
                                  enum px_standing standing, enum rt_outcome outcome,
                                  enum rt_state state)
{
    struct call k;
    enum px_said said;

    say_settle(c, &k, of, standing, outcome, state);
    said = call_now(c, &k);
    call_fini(&k);
    return said;
}

static inline enum px_said claim(struct client *c, const char *id, struct px_record *out)
{
    struct call k;
    enum px_said said;

    say_id(c, &k, PX_CALL_CLAIM, id);
    said = call_now(c, &k);
    *out = k.l.record;
    out->answer = SPAN_NONE;
    call_fini(&k);
    return said;
}

/* The record as it stands. */
static inline struct px_record load(struct client *c, const char *id)
{
    struct call k;
    struct px_record r;

    say_id(c, &k, PX_CALL_LOAD, id);
    CHECK(call_now(c, &k) == PX_SAID_OK);
    r = k.l.record;
    r.answer = SPAN_NONE;
    call_fini(&k);
    return r;
}
#endif
