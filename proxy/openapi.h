/* proxy/openapi.h -- docs/openapi.json, as it is served at GET /openapi.json. */
#ifndef PX_OPENAPI_H
#define PX_OPENAPI_H
#include "routing/base/span.h"

struct span px_openapi(void); /* static */
#endif
