/* routing/bin_image.c -- the image of a BIN table: made, and looked through before it is used. */
#include <stdalign.h>
#include <string.h>

#include "routing/base/check.h"
#include "routing/base/hash.h"
#include "routing/bin.h"

enum { SUMMED_FROM = 16, LINE = 64, STRETCH_BITS = 64 };

/* How many digits the index looks at: few stretches behind each entry, no big index for a small
 * table, and room for every kind of facts beside the digits that are left. */
enum {
    LEAD_SMALL = 4,
    LEAD_BIG = 6,
    LEAD_MANY = 7,
    TAIL_SMALL = 50, /* bits of 10^15, 10^13 and 10^12 */
    TAIL_BIG = 44,
    TAIL_MANY = 40,
    SMALL = 16000,
    BIG_FACTS = 1 << (STRETCH_BITS - TAIL_BIG),
};

_Static_assert(sizeof(struct rt_bin_head) == LINE, "the image's header");
_Static_assert(sizeof(struct rt_bin_range) == 24, "the image's ranges");
_Static_assert(sizeof(struct rt_bin_facts) == 12, "the image's facts");
_Static_assert(SMALL < 1 << (STRETCH_BITS - TAIL_SMALL), "a small table's facts fit");
_Static_assert(RT_BIN_RANGES_MAX < 1 << (STRETCH_BITS - TAIL_MANY), "any table's facts fit");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the image is read as it lies");

static uint32_t lead_of(uint32_t ranges, uint32_t facts)
{
    if (ranges < SMALL)
        return LEAD_SMALL;
    return facts <= BIG_FACTS ? LEAD_BIG : LEAD_MANY;
}

static unsigned bits_of(uint32_t lead)
{
    return STRETCH_BITS - (lead == LEAD_SMALL ? TAIL_SMALL
                           : lead == LEAD_BIG ? TAIL_BIG
                                              : TAIL_MANY);
}

/* ---- from ranges to stretches ---- */

struct walk {
    const struct rt_bin_range *range;
    uint32_t ranges;
    uint32_t next;      /* the range that begins next */
    uint32_t in;        /* 1 + the narrowest around `at`; 0: none */
    uint64_t at, step;  /* step: the numbers behind one lead */
    uint64_t lead, end; /* the lead that `at` is behind, and where the next one begins */
};

struct stretch {
    uint64_t lead, tail;
    uint32_t owner;
};

static struct walk walk_of(const struct rt_bin_range *range, uint32_t ranges, uint32_t lead)
{
    uint64_t step = rt_bin_power(RT_BIN_WIDTH - lead);

    return (struct walk){ .range = range, .ranges = ranges, .step = step, .end = step };
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static void walk_on(struct walk *w, uint64_t to)
{
    w->at = to;
    if (to >= w->end) {
        w->lead = to / w->step;
        w->end = (w->lead + 1) * w->step;
    }
}

/* Always outwards, whatever a careless builder wrote: rt_bins_open() will tell. */
static uint32_t out_of(const struct walk *w)
{
    uint32_t parent = w->range[w->in - 1].parent;

    return parent < w->in ? parent : 0;
}

/* The next stretch. What is nobody's is told only behind something of the same lead. */
static bool walk_next(struct walk *w, struct stretch *out)
{
    const uint64_t top = rt_bin_power(RT_BIN_WIDTH);

    while (w->at < top) {
        uint64_t begin;

        while (w->in > 0 && w->range[w->in - 1].high < w->at)
            w->in = out_of(w);
        while (w->next < w->ranges && w->range[w->next].low <= w->at)
            w->in = ++w->next;
        begin = w->next < w->ranges ? w->range[w->next].low : top;
        *out = (struct stretch){ w->lead, w->at - (w->end - w->step), w->in };
        walk_on(w, w->in == 0 ? begin : least(least(w->range[w->in - 1].high + 1, begin), w->end));
        if (out->owner != 0 || out->tail != 0)
            return true;
    }
    return false;
}

uint32_t rt_bins_stretches(const struct rt_bin_range *range, uint32_t ranges, uint32_t facts)
{
    struct walk w = walk_of(range, ranges, lead_of(ranges, facts));
    struct stretch s;
    uint32_t n = 0;

    while (walk_next(&w, &s))
        n++;
    return n;
}

static uint64_t packed(const struct stretch *s, const struct rt_bin_range *range, unsigned bits)
{
    return s->tail << bits | (s->owner == 0 ? 0 : range[s->owner - 1].facts);
}

/* ---- where the parts lie ---- */

struct offsets {
    size_t index, stretch, owner, range, facts, names, end;
};

static size_t line_up(size_t n)
{
    return (n + LINE - 1) & ~(size_t)(LINE - 1);
}

static struct offsets offsets_of(struct rt_bins_shape s)
{
    struct offsets o = { .index = sizeof(struct rt_bin_head) };

    o.stretch =
        line_up(o.index + (rt_bin_power(lead_of(s.ranges, s.facts)) + 1) * sizeof(uint32_t));
    o.owner = line_up(o.stretch + (size_t)s.stretches * sizeof(uint64_t));
    o.range = line_up(o.owner + (size_t)s.stretches * sizeof(uint32_t));
    o.facts = line_up(o.range + (size_t)s.ranges * sizeof(struct rt_bin_range));
    o.names = line_up(o.facts + (size_t)s.facts * sizeof(struct rt_bin_facts));
    o.end = line_up(o.names + s.names);
    return o;
}

size_t rt_bins_size(struct rt_bins_shape shape)
{
    return offsets_of(shape).end;
}

struct rt_bins_parts rt_bins_lay(void *image, struct rt_bins_shape shape)
{
    struct offsets o = offsets_of(shape);
    struct rt_bin_head head = { .ranges = shape.ranges,
                                .stretches = shape.stretches,
                                .facts = shape.facts,
                                .names = shape.names,
                                .lead = lead_of(shape.ranges, shape.facts) };
    char *at = image;

    memcpy(image, &head, sizeof head);
    return (struct rt_bins_parts){ .range = (void *)(at + o.range),
                                   .facts = (void *)(at + o.facts),
                                   .names = at + o.names };
}

static struct rt_bins_shape shape_of(const struct rt_bin_head *h)
{
    return (struct rt_bins_shape){ h->ranges, h->stretches, h->facts, h->names };
}

static struct rt_bins table_of(const char *image, const struct rt_bin_head *h)
{
    struct offsets o = offsets_of(shape_of(h));

    return (struct rt_bins){ .index_ = (const void *)(image + o.index),
                             .stretch_ = (const void *)(image + o.stretch),
                             .owner_ = (const void *)(image + o.owner),
                             .range_ = (const void *)(image + o.range),
                             .facts_ = (const void *)(image + o.facts),
                             .names_ = image + o.names,
                             .ranges_ = h->ranges,
                             .names_n_ = h->names,
                             .facts_n_ = h->facts,
                             .lead_ = h->lead,
                             .bits_ = bits_of(h->lead),
                             .sum_ = h->sum };
}

static uint64_t sum_of(const void *image, size_t n)
{
    return hash64((struct span){ (const char *)image + SUMMED_FROM, n - SUMMED_FROM }, 0);
}

/* ---- making ---- */

void rt_bins_seal(void *image, size_t n)
{
    struct rt_bin_head head;
    struct stretch s;
    struct offsets o;
    struct rt_bins t;
    struct walk w;
    uint32_t made = 0, *index, *owner;
    uint64_t *stretch, lead = 0;

    memcpy(&head, image, sizeof head);
    CHECK(n == rt_bins_size(shape_of(&head)));
    t = table_of(image, &head);
    o = offsets_of(shape_of(&head));
    index = (void *)((char *)image + o.index);
    stretch = (void *)((char *)image + o.stretch);
    owner = (void *)((char *)image + o.owner);
    w = walk_of(t.range_, t.ranges_, t.lead_);
    for (index[0] = 0; made < head.stretches && walk_next(&w, &s); made++) {
        while (lead < s.lead)
            index[++lead] = made;
        stretch[made] = packed(&s, t.range_, t.bits_);
        owner[made] = s.owner;
    }
    while (lead < rt_bin_power(t.lead_))
        index[++lead] = made;
    memcpy(head.magic, RT_BIN_MAGIC, sizeof head.magic);
    head.sum = sum_of(image, n);
    memcpy(image, &head, sizeof head);
}

/* ---- opening ---- */

static bool range_ok(const struct rt_bins *t, uint32_t i)
{
    const struct rt_bin_range *r = &t->range_[i];
    uint32_t up = r->parent;

    if (r->low > r->high || up > i || r->high >= rt_bin_power(RT_BIN_WIDTH))
        return false;
    if (r->facts == 0 || r->facts >= t->facts_n_ || (i > 0 && r->low < r[-1].low))
        return false;
    return up == 0 || (t->range_[up - 1].low <= r->low && t->range_[up - 1].high >= r->high);
}

static bool facts_ok(const struct rt_bins *t, const struct rt_bin_facts *f)
{
    return f->brand < RT_BRANDS_ && f->funding < RT_FUNDINGS_ && f->grade < RT_GRADES_ &&
           f->country < RT_COUNTRIES_ && f->issuer <= t->names_n_ &&
           f->issuer_n <= t->names_n_ - f->issuer;
}

static bool unknown_first(const struct rt_bins *t)
{
    static const struct rt_bin_facts none;

    return t->facts_n_ > 0 && memcmp(&t->facts_[0], &none, sizeof none) == 0;
}

/* The index and the stretches are just what the ranges make of them. */
static bool stretches_ok(const struct rt_bins *t, uint32_t stretches)
{
    struct walk w = walk_of(t->range_, t->ranges_, t->lead_);
    uint64_t lead = 0, leads = rt_bin_power(t->lead_);
    struct stretch s;
    uint32_t i = 0;
    bool ok = t->index_[0] == 0;

    for (; ok && walk_next(&w, &s); i++) {
        while (ok && lead < s.lead)
            ok = t->index_[++lead] == i;
        ok = ok && i < stretches && t->stretch_[i] == packed(&s, t->range_, t->bits_) &&
             t->owner_[i] == s.owner;
    }
    while (ok && lead < leads)
        ok = t->index_[++lead] == i;
    return ok && i == stretches;
}

static bool whole(const struct rt_bins *t, uint32_t stretches)
{
    if (!unknown_first(t))
        return false;
    for (uint32_t i = 0; i < t->facts_n_; i++) {
        if (!facts_ok(t, &t->facts_[i]))
            return false;
    }
    for (uint32_t i = 0; i < t->ranges_; i++) {
        if (!range_ok(t, i))
            return false;
    }
    return stretches_ok(t, stretches);
}

static bool head_ok(struct span image, struct rt_bin_head *head, struct diag *why)
{
    if (image.n < sizeof *head || memcmp(image.p, RT_BIN_MAGIC, 6) != 0) {
        diag_set(why, "this is no BIN table: signalbox bins build writes one");
        return false;
    }
    memcpy(head, image.p, sizeof *head);
    if (memcmp(head->magic, RT_BIN_MAGIC, sizeof head->magic) != 0) {
        diag_set(why, "a BIN table of another format than this signalbox reads: "
                      "make it anew with signalbox bins build");
        return false;
    }
    if (head->ranges > RT_BIN_RANGES_MAX || head->facts > head->ranges + 1 ||
        head->lead != lead_of(head->ranges, head->facts) ||
        rt_bins_size(shape_of(head)) != image.n) {
        diag_set(why, "the BIN table is cut short or too long: %zu bytes", image.n);
        return false;
    }
    return true;
}

enum err rt_bins_open(struct span image, struct rt_bins *out, struct diag *why)
{
    struct rt_bin_head head;
    struct rt_bins t;

    CHECK((uintptr_t)image.p % alignof(uint64_t) == 0);
    if (!head_ok(image, &head, why))
        return E_SYNTAX;
    t = table_of(image.p, &head);
    if (head.sum != sum_of(image.p, image.n) || !whole(&t, head.stretches)) {
        diag_set(why, "the BIN table is damaged: its checksum does not match");
        return E_SYNTAX;
    }
    *out = t;
    return OK;
}

uint32_t rt_bins_ranges(const struct rt_bins *t)
{
    return t->ranges_;
}

uint64_t rt_bins_version(const struct rt_bins *t)
{
    return t->sum_;
}
