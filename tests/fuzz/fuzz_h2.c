/* tests/fuzz/fuzz_h2.c -- any frames on an HTTP/2 connection to the payments listener.
 *
 * The preface and SETTINGS are said first; the first byte says how many bytes arrive at a time. */
#include "tests/fuzz/fuzz.h"

#include "tests/lib/served.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n > 0)
        served(SPAN("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"),
               (struct span){ (const char *)data + 1, n - 1 }, data[0]);
    return 0;
}
