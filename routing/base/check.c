/* routing/base/check.c */
#include "routing/base/check.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void check_failed(const char *what, const char *file, int line)
{
    (void)fprintf(stderr, "%s:%d: CHECK(%s) failed: this is a bug in Signalbox\n", file, line,
                  what);
    abort();
}
