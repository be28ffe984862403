/* tests/unit/test_credentials.c */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proxy/credentials.h"
#include "proxy/crypto.h"

static char dir[] = "/tmp/test_credentials_XXXXXX";
static char path[64];

static void put(const char *file, const char *text)
{
    FILE *f;

    (void)snprintf(path, sizeof path, "%s/%s", dir, file);
    (void)unlink(path); /* and its mode */
    f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static void put_token(const char *file, const char *name, const char *token)
{
    unsigned char hash[PX_SHA256];
    char line[256];
    struct buf b = BUF_OF(line);

    px_sha256(span_str(token), hash);
    buf_fmt(&b, "# a comment\n\n%s:", name);
    buf_hex(&b, hash, sizeof hash);
    put(file, buf_z(&b));
}

static struct px_credentials *load(const char *what)
{
    struct px_report *report = px_report_create();
    struct px_credentials *c = NULL;
    const char *const paths[] = { what };

    if (px_credentials_load(paths, 1, report, &c) != OK)
        px_report_print(report, stderr, false);
    assert_non_null(c);
    assert_int_equal(px_report_warnings(report), 0);
    px_report_destroy(report);
    return c;
}

/* The whole report of a file that must not load. */
static const char *complaint(const char *text)
{
    static char said[4096];
    struct px_report *report = px_report_create();
    struct px_credentials *c = NULL;
    const char *const paths[] = { path };
    FILE *f = fmemopen(said, sizeof said, "w");

    put("bad", text);
    assert_int_equal(px_credentials_load(paths, 1, report, &c), E_SYNTAX);
    assert_null(c);
    px_report_print(report, f, false);
    assert_int_equal(fclose(f), 0);
    px_report_destroy(report);
    assert_int_equal(unlink(path), 0);
    return said;
}

static void bearer_and_basic_tokens_name_their_owner(void **state)
{
    struct px_credentials *c;
    const char *name = NULL;

    (void)state;
    put_token("one", "checkout-7", "sbk_good");
    c = load(path);
    assert_int_equal(px_credentials_count(c), 1);
    assert_true(px_credentials_check(c, SPAN("Bearer sbk_good"), &name));
    assert_string_equal(name, "checkout-7");
    name = NULL;
    assert_true(px_credentials_check(c, SPAN("bearer   sbk_good "), &name));
    assert_true(px_credentials_check(c, SPAN("Basic c2JrX2dvb2Q6"), &name));     /* sbk_good: */
    assert_true(px_credentials_check(c, SPAN("Basic c2JrX2dvb2Q="), &name));     /* sbk_good */
    assert_true(px_credentials_check(c, SPAN("BASIC c2JrX2dvb2Q6cHc="), &name)); /* sbk_good:pw */
    assert_string_equal(name, "checkout-7");
    px_credentials_destroy(c);
}

static void everything_else_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "Bearer",
        "Bearer ",
        "Bearer sbk_goo",
        "Bearer sbk_goodd",
        "Bearer SBK_GOOD",
        "Bearersbk_good",
        "Bearer sbk_good sbk_good",
        "sbk_good",
        "Basic sbk_good",
        "Basic c2JrX2dvb2Q",
        "Basic OnNia19nb29k", /* :sbk_good */
        "Digest sbk_good",
    };
    struct px_credentials *c;
    const char *name = NULL;
    char long_one[2000];

    (void)state;
    put_token("one", "checkout-7", "sbk_good");
    c = load(path);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(px_credentials_check(c, span_str(bad[i]), &name));
    assert_false(px_credentials_check(c, SPAN_NONE, &name));
    memset(long_one, 'A', sizeof long_one);
    memcpy(long_one, "Basic ", 6);
    assert_false(px_credentials_check(c, (struct span){ long_one, sizeof long_one }, &name));
    assert_null(name);
    px_credentials_destroy(c);
}

static void a_directory_is_read_whole(void **state)
{
    struct px_credentials *c;
    const char *name = NULL;

    (void)state;
    put_token("one", "shop-a", "token a");
    put_token("two", "shop-a", "token b"); /* the same name again: its next token */
    put_token(".hidden", "shop-b", "token c");
    put_token("old~", "shop-b", "token d");
    c = load(dir);
    assert_int_equal(px_credentials_count(c), 2);
    assert_true(px_credentials_check(c, SPAN("Bearer token b"), &name));
    assert_string_equal(name, "shop-a");
    assert_false(px_credentials_check(c, SPAN("Bearer token c"), &name));
    assert_int_equal(px_credentials_at(c, 0).line, 3);
    assert_int_equal(strlen(px_credentials_at(c, 0).print), 8);
    px_credentials_destroy(c);
    for (const char *const *f = (const char *const[]){ "two", ".hidden", "old~", NULL }; *f; f++) {
        (void)snprintf(path, sizeof path, "%s/%s", dir, *f);
        assert_int_equal(unlink(path), 0);
    }
}

static void mistakes_have_a_place_and_a_code(void **state)
{
    const char *said;

    (void)state;
    said = complaint("shop sbk_verysecret\n");
    assert_non_null(strstr(said, "/bad:1:1: error[C160]"));
    assert_null(strstr(said, "verysecret"));
    said = complaint("\nshop:sbk_verysecret\n");
    assert_non_null(strstr(said, "/bad:2:6: error[C160]"));
    assert_null(strstr(said, "verysecret"));
    said = complaint("Shop:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n");
    assert_non_null(strstr(said, "error[C160]"));
    said = complaint("a:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n"
                     "b:E3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n");
    assert_non_null(strstr(said, "/bad:2:1: error[C161]"));
}

static void a_file_that_is_not_there_is_told(void **state)
{
    struct px_report *report = px_report_create();
    struct px_credentials *c = NULL;
    const char *const paths[] = { "/nowhere/at/all" };

    (void)state;
    assert_int_equal(px_credentials_load(paths, 1, report, &c), E_SYNTAX);
    assert_int_equal(px_report_errors(report), 1);
    px_report_destroy(report);
}

static void others_must_not_add_credentials(void **state)
{
    struct px_report *report = px_report_create();
    struct px_credentials *c = NULL;
    const char *const paths[] = { path };

    (void)state;
    put_token("one", "shop", "t");
    assert_int_equal(chmod(path, 0666), 0);
    assert_int_equal(px_credentials_load(paths, 1, report, &c), OK);
    assert_int_equal(px_report_warnings(report), 1);
    px_report_destroy(report);
    px_credentials_destroy(c);
}

static void new_tokens_are_accepted_and_differ(void **state)
{
    char a[PX_TOKEN], b[PX_TOKEN], text[512], header[64];
    struct buf lines = BUF_OF(text);
    struct px_credentials *c;
    const char *name = NULL;

    (void)state;
    px_credential_new("shop-a", a, &lines);
    px_credential_new("shop-b", b, &lines);
    assert_string_not_equal(a, b);
    assert_int_equal(strlen(a), 47);
    assert_int_equal(strspn(a, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
                     47);
    put("one", buf_z(&lines));
    c = load(path);
    (void)snprintf(header, sizeof header, "Bearer %s", b);
    assert_true(px_credentials_check(c, span_str(header), &name));
    assert_string_equal(name, "shop-b");
    px_credentials_destroy(c);
}

static void names_are_plain(void **state)
{
    (void)state;
    assert_true(px_credential_name_ok("a"));
    assert_true(px_credential_name_ok("shop.eu-1_x"));
    assert_false(px_credential_name_ok(""));
    assert_false(px_credential_name_ok("-a"));
    assert_false(px_credential_name_ok("a."));
    assert_false(px_credential_name_ok("A"));
    assert_false(px_credential_name_ok("a:b"));
    assert_false(px_credential_name_ok("a b"));
    assert_true(
        px_credential_name_ok("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
    assert_false(
        px_credential_name_ok("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
}

static int make_dir(void **state)
{
    (void)state;
    return mkdtemp(dir) == NULL ? -1 : 0;
}

static int remove_dir(void **state)
{
    (void)state;
    (void)snprintf(path, sizeof path, "%s/one", dir);
    (void)unlink(path);
    return rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bearer_and_basic_tokens_name_their_owner),
        cmocka_unit_test(everything_else_is_refused),
        cmocka_unit_test(a_directory_is_read_whole),
        cmocka_unit_test(mistakes_have_a_place_and_a_code),
        cmocka_unit_test(a_file_that_is_not_there_is_told),
        cmocka_unit_test(others_must_not_add_credentials),
        cmocka_unit_test(new_tokens_are_accepted_and_differ),
        cmocka_unit_test(names_are_plain),
    };

    return cmocka_run_group_tests_name("credentials", tests, make_dir, remove_dir);
}
