/* tests/fuzz/fuzz_h1.c -- any bytes as an HTTP/1.1 connection to the payments listener.
 *
 * The first byte says how many bytes arrive at a time. */
#include "tests/fuzz/fuzz.h"

#include "tests/lib/served.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n > 0)
        served(SPAN_NONE, (struct span){ (const char *)data + 1, n - 1 }, data[0]);
    return 0;
}
