/* tests/fuzz/fuzz_bins.c -- whatever the list: a table that opens and answers, or none. */
#include <stdlib.h>

#include "proxy/bins.h"
#include "proxy/report.h"
#include "routing/base/check.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct px_source source = { .name = "list", .text = { (const char *)data, n } };
    struct px_bins_builder *b = px_bins_builder_create();
    struct px_report *report = px_report_create();
    struct px_bins_count count;
    struct diag why = { 0 };
    struct rt_bins table;
    struct rt_bin bin;
    void *image = NULL;
    size_t size;

    px_bins_builder_read(b, &source, report);
    if (px_bins_builder_finish(b, report, &image, &size) == OK) {
        CHECK(rt_bins_open((struct span){ image, size }, &table, &why) == OK);
        count = px_bins_builder_count(b);
        CHECK(count.ranges == rt_bins_ranges(&table) && count.ranges > 0);
        CHECK(count.bad <= count.rows && count.ranges <= count.rows);
        for (unsigned digits = 1; digits <= 11; digits++) {
            uint64_t lead = (uint64_t)n * 37 % rt_bin_power(digits), low, high;
            struct rt_bin wide;

            CHECK(rt_bins_find(&table, lead, digits, &bin) ==
                  rt_bins_find_range(&table, lead, digits, &wide, &low, &high));
            CHECK(span_eq(bin.issuer, wide.issuer) && bin.country == wide.country);
        }
    }
    free(image);
    px_report_destroy(report);
    px_bins_builder_destroy(b);
    return 0;
}
