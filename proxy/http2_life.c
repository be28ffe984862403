/* proxy/http2_life.c -- HTTP/2 sessions begin and end; their memory and settings. */
#include <stdlib.h>
#include <string.h>

#include "proxy/http2_inside.h"

enum { OUT_OF_REACH = 1000000 };

/* ---- memory: the heap, but for the one large buffer each session has ---- */

enum { FRAMES_MIN = 12 * 1024 };

static void *mem_malloc(size_t n, void *user)
{
    struct px_http2 *h = px_http2_of(user);

    if (n < FRAMES_MIN || n > PX_SLAB_ROOM || h->frames != NULL)
        return malloc(n);
    h->frames = px_slab_take(&h->c->server->http2->slab);
    return h->frames;
}

static void *mem_calloc(size_t n, size_t size, void *user)
{
    (void)user;
    return calloc(n, size);
}

static void mem_free(void *p, void *user)
{
    struct px_http2 *h = px_http2_of(user);

    if (p == NULL || p != h->frames) {
        free(p);
        return;
    }
    px_slab_give(&h->c->server->http2->slab, p);
    h->frames = NULL;
}

static void *mem_realloc(void *p, size_t n, void *user)
{
    struct px_http2 *h = px_http2_of(user);
    void *q;

    if (p == NULL)
        return mem_malloc(n, user);
    if (p != h->frames)
        return realloc(p, n);
    if (n <= PX_SLAB_ROOM)
        return p;
    q = malloc(n);
    if (q != NULL) {
        memcpy(q, p, PX_SLAB_ROOM);
        mem_free(p, user);
    }
    return q;
}

/* Once mem_send has given all there is, what the buffer holds is of the past. */
void px_http2_rest(struct px_server_conn *c)
{
    struct px_http2 *h = c->session;

    if (h->frames != NULL && !h->closing && !nghttp2_session_want_write(h->ng))
        px_slab_rest(h->frames);
}

/* ---- life ---- */

static bool greet(struct px_http2 *h)
{
    const nghttp2_settings_entry ours[] = {
        { NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, LIMIT_STREAMS },
        { NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, PX_HTTP2_STREAM_WINDOW },
        { NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, LIMIT_HEADER_BYTES },
        { NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1 },
    };

    return nghttp2_submit_settings(h->ng, NGHTTP2_FLAG_NONE, ours, sizeof ours / sizeof *ours) ==
               0 &&
           nghttp2_session_set_local_window_size(h->ng, NGHTTP2_FLAG_NONE, 0, PX_HTTP2_WINDOW) == 0;
}

void px_http2_stop(struct px_server_conn *c)
{
    struct px_http2 *h = c->session;

    c->session = NULL;
    nghttp2_session_del(h->ng);
    free(h);
}

bool px_http2_start(struct px_server_conn *c)
{
    struct px_http2_shared *sh = c->server->http2;
    struct px_http2 *h = calloc(1, sizeof *h);
    nghttp2_mem mem = { h, mem_malloc, mem_free, mem_calloc, mem_realloc };

    if (h == NULL)
        return false;
    h->c = c;
    c->session = h;
    px_http2_meter_init(&h->meter, px_wire_now_ns(c->server->wire), true);
    if (nghttp2_session_server_new3(&h->ng, sh->callbacks, h, sh->option, &mem) == 0 && greet(h)) {
        px_conn_wake(c->conn);
        return true;
    }
    px_http2_stop(c);
    return false;
}

static void set_options(nghttp2_option *o)
{
    nghttp2_option_set_no_auto_window_update(o, 1); /* window is given as bodies are taken */
    nghttp2_option_set_no_closed_streams(o, 1);
    nghttp2_option_set_max_deflate_dynamic_table_size(o, 0); /* no table of answers to keep */
    nghttp2_option_set_max_continuations(o, 8);
    /* out of reach: the meter ends the connection first, and tells the truth */
    nghttp2_option_set_stream_reset_rate_limit(o, OUT_OF_REACH, OUT_OF_REACH);
    nghttp2_option_set_max_outbound_ack(o, OUT_OF_REACH);
}

struct px_http2_shared *px_http2_shared_create(void)
{
    struct px_http2_shared *sh = calloc(1, sizeof *sh);

    if (sh == NULL)
        return NULL;
    if (nghttp2_session_callbacks_new(&sh->callbacks) != 0 ||
        nghttp2_option_new(&sh->option) != 0) {
        px_http2_shared_destroy(sh);
        return NULL;
    }
    px_http2_in_callbacks(sh->callbacks);
    px_http2_out_callbacks(sh->callbacks);
    set_options(sh->option);
    return sh;
}

void px_http2_shared_destroy(struct px_http2_shared *sh)
{
    if (sh == NULL)
        return;
    nghttp2_session_callbacks_del(sh->callbacks);
    nghttp2_option_del(sh->option);
    px_slab_fini(&sh->slab);
    free(sh);
}
