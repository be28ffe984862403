/* proxy/fleet_breaker.c -- breakers as the fleet sees them: their history, what nodes say to each
 * other about them, and who of them may probe.
 *
 * A node says on the board of breakers, in the field provider@node, "stopped 0 failures" or
 * "probing 50 failures" for half a minute at a time; silence is serving. Advice only: each worker's
 * own breaker decides. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proxy/clock.h"
#include "proxy/config.h"
#include "proxy/file.h"
#include "proxy/fleet_inside.h"
#include "proxy/log.h"
#include "routing/base/json.h"

enum {
    WORD_MS = 30000,      /* a node that is gone says nothing after that */
    SAY_AGAIN_MS = 10000, /* so before its end it is said again */
    CLOSED_MS = 5000,     /* "serving" only takes back what was said before */
    AHEAD_MS = 1500,      /* the lease is asked for before the probe is due */
    ASK_AGAIN_MS = 1000,
    PAUSE_MS = 2000, /* one who had the lease and did not recover lets the others try */
    LOAD_MAX = 4 << 20,
    FILE_KEPT = 512 * 1024,
    FILE_MOST = 2 << 20,
};

static const char history[] = "breakers.jsonl";

/* ---- history ---- */

static struct px_fleet_move *ring(const struct px_fleet *f, unsigned p)
{
    return &f->move[(size_t)p * PX_FLEET_MOVES];
}

static void push(struct px_fleet *f, unsigned p, const struct px_fleet_move *m)
{
    ring(f, p)[f->moves[p]++ % PX_FLEET_MOVES] = *m;
}

unsigned px_fleet_history(const struct px_fleet *f, unsigned p, int64_t since_ms,
                          struct px_fleet_move *out, unsigned max)
{
    unsigned have = f->moves[p] < PX_FLEET_MOVES ? f->moves[p] : PX_FLEET_MOVES, n = 0;

    for (unsigned i = 0; i < have && n < max; i++) {
        const struct px_fleet_move *m = &ring(f, p)[(f->moves[p] - 1 - i) % PX_FLEET_MOVES];

        if (m->at_ms >= since_ms)
            out[n++] = *m;
    }
    return n;
}

static void put_line(const struct px_fleet *f, unsigned p, const struct px_fleet_move *m,
                     struct buf *b)
{
    struct json_out o = json_to(b);

    json_open(&o, '{');
    json_member_i64(&o, "at_ms", m->at_ms);
    json_member_z(&o, "provider", f->config->provider[p].name);
    json_member_z(&o, "node", m->node);
    json_member_z(&o, "from", hl_serving_name(m->from));
    json_member_z(&o, "to", hl_serving_name(m->to));
    json_member_i64(&o, "admit_permille", m->admit_permille);
    json_member_z(&o, "cause", m->cause);
    json_close(&o, '}');
    buf_byte(b, '\n');
}

/* What has grown too long is written anew from what fits the rings. */
static void shorten(const struct px_fleet *f, const char *path)
{
    size_t room = (size_t)f->providers * PX_FLEET_MOVES * 256;
    char *text = malloc(room);
    struct buf b = buf_over(text, text == NULL ? 0 : room);
    struct diag why = { 0 };

    for (unsigned p = 0; p < f->providers && text != NULL; p++) {
        unsigned have = f->moves[p] < PX_FLEET_MOVES ? f->moves[p] : PX_FLEET_MOVES;

        for (unsigned i = have; i > 0; i--)
            put_line(f, p, &ring(f, p)[(f->moves[p] - i) % PX_FLEET_MOVES], &b);
    }
    if (text != NULL && buf_ok(&b) && px_file_replace(path, buf_span(&b), 0640, &why) != OK)
        LOG(WARN, "breaker.not_kept", F("why", (const char *)why.text));
    free(text);
}

/* Best effort: a line that is lost is a line less to look at. */
static void append(const struct px_fleet *f, unsigned p, const struct px_fleet_move *m)
{
    struct stat s;
    bool grown;
    char path[PX_STATE_PATH], line[512];
    struct buf b = BUF_OF(line);
    int fd;

    if (!px_fleet_path(f, history, path))
        return;
    put_line(f, p, m, &b);
    fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    if (fd < 0)
        return;
    if (buf_ok(&b) && write(fd, b.p, b.n) != (ssize_t)b.n)
        LOG(WARN, "breaker.not_kept", F("file", (const char *)path));
    grown = fstat(fd, &s) == 0 && s.st_size > FILE_MOST;
    close(fd);
    if (grown)
        shorten(f, path);
}

void px_fleet_moved(struct px_fleet *f, unsigned p, const struct px_fleet_move *m)
{
    push(f, p, m);
    append(f, p, m);
    LOG(WARN, "breaker.moved", F("provider", f->config->provider[p].name),
        F("node", (const char *)m->node), F("from", hl_serving_name(m->from)),
        F("to", hl_serving_name(m->to)), F("cause", (const char *)m->cause));
}

static bool serving_of(struct span word, enum hl_serving *out)
{
    for (unsigned s = HL_SERVING; s <= HL_PROBING; s++) {
        if (span_is(word, hl_serving_name((enum hl_serving)s))) {
            *out = (enum hl_serving)s;
            return true;
        }
    }
    return false;
}

/* {"at_ms":...}: what we wrote ourselves; anything else is left out. */
static bool read_line(struct px_fleet *f, struct span line, int *p, struct px_fleet_move *m)
{
    static struct json j;
    int64_t admit;

    memset(m, 0, sizeof *m);
    if (!json_find(line, &j, "provider", NULL) || (*p = px_fleet_find(f, json_raw(&j))) < 0 ||
        !json_find(line, &j, "at_ms", NULL) || json_i64(&j, &m->at_ms) != OK ||
        !json_find(line, &j, "from", NULL) || !serving_of(json_raw(&j), &m->from) ||
        !json_find(line, &j, "to", NULL) || !serving_of(json_raw(&j), &m->to) ||
        !json_find(line, &j, "admit_permille", NULL) || json_i64(&j, &admit) != OK || admit < 0 ||
        admit > RT_PERMILLE || !json_find(line, &j, "node", NULL) ||
        span_copyz(json_raw(&j), m->node, sizeof m->node) != OK ||
        !json_find(line, &j, "cause", NULL) ||
        span_copyz(json_raw(&j), m->cause, sizeof m->cause) != OK)
        return false;
    m->admit_permille = (uint16_t)admit;
    return true;
}

void px_fleet_history_load(struct px_fleet *f)
{
    char path[PX_STATE_PATH];
    struct diag why = { 0 };
    struct px_fleet_move m;
    struct px_file file;
    struct span rest, line;
    int p;

    if (!px_fleet_path(f, history, path) || px_file_read(path, LOAD_MAX, &file, &why) != OK)
        return;
    rest = file.text;
    while (rest.n > 0 && span_cut(&rest, '\n', &line))
        if (line.n > 0 && read_line(f, line, &p, &m))
            push(f, (unsigned)p, &m);
    if (file.text.n > FILE_KEPT)
        shorten(f, path);
    px_file_close(&file);
}

/* ---- the others' words ---- */

static bool field_of(struct span field, struct span *provider, struct span *node)
{
    return span_cut(&field, '@', provider) && (*node = field).n > 0;
}

static enum hl_serving last_of(const struct px_fleet *f, unsigned p, struct span node)
{
    unsigned have = f->moves[p] < PX_FLEET_MOVES ? f->moves[p] : PX_FLEET_MOVES;

    for (unsigned i = 0; i < have; i++) {
        const struct px_fleet_move *m = &ring(f, p)[(f->moves[p] - 1 - i) % PX_FLEET_MOVES];

        if (span_is(node, m->node))
            return m->to;
    }
    return HL_SERVING;
}

/* "stopped 0 failures" */
static bool read_word(struct span text, struct px_fleet_move *m)
{
    struct span state, admit;
    uint64_t permille;

    if (!span_cut(&text, ' ', &state) || !serving_of(state, &m->to) ||
        !span_cut(&text, ' ', &admit) || span_u64(admit, &permille) != OK || permille > RT_PERMILLE)
        return false;
    m->admit_permille = (uint16_t)permille;
    return span_copyz(span_take(text, sizeof m->cause - 1), m->cause, sizeof m->cause) == OK;
}

void px_fleet_breaker_word(struct px_fleet *f, const struct px_live_word *w)
{
    struct px_fleet_move m = { .at_ms = w->t_ms };
    struct span provider, node;
    int p;

    if (!field_of(span_str(w->field), &provider, &node) || span_is(node, f->node) ||
        (p = px_fleet_find(f, provider)) < 0 || !read_word(span_str(w->text), &m) ||
        span_copyz(node, m.node, sizeof m.node) != OK)
        return;
    if (w->expired)
        m.to = HL_SERVING; /* it says nothing any more */
    m.from = last_of(f, (unsigned)p, node);
    if (m.from != m.to)
        px_fleet_moved(f, (unsigned)p, &m);
}

unsigned px_fleet_nodes_open(const struct px_fleet *f, unsigned p, int64_t now_ms)
{
    const struct px_live_word *w;
    unsigned n = 0;

    for (unsigned i = 0; f->live != NULL && (w = px_live_word_at(f->live, i)) != NULL; i++) {
        struct span provider, node;

        n += w->board == PX_LIVE_BREAKERS && !w->expired && w->until_ms > now_ms &&
             strncmp(w->text, "stopped ", 8) == 0 &&
             field_of(span_str(w->field), &provider, &node) && !span_is(node, f->node) &&
             span_is(provider, f->config->provider[p].name);
    }
    return n;
}

/* Some other node that is there does not say it is stopped or probing. */
static bool serves_elsewhere(const struct px_fleet *f, unsigned p, int64_t now_ms)
{
    for (unsigned i = 0; i < f->others; i++) {
        const struct px_live_word *w;
        char field[PX_LIVE_FIELD];
        struct buf b = BUF_OF(field);

        if (!px_fleet_is_there(&f->other[i], now_ms))
            continue;
        buf_fmt(&b, "%s@%s", f->config->provider[p].name, f->other[i].node.name);
        w = px_live_word_of(f->live, PX_LIVE_BREAKERS, buf_z(&b));
        if (w == NULL || w->expired || strncmp(w->text, "serving", 7) == 0)
            return true;
    }
    return false;
}

/* ---- our word ---- */

static void say(struct px_fleet *f, unsigned p, int64_t now_ms)
{
    const struct px_fleet_seen *s = &f->merged[p];
    bool well = s->serving == HL_SERVING;
    char field[PX_LIVE_FIELD], text[PX_LIVE_TEXT];
    struct buf b = BUF_OF(field), t = BUF_OF(text);

    if (f->told_ms[p] != 0 && (well || now_ms - f->told_ms[p] < SAY_AGAIN_MS))
        return;
    buf_fmt(&b, "%s@%s", f->config->provider[p].name, f->node);
    if (well && px_live_word_of(f->live, PX_LIVE_BREAKERS, buf_z(&b)) == NULL)
        return; /* nothing was ever said that would have to be taken back */
    buf_fmt(&t, "%s %u %s", hl_serving_name(s->serving), s->admit_permille, s->cause);
    if (px_live_say(f->live, PX_LIVE_BREAKERS, buf_z(&b), now_ms + (well ? CLOSED_MS : WORD_MS),
                    buf_z(&t)) == OK)
        f->told_ms[p] = now_ms;
}

/* ---- leases ---- */

static void on_lease(void *ctx, enum px_lease got)
{
    struct px_fleet_lease *l = ctx;

    l->asked = false;
    l->ours = got == PX_LEASE_OURS;
    l->taken = got == PX_LEASE_TAKEN;
    l->got_ms = px_fleet_now();
}

static bool wants_to_probe(const struct px_fleet_seen *s, int64_t now_ms)
{
    return s->serving == HL_PROBING ||
           (s->probe_due_ms != 0 && s->probe_due_ms < now_ms + AHEAD_MS);
}

static void name_lease(const struct px_fleet *f, unsigned p, struct buf *b)
{
    buf_fmt(b, "probe:%s", f->config->provider[p].name);
    (void)buf_z(b);
}

/* Asked ahead, so that no payment waits. While nothing is known, our own leases decide. */
static void ask_lease(struct px_fleet *f, unsigned p, int64_t now_ms)
{
    struct px_fleet_lease *l = &f->lease[p];
    char name[PX_LIVE_NAME];
    struct buf b = BUF_OF(name);
    int64_t wait_ms = l->ours ? PX_FLEET_LEASE_MS + PAUSE_MS : ASK_AGAIN_MS;

    if (l->asked || now_ms - l->asked_ms < wait_ms)
        return;
    l->fleet = f;
    l->provider = p;
    name_lease(f, p, &b);
    l->asked_ms = now_ms;
    l->asked = px_live_lease(f->live, name, PX_FLEET_LEASE_MS, on_lease, l);
    if (!l->asked)
        l->ours = l->taken = false;
}

static void drop_lease(struct px_fleet *f, unsigned p, int64_t now_ms)
{
    struct px_fleet_lease *l = &f->lease[p];
    char name[PX_LIVE_NAME];
    struct buf b = BUF_OF(name);

    if (l->ours && now_ms - l->got_ms < PX_FLEET_LEASE_MS) {
        name_lease(f, p, &b);
        px_live_release(f->live, name);
    }
    l->ours = l->taken = false;
}

static bool may_probe(struct px_fleet *f, unsigned p, int64_t now_ms)
{
    const struct px_fleet_lease *l = &f->lease[p];

    if (f->live == NULL || !px_live_up(f->live))
        return true;
    if (!wants_to_probe(&f->merged[p], now_ms) || serves_elsewhere(f, p, now_ms)) {
        drop_lease(f, p, now_ms);
        return true;
    }
    ask_lease(f, p, now_ms);
    if (l->ours)
        return now_ms - l->got_ms < PX_FLEET_LEASE_MS;
    return !l->taken;
}

/* ---- the tick ---- */

void px_fleet_breaker_tick(struct px_fleet *f, int64_t now_ms)
{
    uint32_t open = 0, may = UINT32_MAX;

    for (unsigned p = 0; p < f->providers; p++) {
        if (px_fleet_nodes_open(f, p, now_ms) >= 2)
            open |= UINT32_C(1) << p;
        if (!may_probe(f, p, now_ms))
            may &= ~(UINT32_C(1) << p);
        if (f->live != NULL)
            say(f, p, now_ms);
    }
    if (open != f->view->remote_open || may != f->view->may_probe) {
        f->remote_open = open;
        f->may_probe = may;
        px_fleet_stale(f);
    }
}
