#ifndef PORCHLIGHT_NIGHTS_NET_H
#define PORCHLIGHT_NIGHTS_NET_H

#include "tests/nights/world.h"

/* Ways to brokers and the connections on them: TCP as its two ends see it, carrying whole MQTT
 * packets. What is sent arrives in order or not at all; a hole swallows for a while and lets
 * through late what TCP sends again. */

struct broker;
struct conn;

/* One way: from a kiosk's site, a phone or a relay to one broker. */
struct way {
    const char *from;
    struct broker *broker;
    int64_t latency, jitter; /* of one direction */
    bool hole;               /* packets vanish, nobody notices */
    bool refused;            /* new connections are refused at once */
    bool deaf;               /* half of it: what goes to the client vanishes */
    bool nameless;           /* its name is looked up in vain */
    bool portal;             /* something else answers */
    struct conn *conns;
    struct chance chance;
};

enum packet_kind {
    PACKET_CONNECT,
    PACKET_CONNACK,
    PACKET_SUBSCRIBE,
    PACKET_SUBACK,
    PACKET_PUBLISH,
    PACKET_PUBACK,
    PACKET_PING,
    PACKET_PONG,
    PACKET_GOODBYE, /* DISCONNECT, then FIN */
    PACKET_CLOSED,  /* FIN or RST alone */
};

struct hello {
    const char *client_id;
    const char *account;
    int version;       /* 5 or 3 */
    int64_t keepalive; /* ns */
    const char *will_topic;
    struct blob *will;
};

struct packet {
    enum packet_kind kind;
    bool to_broker;
    const char *topic;
    struct blob *payload;
    int qos;
    bool retain; /* to keep; from the broker: was kept */
    bool news;   /* PACKET_SUBSCRIBE: nothing of what is kept */
    bool dup;
    int64_t expiry; /* ns; 0: none */
    uint64_t number;
    int reason;
    const struct hello *hello;
    int64_t sent_at;
    struct conn *conn;
    struct packet *next;
};

struct conn_client {
    void (*packet)(void *client, struct conn *c, const struct packet *p);
    void (*closed)(void *client, struct conn *c);
};

/* Of one connection: a staff phone of two kiosks, which reads all that there is, has 18. */
enum { NET_SUBSCRIPTIONS = 24 };

struct conn {
    struct way *way;
    const struct conn_client *client;
    void *client_context;
    bool client_there, broker_there;
    int64_t patience;                 /* of the client's TCP with what is not acknowledged */
    struct packet *held, **held_last; /* in a hole */
    int64_t arrives[2];               /* the last arrival, to keep the order */
    struct conn *next;

    /* the broker's */
    const struct hello *hello; /* after CONNECT */
    int64_t received_at;
    struct conn *next_at_broker;
    const char *subscribed[NET_SUBSCRIPTIONS];
    size_t subscribed_count;
    uint64_t received; /* publications it was given */
};

void way_init(struct way *w, const char *from, struct broker *b, struct chance *c);

/* What became of an attempt; how long it takes is in *takes. */
enum way_answer { WAY_OPEN, WAY_REFUSED, WAY_SILENT, WAY_NO_NAME, WAY_PORTAL };
enum way_answer way_try(struct way *w, int64_t *takes);

/* Both ends of a new connection. NULL: it cannot be had now. */
struct conn *conn_open(struct way *w, const struct conn_client *client, void *context);

/* From the client, or to it. `p` is copied. */
void conn_send(struct conn *c, bool to_broker, struct packet p);

/* One end lets go: quietly (power), or so that the other is told. */
void conn_close_client(struct conn *c, bool quietly, bool goodbye);
void conn_close_broker(struct conn *c, bool quietly);

/* Both ends notice at once, as by a reset. */
void conn_reset(struct conn *c);

/* How long the oldest packet of the client has been in a hole; 0: none is. */
int64_t conn_unacknowledged(const struct conn *c);

/* The way has changed: what it held arrives late. */
void way_changed(struct way *w);
void way_reset(struct way *w);

#endif
