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
/* What was left out may have been blamed wrongly: on a connection that has lasted so long it gets
 * another chance, since people may wait for it; and what is needed one more, later. */
#define MANNERS_CHANCE       (30 * INT64_C(1000000000))
#define MANNERS_CHANCE_LATER (300 * INT64_C(1000000000))
/* A connection that ends sooner after a first attempt at something was ended by that. */
#define MANNERS_SUSPICION (2 * INT64_C(1000000000))

enum { MANNERS_THINGS = 128, MANNERS_EARLY_MOST = 14 };
/* Ends of a connection before what is needed is left out: one may have been the network's. */
enum { MANNERS_STRIKES = 2 };
/* CONNECTs by MQTT 5 in a row that the broker answers by hanging up, before 3.1.1 is tried. */
enum { MANNERS_SILENT_OLD = 2 };

enum manners_standing {
    MANNERS_UNPROVEN, /* not tried, or the broker has not answered */
    MANNERS_PROVEN,
    MANNERS_BLAMED, /* it ended the connection */
};

/* A subscription ('s'), a publication ('p'), one at QoS 0 ('q'), which nobody acknowledges, or a
 * family ('f') of things that one account may either all do or none: who may not would be thrown
 * out once for each of them. */
struct manners_thing {
    uint64_t key; /* 0: free */
    enum manners_standing standing;
    char kind;
    char family;           /* of the program's choice; 0: none */
    bool needed;           /* it is left out only after MANNERS_STRIKES */
    bool limited;          /* the broker ended the connection and said that it was for a limit */
    unsigned char strikes; /* connections in a row that it ended */
};

/* What CONNECT itself has to leave out. */
struct mqtt_manners {
    bool no_retain; /* nothing may be retained, the will neither */
    bool no_qos;    /* QoS 0 at most */
    bool no_will;
    bool will_unretained;
    bool guessed;       /* the two above only because the broker hung up without an answer */
    bool no_id;         /* the broker wants to give the client id itself */
    bool will_excluded; /* without the will it refused, too */
    bool id_excluded;   /* without our id it refused, too */
    unsigned silent;    /* connections in a row that ended before an answer to CONNECT */
    unsigned early;     /* connections in a row that something was blamed for */
    unsigned char retained_strikes; /* connections in a row that a retained message ended */
    bool retains;                   /* it has taken a retained message */
    bool five;                      /* it has taken a CONNECT of MQTT 5 */
    bool old;                       /* it takes 3.1.1, and hangs up at 5 before and after that */
    int64_t learnt_at;
    struct manners_thing things[MANNERS_THINGS];
};

/* Before each connection: forgets what is older than MANNERS_MEMORY. Which version of MQTT it
 * speaks is not forgotten: each connection asks for that again. */
void manners_begin(struct mqtt_manners *m, int64_t now);

/* The thing's place (`kind` as in manners_thing), made if it is new; NULL: too many, which counts
 * as proven. `how` is a subscription's QoS or whether a publication is retained. */
struct manners_thing *manners_of(struct mqtt_manners *m, char kind, const char *topic, int how);

/* The connection ended while this waited for its answer. `certain`: the broker said why. Else what
 * is needed, and the right to retain anything, are left out only at their second time. True: worth
 * another connection at once. */
bool manners_blame(struct mqtt_manners *m, struct manners_thing *t, bool retained, bool certain,
                   int64_t now);

/* The broker has taken it. */
void manners_prove(struct mqtt_manners *m, struct manners_thing *t, bool retained);

/* A connection has lasted: the early ends before it are over. */
void manners_lasted(struct mqtt_manners *m);

/* Whether this thing, which is left out, is tried once more on a connection that has lasted so
 * long; if so it is unproven now. */
bool manners_chance(struct manners_thing *t, int64_t lasted);

/* Whether it is left out on a connection that has lasted so long: it was blamed, or another of its
 * family before anybody tried it, and gets no chance now. */
bool manners_leaves_out(struct mqtt_manners *m, struct manners_thing *t, int64_t lasted);

/* Whether a subscription that the broker has refused so often on this connection, by a code, is
 * asked for once more: its operator may have granted the right meanwhile. */
bool manners_asks_again(unsigned refusals, int64_t lasted);

/* The same as manners_chance for retained messages. */
bool manners_chance_retain(struct mqtt_manners *m, int64_t lasted);

/* A CONNECT of MQTT 5 was answered by hanging up: whether the broker may be an old one, and 3.1.1
 * is to be tried now. Some old ones do that, instead of refusing the version by its code; and so
 * does a proxy whose broker is away. */
bool manners_is_old(const struct mqtt_manners *m);

/* It is: it takes 3.1.1, and hangs up at 5 before and after that. */
void manners_old(struct mqtt_manners *m);

/* A CONNECT of MQTT 5 was taken. */
void manners_taken(struct mqtt_manners *m);

/* CONNECT was refused by this reason of MQTT 5 (0: the broker hung up without one; -1: it assigned
 * a client id though there is one). True: another CONNECT may do better, at once. */
bool manners_refused(struct mqtt_manners *m, int reason, bool has_will, int64_t now);

#endif
