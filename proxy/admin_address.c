/* proxy/admin_address.c */
#include "proxy/admin_address.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "proxy/cmd_config.h"
#include "proxy/config.h"
#include "proxy/report.h"
#include "routing/base/span.h"

#define DEFAULT_SOCKET "/run/signalbox/admin.sock"

static int to_unix(const struct px_cli *c, const char *path, struct px_admin_address *out)
{
    struct sockaddr_un *un = (struct sockaddr_un *)&out->sa;

    if (path[0] == '\0' || strlen(path) >= sizeof un->sun_path)
        return px_cli_usage(c, "a unix socket's path has 1 to %zu characters",
                            sizeof un->sun_path - 1);
    un->sun_family = AF_UNIX;
    memcpy(un->sun_path, path, strlen(path) + 1);
    out->len = sizeof *un;
    (void)snprintf(out->text, sizeof out->text, "unix:%s", path);
    return PX_YES;
}

/* HOST:PORT, [::1]:PORT; the host without brackets and the port as text. */
static bool split(const char *from, struct px_admin_address *out, char port[8])
{
    const char *colon = strrchr(from, ':');
    struct span host = { from, colon == NULL ? 0 : (size_t)(colon - from) };

    if (host.n > 2 && span_starts(host, "[") && span_ends(host, "]"))
        host = (struct span){ host.p + 1, host.n - 2 };
    return host.n > 0 && span_copyz(host, out->host, sizeof out->host) == OK &&
           span_copyz(span_str(from), out->authority, sizeof out->authority) == OK &&
           span_copyz(span_str(colon + 1), port, 8) == OK && port[0] != '\0' &&
           strspn(port, "0123456789") == strlen(port);
}

static const char *option_or(const struct px_cli *c, const char *option, const char *variable)
{
    const char *v = px_cli_value(c, option);

    return v != NULL ? v : getenv(variable);
}

static int to_https(const struct px_cli *c, const char *from, struct px_admin_address *out)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found = NULL;
    char port[8];
    int e;

    if (!split(from, out, port))
        return px_cli_usage(c, "--socket takes https://HOST:PORT, not https://%.100s", from);
    out->tls = true;
    out->ca = option_or(c, "ca", "SIGNALBOX_ADMIN_CA");
    out->cert = option_or(c, "cert", "SIGNALBOX_ADMIN_CERT");
    out->key = option_or(c, "key", "SIGNALBOX_ADMIN_KEY");
    (void)snprintf(out->text, sizeof out->text, "https://%s", out->authority);
    e = getaddrinfo(out->host, port, &hints, &found);
    if (e != 0)
        return px_cli_fail(c, PX_UNREACHABLE, "%s: %s", out->host, gai_strerror(e));
    memcpy(&out->sa, found->ai_addr, found->ai_addrlen);
    out->len = found->ai_addrlen;
    freeaddrinfo(found);
    return PX_YES;
}

static int to_text(const struct px_cli *c, const char *text, struct px_admin_address *out)
{
    if (strncmp(text, "https://", 8) == 0)
        return to_https(c, text + 8, out);
    if (strncmp(text, "unix:", 5) == 0)
        return to_unix(c, text + 5, out);
    if (strchr(text, '/') != NULL)
        return to_unix(c, text, out);
    return px_cli_usage(c, "an admin address is unix:PATH or https://HOST:PORT, not \"%.100s\"",
                        text);
}

static int of_config(const struct px_cli *c, struct px_admin_address *out)
{
    const char *file = px_cli_value(c, "config");
    struct px_config_sources from = { .file = file != NULL ? file : PX_CONFIG_FILE,
                                      .environment = environ };
    struct px_report *report = px_report_create();
    struct px_address a = { .len = 0 };
    char host[200], port[16], text[256];
    int e = PX_YES;

    if (file == NULL && access(PX_CONFIG_FILE, R_OK) != 0) {
        e = to_unix(c, DEFAULT_SOCKET, out);
    } else if (px_config_peek_address(&from, "listen.admin.address", report, &a) != OK ||
               px_report_errors(report) > 0) {
        px_report_print(report, stderr, c->color);
        e = PX_USAGE;
    } else if (a.len == 0) {
        e = px_cli_fail(c, PX_UNREACHABLE, "%s has no listen.admin.address", from.file);
    } else if (a.unix_path) {
        e = to_unix(c, ((const struct sockaddr_un *)&a.sa)->sun_path, out);
    } else if (getnameinfo((const struct sockaddr *)&a.sa, a.len, host, sizeof host, port,
                           sizeof port, NI_NUMERICHOST | NI_NUMERICSERV) == 0) {
        (void)snprintf(text, sizeof text, strchr(host, ':') != NULL ? "[%s]:%s" : "%s:%s", host,
                       port);
        e = to_https(c, text, out);
    }
    px_report_destroy(report);
    return e;
}

int px_admin_address_find(const struct px_cli *c, struct px_admin_address *out)
{
    const char *said = option_or(c, "socket", "SIGNALBOX_ADMIN");

    memset(out, 0, sizeof *out);
    if (said != NULL && said[0] != '\0')
        return to_text(c, said, out);
    return of_config(c, out);
}
