#include "kiosk/mqtt/fault.h"

const char *mqtt_fault_name(enum mqtt_fault f)
{
    static const char *const names[] = {
        [MQTT_FAULT_FINE] = "fine",     [MQTT_FAULT_DNS] = "dns",
        [MQTT_FAULT_ROUTE] = "route",   [MQTT_FAULT_PORTAL] = "portal",
        [MQTT_FAULT_TLS] = "tls",       [MQTT_FAULT_CREDENTIALS] = "credentials",
        [MQTT_FAULT_BROKER] = "broker", [MQTT_FAULT_BEAT] = "beat"};
    return names[f];
}
