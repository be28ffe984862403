/* proxy/adapters/ask.h -- what the adapters share when they write a request. */
#ifndef PX_ASK_H
#define PX_ASK_H
#include "proxy/adapters/adapter.h"
#include "routing/base/json.h"

/* What one request is written with. The first error sticks; nothing is written after it. */
struct px_draft {
    const struct px_account *acc;
    const struct px_asking *q;
    struct arena *arena;
    struct px_message *m;
    struct diag *why;
    enum money_dialect dialect;
    const char *provider;
    enum err err;
    struct buf path, body;
};

/* Rooms for path and body that hold whatever the payment can bring, percent-encoded. */
struct px_draft px_draft_begin(const struct px_account *acc, const struct px_asking *q,
                               struct arena *a, struct px_message *m, struct diag *why);
/* Takes path and body into the message. */
enum err px_draft_end(struct px_draft *d, const char *method, const char *content_type) MUST;
/* E_RANGE, with a sentence: the provider can not say this. */
void px_draft_cannot(struct px_draft *d, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* The integer that goes out; 0 and an error in the draft if the provider can not say it. */
int64_t px_draft_units(struct px_draft *d, struct money m);
/* base_path, then these; NULL ends. Literals go as they are. */
void px_draft_path(struct px_draft *d, const char *literal);
void px_draft_segment(struct px_draft *d, struct span id); /* percent-encoded; must not be empty */

/* The provider's own token of a provider_token payment; an error in the draft if there is none. */
struct span px_draft_token(struct px_draft *d);
/* The key and, as a secret, the login. */
void px_draft_header(struct px_draft *d, const char *name, struct span value);
void px_draft_secret(struct px_draft *d, const char *name, const char *prefix,
                     const struct secret *s);

/* JSON, where a missing value is left out. */
void px_member(struct json_out *o, const char *name, struct span value);
void px_members_of_metadata(struct json_out *o, const struct rt_payment *pay, unsigned name_max,
                            unsigned value_max);
bool px_by_merchant(const struct rt_payment *pay);
/* Does a capture or refund name its amount? Always when it is known, also where "all" would do: a
 * worker that takes over knows the amount and no longer that it was all, and must say the same. */
bool px_names_amount(const struct rt_payment *pay);
#endif
