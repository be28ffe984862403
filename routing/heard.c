/* routing/heard.c */
#include "routing/heard.h"

struct rt_heard rt_heard_of(const struct rt_judgement *j)
{
    return (struct rt_heard){ .outcome = j->outcome,
                              .executed = j->executed,
                              .same_key = j->same_key,
                              .bound = j->bound,
                              .retry_other = j->retry_other,
                              .inquire_first = j->inquire_first,
                              .inconclusive = j->inconclusive,
                              .id_known = j->payment_id[0] != '\0',
                              .retry_after_ms = j->retry_after_ms };
}

enum rt_says rt_heard_says(const struct rt_heard *h)
{
    switch (h->outcome) {
    case RT_APPROVED: return h->executed == RT_EXECUTED_YES ? RT_SAYS_YES : RT_SAYS_NOTHING;
    case RT_ACTION_REQUIRED:
    case RT_PENDING: return h->executed != RT_EXECUTED_UNKNOWN ? RT_SAYS_YES : RT_SAYS_NOTHING;
    case RT_DECLINED:
        return h->executed != RT_EXECUTED_UNKNOWN ? RT_SAYS_DECLINED : RT_SAYS_NOTHING;
    case RT_ERROR: return h->executed == RT_EXECUTED_NO ? RT_SAYS_NOT_EXECUTED : RT_SAYS_NOTHING;
    case RT_UNKNOWN:
    case RT_INFO: break;
    }
    return RT_SAYS_NOTHING;
}
