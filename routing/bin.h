/* routing/bin.h -- whose card is this? A table of account ranges, asked by leading digits.
 *
 * The table is one flat image, made by `signalbox bins build` and read into memory whole; this file
 * reads it and owns nothing. Ranges are kept on numbers padded to 19 digits and nest: the narrowest
 * one that holds every number with the asked digits answers, so 6, 8 and 11 digits live in one
 * table. */
#ifndef RT_BIN_H
#define RT_BIN_H
#include <stdbool.h>
#include <stdint.h>

#include "routing/base/span.h"
#include "routing/country.h"
#include "routing/payment.h"

enum rt_funding { RT_FUNDING_UNKNOWN, RT_CREDIT, RT_DEBIT, RT_PREPAID, RT_CHARGE, RT_FUNDINGS_ };

/* What kind of card: whom it was made for. */
enum rt_grade {
    RT_GRADE_UNKNOWN,
    RT_CONSUMER,
    RT_PREMIUM,
    RT_BUSINESS,
    RT_CORPORATE,
    RT_PURCHASING,
    RT_GOVERNMENT,
    RT_GRADES_
};

/* 0, or an empty span, where the table does not know. */
struct rt_bin {
    enum rt_brand brand;
    enum rt_funding funding;
    enum rt_grade grade;
    rt_country country;
    struct span issuer; /* points into the image */
};

enum {
    RT_BIN_WIDTH = 19,   /* digits that ranges are padded to */
    RT_BIN_ISSUER = 120, /* bytes of an issuer's name */
    RT_BIN_DEPTH = 24,   /* ranges inside ranges, at most */
    RT_BIN_RANGES_MAX = 4 * 1000 * 1000,
};

/* The image, little endian: this header, then, each beginning at a multiple of 64,
 *   uint32_t  index[10^lead + 1]     the first stretch of each number of `lead` digits
 *   uint64_t  stretch[stretches]     see below; by lead, then ascending
 *   uint32_t  owner[stretches]       1 + the range that a stretch belongs to; 0: nobody's
 *   struct rt_bin_range range[ranges]   by low ascending; of equals the wider first
 *   struct rt_bin_facts facts[facts]    each kind once; the first is the unknown one
 *   char      names[names]           issuers, back to back
 *
 * The number line is cut wherever a range begins or ends and at every lead. Each stretch names
 * the narrowest range around it, so a look-up reads one entry of the index, one or two lines of
 * stretches and its facts, and touches no range: misses of the cache are what a look-up costs.
 * A stretch is its beginning (the digits after the lead) above `rt_bin_bits` bits of facts. */
struct rt_bin_head {
    char magic[8]; /* RT_BIN_MAGIC */
    uint64_t sum;  /* hash64 of all that follows these 16 bytes, seed 0 */
    uint32_t ranges, stretches, facts, names;
    uint32_t lead; /* digits that the index looks at: follows from ranges and facts */
    uint32_t reserved[7];
};
#define RT_BIN_MAGIC "SBBINS2\n"

struct rt_bin_range {
    uint64_t low, high; /* both inclusive */
    uint32_t parent;    /* 1 + the index of the narrowest range around this one; 0: none */
    uint32_t facts;     /* index; never 0 */
};

struct rt_bin_facts {
    uint32_t issuer; /* in names; issuer_n bytes of it */
    uint16_t country;
    uint8_t issuer_n, brand, funding, grade, reserved[2];
};

struct rt_bins {
    const uint32_t *index_;
    const uint64_t *stretch_;
    const uint32_t *owner_;
    const struct rt_bin_range *range_;
    const struct rt_bin_facts *facts_;
    const char *names_;
    uint32_t ranges_, names_n_, facts_n_, lead_;
    unsigned bits_; /* of a stretch, for its facts */
    uint64_t sum_;
};

/* How much of each is in an image. */
struct rt_bins_shape {
    uint32_t ranges, stretches, facts, names;
};
/* How many stretches these ranges make; they nest and lie in order. facts: counted, with [0]. */
uint32_t rt_bins_stretches(const struct rt_bin_range *range, uint32_t ranges, uint32_t facts);
/* How long the image of such a table is. */
size_t rt_bins_size(struct rt_bins_shape shape);
/* Where its parts lie in an image that is being written; image has rt_bins_size() bytes, zeroed. */
struct rt_bins_parts {
    struct rt_bin_range *range;
    struct rt_bin_facts *facts;
    char *names;
};
struct rt_bins_parts rt_bins_lay(void *image, struct rt_bins_shape shape);
/* The last touch: index, stretches, sum and magic, from what the parts say. */
void rt_bins_seal(void *image, size_t n);

/* Looks at every byte once, so that no look-up has to doubt the image.
 *   in      image: aligned to 8, better to 64; lent for the life of out.
 *   errors  E_SYNTAX: not such an image, damaged, or of another version; why says which. */
MUST enum err rt_bins_open(struct span image, struct rt_bins *out, struct diag *why);
uint32_t rt_bins_ranges(const struct rt_bins *t);
uint64_t rt_bins_version(const struct rt_bins *t); /* the same for the same contents */

/* What is known of the cards that begin with these digits.
 *   in      lead: `digits` decimal digits, 1..18, as a number.
 *   gives   false: nothing; *out is then all unknown. low, high (may be NULL): the range that
 *           answered, padded to 19 digits. */
bool rt_bins_find(const struct rt_bins *t, uint64_t lead, unsigned digits, struct rt_bin *out);
bool rt_bins_find_range(const struct rt_bins *t, uint64_t lead, unsigned digits, struct rt_bin *out,
                        uint64_t *low, uint64_t *high);
/* 10^n; n up to 19. */
uint64_t rt_bin_power(unsigned n);

const char *rt_funding_name(enum rt_funding f); /* "credit"; "unknown" */
const char *rt_grade_name(enum rt_grade g);     /* "consumer"; "unknown" */
enum rt_funding rt_funding_find(struct span word);
enum rt_grade rt_grade_find(struct span word);
#endif
