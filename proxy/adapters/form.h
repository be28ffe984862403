/* proxy/adapters/form.h -- application/x-www-form-urlencoded, the way Stripe reads it.
 *
 * Everything but RFC 3986's unreserved characters is percent-encoded, brackets in names too. */
#ifndef PX_FORM_H
#define PX_FORM_H
#include <stdint.h>

#include "routing/base/buf.h"
#include "routing/base/span.h"

/* name is written as it should arrive: "payment_method_data[card][number]". */
void px_form_put(struct buf *b, const char *name, struct span value);
void px_form_z(struct buf *b, const char *name, const char *value);
void px_form_u64(struct buf *b, const char *name, uint64_t value);
/* parent[key]=value with a key of somebody else's: its own brackets are encoded twice over, as a
 * bracket inside a name could not be told from ours. */
void px_form_in(struct buf *b, const char *parent, struct span key, struct span value);
/* One path segment or query value. */
void px_percent(struct buf *b, struct span text);
#endif
