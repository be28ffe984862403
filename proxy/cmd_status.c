/* proxy/cmd_status.c */
#include "proxy/cmd_status.h"

#include <stdio.h>

#include "proxy/admin_client.h"

static int run_status(const struct px_cli *c)
{
    struct px_admin_client *k = NULL;
    struct px_admin_answer w;
    int e = px_admin_client_open(c, &k);

    if (e != PX_YES)
        return e;
    e = px_admin_call(k, "GET", "/v1/status", SPAN_NONE, &w);
    if (e == PX_YES)
        printf("%.*s\n", SPAN_ARG(w.body));
    px_admin_client_close(k);
    return e;
}

static const struct px_option options[] = { PX_OPTION_ADMIN, { .name = NULL } };

const struct px_command px_cmd_status = {
    .name = "status",
    .summary = "how the gateway and its providers are",
    .help = "Exit: 0 told, 3 the gateway can not be reached, 4 you have no role there.",
    .option = options,
    .json = true,
    .run = run_status,
};
