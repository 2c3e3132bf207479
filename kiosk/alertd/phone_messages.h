#ifndef PORCHLIGHT_ALERTD_PHONE_MESSAGES_H
#define PORCHLIGHT_ALERTD_PHONE_MESSAGES_H

#include "kiosk/alertd/actions.h"
#include "kiosk/alertd/members/members.h"
#include "kiosk/alertd/own_messages.h"

/* What messages from phones and relays are judged by, and what they may change. */
struct phone_messages {
    struct kiosk_state *state;
    const struct outputs *outputs;
    const struct sealer *sealer;
    struct members *members;
    struct own_messages *own;
    bool button; /* a plain venue's Home Assistant may start a drill */
    bool cover;  /* what is sent must not depend on what is active */
};

/* Takes one message: answers are counted, commands judged and obeyed, letters of phones that join
 * passed on to the members; the rest is counted as refused. Nothing of it is logged. */
void phone_messages_take(const struct phone_messages *p, enum topic t, const char *account,
                         const struct mqtt_event *e);

/* A phone or a relay has the current alert. */
void phone_messages_left(struct kiosk_state *s, const struct outputs *o);

#endif
