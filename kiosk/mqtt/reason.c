#include "kiosk/mqtt/reason.h"

#include <mqtt_protocol.h>
#include <stddef.h>

static const struct {
    int code;
    enum mqtt_fault fault;
    const char *text;
} codes[] = {
    {MQTT_RC_UNSPECIFIED, MQTT_FAULT_BROKER, "it gives no reason"},
    {MQTT_RC_MALFORMED_PACKET, MQTT_FAULT_BROKER, "it cannot read the packet"},
    {MQTT_RC_PROTOCOL_ERROR, MQTT_FAULT_BROKER, "protocol error"},
    {MQTT_RC_IMPLEMENTATION_SPECIFIC, MQTT_FAULT_BROKER, "it does not accept this"},
    {MQTT_RC_UNSUPPORTED_PROTOCOL_VERSION, MQTT_FAULT_BROKER,
     "it does not speak this MQTT version"},
    {MQTT_RC_CLIENTID_NOT_VALID, MQTT_FAULT_CREDENTIALS, "it does not accept this client id"},
    {MQTT_RC_BAD_USERNAME_OR_PASSWORD, MQTT_FAULT_CREDENTIALS, "bad user name or password"},
    {MQTT_RC_NOT_AUTHORIZED, MQTT_FAULT_RIGHTS, "not authorized"},
    {MQTT_RC_SERVER_UNAVAILABLE, MQTT_FAULT_BROKER, "it is not available now"},
    {MQTT_RC_SERVER_BUSY, MQTT_FAULT_BROKER, "it is busy"},
    {MQTT_RC_BANNED, MQTT_FAULT_CREDENTIALS, "it has banned this client"},
    {MQTT_RC_SERVER_SHUTTING_DOWN, MQTT_FAULT_BROKER, "it is shutting down"},
    {MQTT_RC_BAD_AUTHENTICATION_METHOD, MQTT_FAULT_CREDENTIALS, "it wants another kind of login"},
    {MQTT_RC_KEEP_ALIVE_TIMEOUT, MQTT_FAULT_BROKER,
     "it has received nothing from here for too long"},
    {MQTT_RC_SESSION_TAKEN_OVER, MQTT_FAULT_BROKER, "another client has connected with this id"},
    {MQTT_RC_TOPIC_FILTER_INVALID, MQTT_FAULT_LIMITS, "it does not accept this topic filter"},
    {MQTT_RC_TOPIC_NAME_INVALID, MQTT_FAULT_LIMITS, "it does not accept this topic name"},
    {MQTT_RC_PACKET_ID_IN_USE, MQTT_FAULT_BROKER, "packet id in use"},
    {MQTT_RC_RECEIVE_MAXIMUM_EXCEEDED, MQTT_FAULT_LIMITS, "too many unacknowledged messages"},
    {MQTT_RC_TOPIC_ALIAS_INVALID, MQTT_FAULT_LIMITS, "topic alias invalid"},
    {MQTT_RC_PACKET_TOO_LARGE, MQTT_FAULT_LIMITS, "the message is too large for it"},
    {MQTT_RC_MESSAGE_RATE_TOO_HIGH, MQTT_FAULT_LIMITS, "too many messages a second for it"},
    {MQTT_RC_QUOTA_EXCEEDED, MQTT_FAULT_LIMITS, "a quota of this account is used up"},
    {MQTT_RC_ADMINISTRATIVE_ACTION, MQTT_FAULT_BROKER, "its operator has ended the connection"},
    {MQTT_RC_PAYLOAD_FORMAT_INVALID, MQTT_FAULT_LIMITS, "it does not accept this payload"},
    {MQTT_RC_RETAIN_NOT_SUPPORTED, MQTT_FAULT_LIMITS, "it keeps no retained messages"},
    {MQTT_RC_QOS_NOT_SUPPORTED, MQTT_FAULT_LIMITS, "it does not confirm messages (QoS 0 at most)"},
    {MQTT_RC_USE_ANOTHER_SERVER, MQTT_FAULT_BROKER, "it wants another server to be used"},
    {MQTT_RC_SERVER_MOVED, MQTT_FAULT_BROKER, "it has moved to another server"},
    {MQTT_RC_SHARED_SUBS_NOT_SUPPORTED, MQTT_FAULT_LIMITS, "no shared subscriptions"},
    {MQTT_RC_CONNECTION_RATE_EXCEEDED, MQTT_FAULT_LIMITS, "too many connections for it"},
    {MQTT_RC_MAXIMUM_CONNECT_TIME, MQTT_FAULT_LIMITS, "it ends connections after a while"},
    {MQTT_RC_SUBSCRIPTION_IDS_NOT_SUPPORTED, MQTT_FAULT_LIMITS, "no subscription ids"},
    {MQTT_RC_WILDCARD_SUBS_NOT_SUPPORTED, MQTT_FAULT_LIMITS, "it allows no wildcard subscriptions"},
};

static struct mqtt_reason reason_of_311(enum mqtt_answer answer, int code)
{
    static const struct mqtt_reason connack[] = {
        {MQTT_FAULT_BROKER, "it gives no reason"},
        {MQTT_FAULT_BROKER, "it does not speak this MQTT version"},
        {MQTT_FAULT_CREDENTIALS, "it does not accept this client id"},
        {MQTT_FAULT_BROKER, "it is not available now"},
        {MQTT_FAULT_CREDENTIALS, "bad user name or password"},
        {MQTT_FAULT_CREDENTIALS, "not authorized"},
    };
    if (answer != MQTT_CONNACK)
        return (struct mqtt_reason){MQTT_FAULT_RIGHTS, "it gives no reason"};
    return connack[code > 0 && (size_t)code < sizeof connack / sizeof connack[0] ? code : 0];
}

struct mqtt_reason mqtt_reason(enum mqtt_answer answer, bool five, int code)
{
    if (!five || code < MQTT_RC_UNSPECIFIED)
        return reason_of_311(answer, code);
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        bool login = answer == MQTT_CONNACK && codes[i].fault == MQTT_FAULT_RIGHTS;
        if (codes[i].code == code)
            return (struct mqtt_reason){login ? MQTT_FAULT_CREDENTIALS : codes[i].fault,
                                        codes[i].text};
    }
    return (struct mqtt_reason){MQTT_FAULT_BROKER, ""};
}

enum mqtt_blame mqtt_reason_blames(int code, bool subscription)
{
    static const struct {
        int code;
        enum mqtt_blame publication, subscription;
    } known[] = {
        {MQTT_RC_SERVER_UNAVAILABLE, MQTT_BLAME_NONE, MQTT_BLAME_NONE},
        {MQTT_RC_SERVER_BUSY, MQTT_BLAME_NONE, MQTT_BLAME_NONE},
        {MQTT_RC_SERVER_SHUTTING_DOWN, MQTT_BLAME_NONE, MQTT_BLAME_NONE},
        {MQTT_RC_KEEP_ALIVE_TIMEOUT, MQTT_BLAME_NONE, MQTT_BLAME_NONE},
        {MQTT_RC_SESSION_TAKEN_OVER, MQTT_BLAME_NONE, MQTT_BLAME_NONE},
        {MQTT_RC_ADMINISTRATIVE_ACTION, MQTT_BLAME_NONE, MQTT_BLAME_NONE},
        {MQTT_RC_USE_ANOTHER_SERVER, MQTT_BLAME_NONE, MQTT_BLAME_NONE},
        {MQTT_RC_SERVER_MOVED, MQTT_BLAME_NONE, MQTT_BLAME_NONE},
        {MQTT_RC_CONNECTION_RATE_EXCEEDED, MQTT_BLAME_NONE, MQTT_BLAME_NONE},
        {MQTT_RC_MAXIMUM_CONNECT_TIME, MQTT_BLAME_NONE, MQTT_BLAME_NONE},
        {MQTT_RC_TOPIC_FILTER_INVALID, MQTT_BLAME_NONE, MQTT_BLAME_CERTAIN},
        {MQTT_RC_SHARED_SUBS_NOT_SUPPORTED, MQTT_BLAME_NONE, MQTT_BLAME_CERTAIN},
        {MQTT_RC_SUBSCRIPTION_IDS_NOT_SUPPORTED, MQTT_BLAME_NONE, MQTT_BLAME_CERTAIN},
        {MQTT_RC_WILDCARD_SUBS_NOT_SUPPORTED, MQTT_BLAME_NONE, MQTT_BLAME_CERTAIN},
        {MQTT_RC_TOPIC_NAME_INVALID, MQTT_BLAME_CERTAIN, MQTT_BLAME_NONE},
        {MQTT_RC_PAYLOAD_FORMAT_INVALID, MQTT_BLAME_CERTAIN, MQTT_BLAME_NONE},
        {MQTT_RC_RETAIN_NOT_SUPPORTED, MQTT_BLAME_CERTAIN, MQTT_BLAME_NONE},
        {MQTT_RC_QOS_NOT_SUPPORTED, MQTT_BLAME_CERTAIN, MQTT_BLAME_NONE},
        {MQTT_RC_NOT_AUTHORIZED, MQTT_BLAME_CERTAIN, MQTT_BLAME_CERTAIN},
        {MQTT_RC_PACKET_TOO_LARGE, MQTT_BLAME_CERTAIN, MQTT_BLAME_NONE},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i].code == code)
            return subscription ? known[i].subscription : known[i].publication;
    return MQTT_BLAME_MAYBE;
}
