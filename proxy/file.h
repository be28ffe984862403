/* proxy/file.h -- whole files: read, mapped, replaced. */
#ifndef PX_FILE_H
#define PX_FILE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "routing/base/err.h"
#include "routing/base/span.h"

/* A file's bytes, followed by a NUL when they were read (not when mapped). */
struct px_file {
    struct span text;
    int64_t changed_s; /* seconds since 1970, of the file that was read */
    char *read_;       /* malloc */
    void *mapped_;     /* pages */
};

/* errors  E_NOTFOUND, E_IO, E_LIMIT (longer than most bytes), E_NOMEM; why says it for people. */
MUST enum err px_file_read(const char *path, size_t most, struct px_file *out, struct diag *why);
/* The same into pages of its own, read-only and beginning on a page. Not mapped from the file: one
 * that is cut short in place (cp, not mv) would pull the memory away from under running threads. */
MUST enum err px_file_map(const char *path, struct px_file *out, struct diag *why);
void px_file_close(struct px_file *f); /* a zeroed one does nothing */

/* Either the whole new file is there afterwards, or the old one: written beside it, synced, renamed
 * over it. */
MUST enum err px_file_replace(const char *path, struct span bytes, unsigned mode, struct diag *why);
#endif
