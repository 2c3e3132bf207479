#ifndef PORCHLIGHT_CLI_SETUP_NAME_H
#define PORCHLIGHT_CLI_SETUP_NAME_H

#include "kiosk/cli/setup/setup_answers.h"

/* The name in what avahi-daemon replies to RESOLVE-ADDRESS, "+ INTERFACE PROTOCOL NAME", into
 * `out`. False: there is none that can be an answer to the set-up. Pure. */
bool setup_name_of_reply(const char *reply, char out[ANSWER_MAX]);

/* The name that this Pi really has on its network, such as kettle.local, as the avahi-daemon that
 * runs here says: it takes another one than the hostname where that is in use. Without an answer
 * within 3 s this Pi's address on the way out, so that no name is offered that nothing answers to;
 * with neither, or with a prefix and no avahi-daemon, `out` is not changed. */
void setup_own_name(const char *prefix, char out[ANSWER_MAX]);

#endif
