/* proxy/mail.h -- the only way from thread to thread: a queue of pointers into a loop.
 *
 * Many senders, one receiver. Sending never blocks and never allocates: letters carry their own
 * link. The receiver's loop is woken once for many letters. What a letter points at belongs to the
 * receiver once it is sent. */
#ifndef PX_MAIL_H
#define PX_MAIL_H
#include <stdbool.h>

struct ev_loop;

struct px_letter {
    struct px_letter *next_;
};

struct px_mailbox;
typedef void px_on_letter(void *ctx, struct px_letter *l);

/* Letters are handed to cb on the loop's thread, in the order each sender sent them. loop NULL: the
 * owner waits with px_mailbox_wait instead (a thread without a loop). CHECKs allocation. */
struct px_mailbox *px_mailbox_create(struct ev_loop *loop, px_on_letter *cb, void *ctx);
void px_mailbox_send(struct px_mailbox *m, struct px_letter *l); /* any thread */
/* Takes everything that is there, oldest first (linked by next_), blocking until there is
 * something. */
struct px_letter *px_mailbox_wait(struct px_mailbox *m);
/* The same for at most timeout_ms (0: only look; below 0: for ever); NULL if nothing came. */
struct px_letter *px_mailbox_wait_for(struct px_mailbox *m, int timeout_ms);
/* By the owner, on its thread, when its loop has ended: what is still inside, oldest first. */
struct px_letter *px_mailbox_rest(struct px_mailbox *m);
/* By the owner, on its thread, once no further letter will be sent; waits for a sender that is
 * still on its way out. Letters left inside are lost. */
void px_mailbox_destroy(struct px_mailbox *m);
#endif
