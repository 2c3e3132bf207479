#ifndef PORCHLIGHT_ALERTD_INDICATORS_H
#define PORCHLIGHT_ALERTD_INDICATORS_H

#include "config/config.h"
#include "hw/line.h"
#include "kiosk/alertd/kiosk_state.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The outputs of one config: motors, lamps, sounders. Like the screen they show what the site may
 * know: after the code they are as quiet as after duress. */
struct indicators;

/* Opens every line, as inputs_new does. */
struct indicators *indicators_new(const struct config *config, bool whole, struct sim_bus *bus);
void indicators_free(struct indicators *in); /* switches all of them off; NULL is safe */

/* How much there is of each condition; 0: it is not so. An output pulses when a number grows. */
struct indicators_facts {
    uint32_t of[CONFIG_CONDITIONS];
};
struct indicators_facts indicators_facts(const struct kiosk_state *s, int64_t now);

/* Drives the lines. */
void indicators_show(struct indicators *in, const struct indicators_facts *f, int64_t now);
int64_t indicators_deadline(const struct indicators *in);

struct indicators_view {
    const struct config_output *output;
    bool active;     /* now */
    const char *why; /* its line cannot be opened: input_line_why(); else NULL */
};
size_t indicators_view(const struct indicators *in,
                       struct indicators_view out[CONFIG_OUTPUTS_MAX + 1]);
bool indicators_at_fault(const struct indicators *in);

#endif
