/* routing/base/err.c */
#include "routing/base/err.h"

#include <stdarg.h>
#include <stdio.h>

const char *err_name(enum err e)
{
    switch (e) {
    case OK: return "ok";
    case E_NOMEM: return "no_memory";
    case E_LIMIT: return "limit";
    case E_SYNTAX: return "syntax";
    case E_RANGE: return "range";
    case E_CONFLICT: return "conflict";
    case E_TIMEOUT: return "timeout";
    case E_CLOSED: return "closed";
    case E_NOTFOUND: return "not_found";
    case E_IO: return "io";
    case E_DENIED: return "denied";
    }
    return "unknown";
}

void diag_set(struct diag *d, const char *fmt, ...)
{
    va_list ap;

    if (d == NULL)
        return;
    va_start(ap, fmt);
    (void)vsnprintf(d->text, sizeof d->text, fmt, ap);
    va_end(ap);
}

void diag_help(struct diag *d, const char *fmt, ...)
{
    va_list ap;

    if (d == NULL)
        return;
    va_start(ap, fmt);
    (void)vsnprintf(d->help, sizeof d->help, fmt, ap);
    va_end(ap);
}
