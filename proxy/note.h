/* proxy/note.h -- one line of the history of policies: what came into force, when, by whom and why.
 */
#ifndef PX_NOTE_H
#define PX_NOTE_H
#include <stdbool.h>
#include <stdint.h>

#include "routing/base/arena.h"
#include "routing/base/buf.h"
#include "routing/base/err.h"

struct json_out;

enum px_act { PX_ACT_START, PX_ACT_RELOAD, PX_ACT_APPLY, PX_ACT_ROLLBACK, PX_ACTS_ };

struct px_note {
    int64_t at_ms; /* wall clock */
    enum px_act act;
    /* Its texts are not the configured file's: they were sent, or are older ones that were kept. A
     * restart loads them again. */
    bool sent;
    uint64_t revision, previous; /* 0: no policy */
    uint64_t file;               /* revision of the configured file then; 0: none, or unreadable */
    char by[64], why[256], from[256];
};

const char *px_act_name(enum px_act a); /* "start", "reload", "apply", "rollback" */

/* One object, without a line end. */
void px_note_print(const struct px_note *n, struct json_out *o);
/* errors  E_SYNTAX: it is none. Members it does not know are passed over. */
MUST enum err px_note_read(struct span line, struct px_note *out);

/* 16 digits of base 16. */
void px_revision_put(uint64_t revision, struct buf *out);
MUST enum err px_revision_read(struct span text, uint64_t *out);
#endif
