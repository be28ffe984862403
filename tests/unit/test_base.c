/* tests/unit/test_base.c -- the small ones: err, hash, rng, secret. */
#include "tests/unit/unit.h"

#include "routing/base/err.h"
#include "routing/base/hash.h"
#include "routing/base/rng.h"
#include "routing/base/secret.h"

static void every_error_has_a_word_of_its_own(void **state)
{
    (void)state;
    for (int a = OK; a <= E_DENIED; a++) {
        assert_string_not_equal(err_name((enum err)a), "unknown");
        for (int b = OK; b < a; b++)
            assert_string_not_equal(err_name((enum err)a), err_name((enum err)b));
    }
}

static void diag_cuts_what_is_too_long(void **state)
{
    struct diag d = { 0 };
    char big[400];

    (void)state;
    memset(big, 'x', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    diag_set(&d, "%s", big);
    diag_help(&d, "%s", big);
    assert_int_equal(strlen(d.text), sizeof d.text - 1);
    assert_int_equal(strlen(d.help), sizeof d.help - 1);
    diag_set(NULL, "nobody listens");
    diag_help(NULL, "nobody listens");
}

/* The test vectors that the reference implementation publishes: pseudo-random bytes from the two
 * primes, several lengths, seeds 0 and 2654435761; and three well-known texts. */
#define SEED 2654435761U

static void hash64_is_xxh64(void **state)
{
    static const struct {
        size_t n;
        uint64_t seed, want;
    } vectors[] = {
        { 0, 0, 0xEF46DB3751D8E999U },      { 0, SEED, 0xAC75FDA2929B17EFU },
        { 1, 0, 0xE934A84ADB052768U },      { 1, SEED, 0x5014607643A9B4C3U },
        { 4, 0, 0x9136A0DCA57457EEU },      { 14, 0, 0x8282DCC4994E35C8U },
        { 14, SEED, 0xC3BD6BF63DEB6DF0U },  { 222, 0, 0xB641AE8CB691C174U },
        { 222, SEED, 0x20CB8AB7AE10C14AU },
    };
    uint64_t gen = SEED;
    char mem[222];

    (void)state;
    for (size_t i = 0; i < sizeof mem; i++) {
        mem[i] = (char)(gen >> 56);
        gen *= 11400714785074694797U;
    }
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++)
        assert_true(hash64((struct span){ mem, vectors[i].n }, vectors[i].seed) == vectors[i].want);
    assert_true(hash64(SPAN_NONE, 0) == 0xEF46DB3751D8E999U);
    assert_true(hash64(SPAN("a"), 0) == 0xD24EC4F1A98C6E5BU);
    assert_true(hash64(SPAN("abc"), 0) == 0x44BC2CF5AD770999U);
}

static void hash64_mix_depends_on_order(void **state)
{
    (void)state;
    assert_true(hash64_mix(1, 2) != hash64_mix(2, 1));
    assert_true(hash64_mix(0, 0) != hash64_mix(0, 1));
    assert_true(hash64_mix(0, 0) != hash64_mix(1, 0));
}

static void rng_gives_the_published_sequence(void **state)
{
    static const uint64_t want[] = { 6457827717110365317U, 3203168211198807973U,
                                     9817491932198370423U, 4593380528125082431U,
                                     16408922859458223821U };
    struct rng r = rng_of(1234567);

    (void)state;
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++)
        assert_true(rng_next(&r) == want[i]);
}

static void rng_stays_within_bounds_and_reaches_them(void **state)
{
    struct rng r = rng_of(7);
    unsigned seen[6] = { 0 };

    (void)state;
    for (int i = 0; i < 6000; i++) {
        double u = rng_unit(&r);

        seen[rng_below(&r, 6)]++;
        assert_true(u >= 0.0 && u < 1.0);
    }
    for (int i = 0; i < 6; i++)
        assert_in_range(seen[i], 850, 1150);
    assert_int_equal(rng_below(&r, 1), 0);
    for (int i = 0; i < 100; i++)
        assert_true(rng_below(&r, (uint64_t)1 << 63 | 1) <= (uint64_t)1 << 63);
}

static void secret_is_set_shown_and_wiped(void **state)
{
    static char big[SECRET_MAX + 1];
    struct secret s = { 0 }, nothing = { 0 };

    (void)state;
    assert_true(secret_none(&s));
    assert_int_equal(secret_set(&s, SPAN("a long first secret")), OK);
    assert_false(secret_none(&s));
    assert_int_equal(secret_set(&s, SPAN("short")), OK);
    assert_span(secret_reveal(&s), "short");
    assert_int_equal(s.byte_[5], 0); /* nothing left of the first */
    assert_int_equal(secret_set(&s, (struct span){ big, sizeof big }), E_LIMIT);
    assert_span(secret_reveal(&s), "short");
    assert_int_equal(secret_set(&s, (struct span){ big, SECRET_MAX }), OK);
    secret_clear(&s);
    assert_memory_equal(&s, &nothing, sizeof s);
    assert_int_equal(secret_set(&s, SPAN_NONE), OK);
    assert_true(secret_none(&s));
}

static void secret_equal_compares_every_byte(void **state)
{
    char a[33] = "0123456789abcdef0123456789abcdef", b[33];

    (void)state;
    for (size_t i = 0; i < 32; i++) {
        memcpy(b, a, sizeof b);
        assert_true(secret_equal(span_str(a), span_str(b)));
        b[i] ^= (char)0x80;
        assert_false(secret_equal(span_str(a), span_str(b)));
    }
    assert_false(secret_equal(SPAN("ab"), SPAN("abc")));
    assert_true(secret_equal(SPAN_NONE, SPAN_NONE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_error_has_a_word_of_its_own),
        cmocka_unit_test(diag_cuts_what_is_too_long),
        cmocka_unit_test(hash64_is_xxh64),
        cmocka_unit_test(hash64_mix_depends_on_order),
        cmocka_unit_test(rng_gives_the_published_sequence),
        cmocka_unit_test(rng_stays_within_bounds_and_reaches_them),
        cmocka_unit_test(secret_is_set_shown_and_wiped),
        cmocka_unit_test(secret_equal_compares_every_byte),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
