#include "kiosk/common/clock.h"
#include "kiosk/mqtt/session_parts.h"

/* What the broker has confirmed, or has not, becomes what the listener is told. */

void session_pubacks_judge(struct mqtt_session *s)
{
    bool five = s->version == MQTT_VERSION_5 && !s->pubacks.strange;
    for (struct puback one; pubacks_next(&s->pubacks, clock_now(), &one);) {
        if (one.code >= FAILURE) {
            struct mqtt_reason r = mqtt_reason(MQTT_PUBACK, s->version == MQTT_VERSION_5, one.code);
            session_publication_refused(s, one.topic, one.token, r.fault, r.text);
        } else if (one.token != 0) {
            s->listener.acked(s->listener.context, one.token, five && one.code == MQTT_RC_SUCCESS,
                              five && one.code == MQTT_RC_NO_MATCHING_SUBSCRIBERS);
        } else if (s->denies) {
            s->listener.taken(s->listener.context, one.topic);
        }
    }
}

void session_pubacks_age(struct mqtt_session *s, int64_t now)
{
    for (const struct puback *one; (one = pubacks_late(&s->pubacks, now));)
        if (one->token == 0)
            session_publication_refused(s, one->topic, 0, MQTT_FAULT_BROKER,
                                        "it does not confirm that it has this");
}
