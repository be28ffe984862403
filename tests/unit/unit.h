/* tests/unit/unit.h -- cmocka and what it forgets to include. */
#ifndef UNIT_H
#define UNIT_H
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "routing/base/span.h"

/* Spans are compared with a C string, so that a failure prints both texts' bytes. */
#define assert_span(s, z)                                                                          \
    do {                                                                                           \
        struct span span_ = (s);                                                                   \
        assert_int_equal(span_.n, strlen(z));                                                      \
        if (span_.n > 0)                                                                           \
            assert_memory_equal(span_.p, (z), span_.n);                                            \
    } while (0)
#endif
