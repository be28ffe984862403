/* routing/flight_names.c -- the words for what a flight hears, says and does. */
#include "routing/flight.h"

const char *rt_event_name(enum rt_event_kind k)
{
    switch (k) {
    case RT_EV_PROMISED: return "promised";
    case RT_EV_PROMISE_LOST: return "promise_lost";
    case RT_EV_FENCED: return "fenced";
    case RT_EV_NOT_SENT: return "not_sent";
    case RT_EV_REFUSED: return "refused";
    case RT_EV_ANSWERED: return "answered";
    case RT_EV_IN_DOUBT: return "in_doubt";
    case RT_EV_INQUIRED: return "inquired";
    case RT_EV_TIMER: return "timer";
    case RT_EV_IMPATIENT: return "impatient";
    case RT_EV_SETTLED: return "settled";
    case RT_EV_SETTLE_LOST: return "settle_lost";
    case RT_EVENTS_: break;
    }
    return "unknown";
}

const char *rt_command_name(enum rt_command_kind k)
{
    switch (k) {
    case RT_DO_NOTHING: return "nothing";
    case RT_DO_PROMISE: return "promise";
    case RT_DO_ASK: return "ask";
    case RT_DO_INQUIRE: return "inquire";
    case RT_DO_SETTLE: return "settle";
    case RT_DO_ANSWER: return "answer";
    case RT_DO_STOP: return "stop";
    }
    return "unknown";
}

const char *rt_stage_name(enum rt_stage s)
{
    switch (s) {
    case RT_AT_PROMISING: return "promising";
    case RT_AT_ASKING: return "asking";
    case RT_AT_UNSURE: return "unsure";
    case RT_AT_INQUIRING: return "inquiring";
    case RT_AT_SETTLING: return "settling";
    case RT_AT_OWING: return "owing";
    case RT_AT_LANDED: return "landed";
    case RT_STAGES_: break;
    }
    return "unknown";
}
