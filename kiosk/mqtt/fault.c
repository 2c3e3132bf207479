#include "kiosk/mqtt/fault.h"

static const struct {
    const char *name, *sentence;
} faults[MQTT_FAULTS] = {
    [MQTT_FAULT_FINE] = {"fine", ""},
    [MQTT_FAULT_DNS] = {"dns", "Its name does not resolve. Check host in the config, and the "
                               "network's DNS."},
    [MQTT_FAULT_ROUTE] = {"route", "It does not answer. Check cable or Wi-Fi, its port, and that "
                                   "the broker is running."},
    [MQTT_FAULT_PORTAL] = {"portal", "What answers there speaks no TLS: the network's login page "
                                     "(a captive portal), or a wrong port. Log in to the network, "
                                     "or correct port in the config."},
    [MQTT_FAULT_TLS] = {"tls", "Its certificate is not accepted, or it refuses TLS as the kiosk "
                               "speaks it. Check ca and host in the config, and whether the "
                               "network's login page answers in its place."},
    [MQTT_FAULT_CREDENTIALS] = {"credentials", "It refuses this user or password. Check both, and "
                                               "that the account exists at the broker."},
    [MQTT_FAULT_RIGHTS] = {"rights", "It refuses a topic to this account. Give the account the "
                                     "role that porchlight rights prints."},
    [MQTT_FAULT_LIMITS] = {"limits", "It allows less than Porchlight needs. porchlight doctor "
                                     "says what is lost; ask its operator to raise the limit, or "
                                     "use another broker."},
    [MQTT_FAULT_BROKER] = {"broker", "It refuses the connection, ends it, or does not keep to "
                                     "MQTT. Its own log says why."},
    [MQTT_FAULT_PASSWORD] = {"password", "The file with its password cannot be used, so this "
                                         "broker is left out. porchlight doctor shows what is "
                                         "wrong with it."},
    [MQTT_FAULT_CA] = {"ca",
                       "The file with its CA cannot be used, so this broker is left out until "
                       "the broker's CA certificate is there. porchlight check names the "
                       "file."},
    [MQTT_FAULT_BEAT] = {"beat", "It is connected, but what the kiosk sends does not come back. "
                                 "Check the rights of the kiosk's account (porchlight rights), and "
                                 "that no other client uses its id."},
};

const char *mqtt_fault_name(enum mqtt_fault f)
{
    return faults[f].name;
}

const char *mqtt_fault_sentence(enum mqtt_fault f)
{
    return faults[f].sentence;
}
