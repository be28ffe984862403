/* proxy/record_note.c -- a decision as its worker has it, into the shape of a record. */
#include <string.h>

#include "policies/program.h"
#include "proxy/decide.h"
#include "proxy/record_decided.h"
#include "proxy/snapshot.h"

size_t px_decided_size(unsigned providers)
{
    return offsetof(struct px_decided, provider) + providers * sizeof(struct px_decided_provider);
}

static uint32_t first_six(const struct pol_facts *f)
{
    uint64_t bin = f->bin_digits == 0 ? 0 : f->bin;

    for (unsigned d = f->bin_digits; d > POL_SAID_DIGITS; d--)
        bin /= 10;
    return (uint32_t)bin;
}

static void take_facts(const struct pol_facts *f, struct px_decided *out)
{
    out->now_s = f->now_s;
    out->seed = f->seed;
    out->amount = f->amount;
    out->country = f->country;
    out->issuer_country = f->issuer_country;
    out->ip_country = f->ip_country;
    out->bin6 = first_six(f);
    out->brand = f->brand;
    out->funding = f->funding;
    out->category = f->category;
    out->three_ds = f->three_ds;
    out->method = f->method;
    out->channel = f->channel;
    out->initiator = f->initiator;
    out->stored = f->stored;
    out->issuer = f->issuer;
    if (span_copyz(f->merchant, out->merchant, sizeof out->merchant) != OK)
        out->merchant[0] = '\0';
}

/* Only as much as the policy can look at. */
static void take_program(const struct pol_program *p, const struct pol_facts *f,
                         struct px_decided *out)
{
    out->zones = p == NULL ? 0 : pol_program_zones(p);
    out->volumes = p == NULL ? 0 : pol_program_commits(p);
    memcpy(out->zone_offset_s, f->zone_offset_s, out->zones * sizeof out->zone_offset_s[0]);
    memcpy(out->volume, f->volume, out->volumes * sizeof out->volume[0]);
}

void px_decided_note(const struct px_choice *choice, const struct px_snapshot *s,
                     struct px_decided *out)
{
    out->payment[0] = out->request[0] = '\0';
    out->snapshot = s->number;
    out->bins = s->has_bins ? rt_bins_version(&s->bins.table) : 0;
    out->epoch = choice->view.epoch;
    take_facts(&choice->facts, out);
    out->said = choice->said;
    pol_said_take(&out->said, &choice->facts);
    take_program(s->policy.program, &choice->facts, out);
    out->verdict = choice->verdict;
    out->plan = choice->plan;
    out->providers = s->config->providers;
    for (unsigned p = 0; p < out->providers; p++)
        out->provider[p] =
            (struct px_decided_provider){ .name = s->config->provider[p].name,
                                          .judged = choice->judged[p],
                                          .eligible = (choice->facts.eligible >> p & 1) != 0,
                                          .cost = choice->cost[p],
                                          .sight = choice->facts.provider[p],
                                          .view = choice->view.provider[p] };
}

void px_decided_place(struct px_decided *d, const struct pol_program *p)
{
    for (unsigned i = 0; i < d->said.answers; i++) {
        struct px_decided_place *at = &d->answer_at[i];

        *at = (struct px_decided_place){ .file = "" };
        if (p != NULL)
            (void)pol_program_test(p, d->said.answer[i].test, &at->file, &at->line, &at->col);
        d->said.answer[i].meaning = p == NULL ? 0 : pol_program_meaning(p, d->said.answer[i].test);
    }
    for (unsigned i = 0; i < d->volumes && p != NULL; i++)
        d->volume_of[i] = pol_program_commit(p, i).name;
}
