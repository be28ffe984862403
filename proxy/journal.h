/* proxy/journal.h -- what was promised and what became of it. Verbs 4 and 7.
 *
 * A promise is durable before the first byte of a copy leaves (law 1); every write names its owner
 * and leg, and an owner that has been replaced is told so (law 4); nothing is forgotten (law 5).
 * Calls are letters: the caller fills one, sends it, and gets the same letter back on its own loop
 * with `said` filled in. The journal's thread gathers waiting letters into one transaction (group
 * commit) and answers them after the commit. It never blocks the caller.
 *
 * No card number and no CVC is ever in a letter; fingerprints are keyed (HMAC), because a plain
 * hash of a body with a card number in it can be searched. */
#ifndef PX_JOURNAL_H
#define PX_JOURNAL_H
#include <stdbool.h>
#include <stdint.h>

#include "proxy/mail.h"
#include "routing/base/arena.h"
#include "routing/base/limits.h"
#include "routing/outcome.h"
#include "routing/payment.h"

struct ev_loop;
struct px_journal;

enum { PX_ID = 27, PX_NAME = 64, PX_DIGEST = 32, PX_MAC = 16 };

enum px_said {
    PX_SAID_DOWN,      /* could not be written or read; nothing has changed */
    PX_SAID_OK,        /* next, settle, load, list: done */
    PX_SAID_OURS,      /* begin: new, promised in our name */
    PX_SAID_RESUMED,   /* begin, claim: it was open and without a live owner; now it is ours */
    PX_SAID_TAKEN,     /* begin, claim: a live owner has it (and had it for all of wait_ms) */
    PX_SAID_DONE,      /* begin: settled before; record and answer are there to be replayed */
    PX_SAID_MISMATCH,  /* begin: same key, other fingerprint */
    PX_SAID_FENCED,    /* next, settle: somebody else owns it now */
    PX_SAID_NOT_FOUND, /* load, claim; begin of an operation: no such payment of this merchant */
    PX_SAID_CONFLICT,  /* begin of an operation: the payment's state forbids it; see `code` */
};

/* How far a record is. The words are in the database. */
enum px_standing {
    PX_OPEN,     /* promised; somebody is asking, or died asking */
    PX_PENDING,  /* in doubt or waiting for the provider; belongs to reconciliation */
    PX_SETTLED,  /* the answer is final for this key */
    PX_NOT_SENT, /* provably nothing happened anywhere: the same key may begin again */
};

/* One payment, or one operation on one. */
struct px_record {
    char id[PX_ID];
    char parent[PX_ID]; /* operations: the payment's id; else "" */
    enum rt_op op;
    char merchant[PX_NAME], key[LIMIT_IDEMPOTENCY_KEY + 1];
    unsigned char fingerprint[PX_DIGEST];
    int64_t created_ms, updated_ms; /* unix, UTC */
    enum px_standing standing;
    enum rt_outcome outcome;
    enum rt_state state;
    enum rt_code code;
    struct money amount;
    /* payments only; same currency as amount */
    int64_t captured, capture_pending, refunded, refund_pending;
    bool capture_now;

    char plan[LIMIT_LEGS][PX_NAME]; /* provider names, in order; "" ends */
    uint8_t leg;                    /* the one promised last */
    int64_t leg_ms; /* unix; when it was first promised: the key window counts from here */
    unsigned char
        request_mac[PX_MAC]; /* keyed digest of this leg's request: same key, same bytes */
    char provider_payment_id[LIMIT_REF + 1], provider_op_id[LIMIT_REF + 1];
    char network_txn_id[LIMIT_REF + 1];

    enum rt_method method;
    enum rt_brand brand;
    uint32_t bin6;
    char last4[5];
    char order[LIMIT_TEXT + 1];

    int32_t status;     /* HTTP status of the stored answer; 0: none yet */
    struct span answer; /* its body; in the letter's arena */
};

/* One attempt of a record, as history. */
struct px_attempt {
    uint8_t leg;
    char provider[PX_NAME];
    char ref[RT_REF_MAX];
    int64_t promised_ms, ended_ms; /* ended_ms 0: open */
    uint8_t copies;
    char evidence[16]; /* "answered", "not_sent", "refused", "in_doubt"; "" while open */
    char why[32];      /* the wire's word: "connect", "timeout", ... */
    enum rt_outcome outcome;
    enum rt_code code;
    char raw_code[LIMIT_REF + 1];
    char provider_payment_id[LIMIT_REF + 1];
    int32_t status; /* HTTP, 0 if none */
    int32_t took_ms;
};

enum px_call {
    PX_CALL_BEGIN, /* record (facts, plan, leg 0), attempt[0], wait_ms */
    PX_CALL_NEXT,  /* record.id, .leg = the new leg, .request_mac; attempt[0]: the closed one's end,
                      attempt[1]: the new one */
    PX_CALL_SETTLE, /* record: id, leg, standing, outcome, state, code, ids, status, answer, and for
                       operations the amount that moved; attempt[0]: this leg's end */
    PX_CALL_LOAD,   /* record.id, .merchant ("" for any): record and all attempts, operations too */
    PX_CALL_FIND,   /* record.merchant, .key */
    PX_CALL_CLAIM,  /* record.id: take an ownerless open or pending one over, for reconciliation */
    PX_CALL_UNRESOLVED, /* after_ms..: records open without owner or pending, oldest first */
    PX_CALL_NOTE,       /* record.id, note: one line of history */
};

/* A call. The caller owns it; between send and callback the journal does. arena is the caller's and
 * must outlive the call: results too big for fixed fields are put there by the journal's thread. */
struct px_journal_letter {
    struct px_letter letter_; /* first member */
    enum px_call call;
    struct px_mailbox *reply_to; /* the caller's loop */
    void (*on_said)(void *ctx, struct px_journal_letter *l);
    void *ctx;
    struct arena *arena;
    int32_t wait_ms;  /* BEGIN: when a live owner has it, answer TAKEN only after this long; DONE as
                         soon as it settles */
    int64_t now_ms;   /* unix, the caller's clock */
    int64_t after_ms; /* UNRESOLVED: only records older than this */
    unsigned limit;   /* UNRESOLVED: at most so many */
    const char *note;

    struct px_record record;    /* in and out */
    struct px_attempt *attempt; /* in: as the call says; out (LOAD): in arena */
    unsigned attempts;
    struct px_record *list; /* out: UNRESOLVED: in arena; LOAD: the payment's operations */
    unsigned lists;

    enum px_said said;
    enum rt_code
        code; /* CONFLICT: already_captured, amount_exceeds_authorized, lock_conflict, ... */
    /* private to the journal */
    int64_t until_ms_;
    struct px_journal_letter *waiting_;
};

struct px_journal_config {
    const char *path;  /* the SQLite file; NULL: in memory, for tests only, and it says so loudly */
    const char *owner; /* this process's life: unique per start; a record whose owner is another
                          one is ownerless as soon as we hold the file's lock */
};

/* Opens or creates the file (mode 0600), migrates the schema, takes the lock (one process per file:
 * E_CONFLICT if another has it), starts the thread. */
MUST enum err px_journal_open(const struct px_journal_config *c, struct px_journal **out,
                              struct diag *why);
/* Sends the call; false (and nothing happens) when the queue is full: the caller answers 503. */
bool px_journal_send(struct px_journal *j, struct px_journal_letter *l);
/* Where the letters come back: give this to px_mailbox_create of every loop that calls. */
void px_journal_on_letter(void *ctx, struct px_letter *l);
void px_journal_close(struct px_journal *j); /* finishes what was sent; checkpoint; lock released */

/* Read-only, for commands beside a running gateway: the same LOAD, FIND and UNRESOLVED, at once. */
MUST enum err px_journal_read(const char *path, struct px_journal_letter *l, struct diag *why);

const char *px_said_name(enum px_said s);
const char *px_standing_name(enum px_standing s);
#endif
