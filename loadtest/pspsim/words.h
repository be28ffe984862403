/* loadtest/pspsim/words.h -- lists of words, ended by NULL. */
#ifndef SIM_WORDS_H
#define SIM_WORDS_H
#include "routing/base/span.h"

/* The word's place, letters without case; -1 if it is not there. */
int sim_word_find(const char *const *words, struct span s);
#endif
