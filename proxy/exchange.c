/* proxy/exchange.c -- see exchange.h. */
#include "proxy/exchange.h"

#include <stdlib.h>
#include <string.h>

#include "routing/base/check.h"
#include "routing/base/secret.h"

/* ---- gathering ---- */

static void gather_clear(struct px_gather *g, char *room, size_t room_n)
{
    if (g->n > 0)
        secret_wipe(g->p, g->n);
    if (g->p != room)
        free(g->p);
    *g = (struct px_gather){ room, 0, room_n };
}

/* Room for n bytes in all. The old place is wiped, hence no realloc. */
static bool gather_grow(struct px_gather *g, const char *room, size_t n)
{
    size_t cap = g->cap;
    char *p;

    if (n <= cap)
        return true;
    while (cap < n)
        cap *= 2;
    if ((p = malloc(cap)) == NULL)
        return false;
    memcpy(p, g->p, g->n);
    secret_wipe(g->p, g->n);
    if (g->p != room)
        free(g->p);
    g->p = p;
    g->cap = cap;
    return true;
}

static struct span gather_put(struct px_gather *g, struct span s)
{
    struct span at = { g->p + g->n, s.n };

    CHECK(s.n <= g->cap - g->n);
    if (s.n > 0)
        memcpy(g->p + g->n, s.p, s.n);
    g->n += s.n;
    return at;
}

/* ---- the request ---- */

/* RFC 9110 section 5.6.2, lower case only: HTTP/2 has no other (RFC 9113 section 8.2.1). */
static bool name_char_ok(char c)
{
    if ((c >= 'a' && c <= 'z') || c == '-' || (c >= '0' && c <= '9'))
        return true;
    return c != '\0' && strchr("!#$%&'*+.^_`|~", c) != NULL;
}

static bool name_ok(struct span s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!name_char_ok(s.p[i]))
            return false;
    return s.n > 0;
}

static bool value_ok(struct span s)
{
    for (size_t i = 0; i < s.n; i++)
        if (((unsigned char)s.p[i] < 0x20 && s.p[i] != '\t') || s.p[i] == 0x7f)
            return false;
    return true;
}

static bool method_ok(struct span s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < 'A' || s.p[i] > 'Z')
            return false;
    return s.n > 0;
}

static bool path_ok(struct span s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] <= 0x20 || (unsigned char)s.p[i] >= 0x7f || s.p[i] == '#')
            return false;
    return s.n > 0 && s.p[0] == '/';
}

static bool authority_ok(struct span s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] <= 0x20 || (unsigned char)s.p[i] >= 0x7f || s.p[i] == '/' ||
            s.p[i] == '?' || s.p[i] == '#' || s.p[i] == '@' || s.p[i] == '\\')
            return false;
    return s.n > 0;
}

static enum err message_check(const struct px_message *m)
{
    if (!method_ok(m->method) || !path_ok(m->path) || !authority_ok(m->authority))
        return E_SYNTAX;
    for (unsigned i = 0; i < m->headers; i++)
        if (!name_ok(m->header[i].name) || !value_ok(m->header[i].value))
            return E_SYNTAX;
    return m->body.n > LIMIT_BODY ? E_LIMIT : OK;
}

static size_t message_size(const struct px_message *m)
{
    size_t n = m->method.n + m->path.n + m->scheme.n + m->authority.n + m->body.n;

    for (unsigned i = 0; i < m->headers; i++)
        n += m->header[i].name.n + m->header[i].value.n;
    return n;
}

void px_exchange_init(struct px_exchange *x)
{
    x->ask_ = (struct px_gather){ x->ask_room_, 0, sizeof x->ask_room_ };
    x->answer_ = (struct px_gather){ x->answer_room_, 0, sizeof x->answer_room_ };
    x->client_ = NULL;
    px_exchange_clear(x);
}

enum err px_exchange_set(struct px_exchange *x, const struct px_message *m)
{
    struct px_message *r = &x->request;
    enum err e = message_check(m);

    CHECK(m->headers <= PX_HEADERS_MAX);
    CHECK(x->ask_.n == 0);
    if (e != OK)
        return e;
    if (!gather_grow(&x->ask_, x->ask_room_, message_size(m)))
        return E_NOMEM;
    r->method = gather_put(&x->ask_, m->method);
    r->path = gather_put(&x->ask_, m->path);
    r->scheme = gather_put(&x->ask_, m->scheme);
    r->authority = gather_put(&x->ask_, m->authority);
    r->headers = m->headers;
    for (unsigned i = 0; i < m->headers; i++) {
        r->header[i].name = gather_put(&x->ask_, m->header[i].name);
        r->header[i].value = gather_put(&x->ask_, m->header[i].value);
        r->header[i].secret = m->header[i].secret;
    }
    r->body = gather_put(&x->ask_, m->body);
    return OK;
}

void px_exchange_clear(struct px_exchange *x)
{
    CHECK(x->client_ == NULL);
    gather_clear(&x->ask_, x->ask_room_, sizeof x->ask_room_);
    gather_clear(&x->answer_, x->answer_room_, sizeof x->answer_room_);
    x->request.headers = 0;
    x->first_at = PX_NOWHERE;
    x->sent = x->whole = x->headed = x->final = x->length_told = x->in_value_ = false;
    x->informational = x->fields_ = 0;
    x->status = 0;
    x->length = 0;
    x->body_n = x->header_n_ = x->body_at_ = x->uploaded_ = 0;
    x->stream_ = 0;
}

/* ---- the response ---- */

static bool header_room(struct px_exchange *x, size_t n)
{
    if (n > LIMIT_HEADER_BYTES - x->header_n_)
        return false;
    x->header_n_ += n;
    return x->final || gather_grow(&x->answer_, x->answer_room_, x->answer_.n + n);
}

bool px_exchange_name(struct px_exchange *x, struct span piece)
{
    x->headed = true;
    if (x->in_value_ || x->fields_ == 0) {
        if (x->fields_ == LIMIT_HEADERS)
            return false;
        x->field_[x->fields_].name = x->field_[x->fields_].value = (uint32_t)x->answer_.n;
        x->field_[x->fields_].name_n = x->field_[x->fields_].value_n = 0;
        x->fields_++;
        x->in_value_ = false;
    }
    if (!header_room(x, piece.n))
        return false;
    if (x->final)
        return true;
    gather_put(&x->answer_, piece);
    x->field_[x->fields_ - 1].name_n += (uint32_t)piece.n;
    x->field_[x->fields_ - 1].value = (uint32_t)x->answer_.n;
    return true;
}

bool px_exchange_value(struct px_exchange *x, struct span piece)
{
    CHECK(x->fields_ > 0);
    x->in_value_ = true;
    if (!header_room(x, piece.n))
        return false;
    if (x->final)
        return true;
    gather_put(&x->answer_, piece);
    x->field_[x->fields_ - 1].value_n += (uint32_t)piece.n;
    return true;
}

bool px_exchange_informational(struct px_exchange *x)
{
    CHECK(!x->final);
    x->headed = true;
    x->answer_.n = 0;
    x->fields_ = 0;
    x->header_n_ = 0;
    x->in_value_ = false;
    return ++x->informational <= LIMIT_INFORMATIONAL;
}

void px_exchange_final(struct px_exchange *x, int status)
{
    CHECK(!x->final);
    x->headed = true;
    x->final = true;
    x->status = status;
    x->body_at_ = x->answer_.n;
    x->in_value_ = true; /* a name that comes now starts a field */
}

bool px_exchange_body(struct px_exchange *x, struct span piece)
{
    CHECK(x->final);
    if (piece.n > LIMIT_ANSWER_BODY - x->body_n)
        return false;
    if (!gather_grow(&x->answer_, x->answer_room_, x->answer_.n + piece.n))
        return false;
    gather_put(&x->answer_, piece);
    x->body_n += piece.n;
    return true;
}

/* Trailers were counted in fields_ but have no bytes here: they stand behind the body's start. */
unsigned px_exchange_headers(const struct px_exchange *x, struct px_header out[LIMIT_HEADERS])
{
    unsigned n = 0;

    for (unsigned i = 0; i < x->fields_; i++) {
        struct span name = { x->answer_.p + x->field_[i].name, x->field_[i].name_n };

        if (name.n > 0)
            out[n++] = (struct px_header){
                .name = name,
                .value = { x->answer_.p + x->field_[i].value, x->field_[i].value_n },
            };
    }
    return n;
}

struct span px_exchange_answer(const struct px_exchange *x)
{
    return (struct span){ x->answer_.p + x->body_at_, x->body_n };
}
