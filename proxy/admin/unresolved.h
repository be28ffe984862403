/* proxy/admin/unresolved.h -- how many payments wait for the truth, counted now and then for
 * `status`. */
#ifndef PX_ADMIN_UNRESOLVED_H
#define PX_ADMIN_UNRESOLVED_H
#include <stdbool.h>
#include <stdint.h>

struct ev_loop;
struct px_journal;
struct px_unresolved;

struct px_unresolved_count {
    bool known, more; /* more: counting stopped at PX_UNRESOLVED_MAX */
    unsigned count;
    int64_t oldest_ms; /* unix, when it was created; 0: there is none */
};
enum { PX_UNRESOLVED_MAX = 1024 };

/* Asks the journal's thread, a page at a time, every 5 s. CHECKs memory. */
struct px_unresolved *px_unresolved_create(struct ev_loop *loop, struct px_journal *j);
void px_unresolved_read(const struct px_unresolved *u, struct px_unresolved_count *out);
/* No further question; the journal is closed after this. */
void px_unresolved_stop(struct px_unresolved *u);
void px_unresolved_destroy(
    struct px_unresolved *u); /* after the journal was closed; NULL: nothing */
#endif
