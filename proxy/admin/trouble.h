/* proxy/admin/trouble.h -- why the admin API did not do something: RFC 9457 problem details.
 *
 *   { "type": "urn:signalbox:admin:guard_rail", "title": ..., "status": 409, "detail": ...,
 *     "error": { "code", "message", "field"?, "help"? } }
 */
#ifndef PX_TROUBLE_H
#define PX_TROUBLE_H
#include "proxy/http.h"
#include "routing/base/arena.h"
#include "routing/base/err.h"

enum px_trouble_code {
    PX_TROUBLE_NONE,
#define X(NAME, status, code, title) PX_TROUBLE_##NAME,
#include "proxy/admin/trouble.def"
#undef X
    PX_TROUBLES_
};

struct px_trouble {
    enum px_trouble_code code;
    char field[96];
    char text[400], help[200]; /* sentences; "" for none */
    const char *allow;         /* 405 */
};

int px_trouble_status(enum px_trouble_code c);
const char *px_trouble_word(enum px_trouble_code c);
const char *px_trouble_title(enum px_trouble_code c);
/* The whole message; what needs memory lives in the arena. */
void px_trouble_message(const struct px_trouble *t, struct arena *a, struct px_message *out);
#endif
