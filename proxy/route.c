/* proxy/route.c */
#include "proxy/route.h"

#include <string.h>

#include "routing/payment.h"

enum { SEGMENTS_MAX = 4 };

struct row {
    const char *name, *method;
    const char *segment[SEGMENTS_MAX]; /* "*": an id */
};

static const struct row rows[PX_ROUTES_] = {
    [PX_ROUTE_CREATE] = { "create", "POST", { "v1", "payments" } },
    [PX_ROUTE_STATUS] = { "status", "GET", { "v1", "payments", "*" } },
    [PX_ROUTE_CAPTURE] = { "capture", "POST", { "v1", "payments", "*", "capture" } },
    [PX_ROUTE_VOID] = { "void", "POST", { "v1", "payments", "*", "void" } },
    [PX_ROUTE_REFUND] = { "refund", "POST", { "v1", "payments", "*", "refunds" } },
    [PX_ROUTE_OPENAPI] = { "openapi", "GET", { "openapi.json" } },
};

/* Crockford's base32, upper case, as px_id_make writes it. */
static bool id_like(struct span s)
{
    static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    if (s.n != RT_ID_CHARS)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\0' || strchr(alphabet, s.p[i]) == NULL)
            return false;
    }
    return true;
}

static bool fits(const struct row *r, struct span path, struct span *id)
{
    struct span part;

    if (path.n == 0 || path.p[0] != '/')
        return false;
    path = span_drop(path, 1);
    for (unsigned i = 0; i < SEGMENTS_MAX && r->segment[i] != NULL; i++) {
        if (!span_cut(&path, '/', &part) || part.n == 0)
            return false;
        if (strcmp(r->segment[i], "*") == 0)
            *id = part;
        else if (!span_is(part, r->segment[i]))
            return false;
    }
    return path.p == NULL;
}

bool px_route_find(struct span method, struct span path, enum px_route *route, struct span *id,
                   struct px_fault *why)
{
    for (unsigned i = 0; i < PX_ROUTES_; i++) {
        struct span found = SPAN_NONE;

        if (!fits(&rows[i], path, &found))
            continue;
        if (!span_is(method, rows[i].method)) {
            (void)px_fault_at(why, PX_FAULT_METHOD_NOT_ALLOWED, NULL);
            why->allow = rows[i].method;
            return px_fault_say(why, "this path takes %s only", rows[i].method);
        }
        if (found.p != NULL && !id_like(found)) {
            (void)px_fault_at(why, PX_FAULT_PAYMENT_NOT_FOUND, NULL);
            return px_fault_help(why, "a payment's id has 26 characters; it is in the answer to "
                                      "POST /v1/payments");
        }
        *route = (enum px_route)i;
        *id = found;
        return true;
    }
    (void)px_fault_at(why, PX_FAULT_UNKNOWN_PATH, NULL);
    return px_fault_help(why, "GET /openapi.json lists every path");
}

bool px_route_writes(enum px_route r)
{
    return strcmp(rows[r].method, "POST") == 0;
}

const char *px_route_name(enum px_route r)
{
    return rows[r].name;
}
