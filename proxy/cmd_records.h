/* proxy/cmd_records.h -- decision records for commands: read line by line, and the policies that
 * decide them again. */
#ifndef PX_CMD_RECORDS_H
#define PX_CMD_RECORDS_H
#include <stdio.h>

#include "proxy/cli.h"
#include "proxy/policy.h"
#include "proxy/record_decided.h"

/* ---- records ---- */

struct px_records {
    const char *const *path; /* "-": standard input */
    unsigned paths, at;      /* at: of the file being read */
    FILE *file;
    int64_t since_s;                   /* older ones are skipped */
    uint64_t line;                     /* in this file, from 1 */
    uint64_t read, unreadable, before; /* lines so far; of them no records; of them too old */
    int64_t bytes, size;               /* so far; of all files, 0: not known */
    char why[300];                     /* of the first line that was no record, with its place */
    struct px_decided *d;
    char *memory;
    char *text;
};

/* PX_YES, or the exit code after a complaint. */
int px_records_open(const struct px_cli *c, const char *const *path, unsigned paths,
                    struct px_records *out);
/* The next record, good until the next call; NULL at the end. Lines that are none are counted. */
const struct px_decided *px_records_next(struct px_records *r);
bool px_records_failed(const struct px_records *r); /* a file could not be read to its end */
void px_records_close(struct px_records *r);
/* "7d", "36h", "2026-11-20" or "2026-11-20T10:00:00Z"; false: none of these. */
bool px_records_since(const char *text, int64_t now_s, int64_t *out);
/* How far it is, on a terminal's stderr, a few times a second; done: the line goes. */
void px_records_progress(const struct px_records *r, bool done);

/* ---- policies ---- */

/* Compiled once for each list of providers (and each revision) that records name. */
struct px_policies;

/* path: the policy to decide by, or NULL: the one each record names, out of DIR/policies (dir may
 * be NULL) or built in. CHECKs allocation. */
struct px_policies *px_policies_create(const char *path, const char *dir);
void px_policies_destroy(struct px_policies *p);
/* For this record; *out NULL with true: the configured order decided. False: there is no such
 * policy, or it does not compile for these providers: why, lent. */
bool px_policies_get(struct px_policies *p, const struct px_decided *d,
                     const struct px_policy **out, const char **why);
/* What is wrong with the policy at path, as findings on stderr; PX_YES if nothing is. Compiled for
 * the record's providers. */
int px_policies_check(struct px_policies *p, const struct px_cli *c, const struct px_decided *d);
/* The folder that a file is in, "." if it names none. */
void px_folder_of(const char *path, char out[4096]);
#endif
