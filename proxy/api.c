/* proxy/api.c */
#include "proxy/api.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "proxy/answer.h"
#include "proxy/clock.h"
#include "proxy/config.h"
#include "proxy/credentials.h"
#include "proxy/crypto.h"
#include "proxy/decide.h"
#include "proxy/decisions.h"
#include "proxy/desk.h"
#include "proxy/enrich.h"
#include "proxy/intake.h"
#include "proxy/journal.h"
#include "proxy/openapi.h"
#include "proxy/payment.h"
#include "proxy/problem.h"
#include "proxy/pulse.h"
#include "proxy/record_decided.h"
#include "proxy/snapshot.h"
#include "proxy/view.h"
#include "routing/base/check.h"
#include "routing/ledger.h"

/* A breaker that opened looks again after 5 s, as long as nothing else is set. */
enum { LETTER_MEMORY = 1 << 20, BACK_SOON_S = 5 };

/* A request that waits for the journal before it can go on. */
struct lookup {
    struct px_desk *desk;
    struct px_request *req;
    struct px_wish wish;
    struct px_journal_letter letter;
    struct arena memory;
};

/* What this request is called in logs and answers: the client's word for it, or ours. */
static void name_request(struct px_request *r)
{
    char id[PX_REQUEST_ID];

    if (!px_request_id(r->header, r->headers, id))
        px_id_make(px_unix_ms(), id);
    r->user = arena_str(&r->arena, span_str(id));
}

static struct span request_id(const struct px_request *r)
{
    return span_str(r->user);
}

static void answer_fault(struct px_request *r, const struct px_fault *f)
{
    struct px_message m;

    px_problem(f, request_id(r), &r->arena, &m);
    px_respond(r, &m);
    px_request_done(r);
}

static void answer_code(struct px_request *r, enum px_fault_code code)
{
    struct px_fault f;

    (void)px_fault_at(&f, code, NULL);
    answer_fault(r, &f);
}

/* ---- what needs no payment ---- */

static void answer_document(struct px_request *r, struct span body, const char *type)
{
    struct px_message m = { .status = 200, .body = body };

    px_message_add(&m, "content-type", span_str(type));
    px_message_add(&m, "cache-control", SPAN("no-cache"));
    px_respond(r, &m);
    px_request_done(r);
}

/* ---- from a wish to a payment ---- */

/* For the log of decisions; NULL: none is kept, or there is no memory for it. */
static struct px_decided *note_of(struct px_desk *d, struct px_request *r,
                                  const struct px_choice *choice)
{
    struct px_decided *note =
        d->decisions == NULL ? NULL : arena_alloc(&r->arena, px_decided_size(d->config->providers));

    if (note == NULL)
        return NULL;
    px_decided_note(choice, d->snapshot, note);
    if (span_copyz(request_id(r), note->request, sizeof note->request) != OK)
        note->request[0] = '\0';
    return note;
}

/* An operator stopped it for captures, voids, refunds and inquiries, too. */
static bool is_shut(const struct px_desk *d, unsigned provider)
{
    const struct px_toggle *word = &d->view->toggle[provider];

    return word->ops_all && (word->admin == RT_ADMIN_STOP || word->admin == RT_ADMIN_DRAIN);
}

/* Nobody can be asked now; but this may be a repetition of what was asked of somebody then, and
 * "nothing was sent" would be a lie. The journal is asked about the key before the fault is told.
 */
struct refusal {
    struct px_desk *desk;
    struct px_request *req;
    struct px_snapshot *snapshot; /* the decision's note points into it */
    struct px_decision decision;
    struct px_wish wish;
    struct px_record parent; /* operations: whose */
    struct px_fault fault;
    struct px_journal_letter letter;
    struct arena memory;
};

static void refusal_end(struct refusal *f)
{
    arena_fini(&f->memory);
    px_snapshot_unref(f->snapshot);
    secret_wipe(f, sizeof *f);
    free(f);
}

/* As it was begun: with whoever holds it. What is withheld now stays so if it has to begin anew. */
static void go_on(struct refusal *f)
{
    const struct px_record *known = &f->letter.record;
    int holder = px_desk_provider(f->desk, known->plan[known->leg]);
    struct px_decision *d = &f->decision;

    rt_plan_holder((uint8_t)(holder < 0 ? 0 : holder), &d->plan);
    d->verdict = (struct rt_verdict){ 0 };
    d->commits = 0;
    d->note = NULL;
    px_intake_fingerprint(d->wish, f->desk->keys, d->fingerprint);
    px_payment_begin(f->desk, f->req, d);
}

static void on_known(void *ctx, struct px_journal_letter *letter)
{
    struct refusal *f = ctx;

    CHECK(letter == &f->letter);
    if (letter->said == PX_SAID_OK && letter->record.standing != PX_NEVER_SENT) {
        go_on(f);
    } else if (letter->said == PX_SAID_OK || letter->said == PX_SAID_NOT_FOUND) {
        if (f->decision.note != NULL)
            px_decisions_put(f->desk->decisions, f->decision.note, f->snapshot);
        answer_fault(f->req, &f->fault);
    } else {
        answer_code(f->req, PX_FAULT_JOURNAL_UNAVAILABLE);
    }
    refusal_end(f);
}

static void refuse_if_new(struct px_desk *d, struct px_request *r,
                          const struct px_decision *decision, const struct px_fault *fault)
{
    struct refusal *f = calloc(1, sizeof *f);

    if (f == NULL) {
        answer_code(r, PX_FAULT_OVERLOADED);
        return;
    }
    f->desk = d;
    f->req = r;
    f->snapshot = px_snapshot_ref(d->snapshot);
    f->decision = *decision;
    f->wish = *decision->wish;
    f->decision.wish = &f->wish;
    if (decision->parent != NULL) {
        f->parent = *decision->parent;
        f->decision.parent = &f->parent;
    }
    f->fault = *fault;
    arena_init(&f->memory, NULL, 0, px_heap(), LETTER_MEMORY);
    f->letter.call = PX_CALL_FIND;
    f->letter.reply_to = d->mailbox;
    f->letter.on_said = on_known;
    f->letter.ctx = f;
    f->letter.arena = &f->memory;
    f->letter.now_ms = px_unix_ms();
    if (span_copyz(decision->wish->pay.merchant, f->letter.record.merchant,
                   sizeof f->letter.record.merchant) == OK &&
        span_copyz(decision->wish->key, f->letter.record.key, sizeof f->letter.record.key) == OK &&
        px_journal_send(d->journal, &f->letter))
        return;
    refusal_end(f);
    answer_code(r, PX_FAULT_JOURNAL_UNAVAILABLE);
}

/* Whom to ask, and off it goes. parent: the payment an operation belongs to, or NULL. */
static void begin(struct px_desk *d, struct px_request *r, struct px_wish *w,
                  const struct px_record *parent)
{
    struct px_decision decision = { .wish = w, .parent = parent, .request_id = request_id(r) };
    int64_t from_ns = px_now_ns();
    struct px_fault f;
    char text[160];
    struct buf why = BUF_OF(text);
    struct px_choice choice;
    struct px_known known;
    bool now;

    if (parent != NULL) {
        int holder = px_desk_provider(d, parent->plan[parent->leg]);

        if (holder < 0 || is_shut(d, (unsigned)holder)) {
            (void)px_fault_at(&f, PX_FAULT_NO_ROUTE_NOW, NULL);
            refuse_if_new(d, r, &decision, &f);
            return;
        }
        rt_plan_holder((uint8_t)holder, &decision.plan);
    } else {
        px_look_up(d->snapshot, &w->pay, &known);
        px_decide(d->snapshot,
                  &(struct px_outlook){ .pulse = d->pulse, .view = d->view, .now_ns = from_ns },
                  &w->pay, &known, w->key, px_unix_ms() / 1000, &choice);
        decision.plan = choice.plan;
        decision.verdict = choice.verdict;
        decision.card = choice.card;
        decision.commits = choice.commits;
        decision.note = note_of(d, r, &choice);
        /* more digits than may outlive the question */
        secret_wipe(&known, sizeof known);
        secret_wipe(&choice.facts.bin, sizeof choice.facts.bin);
    }
    decision.took_ns = px_now_ns() - from_ns;
    if (parent == NULL)
        px_pulse_decided(d->pulse, &w->pay, decision.plan.legs > 0);
    if (decision.plan.legs > 0) {
        px_intake_fingerprint(w, d->keys, decision.fingerprint);
        px_payment_begin(d, r, &decision);
        return;
    }
    if (parent == NULL && choice.verdict.decline && choice.verdict.decline_why != NULL)
        buf_fmt(&why, "the policy turns it away: %.100s; ", choice.verdict.decline_why);
    px_decide_explain(d->config, &decision.plan, &why);
    now = !choice.verdict.decline && rt_plan_withheld(&choice.plan);
    (void)px_fault_at(&f, now ? PX_FAULT_NO_ROUTE_NOW : PX_FAULT_NO_ROUTE, NULL);
    f.retry_after_s = now ? BACK_SOON_S : 0;
    (void)px_fault_say(&f, "%s", buf_z(&why));
    refuse_if_new(d, r, &decision, &f);
}

static void lookup_end(struct lookup *l)
{
    arena_fini(&l->memory);
    secret_wipe(l, sizeof *l);
    free(l);
}

/* An operation takes its amount, currency and provider from the payment it is about. */
static void begin_operation(struct lookup *l)
{
    const struct px_record *parent = &l->letter.record;
    struct rt_payment *pay = &l->wish.pay;
    struct rt_ledger ledger = { .authorized = parent->authorized,
                                .captured = parent->captured,
                                .capture_pending = parent->capture_pending,
                                .refunded = parent->refunded,
                                .refund_pending = parent->refund_pending,
                                .state = parent->state };

    if (pay->amount.cur != CURRENCY_NONE && pay->amount.cur != parent->amount.cur) {
        struct px_fault f;

        (void)px_fault_at(&f, PX_FAULT_INVALID_VALUE, "/currency");
        (void)px_fault_say(&f, "the payment is in %s", currency_code(parent->amount.cur));
        answer_fault(l->req, &f);
        return;
    }
    pay->amount.cur = parent->amount.cur;
    if (pay->full || pay->op == RT_VOID)
        pay->amount.minor = rt_ledger_left(&ledger, pay->op);
    pay->method = parent->method;
    pay->brand = parent->brand;
    pay->bin6 = parent->bin6;
    memcpy(pay->last4, parent->last4, sizeof pay->last4);
    pay->order = arena_copy(&l->req->arena, span_str(parent->order));
    pay->provider_payment_id = arena_copy(&l->req->arena, span_str(parent->provider_payment_id));
    begin(l->desk, l->req, &l->wish, parent);
}

static void answer_status(struct lookup *l)
{
    struct px_journal_letter *found = &l->letter;
    struct px_telling about = { .record = &found->record,
                                .attempt = found->attempt,
                                .attempts = found->attempts,
                                .op = found->list,
                                .ops = found->lists };
    struct px_answer_head head = { .request_id = request_id(l->req),
                                   .policy_us = -1,
                                   .provider_us = -1,
                                   .gateway_us = -1,
                                   .record = &found->record };
    struct px_message m;
    struct span body;

    if (!px_answer_status_body(&about, &l->req->arena, &body)) {
        answer_code(l->req, PX_FAULT_OVERLOADED);
        return;
    }
    px_answer_message(200, body, &head, &l->req->arena, &m);
    px_respond(l->req, &m);
    px_request_done(l->req);
}

static void on_found(void *ctx, struct px_journal_letter *letter)
{
    struct lookup *l = ctx;

    CHECK(letter == &l->letter);
    if (letter->said == PX_SAID_OK && letter->record.parent[0] != '\0')
        letter->said = PX_SAID_NOT_FOUND; /* an operation's id is no payment's */
    if (letter->said == PX_SAID_NOT_FOUND)
        answer_code(l->req, PX_FAULT_PAYMENT_NOT_FOUND);
    else if (letter->said != PX_SAID_OK)
        answer_code(l->req, PX_FAULT_JOURNAL_UNAVAILABLE);
    else if (l->wish.route == PX_ROUTE_STATUS)
        answer_status(l);
    else
        begin_operation(l);
    lookup_end(l);
}

static void look_up(struct px_desk *d, struct px_request *r, const struct px_wish *w)
{
    struct lookup *l = calloc(1, sizeof *l);

    if (l == NULL) {
        answer_code(r, PX_FAULT_OVERLOADED);
        return;
    }
    l->desk = d;
    l->req = r;
    l->wish = *w;
    arena_init(&l->memory, NULL, 0, px_heap(), LETTER_MEMORY);
    l->letter.call = PX_CALL_LOAD;
    l->letter.reply_to = d->mailbox;
    l->letter.on_said = on_found;
    l->letter.ctx = l;
    l->letter.arena = &l->memory;
    l->letter.now_ms = px_unix_ms();
    memcpy(l->letter.record.id, w->id, sizeof l->letter.record.id);
    if (span_copyz(w->pay.merchant, l->letter.record.merchant, sizeof l->letter.record.merchant) ==
            OK &&
        px_journal_send(d->journal, &l->letter))
        return;
    lookup_end(l);
    answer_code(r, PX_FAULT_JOURNAL_UNAVAILABLE);
}

/* ---- the door ---- */

static void this_month(unsigned *year, unsigned *month)
{
    time_t now = (time_t)(px_unix_ms() / 1000);
    struct tm t;

    (void)gmtime_r(&now, &t);
    *year = (unsigned)t.tm_year + 1900;
    *month = (unsigned)t.tm_mon + 1;
}

static void understand(struct px_desk *d, struct px_request *r, enum px_route route, struct span id,
                       const char *merchant)
{
    struct px_asked q = {
        .route = route, .id = id, .header = r->header, .headers = r->headers, .body = r->body
    };
    struct px_wish *w = ARENA_NEW(&r->arena, struct px_wish);
    struct px_fault f;

    this_month(&q.year, &q.month);
    if (w == NULL) {
        answer_code(r, PX_FAULT_OVERLOADED);
        return;
    }
    if (!px_intake(&q, &r->arena, w, &f)) {
        answer_fault(r, &f);
        return;
    }
    w->pay.merchant = span_str(merchant);
    if (px_route_writes(route) && (d->draining || d->flights >= LIMIT_FLIGHTS)) {
        answer_code(r, d->draining ? PX_FAULT_SHUTTING_DOWN : PX_FAULT_OVERLOADED);
        return;
    }
    if (route == PX_ROUTE_CREATE) {
        px_enrich(&w->pay);
        begin(d, r, w, NULL);
    } else {
        look_up(d, r, w);
    }
}

void px_api_handle(void *ctx, struct px_request *r)
{
    struct px_desk *d = ctx;
    enum px_route route;
    struct span id;
    struct px_fault f;
    const char *merchant;

    name_request(r);
    if (span_is(r->path, "/healthz")) {
        answer_document(r, SPAN("{\"status\":\"ok\"}\n"), "application/json");
        return;
    }
    if (!px_route_find(r->method, r->path, &route, &id, &f)) {
        answer_fault(r, &f);
        return;
    }
    if (route == PX_ROUTE_OPENAPI) {
        answer_document(r, px_openapi(), "application/json");
        return;
    }
    if (!px_credentials_check(d->credentials,
                              px_header_find(r->header, r->headers, "authorization"), &merchant)) {
        answer_code(r, PX_FAULT_UNAUTHORIZED);
        return;
    }
    understand(d, r, route, id, merchant);
}
