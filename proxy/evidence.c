/* proxy/evidence.c -- see evidence.h. */
#include "proxy/evidence.h"

enum px_heard_kind px_evidence(struct px_facts f)
{
    /* Nobody can answer, refuse or execute what never left; so this comes before what was said. */
    if (!f.handed)
        return PX_NOT_SENT;
    switch (f.ending) {
    case PX_ENDED_ANSWERED: return PX_ANSWERED;
    /* A peer that has begun to answer has begun to process, whatever it says now. */
    case PX_ENDED_REFUSED_STREAM:
    case PX_ENDED_GOAWAY: return f.headed ? PX_IN_DOUBT : PX_REFUSED;
    case PX_ENDED_BROKEN: return PX_IN_DOUBT;
    }
    return PX_IN_DOUBT;
}
