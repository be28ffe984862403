/* loadtest/pspsim/conn.h -- one accepted connection: socket, TLS, bytes out, and how it ends. */
#ifndef SIM_CONN_H
#define SIM_CONN_H
#include <ev.h>
#include <openssl/ssl.h>

#include "loadtest/pspsim/request.h"

struct nghttp2_session;

enum { SIM_CONN_MAGIC = 0x434f4e31 };

enum sim_stage {
    SIM_HANDSHAKE, /* TLS */
    SIM_SNIFF,     /* clear text: which protocol? */
    SIM_HTTP1,
    SIM_HTTP2,
    SIM_DEAF,   /* a fault: never reads, never answers */
    SIM_LINGER, /* said goodbye, reads until the other side does too */
};

/* How it is to end, once the caller is back at the bottom of the stack. */
enum sim_doom { SIM_ALIVE, SIM_DRAIN, SIM_CLOSE_, SIM_CUT_, SIM_RESET_ };

struct sim_conn {
    uint32_t magic;
    struct sim *sim;
    enum sim_who who;
    int fd;
    ev_io readable, writable;
    ev_timer timer;
    SSL *ssl;
    enum sim_stage stage;
    enum sim_doom doom;  /* asked for now */
    enum sim_doom later; /* when the timer fires */
    enum sim_tls_fault tls_fault;
    bool tls_broken;
    struct lt_out in, out; /* HTTP/1.1 and sniffing: unread; both: unwritten */
    size_t out_at;
    struct nghttp2_session *h2;
    int32_t begun_max, goaway_last; /* highest stream that was let in; streams above are ignored */
    uint64_t served;                /* requests answered before */
    struct sim_req *reqs;
    struct sim_req *h1; /* the one under way */
    size_t h1_need;     /* bytes of its body still to come */
    bool h1_close;      /* after this answer */
    bool h1_reading;    /* sim_h1_read is on the stack */
    struct sim_conn *next, **back;
};

/* Takes the socket; the fault is one struck at SIM_ACCEPT, or NULL. */
void sim_conn_open(struct sim *s, enum sim_who who, int fd, bool tls,
                   const struct sim_fault *fault);
void sim_conn_join(struct sim_conn *c, struct sim_req *r);
void sim_conn_leave(struct sim_req *r); /* r->conn becomes NULL; r is not freed */
/* Bytes to the socket, pending doom; to be called once at the bottom of every entry from the loop.
 * The connection may be gone afterwards. */
void sim_conn_settle(struct sim_conn *c);
void sim_conn_doom(struct sim_conn *c, enum sim_doom how, int64_t in_ms);
/* Ends connections of one provider: idle ones now, the others when their requests are answered. */
void sim_conns_drain(struct sim *s, enum sim_who who);
void sim_conns_free(struct sim *s);
/* Nothing is under way on it. */
bool sim_conn_idle(const struct sim_conn *c);

/* The two protocols; false: the connection is beyond repair (doom is set). */
void sim_h1_start(struct sim_conn *c);
bool sim_h1_read(struct sim_conn *c, const char *p, size_t n);
void sim_h1_answer(struct sim_req *r);
void sim_h1_more(struct sim_req *r); /* the next piece of a trickling answer */

void sim_h2_start(struct sim_conn *c);
bool sim_h2_read(struct sim_conn *c, const char *p, size_t n);
void sim_h2_write(struct sim_conn *c); /* fills c->out */
void sim_h2_answer(struct sim_req *r);
void sim_h2_more(struct sim_req *r);
void sim_h2_interim(struct sim_req *r, unsigned times);
void sim_h2_rst(struct sim_req *r, uint32_t code);
/* last < 0: right below the lowest stream that has not begun. */
void sim_h2_goaway(struct sim_conn *c, int32_t last, uint32_t code);
void sim_h2_stop(struct sim_conn *c);
bool sim_h2_done(const struct sim_conn *c);
#endif
