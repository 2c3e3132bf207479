#ifndef PORCHLIGHT_REGISTRAR_ASKER_H
#define PORCHLIGHT_REGISTRAR_ASKER_H

#include "kiosk/common/topics.h"
#include "kiosk/core/registration.h"
#include "kiosk/registrar/ledger.h"
#include "kiosk/registrar/registrar_conf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Those who ask: the kiosks of the venues, and a root key's account. Each has one request at a
 * time. */

enum {
    ASKERS_MAX = 8192, /* a hundred venues with ten kiosks each need 1,100 */
    ASKERS_CHUNK = 64, /* they are made in such pieces, as they come */
    ASKERS_CHUNKS = ASKERS_MAX / ASKERS_CHUNK,
};

struct asker {
    char kiosk[TOPIC_ID_LEN + 1]; /* or the root's account; "": free */
    const struct registrar_venue *venue;
    bool loaded;                     /* `entry` is what the ledger has */
    uint8_t public[ENVELOPE_PUBLIC]; /* where answers go; set by what is certified */
    struct ledger_entry entry;
    struct registration_answer answer; /* the last one, for a repeat */
    bool waiting;                      /* `request` is to be done */
    bool again, granted;
    struct registration_request request;
    uint8_t digest[REGISTRATION_DIGEST];
};

struct askers {
    struct asker *chunks[ASKERS_CHUNKS]; /* locked memory: passwords */
    size_t count;                        /* of those in them, free ones too */
    size_t next;                         /* whose turn it is */
};

void askers_free(struct askers *a);

/* The one of that name, or a new one in place of one that never was certified. NULL: there is no
 * room. */
struct asker *asker_of(struct askers *a, const struct registrar_venue *venue, const char *kiosk);

/* The next one with something to do, fairly; NULL: none. */
struct asker *asker_next(struct askers *a);

#endif
