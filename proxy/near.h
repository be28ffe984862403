/* proxy/near.h -- "did you mean ...?" */
#ifndef PX_NEAR_H
#define PX_NEAR_H

/* Edits (insert, delete, replace, swap of neighbours) between two words, letters compared without
 * case; never more than PX_NEAR_FAR, which also stands for anything longer than 63 characters. */
enum { PX_NEAR_FAR = 64 };
unsigned px_near_distance(const char *a, const char *b);

/* Of the words, the nearest one within two edits of `word` (one for words of up to three letters);
 * the first of equals; NULL if none is near. words[i] may be NULL. */
const char *px_near(const char *word, const char *const *words, unsigned n);
#endif
