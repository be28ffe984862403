/* proxy/journal.h -- what was promised and what became of it. Verbs 4 and 7.
 *
 * A promise is durable before the first byte of a copy leaves (law 1); every write names its owner
 * and leg, and an owner that has been replaced is told so (law 4); nothing is forgotten (law 5).
 * Calls are letters: the caller fills one, sends it, and gets the same letter back on its own loop
 * with `said` filled in. The journal's thread gathers waiting letters into one transaction (group
 * commit) and answers them after the commit; if that fails, all of them say DOWN. It never blocks
 * the caller.
 *
 * An operation (capture, void, refund) is begun with its payment as parent. Whether it may go out
 * is decided in the transaction that promises it: CONFLICT with lock_conflict while the payment or
 * another operation on it is open or in doubt, else with the ledger's code. What it asks for stays
 * held until its outcome is known.
 *
 * A payment whose card may not be tried now, by the card schemes' rules (routing/reattempt.h), is
 * not promised: FORBIDDEN. That is decided in the transaction that would promise it, and declines
 * are written in the one that tells them, so the rules hold over all workers.
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
#include "routing/reattempt.h"

struct ev_loop;
struct px_journal;

enum { PX_ID = 27, PX_NAME = 64, PX_DIGEST = 32, PX_MAC = 16, PX_LIST_MAX = 256 };

enum px_said {
    PX_SAID_DOWN,      /* could not be written or read; nothing has changed */
    PX_SAID_OK,        /* next, settle, load, list, note: done */
    PX_SAID_OURS,      /* begin: promised in our name; new, or begun again after "not sent" */
    PX_SAID_RESUMED,   /* begin, claim: in doubt and without a live owner; now it is ours */
    PX_SAID_TAKEN,     /* begin, claim: a live owner has it (and had it for all of wait_ms) */
    PX_SAID_DONE,      /* begin: answered before; record and answer are there to be replayed.
                          claim: nothing is left to resolve */
    PX_SAID_MISMATCH,  /* begin: same key, other fingerprint */
    PX_SAID_FENCED,    /* next, settle: it is no longer ours; see px_record.fence */
    PX_SAID_NOT_FOUND, /* no such record of this merchant; begin of an operation: no such payment */
    PX_SAID_CONFLICT,  /* begin of an operation: the payment's state forbids it; next, settle: a
                          leg or an amount that can not be (our bug). Nothing has changed; see `code`
                        */
    PX_SAID_FORBIDDEN, /* begin, next of a payment: the card schemes' rules leave no attempt with
                          this card now; see `reattempt`. Nothing has changed, nothing may leave */
};

/* How far a record is. The words are in the database. */
enum px_standing {
    PX_OPEN,       /* promised; somebody is asking, or died asking: see `owned` */
    PX_PENDING,    /* parked, without an owner: in doubt or waiting for the provider; belongs to
                      reconciliation. In doubt, a begin under its key resumes it; with an answer from
                      the provider (outcome pending, requires_action; status set) it replays that */
    PX_SETTLED,    /* the answer is final for this key */
    PX_NEVER_SENT, /* provably nothing happened anywhere: the same key may begin again */
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
    struct money amount; /* operations may begin with CURRENCY_NONE: the payment's */
    /* payments only; same currency as amount; kept by the journal (routing/ledger.h). authorized: 0
     * until approved; a settle may name less than amount */
    int64_t authorized, captured, capture_pending, refunded, refund_pending;
    int64_t held; /* operations: how much of the payment this one holds; kept by the journal */
    bool capture_now;
    bool full; /* begin of a capture or refund: all that is left; amount comes back filled in */

    /* Which taking-over this is: begin and claim give it, next and settle must show it. A second
     * worker, or reconciliation, that takes the record over makes the first one's number old (law
     * 4). */
    uint32_t fence;
    bool owned; /* out: open, and its owner lives */

    char plan[LIMIT_LEGS][PX_NAME]; /* provider names, in order; "" ends */
    uint8_t leg;                    /* the one promised last; begin: 0 */
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

    /* in: begin and next of a payment. Never out */
    bool carded;                /* `card` is there */
    unsigned char card[PX_MAC]; /* keyed digest of what the leg charges: px_card_digest() */
    bool by_merchant;           /* begin: the merchant, not the customer, began it */

    int32_t status;     /* HTTP status of the stored answer; 0: none yet */
    struct span answer; /* its body; in the letter's arena */
};

/* One attempt of a record, as history, oldest first. A leg that was parked and taken up again has
 * one for each time, under the same ref. */
struct px_attempt {
    uint8_t leg;
    uint32_t fence; /* out: under which taking-over */
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
    struct rt_strike strike; /* in: what its decline means for the card */
};

/* What records and attempts do not tell by themselves. */
struct px_event {
    int64_t at_ms;
    uint32_t fence;
    char what[16]; /* "resumed", "claimed", "begun_again" (text: the id of old), "note" */
    char text[LIMIT_TEXT + 1];
};

enum px_call {
    PX_CALL_BEGIN,  /* record (facts, plan, request_mac; operations: parent), wait_ms. DONE,
                       RESUMED and TAKEN bring the record as it is stored. OURS after "not sent"
                       takes the caller's id, plan and request; load knows the id of old too */
    PX_CALL_NEXT,   /* record.id, .fence, .leg = the new leg, .request_mac; attempt[0]: the closed
                       one's end */
    PX_CALL_SETTLE, /* record: id, fence, leg, standing (not open), outcome, state, code, ids,
                       status, answer; payments: authorized, 0 for all of amount; operations:
                       amount, how much moved, 0 for all that is held; attempt[0]: this leg's end,
                       if there is one to tell */
    PX_CALL_LOAD,   /* record.id, .merchant ("" for any): record and answer; attempts and, of a
                       payment, its operations */
    PX_CALL_FIND,   /* record.merchant, .key: the same */
    PX_CALL_CLAIM,  /* record.id: take an ownerless open or pending one over, for reconciliation */
    PX_CALL_UNRESOLVED, /* limit, after_ms: records open without owner or pending, oldest first;
                           record.id: only those begun after that one ("": from the oldest) */
    PX_CALL_NOTE,       /* record.id, note: one line of history */
};

/* A call. The caller owns it; between send and callback the journal does. arena is the caller's and
 * must outlive the call: what is found is put there by the journal's thread. Next, settle and note
 * need none. */
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
    int64_t after_ms; /* UNRESOLVED: only records at least this old */
    unsigned limit;   /* UNRESOLVED: at most so many; 0: as many as PX_LIST_MAX */
    const char *note; /* at most LIMIT_TEXT bytes are kept */

    struct px_record record;    /* in and out */
    struct px_attempt *attempt; /* in: as the call says; out (LOAD): in arena */
    unsigned attempts;
    struct px_record *list; /* out: UNRESOLVED: in arena; LOAD: the payment's operations */
    unsigned lists;
    bool with_events;       /* LOAD, FIND: events too */
    struct px_event *event; /* out, in arena */
    unsigned events;

    enum px_said said;
    enum rt_code
        code; /* CONFLICT: already_captured, amount_exceeds_authorized, lock_conflict, ... */
    struct rt_reattempt_answer reattempt; /* FORBIDDEN: why; OURS, RESUMED, OK of next: how many
                                             more declines the rules allow this payment */
    /* private to the journal */
    int64_t until_ms_, no_;
    struct px_record *found_;
    struct px_journal_letter *waiting_;
};

struct px_journal_config {
    const char *path;  /* the SQLite file; NULL: in memory, for tests only, and it says so loudly */
    const char *owner; /* this process's life: unique per start; a record whose owner is another
                          one is ownerless as soon as we hold the file's lock */
    struct rt_reattempt_limits reattempts; /* zeroed: no rule */
    unsigned keys_in_memory; /* the newest keys, before they go into the file's index; 0: 65536 */
};

/* Opens or creates the file (mode 0600), migrates the schema, takes the lock (one process per file:
 * E_CONFLICT if another has it), starts the thread. */
MUST enum err px_journal_open(const struct px_journal_config *c, struct px_journal **out,
                              struct diag *why);
/* Sends the call; false (and nothing happens) when the queue is full: the caller answers 503.
 * Every letter that was sent comes back exactly once. */
bool px_journal_send(struct px_journal *j, struct px_journal_letter *l);
/* Where the letters come back: give this to px_mailbox_create of every loop that calls. */
void px_journal_on_letter(void *ctx, struct px_letter *l);
void px_journal_close(struct px_journal *j); /* finishes what was sent; checkpoint; lock released */

/* Since the start; any thread. */
struct px_journal_counts {
    uint64_t letters, commits, failures; /* answered; transactions that did, and did not, last */
    uint32_t queued;                     /* sent and not yet answered */
    bool down;                           /* the last transaction failed */
};
void px_journal_count(const struct px_journal *j, struct px_journal_counts *out);

/* Read-only, for commands beside a running gateway (or none): the same LOAD, FIND and UNRESOLVED,
 * at once. E_NOTFOUND: no such file; E_CONFLICT: not a journal, or one of a newer version. */
MUST enum err px_journal_read(const char *path, struct px_journal_letter *l, struct diag *why);
/* Every record, oldest first, that a person may mean by `word`: its id, its key, a provider's id of
 * it, our reference of an attempt, the merchant's order. At most l->limit, in l->list; it may read
 * the whole file. */
MUST enum err px_journal_search(const char *path, struct span word, struct px_journal_letter *l,
                                struct diag *why);

const char *px_said_name(enum px_said s);
const char *px_standing_name(enum px_standing s);
#endif
