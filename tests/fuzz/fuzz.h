/* tests/fuzz/fuzz.h -- what every fuzz target defines. */
#ifndef FUZZ_H
#define FUZZ_H
#include <stddef.h>
#include <stdint.h>

/* Total: returns 0 for any bytes; a broken promise is a CHECK, which aborts. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
#endif
