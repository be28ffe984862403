/* loadtest/pspsim/request.h -- one request on its way through the simulator. */
#ifndef SIM_REQUEST_H
#define SIM_REQUEST_H
#include <ev.h>

#include "loadtest/pspsim/world.h"

enum {
    SIM_REQ_MAGIC = 0x52455131,
    SIM_HEADERS = 40,
    SIM_HEAD_BYTES = 8192,
    SIM_BODY_MAX = 256 * 1024,
    SIM_REPLY_HEADERS = 12,
    SIM_NOTES = 2048,
};

struct sim_header {
    struct span name, value;
};

/* What a read is about. */
enum sim_view {
    SIM_VIEW_PAYMENT,
    SIM_VIEW_LIST,
    SIM_VIEW_SEARCH,
    SIM_VIEW_REFUND,
    SIM_VIEW_REFUNDS,
    SIM_VIEW_ACTIONS
};

/* What is asked for, once understood. Texts lie in the request's work or note memory. */
struct sim_ask {
    enum sim_op op;
    enum sim_view view;
    uint32_t target;    /* the charge an operation is about; 0: none */
    struct span object; /* the id in the path */
    int64_t amount;     /* -1: all, or none */
    char currency[4];   /* capitals; "" none */
    bool manual, confirm, off_session, error_on_action, final, want_action, expand_charge;
    struct sim_card card;
    struct span token, holder, reference, return_url, account;
    struct lt_out metadata; /* JSON object text, "" none */
    struct lt_out billing;
    int test_code;      /* the request itself asks for this provider code; 0: no */
    const char *reason; /* static */
    unsigned limit, skip;
    int64_t since_ms, until_ms;        /* list: created not before, not after */
    struct span find_name, find_value; /* search: this metadata */
    struct span after;                 /* list: behind this id */
};

struct sim_reply {
    int status;
    struct sim_header header[SIM_REPLY_HEADERS];
    unsigned headers;
    struct lt_out body;
    size_t at;    /* bytes of the body that left */
    size_t limit; /* then the fault strikes (SIM_MIDDLE); SIZE_MAX */
    size_t piece; /* at most so many at a time (SIM_F_TRICKLE); 0: all */
    bool started, ended;
};

struct sim_req {
    uint32_t magic;
    struct sim *sim;
    enum sim_who who;
    struct sim_conn *conn; /* NULL: nobody waits */
    struct sim_req *next, **back;
    int32_t stream; /* HTTP/2; 0 otherwise */
    uint64_t number;

    struct span method, path, query, authority;
    struct sim_header header[SIM_HEADERS];
    unsigned headers;
    char head[SIM_HEAD_BYTES];
    size_t head_n;
    struct lt_out body, work; /* work: a copy to be taken apart */
    bool whole, broken;       /* all has arrived; HTTP rules are broken */

    struct sim_ask ask;
    uint32_t key_row, copy; /* which request under this key it is */
    struct sim_fault fault; /* a copy: rules may go while we wait */
    bool ghost;             /* delivered by the network later; nobody waits */
    bool began;             /* it runs or ran */
    bool replayed;          /* answered from memory */
    bool spent;             /* a fault struck it already */
    bool dealt;             /* a fault took it: nothing more happens */
    bool waiting;           /* the timer holds it */
    struct sim_answer answer;
    struct sim_reply reply;
    ev_timer timer;
    void (*then)(struct sim_req *);
    char note[SIM_NOTES];
    size_t noted;
};

struct sim_req *sim_req_open(struct sim *s, enum sim_who who);
/* Frees it unless a connection or the timer still holds it. */
void sim_req_release(struct sim_req *r);
/* The same bytes, held by nobody. */
struct sim_req *sim_req_copy(const struct sim_req *r);
/* Copies into the request's head memory; SPAN_NONE when it is full. */
struct span sim_req_keep(struct sim_req *r, struct span s);
bool sim_req_header_add(struct sim_req *r, struct span name, struct span value);
/* The header's value; SPAN_NONE if absent. */
struct span sim_req_header(const struct sim_req *r, const char *name);
/* Splits "?query" off. */
void sim_req_target(struct sim_req *r, struct span target);
/* A copy that lives as long as the request; cut short when there is no room. */
const char *sim_note(struct sim_req *r, struct span s);
/* Calls then(r) in so many milliseconds, at once (from the loop) for 0. */
void sim_req_later(struct sim_req *r, int64_t ms, void (*then)(struct sim_req *));
void sim_reply_header(struct sim_reply *p, const char *name, struct span value);
#endif
