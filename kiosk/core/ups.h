#ifndef PORCHLIGHT_CORE_UPS_H
#define PORCHLIGHT_CORE_UPS_H

#include <stdbool.h>

/* What NUT's upsd says of a UPS, line by line. Pure. */

enum ups_line {
    UPS_MORE,    /* part of the answer */
    UPS_DONE,    /* the answer is complete */
    UPS_REFUSED, /* upsd does not know this UPS, or has lost it */
};

struct ups {
    bool known;      /* the rest was read from a complete answer that has ups.status */
    bool on_battery; /* mains power is lost */
    bool low;        /* almost empty, says the UPS itself */
    bool replace;    /* its battery should be replaced, says the UPS itself */
    int charge;      /* percent; -1: not known */
    int seconds;     /* how long it lasts now, as the UPS estimates; -1: not known */
};

/* An answer to "LIST VAR NAME" begins. */
void ups_begin(struct ups *u);

/* One line of it, without its end. */
enum ups_line ups_take(struct ups *u, const char *line);

#endif
