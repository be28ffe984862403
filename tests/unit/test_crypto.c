/* tests/unit/test_crypto.c -- known answers: FIPS 180-4 (NIST examples), RFC 4231, RFC 4648. */
#include "tests/unit/unit.h"

#include <pthread.h>
#include <stdlib.h>

#include "proxy/crypto.h"

static void hex(const unsigned char *p, char out[65])
{
    struct buf b = buf_over(out, 65);

    buf_hex(&b, p, PX_SHA256);
    assert_string_not_equal(buf_z(&b), "");
}

static void sha256_gives_the_published_digests(void **state)
{
    static const struct {
        const char *text, *digest;
    } known[] = {
        { "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
        { "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
        { "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
    };
    unsigned char digest[PX_SHA256];
    char text[65];

    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        px_sha256(span_str(known[i].text), digest);
        hex(digest, text);
        assert_string_equal(text, known[i].digest);
    }
}

static void sha256_of_a_million_letters(void **state)
{
    unsigned char digest[PX_SHA256];
    char *a = malloc(1000000), text[65];

    (void)state;
    assert_non_null(a);
    memset(a, 'a', 1000000);
    px_sha256((struct span){ a, 1000000 }, digest);
    free(a);
    hex(digest, text);
    assert_string_equal(text, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void hmac_gives_the_answers_of_rfc_4231(void **state)
{
    static const struct {
        const char *key, *data, *mac; /* hexadecimal */
    } known[] = {
        { "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "4869205468657265",
          "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
        { "4a656665", "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
          "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
        { "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
          "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
          "dddddddddddd",
          "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe" },
        { "0102030405060708090a0b0c0d0e0f10111213141516171819",
          "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd"
          "cdcdcdcdcdcd",
          "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b" },
    };
    unsigned char mac[PX_SHA256];
    char key[128], data[128], text[65];

    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        struct buf k = BUF_OF(key), d = BUF_OF(data);
        struct px_hmac *h;

        assert_int_equal(px_hex_decode(span_str(known[i].key), &k), OK);
        assert_int_equal(px_hex_decode(span_str(known[i].data), &d), OK);
        h = px_hmac_create(buf_span(&k));
        for (unsigned again = 0; again < 3; again++) { /* a context is good for many texts */
            px_hmac(h, buf_span(&d), mac);
            hex(mac, text);
            assert_string_equal(text, known[i].mac);
        }
        px_hmac_destroy(h);
    }
}

/* RFC 4231 case 6: a key longer than the block is hashed first. */
static void hmac_takes_a_long_key(void **state)
{
    unsigned char mac[PX_SHA256];
    char key[131], text[65];
    struct px_hmac *h;

    (void)state;
    memset(key, 0xaa, sizeof key);
    h = px_hmac_create((struct span){ key, sizeof key });
    px_hmac(h, SPAN("Test Using Larger Than Block-Size Key - Hash Key First"), mac);
    px_hmac_destroy(h);
    px_hmac_destroy(NULL);
    hex(mac, text);
    assert_string_equal(text, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

static void parts_do_not_run_together(void **state)
{
    static const struct span a[] = { { "a", 1 }, { "bc", 2 } }, b[] = { { "ab", 2 }, { "c", 1 } };
    unsigned char one[PX_SHA256], two[PX_SHA256], flat[PX_SHA256];
    struct px_hmac *h = px_hmac_create(SPAN("key"));

    (void)state;
    px_sha256_parts(a, 2, one);
    px_sha256_parts(b, 2, two);
    assert_memory_not_equal(one, two, PX_SHA256);
    px_sha256((struct span){ "\1\0\0\0\0\0\0\0a\2\0\0\0\0\0\0\0bc", 19 }, flat);
    assert_memory_equal(one, flat, PX_SHA256);

    px_hmac_parts(h, a, 2, one);
    px_hmac_parts(h, b, 2, two);
    assert_memory_not_equal(one, two, PX_SHA256);
    px_hmac(h, (struct span){ "\1\0\0\0\0\0\0\0a\2\0\0\0\0\0\0\0bc", 19 }, flat);
    assert_memory_equal(one, flat, PX_SHA256);
    px_hmac_destroy(h);
}

static void a_derived_key_is_one_of_its_own(void **state)
{
    struct px_hmac *parent = px_hmac_create(SPAN("key")), *a = px_hmac_derive(SPAN("key"), "a"),
                   *b = px_hmac_derive(SPAN("key"), "b"), *again;
    unsigned char key[PX_SHA256], one[PX_SHA256], two[PX_SHA256];

    (void)state;
    px_hmac(parent, SPAN("a"), key);
    again = px_hmac_create((struct span){ (const char *)key, sizeof key });
    px_hmac(a, SPAN("text"), one);
    px_hmac(again, SPAN("text"), two);
    assert_memory_equal(one, two, PX_SHA256);
    px_hmac(b, SPAN("text"), two);
    assert_memory_not_equal(one, two, PX_SHA256);
    px_hmac(parent, SPAN("text"), two);
    assert_memory_not_equal(one, two, PX_SHA256);
    px_hmac_destroy(parent);
    px_hmac_destroy(a);
    px_hmac_destroy(b);
    px_hmac_destroy(again);
}

/* RFC 4648 section 10. */
static void base64_goes_there_and_back(void **state)
{
    static const char *const known[][2] = {
        { "", "" },
        { "f", "Zg==" },
        { "fo", "Zm8=" },
        { "foo", "Zm9v" },
        { "foob", "Zm9vYg==" },
        { "fooba", "Zm9vYmE=" },
        { "foobar", "Zm9vYmFy" },
    };
    char room[64];

    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        struct buf b = BUF_OF(room);

        px_base64(span_str(known[i][0]), &b);
        assert_span(buf_span(&b), known[i][1]);
        buf_clear(&b);
        assert_int_equal(px_base64_decode(span_str(known[i][1]), &b), OK);
        assert_span(buf_span(&b), known[i][0]);
    }
}

static void base64_refuses_what_is_not_exactly_it(void **state)
{
    static const char *const bad[] = { "Z",    "Zg",   "Zg=",      "Zh==",     "Zm9=", "Z===",
                                       "====", "Zm9*", "Zg==Zg==", "Zm 9v   ", "=m9v" };
    char room[64];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct buf b = BUF_OF(room);

        assert_int_equal(px_base64_decode(span_str(bad[i]), &b), E_SYNTAX);
    }
    {
        struct buf small = buf_over(room, 2);

        assert_int_equal(px_base64_decode(SPAN("Zm9v"), &small), E_LIMIT);
    }
}

static void hex_refuses_what_is_not_hex(void **state)
{
    char room[4];
    struct buf b = BUF_OF(room);

    (void)state;
    assert_int_equal(px_hex_decode(SPAN("00fFA9"), &b), OK);
    assert_memory_equal(b.p, "\x00\xFF\xA9", 3);
    assert_int_equal(px_hex_decode(SPAN("0"), &b), E_SYNTAX);
    assert_int_equal(px_hex_decode(SPAN("0g"), &b), E_SYNTAX);
    assert_int_equal(px_hex_decode(SPAN("0102"), &b), E_LIMIT);
}

static void ids_sort_by_time_and_differ(void **state)
{
    char a[27], b[27], c[27];

    (void)state;
    px_id_make(1750000000000, a);
    px_id_make(1750000000000, b);
    px_id_make(1750000000001, c);
    assert_int_equal(strlen(a), 26);
    assert_string_not_equal(a, b);
    assert_true(strcmp(a, c) < 0);
    assert_int_equal(strspn(a, "0123456789ABCDEFGHJKMNPQRSTVWXYZ"), 26);
    /* the first 48 bits of 130: two zeros, then the milliseconds */
    assert_memory_equal(a, "01JXS", 4);
}

static void *draw(void *out)
{
    px_random(out, 32);
    return NULL;
}

static void random_bytes_never_come_twice(void **state)
{
    static unsigned char got[200][32], big[4096], none[32];
    pthread_t t;

    (void)state;
    for (unsigned i = 0; i < 100; i++)
        px_random(got[i], 32);
    for (unsigned i = 100; i < 200; i++) { /* threads do not share a pool */
        assert_int_equal(pthread_create(&t, NULL, draw, got[i]), 0);
        assert_int_equal(pthread_join(t, NULL), 0);
    }
    for (unsigned i = 0; i < 200; i++) {
        assert_memory_not_equal(got[i], none, 32);
        for (unsigned k = 0; k < i; k++)
            assert_memory_not_equal(got[i], got[k], 32);
    }
    px_random(big, sizeof big);
    assert_memory_not_equal(big, big + 2048, 2048);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_gives_the_published_digests),
        cmocka_unit_test(sha256_of_a_million_letters),
        cmocka_unit_test(hmac_gives_the_answers_of_rfc_4231),
        cmocka_unit_test(hmac_takes_a_long_key),
        cmocka_unit_test(parts_do_not_run_together),
        cmocka_unit_test(a_derived_key_is_one_of_its_own),
        cmocka_unit_test(base64_goes_there_and_back),
        cmocka_unit_test(base64_refuses_what_is_not_exactly_it),
        cmocka_unit_test(hex_refuses_what_is_not_hex),
        cmocka_unit_test(ids_sort_by_time_and_differ),
        cmocka_unit_test(random_bytes_never_come_twice),
    };

    return cmocka_run_group_tests_name("crypto", tests, NULL, NULL);
}
