/* loadtest/pspsim/control.c */
#include "loadtest/pspsim/control.h"

#include <stdio.h>
#include <string.h>

#include "loadtest/common/shape.h"
#include "loadtest/pspsim/conn.h"
#include "loadtest/pspsim/ledger_json.h"
#include "loadtest/pspsim/listener.h"
#include "loadtest/pspsim/pipeline.h"
#include "loadtest/pspsim/why.h"

static void problem(struct sim_req *r, int status, const char *text)
{
    struct lt_out *o = &r->reply.body;

    o->n = 0;
    lt_byte(o, '{');
    lt_member_z(o, "error", text);
    lt_z(o, "}\n");
    sim_reply_json(r, status);
}

static bool body_read(struct sim_req *r, char why[160])
{
    struct lt_tree *t = &r->sim->tree;

    lt_put(&r->work, lt_out_span(&r->body));
    if (lt_tree_json(t, r->work.p, r->work.n))
        return true;
    (void)snprintf(why, 160, "body: %s at byte %zu", t->why, t->at);
    return false;
}

/* --- faults --- */

static void faults_write(const struct sim_faults *f, struct lt_out *o)
{
    lt_byte(o, '[');
    for (unsigned i = 0; i < f->rules; i++) {
        if (i > 0)
            lt_byte(o, ',');
        sim_fault_write(&f->rule[i], o);
    }
    lt_byte(o, ']');
}

static bool rules_read(struct sim *s, const struct lt_node *n, struct sim_faults *f, char why[160])
{
    const struct lt_node *one = n->kind == LT_ARRAY ? lt_child(&s->tree, n) : n;

    for (; one != NULL; one = n->kind == LT_ARRAY ? lt_next(&s->tree, one) : NULL) {
        if (f->rules == SIM_FAULTS_MAX) {
            (void)snprintf(why, 160, "at most %d rules", SIM_FAULTS_MAX);
            return false;
        }
        if (!sim_fault_read(&s->tree, one, &f->rule[f->rules], why))
            return false;
        f->rule[f->rules++].id = ++f->last_id;
    }
    return true;
}

/* Faults of the connection would never be met on connections that are open already. */
static bool meets_new_connections(const struct sim_faults *f)
{
    for (unsigned i = 0; i < f->rules; i++) {
        if (f->rule[i].when == SIM_ACCEPT)
            return true;
    }
    return false;
}

static void faults_changed(struct sim *s, enum sim_who who)
{
    sim_listeners_refuse(s, who, sim_fault_has(&s->faults[who], SIM_F_REFUSE));
    if (meets_new_connections(&s->faults[who]))
        sim_conns_drain(s, who);
}

static void faults_put(struct sim_req *r, enum sim_who who, bool replace)
{
    struct sim *s = r->sim;
    struct sim_faults next = s->faults[who];
    char why[160];

    if (replace)
        next.rules = 0;
    if (!body_read(r, why) || !rules_read(s, lt_root(&s->tree), &next, why)) {
        problem(r, 400, why);
        return;
    }
    s->faults[who] = next;
    faults_changed(s, who);
    faults_write(&next, &r->reply.body);
    sim_reply_json(r, 200);
}

static void faults_clear(struct sim_req *r, enum sim_who first, enum sim_who last)
{
    for (enum sim_who w = first; w <= last; w++) {
        r->sim->faults[w].rules = 0;
        faults_changed(r->sim, w);
    }
    lt_z(&r->reply.body, "[]");
    sim_reply_json(r, 200);
}

static void faults_all(struct sim_req *r)
{
    struct lt_out *o = &r->reply.body;

    lt_byte(o, '{');
    for (enum sim_who w = 0; w < SIM_PSPS; w++) {
        lt_member(o, sim_who_name(w));
        faults_write(&r->sim->faults[w], o);
    }
    lt_byte(o, '}');
    sim_reply_json(r, 200);
}

static void faults(struct sim_req *r, struct span name)
{
    enum sim_who who = sim_who_find(name);

    if (name.n == 0 && span_is(r->method, "GET"))
        faults_all(r);
    else if (name.n == 0 && span_is(r->method, "DELETE"))
        faults_clear(r, 0, SIM_PSPS - 1);
    else if (who >= SIM_PSPS)
        problem(r, 404, "providers are stripe, adyen and checkoutcom");
    else if (span_is(r->method, "PUT") || span_is(r->method, "POST"))
        faults_put(r, who, span_is(r->method, "PUT"));
    else if (span_is(r->method, "DELETE"))
        faults_clear(r, who, who);
    else {
        faults_write(&r->sim->faults[who], &r->reply.body);
        sim_reply_json(r, 200);
    }
}

/* --- settings --- */

void sim_settings_init(struct sim_settings *set, const struct sim_options *o)
{
    *set = (struct sim_settings){ .alpn_h2 = true,
                                  .alpn_http1 = true,
                                  .latency = { .ms = o->latency_ms, .jitter_ms = o->jitter_ms } };
}

static const struct lt_shape settings_shape[] = {
    { "latency", LT_T_ANY },
    { "index_delay_ms", LT_T_INT },
    { "decline_permille", LT_T_INT },
    { "decline", LT_T_TEXT },
    { "alpn", LT_T_TEXTS },
    { "merchant_account", LT_T_TEXT },
    { "processing_channel", LT_T_TEXT },
    { "keys", LT_T_TEXTS },
    { NULL },
};

static bool keys_read(const struct lt_tree *t, const struct lt_node *n, struct sim_settings *set)
{
    set->secrets = 0;
    for (const struct lt_node *i = lt_child(t, n); i != NULL; i = lt_next(t, i)) {
        if (set->secrets == SIM_SECRETS ||
            span_copyz(i->text, set->secret[set->secrets], SIM_SECRET_MAX) != OK)
            return false;
        set->secrets++;
    }
    return true;
}

static bool texts_read(const struct lt_tree *t, const struct lt_node *n, struct sim_settings *set)
{
    struct span account = lt_text(t, n, "merchant_account");
    struct span channel = lt_text(t, n, "processing_channel");
    const struct lt_node *alpn = lt_get(t, n, "alpn");

    if (account.p != NULL &&
        span_copyz(account, set->merchant_account, sizeof set->merchant_account) != OK)
        return false;
    if (channel.p != NULL &&
        span_copyz(channel, set->processing_channel, sizeof set->processing_channel) != OK)
        return false;
    if (alpn != NULL)
        set->alpn_h2 = set->alpn_http1 = false;
    for (const struct lt_node *i = lt_child(t, alpn); i != NULL; i = lt_next(t, i)) {
        set->alpn_h2 |= span_is(i->text, "h2");
        set->alpn_http1 |= span_is(i->text, "http/1.1");
    }
    return true;
}

static bool settings_read(struct sim *s, struct sim_settings *set, char why[160])
{
    const struct lt_tree *t = &s->tree;
    const struct lt_node *n = lt_root(t);
    struct lt_shape_bad bad;
    int64_t v;

    (void)snprintf(why, 160, "a value does not fit");
    if (n->kind != LT_OBJECT || !lt_shape_fits(t, n, settings_shape, false, &bad)) {
        (void)snprintf(why, 160, "%.100s: unknown or wrong type", bad.path);
        return false;
    }
    if (lt_i64(t, n, "index_delay_ms", &v))
        set->index_delay_ms = v;
    if (lt_i64(t, n, "decline_permille", &v))
        set->decline_permille = v < 0 || v > 1000 ? 0 : (uint32_t)v;
    if (lt_get(t, n, "decline") != NULL &&
        (set->decline_why = sim_why_find(lt_text(t, n, "decline"))) == 0)
        return false;
    if (lt_get(t, n, "keys") != NULL && !keys_read(t, lt_get(t, n, "keys"), set))
        return false;
    if (lt_get(t, n, "latency") != NULL) {
        set->latency = (struct sim_delay){ 0 };
        if (!sim_delay_read(t, lt_get(t, n, "latency"), &set->latency))
            return false;
    }
    return texts_read(t, n, set);
}

/* Keys are told by their number only. */
static void settings_write(const struct sim_settings *set, struct lt_out *o)
{
    lt_byte(o, '{');
    lt_member(o, "latency");
    lt_byte(o, '{');
    lt_member_num(o, "ms", set->latency.ms);
    lt_member_num(o, "jitter_ms", set->latency.jitter_ms);
    lt_member_num(o, "tail_ms", set->latency.tail_ms);
    lt_byte(o, '}');
    lt_member_num(o, "index_delay_ms", set->index_delay_ms);
    lt_member_num(o, "decline_permille", set->decline_permille);
    lt_member_z(o, "decline", sim_whys[set->decline_why].name);
    lt_member(o, "alpn");
    lt_fmt(o, "[%s%s%s]", set->alpn_h2 ? "\"h2\"" : "", set->alpn_h2 && set->alpn_http1 ? "," : "",
           set->alpn_http1 ? "\"http/1.1\"" : "");
    lt_member_z(o, "merchant_account", set->merchant_account);
    lt_member_z(o, "processing_channel", set->processing_channel);
    lt_member_num(o, "keys", set->secrets);
    lt_byte(o, '}');
}

static void settings(struct sim_req *r, struct span name)
{
    enum sim_who who = sim_who_find(name);
    struct sim_settings next;
    char why[160];

    if (who >= SIM_PSPS) {
        problem(r, 404, "providers are stripe, adyen and checkoutcom");
        return;
    }
    next = r->sim->set[who];
    if (span_is(r->method, "PUT")) {
        if (!body_read(r, why) || !settings_read(r->sim, &next, why)) {
            problem(r, 400, why);
            return;
        }
        r->sim->set[who] = next;
    }
    settings_write(&next, &r->reply.body);
    sim_reply_json(r, 200);
}

/* --- ledger --- */

static struct span parameter(struct sim_req *r, const char *name)
{
    struct span rest = r->query, part, key;

    while (span_cut(&rest, '&', &part)) {
        if (span_cut(&part, '=', &key) && span_is(key, name))
            return part;
    }
    return SPAN_NONE;
}

static bool forget(struct sim_req *r)
{
    struct sim *s = r->sim;

    if (s->running > 0) {
        problem(r, 409, "requests are being executed; try again");
        return false;
    }
    sim_ledger_fini(&s->ledger);
    sim_keys_fini(&s->keys);
    sim_ledger_init(&s->ledger);
    sim_keys_init(&s->keys);
    memset(s->count, 0, sizeof s->count);
    return true;
}

static void ledger_forget(struct sim_req *r)
{
    if (!forget(r))
        return;
    lt_z(&r->reply.body, "{}\n");
    sim_reply_json(r, 200);
}

/* As if just started: no faults, usual settings, empty ledger, the real time. */
static void begin_again(struct sim_req *r)
{
    struct sim *s = r->sim;

    if (!forget(r))
        return;
    for (enum sim_who w = 0; w < SIM_PSPS; w++) {
        sim_settings_init(&s->set[w], &s->opt);
        s->faults[w].rules = 0;
        faults_changed(s, w);
    }
    s->skew_ms = 0;
    lt_z(&r->reply.body, "{}\n");
    sim_reply_json(r, 200);
}

static void ledger(struct sim_req *r, struct span what)
{
    struct lt_out *o = &r->reply.body;
    struct sim_ledger_wish w = { .who = SIM_PSPS };
    uint64_t v;

    if (span_is(r->method, "DELETE") && what.n == 0) {
        ledger_forget(r);
        return;
    }
    w.payment = parameter(r, "payment");
    w.reference = parameter(r, "reference");
    if (parameter(r, "provider").p != NULL)
        w.who = sim_who_find(parameter(r, "provider"));
    if (span_u64(parameter(r, "after"), &v) == OK)
        w.after = (uint32_t)v;
    if (span_u64(parameter(r, "limit"), &v) == OK)
        w.limit = (uint32_t)v;
    w.doubles = span_is(what, "doubles");
    if (what.n == 0)
        sim_ledger_write(r->sim, &w, o);
    else if (span_is(what, "summary"))
        sim_summary_write(r->sim, o);
    else if (span_is(what, "payments") || w.doubles)
        sim_payments_write(r->sim, &w, o);
    else {
        problem(r, 404, "ledger has summary, payments and doubles");
        return;
    }
    sim_reply_json(r, 200);
}

/* --- the rest --- */

static void clock_advance(struct sim_req *r)
{
    int64_t v;
    char why[160];

    if (!body_read(r, why) || !lt_i64(&r->sim->tree, lt_root(&r->sim->tree), "advance_s", &v) ||
        v < 0) {
        problem(r, 400, "body is {\"advance_s\": seconds}");
        return;
    }
    r->sim->skew_ms += v * 1000;
    lt_fmt(&r->reply.body, "{\"now_ms\":%lld}\n", (long long)sim_now_ms(r->sim));
    sim_reply_json(r, 200);
}

static void stats(struct sim_req *r)
{
    struct lt_out *o = &r->reply.body;

    lt_byte(o, '{');
    for (enum sim_who w = 0; w < SIM_WHOS; w++) {
        lt_member(o, sim_who_name(w));
        sim_counters_write(&r->sim->count[w], o);
    }
    lt_z(o, "}\n");
    sim_reply_json(r, 200);
}

void sim_control(struct sim_req *r)
{
    struct span path = r->path, first, second = SPAN_NONE;

    (void)span_cut(&path, '/', &first); /* before the leading slash */
    (void)span_cut(&path, '/', &first);
    (void)span_cut(&path, '/', &second);
    if (span_is(first, "faults"))
        faults(r, second);
    else if (span_is(first, "settings"))
        settings(r, second);
    else if (span_is(first, "ledger"))
        ledger(r, second);
    else if (span_is(first, "stats"))
        stats(r);
    else if (span_is(first, "reset") && span_is(r->method, "POST"))
        begin_again(r);
    else if (span_is(first, "clock") && span_is(r->method, "POST"))
        clock_advance(r);
    else
        problem(r, 404, "paths are /faults /settings /ledger /stats /clock /reset");
}

/* 1,053 bytes of JSON: the answer size of the proxy benchmarks (loadtest/README.md). */
void sim_plain(struct sim_req *r)
{
    enum { ANSWER = 1053 };
    struct lt_out *o = &r->reply.body;

    r->sim->count[r->who].requests++;
    lt_z(o, "{\"id\":\"pay_plain\",\"status\":\"approved\",\"padding\":\"");
    lt_out_room(o, ANSWER);
    memset(o->p + o->n, 'x', ANSWER - 2 - o->n);
    o->n = ANSWER - 2;
    lt_z(o, "\"}");
    sim_reply_json(r, 200);
}
