/* proxy/config_net.c -- texts become addresses, networks and base URLs. */
#include <arpa/inet.h>
#include <string.h>
#include <sys/un.h>

#include "proxy/config_schema.h"

static bool port_of(struct span s, unsigned least, uint16_t *out)
{
    uint64_t v;

    if (s.n > 5 || span_u64(s, &v) != OK || v < least || v > 65535)
        return false;
    *out = (uint16_t)v;
    return true;
}

/* An IP address in text, brackets around it if it is IPv6; port 0. */
static bool ip_of(struct span host, struct sockaddr_storage *out, socklen_t *len)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)out;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
    bool brackets = host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']';
    char text[INET6_ADDRSTRLEN];

    memset(out, 0, sizeof *out);
    if (brackets)
        host = (struct span){ host.p + 1, host.n - 2 };
    if (span_copyz(host, text, sizeof text) != OK)
        return false;
    if (brackets) {
        v6->sin6_family = AF_INET6;
        *len = sizeof *v6;
        return inet_pton(AF_INET6, text, &v6->sin6_addr) == 1;
    }
    v4->sin_family = AF_INET;
    *len = sizeof *v4;
    return inet_pton(AF_INET, text, &v4->sin_addr) == 1;
}

static bool loopback(const struct sockaddr_storage *sa)
{
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)sa;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)sa;

    if (sa->ss_family == AF_INET)
        return ntohl(v4->sin_addr.s_addr) >> 24 == 127;
    return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

static void set_port(struct sockaddr_storage *sa, uint16_t port)
{
    if (sa->ss_family == AF_INET)
        ((struct sockaddr_in *)sa)->sin_port = htons(port);
    else
        ((struct sockaddr_in6 *)sa)->sin6_port = htons(port);
}

static bool unix_address(struct px_reading *r, const struct px_node *n, const char *written,
                         struct px_address *out)
{
    struct sockaddr_un *un = (struct sockaddr_un *)&out->sa;
    const char *path = px_config_path(r, n, written);
    struct diag *d;

    if (*written == '\0' || strlen(path) >= sizeof un->sun_path) {
        d = px_config_error(r, "C117", n);
        diag_set(d, "a unix socket's path has 1 to %zu characters", sizeof un->sun_path - 1);
        return false;
    }
    un->sun_family = AF_UNIX;
    memcpy(un->sun_path, path, strlen(path) + 1);
    out->len = sizeof *un;
    out->unix_path = out->loopback = true;
    return true;
}

static void bad_address(struct px_reading *r, const struct px_node *n, struct span host,
                        const char *port)
{
    struct diag *d = px_config_error(r, "C117", n);

    if (port == NULL) {
        diag_set(d, "\"%.60s\" has no port", n->resolved);
        diag_help(d, "write \"%.60s:8443\"", n->resolved);
    } else if (host.n == 0 || span_is(host, "*")) {
        diag_set(d, "\"%.60s\" has no address", n->resolved);
        diag_help(d, "all addresses are \"[::]%.6s\"", port);
    } else if (span_is(host, "localhost")) {
        diag_set(d, "names are not looked up here");
        diag_help(d, "write \"127.0.0.1%.6s\"", port);
    } else {
        diag_set(d, "\"%.60s\" is not an IP address and a port", n->resolved);
        diag_help(d, "write \"[::]:8443\", \"127.0.0.1:8443\" or \"unix:PATH\"");
    }
}

static void read_address(struct px_reading *r, const struct px_field *f, struct px_node *n,
                         void *at)
{
    const char *colon = strrchr(n->resolved, ':');
    struct px_address a = { .text = n->resolved }, *out = at;
    struct span host;
    uint16_t port;

    (void)f;
    if (strncmp(n->resolved, "unix:", 5) == 0) {
        if (unix_address(r, n, n->resolved + 5, &a))
            *out = a;
        return;
    }
    if (colon != NULL && strchr(colon, ']') != NULL)
        colon = NULL; /* it is inside the brackets */
    host = (struct span){ n->resolved, colon == NULL ? 0 : (size_t)(colon - n->resolved) };
    if (colon == NULL || !port_of(span_str(colon + 1), 0, &port) || !ip_of(host, &a.sa, &a.len)) {
        bad_address(r, n, host, colon);
        return;
    }
    set_port(&a.sa, port);
    a.loopback = loopback(&a.sa);
    *out = a;
}

const struct px_type px_type_address = { .what = "an address, such as \"[::]:8443\"",
                                         .read = read_address };

/* The address as 16 bytes, IPv4 as ::ffff:a.b.c.d; its own number of bits, 0 if it is none. */
static unsigned address_bits(struct span s, unsigned char out[16])
{
    static const unsigned char v4[12] = { [10] = 0xFF, [11] = 0xFF };
    char text[INET6_ADDRSTRLEN];

    if (span_copyz(s, text, sizeof text) != OK)
        return 0;
    if (inet_pton(AF_INET6, text, out) == 1)
        return 128;
    memcpy(out, v4, sizeof v4);
    return inet_pton(AF_INET, text, out + sizeof v4) == 1 ? 32 : 0;
}

/* Zeroes what lies behind the prefix; true if it was zero. */
static bool cut_host(unsigned char addr[16], unsigned bits)
{
    bool clean = true;

    for (unsigned i = bits; i < 128; i++) {
        unsigned char bit = (unsigned char)(0x80 >> i % 8);

        clean = clean && (addr[i / 8] & bit) == 0;
        addr[i / 8] = (unsigned char)(addr[i / 8] & ~bit);
    }
    return clean;
}

static void host_bits(struct px_reading *r, const struct px_node *n, const unsigned char addr[16],
                      unsigned width, unsigned prefix)
{
    struct diag *d = px_config_error(r, "C119", n);
    char text[INET6_ADDRSTRLEN];

    diag_set(d, "\"%.60s\" has bits set behind its prefix", n->resolved);
    if (width == 32)
        (void)inet_ntop(AF_INET, addr + 12, text, sizeof text);
    else
        (void)inet_ntop(AF_INET6, addr, text, sizeof text);
    diag_help(d, "write \"%s/%u\"", text, prefix);
}

static void read_who(struct px_reading *r, const struct px_field *f, struct px_node *n, void *at)
{
    struct diag *d;

    if (px_who_parse(n->resolved, at))
        return;
    d = px_config_error(r, "C123", n);
    diag_set(d, "\"%s\" cannot hold \"%.60s\"", f->name, n->resolved);
    if (strchr(n->resolved, ':') == NULL && n->resolved[0] != '\0')
        diag_help(d, "write \"user:%.60s\", \"group:%.60s\" or \"cert:%.60s\"", n->resolved,
                  n->resolved, n->resolved);
    else
        diag_help(d, "write \"user:NAME\", \"group:NAME\" or \"cert:NAME\"");
}

const struct px_type px_type_who = {
    .what = "somebody, such as \"user:ana\", \"group:sre\" or \"cert:ana.example\"",
    .read = read_who
};

static void read_network(struct px_reading *r, const struct px_field *f, struct px_node *n,
                         void *at)
{
    struct span rest = span_str(n->resolved), addr = SPAN_NONE;
    struct px_network net = { .bits = 0 }, *out = at;
    unsigned width;
    uint64_t prefix = 0;
    struct diag *d;

    (void)f;
    (void)span_cut(&rest, '/', &addr);
    width = address_bits(addr, net.addr);
    prefix = width;
    if (width == 0 || (rest.p != NULL && (span_u64(rest, &prefix) != OK || prefix > width))) {
        d = px_config_error(r, "C119", n);
        diag_set(d, "\"%.60s\" is not a network", n->resolved);
        diag_help(d, "write \"10.0.0.0/8\" or \"fd00::/8\"");
        return;
    }
    net.bits = (uint8_t)(prefix + 128 - width);
    if (!cut_host(net.addr, net.bits)) {
        host_bits(r, n, net.addr, width, (unsigned)prefix);
        return;
    }
    *out = net;
}

const struct px_type px_type_network = { .what = "a network, such as \"10.0.0.0/8\"",
                                         .read = read_network };

static bool letter_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* RFC 1123 section 2.1: letters, digits and inner dashes, parted by single dots. */
static bool host_name(struct span host)
{
    struct span label;

    if (host.n == 0 || host.n > 253)
        return false;
    while (span_cut(&host, '.', &label)) {
        if (label.n == 0 || label.n > 63 || label.p[0] == '-' || label.p[label.n - 1] == '-')
            return false;
        for (size_t i = 0; i < label.n; i++) {
            if (!letter_or_digit(label.p[i]) && label.p[i] != '-')
                return false;
        }
    }
    return true;
}

/* A prefix of paths: letters, digits and -._~, parted by single slashes (RFC 3986 section 3.3,
 * less what would need escapes). */
static bool plain_path(struct span path)
{
    bool slash = false;

    for (size_t i = 0; i < path.n; i++) {
        char c = path.p[i];

        if (c == '/' ? slash : !letter_or_digit(c) && (c == '\0' || strchr("-._~", c) == NULL))
            return false;
        slash = c == '/';
    }
    return memmem(path.p, path.n, "/..", 3) == NULL;
}

struct url {
    struct span scheme, authority, host, path;
    uint16_t port;
    bool tls, ip, loopback;
};

static const char *split_authority(struct url *u)
{
    const char *colon = memrchr(u->authority.p, ':', u->authority.n);
    struct span port = SPAN_NONE;
    struct sockaddr_storage sa;
    socklen_t len;

    if (colon != NULL && memchr(colon, ']', (size_t)(u->authority.p + u->authority.n - colon)))
        colon = NULL;
    u->host = u->authority;
    if (colon != NULL) {
        u->host.n = (size_t)(colon - u->authority.p);
        port = (struct span){ colon + 1, u->authority.n - u->host.n - 1 };
    }
    u->port = u->tls ? 443 : 80;
    if (colon != NULL && !port_of(port, 1, &u->port))
        return "a port is a number from 1 to 65535";
    if (u->port == (u->tls ? 443 : 80))
        u->authority = u->host; /* RFC 9110 section 4.2.3: the default port is left out */
    u->ip = ip_of(u->host, &sa, &len);
    u->loopback = u->ip ? loopback(&sa) : span_is_nocase(u->host, "localhost");
    if (!u->ip && !host_name(u->host))
        return "this is no host name and no IP address";
    if (u->ip && u->host.p[0] == '[')
        u->host = (struct span){ u->host.p + 1, u->host.n - 2 };
    return NULL;
}

/* NULL, or what is wrong with it. */
static const char *split_url(struct span s, struct url *u)
{
    size_t slash;

    *u = (struct url){ .tls = span_starts(s, "https://") };
    if (!u->tls && !span_starts(s, "http://"))
        return "it begins with https://";
    u->scheme = span_take(s, u->tls ? 5 : 4);
    s = span_drop(s, u->scheme.n + 3);
    for (slash = 0; slash < s.n && s.p[slash] != '/'; slash++)
        continue;
    u->authority = span_take(s, slash);
    u->path = span_drop(s, slash);
    if (memchr(s.p, '@', s.n) != NULL)
        return "no user name or password belongs here";
    if (memchr(s.p, '?', s.n) != NULL || memchr(s.p, '#', s.n) != NULL)
        return "no query or fragment belongs here";
    if (!plain_path(u->path))
        return "this path would need escapes";
    while (u->path.n > 0 && u->path.p[u->path.n - 1] == '/')
        u->path.n--;
    return split_authority(u);
}

static void read_url(struct px_reading *r, const struct px_field *f, struct px_node *n, void *at)
{
    struct px_provider_config *p = at;
    const char *wrong;
    struct diag *d;
    struct url u;

    wrong = split_url(span_str(n->resolved), &u);
    if (wrong != NULL) {
        if (strchr(n->resolved, '@') != NULL)
            px_node_hide(n, r->report); /* there may be a password in front of it */
        d = px_config_error(r, "C118", n);
        diag_set(d, "\"%s\" is no base URL: %s", f->name, wrong);
        diag_help(d, "write \"https://HOST\", \"https://HOST:PORT\" or \"https://HOST/PREFIX\"");
        return;
    }
    p->base_url = n->resolved;
    p->tls = u.tls;
    p->host = u.host;
    p->port = u.port;
    p->host_is_ip = u.ip;
    p->host_is_local_ = u.loopback;
    p->account.name = span_str(p->name);
    p->account.scheme = u.scheme;
    p->account.authority = u.authority;
    p->account.base_path = u.path;
}

const struct px_type px_type_url = { .what = "a URL, such as \"https://HOST\"", .read = read_url };
