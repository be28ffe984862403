/* tests/unit/test_said.c -- what a record holds is enough to decide the same again. */
#include "policies/said.h"

#include "routing/base/rng.h"
#include "tests/unit/policy_kit.h"

#define HEAD "policy \"t\"\nproviders a, b, c, d\n"

enum { PAYMENTS = 20000 };

static struct kit kit;

static void compile(const char *policy)
{
    kit = (struct kit){ .program = NULL };
    if (kit_compile(&kit, policy) != OK)
        fail_msg("%s", kit.text);
}

/* The same facts as a record holds them. */
static struct pol_facts kept(const struct pol_facts *f, struct pol_said *said)
{
    struct pol_facts k = *f;

    pol_said_take(said, f);
    said->again = true;
    k.customer = SPAN_NONE;
    k.metadata = NULL;
    k.metadata_n = 0;
    for (; k.bin_digits > POL_SAID_DIGITS; k.bin_digits--)
        k.bin /= 10;
    k.said = said;
    return k;
}

static void must_decide_alike(const struct pol_facts *f)
{
    struct pol_facts noting = *f, again;
    struct rt_verdict plain, first, second;
    struct pol_said said;

    pol_said_init(&said);
    noting.said = &said;
    pol_eval(kit.program, f, &plain, NULL);
    pol_eval(kit.program, &noting, &first, NULL);
    again = kept(f, &said);
    pol_eval(kit.program, &again, &second, NULL);
    assert_false(said.missed);
    assert_memory_equal(&plain, &first, sizeof first);
    assert_memory_equal(&first, &second, sizeof first);
}

static const char *const customers[] = { "", "cus_1", "cus_2", "vip-9", "vip-10", "ada" };
static const char *const tiers[] = { "", "gold", "gold-plus", "silver" };

static void draw(struct rng *r, struct pol_facts *f, struct rt_pair pair[1])
{
    static const uint64_t lead[] = { 45711234567, 45711212345, 45711299999, 40001234567,
                                     40001299999, 55210000000, 37123456789 };
    static const uint64_t power[] = { 1, 10, 100, 1000, 10000, 100000 };
    unsigned cut = (unsigned)rng_below(r, 6);

    pol_facts_init(f);
    f->eligible = (uint32_t)rng_below(r, 16);
    f->seed = rng_next(r);
    f->bin = lead[rng_below(r, 7)] / power[cut];
    f->bin_digits = (uint8_t)(POL_BIN_DIGITS - cut);
    if (rng_below(r, 8) == 0)
        f->bin_digits = 0;
    f->customer = span_str(customers[rng_below(r, 6)]);
    pair[0] = (struct rt_pair){ SPAN("tier"), span_str(tiers[rng_below(r, 4)]) };
    f->metadata = pair;
    f->metadata_n = pair[0].value.n > 0;
}

static void a_record_decides_the_same_again(void **state)
{
    struct rng r = rng_of(3);

    (void)state;
    compile(HEAD
            "list vips cus_1 \"vip-9\"\n"
            "rule \"l\" when bin in { 45711234 45711299 } use a then continue\n"
            "rule \"x\" when bin matches /^4000123[0-4]/ and customer is not ada use b\n"
            "rule \"p\" when customer starts with vip and bin is 457112 use c then continue\n"
            "rule \"v\" when customer in vips and metadata.tier is gold use d\n"
            "rule \"m\" when metadata.tier matches /^gold-/ use split 30% a, 70% c by customer\n"
            "rule \"s\" when sample 20% by customer use b then c\n"
            "rule \"k\" when metadata.tier is known and customer is cus_2 use c then a\n"
            "default use split 50% a, 50% b by metadata.tier\n"
            "retry when bin is 40001234 on soft_decline to b");
    for (unsigned i = 0; i < PAYMENTS; i++) {
        struct rt_pair pair[1];
        struct pol_facts f;

        draw(&r, &f, pair);
        must_decide_alike(&f);
    }
    kit_fini(&kit);
}

static struct pol_facts with_bin(uint64_t bin, unsigned digits)
{
    struct pol_facts f;

    pol_facts_init(&f);
    f.eligible = 15;
    f.bin = bin;
    f.bin_digits = (uint8_t)digits;
    f.customer = SPAN("vip-1");
    return f;
}

static void only_what_six_digits_leave_open_is_noted(void **state)
{
    struct pol_facts f = with_bin(45711234567, 11);
    struct pol_said said;
    struct rt_verdict v;
    const char *file;
    unsigned line, col;

    (void)state;
    compile(HEAD "rule \"1\" when bin is 457113 use a\n"
                 "rule \"2\" when bin in { 40001234 552100..552199 } use a\n"
                 "rule \"3\" when bin is not 45711234 use b\n"
                 "default use c");
    pol_said_init(&said);
    f.said = &said;
    pol_eval(kit.program, &f, &v, NULL);
    assert_int_equal(said.answers, 1);
    assert_int_equal(said.answer[0].is, POL_IS_YES);
    assert_true(pol_program_test(kit.program, said.answer[0].test, &file, &line, &col));
    assert_string_equal(file, "test.route");
    assert_int_equal(line, 5);
    assert_false(pol_program_test(kit.program, 1000, &file, &line, &col));
    kit_fini(&kit);
}

static void another_policy_is_not_guessed_at(void **state)
{
    struct pol_facts f = with_bin(45711234567, 11), again;
    struct pol_said said;
    struct rt_verdict v;

    (void)state;
    compile(HEAD "default use c");
    pol_said_init(&said);
    f.said = &said;
    pol_eval(kit.program, &f, &v, NULL);
    again = kept(&f, &said);
    kit_fini(&kit);
    compile(HEAD "rule \"1\" when amount > EUR 5 and bin is 45711234 use a\n"
                 "rule \"2\" when bin is 457113 use a\n"
                 "rule \"3\" when customer starts with vip use b\ndefault use c");
    pol_eval(kit.program, &again, &v, NULL);
    assert_true(said.missed); /* by rule 3: rule 1 did not come to its digits */
    assert_true(pol_program_test(kit.program, said.missing, &(const char *){ NULL },
                                 &(unsigned){ 0 }, &(unsigned){ 0 }));
    said.missed = false;
    said.customer = 0;
    pol_eval(kit.program, &again, &v, NULL);
    assert_false(said.missed); /* an unknown customer needs no answer */
    kit_fini(&kit);
}

/* Card ranges, prefix and pattern as another policy asked them: the answers hold wherever they
 * stand. */
static void another_policy_that_asks_the_same_is_answered(void **state)
{
    struct rt_pair pair = { SPAN("tier"), SPAN("gold-plus") };
    struct pol_facts f = with_bin(45711234567, 11), again;
    struct pol_said said;
    struct rt_verdict v;

    (void)state;
    f.metadata = &pair;
    f.metadata_n = 1;
    compile(HEAD
            "rule \"1\" when bin in { 40001234 45711200..45711299 } and customer starts with vip "
            "and metadata.tier matches /^gold-/ use only a\ndefault use c");
    pol_said_init(&said);
    f.said = &said;
    pol_eval(kit.program, &f, &v, NULL);
    assert_int_equal(v.provider[0], 0);
    again = kept(&f, &said);
    for (unsigned i = 0; i < said.answers; i++)
        said.answer[i].meaning = pol_program_meaning(kit.program, said.answer[i].test);
    said.other = true;
    kit_fini(&kit);
    compile(HEAD "rule \"0\" when amount > EUR 5 use d\n"
                 "rule \"2\" when not metadata.tier matches /^gold-/ use only b\n"
                 "rule \"1\" when customer starts with vip and metadata.tier matches /^gold-/ and "
                 "bin in { 45711200..45711299 40001234 } use only d\ndefault use c");
    pol_eval(kit.program, &again, &v, NULL);
    assert_false(said.missed);
    assert_int_equal(v.provider[0], 3);
    kit_fini(&kit);
    compile(HEAD
            "rule \"1\" when bin in { 40001234 45711200..45711298 } use only a\ndefault use c");
    pol_eval(kit.program, &again, &v, NULL);
    assert_true(said.missed); /* other ranges are another question */
    kit_fini(&kit);
    said.missed = false;
    compile(HEAD "rule \"1\" when metadata.level matches /^gold-/ use only a\ndefault use c");
    pol_eval(kit.program, &again, &v, NULL);
    assert_false(said.missed); /* nothing is known of that one, as then */
    assert_int_equal(v.provider[0], 2);
    kit_fini(&kit);
}

static void answers_that_do_not_fit_are_told(void **state)
{
    static char text[32 * 1024];
    struct buf b = BUF_OF(text);
    struct pol_facts f = with_bin(45711234567, 11), again;
    struct pol_said said;
    struct rt_verdict v;

    (void)state;
    buf_str(&b, HEAD);
    for (unsigned i = 0; i < 2 * POL_ANSWERS_MAX; i++)
        buf_fmt(&b, "rule \"%u\" when bin is 457112%02u use a\n", i, i >= 34 ? i - 34 + 100 : i);
    buf_str(&b, "default use c");
    compile(buf_z(&b));
    pol_said_init(&said);
    f.said = &said;
    pol_eval(kit.program, &f, &v, NULL);
    assert_true(said.more);
    assert_int_equal(said.answers, POL_ANSWERS_MAX);
    again = kept(&f, &said);
    pol_eval(kit.program, &again, &v, NULL);
    assert_true(said.missed);
    kit_fini(&kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_decides_the_same_again),
        cmocka_unit_test(only_what_six_digits_leave_open_is_noted),
        cmocka_unit_test(another_policy_is_not_guessed_at),
        cmocka_unit_test(another_policy_that_asks_the_same_is_answered),
        cmocka_unit_test(answers_that_do_not_fit_are_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
