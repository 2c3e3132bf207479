#include "kiosk/cli/status_cue.h"

#include "kiosk/core/cue.h"
#include "kiosk/core/legend.h"

#include <stdio.h>

void status_cue_print(uint32_t signs, double seen, double safe, int known)
{
    size_t count;
    const struct legend *l = legend_table(&count);
    puts("What the picture tells (a change takes up to ten seconds; > marks what it shows now):");
    for (size_t k = 0; k < count; k++) {
        int shown = known && (l[k].sign == 0 ? signs == 0 : (signs & l[k].sign) != 0);
        printf("%s %s\n      %s", shown ? ">" : " ", l[k].picture, l[k].meaning);
        if (shown && l[k].sign == CUE_SEEN)
            printf(": %.0f, safe %.0f", seen, safe);
        putchar('\n');
    }
}
