#ifndef PORCHLIGHT_MQTT_RACE_H
#define PORCHLIGHT_MQTT_RACE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Which address of a broker is tried next, and when: RFC 8305 ("Happy Eyeballs"). Pure; dial.c does
 * what it says. Times are ns of one clock. */

/* RFC 8305: between two attempts (section 5), and how long IPv4 waits for IPv6's look-up (3). */
#define RACE_DELAY      (250 * INT64_C(1000000))
#define RACE_RESOLUTION (50 * INT64_C(1000000))

enum { RACE_MAX = 24 }; /* more addresses than that are left for the next time */

union race_ip {
    struct sockaddr any;
    struct sockaddr_in four;
    struct sockaddr_in6 six;
};

enum race_state { RACE_WAITS, RACE_TRIES, RACE_FAILED };

struct race_address {
    union race_ip ip;
    enum race_state state;
    bool good; /* it served the last time: first, and whatever the look-ups are at */
    bool bad;  /* it answered the last time, and was no use: last */
    int64_t began;
};

struct race {
    struct race_address all[RACE_MAX];
    size_t count;
    int last_family;   /* of the last attempt; 0: none yet */
    int64_t next_at;   /* when the next attempt may begin */
    int64_t four_from; /* IPv4 may begin then; INT64_MAX: its look-up has not come back */
    int error;         /* errno: the most telling of all attempts */
};

void race_init(struct race *r, int64_t now);

/* One more address, unless it is there already or there are too many. */
void race_add(struct race *r, const union race_ip *ip, bool good, bool bad);

/* The address to try now, which then counts as tried since `now`; NULL: none yet. */
struct race_address *race_begin(struct race *r, int64_t now);

/* An attempt ended with this errno: the next one begins at once. */
void race_fail(struct race *r, struct race_address *a, int error, int64_t now);

/* How many are in that state. */
size_t race_counted(const struct race *r, enum race_state state);

/* When race_begin may have something next; INT64_MAX: not by time alone. */
int64_t race_deadline(const struct race *r);

bool race_ip_equal(const union race_ip *a, const union race_ip *b);

#endif
