/* proxy/bins_words.h -- what BIN lists call brands, kinds and grades of cards, in our words. */
#ifndef PX_BINS_WORDS_H
#define PX_BINS_WORDS_H
#include "routing/bin.h"

/* *known is false for a word that means nothing to us (and the value unknown); an empty word is
 * known to be unknown. */
enum rt_brand px_bins_brand(struct span word, bool *known);
enum rt_funding px_bins_funding(struct span word, bool *known);
enum rt_grade px_bins_grade(struct span word, bool *known);
#endif
