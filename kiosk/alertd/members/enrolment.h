#ifndef PORCHLIGHT_ALERTD_MEMBERS_ENROLMENT_H
#define PORCHLIGHT_ALERTD_MEMBERS_ENROLMENT_H

#include "kiosk/alertd/members/registry.h"

/* The desk's own work: invitations out, letters in (core/enrol.h). */

struct enrolment_invitation {
    char account[TOPIC_ID_LEN + 1];
    char link[ENROL_LINK_MAX]; /* secret while it lives */
    int screens;               /* that show it */
};

/* k->registry is there. NULL: done; else a sentence that says why not, static storage. */
const char *enrolment_invite(struct kiosk *k, bool staff, bool on_screen,
                             struct enrolment_invitation *i);
const char *enrolment_certify(struct kiosk *k, const char *account,
                              const uint8_t certificate[CERT_SIGNATURE]);

/* What came on ack/<account> and is no answer: a phone that one broker does not know, though it has
 * joined. What a restart took from the errands is done now, once for each start and broker. False:
 * it is no such letter, or not that phone's. */
bool enrolment_again(struct kiosk *k, const char *account, const struct mqtt_event *e);

/* What came on enrol/<account>. Nothing is done where k->registry is NULL. */
void enrolment_letter(struct kiosk *k, const char *account, const struct mqtt_event *e);

#endif
