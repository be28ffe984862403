/* proxy/http2_slab.h -- page-aligned room for the one large buffer every nghttp2 session keeps.
 *
 * A session owns 16 KiB to write frames into and mostly writes a few hundred bytes at its start. In
 * the heap those blocks lie across pages that others dirty, so an idle connection pays for all of
 * it; here it pays for the first page, and after a while of rest for none. One slab per thread. */
#ifndef PX_HTTP2_SLAB_H
#define PX_HTTP2_SLAB_H
#include <stdbool.h>
#include <stddef.h>

enum { PX_SLAB_ROOM = 20 * 1024, PX_SLAB_ROOMS = 64 };

struct px_slab_block {
    struct px_slab_block *next;
    void *mapped;
};

struct px_slab_room {
    struct px_slab_room *next;
};

struct px_slab {
    struct px_slab_block *blocks_;
    struct px_slab_room *free_;
};

void *px_slab_take(struct px_slab *s); /* PX_SLAB_ROOM bytes, not cleared; NULL: no memory */
void px_slab_give(struct px_slab *s, void *room);
/* Its contents are not needed any more, the room still is: the system may have the pages. */
void px_slab_rest(void *room);
void px_slab_fini(struct px_slab *s); /* after all rooms were given back */
#endif
