/* proxy/config_schema.h -- one table says what a configuration may hold. Private to config*.c.
 *
 * The same table reads the file, fills in what was left out, prints `config print --effective` and
 * writes docs/config.md. */
#ifndef PX_CONFIG_SCHEMA_H
#define PX_CONFIG_SCHEMA_H
#include "proxy/config.h"
#include "proxy/yaml.h"

struct px_field;

/* One reading of one configuration. */
struct px_reading {
    struct px_config *config;
    struct arena *arena;
    struct px_report *report;
};

struct px_type {
    const char *what; /* "a duration with its unit, such as 2s or 250ms" */
    /* Reads a resolved scalar into the memory at; what is wrong goes to the report. */
    void (*read)(struct px_reading *r, const struct px_field *f, struct px_node *n, void *at);
    bool raw;    /* read() resolves ${...} itself */
    bool secret; /* the value is never shown */
};

struct px_field {
    const char *name;
    const struct px_type *type;     /* NULL: a section, or providers */
    const struct px_field *section; /* its fields; a name of NULL ends them */
    bool map;                       /* the section's keys are names (providers) */
    bool required;
    size_t offset; /* into struct px_config, or struct px_provider_config */
    /* many > 0: one value or a list of up to so many, stride bytes apart (0: read() gathers them);
     * their number goes to the unsigned at count, if that is not 0 */
    unsigned many;
    size_t count, stride;
    int64_t least, most;     /* numbers; durations in milliseconds */
    const char *const *word; /* the words allowed, ended by NULL; the value is their index */
    const char *fallback;    /* as one would write it */
    const char *example;     /* of a required field: the line that may be missing */
    const char *text;        /* one or two sentences for the reference */
};

extern const struct px_field px_schema[];

/* value types (config_value.c) */
extern const struct px_type px_type_span_z /* a C string */, px_type_span, px_type_flag,
    px_type_count, px_type_duration, px_type_limit, px_type_share, px_type_word, px_type_workers,
    px_type_journal, px_type_out_file, px_type_brand, px_type_method, px_type_currency,
    px_type_adapter;
/* where the fleet meets (config_live.c) */
extern const struct px_type px_type_live;
/* where things are (config_net.c) */
extern const struct px_type px_type_address, px_type_network, px_type_url, px_type_who;
/* what stands elsewhere (config_ref.c) */
extern const struct px_type px_type_in_file, px_type_in_path, px_type_key_file, px_type_secret,
    px_type_secret_file;

/* A finding about a node; for diag_set and diag_help. */
struct diag *px_config_error(struct px_reading *r, const char *code, const struct px_node *n);
struct diag *px_config_warning(struct px_reading *r, const char *code, const struct px_node *n);
/* C112: what it takes, and what this is. */
struct diag *px_config_wrong_kind(struct px_reading *r, const struct px_field *f,
                                  const struct px_node *n);

/* Replaces every ${env:N}, ${file:P}, ${cred:N} of a scalar; NULL after telling what is wrong. */
const char *px_config_resolve(struct px_reading *r, struct px_node *n);
/* A path as written, made relative to its source; in the arena. */
const char *px_config_path(struct px_reading *r, const struct px_node *n, const char *path);
/* A literal value where a secret belongs is not shown. */
bool px_config_is_reference(const struct px_node *n);

/* What one layer holds: all files, the environment, --set, one over the other. */
MUST enum err px_config_layers(const struct px_config_sources *from, struct px_reading *r,
                               struct px_node **root);
/* The sections, into r->config. */
void px_config_read(struct px_reading *r, const struct px_node *root);
/* What no single value can be wrong about; and the facts. */
void px_config_check(struct px_reading *r, const struct px_node *root);

/* Everything a configuration points at. */
enum { PX_SECRETS_MAX = LIMIT_PROVIDERS + 8 };
struct px_config_store {
    struct arena arena;
    struct secret *secret; /* its own pages: locked, not dumped */
    unsigned secrets;
    struct px_node *root;
};
/* The next free one. */
struct secret *px_config_secret_new(struct px_config_store *s);

/* The node a dotted path leads to, or NULL. */
struct px_node *px_config_at(const struct px_node *root, const char *path);
#endif
