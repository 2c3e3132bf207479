#ifndef PORCHLIGHT_MQTT_SESSION_H
#define PORCHLIGHT_MQTT_SESSION_H

#include "kiosk/mqtt/thread.h"
#include "kiosk/mqtt/tls.h"

/* One connection by libmosquitto, the one place that includes it. Made anew for each attempt: what
 * an old client still queued is then never sent a second time behind the outbox's back. All calls
 * come from one thread, its callbacks too. */
struct mqtt_session;

/* Once a program, before the first session. */
void mqtt_session_library_init(void);

enum mqtt_version { MQTT_VERSION_311 = 3, MQTT_VERSION_5 = 5 };

struct mqtt_session_listener {
    void *context;
    void (*up)(void *context, int fd);
    void (*acked)(void *context, uint64_t token, bool unheard);
    void (*message)(void *context, const char *topic, const void *payload, size_t len,
                    bool retained);
};

/* `tls` may be NULL (plain, on loopback). NULL if libmosquitto refuses any of it. */
struct mqtt_session *mqtt_session_new(const struct mqtt_setup *setup, SSL_CTX *tls,
                                      enum mqtt_version version, uint64_t connection,
                                      const struct mqtt_session_listener *listener);
void mqtt_session_free(struct mqtt_session *c); /* NULL is safe */

/* Connects to the address that the probe found; blocks, but for no longer than that address took
 * to answer the probe. 0 or -1. */
int mqtt_session_connect(struct mqtt_session *c, const char *address);

/* The socket to poll, -1 when it is gone, and whether it waits to be writable. */
int mqtt_session_fd(const struct mqtt_session *c);
bool mqtt_session_wants_write(const struct mqtt_session *c);

/* Reads, writes and keeps alive, without waiting. 0, or -1: the connection is over, or the broker
 * denied what we published with a token, or could not be given it. */
int mqtt_session_turn(struct mqtt_session *c);

/* True between CONNACK and the end. */
bool mqtt_session_is_up(const struct mqtt_session *c);

/* True once the broker refused us, or a publication of ours; why, and whether it does not know this
 * version. */
bool mqtt_session_refused(const struct mqtt_session *c, enum mqtt_fault *fault, bool *version);

void mqtt_session_publish(struct mqtt_session *c, const struct mqtt_publication *p);

#endif
