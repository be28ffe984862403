/* proxy/cmd_records_hits.h -- how often recorded payments would need each rule of a policy. */
#ifndef PX_CMD_RECORDS_HITS_H
#define PX_CMD_RECORDS_HITS_H
#include <stdint.h>

#include "proxy/cli.h"

/* Of the command's --records and --since.
 *   gives   hit[rules] added to, and how many records could be decided; PX_YES, or the exit code
 *           after a complaint. */
int px_hits_read(const struct px_cli *c, const char *policy, unsigned rules, uint64_t *hit,
                 uint64_t *decisions);
#endif
