#ifndef PORCHLIGHT_NIGHTS_SCRIPT_H
#define PORCHLIGHT_NIGHTS_SCRIPT_H

#include "tests/nights/night.h"

#include <stdio.h>

/* A night as a file, so that it stays what it is when other draws change:
 *
 *     seed 1216                  chance for all that is not said here
 *     kiosks 1                   brokers, phones: the same
 *     with cover wipe relay      what of it there is; pair: played with the code and with duress
 *     grace 3.500                of the wipe, s
 *     outside 0 2                the brokers that are outside the venue
 *     fails quiet-in-lockdown    and nothing else does; or: holds
 *     3:34.841 lockdown kiosk 0 broker 0 phone 1 number 77
 *     2:26.466 hole until 4:31.150 kiosk 0 broker 0 phone 1 number 12
 */
enum { SCRIPT_NAME = 64 };

/* `fails`: the invariant, or "" where all must hold. 0, or -1 after a complaint. */
int script_read(const char *path, struct night *n, char fails[SCRIPT_NAME]);
void script_write(FILE *f, const struct night *n, const char *fails);

#endif
