/* proxy/live_inside.h -- what the files of proxy/live_*.c share. */
#ifndef PX_LIVE_INSIDE_H
#define PX_LIVE_INSIDE_H
#include "proxy/live_redis.h"
#include "routing/base/buf.h"

struct ev_loop;

enum {
    PX_LIVE_KEY = 256,
    PX_LIVE_ORIGINS = 64,
    PX_LIVE_LEASES = 32,
    PX_LIVE_NODES = 64,
    PX_LIVE_SUMS = 64
};

struct px_live_id { /* of a stream's entry */
    uint64_t ms, seq;
};

struct px_live_batch {
    uint64_t seq;
    int64_t t_ms;
    size_t n;
    char *blob;
};

struct px_live_origin { /* the last difference taken from one life of one node */
    uint64_t who, seq;
    int64_t used_ms;
};

struct px_live_named {
    struct px_live *live;
    char name[PX_LIVE_NAME];
    bool used;
};

struct px_live_summing {
    struct px_live *live;
    px_on_part *cb;
    void *ctx;
    bool used;
};

struct px_live_asking {
    struct px_live *live;
    px_on_lease *cb;
    void *ctx;
    bool used;
};

struct px_live {
    struct px_wire *wire;
    struct px_live_config c;
    const struct px_live_events *events;
    void *ctx;
    struct px_dns *dns;
    struct px_resp *redis, *pubsub, *sentinel;
    struct px_resp *sentinel_says; /* pub/sub: +switch-master */
    struct px_resp *aside;         /* where ASK sent us; NULL: it never did */
    struct px_resp_place aside_at;
    struct px_live_sent *sent_; /* commands that are not answered yet */
    unsigned sentinel_at;
    int64_t sentinel_ms;
    bool away; /* where MOVED sent us */
    uint64_t away_failed;
    void *timer; /* struct ev_timer */
    struct px_live_facts facts;
    char channel[PX_LIVE_KEY], me[2 * PX_LIVE_NAME];

    struct px_live_batch batch[PX_LIVE_BATCHES];
    unsigned batch_first, batches;
    uint64_t seq, sending; /* sending: seq of the batch in the air; 0: none */
    struct px_live_id cursor, own;
    bool warm, warming, reading;
    struct px_live_origin origin[PX_LIVE_ORIGINS];
    int64_t snapshot_ms;
    bool snapshot_ours;

    struct px_live_word word[PX_LIVE_WORDS];
    unsigned words;
    int64_t board_ms, shown_ms;
    bool board_asked[2];
    struct px_live_asking asking[PX_LIVE_LEASES];

    int64_t names_ms, hurry_ms, swept_ms;
    bool names_asked;
    struct px_live_named named[PX_LIVE_NODES];
    struct px_live_summing summing[PX_LIVE_SUMS];
};

/* prefix + "rt:" + kind + name, NUL-terminated in b. */
struct span px_live_key(const struct px_live *l, struct buf *b, const char *kind, const char *name);
/* Notes that Redis answered, and what it refused; false if v is no use. */
bool px_live_heard(struct px_live *l, const struct px_resp_value *v);
bool px_live_place_of(struct span error, struct px_resp_place *to);
/* As px_resp_ask(), on the connection for commands; follows ASK. */
bool px_live_send(struct px_live *l, const struct span *arg, unsigned args, int timeout_ms,
                  px_on_reply *cb, void *ctx);
void px_live_send_fini(struct px_live *l);
bool px_live_ask(struct px_live *l, const struct span *arg, unsigned args, px_on_reply *cb);

void px_live_delta_tick(struct px_live *l, int64_t now_ms);
void px_live_delta_fini(struct px_live *l);
bool px_live_sentinel_open(struct px_live *l, struct px_dns *dns);
void px_live_sentinel_tick(struct px_live *l, int64_t now_ms);
void px_live_nodes_tick(struct px_live *l, int64_t now_ms);
void px_live_board_tick(struct px_live *l, int64_t now_ms);
void px_live_board_read(struct px_live *l);
void px_live_board_message(void *ctx, struct span channel, struct span text);
#endif
