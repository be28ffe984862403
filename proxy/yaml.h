/* proxy/yaml.h -- YAML 1.2 as a tree that remembers where everything stands.
 *
 * The part of YAML that a configuration needs: mappings with text keys, lists, scalars, one
 * document. Anchors, aliases and tags are refused, and so are duplicate keys. libfyaml reads the
 * text; this is its only door. */
#ifndef PX_YAML_H
#define PX_YAML_H
#include <stdbool.h>

#include "proxy/report.h"
#include "routing/base/arena.h"

enum px_node_kind { PX_SCALAR, PX_MAP, PX_LIST };

enum { PX_YAML_BYTES = 1024 * 1024, PX_YAML_DEPTH = 16, PX_YAML_NODES = 20000 };

struct px_node {
    enum px_node_kind kind;
    bool plain;       /* scalar without quotes: may be a number, true, null */
    struct span text; /* scalar, without quotes and escapes, followed by a NUL */
    struct px_place at;
    unsigned end_line;     /* the last line it stands on */
    struct px_node *first; /* children, in order */
    struct px_node *next;
    const char *key; /* in a mapping; NULL in a list and at the root */
    struct px_place key_at;
    const char *resolved; /* of a scalar, by whoever resolves: what the text stands for */
};

/* Everything lives in a. E_SYNTAX, E_LIMIT: r has it, code C101, C104 or C105. Duplicate keys are
 * told (C103) and left out. An empty text is an empty mapping. */
MUST enum err px_yaml_read(const struct px_source *source, struct arena *a, struct px_report *r,
                           struct px_node **root);

struct px_node *px_node_find(const struct px_node *map, const char *key); /* NULL if absent */
/* "a mapping", "a list", "true", "the number 5", "text": what the reader of an error sees there. */
const char *px_node_what(const struct px_node *n);
bool px_node_null(const struct px_node *n);                      /* nothing, ~ or null, unquoted */
void px_node_hide(const struct px_node *n, struct px_report *r); /* it is, or may be, a secret */
#endif
