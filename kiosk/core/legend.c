#include "kiosk/core/legend.h"

#include "kiosk/core/cue.h"

static const struct legend table[] = {
    {0, "both windows of the house lit, smoke from its chimney", "everything is all right"},
    {CUE_SENSED, "a boat without sails at the jetty", "the kiosk has noticed a press"},
    {CUE_ACCEPTED, "a boat under sail, far out on the water", "the alert has left the venue"},
    {CUE_LAN_ONLY, "a boat under sail near the shore, beside the buoy",
     "the alert has reached only this network, no broker outside"},
    {CUE_SEEN, "birds in the air, ducks on the water",
     "how many phones have answered, and how many said safe: one is one, three are some, five are "
     "more than half"},
    {CUE_NOBODY, "the windows of the house dark", "no phone is listening"},
    {CUE_NO_PATH, "mist over the far shore, at night with a light in it",
     "the kiosk has no connection to a broker"},
    {CUE_RELAY_DEAD, "no smoke before the tree behind the house",
     "the relay is silent: locked phones may not ring"},
    {CUE_FAULT, "a ladder against the house",
     "something needs the host: a switch, a sensor, a cable, one of two ways out; status names it"},
    {CUE_DRILL, "a kite over the shore", "a drill is running"},
};

const struct legend *legend_table(size_t *count)
{
    *count = sizeof table / sizeof *table;
    return table;
}
