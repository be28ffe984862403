/* proxy/live_board.c -- last words: one per field, the newest stamp wins on every node alike.
 *
 * A word is "stamp until text". It is written by a script that keeps the newer one, told by
 * pub/sub, and read again now and then, because pub/sub loses messages. */
#include <string.h>

#include "proxy/clock.h"
#include "proxy/live_inside.h"
#include "routing/base/check.h"

enum {
    AHEAD_MS = 60000,          /* stamps further ahead than clocks ever are would win for ever */
    BURIED_MS = 3600 * 1000,   /* after its end a word is forgotten */
    VALUE = PX_LIVE_TEXT + 48, /* "stamp until text" */
};

static const char *const board_key[] = { "toggles", "breakers" };

/* KEYS: the board. ARGV: field, stamp, value, channel, message. Equal stamps: the greater text. */
static const char write_newer[] =
    "local c=redis.call('HGET',KEYS[1],ARGV[1]) "
    "if c then local t=tonumber(string.match(c,'^(%d+) ')) "
    "if t and (t>tonumber(ARGV[2]) or (t==tonumber(ARGV[2]) and c>ARGV[3])) then return 0 end end "
    "redis.call('HSET',KEYS[1],ARGV[1],ARGV[3]) redis.call('PUBLISH',ARGV[4],ARGV[5]) return 1";

/* KEYS: the board. ARGV: field, the value that may go. */
static const char drop_same[] = "if redis.call('HGET',KEYS[1],ARGV[1])==ARGV[2] then "
                                "return redis.call('HDEL',KEYS[1],ARGV[1]) end return 0";

/* ---- the table ---- */

static struct px_live_word *find(struct px_live *l, enum px_live_board board, struct span field)
{
    for (unsigned i = 0; i < l->words; i++)
        if (l->word[i].board == board && span_is(field, l->word[i].field))
            return &l->word[i];
    return NULL;
}

static void value_of(const struct px_live_word *w, struct buf *b)
{
    buf_i64(b, w->t_ms);
    buf_byte(b, ' ');
    buf_i64(b, w->until_ms);
    buf_byte(b, ' ');
    buf_str(b, w->text);
    (void)buf_z(b);
    CHECK(buf_ok(b));
}

static bool is_newer(const struct px_live_word *a, const struct px_live_word *than)
{
    char x[VALUE], y[VALUE];
    struct buf bx = BUF_OF(x), by = BUF_OF(y);

    if (a->t_ms != than->t_ms)
        return a->t_ms > than->t_ms;
    value_of(a, &bx);
    value_of(than, &by);
    return strcmp(x, y) > 0;
}

static bool is_over(const struct px_live_word *w, int64_t now_ms)
{
    return w->until_ms != 0 && w->until_ms <= now_ms;
}

static void tell(struct px_live *l, const struct px_live_word *w)
{
    if (l->events->on_word != NULL)
        l->events->on_word(l->ctx, w);
}

/* False: no place. *w stays the caller's. */
static bool hold(struct px_live *l, const struct px_live_word *w, int64_t now_ms)
{
    struct px_live_word *at = find(l, w->board, span_str(w->field));

    if (at == NULL && l->words == PX_LIVE_WORDS)
        return false;
    if (at == NULL)
        at = &l->word[l->words++];
    *at = *w;
    at->expired = is_over(at, now_ms);
    l->shown_ms = 0; /* tell the others soon how far we have heard */
    tell(l, at);
    return true;
}

/* ---- theirs ---- */

static bool read_value(struct span value, struct px_live_word *w)
{
    struct span t, until;

    return span_cut(&value, ' ', &t) && span_cut(&value, ' ', &until) &&
           span_i64(t, &w->t_ms) == OK && span_i64(until, &w->until_ms) == OK && w->t_ms > 0 &&
           w->until_ms >= 0 && span_copyz(value, w->text, sizeof w->text) == OK;
}

static void on_buried(void *ctx, const struct px_resp_value *v)
{
    (void)px_live_heard(ctx, v);
}

static void bury(struct px_live *l, enum px_live_board board, struct span field, struct span value)
{
    char key[PX_LIVE_KEY];
    struct buf b = BUF_OF(key);

    (void)px_live_ask(l,
                      (struct span[]){ SPAN("EVAL"), span_str(drop_same), SPAN("1"),
                                       px_live_key(l, &b, board_key[board], ""), field, value },
                      6, on_buried);
}

/* Theirs is newer. Ours may be one that nobody else has heard. */
static void replace(struct px_live *l, const struct px_live_word *held,
                    const struct px_live_word *w, int64_t now_ms)
{
    struct px_live_word lost = { .local = false };

    if (held != NULL)
        lost = *held;
    if (!hold(l, w, now_ms)) {
        l->facts.refused++;
    } else if (lost.mine_ && (lost.taken_ms_ == 0 || w->t_ms < lost.taken_ms_)) {
        l->facts.conflicts++;
        if (l->events->on_conflict != NULL)
            l->events->on_conflict(l->ctx, &lost, w);
    }
}

static void take(struct px_live *l, enum px_live_board board, struct span field, struct span value)
{
    struct px_live_word w = { .board = board, .seen_ = true }, *held;
    int64_t now_ms = px_unix_ms();

    if (field.n == 0 || span_copyz(field, w.field, sizeof w.field) != OK ||
        !read_value(value, &w) || w.t_ms > now_ms + AHEAD_MS) {
        l->facts.refused++;
        return;
    }
    held = find(l, board, field);
    if (held == NULL && w.until_ms != 0 && w.until_ms < now_ms - BURIED_MS) {
        bury(l, board, field, value);
        return;
    }
    if (held != NULL && !is_newer(&w, held)) {
        held->seen_ = true;
        held->local &= is_newer(held, &w); /* Redis has ours */
        if (!held->local && held->taken_ms_ == 0)
            held->taken_ms_ = now_ms;
        return;
    }
    replace(l, held, &w, now_ms);
}

/* "0 field stamp until text" */
void px_live_board_message(void *ctx, struct span channel, struct span text)
{
    struct px_live *l = ctx;
    struct span board, field;

    (void)channel;
    if (!span_cut(&text, ' ', &board) || !span_cut(&text, ' ', &field) || board.n != 1 ||
        (board.p[0] != '0' && board.p[0] != '1'))
        l->facts.refused++;
    else
        take(l, board.p[0] == '0' ? PX_LIVE_TOGGLES : PX_LIVE_BREAKERS, field, text);
}

/* A word that Redis has lost is said again: toggles by whoever knows them, breakers by their own
 * node. */
static void take_board(struct px_live *l, enum px_live_board board, const struct px_resp_value *v)
{
    l->board_asked[board] = false;
    if (!px_live_heard(l, v) || v->kind != PX_RESP_ARRAY)
        return;
    for (unsigned i = 0; i < l->words; i++)
        l->word[i].seen_ &= l->word[i].board != board;
    for (unsigned i = 0; i + 1 < v->n; i += 2)
        take(l, board, px_resp_text_at(v, i), px_resp_text_at(v, i + 1));
    for (unsigned i = 0; i < l->words; i++)
        if (l->word[i].board == board && !l->word[i].seen_ && !l->word[i].expired)
            l->word[i].local |= board == PX_LIVE_TOGGLES || l->word[i].mine_;
}

static void on_toggles(void *ctx, const struct px_resp_value *v)
{
    take_board(ctx, PX_LIVE_TOGGLES, v);
}

static void on_breakers(void *ctx, const struct px_resp_value *v)
{
    take_board(ctx, PX_LIVE_BREAKERS, v);
}

void px_live_board_read(struct px_live *l)
{
    static px_on_reply *const on_board[] = { on_toggles, on_breakers };
    char key[PX_LIVE_KEY];
    struct buf b = BUF_OF(key);

    for (unsigned i = 0; i < 2; i++)
        if (!l->board_asked[i])
            l->board_asked[i] = px_live_ask(
                l, (struct span[]){ SPAN("HGETALL"), px_live_key(l, &b, board_key[i], "") }, 2,
                on_board[i]);
    l->board_ms = px_unix_ms();
}

/* ---- ours ---- */

/* Which word it was is not remembered: the board is read, and that tells for all of them. */
static void on_said(void *ctx, const struct px_resp_value *v)
{
    struct px_live *l = ctx;

    for (unsigned i = 0; i < l->words; i++)
        l->word[i].asked_ = false;
    if (px_live_heard(l, v))
        px_live_board_read(l);
}

static void send_word(struct px_live *l, struct px_live_word *w)
{
    char key[PX_LIVE_KEY], value[VALUE], stamp[24], message[VALUE + PX_LIVE_FIELD + 8];
    struct buf b = BUF_OF(key), v = BUF_OF(value), t = BUF_OF(stamp), m = BUF_OF(message);

    value_of(w, &v);
    buf_i64(&t, w->t_ms);
    buf_fmt(&m, "%d %s %s", w->board == PX_LIVE_TOGGLES ? 0 : 1, w->field, value);
    w->asked_ = px_live_ask(l,
                            (struct span[]){ SPAN("EVAL"), span_str(write_newer), SPAN("1"),
                                             px_live_key(l, &b, board_key[w->board], ""),
                                             span_str(w->field), buf_span(&t), buf_span(&v),
                                             span_str(l->channel), buf_span(&m) },
                            9, on_said);
}

static void send_words(struct px_live *l)
{
    for (unsigned i = 0; i < l->words && px_resp_ready(l->redis, 8); i++)
        if (l->word[i].local && !l->word[i].asked_)
            send_word(l, &l->word[i]);
}

enum err px_live_say_at(struct px_live *l, enum px_live_board board, const char *field,
                        int64_t t_ms, int64_t until_ms, const char *text, bool known)
{
    struct px_live_word w = { .board = board,
                              .t_ms = t_ms,
                              .until_ms = until_ms,
                              .local = true,
                              .mine_ = true,
                              .taken_ms_ = known ? t_ms : 0 };
    const struct px_live_word *held = find(l, board, span_str(field));

    if (field[0] == '\0' || strpbrk(field, " \t\r\n") != NULL || until_ms < 0 || t_ms <= 0 ||
        strpbrk(text, "\r\n") != NULL ||
        span_copyz(span_str(field), w.field, sizeof w.field) != OK ||
        span_copyz(span_str(text), w.text, sizeof w.text) != OK)
        return E_SYNTAX;
    if (held != NULL && !is_newer(&w, held))
        return E_CONFLICT;
    if (!hold(l, &w, px_unix_ms()))
        return E_LIMIT;
    send_words(l);
    return OK;
}

enum err px_live_say(struct px_live *l, enum px_live_board board, const char *field,
                     int64_t until_ms, const char *text)
{
    const struct px_live_word *held = find(l, board, span_str(field));
    int64_t t_ms = px_unix_ms();

    if (held != NULL && held->t_ms >= t_ms)
        t_ms = held->t_ms + 1;
    return px_live_say_at(l, board, field, t_ms, until_ms, text, false);
}

const struct px_live_word *px_live_word_of(const struct px_live *l, enum px_live_board board,
                                           const char *field)
{
    for (unsigned i = 0; i < l->words; i++)
        if (l->word[i].board == board && strcmp(l->word[i].field, field) == 0)
            return &l->word[i];
    return NULL;
}

const struct px_live_word *px_live_word_at(const struct px_live *l, unsigned i)
{
    return i < l->words ? &l->word[i] : NULL;
}

/* ---- the tick ---- */

static void expire(struct px_live *l, int64_t now_ms)
{
    for (unsigned i = 0; i < l->words; i++) {
        struct px_live_word *w = &l->word[i];

        if (!w->expired && is_over(w, now_ms)) {
            w->expired = true;
            tell(l, w);
        }
        if (w->expired && w->until_ms < now_ms - BURIED_MS)
            *w = l->word[--l->words]; /* the one moved here has its turn at the next tick */
    }
}

void px_live_board_tick(struct px_live *l, int64_t now_ms)
{
    expire(l, now_ms);
    if (!px_resp_ready(l->redis, 8))
        return;
    send_words(l);
    if (now_ms - l->board_ms >= l->c.board_ms)
        px_live_board_read(l);
}
