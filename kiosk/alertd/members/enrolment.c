#include "kiosk/alertd/members/enrolment.h"

#include "kiosk/common/clock.h"
#include "kiosk/common/log.h"
#include "kiosk/core/ns.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { SHOWN_S = 60, PASSWORD_BYTES = 24 };

/* --- invitations ----------------------------------------------------------------------------- */

static int link_write(const struct phone_brokers *p, const char *password, bool staff,
                      struct enrolment_invitation *i)
{
    const struct config *c = p->config;
    struct enrol_invitation all = {.page = c->venue.page,
                                   .account = i->account,
                                   .password = password,
                                   .venue = c->venue.id,
                                   .kiosk = c->kiosk.id,
                                   .expires = clock_wall_seconds() + ENROL_VALID_FOR / NS_PER_S,
                                   .kiosk_public = p->sealer->keys->public,
                                   .root_public = p->sealer->keys->root,
                                   .staff = staff,
                                   .push = c->venue.push[0] != '\0' ? c->venue.push : NULL};
    for (size_t b = 0; b < c->brokers_count && all.brokers_count < ENROL_BROKERS_MAX; b++)
        if (phone_brokers_has(p, b))
            all.brokers[all.brokers_count++] = c->brokers[b].phones;
    return enrol_link(&all, i->link);
}

static bool phones_have_a_broker(const struct phone_brokers *p)
{
    for (size_t b = 0; b < p->config->brokers_count; b++)
        if (phone_brokers_has(p, b))
            return true;
    return false;
}

static const char *why_no_invitation(const struct members *m)
{
    const struct alert_standing *alert = &m->needs.alert->now;
    if (m->needs.config->venue.page[0] == '\0')
        return "no invitation was made: [venue] page is not set; write into porchlight.conf where "
               "the members' page is served, and reload (systemctl reload porchlightd)";
    if (!phones_have_a_broker(&m->brokers))
        return "no invitation was made: no [broker] has phones = set; write into porchlight.conf "
               "where phones reach it, and reload (systemctl reload porchlightd)";
    if (!clock_is_set())
        return "no invitation was made: the clock was never set, and phones would think that the "
               "invitation has expired; set it (timedatectl) and try again";
    /* Nobody on site may learn of an alert that is hidden there, so all of these read the same. A
     * drill is hidden from nobody, and shows that a phone is missing. */
    bool in_alert = alert->state != ALERT_QUIET && !alert->drill;
    return in_alert || !phone_brokers_any_up(&m->brokers) || key_rotation_runs(m->rotation)
               ? "no invitation was made: phones cannot join at the moment, because no broker that "
                 "they use is connected, because a new key is being sent to them, or because a "
                 "staff phone has not ended the last alert; see porchlight status"
               : NULL;
}

static const char *invitation_open(struct members *m, bool staff, const char *password,
                                   struct enrolment_invitation *i)
{
    if (link_write(&m->brokers, password, staff, i) < 0)
        return "no invitation was made: it is too long for a link; shorten the addresses in "
               "porchlight.conf";
    if (enrol_invite(m->invitations, i->account, staff, clock_now()) != 0)
        return "no invitation was made: too many are open; wait 10 minutes, or stop a porchlight "
               "invite that still waits";
    const char *why = registry_invite(&m->registry, i->account, staff, password);
    if (why)
        enrolment_withdraw(m, i->account);
    return why;
}

const char *enrolment_invite(struct members *m, bool staff, bool on_screen,
                             struct enrolment_invitation *i)
{
    enum { VARIANT = sodium_base64_VARIANT_URLSAFE_NO_PADDING };
    uint8_t account[ENVELOPE_ID], random[PASSWORD_BYTES];
    char password[sodium_base64_ENCODED_LEN(PASSWORD_BYTES, VARIANT)];
    const char *why = why_no_invitation(m);
    if (why)
        return why;
    randombytes_buf(account, sizeof account);
    randombytes_buf(random, sizeof random);
    sodium_bin2hex(i->account, sizeof i->account, account, sizeof account);
    sodium_bin2base64(password, sizeof password, random, sizeof random, VARIANT);
    why = invitation_open(m, staff, password, i);
    sodium_memzero(random, sizeof random);
    sodium_memzero(password, sizeof password);
    if (why)
        return why;
    i->screens = on_screen ? screens_qr(m->needs.screens, i->link, SHOWN_S) : 0;
    if (i->screens > 0)
        memcpy(m->on_screen, i->account, sizeof i->account);
    return NULL;
}

/* The invitation is over, and its code leaves the screen if it is shown there. */
static void invitation_close(struct members *m, const char *account)
{
    if (strcmp(m->on_screen, account) == 0 && account[0] != '\0') {
        m->on_screen[0] = '\0';
        screens_qr(m->needs.screens, "", 0);
    }
    enrol_close(m->invitations, account);
}

const char *enrolment_withdraw(struct members *m, const char *account)
{
    const struct phone *p = roster_find(m->registry.phones, account);
    if (!enrol_find(m->invitations, account))
        return "no such invitation is open: it was used, has expired or was taken back";
    invitation_close(m, account);
    return p ? registry_remove(&m->registry, p) : NULL;
}

void enrolment_withdraw_all(struct members *m)
{
    for (size_t i = 0; i < ENROL_OPEN_MAX; i++) {
        char account[TOPIC_ID_LEN + 1];
        memcpy(account, m->invitations->open[i].account, sizeof account);
        if (account[0] != '\0')
            enrolment_withdraw(m, account);
    }
}

void enrolment_expire(struct members *m, int64_t now)
{
    const struct enrol_open *one;
    while (enrol_tick(m->invitations, now, &one) == ENROL_WITHDRAWN) {
        char account[TOPIC_ID_LEN + 1];
        memcpy(account, one->account, sizeof account);
        enrolment_withdraw(m, account);
    }
}

/* --- letters --------------------------------------------------------------------------------- */

/* A letter to this kiosk, opened. */
struct letter {
    char text[ENVELOPE_LETTER_MAX + 1]; /* passwords may be in it */
    size_t len;
    uint8_t signature[64];
    struct envelope_place at;
};

static int letter_open(const struct sealer *s, const struct mqtt_event *e, struct letter *l)
{
    l->at = sealer_place(s, e->topic);
    return e->retained || envelope_letter_open(s->keys->public, s->keys->secret, e->payload, e->len,
                                               l->text, &l->len, l->signature) != ENVELOPE_OK
               ? -1
               : 0;
}

static bool letter_signed_by(const struct letter *l, const uint8_t key[ENVELOPE_PUBLIC])
{
    return envelope_letter_signed(&l->at, key, l->signature, l->text, l->len) == ENVELOPE_OK;
}

static void welcome_send(const struct phone_brokers *b, const struct enrol_open *one)
{
    struct mqtt_publication p = {
        .qos = 1, .expiry_s = topic_table[TOPIC_ENROL].expiry_s, .len = ENVELOPE_SIZE};
    struct envelope_place at = phone_brokers_enrol_place(b, one->account, p.topic);
    if (enrol_welcome(one, &at, b->sealer->keys->secret, b->sealer->keys->venue, p.payload) ==
        ENVELOPE_OK)
        phone_brokers_send(b, &p);
}

static int certificate_write(const char *prefix, const struct enrol_open *one)
{
    uint8_t certificate[CERT_STAFF];
    memcpy(certificate, one->public, sizeof one->public);
    memcpy(certificate + sizeof one->public, one->certificate, sizeof one->certificate);
    return staff_certificate_write(prefix, one->account, certificate);
}

/* First the list and the certificate, then the brokers: a phone that is let in is always known. */
static void admit(struct members *m, const struct enrol_open *one)
{
    struct phone p = {.staff = one->staff, .standing = PHONE_IN};
    memcpy(p.account, one->account, sizeof p.account);
    memcpy(p.public, one->public, sizeof p.public);
    if (roster_put(m->registry.phones, &p) != 0 ||
        (p.staff && certificate_write(m->needs.prefix, one) != 0)) {
        log_error("a phone that was invited could not join: %s; check the disk", strerror(errno));
        return;
    }
    const char *why = registry_admit(&m->registry, &p, one->password);
    if (why)
        log_error("a phone that was invited could not join: %s", why);
    if (p.staff)
        staff_read(&m->staff, m->needs.prefix, m->needs.sealer);
    invitation_close(m, p.account);
}

static enum enrol_verdict letter_judge(struct enrol_list *invitations, const struct letter *l,
                                       const char *account, const struct enrol_open **one)
{
    struct enrol_letter letter;
    if (enrol_read(l->text, l->len, &letter) != 0)
        return ENROL_REFUSED;
    const uint8_t *key = letter.done ? enrol_key(invitations, account) : letter.public;
    bool signed_by_key = key && letter_signed_by(l, key);
    enum enrol_verdict v =
        enrol_receive(invitations, &letter, account, signed_by_key, clock_now(), one);
    sodium_memzero(&letter, sizeof letter);
    return v;
}

bool enrolment_letter(struct members *m, const char *account, const struct mqtt_event *e)
{
    const struct enrol_open *one = NULL;
    struct letter l;
    if (e->len >= 2 && e->payload[1] == ENVELOPE_FORM_WELCOME)
        return true; /* the kiosk's own, which a broker of MQTT 3.1.1 sends back */
    enum enrol_verdict v = letter_open(m->needs.sealer, e, &l) == 0
                               ? letter_judge(m->invitations, &l, account, &one)
                               : ENROL_REFUSED;
    sodium_memzero(&l, sizeof l);
    if (v == ENROL_WELCOME)
        welcome_send(&m->brokers, one);
    else if (v == ENROL_PROMOTED)
        admit(m, one);
    return v != ENROL_REFUSED; /* ENROL_CERTIFY waits for enrolment_certify */
}

static void readmit(struct members *m, const struct phone *p, const struct enrol_again *a,
                    size_t broker)
{
    const char *why = registry_readmit(&m->registry, p, a->password, broker);
    if (why)
        log_error("a phone that a broker does not know could not be let in: %s", why);
    else
        log_info("broker %s: a phone that it did not know is let in",
                 m->needs.config->brokers[broker].name);
}

static bool again_judge(struct members *m, const struct letter *l, const char *account)
{
    struct enrol_again a;
    const struct phone *p = roster_find(m->registry.phones, account);
    size_t broker = CONFIG_BROKERS_MAX;
    if (p && p->standing == PHONE_IN && !p->relay && enrol_again_read(l->text, l->len, &a) == 0 &&
        strcmp(a.account, account) == 0 && letter_signed_by(l, p->public))
        broker = phone_brokers_find(&m->brokers, a.broker);
    bool good = broker < CONFIG_BROKERS_MAX;
    if (good && account_requests_left(m->registry.requests, broker, account) == 0 &&
        roster_readmit(m->registry.phones, account, broker))
        readmit(m, p, &a, broker);
    sodium_memzero(&a, sizeof a);
    return good;
}

bool enrolment_readmit(struct members *m, const char *account, const struct mqtt_event *e)
{
    struct letter l;
    bool good = letter_open(m->needs.sealer, e, &l) == 0 && again_judge(m, &l, account);
    sodium_memzero(&l, sizeof l);
    return good;
}

const char *enrolment_certify(struct members *m, const char *account,
                              const uint8_t certificate[CERT_SIGNATURE])
{
    const struct enrol_open *one = NULL;
    const struct sealer *s = m->needs.sealer;
    if (enrol_certify(m->invitations, s->venue, s->keys->root, account, certificate, clock_now(),
                      &one) != ENROL_WELCOME)
        return "the staff phone was not let in: this is not the root key's signature for it";
    welcome_send(&m->brokers, one);
    return NULL;
}
