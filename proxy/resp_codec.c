/* proxy/resp_codec.c */
#include "proxy/resp_codec.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

#include "routing/base/check.h"

enum { ARGS_MAX = 1200 };

struct px_resp_reader {
    redisReader *reader;
    size_t bytes_max;
    unsigned items; /* of the reply being read, promised ones included */
};

bool px_resp_is(const struct px_resp_value *v, const char *status)
{
    return v != NULL && v->kind == PX_RESP_STATUS && span_is(v->text, status);
}

struct span px_resp_text_at(const struct px_resp_value *v, unsigned i)
{
    if (v == NULL || v->kind != PX_RESP_ARRAY || i >= v->n || v->item[i]->kind != PX_RESP_TEXT)
        return SPAN_NONE;
    return v->item[i]->text;
}

const struct px_resp_value *px_resp_array_at(const struct px_resp_value *v, unsigned i)
{
    if (v == NULL || v->kind != PX_RESP_ARRAY || i >= v->n || v->item[i]->kind != PX_RESP_ARRAY)
        return NULL;
    return v->item[i];
}

/* ---- objects, made while hiredis reads ---- */

static struct px_resp_value *made(const redisReadTask *t, struct px_resp_value *v)
{
    struct px_resp_value *above;

    if (v != NULL && t->parent != NULL) {
        above = t->parent->obj;
        CHECK(above->kind == PX_RESP_ARRAY && (unsigned)t->idx < above->n);
        above->item[t->idx] = v;
    }
    return v;
}

static enum px_resp_kind kind_of(int type)
{
    return type == REDIS_REPLY_STATUS  ? PX_RESP_STATUS
           : type == REDIS_REPLY_ERROR ? PX_RESP_ERROR
                                       : PX_RESP_TEXT;
}

static void *make_string(const redisReadTask *t, char *bytes, size_t n)
{
    struct px_resp_value *v = calloc(1, sizeof *v + n);

    if (v == NULL)
        return NULL;
    v->kind = kind_of(t->type);
    if (n > 0)
        memcpy(v + 1, bytes, n);
    v->text = (struct span){ (char *)(v + 1), n };
    return made(t, v);
}

/* NULL makes hiredis give up with REDIS_ERR_OOM. */
static void *make_array(const redisReadTask *t, int n)
{
    struct px_resp_reader *r = t->privdata;
    struct px_resp_value *v;

    if (n < 0 || (unsigned)n > PX_RESP_ITEMS - r->items)
        return NULL;
    r->items += (unsigned)n;
    v = calloc(1, sizeof *v + (unsigned)n * sizeof *v->item);
    if (v == NULL)
        return NULL;
    v->kind = PX_RESP_ARRAY;
    v->n = (unsigned)n;
    v->item = (struct px_resp_value **)(v + 1);
    return made(t, v);
}

static void *make_integer(const redisReadTask *t, long long i)
{
    struct px_resp_value *v = calloc(1, sizeof *v);

    if (v == NULL)
        return NULL;
    v->kind = PX_RESP_INTEGER;
    v->integer = i;
    return made(t, v);
}

static void *make_nil(const redisReadTask *t)
{
    return made(t, calloc(1, sizeof(struct px_resp_value)));
}

/* Arrays nest at most seven deep (hiredis); items not read yet are NULL. */
static void free_value(void *p)
{
    struct px_resp_value *v = p;

    if (v == NULL)
        return;
    for (unsigned i = 0; i < v->n; i++)
        free_value(v->item[i]);
    free(v);
}

void px_resp_free(struct px_resp_value *v)
{
    free_value(v);
}

/* ---- reading ---- */

struct px_resp_reader *px_resp_reader_create(size_t bytes_max)
{
    static redisReplyObjectFunctions fn = { make_string, make_array, make_integer, make_nil,
                                            free_value };
    struct px_resp_reader *r = calloc(1, sizeof *r);

    if (r == NULL)
        return NULL;
    r->bytes_max = bytes_max;
    r->reader = redisReaderCreateWithFunctions(&fn);
    if (r->reader == NULL) {
        free(r);
        return NULL;
    }
    r->reader->privdata = r;
    return r;
}

void px_resp_reader_destroy(struct px_resp_reader *r)
{
    if (r == NULL)
        return;
    redisReaderFree(r->reader);
    free(r);
}

bool px_resp_feed(struct px_resp_reader *r, struct span bytes)
{
    if (r->reader->err != 0 || r->reader->len - r->reader->pos > r->bytes_max)
        return false;
    return bytes.n == 0 || redisReaderFeed(r->reader, bytes.p, bytes.n) == REDIS_OK;
}

enum err px_resp_next(struct px_resp_reader *r, struct px_resp_value **out)
{
    void *v = NULL;

    *out = NULL;
    if (redisReaderGetReply(r->reader, &v) != REDIS_OK)
        return r->reader->err == REDIS_ERR_PROTOCOL ? E_SYNTAX : E_LIMIT;
    if (v != NULL)
        r->items = 0;
    *out = v;
    return OK;
}

/* ---- commands ---- */

char *px_resp_command(const struct span *arg, unsigned args, size_t *n)
{
    const char *p[ARGS_MAX];
    size_t len[ARGS_MAX];
    char *bytes = NULL;
    int got;

    CHECK(args > 0 && args <= ARGS_MAX);
    for (unsigned i = 0; i < args; i++) {
        p[i] = arg[i].n > 0 ? arg[i].p : "";
        len[i] = arg[i].n;
    }
    got = redisFormatCommandArgv(&bytes, (int)args, p, len);
    if (got < 0)
        return NULL;
    *n = (size_t)got;
    return bytes;
}

void px_resp_command_free(char *bytes)
{
    redisFreeCommand(bytes);
}
