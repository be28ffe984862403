/* proxy/config_ref.c -- ${env:NAME}, ${file:PATH}, ${cred:NAME}: values that stand elsewhere. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proxy/config_schema.h"
#include "routing/base/check.h"

enum { VALUE_MAX = 4096, PATH_LEN = 4096 };

enum ref_kind { REF_ENV, REF_FILE, REF_CRED };

struct ref {
    enum ref_kind kind;
    struct span name;
    struct px_place at;
};

const char *px_config_path(struct px_reading *r, const struct px_node *n, const char *path)
{
    const char *dir = n->at.source->dir;
    struct buf b;

    if (path[0] == '/' || dir == NULL || strcmp(dir, ".") == 0)
        return path;
    b = arena_buf(r->arena, strlen(dir) + strlen(path) + 2);
    buf_fmt(&b, "%s/%s", dir, path);
    return buf_ok(&b) ? buf_z(&b) : path;
}

/* The place of the characters [from, to) of a scalar's text. */
static struct px_place inside(const struct px_node *n, size_t from, size_t to)
{
    struct px_place at = n->at;

    if (at.len == 0)
        return at;
    at.col += (unsigned)from + (n->plain ? 0 : 1);
    at.len = (unsigned)(to - from);
    return at;
}

/* Reads the reference at text[from], which begins with "${". The index behind it, or 0 after
 * telling what is wrong. */
static size_t ref_at(struct px_reading *r, const struct px_node *n, size_t from, struct ref *out)
{
    static const struct {
        const char *word;
        enum ref_kind kind;
    } known[] = { { "env:", REF_ENV }, { "file:", REF_FILE }, { "cred:", REF_CRED } };
    struct span rest = span_drop(n->text, from + 2), body;
    const char *end = memchr(rest.p, '}', rest.n);
    struct diag *d;

    body = (struct span){ rest.p, end == NULL ? 0 : (size_t)(end - rest.p) };
    out->at = inside(n, from, end == NULL ? from + 2 : from + 3 + body.n);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (span_starts(body, known[i].word) && body.n > strlen(known[i].word)) {
            out->kind = known[i].kind;
            out->name = span_drop(body, strlen(known[i].word));
            return from + 3 + body.n;
        }
    }
    d = px_report_error(r->report, "C131", out->at);
    diag_set(d, end == NULL ? "a reference without its closing }" : "this is no reference");
    diag_help(d, "write ${env:NAME}, ${file:PATH} or ${cred:NAME}; for ${ itself $${");
    return 0;
}

static bool ref_starts(struct span text, size_t at)
{
    return at + 1 < text.n && text.p[at] == '$' && text.p[at + 1] == '{';
}

bool px_config_is_reference(const struct px_node *n)
{
    return ref_starts(n->text, 0) && n->text.p[n->text.n - 1] == '}' &&
           memchr(n->text.p, '}', n->text.n - 1) == NULL;
}

static const char *unset(struct px_reading *r, const struct ref *ref, const char *name)
{
    struct diag *d = px_report_error(r->report, "C130", ref->at);

    diag_set(d, "$%.80s is not set", name);
    if (strcmp(name, "CREDENTIALS_DIRECTORY") == 0)
        diag_help(d, "systemd sets it for LoadCredential=%.*s:PATH", SPAN_ARG(ref->name));
    return NULL;
}

/* The path of a ${file:} or ${cred:} reference; NULL after telling. */
static const char *ref_path(struct px_reading *r, const struct px_node *n, const struct ref *ref)
{
    const char *dir = getenv("CREDENTIALS_DIRECTORY"), *name = arena_str(r->arena, ref->name);
    struct buf b;

    if (name == NULL)
        return NULL;
    if (ref->kind == REF_FILE)
        return px_config_path(r, n, name);
    if (strchr(name, '/') != NULL || strcmp(name, "..") == 0) {
        diag_set(px_report_error(r->report, "C131", ref->at), "a credential's name has no /");
        return NULL;
    }
    if (dir == NULL)
        return unset(r, ref, "CREDENTIALS_DIRECTORY");
    b = arena_buf(r->arena, strlen(dir) + ref->name.n + 2);
    buf_fmt(&b, "%s/%s", dir, name);
    return buf_ok(&b) ? buf_z(&b) : NULL;
}

/* A whole small file without its last line's end; false after telling. out has room for cap. */
static bool file_read(struct px_reading *r, struct px_place at, const char *path, char *out,
                      size_t cap, size_t *n)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    size_t have = 0;
    ssize_t got = fd < 0 ? -1 : 0;
    struct diag *d;

    while (fd >= 0 && have < cap && (got = read(fd, out + have, cap - have)) != 0) {
        if (got < 0 && errno != EINTR)
            break;
        have += got > 0 ? (size_t)got : 0;
    }
    if (got < 0) {
        d = px_report_error(r->report, "C130", at);
        diag_set(d, "%.120s: %s", path, strerror(errno));
    }
    if (fd >= 0)
        (void)close(fd);
    if (got < 0)
        return false;
    if (have == cap) {
        diag_set(px_report_error(r->report, "C105", at), "%.120s has more than %zu bytes", path,
                 cap - 1);
        return false;
    }
    while (have > 0 && (out[have - 1] == '\n' || out[have - 1] == '\r'))
        have--;
    *n = have;
    return true;
}

/* What the reference stands for, in the arena; NULL after telling. */
static const char *ref_value(struct px_reading *r, const struct px_node *n, const struct ref *ref)
{
    const char *path, *value;
    char bytes[VALUE_MAX];
    size_t got;

    if (ref->kind == REF_ENV) {
        const char *name = arena_str(r->arena, ref->name);

        value = name == NULL ? NULL : getenv(name);
        return value == NULL && name != NULL ? unset(r, ref, name) : value;
    }
    path = ref_path(r, n, ref);
    if (path == NULL || !file_read(r, ref->at, path, bytes, sizeof bytes, &got))
        return NULL;
    if (memchr(bytes, '\0', got) != NULL) {
        diag_set(px_report_error(r->report, "C130", ref->at), "%.120s is not a text", path);
        return NULL;
    }
    return arena_str(r->arena, (struct span){ bytes, got });
}

/* One piece of the text at i: "$${", a reference, or a character. The index behind it; 0 after
 * telling. */
static size_t resolve_piece(struct px_reading *r, struct px_node *n, size_t i, struct buf *out)
{
    const char *value;
    struct ref ref;
    size_t next;

    if (n->text.p[i] == '$' && ref_starts(n->text, i + 1)) {
        buf_str(out, "${");
        return i + 3;
    }
    if (!ref_starts(n->text, i)) {
        buf_byte(out, n->text.p[i]);
        return i + 1;
    }
    next = ref_at(r, n, i, &ref);
    if (next == 0 || (value = ref_value(r, n, &ref)) == NULL)
        return 0;
    buf_str(out, value);
    n->plain = true; /* what is referred to is typed by its text alone */
    return next;
}

const char *px_config_resolve(struct px_reading *r, struct px_node *n)
{
    struct buf out;

    if (memmem(n->text.p, n->text.n, "${", 2) == NULL)
        return n->text.p;
    out = arena_buf(r->arena, n->text.n + 2 * VALUE_MAX);
    for (size_t i = 0; i < n->text.n;) {
        i = resolve_piece(r, n, i, &out);
        if (i == 0)
            return NULL;
    }
    if (buf_ok(&out) && *buf_z(&out) != '\0')
        return out.p;
    diag_set(px_config_error(r, "C105", n), "this value is empty or too long once resolved");
    return NULL;
}

/* The path a value names: written out, or by ${file:} or ${cred:}. */
static const char *path_named(struct px_reading *r, struct px_node *n)
{
    const char *text;
    struct ref ref;

    if (px_config_is_reference(n)) {
        if (ref_at(r, n, 0, &ref) == 0)
            return NULL;
        if (ref.kind != REF_ENV)
            return ref_path(r, n, &ref);
    }
    text = px_config_resolve(r, n);
    return text == NULL ? NULL : px_config_path(r, n, text);
}

static const char *readable(struct px_reading *r, struct px_node *n, bool directory_too)
{
    const char *path = path_named(r, n);
    struct stat st;
    int fd;

    if (path == NULL)
        return NULL;
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) != 0)
        diag_set(px_config_error(r, "C102", n), "%.120s: %s", path, strerror(errno));
    else if (!S_ISREG(st.st_mode) && !(directory_too && S_ISDIR(st.st_mode)))
        diag_set(px_config_error(r, "C102", n), "%.120s is not a file", path);
    if (fd >= 0)
        (void)close(fd);
    n->resolved = path;
    return path;
}

static void warn_if_open(struct px_reading *r, struct px_place at, const char *path)
{
    struct diag *d;
    struct stat st;

    if (stat(path, &st) != 0 || (st.st_mode & (S_IROTH | S_IWOTH)) == 0)
        return;
    d = px_report_warning(r->report, "C135", at);
    diag_set(d, "every user of this machine can read %.100s", path);
    diag_help(d, "chmod 600 %.100s", path);
}

static void read_in_file(struct px_reading *r, const struct px_field *f, struct px_node *n,
                         void *at)
{
    const char **out = at;

    (void)f;
    *out = readable(r, n, false);
}

const struct px_type px_type_in_file = { .what = "a file's path",
                                         .read = read_in_file,
                                         .raw = true };

static void read_key_file(struct px_reading *r, const struct px_field *f, struct px_node *n,
                          void *at)
{
    const char **out = at;

    (void)f;
    *out = readable(r, n, false);
    if (*out != NULL)
        warn_if_open(r, n->at, *out);
}

const struct px_type px_type_key_file = { .what = "the path of a file with a secret",
                                          .read = read_key_file,
                                          .raw = true };

static void read_in_path(struct px_reading *r, const struct px_field *f, struct px_node *n,
                         void *at)
{
    const char **out = at;

    (void)f;
    *out = readable(r, n, true);
}

const struct px_type px_type_in_path = { .what = "a path, or a list of them",
                                         .read = read_in_path,
                                         .raw = true };

struct secret *px_config_secret_new(struct px_config_store *s)
{
    if (s->secret == NULL) {
        size_t n = PX_SECRETS_MAX * sizeof *s->secret;
        void *pages = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        CHECK(pages != MAP_FAILED);
        (void)mlock(pages, n); /* as far as the limits let us */
        (void)madvise(pages, n, MADV_DONTDUMP);
        s->secret = pages;
    }
    CHECK(s->secrets < PX_SECRETS_MAX);
    return &s->secret[s->secrets++];
}

static bool usable(struct px_reading *r, const struct px_field *f, struct px_place at,
                   struct span value)
{
    struct diag *d = NULL;
    bool control = false;

    for (size_t i = 0; i < value.n; i++)
        control = control || (unsigned char)value.p[i] < ' ' || value.p[i] == 0x7F;
    if (value.n > 0 && !control && value.n >= (size_t)f->least && value.n <= SECRET_MAX)
        return true;
    d = px_report_error(r->report, "C134", at);
    if (value.n == 0)
        diag_set(d, "this secret is empty");
    else if (control)
        diag_set(d, "this secret has control characters or several lines");
    else
        diag_set(d, "this secret has %zu characters; it takes %lld to %d", value.n,
                 (long long)f->least, SECRET_MAX);
    if (value.n < (size_t)f->least && f->least > 1)
        diag_help(d, "openssl rand -hex 32 > FILE");
    return false;
}

static void secret_from(struct px_reading *r, const struct px_field *f, struct px_place at,
                        const char *path, const struct secret **out)
{
    char bytes[VALUE_MAX];
    struct secret *s;
    size_t n;

    if (path == NULL || !file_read(r, at, path, bytes, sizeof bytes, &n))
        return;
    if (usable(r, f, at, (struct span){ bytes, n })) {
        s = px_config_secret_new(r->config->store_);
        CHECK(secret_set(s, (struct span){ bytes, n }) == OK);
        *out = s;
        warn_if_open(r, at, path);
    }
    secret_wipe(bytes, sizeof bytes);
}

static void literal(struct px_reading *r, const struct px_field *f, const struct px_node *n)
{
    struct diag *d = px_config_error(r, "C132", n);

    px_node_hide(n, r->report);
    diag_set(d, "\"%s\" holds a secret; a configuration must not", f->name);
    diag_help(d, "put it into a file: %s: \"${file:secrets/NAME}\"", f->name);
}

static void read_secret(struct px_reading *r, const struct px_field *f, struct px_node *n, void *at)
{
    const struct secret **out = at;
    struct ref ref;
    struct diag *d;

    if (!px_config_is_reference(n)) {
        literal(r, f, n);
        return;
    }
    n->resolved = n->text.p;
    if (ref_at(r, n, 0, &ref) == 0)
        return;
    if (ref.kind == REF_ENV) {
        d = px_report_error(r->report, "C133", ref.at);
        diag_set(d, "secrets do not come from the environment");
        diag_help(d, "use ${file:PATH} or ${cred:NAME}");
        return;
    }
    secret_from(r, f, ref.at, ref_path(r, n, &ref), out);
}

const struct px_type px_type_secret = {
    .what = "a reference to a secret", .read = read_secret, .raw = true, .secret = true
};

static void read_secret_file(struct px_reading *r, const struct px_field *f, struct px_node *n,
                             void *at)
{
    const struct secret **out = at;
    const char *path = path_named(r, n);

    n->resolved = path;
    secret_from(r, f, n->at, path, out);
}

const struct px_type px_type_secret_file = { .what = "the path of a file with a secret",
                                             .read = read_secret_file,
                                             .raw = true };
