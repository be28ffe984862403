/* proxy/admin/chain.c */
#include "proxy/admin/chain.h"

#include <string.h>

#include "proxy/clock.h"
#include "proxy/crypto.h"
#include "routing/base/json.h"

static const char PREVIOUS[] = ",\"previous\":\"", HASH[] = "\",\"hash\":\"", END[] = "\"}";
enum {
    /* `,"previous":"<64>","hash":"<64>"}` from its end */
    TAIL_HASH = sizeof HASH - 1 + PX_CHAIN_HEX + sizeof END - 1,
    TAIL = sizeof PREVIOUS - 1 + PX_CHAIN_HEX + TAIL_HASH,
    ACTOR_MAX = 96,
    OBJECT_MAX = 128,
    WHY_MAX = 400,
    DETAILS_MAX = 2048
};

void px_chain_init(struct px_chain *c)
{
    c->n = 0;
    memset(c->hash, '0', PX_CHAIN_HEX);
    c->hash[PX_CHAIN_HEX] = '\0';
}

static void hash_of(struct span bytes, char out[PX_CHAIN_HEX + 1])
{
    unsigned char raw[PX_SHA256];
    struct buf b = buf_over(out, PX_CHAIN_HEX + 1);

    px_sha256(bytes, raw);
    buf_hex(&b, raw, sizeof raw);
    (void)buf_z(&b);
}

/* ---- writing ---- */

static void put_cut(struct json_out *o, const char *name, const char *text, size_t most)
{
    if (text != NULL && text[0] != '\0')
        json_member_str(o, name, span_take(span_str(text), most));
}

static void put_act(const struct px_chain *c, const struct px_deed *a, struct buf *b)
{
    struct json_out o = json_to(b);
    char at[PX_MOMENT];

    json_open(&o, '{');
    json_member_i64(&o, "schema", 1);
    json_member_i64(&o, "n", (int64_t)(c->n + 1));
    json_member_z(&o, "at", px_moment(a->at_ms, at));
    put_cut(&o, "actor", a->actor, ACTOR_MAX);
    put_cut(&o, "role", a->role, ACTOR_MAX);
    put_cut(&o, "what", a->what, OBJECT_MAX);
    put_cut(&o, "object", a->object, OBJECT_MAX);
    put_cut(&o, "result", a->result, OBJECT_MAX);
    put_cut(&o, "why", a->why, WHY_MAX);
    if (a->details.n > 0 && a->details.n <= DETAILS_MAX) {
        json_name(&o, "details");
        json_put_raw(&o, a->details);
    }
}

bool px_chain_add(struct px_chain *c, const struct px_deed *a, struct buf *out)
{
    char room[PX_CHAIN_LINE], hash[PX_CHAIN_HEX + 1];
    struct buf b = BUF_OF(room);
    size_t hashed;

    put_act(c, a, &b);
    buf_str(&b, PREVIOUS);
    buf_str(&b, c->hash);
    buf_byte(&b, '"');
    hashed = b.n;
    if (!buf_ok(&b))
        return false;
    hash_of((struct span){ b.p, hashed }, hash);
    buf_str(&b, HASH + 1); /* its quote closed `previous` and is hashed */
    buf_str(&b, hash);
    buf_str(&b, END);
    buf_byte(&b, '\n');
    if (!buf_ok(&b) || out->cap - out->n < b.n)
        return false;
    buf_put(out, buf_span(&b));
    memcpy(c->hash, hash, sizeof hash);
    c->n++;
    return true;
}

/* ---- reading ---- */

const char *px_chain_word(enum px_link l)
{
    switch (l) {
    case PX_CHAIN_GOOD: return "good";
    case PX_CHAIN_NO_LINE: return "not a line of an audit log";
    case PX_CHAIN_CHANGED: return "its bytes are not those that were written";
    case PX_CHAIN_DETACHED: return "the line before it is not the one it was written after";
    case PX_CHAIN_JUMPED: return "its number is not the next one";
    }
    return "";
}

static bool is_hex(const char *p)
{
    for (int i = 0; i < PX_CHAIN_HEX; i++) {
        if (!((p[i] >= '0' && p[i] <= '9') || (p[i] >= 'a' && p[i] <= 'f')))
            return false;
    }
    return true;
}

/* Finds both hashes at the line's end. */
static bool take_apart(struct span line, const char **previous, const char **hash)
{
    const char *tail;

    if (line.n <= TAIL || line.n >= PX_CHAIN_LINE || line.p[0] != '{')
        return false;
    tail = line.p + line.n - TAIL;
    *previous = tail + sizeof PREVIOUS - 1;
    *hash = tail + TAIL - sizeof END + 1 - PX_CHAIN_HEX;
    return memcmp(tail, PREVIOUS, sizeof PREVIOUS - 1) == 0 &&
           memcmp(*previous + PX_CHAIN_HEX, HASH, sizeof HASH - 1) == 0 &&
           memcmp(*hash + PX_CHAIN_HEX, END, sizeof END - 1) == 0 && is_hex(*previous) &&
           is_hex(*hash);
}

static bool number_of(struct span line, uint64_t *n)
{
    int64_t v;
    struct json j;

    if (!json_find(line, &j, "n", NULL) || json_i64(&j, &v) != OK || v < 1)
        return false;
    *n = (uint64_t)v;
    return true;
}

enum px_link px_chain_look(struct px_chain *c, struct span line)
{
    const char *previous, *hash;
    char own[PX_CHAIN_HEX + 1];
    enum px_link l = PX_CHAIN_GOOD;
    uint64_t n;

    if (!take_apart(line, &previous, &hash) || !number_of(line, &n))
        return PX_CHAIN_NO_LINE;
    hash_of(span_take(line, line.n - TAIL_HASH + 1), own);
    if (memcmp(own, hash, PX_CHAIN_HEX) != 0)
        l = PX_CHAIN_CHANGED;
    else if (memcmp(previous, c->hash, PX_CHAIN_HEX) != 0)
        l = PX_CHAIN_DETACHED;
    else if (n != c->n + 1)
        l = PX_CHAIN_JUMPED;
    c->n = n;
    memcpy(c->hash, hash, PX_CHAIN_HEX);
    return l;
}
