/* proxy/admin/read.c -- the audit log, page by page: whole lines as they stand in the file, for the
 * reader to verify. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proxy/admin/admin.h"
#include "proxy/admin/audit.h"
#include "routing/base/json.h"

/* Six times a page, should every byte need an escape, still is an answer. */
enum { SCHEMA = 1, PAGE = 32 * 1024 };
_Static_assert(6 * PAGE + 1024 < PX_ADMIN_ANSWER, "a page of damage can be told");

/* How many bytes of the page are whole lines. A line longer than a page is no line of ours: it is
 * given in pieces, and no piece will verify. */
static size_t whole_lines(const char *p, size_t n)
{
    const char *last = memrchr(p, '\n', n);

    if (last != NULL)
        return (size_t)(last - p) + 1;
    return n == PAGE ? n : 0;
}

static void put_lines(struct json_out *o, struct span text)
{
    struct span line;

    json_name(o, "lines");
    json_open(o, '[');
    while (text.n > 0 && span_cut(&text, '\n', &line))
        json_put_str(o, line);
    json_close(o, ']');
}

static int read_page(struct px_admin_call *c, const char *path, int64_t from, struct buf *out)
{
    char *page = arena_alloc(c->arena, PAGE);
    struct json_out o = json_to(out);
    struct stat s;
    ssize_t n = -1;
    int fd;

    if (page == NULL)
        return px_admin_trouble(c, PX_TROUBLE_BUSY, NULL);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &s) == 0)
        n = pread(fd, page, PAGE, (off_t)from);
    if (fd >= 0)
        close(fd);
    if (n < 0)
        return px_admin_trouble(c, PX_TROUBLE_STATE, "the audit log can not be read: %s",
                                strerror(errno));
    n = (ssize_t)whole_lines(page, (size_t)n);
    json_open(&o, '{');
    json_member_i64(&o, "schema", SCHEMA);
    json_member_i64(&o, "from", from);
    json_member_i64(&o, "next", from + n);
    put_lines(&o, (struct span){ page, (size_t)n });
    json_close(&o, '}');
    return 200;
}

static int run_audit(struct px_admin *a, struct px_admin_call *c, struct buf *out)
{
    const char *path = px_audit_path(px_admin_terms(a)->audit);
    struct span from = px_admin_query(c, "from");
    int64_t at = 0;

    if (path == NULL) {
        (void)px_admin_trouble(c, PX_TROUBLE_STATE, "this gateway keeps no state");
        return px_admin_help(c, "name a folder with `state:`");
    }
    if (from.n > 0 && (span_i64(from, &at) != OK || at < 0)) {
        (void)px_admin_trouble(c, PX_TROUBLE_FIELD,
                               "from is where in the log to begin: 0, or `next`");
        return px_admin_field(c, "from");
    }
    return read_page(c, path, at, out);
}

const struct px_admin_route px_admin_audit_routes[] = {
    { "GET", "/v1/audit", PX_ROLE_VIEWER, run_audit },
    { .run = NULL },
};
