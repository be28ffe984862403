/* proxy/admin/trouble.c */
#include "proxy/admin/trouble.h"

#include "proxy/problem.h"
#include "routing/base/json.h"

enum { BODY_MAX = 4096 };

static const struct {
    int status;
    const char *word, *title;
} about[PX_TROUBLES_] = {
    [PX_TROUBLE_NONE] = { 500, "none", "" },
#define X(NAME, status, code, title) [PX_TROUBLE_##NAME] = { status, code, title },
#include "proxy/admin/trouble.def"
#undef X
};

int px_trouble_status(enum px_trouble_code c)
{
    return about[c].status;
}

const char *px_trouble_word(enum px_trouble_code c)
{
    return about[c].word;
}

const char *px_trouble_title(enum px_trouble_code c)
{
    return about[c].title;
}

static void put_error(const struct px_trouble *t, struct json_out *o, struct span detail)
{
    json_name(o, "error");
    json_open(o, '{');
    json_member_z(o, "code", px_trouble_word(t->code));
    json_member_str(o, "message", detail);
    if (t->field[0] != '\0')
        json_member_z(o, "field", t->field);
    if (t->help[0] != '\0')
        json_member_z(o, "help", t->help);
    json_close(o, '}');
}

void px_trouble_message(const struct px_trouble *t, struct arena *a, struct px_message *out)
{
    struct buf b = arena_buf(a, BODY_MAX), type = arena_buf(a, 96);
    struct json_out o = json_to(&b);
    struct span detail = span_str(t->text[0] == '\0' ? px_trouble_title(t->code) : t->text);

    buf_fmt(&type, "urn:signalbox:admin:%s", px_trouble_word(t->code));
    json_open(&o, '{');
    json_member_str(&o, "type", buf_span(&type));
    json_member_z(&o, "title", px_trouble_title(t->code));
    json_member_i64(&o, "status", px_trouble_status(t->code));
    json_member_str(&o, "detail", detail);
    put_error(t, &o, detail);
    json_close(&o, '}');
    px_message_begin(out, px_trouble_status(t->code), "application/problem+json", SPAN_NONE, a);
    out->body = buf_ok(&b) ? buf_span(&b) : SPAN("{}");
    if (t->allow != NULL)
        px_message_add(out, "allow", span_str(t->allow));
}
