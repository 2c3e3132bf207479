#ifndef PORCHLIGHT_MQTT_REASON_H
#define PORCHLIGHT_MQTT_REASON_H

#include "kiosk/mqtt/fault.h"

#include <stdbool.h>

/* What a broker's reason code means. Codes of MQTT 5, and the few of 3.1.1. Pure. */

enum mqtt_answer { MQTT_CONNACK, MQTT_SUBACK, MQTT_PUBACK, MQTT_DISCONNECT };

struct mqtt_reason {
    enum mqtt_fault fault;
    const char *text; /* a clause in static storage; "" for a code that MQTT does not have */
};

/* `five`: the connection speaks MQTT 5; else 3.1.1, which has no codes but CONNACK's, and 0x80 in
 * SUBACK. */
struct mqtt_reason mqtt_reason(enum mqtt_answer answer, bool five, int code);

/* Whether what was sent last, a subscription or a publication, is the reason of a DISCONNECT with
 * this code: some are about the broker or the connection alone, some about one kind of packet. */
enum mqtt_blame { MQTT_BLAME_NONE, MQTT_BLAME_MAYBE, MQTT_BLAME_CERTAIN };
enum mqtt_blame mqtt_reason_blames(int code, bool subscription);

#endif
