#ifndef PORCHLIGHT_CLI_SETUP_UNITS_H
#define PORCHLIGHT_CLI_SETUP_UNITS_H

#include "kiosk/cli/setup/setup.h"

#include <stdbool.h>
#include <stdio.h>

/* The units of a kiosk. */

/* Where units cannot be started (a prefix, no systemd), all below do nothing. */
bool setup_can_start(const char *prefix);

/* Enables and starts those that the answers ask for, disables the others, and looks whether they
 * run. An exit code: CLI_FAILED after a complaint that says what does not run, or what porchlightd
 * runs without, and what to do. */
int setup_start(const struct cli *cli, const struct setup *s);

/* The same for those that are enabled: restarts them. */
int setup_restart(const struct cli *cli);

/* --- setup --undo ----------------------------------------------------------------------------- */

/* Whether set-up starts a unit of this name. Pure. */
bool setup_unit_is_known(const char *name);

/* Whether this unit is enabled. */
bool setup_unit_is_enabled(const char *name);

/* How each is now, in lines of setup_before.h's list. */
void setup_units_note(const char *prefix, FILE *list);

/* Stops all of them, the last one that is started first. */
void setup_units_stop(const char *prefix);

/* Makes one as it was. */
void setup_unit_return(const char *name, bool enabled, bool active);

#endif
