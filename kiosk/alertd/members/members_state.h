#ifndef PORCHLIGHT_ALERTD_MEMBERS_MEMBERS_STATE_H
#define PORCHLIGHT_ALERTD_MEMBERS_MEMBERS_STATE_H

#include "kiosk/alertd/members/key_rotation.h"
#include "kiosk/alertd/members/members.h"
#include "kiosk/alertd/members/registry.h"

/* Inside of struct members, for the files of this folder that answer letters and requests. */
struct members {
    struct members_needs needs;
    struct phone_brokers brokers;
    struct staff staff;
    int64_t staff_refreshed_at, staff_looked_at;
    int64_t staff_stamp; /* of the folder when its certificates were read */
    /* Below: only if `ready`. */
    bool ready;
    struct registry registry;
    struct enrol_list *invitations;   /* that are open; locked memory */
    char on_screen[TOPIC_ID_LEN + 1]; /* whose invitation the screen shows; "": nobody's */
    struct key_rotation *rotation;
};

#endif
