/* proxy/toggle_file.h -- operators' words over a restart: one JSON file, replaced as a whole. */
#ifndef PX_TOGGLE_FILE_H
#define PX_TOGGLE_FILE_H
#include "proxy/toggle.h"
#include "routing/base/limits.h"

struct px_toggle_kept {
    char provider[64];
    struct px_toggle toggle;
};

/* Either all of it is there afterwards, synced, or the old one. E_IO, told in why. */
MUST enum err px_toggle_save(const char *path, const struct px_toggle_kept *kept, unsigned n,
                             struct diag *why);
/* The words of such a text, whoever they are about. E_SYNTAX: not what is written here; *n is 0. */
MUST enum err px_toggle_parse(struct span text, struct px_toggle_kept kept[LIMIT_PROVIDERS],
                              unsigned *n);
/* The words of the file, whoever they are about; none if there is no file.
 *   errors  E_SYNTAX, E_IO: told in why; *n is 0 then. */
MUST enum err px_toggle_load(const char *path, struct px_toggle_kept kept[LIMIT_PROVIDERS],
                             unsigned *n, struct diag *why);
#endif
