/* proxy/credentials.h -- who may call the API: names and the hashes of their tokens.
 *
 * Files of lines `name:sha256-of-token` (64 hexadecimal digits); `#` begins a comment. The same
 * name may have several tokens, so that one can be replaced without a gap. The name is the
 * merchant: what idempotency keys and payments belong to. */
#ifndef PX_CREDENTIALS_H
#define PX_CREDENTIALS_H
#include <stdbool.h>

#include "proxy/report.h"
#include "routing/base/span.h"

enum { PX_CREDENTIAL_NAME = 64, PX_TOKEN = 48, PX_CREDENTIALS_MAX = 1024 };

struct px_credentials;

/* path[n]: files, or directories whose files (but hidden ones) are all read. Everything wrong goes
 * to the report: C102, C160, C161; C162 is a warning. E_SYNTAX if there was an error. */
MUST enum err px_credentials_load(const char *const *path, unsigned n, struct px_report *report,
                                  struct px_credentials **out);
void px_credentials_destroy(struct px_credentials *c);

/* Does this value of an Authorization header hold a known token? `Bearer TOKEN`, or `Basic` with
 * the token as the user (RFC 6750, RFC 7617). Takes the same time for every token of a length.
 *   gives   *name: the token's owner; lives as long as c. Any thread. */
bool px_credentials_check(const struct px_credentials *c, struct span authorization,
                          const char **name);

unsigned px_credentials_count(const struct px_credentials *c);
struct px_credential {
    const char *name, *file;
    unsigned line;
    char print[9]; /* the hash's first digits, to tell tokens of one name apart */
};
struct px_credential px_credentials_at(const struct px_credentials *c, unsigned i);

/* Small letters, digits, and . - _ inside; 63 at most. */
bool px_credential_name_ok(const char *name);
/* A new token and the line to add to a file. */
void px_credential_new(const char *name, char token[PX_TOKEN], struct buf *line);
#endif
