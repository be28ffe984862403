/* proxy/answer_body.h -- the JSON of answers. Private to answer.c. */
#ifndef PX_ANSWER_BODY_H
#define PX_ANSWER_BODY_H
#include "proxy/answer.h"

/* The payment or operation. request: as the answer to the request that made it (with `error` when
 * declined), else as a GET shows it. False when the arena is full. */
bool px_answer_write(const struct px_telling *t, bool request, struct arena *a, struct span *body);
/* The problem that tells that nothing was executed. */
bool px_answer_write_problem(const struct px_telling *t, int status, struct arena *a,
                             struct span *body);
#endif
