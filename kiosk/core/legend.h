#ifndef PORCHLIGHT_CORE_LEGEND_H
#define PORCHLIGHT_CORE_LEGEND_H

#include <stddef.h>
#include <stdint.h>

/* What staff read in the picture: the one table behind `porchlight status --cue` and the handbook.
 * Every scene shows the same shore, so there is one legend for all. A change takes up to ten
 * seconds to appear, so that nobody notices it. */
struct legend {
    uint32_t sign;       /* enum cue_sign; 0: what is seen while there is nothing to report */
    const char *picture; /* what is drawn: part of a sentence */
    const char *meaning; /* what it means */
};

const struct legend *legend_table(size_t *count);

#endif
