/* routing/base/check.h -- a broken promise of our own stops the program.
 *
 * CHECK stays on in release builds: the journal makes stopping safe (a wrong charge becomes a
 * pending one). Never for bytes from outside; those get an enum err. */
#ifndef BASE_CHECK_H
#define BASE_CHECK_H

#define CHECK(x) ((x) ? (void)0 : check_failed(#x, __FILE__, __LINE__))

/* Prints one line to stderr and aborts. */
_Noreturn void check_failed(const char *what, const char *file, int line);
#endif
