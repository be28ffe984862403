/* proxy/admin/show.h -- the pieces of answers: providers, words, nodes, blasts, as JSON. What is
 * not known is null. */
#ifndef PX_ADMIN_SHOW_H
#define PX_ADMIN_SHOW_H
#include <stdint.h>

struct json_out;
struct px_admin_call;
struct px_admin_terms;
struct px_blast;
struct px_config;
struct px_fleet;
struct px_toggle;

/* The provider that arg[0] of the path names. 200, or the trouble's status ("did you mean"). */
int px_show_find(struct px_admin_call *c, const struct px_admin_terms *t, unsigned *provider);

void px_show_toggle(struct json_out *o, const struct px_toggle *t); /* "toggle": {...} */
void px_show_blast(struct json_out *o, const struct px_config *c, const struct px_blast *b);
void px_show_confirmed(struct json_out *o, const struct px_fleet *f, unsigned provider,
                       int64_t set_ms);
void px_show_link(struct json_out *o, const struct px_admin_terms *t); /* "live": {...} */
void px_show_nodes(struct json_out *o, const struct px_fleet *f);      /* "nodes": [...] */
/* One provider as an object of its own. */
void px_show_provider(struct json_out *o, const struct px_admin_terms *t, unsigned provider);
/* {"at_ms", "from", "to", ...} of its breaker since then, newest first: "moves": [...] */
void px_show_moves(struct json_out *o, const struct px_fleet *f, unsigned provider,
                   int64_t since_ms);
#endif
