/* proxy/story.h -- what happened to a payment, in sentences. Pure: the journal's words in, text
 * out.
 */
#ifndef PX_STORY_H
#define PX_STORY_H
#include <stdint.h>

#include "proxy/journal.h"
#include "routing/base/buf.h"

/* What finance asks first. */
enum px_charged {
    PX_CHARGED_UNKNOWN, /* "not yet known, being resolved" */
    PX_CHARGED_NO,
    PX_CHARGED_ONCE,
};

enum px_charged px_story_charged(const struct px_record *payment);
const char *px_charged_name(enum px_charged c); /* "unknown", "no", "once" */
/* One or two sentences: was the customer charged, how much, where; what is still open. The
 * payment's operations are its list. */
void px_story_verdict(const struct px_record *payment, const struct px_record *operation,
                      unsigned operations, struct buf *out);

/* "2026-11-21 02:47:31.104 UTC", and "02:47:31.104". */
void px_story_moment(int64_t unix_ms, struct buf *out);
void px_story_time(int64_t unix_ms, struct buf *out);
void px_story_span(int64_t ms, struct buf *out); /* "480 ms", "1.92 s", "6 min", "3 h", "2 d" */

/* The payment from its first line to the verdict. l: as LOAD with events gave it. */
void px_story_tell(const struct px_journal_letter *l, struct buf *out);
/* The same as one JSON object, schema 1. */
void px_story_json(const struct px_journal_letter *l, struct buf *out);
/* One record as a JSON object, without attempts. */
struct json_out;
void px_story_record_json(const struct px_record *r, struct json_out *o);
#endif
