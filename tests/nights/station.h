#ifndef PORCHLIGHT_NIGHTS_STATION_H
#define PORCHLIGHT_NIGHTS_STATION_H

#include "tests/nights/broker.h"
#include "tests/nights/fds.h"
#include "tests/nights/locals.h"
#include "tests/nights/venue.h"

/* A kiosk: a machine that runs porchlightd, its wires, its disk, its ways to the brokers, a screen,
 * and porchlight-wipe. */
struct station {
    const struct venue *venue;
    const struct venue_kiosk *keys;
    size_t number;
    struct config config;
    struct machine *machine;
    struct disk disk, backup;
    struct way ways[VENUE_BROKERS + 1];
    bool two_ways; /* the last one leads to broker 0 again, by another interface */
    size_t ways_count;
    struct way gateway; /* to the broker of its buttons by radio */
    bool powered;
    bool stolen;          /* somebody took it away: it never runs again */
    int64_t silent_since; /* since when it does not run; INT64_MAX: it runs */
    int64_t cut_since;    /* since when it has no way at all; INT64_MAX: it has one */
    int64_t hand_until;   /* a hand is at its switch until then */
    int64_t button_until; /* what a button by radio did is over by then */
    uint64_t words_revision, words_written; /* of the host's own lines; how often */
    int signal;                             /* what SIGTERM would come through */
    struct local *screen;
    uint32_t signs; /* what the screen shows: enum cue_sign */

    /* porchlight-wipe */
    struct local *wipe_client;
    bool wiping, wiped, finished;
    uint64_t checks;
};

void station_init(struct station *s, const struct venue *v, size_t number, bool button,
                  const char *name);

/* The mains come on: it boots in a few seconds. */
void station_power_on(struct station *s);
void station_power_off(struct station *s);

/* The process dies, and systemd starts it again. */
void station_kill(struct station *s);

/* systemctl restart. */
void station_restart(struct station *s);

/* Whether its ways are all closed; the caller has changed one. */
void station_look_at_ways(struct station *s);

/* The one whose code runs now, or NULL. */
struct station *station_now(void);

#endif
