/* proxy/cmd_doc.h -- what the commands that talk to the gateway have in common: a question, its
 * answer as a tree, and how its numbers are read and shown. */
#ifndef PX_CMD_DOC_H
#define PX_CMD_DOC_H
#include <jansson.h>
#include <stdint.h>

#include "proxy/admin_client.h"
#include "proxy/cli.h"
#include "proxy/table.h"
#include "routing/base/buf.h"

/* "/v1/providers/NAME/history"; name percent-encoded into what fmt's %s stands for. */
enum { PX_DOC_PATH = 512 };
const char *px_doc_path(char out[PX_DOC_PATH], const char *before, const char *name,
                        const char *after);
/* One call; body NULL: none. PX_YES and *out (the caller's), or the exit code, told. */
int px_doc_ask(struct px_admin_client *k, const struct px_cli *c, const char *method,
               const char *path, json_t *body, json_t **out);
/* GET, on a connection of its own. */
int px_doc_once(const struct px_cli *c, const char *path, json_t **out);
void px_doc_print(const json_t *doc); /* one line */

/* Members; "" and `without` when they are not there. */
const char *px_doc_text(const json_t *o, const char *name);
int64_t px_doc_number(const json_t *o, const char *name, int64_t without);

/* "02:52:11 (7m ago)", "03:22 (in 23m)", "2026-11-20 02:52 (1d 3h ago)" */
void px_doc_put_moment(int64_t ms, int64_t now_ms, struct buf *b);
void px_doc_put_permille(int64_t permille, struct buf *b); /* "61.8%"; below 0: "-" */
void px_doc_put_ppm(int64_t ppm, struct buf *b);           /* "94.1%" */
void px_doc_put_rate(int64_t milli_s, struct buf *b);      /* "41.2" */
void px_doc_put_ms(int64_t ms, struct buf *b);             /* "310ms", "1.4s" */

/* A provider's two words, as all tables have them. */
void px_doc_put_admin(const json_t *provider, struct buf *b);
enum px_tone px_doc_admin_tone(const json_t *provider);
void px_doc_put_health(const json_t *provider, const struct px_look *look, struct buf *b);
enum px_tone px_doc_health_tone(const json_t *provider);
/* What must not be overlooked: Redis away, words only this node knows. Nothing if all is well. */
void px_doc_warn(const json_t *doc, const struct px_look *look, int64_t now_ms, FILE *to);
#endif
