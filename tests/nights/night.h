#ifndef PORCHLIGHT_NIGHTS_NIGHT_H
#define PORCHLIGHT_NIGHTS_NIGHT_H

#include "tests/nights/newcomer.h"
#include "tests/nights/phone.h"
#include "tests/nights/proxy.h"
#include "tests/nights/station.h"
#include "tests/nights/watcher.h"

/* One night: who is there, what hands do, what breaks. All of it is drawn from the seed before it
 * begins, so that it can be played again without one of its parts. */

enum happening_kind {
    /* gestures */
    DO_LOCKDOWN,
    DO_CAUTION,
    DO_CODE,
    DO_DURESS,
    DO_WIPE,
    DO_BUMP,
    DO_DRILL,
    DO_STAFF_CLEAR,
    DO_STAFF_LOCKDOWN,
    DO_DOOR,
    DO_BUTTON,
    DO_ROOT_END,
    DO_WORDS,
    DO_INVITE,
    DO_INVITE_STAFF,
    DO_ROTATE,
    DO_REVOKE,
    DO_ROOT_REVOKE,
    DO_RETIRE,
    DO_STOLEN_MEMBER, /* with a broker's operator, until then: intruder.h */
    DO_STOLEN_STAFF,
    GESTURES_END,

    /* faults */
    BREAK_POWER = GESTURES_END,
    BREAK_KILL,
    BREAK_RESTART,
    BREAK_CUT_IN_WRITE,
    BREAK_DISK_FULL,
    BREAK_DISK_READ_ONLY,
    BREAK_DISK_FAILING,
    BREAK_DISK_SLOW,
    BREAK_HOLE,
    BREAK_HALF_OPEN,
    BREAK_REFUSED,
    BREAK_RESET,
    BREAK_NAMES,
    BREAK_PORTAL,
    BREAK_SLOW_WAY,
    BREAK_PHONE_HOLE,
    BREAK_PHONE_AWAY,
    BREAK_BROKER_DIES,
    BREAK_BROKER_FORGETS,
    BREAK_BROKER_FLAPS,
    BREAK_BROKER_HANGS_UP,
    BREAK_BROKER_OLD,
    BREAK_BROKER_REFUSES,
    BREAK_BROKER_KEEPS_NOTHING,
    BREAK_BROKER_DENIES,
    BREAK_OPERATOR_DELAYS,
    BREAK_OPERATOR_DROPS,
    BREAK_OPERATOR_REPLAYS,
    BREAK_CLOCK_UNSET,
    BREAK_CLOCK_STEP,
    BREAK_CLOCK_DRIFT,
    BREAK_PHONE_CLOCK,
    BREAK_WIRE,
    BREAK_EDGES,
    BREAK_SEIZED,
    BREAK_RECORD_LOST,
    BREAK_RECORD_OLD,
    BREAK_COPY,
    BREAK_FLOOD,
    BREAK_BROKER_DENIES_READING,
    BREAK_OPERATOR_PROXY,
    BREAK_STOLEN_KIOSK,
    HAPPENINGS,
};

const char *happening_name(enum happening_kind k);

struct happening {
    enum happening_kind kind;
    int64_t at, until; /* until: of a fault, when it ends */
    size_t kiosk, broker, phone;
    uint64_t number; /* chance's, for what else it needs */
};

enum { NIGHT_HAPPENINGS = 24 };

/* What a kiosk reads at a broker that denies it some of that: which is in the number's rest. */
enum { READ_LETTERS = 2, READ_BY_KIOSKS = 4 };

struct night {
    uint64_t seed;
    bool real_seals;
    const struct venue *venue;
    size_t kiosks, brokers, phones;
    bool two_ways; /* kiosks reach broker 0 by two interfaces */
    bool cover, wipe, relay;
    bool helps; /* some members need help, and change what they said */
    bool again; /* the relay rings again */
    int64_t grace;
    bool outside[VENUE_BROKERS];
    struct happening happenings[NIGHT_HAPPENINGS];
    size_t count;
    uint32_t without; /* happenings that are left out */
    enum {
        PAIR_NONE,
        PAIR_CODE,
        PAIR_DURESS,
        PAIR_OVER
    } pair; /* what code and duress are: pair.h */

    struct station stations[VENUE_KIOSKS + 1]; /* the last: a copy of the first */
    struct broker broker[VENUE_BROKERS];
    struct proxy proxy[VENUE_BROKERS]; /* of those whose operator acts as one */
    struct broker gateway;             /* of buttons by radio, on site */
    struct phone phone[VENUE_PHONES];
    struct newcomer newcomer[NEWCOMERS];
    size_t newcomers;
    struct {
        uint8_t key[ENVELOPE_KEY]; /* the members' newest of this kiosk, once it was changed */
        int64_t at;                /* INT64_MAX: it was not; since then the kiosk uses it */
    } rotated[VENUE_KIOSKS];
    struct watcher watcher; /* started where there is a relay */
};

/* How likely each kind is; a line "NAME WEIGHT" each in the file, "#" begins a comment. 0, or -1
 * after a complaint. Without it: night.c's own. */
int night_weights(const char *path);

/* Draws the night of that seed. */
void night_draw(struct night *n, uint64_t seed);

/* Adds what an operator does as a proxy, and who holds keys beside him. */
void night_draw_intruders(struct night *n, uint64_t seed);

/* What can be left out of a night: happening number i (bit i), and these. */
enum {
    WITHOUT_RELAY = 1 << 25,
    WITHOUT_COVER = 1 << 26,
    WITHOUT_WIPE = 1 << 27,
    WITHOUT_KIOSK = 1 << 28,  /* one kiosk is enough */
    WITHOUT_BROKER = 1 << 29, /* one broker is enough */
    WITHOUT_PHONES = 1 << 30, /* two phones are enough */
};

/* Plays it, without what is set in `without`. */
void night_play(struct night *n, uint32_t without);

/* Leaves out whatever the failure of this invariant does not need. Plays the night many times. */
uint32_t night_shrink(uint64_t seed, const char *invariant);

/* What `without` makes of a night that was drawn. */
void night_reduce(struct night *n, uint32_t without);

/* Whether a fault of this kind is in the night that is played. */
bool night_has(const struct night *n, enum happening_kind kind);

/* Whether a card's fault is active at a moment between these two. */
bool night_disk_is_broken(const struct night *n, int64_t from, int64_t to);

/* Whether any fault is active at a moment between these two; `but_for_disk`: a card's do not count.
 */
bool night_is_broken(const struct night *n, int64_t from, int64_t to, bool but_for_disk);

/* The same, where only clocks may be wrong. */
bool night_is_broken_but_for_clocks(const struct night *n, int64_t from, int64_t to);

#endif
