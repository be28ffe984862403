/* loadtest/pspsim/pipeline.h -- from a request's bytes to an answer's: faults, keys, execution. */
#ifndef SIM_PIPELINE_H
#define SIM_PIPELINE_H
#include "loadtest/pspsim/request.h"

/* What the protocols tell: */
void sim_head(struct sim_req *r);    /* its head is there, its body may not be */
void sim_receive(struct sim_req *r); /* all of it is there */
/* The stream or connection ended; r->conn is NULL. What runs goes on running; r may be freed. */
void sim_gone(struct sim_req *r);
void sim_middle(struct sim_req *r); /* reply.limit bytes of the body have left */
void sim_sent(struct sim_req *r);   /* everything has left; r is freed */

void sim_more_later(struct sim_req *r); /* trickling: the next piece after the fault's delay */

/* Sends r->reply as it is. */
void sim_send(struct sim_req *r);
/* An answer that belongs to no provider: control port, plain port. r is freed. */
void sim_reply_json(struct sim_req *r, int status);
/* Ends what a timer began: further pipelined requests, bytes out, doom. */
void sim_done_for_now(struct sim_conn *c);
const char *sim_reason_phrase(int status);

/* loadtest/pspsim/strike.c: carries out r->fault. True: this request is dealt with. */
bool sim_strike(struct sim_req *r);
/* Changes the reply in the ways that need no connection. */
void sim_spoil(struct sim_req *r);
#endif
