/* proxy/payment_watch.c -- what a payment asks and tells the worker's watch over the providers. */
#include "proxy/clock.h"
#include "proxy/payment_inside.h"
#include "proxy/pulse.h"
#include "proxy/snapshot.h"
#include "proxy/view.h"

static unsigned provider_of(const struct px_payment *p)
{
    return p->plan.leg[p->rec.leg].provider;
}

/* The provider before was asked and failed, rather than that the payer was declined. */
static bool technical(const struct px_payment *p)
{
    const struct px_attempt *before = p->rec.leg > 0 ? &p->attempt[p->rec.leg - 1] : NULL;

    return before != NULL && before->outcome != RT_DECLINED && before->copies > 0;
}

/* Only the first copy of a leg can be withheld. Who may hold a payment is asked until it says what
 * became of it, and is told to capture and to give back, unless it was stopped for all operations.
 */
const char *px_pay_withheld(struct px_payment *p)
{
    const struct px_toggle *word = &p->desk->view->toggle[provider_of(p)];
    struct px_pulse_leg leg = { .provider = provider_of(p),
                                .leg = p->rec.leg,
                                .seed = p->plan.seed,
                                .technical = technical(p),
                                .forced = word->admin == RT_ADMIN_FORCE_ON,
                                .more = p->rec.leg + 1 < p->plan.legs };
    const char *why;

    if (p->copies > 0 || p->copy_out || p->pay.op == RT_INQUIRE)
        return NULL;
    if (p->pay.op != RT_AUTHORIZE)
        return word->admin == RT_ADMIN_STOP && word->ops_all ? "stopped" : NULL;
    if (word->admin == RT_ADMIN_STOP || word->admin == RT_ADMIN_DRAIN)
        return "stopped"; /* since it was decided */
    why = px_pulse_admit(p->desk->pulse, &leg, px_now_ns(), &p->pass);
    p->watched = p->was_watched = why == NULL;
    return why;
}

void px_pay_tell(struct px_payment *p, const struct px_heard *h)
{
    const struct rt_judgement *j = px_pay_judged(p);
    struct px_pulse_news n = { .provider = provider_of(p),
                               .leg = p->rec.leg,
                               .card = p->card,
                               .kind = h->kind,
                               .why = h->why,
                               .j = j,
                               .took_ns = h->heard_ns - h->asked_ns,
                               .seed = p->plan.seed,
                               .pass = p->watched ? &p->pass : NULL,
                               .soft_before = p->soft_before };

    if (!p->watched && (!p->was_watched || p->judged_told || h->kind != PX_ANSWERED))
        return;
    p->watched = false;
    p->judged_told = j->outcome == RT_APPROVED || j->outcome == RT_DECLINED;
    p->soft_before = px_pulse_told(p->desk->pulse, &n, px_now_ns());
}

void px_pay_count(struct px_payment *p)
{
    const struct pol_program *policy = p->snapshot->policy.program;
    uint32_t commits = 0;

    if (p->commits == 0 || p->verdict.revision != pol_program_revision(policy))
        return;
    for (unsigned i = 0; i < pol_program_commits(policy); i++) {
        if ((p->commits >> i & 1) != 0 && pol_program_commit(policy, i).provider == provider_of(p))
            commits |= UINT32_C(1) << i;
    }
    p->commits = 0; /* once */
    px_pulse_volume(p->desk->pulse, p->verdict.revision, commits, p->rec.authorized);
}

void px_pay_unwatch(struct px_payment *p)
{
    if (p->watched)
        px_pulse_return(p->desk->pulse, provider_of(p), &p->pass, px_now_ns());
    p->watched = false;
}
