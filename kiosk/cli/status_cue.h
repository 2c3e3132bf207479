#ifndef PORCHLIGHT_CLI_STATUS_CUE_H
#define PORCHLIGHT_CLI_STATUS_CUE_H

#include <stdbool.h>
#include <stdint.h>

/* `porchlight status --cue`: the legend for staff, with a mark at what the screen shows now.
 * `known` false: porchlightd does not run. */
void status_cue_print(uint32_t signs, double seen, double safe, bool known);

#endif
