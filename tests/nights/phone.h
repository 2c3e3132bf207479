#ifndef PORCHLIGHT_NIGHTS_PHONE_H
#define PORCHLIGHT_NIGHTS_PHONE_H

#include "kiosk/core/own_answer.h"
#include "tests/nights/broker.h"
#include "tests/nights/venue.h"

/* A member's or staff's phone: the real receiving path of kiosk/cli and the real view, behind a
 * connection that behaves as the page's does. */

struct phone;

enum { PHONE_OLDER = 4 };

struct phone_link {
    struct phone *phone;
    struct way way;
    struct conn *conn; /* NULL: none */
    struct hello hello;
    bool up, asked;
    uint64_t attempt;
    int64_t pause, received_at, asked_at;
};

struct phone {
    const char *name;
    const struct venue *venue;
    const struct venue_phone *keys;
    struct phone_client client;
    struct view_rules rules;
    struct phone_link links[VENUE_BROKERS];
    size_t links_count;
    bool online;                        /* open, and in the foreground */
    int64_t wall_offset;                /* ns that its clock is wrong by */
    struct message state[VENUE_KIOSKS]; /* the newest state of each kiosk */
    bool state_known[VENUE_KIOSKS];
    struct view_shown shown[VENUE_KIOSKS];
    bool answers; /* what it receives */
    bool stolen;  /* it goes on reading, and nobody answers or commands by it but an intruder */
    bool helps;   /* it may need help, and answer a second time */
    bool reads_root, reads_words, reads_keys;
    uint8_t older[PHONE_OLDER][ENVELOPE_KEY]; /* keys that it had before */
    size_t older_count;
    int64_t revoked_at;      /* INT64_MAX: it is not, or the kiosk has not shown that it knows */
    int64_t root_revoked_at; /* by the root key, at a broker; INT64_MAX: it is not */
    struct {
        uint64_t revision, have; /* of the set that comes in: bits of its pieces */
        uint64_t whole;          /* the newest revision of which it has all */
    } words[VENUE_KIOSKS];
    struct chance more;
    struct alert_id answered;
    struct own_answers said[VENUE_KIOSKS];
    bool unread[VENUE_KIOSKS]; /* a broker has said of it that nobody listens there */
    struct chance later;
    bool clears; /* a staff phone that ends the active alert, until it has */
    size_t clears_kiosk;
    uint64_t refused;
    struct chance chance;
};

void phone_init(struct phone *p, const struct venue *v, size_t number, size_t kiosks,
                const char *name, struct broker *brokers, size_t brokers_count, struct chance *c);

/* ns since the night began, by a clock that ticks 64 times a ms: the page's numbers, which count in
 * ms, hold such a time without rounding, so that its view can be compared at any limit. */
int64_t phone_now(void);

void phone_online(struct phone *p, bool online);

/* Whether it can open what is sealed under this key. */
bool phone_has_key(const struct phone *p, const uint8_t key[ENVELOPE_KEY]);

/* A staff phone's command to a kiosk, by every way that is up. False: it has seen no state, or has
 * no way. */
bool phone_command(struct phone *p, size_t kiosk, enum message_kind kind);

/* `count` answers of no use, as fast as it can. */
void phone_flood(struct phone *p, size_t kiosk, uint64_t count);

bool phone_is_linked(const struct phone *p);

#endif
