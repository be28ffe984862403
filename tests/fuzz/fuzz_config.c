/* tests/fuzz/fuzz_config.c -- any text as a configuration: read, complained about, printed. */
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>

#include "proxy/config_schema.h"
#include "routing/base/check.h"

static void *get(void *ctx, size_t n)
{
    (void)ctx;
    return malloc(n);
}

static void put(void *ctx, void *block, size_t n)
{
    (void)ctx, (void)n;
    free(block);
}

/* The reading that px_config_load does, of bytes instead of a file. */
static void read_all(struct px_config *c, struct px_source *source, struct px_report *report)
{
    struct px_reading r = { c, &c->store_->arena, report };
    struct px_node *root = NULL;

    if (px_yaml_read(source, &c->store_->arena, report, &root) != OK) {
        CHECK(px_report_errors(report) > 0);
        return;
    }
    if (root->kind != PX_MAP)
        return;
    c->store_->root = root;
    px_config_read(&r, root);
    px_config_check(&r, root);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const struct arena_source heap = { get, put, NULL };
    struct px_source source = { "fuzz", ".", { (const char *)data, n }, 0 };
    struct px_report *report = px_report_create();
    struct px_config *c = calloc(1, sizeof *c);
    FILE *null = fopen("/dev/null", "w");

    CHECK(c != NULL && null != NULL);
    c->store_ = calloc(1, sizeof *c->store_);
    CHECK(c->store_ != NULL);
    arena_init(&c->store_->arena, NULL, 0, &heap, 256 * 1024 * 1024);
    read_all(c, &source, report);
    px_report_print(report, null, true);
    px_report_print_json(report, null);
    if (px_report_errors(report) == 0 && c->store_->root != NULL)
        px_config_print(c, null);
    px_report_destroy(report);
    px_config_destroy(c);
    CHECK(fclose(null) == 0);
    return 0;
}
