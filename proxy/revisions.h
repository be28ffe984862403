/* proxy/revisions.h -- every policy that was ever in force, and when, why and by whom.
 *
 *   <state>/policies/history.jsonl             a line for each act (proxy/note.h), the last is in
 * force <state>/policies/5ac2...17e0.bundle        the texts of one revision (proxy/bundle.h)
 *
 * A revision is durable before it is noted, and noted before it is obeyed; files appear whole, by
 * rename, and a last line that was cut off is no line. So whatever instruction a crash comes at,
 * what the history names can be compiled again. Bounded: the oldest bundles go, never those of the
 * last PX_REVISIONS_ALWAYS revisions. Two processes may share the folder (one drains while the next
 * one starts): they take turns by a lock. docs/decisions/policy-revisions.md. */
#ifndef PX_REVISIONS_H
#define PX_REVISIONS_H
#include "proxy/bundle.h"
#include "proxy/file.h"
#include "proxy/note.h"

enum {
    PX_REVISIONS_KEPT = 200,             /* bundles */
    PX_REVISIONS_BYTES = 256 << 20,      /* of all bundles together */
    PX_REVISIONS_ALWAYS = 8,             /* the last ones, whatever they weigh */
    PX_REVISIONS_NOTES = 1000,           /* acts that are remembered */
    PX_REVISIONS_FILE = 4 * 1024 * 1024, /* bytes of history.jsonl before its old half goes */
};

struct px_revisions;

/* dir: of the state. Makes the folder, reads the history, mends a last line that was cut off.
 *   gives   *out also when the folder can not be written or read: then nothing can be noted and
 *           why says the reason; E_IO. NULL dir: the same. */
MUST enum err px_revisions_open(const char *dir, struct px_revisions **out, struct diag *why);
void px_revisions_close(struct px_revisions *r); /* NULL does nothing */

/* Keeps the texts (none: NULL) and notes the act; both are on the disk when this gives OK.
 *   errors  E_IO, E_LIMIT, E_TIMEOUT (another process holds the lock): nothing is noted; why. */
MUST enum err px_revisions_note(struct px_revisions *r, const struct px_note *n,
                                const struct px_bundle *texts, struct diag *why);

/* Acts, the newest first: 0 is what is in force (or was, when the process ended). NULL: no more. */
const struct px_note *px_revisions_nth(const struct px_revisions *r, unsigned n);
/* The revision that begins with these digits (4 to 16), among those of the history.
 *   errors  E_NOTFOUND, E_CONFLICT (several), E_SYNTAX (no digits); why. */
MUST enum err px_revisions_find(const struct px_revisions *r, struct span digits, uint64_t *out,
                                struct diag *why);

/* The texts of one revision; they point into file, names live in a.
 *   errors  E_NOTFOUND: not kept (any more); E_SYNTAX: damaged; E_IO; why. */
MUST enum err px_revisions_get(const struct px_revisions *r, uint64_t revision, struct arena *a,
                               struct px_file *file, struct px_bundle *out, struct diag *why);
bool px_revisions_has(const struct px_revisions *r, uint64_t revision); /* its file is there */
#endif
