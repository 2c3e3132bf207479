#include "kiosk/core/legend.h"

#include "kiosk/core/cue.h"

static const struct legend table[] = {
    {0, "both windows of the house lit, smoke from its chimney",
     "all is well: there is nothing to report"},
    {CUE_SENSED, "a boat without sails at the jetty", "a press was felt"},
    {CUE_ACCEPTED, "a boat under sail, far out on the water", "the alert is outside the venue"},
    {CUE_LAN_ONLY, "a boat under sail near the shore, beside the buoy",
     "the alert reached this network only, no broker outside"},
    {CUE_SEEN, "birds in the air, ducks on the water",
     "so many phones answered; of these, so many said safe (nine mean nine or more)"},
    {CUE_NOBODY, "the windows of the house dark", "nobody is listening"},
    {CUE_NO_PATH, "mist over the far shore", "no broker can be reached"},
    {CUE_RELAY_DEAD, "no smoke from the chimney", "no relay: locked phones may not ring"},
    {CUE_FAULT, "a ladder against the house", "a switch or a line is at fault"},
    {CUE_DRILL, "a kite over the shore", "a drill is running"},
};

const struct legend *legend_table(size_t *count)
{
    *count = sizeof table / sizeof *table;
    return table;
}
