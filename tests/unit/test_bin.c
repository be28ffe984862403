/* tests/unit/test_bin.c -- the image of a BIN table: nothing damaged gets in. */
#include "routing/bin.h"

#include <stdalign.h>

#include "routing/base/hash.h"
#include "tests/unit/unit.h"

enum { RANGES = 2, FACTS = 3, NAMES = 8, ROOM = 64 * 1024 };
static alignas(64) char image[ROOM];
static size_t size;
static struct rt_bins_shape shape;

/* 457112 Acme, DE; inside it 45711203..45711204 Bank, FR. */
static void make(void)
{
    uint64_t six = rt_bin_power(13), eight = rt_bin_power(11);
    const struct rt_bin_range range[RANGES] = {
        { .low = 457112 * six, .high = 457113 * six - 1, .facts = 1 },
        { .low = 45711203 * eight, .high = 45711205 * eight - 1, .parent = 1, .facts = 2 },
    };
    struct rt_bins_parts p;

    memset(image, 0, sizeof image);
    shape = (struct rt_bins_shape){ .ranges = RANGES, .facts = FACTS, .names = NAMES };
    shape.stretches = rt_bins_stretches(range, RANGES, FACTS);
    assert_int_equal(shape.stretches, 4); /* behind 4571: Acme, Bank, Acme, nobody's */
    size = rt_bins_size(shape);
    assert_true(size <= sizeof image);
    p = rt_bins_lay(image, shape);
    memcpy(p.range, range, sizeof range);
    p.facts[1] = (struct rt_bin_facts){ .issuer_n = 4,
                                        .country = rt_country_of(SPAN("DE")),
                                        .brand = RT_VISA,
                                        .funding = RT_DEBIT,
                                        .grade = RT_CONSUMER };
    p.facts[2] = (struct rt_bin_facts){ .issuer = 4, .issuer_n = 4, .brand = RT_VISA };
    memcpy(p.names, "AcmeBank", NAMES);
    rt_bins_seal(image, size);
}

static enum err open_it(struct rt_bins *t)
{
    struct diag why = { 0 };
    enum err e = rt_bins_open((struct span){ image, size }, t, &why);

    assert_int_equal(e != OK, why.text[0] != '\0');
    return e;
}

static void the_narrowest_range_that_holds_all_answers(void **state)
{
    static const struct {
        uint64_t lead;
        unsigned digits;
        const char *issuer;
    } known[] = {
        { 457112, 6, "Acme" },
        { 45711203, 8, "Bank" },
        { 45711204999, 11, "Bank" },
        { 45711202, 8, "Acme" },
        { 45711205, 8, "Acme" },
        { 4571120, 7, "Acme" }, /* holds both */
        { 457112039999, 12, "Bank" },
        { 457111, 6, NULL },
        { 457113, 6, NULL },
        { 45711, 5, NULL }, /* wider than what is known */
        { 4, 1, NULL },
        { 999999999999999999, 18, NULL },
        { 0, 6, NULL },
    };
    struct rt_bins t;
    struct rt_bin b;

    (void)state;
    make();
    assert_int_equal(open_it(&t), OK);
    assert_int_equal(rt_bins_ranges(&t), RANGES);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        assert_int_equal(rt_bins_find(&t, known[i].lead, known[i].digits, &b),
                         known[i].issuer != NULL);
        assert_span(b.issuer, known[i].issuer == NULL ? "" : known[i].issuer);
    }
    assert_true(rt_bins_find(&t, 457112, 6, &b));
    assert_int_equal(b.country, rt_country_of(SPAN("DE")));
    assert_int_equal(b.funding, RT_DEBIT);
    assert_int_equal(b.grade, RT_CONSUMER);
}

static void damage_is_refused(void **state)
{
    struct rt_bins t;

    (void)state;
    make();
    for (size_t at = 0; at < size; at += at < 64 || at > size - 128 ? 1 : 997) {
        image[at] ^= 0x11;
        assert_int_equal(open_it(&t), E_SYNTAX);
        image[at] ^= 0x11;
    }
    assert_int_equal(open_it(&t), OK);
    size -= 8;
    assert_int_equal(open_it(&t), E_SYNTAX);
    size = 3;
    assert_int_equal(open_it(&t), E_SYNTAX);
    size = 0;
    assert_int_equal(open_it(&t), E_SYNTAX);
}

/* A good checksum over nonsense: made with care, or by a builder's mistake. */
static void nonsense_under_a_good_sum_is_refused(void **state)
{
    struct rt_bins_parts p;
    struct rt_bins t;

    (void)state;
    for (unsigned wrong = 0; wrong < 11; wrong++) {
        make();
        p = rt_bins_lay(image, shape);
        switch (wrong) {
        case 0: p.range[1].parent = 2; break;
        case 1: p.range[1].high = rt_bin_power(19); break;
        case 2: p.facts[1].grade = RT_GRADES_; break;
        case 3: p.range[1].low = p.range[0].low - 1; break;
        case 4: p.facts[2].issuer_n = 5; break;
        case 5: p.facts[1].brand = RT_BRANDS_; break;
        case 6: p.facts[1].country = RT_COUNTRIES_; break;
        case 7: p.range[0].high = p.range[1].high - 1; break;
        case 8: p.range[1].facts = FACTS; break;
        case 9: p.range[0].facts = 0; break;
        case 10: p.facts[0].brand = RT_VISA; break;
        default: break;
        }
        rt_bins_seal(image, size);
        assert_int_equal(open_it(&t), E_SYNTAX);
    }
}

/* What the index and the stretches say is checked against the ranges, whatever the sum. */
static void stretches_that_the_ranges_do_not_make_are_refused(void **state)
{
    struct rt_bin_head head;
    struct rt_bins t;

    (void)state;
    make();
    for (size_t at = sizeof head; at < size - 8; at += 4) {
        uint32_t was, wrong;

        memcpy(&was, image + at, sizeof was);
        if (was == 0 && at % 1024 != 0)
            continue;
        wrong = was + 1;
        memcpy(image + at, &wrong, sizeof wrong);
        memcpy(&head, image, sizeof head);
        head.sum = hash64((struct span){ image + 16, size - 16 }, 0);
        memcpy(image, &head, sizeof head);
        if (open_it(&t) == OK) { /* then it was a word of the facts or of a name */
            assert_true(at >= (size_t)((const char *)t.facts_ - image));
            assert_false(rt_bins_find(&t, 457111, 6, &(struct rt_bin){ 0 }));
        }
        memcpy(image + at, &was, sizeof was);
    }
}

/* A table of the format before this one, as its first bytes were. */
static void an_older_format_is_told_apart(void **state)
{
    static alignas(64) const char old[128] = "SBBINS1\n";
    struct diag why = { 0 };
    struct rt_bins t;

    (void)state;
    assert_int_equal(rt_bins_open((struct span){ old, sizeof old }, &t, &why), E_SYNTAX);
    assert_string_equal(why.text, "a BIN table of another format than this signalbox reads: "
                                  "make it anew with signalbox bins build");
}

static void words_go_there_and_back(void **state)
{
    (void)state;
    for (unsigned f = 1; f < RT_FUNDINGS_; f++)
        assert_int_equal(rt_funding_find(span_str(rt_funding_name((enum rt_funding)f))), f);
    for (unsigned g = 1; g < RT_GRADES_; g++)
        assert_int_equal(rt_grade_find(span_str(rt_grade_name((enum rt_grade)g))), g);
    assert_int_equal(rt_funding_find(SPAN("unknown")), RT_FUNDING_UNKNOWN);
    assert_string_equal(rt_grade_name(RT_GRADES_), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_narrowest_range_that_holds_all_answers),
        cmocka_unit_test(damage_is_refused),
        cmocka_unit_test(nonsense_under_a_good_sum_is_refused),
        cmocka_unit_test(stretches_that_the_ranges_do_not_make_are_refused),
        cmocka_unit_test(an_older_format_is_told_apart),
        cmocka_unit_test(words_go_there_and_back),
    };

    return cmocka_run_group_tests_name("bin", tests, NULL, NULL);
}
