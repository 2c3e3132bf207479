#ifndef PORCHLIGHT_ALERTD_MEMBERS_ENROLMENT_H
#define PORCHLIGHT_ALERTD_MEMBERS_ENROLMENT_H

#include "kiosk/alertd/members/members_state.h"

/* How phones join: invitations go out, letters come in (core/enrol.h). All of it needs m->ready.
 * Where a function returns a sentence, it says why not; NULL: done. Static storage. */

struct enrolment_invitation {
    char account[TOPIC_ID_LEN + 1];
    char link[INVITATION_LINK_MAX]; /* secret while it is valid */
    int screens;                    /* that show it */
};

/* An account that the operators of brokers without a registrar made in advance, for a member or for
 * staff. It is the same at all of them. */
struct enrolment_spare {
    const char *account, *password;
};

/* Whether an alert is active, no drill. Then members' invitations join nobody (enrol_deaden),
 * whether the site is shown the alert or not. */
bool enrolment_in_alert(const struct members *m);

/* `spare`: by that account, which is kept nowhere; NULL: by a new one, which registrars make. */
const char *enrolment_invite(struct members *m, bool staff, bool on_screen,
                             const struct enrolment_spare *spare, struct enrolment_invitation *i);

/* The six digits that a staff phone shows, as the host typed them in. */
const char *enrolment_confirm(struct members *m, const char *account, const char *digits);

/* The root key's signature for a staff phone that is joining. */
const char *enrolment_certify(struct members *m, const char *account,
                              const uint8_t certificate[CERT_SIGNATURE]);

/* Takes one open invitation back, or all; or those that have expired. */
const char *enrolment_withdraw(struct members *m, const char *account);
void enrolment_withdraw_all(struct members *m);
void enrolment_expire(struct members *m, int64_t now);

/* members_letter and members_readmit. A phone that asks to be let in again gets its account once
 * for each start and broker. */
bool enrolment_letter(struct members *m, const char *account, const struct mqtt_event *e);
bool enrolment_readmit(struct members *m, const char *account, const struct mqtt_event *e);

#endif
