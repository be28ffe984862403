/* proxy/fault.c */
#include "proxy/fault.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "routing/base/check.h"

struct row {
    int status;
    const char *type, *word, *outcome, *title;
    bool retry_safe;
};

static const struct row rows[PX_FAULTS_] = {
#define X(NAME, status, type, code, outcome, retry_safe, title)                                    \
    [PX_FAULT_##NAME] = { status, type, code, outcome, title, retry_safe },
#include "proxy/faults.def"
#undef X
};

static const struct row *row_of(enum px_fault_code c)
{
    CHECK(c > PX_FAULT_NONE && c < PX_FAULTS_);
    return &rows[c];
}

bool px_fault_at(struct px_fault *f, enum px_fault_code code, const char *field)
{
    *f = (struct px_fault){ .code = code };
    if (field != NULL)
        (void)snprintf(f->field, sizeof f->field, "%s", field);
    return false;
}

bool px_fault_say(struct px_fault *f, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(f->text, sizeof f->text, fmt, ap);
    va_end(ap);
    return false;
}

bool px_fault_help(struct px_fault *f, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(f->help, sizeof f->help, fmt, ap);
    va_end(ap);
    return false;
}

bool px_fault_field(struct px_fault *f, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(f->field, sizeof f->field, fmt, ap);
    va_end(ap);
    return false;
}

int px_fault_status(enum px_fault_code c)
{
    return row_of(c)->status;
}

const char *px_fault_type(enum px_fault_code c)
{
    return row_of(c)->type;
}

const char *px_fault_word(enum px_fault_code c)
{
    return row_of(c)->word;
}

const char *px_fault_title(enum px_fault_code c)
{
    return row_of(c)->title;
}

const char *px_fault_outcome(enum px_fault_code c)
{
    return row_of(c)->outcome;
}

bool px_fault_retry_safe(enum px_fault_code c)
{
    return row_of(c)->retry_safe;
}

const char *px_fault_quote(struct span word, char out[PX_QUOTE])
{
    enum { SHOWN = 40, DIGITS_SHOWN = 4 };
    size_t n = word.n < SHOWN ? word.n : SHOWN;
    unsigned digits = 0;

    for (size_t i = 0; i < word.n; i++)
        digits += word.p[i] >= '0' && word.p[i] <= '9';
    for (size_t i = 0; i < n; i++) {
        char c = word.p[i];

        if (c >= '0' && c <= '9' && digits > DIGITS_SHOWN)
            c = '*';
        out[i] = c < ' ' || c > '~' || c == '"' || c == '\\' ? '?' : c;
    }
    out[n] = '\0';
    if (word.n > SHOWN)
        memcpy(out + n, "...", 4);
    return out;
}
