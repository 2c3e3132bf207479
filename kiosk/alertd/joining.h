#ifndef PORCHLIGHT_ALERTD_JOINING_H
#define PORCHLIGHT_ALERTD_JOINING_H

#include "kiosk/alertd/desk.h"

/* The desk's own work: invitations out, letters in (core/enrol.h). */

struct joining_invitation {
    char account[TOPIC_ID_LEN + 1];
    char link[ENROL_LINK_MAX]; /* secret while it lives */
    int screens;               /* that show it */
};

/* k->desk is there. NULL: done; else a sentence that says why not, static storage. */
const char *joining_invite(struct kiosk *k, bool staff, bool on_screen,
                           struct joining_invitation *i);
const char *joining_certify(struct kiosk *k, const char *account,
                            const uint8_t certificate[CERT_SIGNATURE]);

/* What came on ack/<account> and is no answer: a phone that one broker does not know, though it has
 * joined. What a restart took from the errands is done now, once for each start and broker. False:
 * it is no such letter, or not that phone's. */
bool joining_again(struct kiosk *k, const char *account, const struct broker_event *e);

/* What came on enrol/<account>. Nothing is done where k->desk is NULL. */
void joining_letter(struct kiosk *k, const char *account, const struct broker_event *e);

#endif
