/* tests/lib/served.h -- a real server at one end of a socket pair, for bytes from a fuzzer. */
#ifndef TESTS_SERVED_H
#define TESTS_SERVED_H
#include <stddef.h>

#include "routing/base/span.h"

/* Serves one connection in clear text that sends prelude and then bytes, `step` at a time (0: all
 * at once), and leaves. CHECKs that nothing is left over, that every request was answered once, and
 * that no frame of ours claimed falsely. Requests must have passed the checks they are promised to
 * have passed; their handler answers at once. */
void served(struct span prelude, struct span bytes, size_t step);
#endif
