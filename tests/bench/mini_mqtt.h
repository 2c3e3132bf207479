#ifndef PORCHLIGHT_BENCH_MINI_MQTT_H
#define PORCHLIGHT_BENCH_MINI_MQTT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* MQTT 3.1.1 by hand over loopback, so that tens of thousands of connections cost little. Bodies
 * are below 16 kB. */

enum { MINI_PACKET_MAX = 2048 };

enum { MINI_CONNACK = 0x20, MINI_PUBLISH = 0x30, MINI_PUBACK = 0x40, MINI_SUBACK = 0x90 };

struct mini_conn {
    int fd; /* -1: none */
    size_t have;
    uint8_t in[MINI_PACKET_MAX];
};

/* Of CLOCK_MONOTONIC. */
int64_t mini_now(void);

/* A length and the text; how many bytes. */
size_t mini_text(uint8_t *out, const char *text);

/* Connects; 0, or -1: try again later. */
int mini_open(struct mini_conn *c, int port);

/* CONNECT, as a session that leaves nothing. `will_topic` NULL: without a will; else it is
 * retained, with `will_len` bytes. */
void mini_connect(struct mini_conn *c, const char *id, const char *user, const char *password,
                  const char *will_topic, const uint8_t *will, size_t will_len);

/* A packet with its length before it. */
void mini_send(struct mini_conn *c, uint8_t type, const uint8_t *body, size_t n);

/* Hands over each whole packet that has come, and acknowledges those that ask for it. `topic`,
 * `len`: of a PUBLISH. False: the connection has ended. */
typedef void mini_packet(void *context, uint8_t type, const uint8_t *body, size_t n,
                         const char *topic, size_t len);
bool mini_take(struct mini_conn *c, mini_packet *on, void *context);

#endif
