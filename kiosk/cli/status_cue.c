#include "kiosk/cli/status_cue.h"

#include "kiosk/cli/print.h"
#include "kiosk/core/cue.h"
#include "kiosk/core/legend.h"

void status_cue_print(uint32_t signs, double seen, double safe, bool known)
{
    size_t count;
    const struct legend *l = legend_table(&count);
    print_say(
        "What the picture on the screen shows. A change takes up to ten seconds to appear. %s",
        known ? "> marks what it shows now." : "");
    for (size_t k = 0; k < count; k++) {
        bool shown = known && (l[k].sign == 0 ? signs == 0 : (signs & l[k].sign) != 0);
        print_item(PRINT_PLAIN, shown ? ">" : "", 2, "%s", l[k].picture);
        if (shown && l[k].sign == CUE_SEEN)
            print_item(PRINT_PLAIN, "", 6, "%s: %.0f, safe %.0f", l[k].meaning, seen, safe);
        else
            print_item(PRINT_PLAIN, "", 6, "%s", l[k].meaning);
    }
}
