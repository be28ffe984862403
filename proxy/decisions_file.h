/* proxy/decisions_file.h -- lines appended to a file that is replaced when it is long enough. */
#ifndef PX_DECISIONS_FILE_H
#define PX_DECISIONS_FILE_H
#include <stdint.h>

#include "routing/base/span.h"

struct px_decisions_file;

/* NULL: no memory. A file that cannot be opened is tried again at each flush, once a second. */
struct px_decisions_file *px_decisions_file_open(const char *path, int64_t rotate_size,
                                                 unsigned keep);
void px_decisions_file_close(struct px_decisions_file *f);
void px_decisions_file_reopen(struct px_decisions_file *f);
/* Keeps a line until the next flush; flushes by itself when there are many. */
void px_decisions_file_put(struct px_decisions_file *f, struct span line);
/* Lines since the last call. */
struct px_decisions_flushed {
    uint64_t written, lost;
};
struct px_decisions_flushed px_decisions_file_flush(struct px_decisions_file *f);
/* Why lines were lost, for people. */
const char *px_decisions_file_why(const struct px_decisions_file *f);
#endif
