/* tests/unit/test_config.c -- good configurations become structs, bad ones become advice. */
#include "tests/unit/unit.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "health/breaker.h"
#include "proxy/config.h"
#include "proxy/report.h"

static char dir[] = "/tmp/test_config_XXXXXX";

static void put(const char *file, const char *text)
{
    char path[256];
    FILE *f;

    (void)snprintf(path, sizeof path, "%s/%s", dir, file);
    f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(path, 0600), 0);
}

#define KEY_64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* Eight lines that are right; what a case adds begins on line 9, inside providers.stripe. */
#define GOOD                                                                                       \
    "listen: { payments: { address: \"127.0.0.1:8080\", cleartext: true } }\n"                     \
    "journal: \"sqlite:j.db\"\n"                                                                   \
    "secrets: { key_derivation_file: kd }\n"                                                       \
    "credentials: creds\n"                                                                         \
    "providers:\n"                                                                                 \
    "  stripe:\n"                                                                                  \
    "    base_url: \"https://api.stripe.com\"\n"                                                   \
    "    api_key_file: key\n"

static char said[65536];

static enum err load_from(const struct px_config_sources *from, struct px_config **out)
{
    struct px_report *report = px_report_create();
    FILE *f = fmemopen(said, sizeof said, "w");
    enum err e;

    *out = NULL;
    assert_non_null(f);
    e = px_config_load(from, report, out);
    px_report_print(report, f, false);
    assert_int_equal(fclose(f), 0);
    px_report_destroy(report);
    return e;
}

static enum err load(const char *text, struct px_config **out)
{
    struct px_config_sources from = { .file = "t.yaml" };

    put("t.yaml", text);
    return load_from(&from, out);
}

static struct px_config *good(const char *text)
{
    struct px_config *c;

    if (load(text, &c) != OK)
        fail_msg("%s", said);
    return c;
}

static unsigned count(const char *what)
{
    unsigned n = 0;

    for (const char *p = strstr(said, what); p != NULL; p = strstr(p + 1, what))
        n++;
    return n;
}

static void a_small_configuration_has_all_defaults(void **state)
{
    struct px_config *c = good(GOOD);

    (void)state;
    assert_string_equal(said, "");
    assert_int_equal(c->payments.addresses, 1);
    assert_true(c->payments.address[0].loopback);
    assert_true(c->payments.cleartext);
    assert_int_equal(c->payments.tls_ms, 5000);
    assert_int_equal(c->payments.idle_ms, 75000);
    assert_int_equal(c->admin.address.len, 0);
    assert_true(c->workers >= 1 && c->workers <= LIMIT_WORKERS);
    assert_int_equal(c->drain_ms, 90000);
    assert_string_equal(c->journal_path, "j.db");
    assert_span(secret_reveal(c->key_derivation), KEY_64);
    assert_int_equal(c->credential_files, 1);
    assert_string_equal(c->credential_file[0], "creds");
    assert_int_equal(c->rules.deadline_ms, 20000);
    /* health/ measured these; the configuration must not quietly say something else */
    assert_int_equal(c->routing.open_first_ms, hl_breaker_defaults.open_first_ns / 1000000);
    assert_int_equal(c->routing.open_max_ms, hl_breaker_defaults.open_max_ns / 1000000);
    assert_int_equal(c->routing.ramp_ms, hl_breaker_defaults.ramp_ns / 1000000);
    assert_int_equal(c->rules.patience_ms, 45000);
    assert_int_equal(c->rules.attach_wait_ms, 15000);
    assert_int_equal(c->rules.flight.copies_max, 3);
    assert_int_equal(c->rules.flight.moves_max, 2);
    assert_int_equal(c->rules.flight.repeat_first_ms, 500);
    assert_int_equal(c->rules.flight.within_ns, 20000000000);
    assert_int_equal(c->log_level, INFO);
    assert_null(c->log_file);
    px_config_destroy(c);
    px_config_destroy(NULL);
}

static void a_provider_is_as_its_adapter_and_reader_need_it(void **state)
{
    struct px_config *c = good(GOOD);
    struct px_provider_config *p = &c->provider[0];

    (void)state;
    assert_int_equal(c->providers, 1);
    assert_string_equal(p->name, "stripe");
    assert_ptr_equal(p->adapter, px_adapter_find(SPAN("stripe")));
    assert_true(p->enabled && p->tls && !p->host_is_ip);
    assert_span(p->host, "api.stripe.com");
    assert_int_equal(p->port, 443);
    assert_null(p->ca_file);
    assert_int_equal(p->speak, PX_ALPN_AUTO);
    assert_int_equal(p->connect_ms, 2000);
    assert_int_equal(p->response_ms, 25000);
    assert_int_equal(p->connections_max, 64);
    assert_span(p->account.scheme, "https");
    assert_span(p->account.authority, "api.stripe.com");
    assert_span(p->account.base_path, "");
    assert_span(secret_reveal(p->account.api_key), "sk_secret");
    assert_string_equal(c->facts[0].name, "stripe");
    assert_int_equal(c->facts[0].index, 0);
    assert_true(c->facts[0].enabled);
    assert_int_equal(c->facts[0].ops, p->adapter->ops);
    assert_int_equal(c->facts[0].brands, p->adapter->brands);
    assert_int_equal(c->facts[0].promises.keeps_keys_s, p->adapter->promises.keeps_keys_s);
    assert_true(rt_provider_takes_currency(&c->facts[0], currency_find(SPAN("EUR"))));
    assert_true(rt_provider_takes_currency(&c->facts[0], currency_find(SPAN("JPY"))));
    px_config_destroy(c);
}

static void lists_leave_out_what_they_do_not_name(void **state)
{
    struct px_config *c = good(GOOD "    currencies: [EUR, GBP]\n    brands: visa\n"
                                    "    methods: [card]\n    enabled: false\n");
    struct rt_provider *f = &c->facts[0];

    (void)state;
    assert_true(rt_provider_takes_currency(f, currency_find(SPAN("EUR"))));
    assert_true(rt_provider_takes_currency(f, currency_find(SPAN("GBP"))));
    assert_false(rt_provider_takes_currency(f, currency_find(SPAN("USD"))));
    assert_int_equal(f->brands, 1U << RT_VISA);
    assert_int_equal(f->methods, 1U << RT_CARD);
    assert_false(f->enabled);
    px_config_destroy(c);
}

static void base_urls_are_taken_apart(void **state)
{
    static const struct {
        const char *url, *host, *authority, *path;
        unsigned port;
        bool tls, ip;
    } known[] = {
        { "https://a.example", "a.example", "a.example", "", 443, true, false },
        { "https://a.example/", "a.example", "a.example", "", 443, true, false },
        { "https://a.example:443/v71/", "a.example", "a.example", "/v71", 443, true, false },
        { "https://a.example:8443/x/y", "a.example", "a.example:8443", "/x/y", 8443, true, false },
        { "http://127.0.0.1:80", "127.0.0.1", "127.0.0.1", "", 80, false, true },
        { "http://[::1]:9000/p", "::1", "[::1]:9000", "/p", 9000, false, true },
        { "https://[2001:db8::1]", "2001:db8::1", "[2001:db8::1]", "", 443, true, true },
        { "http://localhost:9000", "localhost", "localhost:9000", "", 9000, false, false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        struct px_config_sources from = { .file = "t.yaml", .sets = 1 };
        struct px_provider_config *p;
        struct px_config *c;
        char set[200];

        put("t.yaml", GOOD);
        (void)snprintf(set, sizeof set, "providers.stripe.base_url=%s", known[i].url);
        from.set = (const char *const[]){ set };
        assert_int_equal(load_from(&from, &c), OK);
        p = &c->provider[0];
        assert_span(p->host, known[i].host);
        assert_span(p->account.authority, known[i].authority);
        assert_span(p->account.base_path, known[i].path);
        assert_int_equal(p->port, known[i].port);
        assert_int_equal(p->tls, known[i].tls);
        assert_int_equal(p->host_is_ip, known[i].ip);
        px_config_destroy(c);
    }
}

static void addresses_and_networks_are_read(void **state)
{
    struct px_config *c =
        good(GOOD "workers: 3\n"
                  "log: { level: warn, file: gw.log }\n"
                  "payments: { patience: 1m, repeat_first: 250ms, attach_wait: 0s }\n");
    struct px_config_sources from = {
        .file = "t.yaml",
        .set = (const char *const[]){ "listen.payments.address=[ '[::1]:1', '127.9.9.9:65535' ]",
                                      "listen.admin.address=unix:/run/x.sock",
                                      "listen.payments.trusted_proxies=[10.0.0.0/8, 'fd00::/8']" },
        .sets = 3,
    };

    (void)state;
    assert_int_equal(c->workers, 3);
    assert_int_equal(c->log_level, WARN);
    assert_string_equal(c->log_file, "gw.log");
    assert_int_equal(c->rules.patience_ms, 60000);
    assert_int_equal(c->rules.repeat_first_ms, 250);
    assert_int_equal(c->rules.attach_wait_ms, 0);
    px_config_destroy(c);

    assert_int_equal(load_from(&from, &c), OK);
    assert_int_equal(c->payments.addresses, 2);
    assert_int_equal(c->payments.address[0].sa.ss_family, AF_INET6);
    assert_true(c->payments.address[0].loopback && c->payments.address[1].loopback);
    assert_true(c->admin.address.unix_path && c->admin.address.loopback);
    assert_int_equal(c->payments.trusteds, 2);
    assert_int_equal(c->payments.trusted[0].bits, 104);
    assert_memory_equal(c->payments.trusted[0].addr, "\0\0\0\0\0\0\0\0\0\0\xFF\xFF\x0A\0\0\0", 16);
    assert_int_equal(c->payments.trusted[1].bits, 8);
    px_config_destroy(c);
}

/* What is wrong, each in one place, with a code, and what to write instead. */
static void mistakes_have_place_code_and_help(void **state)
{
    static const struct {
        const char *text; /* after the eight good lines, unless it begins with "listen:" */
        const char *finding, *help;
    } known[] = {
        { "    bransd: visa\n", "9:5: error[C110]: \"providers.stripe\" has no setting \"bransd\"",
          "did you mean \"brands\"?" },
        { "wrokers: 2\n", "9:1: error[C110]: there is no setting \"wrokers\"",
          "did you mean \"workers\"?" },
        { "colour: red\n", "9:1: error[C110]: there is no setting \"colour\"", NULL },
        { "workers: 2\nworkers: 3\n", "10:1: error[C103]: \"workers\" stands here for the second",
          "the first is on line 9" },
        { "    enabled: yes\n", "9:14: error[C112]: \"enabled\" takes true or false",
          "write true" },
        { "    enabled: \"true\"\n", "9:14: error[C112]", "write true" },
        { "    enabled: [true]\n",
          "9:14: error[C112]: \"enabled\" takes true or false, and this is a list", NULL },
        { "    timeouts: { connect: 2 }\n", "9:26: error[C115]: \"connect\" needs a unit",
          "write 2s or 2ms" },
        { "    timeouts: { connect: 2sec }\n",
          "9:26: error[C115]: \"connect\" takes one number and one unit, and \"sec\"",
          "the units are ms, s, m and h" },
        { "    timeouts: { connect: 1m30s }\n", "9:26: error[C115]", "ms, s, m and h" },
        { "    timeouts: { connect: soon }\n", "9:26: error[C112]: \"connect\" takes a duration",
          NULL },
        { "    timeouts: { connect: 2h }\n", "9:26: error[C114]: \"connect\" takes 50ms to 1m",
          NULL },
        { "    timeouts: { connect: 99999999999999999999s }\n", "9:26: error[C114]", NULL },
        { "    timeouts: 5s\n",
          "9:15: error[C112]: \"timeouts\" takes a mapping, and this is a text", NULL },
        { "    timeouts:\n", "9:5: error[C113]: \"timeouts\" has no value", NULL },
        { "routing: { margin: 101% }\n", "9:20: error[C112]: \"margin\" takes a percentage", NULL },
        { "routing: { margin: 15 }\n", "9:20: error[C112]", NULL },
        { "routing: { margin: 0.00001% }\n", "9:20: error[C112]", NULL },
        { "routing: { margin: 0% }\n", "9:20: error[C114]: \"margin\" takes 0.0001% to 100%",
          NULL },
        { "workers:\n", "9:1: error[C113]: \"workers\" has no value", NULL },
        { "workers: ~\n", "9:1: error[C113]", NULL },
        { "workers: 0\n", "9:10: error[C114]: \"workers\" takes 1 to 64", NULL },
        { "workers: 65\n", "9:10: error[C114]", NULL },
        { "workers: -1\n", "9:10: error[C114]", NULL },
        { "workers: 1.5\n", "9:10: error[C112]", NULL },
        { "workers: \"2\"\n",
          "9:10: error[C112]: \"workers\" takes \"auto\" or a whole number, "
          "and this is a text in quotes",
          NULL },
        { "workers: { a: b }\n", "9:10: error[C112]", NULL },
        { "    http: htpt1\n", "9:11: error[C116]: \"http\" cannot be \"htpt1\"",
          "did you mean \"http1\"?" },
        { "    http: quic\n", "9:11: error[C116]", "it can be auto, h2 or http1" },
        { "    brands: [visa, vissa]\n", "9:20: error[C116]: \"brands\" cannot be \"vissa\"",
          "did you mean \"visa\"?" },
        { "    brands: []\n", "9:13: error[C113]: \"brands\" is an empty list", NULL },
        { "    methods: [voucher]\n", "9:15: error[C116]",
          "it can be card, network_token or provider_token" },
        { "    currencies: [EUR, EUE]\n", "9:23: error[C116]", NULL },
        { "    currencies: [eur]\n", "9:18: error[C116]", "did you mean \"EUR\"?" },
        { "    adapter: strpe\n", "9:14: error[C116]: \"adapter\" cannot be \"strpe\"",
          "did you mean \"stripe\"?" },
        { "    merchant_account: a b\n", "9:23: error[C112]", NULL },
        { "    merchant_account: \"\"\n", "9:23: error[C113]", NULL },
        { "    api_key: \"${file:key}\"\n", "8:5: error[C122]", NULL },
        { "    tls: { ca_file: nowhere.pem }\n", "9:21: error[C102]: nowhere.pem: No such file",
          NULL },
        { "    tls: { ca_file: \"${file:kd}${file:kd}\" }\n", "9:21: error[C102]", NULL },
        { "log: { level: \"${env:TEST_CONFIG_NOT_SET}\" }\n",
          "9:16: error[C130]: $TEST_CONFIG_NOT_SET is not set", NULL },
        { "log: { level: \"x${file:nowhere}\" }\n", "9:17: error[C130]: nowhere: No such file",
          NULL },
        { "log: { level: \"${cred:x}\" }\n", "9:16: error[C130]: $CREDENTIALS_DIRECTORY is not set",
          "LoadCredential=x:PATH" },
        { "log: { level: \"${x}\" }\n", "9:16: error[C131]", "${env:NAME}" },
        { "log: { level: \"${env:X\" }\n", "9:16: error[C131]", NULL },
        { "  Big:\n    adapter: stripe\n    base_url: \"https://x\"\n    api_key_file: key\n",
          "9:3: error[C120]: a provider cannot be called \"Big\"", NULL },
        { "  paypal:\n    base_url: \"https://x\"\n    api_key_file: key\n",
          "9:3: error[C111]: \"providers.paypal\" has no \"adapter\"", "add adapter: " },
        { "  adyen:\n    base_url: \"https://x\"\n    api_key_file: key\n",
          "9:3: error[C143]: \"providers.adyen\" has no \"merchant_account\"",
          "add merchant_account: NAME" },
        { "  adyen: on\n", "9:10: error[C112]: a provider is a mapping, and this is a text", NULL },
        { "  two:\n    adapter: stripe\n    api_key_file: key\n",
          "9:3: error[C111]: \"providers.two\" has no \"base_url\"", "add base_url: " },
        { "  two:\n    adapter: stripe\n    base_url: \"https://x\"\n",
          "9:3: error[C111]: \"providers.two\" has no \"api_key\"", "add api_key: " },
        { "drain: 20s\n", "9:1: error[C144]: \"drain\" (20000 ms) is not longer than \"stripe\"",
          NULL },
        { "payments: { attach_wait: 50s }\n", "9:13: error[C144]", NULL },
        { "payments: { copies_max: 5 }\n", "9:25: error[C114]: \"copies_max\" takes 1 to 4", NULL },
        { "log: &x { level: warn }\n", "9:9: error[C104]: an anchor (&)", "write the value out" },
        { "log: *x\n", "error[C104]: an alias (*)", NULL },
        { "log: !!map { level: warn }\n", "9:12: error[C104]: a tag (!)", NULL },
        { "? [a]\n: b\n", "9:3: error[C104]: a key must be a word", NULL },
        { "log: { level: warn\n", "error[C101]", NULL },
        { "workers: \"2\n", "9:11: error[C101]", NULL },
        { "\tworkers: 2\n", "9:2: error[C101]", NULL },
        { "workers: 2\x01\n", "9:11: error[C101]: byte 0x01 is not text", NULL },
        { "workers: \xFF\n", "9:10: error[C101]: byte 0xFF", NULL },
        { "---\nworkers: 2\n", "error[C105]: a second document", "conf.d/" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        struct px_config *c;
        char text[4096], finding[400];

        (void)snprintf(text, sizeof text, "%s%s", GOOD, known[i].text);
        (void)snprintf(finding, sizeof finding, "%s%s",
                       known[i].finding[0] == 'e' ? "" : "t.yaml:", known[i].finding);
        assert_int_equal(load(text, &c), E_SYNTAX);
        assert_null(c);
        if (strstr(said, finding) == NULL || count("error[") != 1)
            fail_msg("expected %s, got\n%s", finding, said);
        if (known[i].help != NULL &&
            (strstr(said, "= help: ") == NULL || strstr(said, known[i].help) == NULL))
            fail_msg("expected help %s, got\n%s", known[i].help, said);
    }
}

/* The same for what the eight good lines hold already: by --set, so with a place in it. */
static void overrides_are_checked_like_the_file(void **state)
{
    static const struct {
        const char *set, *finding, *help;
    } known[] = {
        { "workers=many", "--set:1:9: error[C112]", NULL },
        { "workers", "--set:1:1: error[C150]", "--set workers=2" },
        { "=2", "--set:1:1: error[C150]", NULL },
        { "wokers=2", "--set:1:1: error[C110]", "did you mean \"workers\"?" },
        { "providers.stripe.base_ur=x", "--set:1:18: error[C110]", "\"base_url\"" },
        { "listen.payments.address=localhost:1", "error[C117]: names are not looked up",
          "write \"127.0.0.1:1\"" },
        { "listen.payments.address=:1", "--set:1:25: error[C117]: \":1\" has no address",
          "\"[::]:1\"" },
        { "listen.payments.address=*:1", "error[C117]", "\"[::]:1\"" },
        { "listen.payments.address=127.0.0.1", "error[C117]: \"127.0.0.1\" has no port",
          "write \"127.0.0.1:8443\"" },
        { "listen.payments.address='[::1]'", "error[C117]: \"[::1]\" has no port",
          "write \"[::1]:8443\"" },
        { "listen.payments.address=127.0.0.1:65536", "error[C117]", NULL },
        { "listen.payments.address=1.2.3:1", "error[C117]", NULL },
        { "listen.payments.address=unix:", "error[C117]", NULL },
        { "listen.payments.address=0.0.0.0:80", "t.yaml:1:50: error[C140]: card data in the clear",
          NULL },
        { "listen.payments.cleartext=false", "t.yaml:1:11: error[C141]", "cleartext: true" },
        { "listen.payments.trusted_proxies=10.0.0.1/8", "error[C119]", "write \"10.0.0.0/8\"" },
        { "listen.payments.trusted_proxies=10.0.0.0/33", "error[C119]", NULL },
        { "listen.payments.trusted_proxies=ten", "error[C119]", NULL },
        { "listen.payments.trusted_proxies=fd00::1/8", "error[C119]", "write \"fd00::/8\"" },
        { "providers.stripe.base_url=ftp://x", "error[C118]", "https://HOST" },
        { "providers.stripe.base_url=https://", "error[C118]", NULL },
        { "providers.stripe.base_url=https://a_b", "error[C118]", NULL },
        { "providers.stripe.base_url=https://a..b", "error[C118]", NULL },
        { "providers.stripe.base_url=https://-a", "error[C118]", NULL },
        { "providers.stripe.base_url=https://a:0", "error[C118]", NULL },
        { "providers.stripe.base_url=https://a:x", "error[C118]", NULL },
        { "providers.stripe.base_url=https://a:", "error[C118]", NULL },
        { "providers.stripe.base_url=https://a/?q=1", "error[C118]", NULL },
        { "providers.stripe.base_url=https://a/#f", "error[C118]", NULL },
        { "providers.stripe.base_url=https://a/../b", "error[C118]", NULL },
        { "providers.stripe.base_url=https://a//b", "error[C118]", NULL },
        { "providers.stripe.base_url=https://a/%41", "error[C118]", NULL },
        { "providers.stripe.base_url=https://[::1", "error[C118]", NULL },
        { "providers.stripe.base_url=http://10.0.0.1", "error[C140]", "write https://" },
        { "providers.stripe.base_url=http://localhost.evil.example", "error[C140]", NULL },
        { "providers.stripe.api_key_file=nowhere", "error[C130]: nowhere: No such file", NULL },
        { "providers.stripe.api_key_file=empty", "error[C134]: this secret is empty", NULL },
        { "providers.stripe.api_key_file=lines", "error[C134]", NULL },
        { "providers.stripe.api_key_file=/dev/zero", "error[C105]", NULL },
        { "providers.stripe.api_key_file=/", "error[C130]: /: Is a directory", NULL },
        { "secrets.key_derivation_file=key", "error[C134]: this secret has 9 characters",
          "openssl rand -hex 32" },
        { "credentials=nowhere", "error[C102]: nowhere: No such file", NULL },
        { "journal=postgres:x", "error[C116]", "sqlite:/var/lib" },
        { "journal=sqlite:", "error[C116]", NULL },
        { "live=redis", "error[C124]", "write memory" },
        { "live=redis://u:secret@h", "error[C124]", "a password does not belong here" },
        { "live=redis://a,b", "error[C124]", "one host only" },
        { "live=redis://h:0", "error[C124]", "a port is a number" },
        { "live=redis://h/x", "error[C124]", "number of a database" },
        { "live=redis+sentinel://a,b", "error[C124]", "name of the master" },
        { "live=redis+unix://x", "error[C124]", "begins with a slash" },
        { "providers=x", "error[C112]: \"providers\" takes a mapping", NULL },
        { "providers={}", "error[C111]: this configuration has no \"providers\"", NULL },
        { "listen=[]", "error[C112]: \"listen\" takes a mapping, and this is a list", NULL },
    };

    (void)state;
    put("t.yaml", GOOD);
    put("empty", "\n");
    put("lines", "one\ntwo\n");
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        struct px_config_sources from = { .file = "t.yaml",
                                          .set = (const char *const[]){ known[i].set },
                                          .sets = 1 };
        struct px_config *c;

        assert_int_equal(load_from(&from, &c), E_SYNTAX);
        if (strstr(said, known[i].finding) == NULL || count("error[") != 1)
            fail_msg("--set %s: expected %s, got\n%s", known[i].set, known[i].finding, said);
        if (known[i].help != NULL && strstr(said, known[i].help) == NULL)
            fail_msg("--set %s: expected help %s, got\n%s", known[i].set, known[i].help, said);
    }
}

static void an_empty_file_lacks_everything_at_once(void **state)
{
    static const char *const needs[] = { "\"listen.payments\" has no \"address\"",
                                         "has no \"journal\"", "has no \"key_derivation\"",
                                         "has no \"credentials\"", "has no \"providers\"" };
    struct px_config *c;

    (void)state;
    assert_int_equal(load("# nothing\n", &c), E_SYNTAX);
    for (size_t i = 0; i < sizeof needs / sizeof *needs; i++)
        assert_non_null(strstr(said, needs[i]));
    assert_int_equal(count("error["), 5);
    assert_int_equal(load("- a\n- b\n", &c), E_SYNTAX);
    assert_non_null(strstr(said, "t.yaml:1:1: error[C112]: a configuration is a mapping"));
}

static void the_place_is_shown_with_a_caret(void **state)
{
    struct px_config *c;

    (void)state;
    assert_int_equal(load(GOOD "    http: htpt1\n", &c), E_SYNTAX);
    assert_string_equal(said, "t.yaml:9:11: error[C116]: \"http\" cannot be \"htpt1\"\n"
                              "    9 |     http: htpt1\n"
                              "      |           ^~~~~\n"
                              "      = help: did you mean \"http1\"?\n");
}

static void literal_secrets_are_refused_and_never_shown(void **state)
{
    static const char *const known[] = {
        GOOD
        "  two:\n    adapter: stripe\n    base_url: \"https://x\"\n    api_key: sk_VERYSECRET\n",
        GOOD "  two:\n    adapter: stripe\n    base_url: \"https://x\"\n    api_key: "
             "\"sk_VERYSECRET\"\n",
        GOOD "  two: { api_key: sk_VERYSECRET, http: nonsense, base_url: \"https://x\", adapter: "
             "stripe }\n",
        GOOD
        "  two:\n    adapter: stripe\n    base_url: \"https://x\"\n    api_kye: sk_VERYSECRET\n",
        GOOD "    api_key_file: sk_VERYSECRET\n",                  /* the key twice */
        GOOD "    merchant_account: { api_key: sk_VERYSECRET }\n", /* a mapping where a text goes */
        GOOD "  two:\n    adapter: stripe\n    base_url: \"https://u:VERYSECRET@x\"\n    "
             "api_key_file: key\n",
        GOOD "  two:\n    adapter: stripe\n    base_url: \"https://x\"\n    api_key: |\n"
             "      sk_VERYSECRET\n      VERYSECRET\n",
        GOOD "    api_key: \"sk_VERYSECRET\n", /* no YAML */
        "secrets: { key_derivation: VERYSECRET",
    };
    struct px_config *c;

    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        assert_int_equal(load(known[i], &c), E_SYNTAX);
        if (strstr(said, "VERYSECRET") != NULL)
            fail_msg("case %zu shows it:\n%s", i, said);
    }
    assert_int_equal(load(known[0], &c), E_SYNTAX);
    assert_non_null(strstr(said, "t.yaml:12:14: error[C132]: \"api_key\" holds a secret"));
    assert_non_null(strstr(said, "12 |     api_key: ............."));
    assert_int_equal(setenv("TEST_CONFIG_SECRET", "sk_VERYSECRET", 1), 0);
    assert_int_equal(load(GOOD "  two:\n    adapter: stripe\n    base_url: \"https://x\"\n"
                               "    api_key: \"${env:TEST_CONFIG_SECRET}\"\n",
                          &c),
                     E_SYNTAX);
    assert_non_null(strstr(said, "12:15: error[C133]: secrets do not come from the environment"));
    assert_int_equal(unsetenv("TEST_CONFIG_SECRET"), 0);
}

static void references_stand_for_what_is_there(void **state)
{
    struct px_config *c;

    (void)state;
    put("level", "warn\n");
    put("cred_key", "sk_by_credential\r\n");
    assert_int_equal(setenv("TEST_CONFIG_PATIENCE", "30s", 1), 0);
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", ".", 1), 0);
    c = good(GOOD "    api_version: \"$${x}-${cred:level}\"\n"
                  "  two:\n    adapter: stripe\n    base_url: \"https://${file:level}.example\"\n"
                  "    api_key: \"${cred:cred_key}\"\n"
                  "    tls: { ca_file: \"${cred:kd}\" }\n"
                  "log: { level: \"${file:level}\" }\n"
                  "payments: { patience: \"${env:TEST_CONFIG_PATIENCE}\" }\n");
    assert_span(c->provider[0].account.api_version, "${x}-warn");
    assert_span(c->provider[1].host, "warn.example");
    assert_span(secret_reveal(c->provider[1].account.api_key), "sk_by_credential");
    assert_string_equal(c->provider[1].ca_file, "./kd");
    assert_int_equal(c->log_level, WARN);
    assert_int_equal(c->rules.patience_ms, 30000);
    px_config_destroy(c);
    assert_int_equal(unsetenv("TEST_CONFIG_PATIENCE"), 0);
    assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
}

static void relative_paths_start_at_the_file(void **state)
{
    struct px_config_sources from = { .file = "sub/t.yaml" };
    struct px_config *c;

    (void)state;
    assert_int_equal(mkdir("sub", 0700), 0);
    put("sub/t.yaml", GOOD);
    put("sub/kd", KEY_64);
    put("sub/key", "sk_sub");
    put("sub/creds", "");
    if (load_from(&from, &c) != OK)
        fail_msg("%s", said);
    assert_string_equal(c->journal_path, "sub/j.db");
    assert_string_equal(c->credential_file[0], "sub/creds");
    assert_span(secret_reveal(c->provider[0].account.api_key), "sk_sub");
    px_config_destroy(c);
}

static void later_layers_win(void **state)
{
    char one[] = "SIGNALBOX__LOG__LEVEL=error", two[] = "SIGNALBOX__PROVIDERS__S_2__ENABLED=false",
         other[] = "SIGNALBOXX=1";
    char *environment[] = { one, two, other, NULL };
    struct px_config_sources from = { .file = "t.yaml",
                                      .environment = environment,
                                      .set = (const char *const[]){ "workers=5", "workers=6" },
                                      .sets = 2 };
    struct px_config *c;

    (void)state;
    put("t.yaml", GOOD "workers: 2\nlog: { level: debug, file: a.log }\ndrain: 40s\n");
    assert_int_equal(mkdir("conf.d", 0700), 0);
    put("conf.d/10.yaml", "workers: 3\ndrain: 50s\nproviders: { s-2: { adapter: stripe, base_url: "
                          "\"https://x\", api_key_file: ../key } }\n");
    put("conf.d/20.yaml", "workers: 4\n");
    put("conf.d/30.yaml.off", "workers: 9\n");
    if (load_from(&from, &c) != OK)
        fail_msg("%s", said);
    assert_int_equal(c->workers, 6);
    assert_int_equal(c->drain_ms, 50000);
    assert_int_equal(c->log_level, ERROR);
    assert_string_equal(c->log_file, "a.log"); /* mappings are merged */
    assert_int_equal(c->providers, 2);
    assert_string_equal(c->provider[1].name, "s-2");
    assert_false(c->provider[1].enabled);
    px_config_destroy(c);

    put("conf.d/20.yaml", "wokers: 4\n");
    assert_int_equal(load_from(&from, &c), E_SYNTAX);
    assert_non_null(strstr(said, "./conf.d/20.yaml:1:1: error[C110]"));
    put("conf.d/20.yaml", "");
    one[20] = 'Z'; /* LEVEZ */
    assert_int_equal(load_from(&from, &c), E_SYNTAX);
    assert_non_null(
        strstr(said, "environment:1:17: error[C110]: \"log\" has no setting \"levez\""));
    assert_int_equal(unlink("conf.d/10.yaml") | unlink("conf.d/20.yaml") |
                         unlink("conf.d/30.yaml.off") | rmdir("conf.d"),
                     0);
}

static void the_effective_configuration_names_origins_and_no_secrets(void **state)
{
    struct px_config_sources from = { .file = "t.yaml",
                                      .set = (const char *const[]){ "workers=5" },
                                      .sets = 1 };
    struct px_config *c;
    FILE *f;

    (void)state;
    put("t.yaml", GOOD "    currencies: [EUR]\n");
    assert_int_equal(load_from(&from, &c), OK);
    f = fmemopen(said, sizeof said, "w");
    px_config_print(c, f);
    assert_int_equal(fclose(f), 0);
    assert_non_null(strstr(said, "# --set workers\n"));
    assert_non_null(strstr(said, "# t.yaml:2\n"));
    assert_non_null(strstr(said, "    currencies: [\"EUR\"] "));
    assert_non_null(strstr(said, "    connections: 64 "));
    assert_null(strstr(said, "sk_secret"));
    assert_null(strstr(said, KEY_64));
    px_config_destroy(c);
    /* what it prints is a configuration, the same one */
    c = good(said);
    assert_int_equal(c->workers, 5);
    px_config_destroy(c);
}

static void a_journal_in_memory_is_a_warning(void **state)
{
    struct px_config_sources from = { .file = "t.yaml",
                                      .set = (const char *const[]){ "journal=memory" },
                                      .sets = 1 };
    struct px_config *c;

    (void)state;
    put("t.yaml", GOOD);
    assert_int_equal(load_from(&from, &c), OK);
    assert_null(c->journal_path);
    assert_non_null(strstr(said, "--set:1:9: warning[C145]"));
    px_config_destroy(c);
}

static void state_is_kept_beside_the_journal_unless_said_otherwise(void **state)
{
    static const struct {
        const char *set[2];
        unsigned sets;
        const char *state;
    } cases[] = { { { "state=s/t" }, 1, "s/t" },
                  { { NULL }, 0, "." },
                  { { "journal=sqlite:/var/lib/x/j.db" }, 1, "/var/lib/x" },
                  { { "journal=sqlite:/j.db" }, 1, "/" },
                  { { "journal=memory" }, 1, NULL },
                  { { "journal=memory", "state=s" }, 2, "s" } };

    (void)state;
    put("t.yaml", GOOD);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct px_config_sources from = { .file = "t.yaml",
                                          .set = cases[i].set,
                                          .sets = cases[i].sets };
        struct px_config *c;

        assert_int_equal(load_from(&from, &c), OK);
        if (cases[i].state == NULL)
            assert_null(c->state_path);
        else
            assert_string_equal(c->state_path, cases[i].state);
        px_config_destroy(c);
    }
}

static void secrets_that_others_can_read_are_a_warning(void **state)
{
    struct px_config *c;

    (void)state;
    assert_int_equal(chmod("key", 0644), 0);
    c = good(GOOD);
    assert_non_null(strstr(said, "t.yaml:8:19: warning[C135]: every user of this machine"));
    assert_int_equal(chmod("key", 0600), 0);
    px_config_destroy(c);
}

static void a_file_that_is_not_there_is_told(void **state)
{
    struct px_config_sources from = { .file = "nowhere/t.yaml" };
    struct px_config *c;

    (void)state;
    assert_int_equal(load_from(&from, &c), E_NOTFOUND);
    assert_string_equal(said, "nowhere/t.yaml: error[C102]: No such file or directory\n");
}

static void there_is_an_end_to_everything(void **state)
{
    char *text = malloc(3 * 1024 * 1024), *p = text;
    struct px_config *c;

    (void)state;
    assert_non_null(text);
    for (unsigned i = 0; i < 100; i++) /* deep */
        *p++ = '[';
    *p = '\0';
    assert_int_equal(load(text, &c), E_SYNTAX);
    p = text; /* wide: more findings than are told */
    for (unsigned i = 0; i < 1000; i++)
        p += snprintf(p, 16, "x%u: 1\n", i);
    assert_int_equal(load(text, &c), E_SYNTAX);
    assert_non_null(strstr(said, " more\n"));
    memset(text, '#', 2 * 1024 * 1024); /* long */
    text[2 * 1024 * 1024] = '\0';
    assert_int_equal(load(text, &c), E_SYNTAX);
    assert_non_null(strstr(said, "error[C105]"));
    free(text);
}

static void every_code_has_an_explanation(void **state)
{
    const char *title = NULL;

    (void)state;
    assert_non_null(px_config_explain("C110", &title));
    assert_string_equal(title, "an unknown key");
    assert_null(px_config_explain("C999", &title));
}

static int make_dir(void **state)
{
    (void)state;
    if (mkdtemp(dir) == NULL || chdir(dir) != 0)
        return -1;
    put("kd", KEY_64 "\n");
    put("key", "sk_secret\n");
    put("creds", "");
    return 0;
}

static int remove_dir(void **state)
{
    static const char *const files[] = { "sub/t.yaml", "sub/kd", "sub/key", "sub/creds" };
    struct dirent *e;
    DIR *d;

    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        (void)unlink(files[i]);
    (void)rmdir("sub");
    d = opendir(".");
    while (d != NULL && (e = readdir(d)) != NULL)
        (void)unlink(e->d_name);
    (void)closedir(d);
    return chdir("/") | rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_small_configuration_has_all_defaults),
        cmocka_unit_test(a_provider_is_as_its_adapter_and_reader_need_it),
        cmocka_unit_test(lists_leave_out_what_they_do_not_name),
        cmocka_unit_test(base_urls_are_taken_apart),
        cmocka_unit_test(addresses_and_networks_are_read),
        cmocka_unit_test(mistakes_have_place_code_and_help),
        cmocka_unit_test(overrides_are_checked_like_the_file),
        cmocka_unit_test(an_empty_file_lacks_everything_at_once),
        cmocka_unit_test(the_place_is_shown_with_a_caret),
        cmocka_unit_test(literal_secrets_are_refused_and_never_shown),
        cmocka_unit_test(references_stand_for_what_is_there),
        cmocka_unit_test(relative_paths_start_at_the_file),
        cmocka_unit_test(later_layers_win),
        cmocka_unit_test(the_effective_configuration_names_origins_and_no_secrets),
        cmocka_unit_test(a_journal_in_memory_is_a_warning),
        cmocka_unit_test(secrets_that_others_can_read_are_a_warning),
        cmocka_unit_test(state_is_kept_beside_the_journal_unless_said_otherwise),
        cmocka_unit_test(a_file_that_is_not_there_is_told),
        cmocka_unit_test(there_is_an_end_to_everything),
        cmocka_unit_test(every_code_has_an_explanation),
    };

    return cmocka_run_group_tests_name("config", tests, make_dir, remove_dir);
}
