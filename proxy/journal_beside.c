/* proxy/journal_beside.c -- reading the journal from another process, for commands. */
#include "proxy/journal_store.h"

#include "routing/base/check.h"

/* Runs one read in a transaction of its own, so that a record, its answer and its attempts are of
 * one moment. word: a search; else the letter's call. */
static enum err read_once(const char *path, const struct span *word, struct px_journal_letter *l,
                          struct diag *why)
{
    struct px_store *s = NULL;
    enum err e = px_store_open_beside(path, &s, why);
    enum px_ran ran;

    if (e != OK)
        return e;
    ran = px_store_begin(s, false);
    if (ran == PX_RAN)
        ran = word != NULL ? px_store_search(s, *word, l) : px_store_run(s, l);
    px_store_rollback(s);
    if (ran != PX_RAN) {
        diag_set(why, "%s: %s", path, px_store_why(s));
        e = E_IO;
    } else if (l->said == PX_SAID_DOWN) {
        diag_set(why, "%s: more was found than fits", path);
        e = E_LIMIT;
    } else {
        px_store_deliver(l);
    }
    px_store_close(s);
    return e;
}

enum err px_journal_read(const char *path, struct px_journal_letter *l, struct diag *why)
{
    CHECK(!px_call_writes(l->call));
    return read_once(path, NULL, l, why);
}

enum err px_journal_search(const char *path, struct span word, struct px_journal_letter *l,
                           struct diag *why)
{
    return read_once(path, &word, l, why);
}
