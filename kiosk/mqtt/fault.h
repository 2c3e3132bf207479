#ifndef PORCHLIGHT_MQTT_FAULT_H
#define PORCHLIGHT_MQTT_FAULT_H

/* What is wrong with the way to a broker, as `porchlight status` names it. */
enum mqtt_fault {
    MQTT_FAULT_FINE,
    MQTT_FAULT_DNS,    /* the name does not resolve */
    MQTT_FAULT_ROUTE,  /* no address answers */
    MQTT_FAULT_PORTAL, /* something answers that does not speak TLS: a captive portal, a wrong port
                        */
    MQTT_FAULT_TLS, /* its certificate is not of the pinned CA, not for this name, or out of date */
    MQTT_FAULT_CREDENTIALS, /* the broker refuses user or password */
    MQTT_FAULT_BROKER,      /* the broker refuses for another reason, or goes away */
    MQTT_FAULT_BEAT, /* it is connected, and the kiosk's own beat does not come back through it */
};

/* "fine", "dns", "route", "portal", "tls", "credentials", "broker", "beat". Static storage. */
const char *mqtt_fault_name(enum mqtt_fault f);

#endif
