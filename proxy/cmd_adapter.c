/* proxy/cmd_adapter.c -- what the adapter commands share. */
#include "proxy/cmd_adapter.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/adapters/adapter.h"
#include "proxy/cli.h"

enum { FILE_MAX = 4 * 1024 * 1024 };

char *px_adapter_slurp(const struct px_cli *c, const char *name, size_t *n)
{
    FILE *f = strcmp(name, "-") == 0 ? stdin : fopen(name, "rb");
    char *text = malloc(FILE_MAX + 1);

    if (f == NULL || text == NULL) {
        (void)px_cli_fail(c, PX_NO, "%s: %s", name, strerror(errno));
        free(text);
        return NULL;
    }
    *n = fread(text, 1, FILE_MAX + 1, f);
    if (ferror(f) || *n > FILE_MAX) {
        (void)px_cli_fail(c, PX_NO, "%s: %s", name, ferror(f) ? "can not be read" : "is too big");
        free(text);
        text = NULL;
    }
    if (f != stdin)
        (void)fclose(f);
    return text;
}

const struct px_adapter *px_adapter_named(const struct px_cli *c)
{
    const char *name = px_cli_value(c, "provider");
    const struct px_adapter *a = px_adapter_find(span_str(name));

    if (a == NULL)
        (void)px_cli_usage(c, "--provider wants stripe, adyen or checkoutcom");
    return a;
}

void px_adapter_put(json_t *o, const char *name, const char *text)
{
    if (text[0] != '\0')
        (void)json_object_set_new(o, name, json_string(text));
}

void px_adapter_put_bool(json_t *o, const char *name, bool v)
{
    (void)json_object_set_new(o, name, json_boolean(v));
}

void px_adapter_put_reason(json_t *o, const struct rt_judgement *j)
{
    if (j->code != RT_CODE_NONE) {
        px_adapter_put(o, "normalized", rt_code_name(j->code));
        px_adapter_put(o, "category", rt_category_name(rt_code_category(j->code)));
        px_adapter_put_bool(o, "retry_other_provider", j->retry_other);
        px_adapter_put_bool(o, "retry_same_later", j->retry_later);
    }
    px_adapter_put(o, "raw_code", j->raw_code);
    px_adapter_put(o, "iso8583", j->iso8583);
    px_adapter_put(o, "mac", j->mac);
}
