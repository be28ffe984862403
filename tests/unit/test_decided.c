/* tests/unit/test_decided.c -- decision records: what was written is what is read. */
#include "proxy/record_decided.h"

#include <stdlib.h>
#include <string.h>

#include "routing/base/json.h"
#include "routing/base/rng.h"
#include "tests/unit/unit.h"

enum { RECORDS = 2000 };

static struct px_decided wrote, got;
static char line[PX_DECIDED_LINE], again[PX_DECIDED_LINE], memory[256 * 1024];

/* ---- records made of dice ---- */

static struct rng dice;

static uint64_t roll(uint64_t n)
{
    return rng_below(&dice, n);
}

static int64_t some(int64_t unknown)
{
    static const int64_t edges[] = { 0, 1, 999999, INT32_MAX };

    return roll(3) == 0 ? unknown : roll(2) ? (int64_t)roll(1000000) : edges[roll(4)];
}

static rt_country country(void)
{
    static const char *const codes[] = { "DE", "US", "NO", "GB" };

    return roll(3) == 0 ? RT_COUNTRY_UNKNOWN : rt_country_of(span_str(codes[roll(4)]));
}

static void draw_said(struct pol_said *s, bool policy)
{
    s->bin_digits = (uint8_t)(roll(4) == 0 ? 0 : 6 + roll(6));
    s->customer = roll(2) ? rng_next(&dice) | 1 : 0;
    s->metadata_n = (unsigned)roll(LIMIT_METADATA + 1);
    for (unsigned i = 0; i < s->metadata_n; i++) {
        s->metadata[i].name = rng_next(&dice);
        s->metadata[i].value = rng_next(&dice);
    }
    s->answers = policy ? (unsigned)roll(roll(2) ? 3 : POL_ANSWERS_MAX + 1) : 0;
    s->more = s->answers == POL_ANSWERS_MAX;
    for (unsigned i = 0; i < s->answers; i++) {
        s->answer[i].test = 3 * i + (unsigned)roll(3);
        s->answer[i].is = (enum pol_is)roll(POL_IS_);
        s->answer[i].meaning = rng_next(&dice);
        wrote.answer_at[i] = (struct px_decided_place){ .file = "rules/checkout.route" };
        wrote.answer_at[i].line = (unsigned)roll(2000);
        wrote.answer_at[i].col = (unsigned)roll(100);
    }
}

static void draw_facts(struct px_decided *d, bool policy)
{
    d->now_s = 1767614400 + (int64_t)roll(1000000);
    d->seed = rng_next(&dice);
    if (roll(10) != 0)
        d->amount = (struct money){ (int64_t)roll(1000000), currency_find(SPAN("EUR")) };
    d->country = country();
    d->issuer_country = country();
    d->ip_country = country();
    draw_said(&d->said, policy);
    d->bin6 = d->said.bin_digits == 0 ? 0 : (uint32_t)roll(1000000);
    d->brand = (enum rt_brand)roll(RT_BRANDS_);
    d->funding = (enum pol_funding)roll(POL_FUNDINGS_);
    d->category = (enum pol_category)roll(POL_CATEGORIES_);
    d->three_ds = (enum pol_three_ds)roll(POL_3DS_STATES_);
    d->method = (enum rt_method)roll(RT_METHODS_);
    d->channel = (enum rt_channel)roll(2);
    d->initiator = (enum rt_initiator)roll(2);
    d->stored = (enum rt_stored)roll(3);
    if (roll(2))
        memcpy(d->merchant, "shop \"1\"", sizeof "shop \"1\"");
    d->issuer = roll(2) ? SPAN("Bank \xC3\x96ne \\ Co") : SPAN_NONE;
    d->zones = policy ? (unsigned)roll(POL_ZONES_MAX + 1) : 0;
    for (unsigned i = 0; i < d->zones; i++)
        d->zone_offset_s[i] = roll(4) == 0 ? POL_NO_ZONE : (int32_t)roll(86400) - 43200;
    d->volumes = policy ? (unsigned)roll(POL_COMMITS_MAX + 1) : 0;
    for (unsigned i = 0; i < d->volumes; i++)
        d->volume[i] = (struct pol_volume){ some(-1), some(-1) };
    for (unsigned i = 0; i < d->volumes; i++)
        d->volume_of[i] = "least-adyen";
}

static void draw_provider(struct px_decided_provider *p, const char *name)
{
    p->name = name;
    p->judged = (enum rt_reason)roll(RT_REASONS_);
    p->eligible = roll(2);
    p->cost.why = (enum rt_cost_why)roll(RT_COST_WHYS_);
    p->cost.micro = p->cost.declined_micro = -1;
    if (p->cost.why == RT_COST_KNOWN) {
        p->cost.micro = some(0);
        p->cost.declined_micro = some(-1);
        p->cost.line = (unsigned)roll(100);
    }
    p->sight.cost_minor = some(-1);
    p->sight.cost_ppm = some(-1);
    p->sight.value_micro = roll(2) ? some(RT_UNKNOWN_VALUE) : -some(1);
    p->sight.breaker = (enum pol_breaker)roll(POL_BREAKERS_);
    for (unsigned w = 0; w < POL_OVERS_; w++) {
        p->sight.approval_ppm[w] = (int32_t)some(-1);
        p->sight.latency_ms[w] = (int32_t)some(-1);
        p->sight.volume_minor[w] = some(-1);
    }
    p->view.admin = (enum rt_admin)roll(RT_ADMINS_);
    p->view.ops_all = roll(2);
    p->view.limit_permille = (uint16_t)roll(RT_PERMILLE + 1);
    p->view.breaker = (enum rt_breaker)roll(RT_BREAKERS_);
    p->view.admit_permille = (uint16_t)roll(RT_PERMILLE + 1);
    p->view.probe = roll(2);
    p->view.available_ppm = (int32_t)some(RT_UNKNOWN_PPM);
    p->view.approval_ppm = (int32_t)some(RT_UNKNOWN_PPM);
    p->view.latency_ms = (int32_t)some(RT_UNKNOWN_MS);
    p->view.value_micro = -some(-RT_PERMILLE);
    p->view.explored = roll(2);
    p->view.ramped = roll(2);
}

static void draw_retry(struct px_decided *d)
{
    struct rt_verdict *v = &d->verdict;

    v->retry_said = roll(2);
    if (!v->retry_said)
        return;
    v->retry_to = (uint8_t)roll(d->providers + 1);
    v->retry_on = (uint16_t)roll(128);
    v->retry_never = (uint16_t)roll(128);
    for (unsigned c = 1; c < RT_CODES_; c++) {
        v->retry_on_code[c / 64] |= (uint64_t)(roll(4) == 0) << c % 64;
        v->retry_never_code[c / 64] |= (uint64_t)(roll(4) == 0) << c % 64;
    }
}

static void draw_verdict(struct px_decided *d, bool policy)
{
    struct rt_verdict *v = &d->verdict;
    unsigned first = (unsigned)roll(d->providers);

    v->rule = policy ? "EEA debit to the \"cheapest\"" : "configured order";
    v->file = policy ? "rules/checkout.route" : "";
    v->line = (unsigned)roll(100);
    v->revision = policy ? rng_next(&dice) | 1 : 0;
    v->moves_max = (uint8_t)roll(8);
    v->within_ns = (int64_t)roll(1000000) * 1000000;
    v->rules_matched = (uint16_t)roll(10);
    v->decline = policy && roll(5) == 0;
    v->decline_why = v->decline && roll(2) ? "not \"today\"" : NULL;
    v->providers = (uint8_t)roll(d->providers + 1);
    for (unsigned i = 0; i < v->providers; i++) {
        v->provider[i] = (uint8_t)((first + i) % d->providers);
        v->rule_of[i] = (uint16_t)roll(4097);
    }
    v->scored_from = (uint8_t)roll(v->providers + 1U);
    v->scored = (uint8_t)roll(v->providers - v->scored_from + 1U);
    draw_retry(d);
}

static void draw_plan(struct px_decided *d)
{
    struct rt_plan *p = &d->plan;
    unsigned legs = (unsigned)roll(d->providers + 1);

    p->seed = roll(4) ? d->seed : rng_next(&dice);
    for (unsigned i = 0; i < d->providers; i++) {
        struct rt_leg *leg = i < legs && i < LIMIT_LEGS ? &p->leg[p->legs++] : &p->out[p->outs++];

        leg->provider = (uint8_t)i;
        leg->reason = (enum rt_reason)roll(RT_REASONS_);
    }
}

static void draw(void)
{
    static char name[LIMIT_PROVIDERS][12];
    bool policy = roll(3) != 0;

    memset(&wrote, 0, sizeof wrote);
    if (roll(5) != 0)
        memcpy(wrote.payment, "01JD3ZZZZZZZZZZZZZZZZZZZZZ", 27);
    memcpy(wrote.request, "req-1.2_3", 10);
    wrote.snapshot = roll(100);
    wrote.bins = roll(2) ? rng_next(&dice) | 1 : 0;
    wrote.epoch = roll(1000000);
    draw_facts(&wrote, policy);
    wrote.providers = 1 + (unsigned)roll(LIMIT_PROVIDERS);
    for (unsigned i = 0; i < wrote.providers; i++) {
        struct buf b = BUF_OF(name[i]);

        buf_fmt(&b, "psp-%u", i);
        draw_provider(&wrote.provider[i], buf_z(&b));
    }
    draw_verdict(&wrote, policy);
    draw_plan(&wrote);
}

/* ---- there and back ---- */

static enum err read(struct span text, struct diag *why)
{
    struct arena a;
    enum err e;

    *why = (struct diag){ .text = "" };
    arena_init(&a, memory, sizeof memory, NULL, sizeof memory);
    e = px_decided_read(text, &a, &got, why);
    return e; /* its texts stay in memory[] until the next one is read */
}

static struct span written(const struct px_decided *d, char *room)
{
    struct buf b = buf_over(room, PX_DECIDED_LINE);

    assert_true(px_decided_write(d, &b));
    return buf_span(&b);
}

/* Texts by what they say, everything else by its bytes. */
static void must_be_the_same(struct px_decided *a, struct px_decided *b)
{
    assert_true(span_eq(a->issuer, b->issuer));
    assert_string_equal(a->verdict.rule, b->verdict.rule);
    assert_string_equal(a->verdict.file, b->verdict.file);
    assert_int_equal(a->verdict.decline_why == NULL, b->verdict.decline_why == NULL);
    if (a->verdict.decline_why != NULL)
        assert_string_equal(a->verdict.decline_why, b->verdict.decline_why);
    for (unsigned i = 0; i < a->providers; i++) {
        assert_string_equal(a->provider[i].name, b->provider[i].name);
        a->provider[i].name = b->provider[i].name;
    }
    for (unsigned i = 0; i < a->said.answers; i++) {
        assert_string_equal(a->answer_at[i].file, b->answer_at[i].file);
        a->answer_at[i].file = b->answer_at[i].file;
    }
    for (unsigned i = 0; i < a->volumes; i++) {
        assert_string_equal(a->volume_of[i], b->volume_of[i]);
        a->volume_of[i] = b->volume_of[i];
    }
    a->issuer = b->issuer;
    a->verdict.rule = b->verdict.rule;
    a->verdict.file = b->verdict.file;
    a->verdict.decline_why = b->verdict.decline_why;
    assert_memory_equal(a, b, sizeof *a);
}

static void what_was_written_is_read(void **state)
{
    struct diag why;
    struct span text;

    (void)state;
    dice = rng_of(7);
    for (unsigned i = 0; i < RECORDS; i++) {
        draw();
        text = written(&wrote, line);
        if (read(text, &why) != OK)
            fail_msg("record %u: %s\n%.*s", i, why.text, SPAN_ARG(text));
        assert_true(span_eq(written(&got, again), text));
        must_be_the_same(&got, &wrote);
    }
}

/* An object's members in another order say the same. */
static void order_of_members_says_nothing(void **state)
{
    static char mixed[PX_DECIDED_LINE];
    struct buf b = buf_over(mixed, sizeof mixed);
    struct span text, part[2];
    static struct json j;
    struct diag why;
    const char *at;

    (void)state;
    dice = rng_of(8);
    draw();
    text = written(&wrote, line);
    line[text.n] = '\0';
    at = strstr(line, ",\"verdict\":");
    part[0] = (struct span){ line + 1, (size_t)(at - line - 1) };
    part[1] = (struct span){ at + 1, (size_t)(line + text.n - 1 - (at + 1)) };
    buf_fmt(&b, "{ \"news\":[{\"a\":{}}], ");
    buf_put(&b, part[1]);
    buf_str(&b, " , ");
    buf_put(&b, part[0]);
    buf_str(&b, "}");
    json_init(&j, buf_span(&b));
    assert_int_equal(read(buf_span(&b), &why), OK);
    assert_true(span_eq(written(&got, again), text));
}

/* What a record says, with one thing changed. */
static void impossible_records_are_refused(void **state)
{
    static const char good[] =
        "{\"schema\":\"signalbox.decision/1\",\"request\":\"r1\",\"snapshot\":1,\"policy\":"
        "\"00000000000000ff\",\"epoch\":0,\"facts\":{\"now_s\":1767614400,\"seed\":"
        "\"0000000000000001\",\"amount\":1099,\"currency\":\"EUR\",\"country\":\"DE\","
        "\"bin_digits\":8,\"brand\":\"visa\",\"method\":\"card\",\"channel\":\"ecommerce\","
        "\"initiator\":\"customer\",\"stored\":\"no\",\"bin\":\"424242\",\"zones\":[3600]},"
        "\"answers\":[[3,\"a.route\",4,5,\"yes\",\"00000000000000a1\"]],\"providers\":[{\"name\":"
        "\"a\",\"judged\":"
        "\"eligible\",\"eligible\":true,\"cost\":{\"micro\":5},\"approval_ppm\":{\"now\":900000},"
        "\"view\":{\"limit_permille\":500}},{\"name\":\"b\",\"judged\":\"brand\",\"cost\":{"
        "\"unknown\":\"no_list\"},\"view\":{}}],\"verdict\":{\"rule\":\"x\",\"file\":\"a.route\","
        "\"line\":3,\"moves_max\":1,\"within_ns\":15,\"order\":[[\"a\",1],[\"b\",1]]},\"plan\":{"
        "\"legs\":[[\"a\",\"chosen\"]],\"out\":[[\"b\",\"brand\"]]}}";
    static const struct {
        const char *what, *with;
        enum err e;
    } cases[] = {
        { "decision/1", "decision/2", E_SYNTAX },
        { "\"schema\"", "\"scheme\"", E_SYNTAX },
        { "\"facts\"", "\"fakts\"", E_RANGE },
        { "\"now_s\":1767614400,", "", E_RANGE },
        { "1767614400", "-1", E_RANGE },
        { "1767614400", "1767614400.5", E_RANGE },
        { "0000000000000001", "1", E_RANGE },
        { "0000000000000001", "000000000000000G", E_RANGE },
        { "\"EUR\"", "\"EUX\"", E_RANGE },
        { "\"currency\":\"EUR\",", "", E_RANGE }, /* an amount of nothing */
        { "\"DE\"", "\"de\"", E_RANGE },
        { "\"bin_digits\":8", "\"bin_digits\":12", E_RANGE },
        { "\"bin_digits\":8,", "", E_RANGE },
        { "424242", "42424242", E_RANGE },
        { "424242", "42x242", E_RANGE },
        { "\"visa\"", "\"unknown\"", E_RANGE },
        { "\"visa\"", "3", E_RANGE },
        { "[3600]", "[999999]", E_RANGE },
        { "[3600]", "[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]", E_RANGE },
        { "\"policy\":\"00000000000000ff\",", "", E_RANGE }, /* answers to nobody */
        { "00000000000000ff", "0000000000000000", E_RANGE },
        { ",5,\"yes\"", ",5,\"maybe\"", E_RANGE },
        { "[[3,", "[[3,\"a.route\",4,5,\"no\"],[3,", E_RANGE },
        { "[[3,", "[[-3,", E_RANGE },
        { "\"name\":\"b\"", "\"name\":\"a\"", E_RANGE },
        { "\"name\":\"b\"", "\"name\":\"\"", E_RANGE },
        { "\"judged\":\"brand\"", "\"judged\":\"bland\"", E_RANGE },
        { "\"no_list\"", "\"no_list\",\"micro\":3", E_RANGE },
        { "\"no_list\"", "\"known\"", E_RANGE },
        { "{\"micro\":5}", "{}", E_RANGE },
        { "{\"now\":900000}", "{\"now\":-1}", E_RANGE },
        { "{\"now\":900000}", "{\"7m\":900000}", E_RANGE },
        { "500", "1001", E_RANGE },
        { ",\"view\":{}", "", E_RANGE },
        { "[\"b\",1]]", "[\"a\",1]]", E_RANGE },
        { "[\"b\",1]]", "[\"c\",1]]", E_RANGE },
        { "[\"b\",1]]", "[\"b\",1,1]]", E_RANGE },
        { "[\"b\",1]]", "\"b\"]", E_RANGE },
        { "\"line\":3,", "\"scored_from\":1,\"scored\":2,", E_RANGE },
        { "\"line\":3,", "\"decline_why\":\"x\",", E_RANGE },
        { "\"rule\":\"x\",", "", E_RANGE },
        { "[[\"b\",\"brand\"]]", "[[\"a\",\"brand\"]]", E_RANGE },
        { "[[\"b\",\"brand\"]]", "[[\"b\",\"brand\"],[\"b\",\"brand\"]]", E_RANGE },
        { "}]]}}", "}]]}", E_SYNTAX },
        { "\"snapshot\":1", "\"snapshot\":1,\"snapshot\":1", E_SYNTAX },
        { "\"snapshot\":1,", "", E_RANGE },
        { "\"r1\"", "\"r\\u0000\"", E_RANGE },
        { "\"r1\"", "\"r\\n\"", E_RANGE },
    };
    struct diag why;

    (void)state;
    assert_int_equal(read(span_str(good), &why), OK);
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf b = buf_over(line, sizeof line);
        const char *at = strstr(good, cases[i].what);
        enum err e;

        if (at == NULL) { /* written to end the text otherwise */
            buf_put(&b, (struct span){ good, sizeof good - 2 });
        } else {
            buf_put(&b, (struct span){ good, (size_t)(at - good) });
            buf_str(&b, cases[i].with);
            buf_str(&b, at + strlen(cases[i].what));
        }
        e = read(buf_span(&b), &why);
        if (e != cases[i].e || why.text[0] == '\0')
            fail_msg("%s for %s: %s (%s)", cases[i].with, cases[i].what, err_name(e), why.text);
    }
}

/* Every prefix of a record, and every record with a byte changed, is refused or read; never more.
 */
static void damaged_records_do_no_harm(void **state)
{
    struct diag why;
    struct span text;
    unsigned accepted = 0;

    (void)state;
    dice = rng_of(9);
    do {
        draw();
        text = written(&wrote, line);
    } while (text.n > 6000);
    for (size_t n = 0; n < text.n; n++)
        assert_int_not_equal(read(span_take(text, n), &why), OK);
    for (size_t i = 0; i < text.n; i++) {
        char was = line[i];

        line[i] = (char)(was ^ (1 << roll(7)));
        accepted += read(text, &why) == OK;
        line[i] = was;
    }
    assert_true(accepted < text.n);
}

static void small_memory_is_told(void **state)
{
    struct diag why;
    struct span text;
    struct arena a;

    (void)state;
    dice = rng_of(10);
    draw();
    text = written(&wrote, line);
    arena_init(&a, memory, 64, NULL, 64);
    assert_int_equal(px_decided_read(text, &a, &got, &why), E_LIMIT);
    assert_false(px_decided_write(&wrote, &(struct buf){ again, 0, 300, false }));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read),
        cmocka_unit_test(order_of_members_says_nothing),
        cmocka_unit_test(impossible_records_are_refused),
        cmocka_unit_test(damaged_records_do_no_harm),
        cmocka_unit_test(small_memory_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
