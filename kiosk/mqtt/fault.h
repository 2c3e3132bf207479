#ifndef PORCHLIGHT_MQTT_FAULT_H
#define PORCHLIGHT_MQTT_FAULT_H

/* What is wrong with the way to a broker. Every program names it and explains it in these words. */
enum mqtt_fault {
    MQTT_FAULT_FINE,
    MQTT_FAULT_DNS,    /* its name cannot be looked up */
    MQTT_FAULT_ROUTE,  /* no address answers */
    MQTT_FAULT_PORTAL, /* what answers speaks no TLS: a captive portal, a wrong port */
    MQTT_FAULT_TLS,    /* its certificate is not of the pinned CA, not for this name, or expired */
    MQTT_FAULT_CREDENTIALS, /* it refuses user or password */
    MQTT_FAULT_RIGHTS,      /* it refuses a subscription or publication to this account */
    MQTT_FAULT_LIMITS,      /* it allows less than an alert, or what belongs to it, needs */
    MQTT_FAULT_BROKER,      /* it refuses for another reason, or ends the connection */
    MQTT_FAULT_PASSWORD,    /* this kiosk's own file with its password cannot be used */
    MQTT_FAULT_CA,          /* this kiosk's own file with its CA cannot be used */
    MQTT_FAULT_BEAT,        /* connected, and the kiosk's own beat does not come back */
    MQTT_FAULTS,
};

/* "fine", "dns", "route", "portal", "tls", "credentials", "rights", "limits", "broker",
 * "password", "ca", "beat". Static storage, here and below. */
const char *mqtt_fault_name(enum mqtt_fault f);

/* What happened, why, and what to do, in whole sentences about "it", the broker. "" for
 * MQTT_FAULT_FINE. */
const char *mqtt_fault_sentence(enum mqtt_fault f);

#endif
