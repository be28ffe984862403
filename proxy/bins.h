/* proxy/bins.h -- BIN tables as files: held for look-ups, and made from what people have. */
#ifndef PX_BINS_H
#define PX_BINS_H
#include "proxy/file.h"
#include "routing/bin.h"

struct px_report;
struct px_source;

struct px_bins {
    struct rt_bins table;
    struct px_file file_;
};

/* errors  E_NOTFOUND, E_IO, E_SYNTAX: told in why. */
MUST enum err px_bins_open(const char *path, struct px_bins *out, struct diag *why);
void px_bins_close(struct px_bins *b); /* a zeroed one does nothing */

/* ---- making one ---- */

struct px_bins_count {
    uint64_t rows;     /* read, without headers */
    uint64_t bad;      /* of those: left out, each told with its place */
    uint64_t replaced; /* the same range given again; the later one counts */
    uint64_t odd_brand, odd_funding, odd_grade, odd_country; /* words nobody knows: "unknown" */
    uint32_t ranges, issuers;
};

struct px_bins_builder;
struct px_bins_builder *px_bins_builder_create(void); /* CHECKs allocation */
void px_bins_builder_destroy(struct px_bins_builder *b);
/* Reads one CSV text. Columns by their header (prefix, bin, iin, range_start, low ...; brand or
 * scheme; type or funding; category; issuer or bank; country), or, without one:
 * prefix,brand,type,category,issuer,country, or low,high and the rest. source stays until the
 * report is printed. */
void px_bins_builder_read(struct px_bins_builder *b, const struct px_source *source,
                          struct px_report *report);
/* Sorts, nests and writes the image into *image (malloc; the caller's).
 *   errors  E_SYNTAX: no row was good. E_LIMIT: too many; E_NOMEM. */
MUST enum err px_bins_builder_finish(struct px_bins_builder *b, struct px_report *report,
                                     void **image, size_t *n);
struct px_bins_count px_bins_builder_count(const struct px_bins_builder *b);
#endif
