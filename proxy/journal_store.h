/* proxy/journal_store.h -- the journal's file: one letter after the other, inside transactions.
 *
 * Used by one thread at a time. What a letter's run says is true only once its transaction is
 * committed; until then the letter's record is not touched (what was found waits in found_), so
 * that a letter can be run again after a rollback. */
#ifndef PX_JOURNAL_STORE_H
#define PX_JOURNAL_STORE_H
#include <stdbool.h>

#include "proxy/journal.h"

struct px_store;

enum { PX_JOURNAL_BATCH = 1024 }; /* letters of one transaction, at most */

enum px_ran {
    PX_RAN,    /* said is filled in */
    PX_FAILED, /* the file can not be written or read: nobody can be served now */
    PX_POISON, /* something is wrong with this letter alone: roll back and go on without it */
};

/* As px_journal_open. */
MUST enum err px_store_open(const struct px_journal_config *c, struct px_store **out,
                            struct diag *why);
/* The file for reading only, whoever else has it open. */
MUST enum err px_store_open_beside(const char *path, struct px_store **out, struct diag *why);
void px_store_close(struct px_store *s);

/* By the thread that will use it from now on; a thread that helps it is started. */
void px_store_start(struct px_store *s);

/* A transaction; one that only reads waits for nobody. */
MUST enum px_ran px_store_begin(struct px_store *s, bool writes);
MUST enum px_ran px_store_run(struct px_store *s, struct px_journal_letter *l);
MUST enum px_ran px_store_commit(struct px_store *s);
void px_store_rollback(struct px_store *s);
/* After the answers are out: what may take a moment. */
void px_store_tend(struct px_store *s);
const char *px_store_why(const struct px_store *s); /* of the last failure; no values in it */

/* May this call write? */
bool px_call_writes(enum px_call c);
/* After the commit: what the run found becomes the letter's. */
void px_store_deliver(struct px_journal_letter *l);

/* Every record that `word` may mean; see px_journal_search. */
MUST enum px_ran px_store_search(struct px_store *s, struct span word, struct px_journal_letter *l);
#endif
