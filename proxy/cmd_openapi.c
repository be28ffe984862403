/* proxy/cmd_openapi.c */
#include "proxy/cmd_openapi.h"

#include <stdio.h>

#include "proxy/openapi.h"

static int run(const struct px_cli *c)
{
    struct span text = px_openapi();

    (void)c;
    (void)fwrite(text.p, 1, text.n, stdout);
    return PX_YES;
}

const struct px_command px_cmd_openapi = {
    .name = "openapi",
    .summary = "the API as an OpenAPI 3.1 document",
    .help = "The same that a running gateway answers at GET /openapi.json.",
    .run = run,
};
