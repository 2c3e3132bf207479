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

/* Whether a DISCONNECT with this code is about the broker or the connection, and says nothing of
 * what was sent last. */
bool mqtt_reason_is_its_own(int code);

#endif
