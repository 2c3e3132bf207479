#ifndef PORCHLIGHT_MQTT_SESSION_H
#define PORCHLIGHT_MQTT_SESSION_H

#include "kiosk/mqtt/thread.h"

/* One connection by libmosquitto, the one place that includes it. Made anew for each attempt: what
 * an old client still queued is then never sent a second time behind the outbox's back. All calls
 * come from one thread, its callbacks too. */
struct client;

/* Once a program, before the first client. */
void client_library_init(void);

enum client_version { CLIENT_MQTT_311 = 3, CLIENT_MQTT_5 = 5 };

struct client_listener {
    void *context;
    void (*up)(void *context, int fd);
    void (*acked)(void *context, uint64_t token, bool unheard);
    void (*message)(void *context, const char *topic, const void *payload, size_t len,
                    bool retained);
};

/* `tls` may be NULL (plain, on loopback). NULL if libmosquitto refuses any of it. */
struct client *client_new(const struct broker_setup *setup, SSL_CTX *tls,
                          enum client_version version, uint64_t connection,
                          const struct client_listener *listener);
void client_free(struct client *c); /* NULL is safe */

/* Connects to the address that the probe found; blocks, but for no longer than that address took
 * to answer the probe. 0 or -1. */
int client_connect(struct client *c, const char *address);

/* The socket to poll, -1 when it is gone, and whether it waits to be writable. */
int client_fd(const struct client *c);
bool client_wants_write(const struct client *c);

/* Reads, writes and keeps alive, without waiting. 0, or -1: the connection is over, or the broker
 * denied what we published with a token, or could not be given it. */
int client_turn(struct client *c);

/* True between CONNACK and the end. */
bool client_is_up(const struct client *c);

/* True once the broker refused us, or a publication of ours; why, and whether it does not know this
 * version. */
bool client_refused(const struct client *c, enum mqtt_fault *fault, bool *version);

void client_publish(struct client *c, const struct broker_publication *p);

#endif
