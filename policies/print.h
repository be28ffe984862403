/* policies/print.h -- a policy in its one canonical layout, and as JSON. */
#ifndef POL_PRINT_H
#define POL_PRINT_H
#include "policies/ast.h"
#include "routing/base/buf.h"

/* Comments stay where they stand. What is printed parses to the same tree. buf_ok(out) is false if
 * it did not fit. */
void pol_print(const struct pol_ast *ast, struct buf *out);
/* The whole tree but for places and comments: two trees are the same if this is.
 * {"schema":1,"policy":…,"items":[…]} */
void pol_print_json(const struct pol_ast *ast, struct buf *out);
#endif
