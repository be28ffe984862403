/* tests/unit/test_dns.c -- the resolver against a name server of our own, on the same loop. */
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <ev.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "proxy/dns.h"

/* Answers A questions by the first label; counts them. AAAA gets an empty answer, except "six". */
struct server {
    int fd;
    ev_io io;
    unsigned questions; /* A only, so that one look-up counts once */
    bool mute, broken;
    int ttl_s;
    char csv[32];
};

static struct ev_loop *loop;
static struct server server;
static struct px_dns *dns;

/* Question section: name, type, class; returns its end or 0. */
static size_t question_end(const unsigned char *m, size_t n, unsigned *type)
{
    size_t at = 12;

    while (at < n && m[at] != 0)
        at += m[at] + 1u;
    if (at + 5 > n)
        return 0;
    *type = m[at + 2];
    return at + 5;
}

static size_t answer_put(unsigned char *m, size_t at, unsigned type, const char *text, int ttl_s)
{
    size_t n = type == 28 ? 16 : 4;
    unsigned char head[12] = { 0xc0, 12, 0, (unsigned char)type, 0, 1, 0, 0, 0, 0, 0, 0 };

    head[8] = (unsigned char)(ttl_s >> 8);
    head[9] = (unsigned char)ttl_s;
    head[11] = (unsigned char)n;
    memcpy(m + at, head, sizeof head);
    assert_int_equal(inet_pton(type == 28 ? AF_INET6 : AF_INET, text, m + at + 12), 1);
    m[7]++;
    return at + 12 + n;
}

static size_t reply(struct server *s, unsigned char *m, size_t end, unsigned type)
{
    bool is = false;

    m[2] = 0x81;
    m[3] = s->broken ? 0x82 : 0x80;
    memset(m + 6, 0, 6);
    is = memcmp(m + 13, "nowhere", 7) == 0;
    if (is)
        m[3] = 0x83;
    if (is || s->broken)
        return end;
    if (type == 1 && memcmp(m + 13, "two", 3) == 0) {
        end = answer_put(m, end, 1, "192.0.2.1", s->ttl_s);
        return answer_put(m, end, 1, "192.0.2.2", s->ttl_s);
    }
    if (type == 1 && memcmp(m + 13, "six", 3) != 0)
        return answer_put(m, end, 1, "192.0.2.7", s->ttl_s);
    if (type == 28 && memcmp(m + 13, "six", 3) == 0)
        return answer_put(m, end, 28, "2001:db8::7", s->ttl_s);
    return end;
}

static void on_question(struct ev_loop *l, ev_io *io, int revents)
{
    struct server *s = io->data;
    unsigned char m[1500];
    struct sockaddr_in from;
    socklen_t from_n = sizeof from;
    ssize_t n = recvfrom(s->fd, m, 512, 0, (struct sockaddr *)&from, &from_n);
    unsigned type = 0;
    size_t end;

    (void)l;
    (void)revents;
    if (n < 17 || (end = question_end(m, (size_t)n, &type)) == 0)
        return;
    s->questions += type == 1;
    if (s->mute)
        return;
    end = reply(s, m, end, type);
    (void)sendto(s->fd, m, end, 0, (struct sockaddr *)&from, from_n);
}

static int set_up(void **state)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t n = sizeof a;

    (void)state;
    loop = ev_loop_new(0);
    server = (struct server){ .fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), .ttl_s = 60 };
    assert_int_equal(bind(server.fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(getsockname(server.fd, (struct sockaddr *)&a, &n), 0);
    (void)snprintf(server.csv, sizeof server.csv, "127.0.0.1:%u", ntohs(a.sin_port));
    ev_io_init(&server.io, on_question, server.fd, EV_READ);
    server.io.data = &server;
    ev_io_start(loop, &server.io);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    px_dns_destroy(dns);
    dns = NULL;
    ev_io_stop(loop, &server.io);
    close(server.fd);
    ev_loop_destroy(loop);
    return 0;
}

static void open_dns(int ttl_min_ms, int ttl_max_ms, int negative_ms)
{
    struct px_dns_config c;

    px_dns_defaults(&c);
    c.servers = server.csv;
    c.ttl_min_ms = ttl_min_ms;
    c.ttl_max_ms = ttl_max_ms;
    c.negative_ms = negative_ms;
    c.try_ms = 30;
    assert_int_equal(px_dns_create_with(loop, &c, &dns), OK);
}

struct told {
    struct px_dns_query q;
    struct px_dns_answer a;
    unsigned times;
};

static void on_told(void *ctx, const struct px_dns_answer *a)
{
    struct told *t = ctx;

    t->a = *a;
    t->times++;
}

static void ask(struct told *t, const char *name)
{
    *t = (struct told){ .times = 0 };
    px_dns_ask(dns, &t->q, span_str(name), 443, on_told, t);
    assert_int_equal(t->times, 0); /* never from inside */
}

static void on_late(struct ev_loop *l, ev_timer *w, int revents)
{
    (void)revents;
    *(bool *)w->data = true;
    ev_break(l, EVBREAK_ONE);
}

static void wait_ms(int ms)
{
    bool late = false;
    ev_timer w;

    ev_timer_init(&w, on_late, ms / 1e3, 0.);
    w.data = &late;
    ev_now_update(loop);
    ev_timer_start(loop, &w);
    while (!late)
        ev_run(loop, EVRUN_ONCE);
}

static void await(struct told *t)
{
    bool late = false;
    ev_timer w;

    ev_timer_init(&w, on_late, 4., 0.);
    w.data = &late;
    ev_now_update(loop);
    ev_timer_start(loop, &w);
    ev_run(loop, EVRUN_NOWAIT); /* what was fed from outside runs before the loop blocks */
    while (t->times == 0 && !late)
        ev_run(loop, EVRUN_ONCE);
    ev_timer_stop(loop, &w);
    assert_int_equal(t->times, 1);
}

static const char *text_of(const struct px_addr *a)
{
    static char text[INET6_ADDRSTRLEN];
    bool six = a->sa.any.sa_family == AF_INET6;

    return inet_ntop(six ? AF_INET6 : AF_INET,
                     six ? (const void *)&a->sa.v6.sin6_addr : (const void *)&a->sa.v4.sin_addr,
                     text, sizeof text);
}

static void a_name_becomes_addresses_with_the_port(void **state)
{
    struct told t;

    (void)state;
    open_dns(1000, 60000, 1000);
    ask(&t, "two.example");
    await(&t);
    assert_int_equal(t.a.e, OK);
    assert_int_equal(t.a.addrs, 2);
    assert_int_equal(ntohs(t.a.addr[0].sa.v4.sin_port), 443);
    assert_int_equal(ntohs(t.a.addr[1].sa.v4.sin_port), 443);
    assert_string_not_equal(text_of(&t.a.addr[0]), "");
    ask(&t, "six.example");
    await(&t);
    assert_int_equal(t.a.addrs, 1);
    assert_string_equal(text_of(&t.a.addr[0]), "2001:db8::7");
}

static void answers_are_kept_and_case_does_not_matter(void **state)
{
    struct told t;

    (void)state;
    open_dns(1000, 60000, 1000);
    ask(&t, "one.example");
    await(&t);
    ask(&t, "ONE.example");
    await(&t);
    assert_string_equal(text_of(&t.a.addr[0]), "192.0.2.7");
    assert_int_equal(server.questions, 1);
}

static void a_record_lives_no_longer_than_the_bound(void **state)
{
    struct told t;

    (void)state;
    server.ttl_s = 3600;
    open_dns(10, 60, 1000);
    ask(&t, "one.example");
    await(&t);
    wait_ms(80);
    ask(&t, "one.example");
    await(&t);
    assert_int_equal(server.questions, 2);
}

static void a_record_lives_at_least_the_bound(void **state)
{
    struct told t;

    (void)state;
    server.ttl_s = 0;
    open_dns(5000, 60000, 1000);
    ask(&t, "one.example");
    await(&t);
    wait_ms(20);
    ask(&t, "one.example");
    await(&t);
    assert_int_equal(server.questions, 1);
}

static void questions_for_one_name_travel_together(void **state)
{
    struct told a, b, c;

    (void)state;
    open_dns(1000, 60000, 1000);
    ask(&a, "one.example");
    ask(&b, "one.example");
    ask(&c, "one.example");
    px_dns_cancel(&b.q);
    await(&a);
    await(&c);
    assert_int_equal(b.times, 0);
    assert_int_equal(server.questions, 1);
    px_dns_cancel(&a.q); /* answered: nothing to do */
}

static void no_such_name_is_remembered_shortly(void **state)
{
    struct told t;

    (void)state;
    open_dns(1000, 60000, 60);
    ask(&t, "nowhere.example");
    await(&t);
    assert_int_equal(t.a.e, E_NOTFOUND);
    assert_int_equal(t.a.addrs, 0);
    unsigned before = server.questions;
    ask(&t, "nowhere.example");
    await(&t);
    assert_int_equal(t.a.e, E_NOTFOUND);
    assert_int_equal(server.questions, before);
    wait_ms(80);
    ask(&t, "nowhere.example");
    await(&t);
    assert_true(server.questions > before);
}

static void a_silent_server_is_a_timeout(void **state)
{
    struct told t;

    (void)state;
    server.mute = true;
    open_dns(1000, 60000, 10);
    ask(&t, "one.example");
    await(&t);
    assert_int_equal(t.a.e, E_TIMEOUT);
    /* and it recovers */
    server.mute = false;
    wait_ms(20);
    ask(&t, "one.example");
    await(&t);
    assert_int_equal(t.a.e, OK);
}

static void a_failing_resolver_leaves_the_old_answer_in_use(void **state)
{
    struct told t;

    (void)state;
    open_dns(10, 20, 10);
    ask(&t, "one.example");
    await(&t);
    wait_ms(40);
    server.broken = true;
    ask(&t, "one.example");
    await(&t);
    assert_int_equal(t.a.e, OK);
    assert_string_equal(text_of(&t.a.addr[0]), "192.0.2.7");
    assert_true(server.questions >= 2);
}

static void literals_ask_nobody(void **state)
{
    static const char *const text[] = { "192.0.2.9", "2001:db8::9", "[2001:db8::9]" };
    struct told t;

    (void)state;
    open_dns(1000, 60000, 1000);
    for (unsigned i = 0; i < 3; i++) {
        ask(&t, text[i]);
        await(&t);
        assert_int_equal(t.a.e, OK);
        assert_string_equal(text_of(&t.a.addr[0]), i == 0 ? "192.0.2.9" : "2001:db8::9");
    }
    assert_int_equal(server.questions, 0);
}

static void the_hosts_file_counts(void **state)
{
    struct told t;

    (void)state;
    open_dns(1000, 60000, 1000);
    ask(&t, "localhost");
    await(&t);
    assert_int_equal(t.a.e, OK);
    assert_true(t.a.addrs >= 1);
    assert_int_equal(server.questions, 0);
}

static void nonsense_is_an_error_not_a_query(void **state)
{
    char longest[300];
    struct told t;

    (void)state;
    open_dns(1000, 60000, 1000);
    memset(longest, 'a', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    ask(&t, longest);
    await(&t);
    assert_int_equal(t.a.e, E_SYNTAX);
    ask(&t, "");
    await(&t);
    assert_int_equal(t.a.e, E_SYNTAX);
    t = (struct told){ .times = 0 };
    px_dns_ask(dns, &t.q, (struct span){ "a\0b", 3 }, 1, on_told, &t);
    await(&t);
    assert_int_equal(t.a.e, E_SYNTAX);
    assert_int_equal(server.questions, 0);
}

static void many_names_stay_bounded(void **state)
{
    struct told t;
    char name[32];

    (void)state;
    open_dns(1000, 60000, 1000);
    for (unsigned i = 0; i < 200; i++) {
        (void)snprintf(name, sizeof name, "n%u.example", i);
        ask(&t, name);
        await(&t);
        assert_int_equal(t.a.e, OK);
    }
}

static void destroying_drops_who_waits(void **state)
{
    struct told a, b;

    (void)state;
    server.mute = true;
    open_dns(1000, 60000, 1000);
    ask(&a, "one.example");
    ask(&b, "192.0.2.1");
    px_dns_destroy(dns);
    dns = NULL;
    wait_ms(5);
    assert_int_equal(a.times + b.times, 0);
    px_dns_cancel(&a.q);
}

static void bad_servers_are_told(void **state)
{
    struct px_dns_config c;

    (void)state;
    px_dns_defaults(&c);
    c.servers = "not an address";
    assert_int_equal(px_dns_create_with(loop, &c, &dns), E_SYNTAX);
    assert_null(dns);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_name_becomes_addresses_with_the_port),
        TEST(answers_are_kept_and_case_does_not_matter),
        TEST(a_record_lives_no_longer_than_the_bound),
        TEST(a_record_lives_at_least_the_bound),
        TEST(questions_for_one_name_travel_together),
        TEST(no_such_name_is_remembered_shortly),
        TEST(a_silent_server_is_a_timeout),
        TEST(a_failing_resolver_leaves_the_old_answer_in_use),
        TEST(literals_ask_nobody),
        TEST(the_hosts_file_counts),
        TEST(nonsense_is_an_error_not_a_query),
        TEST(many_names_stay_bounded),
        TEST(destroying_drops_who_waits),
        TEST(bad_servers_are_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
