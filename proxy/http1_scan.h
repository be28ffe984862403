/* proxy/http1_scan.h -- where does the head of an HTTP/1.1 request end, and are its lines lines?
 *
 * Asked of the raw bytes before any parser sees them, because parsers are lenient about just the
 * things that let two of them disagree: a line feed without carriage return, a carriage return
 * inside a line, a line that goes on in the next one (obs-fold), a NUL. RFC 9112 sections 2.2, 5.2.
 * Pure. */
#ifndef PX_HTTP1_SCAN_H
#define PX_HTTP1_SCAN_H
#include <stddef.h>

#include "routing/base/span.h"

enum px_scan { PX_SCAN_MORE, PX_SCAN_DONE, PX_SCAN_BAD };

/* head: all bytes so far. *from: how far earlier calls came (0 at first). DONE: *from is the length
 * of the head, its empty line included. */
enum px_scan px_http1_scan(struct span head, size_t *from);
#endif
