/* proxy/admin/audit.h -- who did what, when and why: a file that only grows.
 *
 * One line an act (proxy/admin/chain.h), written and synced before the act takes effect, mode 0640.
 * Belongs to one thread. */
#ifndef PX_AUDIT_H
#define PX_AUDIT_H
#include <stdint.h>

#include "proxy/admin/chain.h"
#include "routing/base/err.h"

struct px_audit;

/* Opens or makes the file and finds the chain's end. A last line that a crash cut short is moved to
 * PATH.torn, and that is the next line's story; so is a chain found broken at its end. `lock` is
 * taken on it: one gateway a file.
 *   errors  E_IO, E_NOMEM, E_CONFLICT (another process has it); told in why. */
MUST enum err px_audit_open(const char *path, struct px_audit **out, struct diag *why);
/* On disk when this gives OK. at_ms is filled in. E_IO, E_LIMIT: not written (logged): the act must
 * not happen. a: NULL audits do nothing and give OK (a gateway that keeps no state). */
MUST enum err px_audit_write(struct px_audit *a, const struct px_deed *act);
const struct px_chain *px_audit_head(const struct px_audit *a); /* NULL for NULL */
const char *px_audit_path(const struct px_audit *a);            /* NULL for NULL */
void px_audit_close(struct px_audit *a);
#endif
