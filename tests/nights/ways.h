#ifndef PORCHLIGHT_NIGHTS_WAYS_H
#define PORCHLIGHT_NIGHTS_WAYS_H

#include "tests/nights/machine.h"
#include "tests/nights/net.h"

/* The way from this machine to the broker of that host name. */
struct way *way_of(const struct machine *m, const char *host);

#endif
