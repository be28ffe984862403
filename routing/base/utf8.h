/* routing/base/utf8.h -- UTF-8 as RFC 3629 section 4 has it: no overlong forms, no surrogates. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H
#include <stddef.h>
#include <stdint.h>

/* How many bytes the character at p has, 1 to 4; 0 if the n bytes there do not begin with one. */
unsigned utf8_len(const char *p, size_t n);
/* Writes c, which is no surrogate and at most U+10FFFF; gives the number of bytes. */
unsigned utf8_put(uint32_t c, char out[4]);
#endif
