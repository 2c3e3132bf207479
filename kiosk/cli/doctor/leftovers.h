#ifndef PORCHLIGHT_CLI_LEFTOVERS_H
#define PORCHLIGHT_CLI_LEFTOVERS_H

#include <stdbool.h>

/* What a system keeps beside what the wipe destroys. Each check looks at what is, not at what a
 * configuration says, changes nothing, and is told once, found or not. */
struct leftover {
    const char *name; /* one word or two: "swap" */
    bool found;
    const char *where;  /* the first place it was found at; "" if it was not */
    const char *leaves; /* what it would leave behind, one clause */
    const char *mend;   /* the command that mends it */
};

typedef void leftovers_tell(void *context, const struct leftover *l);

/* Looks at the system below `prefix` ("" for this one). How many were found. */
int leftovers_check(const char *prefix, leftovers_tell *tell, void *context);

#endif
