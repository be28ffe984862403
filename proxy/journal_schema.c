/* proxy/journal_schema.c -- how a new or an older file becomes what this version writes. */
#include "proxy/journal_sql.h"

#include <stdio.h>

#include "journal_1.inc"
#include "journal_2.inc"

/* steps[n] takes a file of version n to version n + 1. */
static int first_step(struct px_store *s);
static int second_step(struct px_store *s);
static int (*const steps[])(struct px_store *s) = { first_step, second_step };

enum { VERSION = sizeof steps / sizeof steps[0] };

static int fill_currencies(struct px_store *s)
{
    static const char sql[] = "INSERT INTO currency VALUES (?1, ?2, ?3)";
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(s->db, sql, -1, &st, NULL);

    for (unsigned c = 1; rc == SQLITE_OK && c <= currency_count(); c++) {
        unsigned exponent = currency_exponent((currency)c, MONEY_ISO);
        int unit = 1;

        for (unsigned i = 0; i < exponent; i++)
            unit *= 10;
        sqlite3_bind_text(st, 1, currency_code((currency)c), -1, SQLITE_STATIC);
        sqlite3_bind_int(st, 2, (int)exponent);
        sqlite3_bind_int(st, 3, unit);
        if (sqlite3_step(st) != SQLITE_DONE)
            rc = sqlite3_errcode(s->db);
        sqlite3_reset(st);
    }
    sqlite3_finalize(st);
    return rc;
}

static int first_step(struct px_store *s)
{
    int rc = sqlite3_exec(s->db, journal_1, NULL, NULL, NULL);

    return rc == SQLITE_OK ? fill_currencies(s) : rc;
}

static int second_step(struct px_store *s)
{
    return sqlite3_exec(s->db, journal_2, NULL, NULL, NULL);
}

static int migrate_from(struct px_store *s, int version)
{
    char sql[200];
    int rc = sqlite3_exec(s->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);

    for (; rc == SQLITE_OK && version < VERSION; version++) {
        rc = steps[version](s);
        snprintf(sql, sizeof sql,
                 "INSERT INTO migration SELECT %d, s * 1000, datetime(s, 'unixepoch') FROM (SELECT "
                 "CAST(strftime('%%s', 'now') AS INTEGER) AS s);"
                 "PRAGMA user_version = %d",
                 version + 1, version + 1);
        if (rc == SQLITE_OK)
            rc = sqlite3_exec(s->db, sql, NULL, NULL, NULL);
    }
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(s->db, "COMMIT", NULL, NULL, NULL);
    return rc;
}

static int number(struct px_store *s, const char *sql, int *out)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(s->db, sql, -1, &st, NULL);

    if (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
        *out = sqlite3_column_int(st, 0);
        rc = SQLITE_OK;
    }
    sqlite3_finalize(st);
    return rc;
}

/* A file of ours, or a new one? */
static enum err recognise(struct px_store *s, int *version, struct diag *why)
{
    int application = 0, things = 0;

    if (number(s, "PRAGMA application_id", &application) != SQLITE_OK ||
        number(s, "PRAGMA user_version", version) != SQLITE_OK ||
        number(s, "SELECT count(*) FROM sqlite_schema", &things) != SQLITE_OK) {
        diag_set(why, "%s is not a journal: %s", s->name, sqlite3_errmsg(s->db));
        return sqlite3_errcode(s->db) == SQLITE_NOTADB ? E_CONFLICT : E_IO;
    }
    if (things > 0 && application != PX_APPLICATION_ID) {
        diag_set(why, "%s is a database of another program, not a journal", s->name);
        return E_CONFLICT;
    }
    if (*version > VERSION) {
        diag_set(why, "%s was written by a newer signalbox (journal version %d; this one knows %d)",
                 s->name, *version, VERSION);
        diag_help(why, "start the newer version again; a journal never goes back");
        return E_CONFLICT;
    }
    return OK;
}

enum err px_schema_bring(struct px_store *s, struct diag *why)
{
    int version = 0;
    enum err e = recognise(s, &version, why);

    if (e != OK || version == VERSION)
        return e;
    if (sqlite3_exec(s->db, PX_SET_APPLICATION_ID, NULL, NULL, NULL) != SQLITE_OK ||
        migrate_from(s, version) != SQLITE_OK) {
        diag_set(why, "%s: its tables could not be made: %s", s->name, sqlite3_errmsg(s->db));
        return E_IO;
    }
    return OK;
}

enum err px_schema_check(struct px_store *s, struct diag *why)
{
    int version = 0;
    enum err e = recognise(s, &version, why);

    if (e == OK && version < VERSION) {
        diag_set(why, "%s has journal version %d; this program reads %d", s->name, version,
                 VERSION);
        diag_help(why, "start the gateway once on it: it brings the file up to date");
        return E_CONFLICT;
    }
    return e;
}
