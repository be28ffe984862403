/* proxy/policy.c */
#include "proxy/policy.h"

#include <string.h>

#include "policies/diag.h"
#include "proxy/builtin.h"
#include "proxy/config.h"
#include "proxy/report.h"

enum { PATH = 4096 };

struct building {
    const struct px_policy_reader *reader;
    struct arena *arena;
    const char *dir; /* with its slash; "" if there is none */
    struct px_policy *out;
};

/* The part of a path up to its last slash. */
static struct span folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash == NULL ? SPAN_NONE : (struct span){ path, (size_t)(slash - path) + 1 };
}

static const char *joined(struct arena *a, struct span folder, struct span name)
{
    char text[PATH];
    struct buf b = BUF_OF(text);

    if (name.n > 0 && name.p[0] != '/')
        buf_put(&b, folder);
    buf_put(&b, name);
    return buf_ok(&b) ? arena_str(a, buf_span(&b)) : NULL;
}

static const struct px_source *read_text(struct building *b, const char *name, struct diag *why)
{
    const char *path = name == NULL ? NULL : joined(b->arena, span_str(b->dir), span_str(name));
    const struct px_source *source;

    if (path == NULL || b->out->texts == PX_POLICY_TEXTS) {
        diag_set(why, "too many texts, or too long a path");
        return NULL;
    }
    source = b->reader->read(b->reader->ctx, path, name, why);
    if (source != NULL)
        b->out->text[b->out->texts++] = source;
    return source;
}

/* Names are relative to the policy's own folder, wherever the text that imports stands. */
static bool load(void *ctx, struct span path, const char *from, struct span *text,
                 const char **name, struct diag *why)
{
    struct building *b = ctx;
    const struct px_source *source = read_text(b, joined(b->arena, folder_of(from), path), why);

    if (source == NULL)
        return false;
    *text = source->text;
    *name = source->name;
    return true;
}

static bool is_zone(void *ctx, const char *name)
{
    struct building *b = ctx;
    struct px_zone z;

    return px_zone_read(name, b->arena, &z);
}

static const struct px_source *source_of(const struct px_policy *p, const struct pol_source *s)
{
    for (unsigned i = 0; s != NULL && i < p->texts; i++) {
        if (strcmp(p->text[i]->name, s->name) == 0)
            return p->text[i];
    }
    return NULL;
}

void px_policy_tell(const struct px_policy *p, const struct pol_report *found,
                    struct px_report *report)
{
    for (const struct pol_finding *f = found->first; f != NULL; f = f->next) {
        struct px_place at = { .source = source_of(p, f->at.source), .line = f->at.line };
        struct diag *d;

        at.col = at.line == 0 ? 0 : pol_place_col(f->at);
        at.len = f->at.len;
        d = pol_code_warns(f->code) ? px_report_warning(report, pol_code_word(f->code), at)
                                    : px_report_error(report, pol_code_word(f->code), at);
        diag_set(d, "%s", f->text);
        if (f->help[0] != '\0')
            diag_help(d, "%s", f->help);
    }
}

static bool compile(struct building *b, const struct px_source *text, const struct px_config *c,
                    struct px_report *report, struct px_policy *out)
{
    /* names alone, of a record or of nobody, say nothing of what they can take */
    bool known = c->providers > 0 && c->facts[0].name != NULL;
    const char *provider[LIMIT_PROVIDERS];
    struct pol_env env = { .provider = provider,
                           .providers = c->providers,
                           .facts = known ? c->facts : NULL,
                           .load = load,
                           .zone = is_zone,
                           .ctx = b };
    struct pol_report found;
    struct pol_program *program;
    enum err e;

    for (unsigned i = 0; i < c->providers; i++)
        provider[i] = c->provider[i].name;
    pol_report_init(&found, b->arena);
    e = pol_compile(text->text, text->name, &env, b->arena, &found, &program);
    pol_report_sort(&found);
    px_policy_tell(out, &found, report);
    if (e != OK) {
        if (found.errors == 0)
            diag_set(px_report_error(report, "B122", (struct px_place){ .source = text }),
                     "the policy is too large");
        return false;
    }
    out->program = program;
    return true;
}

static bool take_zones(struct building *b, struct px_policy *out)
{
    out->zones = pol_program_zones(out->program);
    for (unsigned i = 0; i < out->zones; i++) {
        if (!px_zone_read(pol_program_zone(out->program, i), b->arena, &out->zone[i]))
            return false;
    }
    return true;
}

static const struct px_source *builtin(struct building *b)
{
    struct px_source *s = ARENA_NEW(b->arena, struct px_source);

    if (s == NULL)
        return NULL;
    *s = (struct px_source){ .name = PX_BUILTIN_NAME, .dir = "", .text = px_builtin_policy() };
    b->out->text[b->out->texts++] = s;
    return s;
}

bool px_policy_build(const struct px_config *c, const struct px_policy_reader *reader,
                     struct arena *a, struct px_report *report, struct px_policy *out)
{
    struct span folder = reader->path == NULL ? SPAN_NONE : folder_of(reader->path);
    struct building *b = ARENA_NEW(a, struct building);
    const struct px_source *text;
    struct diag why = { 0 };

    if (b == NULL)
        return false;
    b->reader = reader;
    b->arena = a;
    b->dir = folder.n == 0 ? "" : arena_str(a, folder);
    b->out = out;
    text = reader->path == NULL
               ? builtin(b)
               : read_text(b, arena_str(a, span_str(reader->path + folder.n)), &why);
    if (text == NULL) {
        diag_set(px_report_error(report, "B120", (struct px_place){ 0 }), "%s", why.text);
        return false;
    }
    return compile(b, text, c, report, out) && take_zones(b, out);
}

void px_policy_fini(struct px_policy *p)
{
    pol_program_fini(p->program);
    p->program = NULL;
}

void px_policy_bundle(const struct px_policy *p, struct px_bundle *out)
{
    out->texts = p->texts;
    for (unsigned i = 0; i < p->texts; i++)
        out->text[i] = (struct px_bundle_text){ .name = p->text[i]->name,
                                                .changed_s = p->text[i]->changed_s,
                                                .text = p->text[i]->text };
}

const char *px_policy_word(const struct px_policy *p, char word[17])
{
    struct buf b = buf_over(word, 17);

    if (p->program != NULL)
        buf_fmt(&b, "%016llx", (unsigned long long)pol_program_revision(p->program));
    return buf_z(&b);
}

void px_policy_clock(const struct px_policy *p, struct pol_facts *f)
{
    for (unsigned i = 0; i < p->zones; i++)
        f->zone_offset_s[i] = px_zone_offset(&p->zone[i], f->now_s);
}
