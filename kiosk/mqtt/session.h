#ifndef PORCHLIGHT_MQTT_SESSION_H
#define PORCHLIGHT_MQTT_SESSION_H

#include "kiosk/mqtt/manners.h"
#include "kiosk/mqtt/publication.h"
#include "kiosk/mqtt/tls.h"

/* One connection by libmosquitto, the one place that includes it. A new one for each attempt: what
 * an old one still queued is then never sent a second time behind the outbox's back. All calls
 * come from one thread, and so do its callbacks.
 *
 * What the broker has not yet accepted is sent one at a time and waits for its answer, so that a
 * broker which answers by hanging up says what it means (manners.h). Vital publications never
 * wait. */
struct mqtt_session;

/* Once a program, before the first session. */
void mqtt_session_library_init(void);

enum mqtt_version { MQTT_VERSION_311 = 3, MQTT_VERSION_5 = 5 };

struct mqtt_session_listener {
    void *context;
    void (*up)(void *context, int fd, const struct mqtt_limits *limits);
    void (*subscribed)(void *context, size_t refused);
    /* has_subscriber: MQTT 5 says that somebody subscribes; no_subscribers: that nobody does */
    void (*acked)(void *context, uint64_t token, bool has_subscriber, bool no_subscribers);
    void (*strange)(void *context); /* it answered for what it was not sent: nothing that it
                                       confirms counts now */
    void (*refused)(void *context, const char *topic, uint64_t token, enum mqtt_fault fault,
                    const char *detail); /* a publication */
    /* one without a token was taken, after some were refused */
    void (*taken)(void *context, const char *topic);
    void (*unread)(void *context, const char *topic, enum mqtt_fault fault,
                   const char *detail); /* a subscription */
    void (*message)(void *context, const char *topic, const void *payload, size_t len,
                    bool retained);
};

/* How a connection ended, as far as the broker and libmosquitto say. */
struct mqtt_session_end {
    bool refused;       /* by the broker: CONNECT, or it said goodbye with a reason */
    bool wrong_version; /* it does not speak this version of MQTT */
    bool learnt;        /* the next connection leaves out what ended this one */
    enum mqtt_fault fault;
    char detail[MQTT_DETAIL_MAX];
};

/* `tls` may be NULL (plain, on loopback). `manners` is what the broker is known to allow, and
 * learns more. `pending`: something vital comes at once, and goes first. NULL if libmosquitto
 * refuses any of it. `setup`, `tls` and `manners` must outlive it. */
struct mqtt_session *mqtt_session_new(const struct mqtt_setup *setup, SSL_CTX *tls,
                                      enum mqtt_version version, struct mqtt_manners *manners,
                                      bool pending, uint64_t connection,
                                      const struct mqtt_session_listener *listener);
void mqtt_session_free(struct mqtt_session *s); /* NULL is safe */

/* Takes over `fd`, which is connected to `address`. 0 or -1. */
int mqtt_session_connect(struct mqtt_session *s, int fd, const char *address);

/* The socket to poll, -1 when it is gone, and whether it waits to be writable. */
int mqtt_session_fd(const struct mqtt_session *s);
bool mqtt_session_wants_write(const struct mqtt_session *s);

/* How long it may be left alone, ns. */
int64_t mqtt_session_patience(const struct mqtt_session *s);

/* Reads, writes and keeps alive, without waiting. 0, or -1: the connection is over. */
int mqtt_session_turn(struct mqtt_session *s);

/* Says goodbye, so that the broker does not publish the will. */
void mqtt_session_leave(struct mqtt_session *s);

/* True between CONNACK and the end. */
bool mqtt_session_is_up(const struct mqtt_session *s);

/* Whether the other end has sent anything yet, be it TLS's. */
bool mqtt_session_has_heard(const struct mqtt_session *s);

/* Judges how it ended, once. `stopped`: by us. */
struct mqtt_session_end mqtt_session_end(struct mqtt_session *s, bool stopped);

void mqtt_session_publish(struct mqtt_session *s, const struct mqtt_publication *p);

#endif
