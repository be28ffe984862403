/* health/book_inside.h -- what health/book.c and health/approval.c share. */
#ifndef HL_BOOK_INSIDE_H
#define HL_BOOK_INSIDE_H
#include "health/book.h"

void hl_book_init_approval(struct hl_book *b, int64_t now_ns);
#endif
