/* proxy/policy_peek.c -- what the configured policy would be, without putting it into force. */
#include "proxy/clock.h"
#include "proxy/config.h"
#include "proxy/policy.h"
#include "proxy/report.h"

enum { MEMORY = 64 << 20 };

/* The text goes into the arena, and with it. */
static const struct px_source *read_text(void *ctx, const char *path, const char *name,
                                         struct diag *why)
{
    struct arena *a = ctx;
    struct px_source *source = ARENA_NEW(a, struct px_source);
    struct px_file f = { .read_ = NULL };
    char *copy;

    if (source == NULL || px_file_read(path, PX_BUNDLE_TEXT, &f, why) != OK)
        return NULL;
    copy = arena_str(a, f.text);
    source->name = name;
    source->text = (struct span){ copy, f.text.n };
    px_file_close(&f);
    return copy == NULL ? NULL : source;
}

uint64_t px_policy_peek(const struct px_config *c)
{
    struct px_policy *p;
    struct px_report *report;
    struct arena a;
    uint64_t revision = 0;
    struct px_policy_reader reader = { read_text, &a, c->policy_path };

    arena_init(&a, NULL, 0, px_heap(), MEMORY);
    report = px_report_create();
    p = ARENA_NEW(&a, struct px_policy);
    if (p != NULL && px_policy_build(c, &reader, &a, report, p))
        revision = pol_program_revision(p->program);
    if (p != NULL)
        px_policy_fini(p);
    px_report_destroy(report);
    arena_fini(&a);
    return revision;
}
