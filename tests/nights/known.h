#ifndef PORCHLIGHT_NIGHTS_KNOWN_H
#define PORCHLIGHT_NIGHTS_KNOWN_H

#include "tests/nights/night.h"

/* The file of failures that are known: what today's protocol cannot keep. One a line:
 *
 *     INVARIANT  HAPPENING[+HAPPENING...]  SEED  why
 *
 * ("any": it needs none in particular.)
 * A failure is known if its invariant is there with happenings that all are in its night. The seed
 * shows it; a test replays each. */

enum { KNOWN_MOST = 64, KNOWN_NAME = 40, KNOWN_WHY = 160, KNOWN_KINDS = 4 };

struct known {
    char invariant[KNOWN_NAME];
    enum happening_kind kinds[KNOWN_KINDS];
    size_t kinds_count;
    uint64_t seed;
    char why[KNOWN_WHY];
    uint64_t met, first; /* how often in this run, and its first seed */
};

/* 0, or -1 after a complaint. */
int known_read(const char *path);

/* The entry that this failure of this night is; NULL: it is a new one. */
struct known *known_find(const struct night *n, const char *invariant);

size_t known_all(struct known **out);

#endif
