#include "kiosk/alertd/members/members.h"

#include "config/secret.h"
#include "kiosk/alertd/members/enrolment.h"
#include "kiosk/alertd/members/members_state.h"
#include "kiosk/alertd/members/revocation.h"
#include "kiosk/common/log.h"
#include "kiosk/common/paths.h"
#include "kiosk/core/ns.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define STAFF_REFRESH (5 * NS_PER_S)

/* Without the certificate no registrar does anything for this kiosk, and each says so. */
static void signer_fill(const struct members_needs *n, struct account_requests_signer *signer)
{
    memcpy(signer->secret, n->sealer->keys->secret, sizeof signer->secret);
    memcpy(signer->public, n->sealer->keys->public, sizeof signer->public);
    if (secret_read_key(n->prefix, "kiosk.cert", false, signer->certificate,
                        sizeof signer->certificate, config_complain_stderr, NULL) != 0)
        memset(signer->certificate, 0, sizeof signer->certificate);
}

static int registry_begin(struct members *m, const char *path)
{
    const struct sealer *s = m->needs.sealer;
    struct account_requests_signer signer;
    signer_fill(&m->needs, &signer);
    int rc = registry_open(&m->registry, path, s->venue_id, s->kiosk_id, &signer);
    sodium_memzero(&signer, sizeof signer);
    return rc;
}

/* Without it nobody can join or leave; staff phones command, and alerts are sent, all the same. */
static bool members_open(struct members *m)
{
    const struct sealer *s = m->needs.sealer;
    char path[PATH_LEN];
    if (!s->keys || path_under(m->needs.prefix, PATH_PHONES, path) != 0 ||
        registry_begin(m, path) != 0)
        return false;
    m->invitations = sodium_malloc(sizeof *m->invitations);
    m->rotation = key_rotation_new();
    if (m->invitations && m->rotation) {
        enrol_begin(m->invitations, s->venue, s->kiosk);
        return true;
    }
    log_error("no locked memory for invitations: phones can be neither invited nor revoked; raise "
              "LimitMEMLOCK");
    return false;
}

/* The proof of an account that the root key has revoked is worth nothing to phones, and is sent no
 * more. */
static void proof_read(const struct members_needs *n)
{
    uint8_t proof[CERT_PROOF];
    struct cert_clear c;
    if (staff_proof_read(n->prefix, proof) != 0)
        return;
    bool good = n->sealer->keys &&
                cert_proof_read(&c, n->sealer->venue, n->sealer->kiosk, n->sealer->keys->root,
                                proof, sizeof proof) &&
                !root_word_revokes(n->root, c.account);
    delivery_prove(n->delivery, proof, good ? sizeof proof : 0);
    if (!good)
        staff_proof_delete(n->prefix);
}

struct members *members_new(const struct members_needs *needs)
{
    struct members *m = calloc(1, sizeof *m);
    if (!m)
        return NULL;
    m->needs = *needs;
    m->brokers = (struct phone_brokers){
        .config = needs->config, .delivery = needs->delivery, .sealer = needs->sealer};
    m->ready = members_open(m);
    members_brokers_changed(m);
    members_staff_read(m);
    proof_read(needs);
    return m;
}

void members_root_changed(struct members *m)
{
    const struct root_word *root = m->needs.root;
    char account[TOPIC_ID_LEN + 1];
    for (size_t i = 0; i < root->revoked_count; i++)
        revocation_by_root(m,
                           sodium_bin2hex(account, sizeof account, root->revoked[i], ENVELOPE_ID));
    members_staff_read(m);
    proof_read(&m->needs);
}

void members_free(struct members *m)
{
    if (!m)
        return;
    key_rotation_free(m->rotation);
    sodium_free(m->invitations);
    registry_close(&m->registry);
    free(m);
}

void members_brokers_changed(struct members *m)
{
    if (m->ready)
        registry_brokers(&m->registry, &m->brokers, m->invitations);
}

void members_broker_up(struct members *m, size_t broker)
{
    if (!m->ready || !phone_brokers_has(&m->brokers, broker))
        return;
    account_requests_again(m->registry.requests, broker);
    key_rotation_broker_up(m->rotation, m->registry.phones, broker);
}

void members_answer(struct members *m, size_t broker, const struct mqtt_event *e)
{
    if (m->ready && !e->retained)
        registry_answer(&m->registry, broker, e->payload, e->len, e->at);
}

bool members_letter(struct members *m, const char *account, const struct mqtt_event *e)
{
    return !m->ready || enrolment_letter(m, account, e);
}

bool members_readmit(struct members *m, const char *account, const struct mqtt_event *e)
{
    return m->ready && enrolment_readmit(m, account, e);
}

static const uint8_t *staff_key(const struct staff *s, const char *account)
{
    char hex[TOPIC_ID_LEN + 1];
    for (size_t i = 0; i < s->count; i++)
        if (strcmp(sodium_bin2hex(hex, sizeof hex, s->phones[i].account, ENVELOPE_ID), account) ==
            0)
            return s->phones[i].cert;
    return NULL;
}

const uint8_t *members_key(const struct members *m, const char *account)
{
    const struct phone *p = m->ready ? roster_find(m->registry.phones, account) : NULL;
    if (p)
        return p->standing == PHONE_IN && !p->relay ? p->public : NULL;
    return staff_key(&m->staff, account);
}

const uint8_t *members_relay_key(const struct members *m, const char *account)
{
    const struct phone *p = m->ready ? roster_find(m->registry.phones, account) : NULL;
    return p && p->relay && p->standing == PHONE_IN ? p->public : NULL;
}

bool members_has_relays(const struct members *m)
{
    return m->ready && roster_relays(m->registry.phones) > 0;
}

size_t members_relays(const struct members *m, char out[][TOPIC_ID_LEN + 1], size_t max)
{
    return m->ready ? roster_relay_accounts(m->registry.phones, out, max) : 0;
}

const struct staff *members_staff(const struct members *m)
{
    return &m->staff;
}

bool members_staff_refresh(struct members *m, int64_t now)
{
    if (now - m->staff_refreshed_at <= STAFF_REFRESH)
        return false;
    m->staff_refreshed_at = now;
    members_staff_read(m);
    return true;
}

void members_prove(struct members *m, const uint8_t proof[CERT_PROOF])
{
    delivery_prove(m->needs.delivery, proof, CERT_PROOF);
    if (staff_proof_write(m->needs.prefix, proof) != 0)
        log_warning("%s%s: %s; phones that are asleep now may keep an old lockdown if this kiosk "
                    "restarts",
                    m->needs.prefix, PATH_PROOF, strerror(errno));
}

const char *members_registrar(const struct members *m, size_t broker)
{
    if (!m->ready || !phone_brokers_is_up(&m->brokers, broker))
        return NULL;
    const char *fault = account_requests_fault(m->registry.requests, broker);
    return account_requests_served(m->registry.requests, broker) ? ""
           : fault[0] != '\0'                                    ? fault
                                                                 : NULL;
}

uint64_t members_registrar_dropped(const struct members *m, size_t broker)
{
    return m->ready ? account_requests_dropped(m->registry.requests, broker) : 0;
}

size_t members_count(const struct members *m, bool staff)
{
    return m->ready ? roster_count(m->registry.phones, PHONE_IN, staff) : 0;
}

/* In an alert no raider joins with a code that the screen shows. */
static void invitations_time(struct members *m, int64_t now)
{
    if (enrolment_in_alert(m))
        enrol_deaden(m->invitations);
    enrolment_expire(m, now);
}

/* porchlight keys staff writes certificates itself: what staff read is sealed for a new phone soon
 * after. */
static void staff_look(struct members *m, int64_t now)
{
    if (now - m->staff_looked_at < STAFF_REFRESH)
        return;
    m->staff_looked_at = now;
    if (staff_stamp(m->needs.prefix) != m->staff_stamp)
        members_staff_read(m);
}

void members_time(struct members *m, int64_t now)
{
    staff_look(m, now);
    if (!m->ready)
        return;
    invitations_time(m, now);
    registry_send(&m->registry, &m->brokers, now);
    key_rotation_time(m->rotation, m->registry.phones, &m->brokers, now);
    registry_sweep(&m->registry, m->invitations);
}

int64_t members_deadline(const struct members *m)
{
    if (!m->ready)
        return NS_NEVER;
    int64_t rotation = key_rotation_deadline(m->rotation), expiry = enrol_deadline(m->invitations);
    int64_t first = registry_deadline(&m->registry, &m->brokers);
    first = rotation < first ? rotation : first;
    return expiry < first ? expiry : first;
}
