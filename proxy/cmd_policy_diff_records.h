/* proxy/cmd_policy_diff_records.h -- how much of recorded traffic two policies send different ways.
 */
#ifndef PX_CMD_POLICY_DIFF_RECORDS_H
#define PX_CMD_POLICY_DIFF_RECORDS_H
#include <stdint.h>

#include "proxy/cli.h"
#include "proxy/problem.h"
#include "routing/base/json.h"

enum { PX_TRAFFIC_CLASSES = 200 };

/* Payments that one rule sent here and another one sends there. */
struct px_traffic_class {
    char rule[2][80], first[2][40]; /* of the old and of the new policy */
    char payment[PX_REQUEST_ID];    /* one of them */
    uint64_t decisions;
};

struct px_traffic {
    uint64_t decisions, changed, left; /* left: could not be decided by both */
    struct px_traffic_class cls[PX_TRAFFIC_CLASSES];
    unsigned classes;
    bool more; /* classes than fit */
};

/* Of the command's --records and --since. PX_YES, or the exit code after a complaint. */
int px_traffic_read(const struct px_cli *c, const char *const policy[2], struct px_traffic *out);
void px_traffic_print(const struct px_traffic *t);
void px_traffic_write(const struct px_traffic *t, struct json_out *o); /* as a member "recorded" */
#endif
