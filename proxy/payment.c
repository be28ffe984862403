/* proxy/payment.c */
#include "proxy/payment.h"

#include <stdlib.h>
#include <string.h>

#include "proxy/clock.h"
#include "proxy/crypto.h"
#include "proxy/intake.h"
#include "proxy/payment_inside.h"
#include "proxy/problem.h"
#include "proxy/snapshot.h"
#include "routing/base/check.h"

enum { LETTER_MEMORY = 256 * 1024 };

struct px_payment *px_pay_of(void *opaque)
{
    struct px_payment *p = opaque;

    CHECK(p != NULL);
    CHECK(p->magic == PX_PAYMENT_MAGIC);
    return p;
}

const struct px_provider_config *px_pay_seat(const struct px_payment *p, unsigned leg)
{
    CHECK(leg < p->plan.legs);
    return &p->desk->config->provider[p->plan.leg[leg].provider];
}

const struct rt_provider *px_pay_provider(const struct px_payment *p, unsigned leg)
{
    CHECK(leg < p->plan.legs);
    return &p->desk->config->facts[p->plan.leg[leg].provider];
}

struct rt_judgement *px_pay_judged(const struct px_payment *p)
{
    CHECK(p->judged[p->rec.leg] != NULL);
    return p->judged[p->rec.leg];
}

static void on_timer(struct ev_loop *loop, ev_timer *w, int revents)
{
    struct px_payment *p = px_pay_of(w->data);

    (void)loop;
    (void)revents;
    px_pay_feed_kind(p, RT_EV_TIMER);
}

static void on_patience(struct ev_loop *loop, ev_timer *w, int revents)
{
    struct px_payment *p = px_pay_of(w->data);

    (void)loop;
    (void)revents;
    if (p->flying)
        px_pay_feed_kind(p, RT_EV_IMPATIENT);
}

struct px_payment *px_pay_enter(struct px_desk *d, struct px_request *req)
{
    struct px_payment *p = calloc(1, sizeof *p);

    if (p == NULL)
        return NULL;
    p->magic = PX_PAYMENT_MAGIC;
    p->desk = d;
    p->req = req;
    if (req == NULL)
        arena_init(&p->own_, NULL, 0, px_heap(), LIMIT_ARENA);
    arena_init(&p->letter_arena_, NULL, 0, px_heap(), LETTER_MEMORY);
    p->arena = req == NULL ? &p->own_ : &req->arena;
    p->soft_before = -1;
    ev_init(&p->timer, on_timer);
    ev_init(&p->patience, on_patience);
    ev_set_priority(&p->patience, EV_MINPRI); /* what has come is read first */
    p->timer.data = p->patience.data = p;
    p->snapshot = px_snapshot_ref(d->snapshot);
    p->next_ = d->flying;
    p->prev_ = &d->flying;
    if (p->next_ != NULL)
        p->next_->prev_ = &p->next_;
    d->flying = p;
    d->flights++;
    return p;
}

void px_pay_leave(struct px_payment *p)
{
    struct px_desk *d = p->desk;
    struct px_request *req = p->req;
    void (*on_end)(void *) = p->on_end;
    void *ctx = p->on_end_ctx;

    CHECK(!p->letter_out);
    if (p->ask != NULL)
        px_ask_forget(p->ask);
    px_pay_unwatch(p);
    ev_timer_stop(d->loop, &p->timer);
    ev_timer_stop(d->loop, &p->patience);
    *p->prev_ = p->next_;
    if (p->next_ != NULL)
        p->next_->prev_ = p->prev_;
    d->flights--;
    arena_fini(&p->letter_arena_);
    if (req == NULL)
        arena_fini(&p->own_);
    px_snapshot_unref(p->snapshot);
    secret_wipe(p, sizeof *p);
    free(p);
    if (req != NULL)
        px_request_done(req);
    if (on_end != NULL)
        on_end(ctx);
}

/* The facts of the wish that outlive it. */
static enum err record_of(struct px_payment *p, const struct px_decision *d)
{
    struct px_record *r = &p->rec;
    const struct rt_payment *pay = &d->wish->pay;

    r->created_ms = r->updated_ms = px_unix_ms();
    px_id_make(r->created_ms, r->id);
    if (d->parent != NULL)
        memcpy(r->parent, d->parent->id, sizeof r->parent);
    if (span_copyz(pay->merchant, r->merchant, sizeof r->merchant) != OK ||
        span_copyz(d->wish->key, r->key, sizeof r->key) != OK ||
        span_copyz(pay->order, r->order, sizeof r->order) != OK ||
        span_copyz(pay->provider_payment_id, r->provider_payment_id,
                   sizeof r->provider_payment_id) != OK)
        return E_LIMIT;
    memcpy(r->fingerprint, d->fingerprint, sizeof r->fingerprint);
    r->op = pay->op;
    r->amount = pay->amount;
    r->capture_now = pay->capture_now;
    r->by_merchant = pay->initiator == RT_BY_MERCHANT;
    r->method = pay->method;
    r->brand = pay->brand;
    r->bin6 = pay->bin6;
    memcpy(r->last4, pay->last4, sizeof r->last4);
    for (unsigned i = 0; i < p->plan.legs; i++) {
        if (span_copyz(span_str(px_pay_provider(p, i)->name), r->plan[i], sizeof r->plan[i]) != OK)
            return E_LIMIT;
    }
    return OK;
}

void px_payment_begin(struct px_desk *desk, struct px_request *req, const struct px_decision *d)
{
    struct px_payment *p = px_pay_enter(desk, req);
    struct diag why = { 0 };

    if (p == NULL) {
        struct px_message m;
        struct px_fault f;

        (void)px_fault_at(&f, PX_FAULT_OVERLOADED, NULL);
        px_problem(&f, d->request_id, &req->arena, &m);
        px_respond(req, &m);
        px_request_done(req);
        return;
    }
    p->pay = d->wish->pay;
    p->plan = d->plan;
    p->verdict = d->verdict;
    p->card = d->card;
    p->commits = d->commits;
    p->note = d->note;
    p->request_id = d->request_id;
    p->policy_ns = d->took_ns;
    if (record_of(p, d) != OK || px_pay_open_attempt(p, 0) != OK ||
        px_pay_prepare(p, 0, &why) != OK) {
        struct px_fault f;

        (void)px_fault_at(&f, PX_FAULT_NO_ROUTE, NULL);
        if (why.text[0] != '\0')
            (void)px_fault_say(&f, "%s", why.text);
        px_pay_respond_fault(p, &f);
        px_pay_leave(p);
        return;
    }
    ev_timer_set(&p->patience, desk->config->rules.patience_ms / 1e3, 0.);
    ev_timer_start(desk->loop, &p->patience);
    p->letter.wait_ms = desk->config->rules.attach_wait_ms;
    p->letter.attempt = &p->attempt[0];
    p->letter.attempts = 1;
    px_pay_send_letter(p, PX_CALL_BEGIN);
}

/* The record's facts as a wish again; what a card says is not among them. */
static void pay_from_record(struct px_payment *p)
{
    const struct px_record *r = &p->rec;
    struct rt_payment *pay = &p->pay;

    pay->op = r->op;
    pay->amount = r->amount;
    pay->capture_now = r->capture_now;
    pay->method = r->method;
    pay->brand = r->brand;
    pay->bin6 = r->bin6;
    memcpy(pay->last4, r->last4, sizeof pay->last4);
    pay->merchant = span_str(r->merchant);
    pay->order = span_str(r->order);
    pay->provider_payment_id = span_str(r->provider_payment_id);
}

void px_payment_reconcile(struct px_desk *d, const struct px_record *r, void (*on_end)(void *ctx),
                          void *ctx)
{
    struct px_payment *p = px_pay_enter(d, NULL);

    if (p == NULL) {
        on_end(ctx);
        return;
    }
    p->on_end = on_end;
    p->on_end_ctx = ctx;
    p->rec = *r;
    pay_from_record(p);
    px_pay_send_letter(p, PX_CALL_CLAIM);
}

void px_payment_abandon_all(struct px_desk *d)
{
    struct rt_command unknown = { .kind = RT_DO_ANSWER, .outcome = RT_UNKNOWN };

    for (struct px_payment *p = d->flying; p != NULL; p = p->next_) {
        if (p->flying)
            px_pay_answer(p, &unknown);
    }
}
