/* proxy/bundle.h -- a policy with everything it imports, as one run of bytes.
 *
 *   signalbox-bundle 1
 *   text 1764510000 16 checkout.route        when it was last changed, bytes, name
 *   policy "Checkout"
 *
 *   end 1 9f86d081...                        how many texts, SHA-256 of everything above
 *
 * Readable as it is (less), and whole or not a bundle at all. The first text is the policy itself;
 * names are relative to its folder, as the texts write them. */
#ifndef PX_BUNDLE_H
#define PX_BUNDLE_H
#include <stdint.h>

#include "proxy/file.h"
#include "routing/base/arena.h"
#include "routing/base/err.h"

enum {
    PX_BUNDLE_TEXTS = 256,
    PX_BUNDLE_TEXT = 4 << 20,   /* bytes of one text, as policies/ takes them */
    PX_BUNDLE_BYTES = 48 << 20, /* of all of it */
    PX_BUNDLE_NAME = 1024,
};

struct px_bundle_text {
    const char *name;
    int64_t changed_s; /* seconds since 1970; 0: unknown */
    struct span text;
};

struct px_bundle {
    struct px_bundle_text text[PX_BUNDLE_TEXTS];
    unsigned texts;
};

/* The text of that name; NULL if there is none. */
const struct px_bundle_text *px_bundle_find(const struct px_bundle *b, const char *name);
/* gives   *out, for px_file_close().
 *   errors  E_LIMIT: more than PX_BUNDLE_BYTES; E_SYNTAX: no texts, or a name that can not be
 *           written; told in why. */
MUST enum err px_bundle_write(const struct px_bundle *b, struct px_file *out, struct diag *why);
/* Texts point into bytes; names live in a.
 *   errors  E_SYNTAX: it is none, or was damaged; E_LIMIT; told in why. */
MUST enum err px_bundle_read(struct span bytes, struct arena *a, struct px_bundle *out,
                             struct diag *why);
#endif
