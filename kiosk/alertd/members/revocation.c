#include "kiosk/alertd/members/revocation.h"

#include "kiosk/alertd/members/enrolment.h"
#include "kiosk/common/log.h"
#include "kiosk/common/paths.h"

#include <errno.h>
#include <string.h>

/* Relays forget what they keep to ring that phone. */
static void relays_forget(const struct members *m, const char *account)
{
    members_say_to_relays(m, account, &(struct message){.kind = MSG_REVOKED, .age_ms = -1});
}

static void certificate_delete(struct members *m, const char *account)
{
    if (staff_certificate_delete(m->needs.prefix, account) != 0)
        log_warning("the certificate of a revoked staff phone could not be deleted (%s): delete "
                    "%s%s/%s.cert, or that phone may still command",
                    strerror(errno), m->needs.prefix, PATH_STAFF, account);
    members_staff_read(m);
}

void revocation_by_root(struct members *m, const char *account)
{
    const struct phone *p = m->ready ? roster_find(m->registry.phones, account) : NULL;
    if (p) {
        key_rotation_forget(m->rotation, m->registry.phones, &m->brokers, account);
        relays_forget(m, account);
        if (roster_remove(m->registry.phones, account) != 0)
            log_warning("an account that the root key has revoked stays on the list of phones: %s",
                        strerror(errno));
    }
    if (staff_certificate_delete(m->needs.prefix, account) != 0)
        log_warning("the certificate of an account that the root key has revoked could not be "
                    "deleted (%s); it is ignored",
                    strerror(errno));
}

const char *revocation_of(struct members *m, const char *account, const uint8_t *grant)
{
    const struct phone *p = roster_find(m->registry.phones, account);
    if (enrol_find(m->invitations, account))
        return enrolment_withdraw(m, account);
    if (!p && grant)
        return registry_suspend(&m->registry, account, grant);
    if (!p)
        return "nothing was revoked: no phone of this kiosk has that account. To list them: sudo "
               "porchlight phones --ids";
    bool staff = p->staff;
    key_rotation_forget(m->rotation, m->registry.phones, &m->brokers, account);
    relays_forget(m, account);
    const char *why = registry_remove(&m->registry, p, grant);
    if (!why && staff)
        certificate_delete(m, account);
    return why;
}
