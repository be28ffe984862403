/* proxy/openapi.c */
#include "proxy/openapi.h"

#include "openapi.inc"

struct span px_openapi(void)
{
    return (struct span){ openapi, sizeof openapi - 1 };
}
