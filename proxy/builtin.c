/* proxy/builtin.c */
#include "proxy/builtin.h"

#include "builtin_route.inc"

struct span px_builtin_policy(void)
{
    return (struct span){ builtin_route, sizeof builtin_route - 1 };
}
