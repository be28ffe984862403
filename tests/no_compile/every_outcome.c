/* A new outcome stops the build until every reader decides. expect: not handled */
#include "routing/outcome.h"

bool is_final(enum rt_outcome o);
bool is_final(enum rt_outcome o)
{
    switch (o) {
    case RT_APPROVED:
    case RT_DECLINED:
    case RT_ERROR:
    case RT_INFO: return true;
    case RT_ACTION_REQUIRED:
#ifdef CONTROL
    case RT_UNKNOWN:
#endif
    case RT_PENDING: break;
    }
    return false;
}
