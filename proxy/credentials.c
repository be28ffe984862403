/* proxy/credentials.c */
#include "proxy/credentials.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proxy/crypto.h"
#include "routing/base/check.h"
#include "routing/base/secret.h"

enum { FILE_MAX = 256 * 1024, FILES_MAX = 64, TOKEN_MAX = 256 };

struct entry {
    char name[PX_CREDENTIAL_NAME];
    unsigned char hash[PX_SHA256];
    const char *file;
    unsigned line;
};

/* One file: its name and text, for findings. */
struct file {
    struct px_source source;
    char *name, *text;
};

struct px_credentials {
    struct entry entry[PX_CREDENTIALS_MAX];
    unsigned entries;
    struct file file[FILES_MAX];
    unsigned files;
};

struct loading {
    struct px_credentials *c;
    struct px_report *report;
    struct file *file; /* the one being read */
};

bool px_credential_name_ok(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    size_t n = strlen(name);

    return n > 0 && n < PX_CREDENTIAL_NAME && strchr(letters, name[0]) != NULL &&
           strchr(letters, name[n - 1]) != NULL &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-") == n;
}

static struct diag *wrong(struct loading *l, const char *code, unsigned line, size_t col,
                          struct span text)
{
    struct px_place at = { &l->file->source, line, (unsigned)col + 1, (unsigned)text.n };

    return px_report_error(l->report, code, at);
}

static const struct entry *same_hash(const struct px_credentials *c, const struct entry *e)
{
    for (unsigned i = 0; i < c->entries; i++) {
        if (memcmp(c->entry[i].hash, e->hash, PX_SHA256) == 0)
            return &c->entry[i];
    }
    return NULL;
}

static void add(struct loading *l, const struct entry *e, struct span line)
{
    struct px_credentials *c = l->c;
    const struct entry *twin = same_hash(c, e);

    if (twin != NULL)
        diag_set(wrong(l, "C161", e->line, 0, line), "this token is %s's already (%.80s:%u)",
                 twin->name, twin->file, twin->line);
    else if (c->entries == PX_CREDENTIALS_MAX)
        diag_set(wrong(l, "C121", e->line, 0, line), "there are at most %d credentials",
                 PX_CREDENTIALS_MAX);
    else
        c->entry[c->entries++] = *e;
}

static void read_line(struct loading *l, struct span line, unsigned number)
{
    struct entry e = { .file = l->file->name, .line = number };
    struct span rest = span_trim(line), name = SPAN_NONE;
    struct buf hash = buf_over(e.hash, sizeof e.hash);
    struct diag *d;

    if (rest.n > 0 && rest.p[rest.n - 1] == '\r')
        rest.n--;
    if (rest.n == 0 || rest.p[0] == '#')
        return;
    (void)span_cut(&rest, ':', &name);
    if (span_copyz(name, e.name, sizeof e.name) != OK || !px_credential_name_ok(e.name)) {
        px_report_hide(l->report, (struct px_place){ &l->file->source, number, 1, 0 });
        d = wrong(l, "C160", number, 0, name);
        diag_set(d, "a line is name:sha256-of-token, and this does not begin with a name");
        diag_help(d, "signalbox credential new NAME writes such a line");
        return;
    }
    if (rest.n != 2 * (size_t)PX_SHA256 || px_hex_decode(rest, &hash) != OK) {
        /* somebody may have put the token itself there */
        px_report_hide(l->report,
                       (struct px_place){ &l->file->source, number, (unsigned)name.n + 2, 0 });
        d = wrong(l, "C160", number, name.n + 1, rest);
        diag_set(d, "after \"%s:\" come the 64 hexadecimal digits of a SHA-256", e.name);
        diag_help(d, "printf %%s TOKEN | sha256sum");
        return;
    }
    add(l, &e, line);
}

static void unreadable(struct loading *l, const char *why)
{
    struct px_place at = { &l->file->source, 0, 0, 0 };

    diag_set(px_report_error(l->report, "C102", at), "%s", why);
}

/* Reads all of it; false after telling. */
static bool slurp(struct loading *l, int fd)
{
    struct file *f = l->file;
    size_t n = 0;
    ssize_t got = 0;

    f->text = malloc(FILE_MAX);
    CHECK(f->text != NULL);
    while (n < FILE_MAX && (got = read(fd, f->text + n, FILE_MAX - n)) != 0) {
        if (got < 0 && errno != EINTR)
            break;
        n += got > 0 ? (size_t)got : 0;
    }
    if (got < 0)
        unreadable(l, strerror(errno));
    else if (n == FILE_MAX)
        unreadable(l, "this file is too long for credentials");
    f->source.text = (struct span){ f->text, n };
    return got >= 0 && n < FILE_MAX;
}

static void warn_if_open(struct loading *l, int fd)
{
    struct px_place at = { &l->file->source, 0, 0, 0 };
    struct stat st;
    struct diag *d;

    if (fstat(fd, &st) != 0 || (st.st_mode & S_IWOTH) == 0)
        return;
    d = px_report_warning(l->report, "C162", at);
    diag_set(d, "every user of this machine can add credentials here");
    diag_help(d, "chmod o-w %.100s", l->file->name);
}

static void warn_if_none(struct loading *l)
{
    struct px_place at = { l->file == NULL ? NULL : &l->file->source, 0, 0, 0 };
    struct diag *d = px_report_warning(l->report, "C163", at);

    diag_set(d, "nobody may call the API: there are no credentials");
    diag_help(d, "signalbox credential new NAME");
}

static void read_file(struct loading *l, const char *path)
{
    struct px_credentials *c = l->c;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct span rest, line;

    l->file = &c->file[c->files++];
    l->file->name = strdup(path);
    CHECK(l->file->name != NULL);
    l->file->source.name = l->file->name;
    if (fd < 0) {
        unreadable(l, strerror(errno));
        return;
    }
    warn_if_open(l, fd);
    if (slurp(l, fd)) {
        rest = l->file->source.text;
        for (unsigned number = 1; span_cut(&rest, '\n', &line); number++)
            read_line(l, line, number);
    }
    (void)close(fd);
}

static int visible(const struct dirent *e)
{
    return e->d_name[0] != '.' && e->d_name[strlen(e->d_name) - 1] != '~';
}

static void read_folder(struct loading *l, const char *path)
{
    struct dirent **entry = NULL;
    int n = scandir(path, &entry, visible, alphasort);

    for (int i = 0; i < n; i++) {
        char inner[4096];
        struct buf b = BUF_OF(inner);

        buf_fmt(&b, "%s/%s", path, entry[i]->d_name);
        if (l->c->files < FILES_MAX)
            read_file(l, buf_z(&b));
        free(entry[i]);
    }
    free(entry);
}

static void done(void *credentials)
{
    px_credentials_destroy(credentials);
}

enum err px_credentials_load(const char *const *path, unsigned n, struct px_report *report,
                             struct px_credentials **out)
{
    struct loading l = { .report = report, .c = calloc(1, sizeof *l.c) };
    unsigned before = px_report_errors(report);
    struct stat st;

    CHECK(l.c != NULL);
    for (unsigned i = 0; i < n && l.c->files < FILES_MAX; i++) {
        if (stat(path[i], &st) == 0 && S_ISDIR(st.st_mode))
            read_folder(&l, path[i]);
        else
            read_file(&l, path[i]);
    }
    if (l.c->files == FILES_MAX)
        unreadable(&l, "this is one file of credentials too many");
    if (l.c->entries == 0 && px_report_errors(report) == before)
        warn_if_none(&l);
    if (px_report_errors(report) > before) {
        px_report_keep(report, done, l.c);
        return E_SYNTAX;
    }
    *out = l.c;
    return OK;
}

void px_credentials_destroy(struct px_credentials *c)
{
    if (c == NULL)
        return;
    for (unsigned i = 0; i < c->files; i++) {
        free(c->file[i].name);
        free(c->file[i].text);
    }
    free(c);
}

/* Looks at all of them, whatever it finds. */
static const struct entry *find(const struct px_credentials *c, struct span token)
{
    const struct entry *found = NULL;
    unsigned char hash[PX_SHA256];

    px_sha256(token, hash);
    for (unsigned i = 0; i < c->entries; i++) {
        struct span known = { (const char *)c->entry[i].hash, PX_SHA256 };

        if (secret_equal(known, (struct span){ (const char *)hash, PX_SHA256 }))
            found = &c->entry[i];
    }
    return found;
}

/* The credentials behind a scheme and at least one space; false if it is another scheme. */
static bool scheme(struct span header, const char *name, struct span *rest)
{
    size_t n = strlen(name);

    if (header.n <= n || header.p[n] != ' ' || !span_is_nocase(span_take(header, n), name))
        return false;
    *rest = span_trim(span_drop(header, n));
    return rest->n > 0 && rest->n <= 2 * TOKEN_MAX;
}

bool px_credentials_check(const struct px_credentials *c, struct span authorization,
                          const char **name)
{
    char room[2 * TOKEN_MAX];
    struct buf pair = BUF_OF(room);
    const struct entry *e = NULL;
    struct span token, user = SPAN_NONE;

    if (scheme(authorization, "Bearer", &token)) {
        e = find(c, token);
    } else if (scheme(authorization, "Basic", &token) && px_base64_decode(token, &pair) == OK) {
        token = buf_span(&pair);
        (void)span_cut(&token, ':', &user);
        e = find(c, user);
    }
    secret_wipe(room, sizeof room);
    if (e == NULL)
        return false;
    *name = e->name;
    return true;
}

unsigned px_credentials_count(const struct px_credentials *c)
{
    return c->entries;
}

struct px_credential px_credentials_at(const struct px_credentials *c, unsigned i)
{
    struct px_credential out;
    struct buf print = BUF_OF(out.print);

    CHECK(i < c->entries);
    out.name = c->entry[i].name;
    out.file = c->entry[i].file;
    out.line = c->entry[i].line;
    buf_hex(&print, c->entry[i].hash, 4);
    (void)buf_z(&print);
    return out;
}

/* "sbk_" and 32 random bytes: the prefix lets scanners of leaked secrets know what they found. */
void px_credential_new(const char *name, char token[PX_TOKEN], struct buf *line)
{
    unsigned char random[32], hash[PX_SHA256];
    struct buf out = buf_over(token, PX_TOKEN);

    CHECK(px_credential_name_ok(name));
    px_random(random, sizeof random);
    buf_str(&out, "sbk_");
    px_base64((struct span){ (const char *)random, sizeof random }, &out);
    out.n--; /* the padding; RFC 4648 section 5: - and _ instead of + and / */
    for (size_t i = 0; i < out.n; i++)
        token[i] = token[i] == '+' ? '-' : token[i] == '/' ? '_' : token[i];
    px_sha256(buf_span(&out), hash);
    buf_fmt(line, "%s:", name);
    buf_hex(line, hash, sizeof hash);
    buf_byte(line, '\n');
    CHECK(*buf_z(&out) != '\0');
    secret_wipe(random, sizeof random);
}
