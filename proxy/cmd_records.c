/* proxy/cmd_records.c -- records, one after the other. */
#include "proxy/cmd_records.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "proxy/clock.h"
#include "routing/base/check.h"

enum { MEMORY = 1 << 20, DAY_S = 86400 };

static int64_t size_of(const char *const *path, unsigned n)
{
    int64_t sum = 0;
    struct stat s;

    for (unsigned i = 0; i < n; i++) {
        if (stat(path[i], &s) != 0 || !S_ISREG(s.st_mode))
            return 0;
        sum += s.st_size;
    }
    return sum;
}

int px_records_open(const struct px_cli *c, const char *const *path, unsigned paths,
                    struct px_records *out)
{
    *out = (struct px_records){ .path = path, .paths = paths, .since_s = INT64_MIN };
    for (unsigned i = 0; i < paths; i++) {
        if (strcmp(path[i], "-") != 0 && access(path[i], R_OK) != 0)
            return px_cli_fail(c, PX_USAGE, "cannot read %s: %s", path[i], strerror(errno));
    }
    out->size = size_of(path, paths);
    out->d = calloc(1, sizeof *out->d);
    out->memory = malloc(MEMORY);
    out->text = malloc(PX_DECIDED_LINE + 2);
    CHECK(out->d != NULL && out->memory != NULL && out->text != NULL);
    return PX_YES;
}

static bool open_next(struct px_records *r)
{
    if (r->file != NULL && r->file != stdin)
        (void)fclose(r->file);
    r->file = NULL;
    r->line = 0;
    for (; r->file == NULL && r->at < r->paths; r->at++) {
        const char *path = r->path[r->at];

        r->file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
        if (r->file == NULL && r->why[0] == '\0')
            (void)snprintf(r->why, sizeof r->why, "%.200s: %s", path, strerror(errno));
    }
    return r->file != NULL;
}

static void note_unreadable(struct px_records *r, const char *why)
{
    r->unreadable++;
    if (r->why[0] == '\0')
        (void)snprintf(r->why, sizeof r->why, "%.150s:%llu: %.100s", r->path[r->at - 1],
                       (unsigned long long)r->line, why);
}

/* A line without its newline; a longer one than any record is read past. False at the end. */
static bool next_line(struct px_records *r, struct span *out)
{
    size_t n;
    int byte;

    while (r->file != NULL || open_next(r)) {
        if (fgets(r->text, PX_DECIDED_LINE + 2, r->file) == NULL) {
            if (!open_next(r))
                return false;
            continue;
        }
        n = strlen(r->text); /* a NUL ends it early, and is no record */
        r->bytes += (int64_t)n;
        r->line++;
        r->read++;
        if (n > 0 && r->text[n - 1] == '\n') {
            *out = (struct span){ r->text, n - 1 };
            return true;
        }
        *out = (struct span){ r->text, n };
        while (n > PX_DECIDED_LINE && (byte = getc(r->file)) != EOF && byte != '\n')
            r->bytes++;
        return true;
    }
    return false;
}

const struct px_decided *px_records_next(struct px_records *r)
{
    struct span line;

    while (next_line(r, &line)) {
        struct diag why = { .text = "" };
        struct arena a;
        enum err e;

        if (line.n == 0) { /* behind half a line */
            r->read--;
            continue;
        }
        arena_init(&a, r->memory, MEMORY, NULL, MEMORY);
        e = px_decided_read(line, &a, r->d, &why);
        if (e != OK)
            note_unreadable(r, why.text);
        else if (r->d->now_s < r->since_s)
            r->before++;
        else
            return r->d;
    }
    return NULL;
}

bool px_records_failed(const struct px_records *r)
{
    return r->file != NULL && ferror(r->file) != 0;
}

void px_records_close(struct px_records *r)
{
    if (r->file != NULL && r->file != stdin)
        (void)fclose(r->file);
    free(r->d);
    free(r->memory);
    free(r->text);
    *r = (struct px_records){ .path = NULL };
}

/* ---- since ---- */

static bool take_ago(const char *text, int64_t now_s, int64_t *out)
{
    size_t n = strlen(text);
    int64_t unit, count;

    if (n < 2 || span_i64((struct span){ text, n - 1 }, &count) != OK || count < 0 ||
        count > 1000000)
        return false;
    switch (text[n - 1]) {
    case 's': unit = 1; break;
    case 'm': unit = 60; break;
    case 'h': unit = 3600; break;
    case 'd': unit = DAY_S; break;
    default: return false;
    }
    *out = now_s - count * unit;
    return true;
}

bool px_records_since(const char *text, int64_t now_s, int64_t *out)
{
    struct tm t = { .tm_mday = 1 };
    const char *end = strptime(text, "%Y-%m-%d", &t);

    if (take_ago(text, now_s, out))
        return true;
    if (end != NULL && *end == 'T')
        end = strptime(end, "T%H:%M:%SZ", &t);
    if (end == NULL || *end != '\0')
        return false;
    *out = (int64_t)timegm(&t);
    return true;
}

void px_records_progress(const struct px_records *r, bool done)
{
    static const int64_t every_ns = 200000000;
    static int64_t told_ns, began_ns;
    int64_t now_ns;

    if (isatty(STDERR_FILENO) == 0 || (!done && r->read % 256 != 0))
        return;
    now_ns = px_now_ns();
    if (began_ns == 0)
        began_ns = told_ns = now_ns;
    if (done && told_ns != began_ns)
        (void)fprintf(stderr, "\r%60s\r", "");
    if (done || now_ns - told_ns < every_ns)
        return;
    told_ns = now_ns;
    if (r->size > 0)
        (void)fprintf(stderr, "\r%3d%%  %llu records", (int)(r->bytes * 100 / r->size),
                      (unsigned long long)r->read);
    else
        (void)fprintf(stderr, "\r%llu records", (unsigned long long)r->read);
}
