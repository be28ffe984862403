/* routing/base/err.h -- what can go wrong with our machine, and how we tell people about it. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

/* Outcomes of money are not errors: those are enum rt_outcome (routing/outcome.h). */
enum err {
    OK = 0,
    E_NOMEM,    /* the system had no memory */
    E_LIMIT,    /* a number of limits.h was reached */
    E_SYNTAX,   /* bytes from outside do not have the promised form */
    E_RANGE,    /* a number outside its type or its domain */
    E_CONFLICT, /* two things that must agree do not */
    E_TIMEOUT,
    E_CLOSED, /* the other side is gone */
    E_NOTFOUND,
    E_IO,     /* the operating system refused; errno is told beside it */
    E_DENIED, /* the caller may not */
};

/* A short lower-case word, for logs and tests. Static; never NULL. */
const char *err_name(enum err e);

#define MUST                   __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

/* Text for people, beside the code. Lines and columns count from 1; 0 means "no place". */
struct diag {
    const char *file; /* lent; outlives the diag */
    unsigned line, col, len;
    char text[200];
    char help[160]; /* one thing that can be pasted, or empty */
};

void diag_set(struct diag *d, const char *fmt, ...) PRINTF_LIKE(2, 3);
void diag_help(struct diag *d, const char *fmt, ...) PRINTF_LIKE(2, 3);
#endif
