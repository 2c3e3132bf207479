#ifndef PORCHLIGHT_MQTT_MANNERS_H
#define PORCHLIGHT_MQTT_MANNERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a broker has been found to allow, from one connection to the next: brokers refuse by a code,
 * or by ending the connection. What has ended one is left out of the next ones, so that it never
 * keeps the alert from leaving. Pure. Times are ns of one clock. */

/* After this, what was left out is tried again with the next connection. */
#define MANNERS_MEMORY (3600 * INT64_C(1000000000))
/* What was left out may have been blamed wrongly: on a connection that has lasted so long it gets a
 * second chance. Phones wait for publications, and so they get theirs soon. */
#define MANNERS_CHANCE         (300 * INT64_C(1000000000))
#define MANNERS_CHANCE_PUBLISH (30 * INT64_C(1000000000))
/* A connection that ends sooner after a first attempt at something was ended by that. */
#define MANNERS_SUSPICION (2 * INT64_C(1000000000))

enum { MANNERS_THINGS = 128, MANNERS_EARLY_MOST = 12 };

enum manners_standing {
    MANNERS_UNPROVEN, /* not tried, or the broker has not answered */
    MANNERS_PROVEN,
    MANNERS_BLAMED, /* it ended the connection */
};

/* A subscription ('s'), a publication ('p'), or one at QoS 0 ('q'), which nobody acknowledges. */
struct manners_thing {
    uint64_t key; /* 0: free */
    enum manners_standing standing;
    char kind;
    unsigned char strikes; /* connections that it ended */
};

/* What CONNECT itself has to leave out. */
struct mqtt_manners {
    bool no_retain; /* nothing may be retained, the will neither */
    bool no_qos;    /* QoS 0 at most */
    bool no_will;
    bool will_unretained;
    bool guessed;              /* the two above only because the broker hung up without an answer */
    bool no_id;                /* the broker wants to give the client id itself */
    bool will_excluded;        /* without the will it refused, too */
    bool id_excluded;          /* without our id it refused, too */
    unsigned silent;           /* connections in a row that ended before an answer to CONNECT */
    unsigned early;            /* connections in a row that something was blamed for */
    unsigned retained_strikes; /* connections that a retained message ended */
    int64_t learnt_at;
    struct manners_thing things[MANNERS_THINGS];
};

/* Before each connection: forgets what is older than MANNERS_MEMORY. */
void manners_begin(struct mqtt_manners *m, int64_t now);

/* The thing's place (`kind` as in manners_thing), made if it is new; NULL: too many, which counts
 * as proven. `how` is a subscription's QoS or whether a publication is retained. */
struct manners_thing *manners_of(struct mqtt_manners *m, char kind, const char *topic, int how);

/* The connection ended because of this. What is needed on every connection, a publication that is
 * not retained, is left out only at its second time. True: worth another connection at once. */
bool manners_blame(struct mqtt_manners *m, struct manners_thing *t, bool retained, int64_t now);

/* A connection has lasted: the early ends before it are over. */
void manners_lasted(struct mqtt_manners *m);

/* Whether this thing, which is left out, is tried once more on a connection that has lasted so
 * long; if so it is unproven now. */
bool manners_chance(struct manners_thing *t, int64_t lasted);

/* The same for retained messages. */
bool manners_chance_retain(struct mqtt_manners *m, int64_t lasted);

/* CONNECT was refused by this reason of MQTT 5 (0: the broker hung up without one; -1: it assigned
 * a client id though there is one). True: another CONNECT may do better, at once. */
bool manners_refused(struct mqtt_manners *m, int reason, bool has_will, int64_t now);

#endif
