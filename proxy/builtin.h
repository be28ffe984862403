/* proxy/builtin.h -- the policy that decides until somebody writes one: policies/builtin.route. */
#ifndef PX_BUILTIN_H
#define PX_BUILTIN_H
#include "routing/base/span.h"

#define PX_BUILTIN_NAME "builtin.route"
struct span px_builtin_policy(void);
#endif
