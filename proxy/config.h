/* proxy/config.h -- what an operator wrote, checked and typed. Immutable once loaded.
 *
 * Sources, later ones win: the file, the .yaml files of conf.d beside it in byte order, the
 * environment (SIGNALBOX__LISTEN__ADMIN__ADDRESS), --set listen.admin.address=... . docs/config.md
 * is the reference; it is printed from the same table that reads the file (`signalbox config
 * reference`).
 */
#ifndef PX_CONFIG_H
#define PX_CONFIG_H
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>

#include "proxy/adapters/adapter.h"
#include "proxy/log.h"
#include "proxy/resp.h"
#include "proxy/role.h"
#include "proxy/upstream.h"
#include "routing/base/limits.h"
#include "routing/base/secret.h"
#include "routing/flight.h"
#include "routing/provider.h"
#include "routing/reattempt.h"

struct px_report; /* proxy/report.h: every finding of one run */

enum { PX_LISTEN_MAX = 16, PX_TRUSTED_MAX = 32, PX_CREDENTIAL_FILES_MAX = 16 };

/* Where to listen: "[::]:8443", "127.0.0.1:8080", "unix:/run/signalbox/admin.sock". */
struct px_address {
    const char *text;
    struct sockaddr_storage sa;
    socklen_t len;
    bool unix_path, loopback; /* a unix socket counts as loopback */
};

/* A network: "10.0.0.0/8", "2001:db8::/32". IPv4 as ::ffff:0:0/96. */
struct px_network {
    unsigned char addr[16];
    uint8_t bits;
};

struct px_listen {
    struct px_address address[PX_LISTEN_MAX];
    unsigned addresses;
    const char *certificate, *key; /* PEM files, readable when loaded; NULL when cleartext */
    bool cleartext, allow_cleartext;
    struct px_network trusted[PX_TRUSTED_MAX]; /* whose X-Forwarded-For we believe */
    unsigned trusteds;
    /* milliseconds; px_server_config takes them by these names */
    int tls_ms, first_request_ms, headers_ms, body_ms, idle_ms, write_ms;
};

/* Where operators connect, and what each of them may do. */
struct px_admin_listen {
    struct px_address address;                 /* len 0: none */
    const char *certificate, *key, *client_ca; /* PEM files; NULL on a unix socket */
    const char *group; /* who may connect to the unix socket beside its owner; NULL: nobody */
    struct px_role_map roles;
};

struct px_provider_config {
    const char *name;
    const struct px_adapter *adapter;
    bool enabled;

    /* where: the parts of base_url; host without brackets */
    const char *base_url;
    bool tls;
    struct span host;
    uint16_t port;
    bool host_is_ip, host_is_local_;
    bool allow_cleartext; /* http:// to somewhere else than this machine is meant */
    const char *ca_file;  /* NULL: the system's trust store */
    int speak;            /* PX_ALPN_AUTO, _H2, _HTTP1 of struct px_upstream_config */
    int connect_ms, response_ms, idle_ms;
    unsigned connections_max, waiting_max;

    /* allow lists as bits; 0: everything the adapter can */
    uint32_t brands, methods;
    uint64_t currencies[4];

    /* what it costs, and where it is */
    const char *fees_path;                 /* CSV; NULL: costs are unknown */
    struct span acquirer_country, settles; /* two letters; three; empty: unknown, any */

    struct px_account account; /* as the adapter takes it; points into this configuration */
};

/* Where the fleet's Redis is. */
enum px_live_kind { PX_LIVE_MEMORY, PX_LIVE_REDIS, PX_LIVE_SENTINEL };
enum { PX_LIVE_PLACES = 8 };
struct px_live_where {
    enum px_live_kind kind;
    bool tls;
    struct px_resp_place place[PX_LIVE_PLACES]; /* of Redis, or of the sentinels */
    unsigned places, db;
    const char *user, *master; /* NULL: none */
};

/* What is said to it. Empty spans: not said. */
struct px_live_settings {
    struct px_live_where where;
    struct span username, sentinel_username, prefix, tenant;
    const struct secret *password, *sentinel_password; /* NULL: none */
    const char *ca_file;                               /* NULL: the system's trust store */
    int command_ms;
};

struct px_payment_rules {
    struct rt_flight_rules flight; /* from the ones below */
    unsigned copies_max, moves_max;
    int repeat_first_ms;
    int deadline_ms;    /* a payment that is new: no further leg after this long */
    int patience_ms;    /* the customer hears 202 after this long; the work goes on behind */
    int attach_wait_ms; /* a second request with the same key waits this long for the first */
    struct rt_reattempt_limits reattempts; /* the card schemes' rules */
};

/* What a payment is worth, and when a provider is left alone. docs/health.md */
struct px_routing_rules {
    int32_t margin_ppm;       /* of the amount: what a success earns */
    int32_t latency_cost_ppm; /* of that margin, per second that the customer waits */
    bool breaker;             /* false: nobody is ever stopped but by an operator */
    int open_first_ms, open_max_ms, ramp_ms;
};

struct px_config {
    struct px_listen payments;
    struct px_admin_listen admin;

    unsigned workers;
    int drain_ms; /* at shutdown; longer than the slowest provider's response time */

    const char *journal_path; /* SQLite file; NULL: in memory, for tests only */
    const char *state_path;   /* proxy/state.h; NULL: none */
    struct px_live_settings live;
    struct span node; /* our name in the fleet; empty: made of host and port */

    struct {
        bool enabled;
        const char *path; /* NULL: none is kept */
        unsigned rotate_mib, keep;
    } decisions; /* the log of decisions: proxy/decisions.h */

    /* what decisions look up; each may be NULL */
    const char *policy_path, *bins_path, *country_path, *rates_path;

    const struct secret *key_derivation; /* provider keys and fingerprints hang on it */
    const char *credential_file[PX_CREDENTIAL_FILES_MAX]; /* files or directories */
    unsigned credential_files;

    /* In the order of the file. facts[i] is what the core sees of provider[i]: what the adapter can
     * do, less what the configuration leaves out. */
    struct px_provider_config provider[LIMIT_PROVIDERS];
    struct rt_provider facts[LIMIT_PROVIDERS];
    unsigned providers;

    struct px_payment_rules rules;
    struct px_routing_rules routing;

    enum px_log_level log_level;
    const char *log_file; /* NULL: stderr */

    struct px_config_store *store_; /* every byte the pointers above point at */
};

struct px_config_sources {
    const char *file;       /* NULL: nothing but the rest */
    const char *const *set; /* "a.b=c" */
    unsigned sets;
    char **environment; /* environ, or NULL: none is read */
};

/* Reads everything, reports everything it finds wrong, and gives a configuration only if there is
 * no error: E_SYNTAX otherwise, E_NOTFOUND if the file cannot be read (reported as well). */
MUST enum err px_config_load(const struct px_config_sources *from, struct px_report *report,
                             struct px_config **out);
/* The first path a setting names, of a configuration that need not be right otherwise; "" if there
 * is none. What cannot be read is told. */
MUST enum err px_config_peek_path(const struct px_config_sources *from, const char *setting,
                                  struct px_report *report, char out[4096]);
/* The same for an address: len 0 if there is none. */
MUST enum err px_config_peek_address(const struct px_config_sources *from, const char *setting,
                                     struct px_report *report, struct px_address *out);
/* Wipes the secrets. */
void px_config_destroy(struct px_config *c);

/* Every setting with its value and where it was set; secrets appear as the reference that names
 * them. */
void px_config_print(const struct px_config *c, FILE *to);
void px_config_print_json(const struct px_config *c, FILE *to);
/* docs/config.md, from the table that reads the file. */
void px_config_reference(FILE *to);
/* What to do about a code such as "C110", and what it is about; NULL if there is none. */
const char *px_config_explain(const char *code, const char **title);
#endif
