#ifndef PORCHLIGHT_NIGHTS_BROKER_H
#define PORCHLIGHT_NIGHTS_BROKER_H

#include "tests/nights/net.h"

/* A broker: clean sessions, subscriptions, retained messages that expire, wills, limits, rights;
 * honest, dying, flapping, or run by somebody who drops, delays, replays and injects. */

/* What a message is, by the last part of its topic that is no account. */
enum sort { SORT_ALERT, SORT_NOTICE, SORT_STATE, SORT_PRESENCE, SORT_BEAT, SORT_OTHER, SORTS };
enum sort sort_of(const char *topic);

struct proxy;

struct kept {
    const char *topic;
    struct blob *payload;
    int qos;
    int64_t until; /* INT64_MAX: always */
};

enum { BROKER_KEPT = 64, BROKER_LOG = 64 };

struct broker {
    const char *name;
    bool up;
    bool outside;
    bool only_311;      /* refuses MQTT 5 by its reason code */
    bool hangs_up;      /* before CONNACK */
    bool refuses;       /* wrong password */
    bool flaps;         /* lets in, and hangs up a second later */
    bool forgets;       /* keeps nothing over its own restart */
    bool no_retain;     /* closes a connection that asks to keep something */
    unsigned denied;    /* sorts that nobody may write: a PUBACK of 0x87 */
    const char *unread; /* a part of the topics that nobody may subscribe to; NULL: none */
    unsigned dropped;   /* sorts that the operator holds back for good */
    unsigned delayed;   /* sorts that he delays by `delay` */
    int64_t delay;
    bool replays;        /* he sends old messages again, now and then */
    struct proxy *proxy; /* he does all of that, for each kind of message; NULL: he does not */
    struct conn *conns;
    struct kept kept[BROKER_KEPT];
    size_t kept_count;
    struct packet *seen[BROKER_LOG]; /* what he may replay */
    size_t seen_count;
    struct chance chance;
    uint64_t connects; /* of kiosks */
};

void broker_init(struct broker *b, const char *name, bool outside, struct chance *c);
bool broker_is_up(const struct broker *b);

void broker_accept(struct broker *b, struct conn *c);
void broker_packet(struct broker *b, struct conn *c, const struct packet *p);

/* The connection is gone without a goodbye. */
void broker_lost(struct broker *b, struct conn *c);

/* It dies (every connection is closed), and begins again. */
void broker_stop(struct broker *b);
void broker_start(struct broker *b);

/* Whether somebody other than the kiosk subscribes to this topic, over a way that carries. */
bool broker_has_reader(const struct broker *b, const char *topic);

/* Whether what is published there reaches a client at the end of this way now. */
bool broker_reaches(const struct broker *b, const char *topic, const struct way *w);

/* What its operator passes on by himself: to all readers, or to those whom chance picks; `keep`:
 * the broker keeps it, too; `kept`: as if it had kept it. */
void broker_pass(struct broker *b, const struct packet *p, bool keep, bool kept,
                 struct chance *some);
void broker_keeps(struct broker *b, const struct packet *p);

/* Somebody who is no part of the night publishes there. */
void broker_say(struct broker *b, const struct packet *p);

#endif
