/* proxy/policy_judge.c */
#include "proxy/policy_judge.h"

#include <stdlib.h>
#include <string.h>

#include "policies/diag.h"
#include "policies/lint.h"
#include "proxy/clock.h"
#include "proxy/config.h"
#include "proxy/report.h"

/* Random payments beside the directed ones: `policy diff` tries more, at leisure. */
enum { DIFF_ROUNDS = 5000 };

struct judging {
    const struct px_policy *policy;
    struct arena *arena;
    struct px_judged *out;
};

static int32_t offset(void *ctx, const char *zone, int64_t unix_s)
{
    struct judging *j = ctx;
    struct px_zone other;

    for (unsigned i = 0; i < j->policy->zones; i++) {
        if (strcmp(pol_program_zone(j->policy->program, i), zone) == 0)
            return px_zone_offset(&j->policy->zone[i], unix_s);
    }
    return px_zone_read(zone, j->arena, &other) ? px_zone_offset(&other, unix_s) : POL_NO_ZONE;
}

static void told(void *ctx, const struct pol_expect_result *r)
{
    struct judging *j = ctx;

    if (r->passed)
        j->out->passed++;
    else if (j->out->failed++ < PX_JUDGED_FAILS)
        j->out->fail[j->out->failed - 1] = *r;
}

static enum err expects(const struct px_config *c, struct judging *j, bool *covered)
{
    const char *provider[LIMIT_PROVIDERS];
    struct pol_env env = { .provider = provider, .providers = c->providers };
    struct pol_expect_run run = {
        .env = &env, .offset = offset, .ctx = j, .told = told, .covered = covered
    };

    for (unsigned i = 0; i < c->providers; i++)
        provider[i] = c->provider[i].name;
    return pol_expect_run(j->policy->program, &run, j->arena);
}

static int64_t changed_s(void *ctx, const char *file)
{
    const struct px_policy *p = ((struct judging *)ctx)->policy;

    for (unsigned i = 0; i < p->texts; i++) {
        if (strcmp(p->text[i]->name, file) == 0)
            return p->text[i]->changed_s;
    }
    return 0;
}

static enum err lint(struct judging *j, const struct px_policy *before, const bool *covered,
                     struct px_report *report)
{
    const struct pol_program *p = j->policy->program;
    struct pol_report found;
    enum err e;

    pol_report_init(&found, j->arena);
    e = pol_lint(p, pol_program_expects(p) > 0 ? covered : NULL, j->arena, &found);
    if (before != NULL)
        pol_renamed(before->program, p, &found);
    pol_lint_ages(p, changed_s, j, px_unix_ms() / 1000, PX_POLICY_OLD_DAYS, &found);
    px_policy_tell(j->policy, &found, report);
    return e;
}

static const struct pol_diff *compare(const struct judging *j, const struct px_policy *before)
{
    struct pol_diff *d = ARENA_NEW(j->arena, struct pol_diff);

    if (d == NULL || before == NULL)
        return NULL;
    return pol_diff(before->program, j->policy->program, 1, DIFF_ROUNDS, j->arena, d) == OK ? d
                                                                                            : NULL;
}

enum err px_policy_judge(const struct px_config *c, const struct px_policy *p,
                         const struct px_policy *before, struct arena *a, struct px_report *report,
                         struct px_judged *out)
{
    struct judging j = { p, a, out };
    bool *covered = ARENA_NEWS(a, bool, pol_program_rules(p->program));
    enum err e;

    memset(out, 0, sizeof *out);
    if (covered == NULL)
        return E_LIMIT;
    if ((e = expects(c, &j, covered)) != OK || (e = lint(&j, before, covered, report)) != OK)
        return e;
    out->diff = compare(&j, before);
    return OK;
}
