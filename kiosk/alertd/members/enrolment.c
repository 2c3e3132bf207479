#include "kiosk/alertd/members/enrolment.h"

#include "config/ca_pin.h"
#include "kiosk/common/clock.h"
#include "kiosk/common/dynsec.h"
#include "kiosk/common/log.h"
#include "kiosk/core/ns.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* The one-time password is for 10 minutes, and a short link is easier to scan: 96 bits. */
enum {
    SHOWN_S = 60,
    PASSWORD_BYTES = 12,
    PASSWORD_VARIANT = sodium_base64_VARIANT_URLSAFE_NO_PADDING
};

/* --- invitations ----------------------------------------------------------------------------- */

/* What is drawn for one invitation. */
struct drawn {
    uint8_t account[ENVELOPE_ID], secret[INVITATION_SECRET];
    char password[DYNSEC_PASSWORD_MAX + 1];
    bool spare;
};

static void id_of_account(const char *account, uint8_t id[ENVELOPE_ID])
{
    sodium_hex2bin(id, ENVELOPE_ID, account, strlen(account), NULL, NULL, NULL);
}

static void invitation_draw(struct drawn *d, const struct enrolment_spare *spare)
{
    uint8_t random[PASSWORD_BYTES];
    d->spare = spare;
    randombytes_buf(d->account, sizeof d->account);
    randombytes_buf(d->secret, sizeof d->secret);
    randombytes_buf(random, sizeof random);
    sodium_bin2base64(d->password, sizeof d->password, random, sizeof random, PASSWORD_VARIANT);
    sodium_memzero(random, sizeof random);
    if (!spare)
        return;
    id_of_account(spare->account, d->account);
    snprintf(d->password, sizeof d->password, "%s", spare->password);
}

/* NULL: no authority is known for that address. One that cannot be used is named, and not pinned.
 */
static const uint8_t *phones_pin(const struct config_broker *b, uint8_t pin[CA_PIN])
{
    if (b->phones_ca[0] == '\0')
        return NULL;
    if (ca_pin_of_file(b->phones_ca, pin) == 0)
        return pin;
    log_warning("[broker %s] phones_ca: %s: %s. Invitations do not contain its fingerprint",
                b->name, b->phones_ca,
                errno == EINVAL    ? "it holds several certificates; expected one"
                : errno == EBADMSG ? "it holds no certificate"
                                   : strerror(errno));
    return NULL;
}

static int link_write(const struct phone_brokers *p, const struct drawn *d, bool staff,
                      struct enrolment_invitation *i)
{
    const struct config *c = p->config;
    struct invitation all = {.page = c->venue.page,
                             .password = d->password,
                             .expires = clock_wall_seconds() + ENROL_VALID_FOR / NS_PER_S,
                             .kiosk_public = p->sealer->keys->public,
                             .root_public = p->sealer->keys->root,
                             .secret = d->secret,
                             .staff = staff,
                             .spare = d->spare,
                             .push = c->venue.push[0] != '\0' ? c->venue.push : NULL};
    memcpy(all.account, d->account, sizeof all.account);
    memcpy(all.venue, p->sealer->venue, sizeof all.venue);
    memcpy(all.kiosk, p->sealer->kiosk, sizeof all.kiosk);
    uint8_t pins[INVITATION_BROKERS_MAX][CA_PIN];
    for (size_t b = 0; b < c->brokers_count && all.brokers_count < INVITATION_BROKERS_MAX; b++) {
        if (!phone_brokers_has(p, b))
            continue;
        all.pins[all.brokers_count] = phones_pin(&c->brokers[b], pins[all.brokers_count]);
        all.brokers[all.brokers_count++] = c->brokers[b].phones;
    }
    return invitation_link(&all, i->link);
}

static bool phones_have_a_broker(const struct phone_brokers *p)
{
    for (size_t b = 0; b < p->config->brokers_count; b++)
        if (phone_brokers_has(p, b))
            return true;
    return false;
}

static bool phones_have_a_registrar(const struct phone_brokers *p)
{
    for (size_t b = 0; b < p->config->brokers_count; b++)
        if (phone_brokers_has(p, b) && p->config->brokers[b].registrar)
            return true;
    return false;
}

bool enrolment_in_alert(const struct members *m)
{
    const struct alert_standing *now = &m->needs.alert->now;
    return now->state != ALERT_QUIET && !now->drill;
}

/* Nobody on site may learn of an alert that is hidden there: then this answers as in quiet. A staff
 * phone joins by the root key alone, so it can be invited at any time. */
static const char *why_no_invitation(const struct members *m, bool staff,
                                     const struct enrolment_spare *spare)
{
    if (m->needs.config->venue.page[0] == '\0')
        return "no invitation was made: [venue] page is not set; write into porchlight.conf where "
               "the members' page is served, and reload (systemctl reload porchlightd)";
    if (!phones_have_a_broker(&m->brokers))
        return "no invitation was made: no [broker] has phones = set; write into porchlight.conf "
               "where phones reach it, and reload (systemctl reload porchlightd)";
    if (!clock_is_set())
        return "no invitation was made: the clock was never set, and phones would think that the "
               "invitation has expired; set it (timedatectl) and try again";
    if (!spare && !phones_have_a_registrar(&m->brokers))
        return "no invitation was made: no broker that phones use has a registrar, so nobody makes "
               "an account. Ask the operator for spare accounts, and name their file: porchlight "
               "invite --accounts FILE";
    if (spare && roster_find(m->registry.phones, spare->account))
        return "no invitation was made: a phone has this spare account already; remove its line "
               "from the file";
    if (!staff && enrolment_in_alert(m) && !m->needs.alert->now.calm)
        return "no invitation was made: an alert is active. A staff phone has to end it first. "
               "Where the root key is, porchlight root end does so too, and a staff phone can be "
               "invited now (porchlight invite --staff)";
    if (key_rotation_runs(m->rotation))
        return "no invitation was made: a new key is being sent to the phones; try again in a "
               "minute";
    return phone_brokers_any_up(&m->brokers) ? NULL
                                             : "no invitation was made: no broker that phones use "
                                               "is connected, so no phone could "
                                               "join; see porchlight status";
}

static const char *invitation_open(struct members *m, bool staff, const struct drawn *d,
                                   struct enrolment_invitation *i)
{
    if (link_write(&m->brokers, d, staff, i) < 0)
        return "no invitation was made: it is too long for a link; shorten the addresses in "
               "porchlight.conf";
    if (enrol_invite(m->invitations, i->account, staff, d->secret, clock_now()) != 0)
        return "no invitation was made: too many are open; wait 10 minutes, or stop a porchlight "
               "invite that still waits";
    const char *why = registry_invite(&m->registry, i->account, staff, d->password);
    if (why)
        enrolment_withdraw(m, i->account);
    return why;
}

const char *enrolment_invite(struct members *m, bool staff, bool on_screen,
                             const struct enrolment_spare *spare, struct enrolment_invitation *i)
{
    struct drawn d;
    const char *why = why_no_invitation(m, staff, spare);
    if (why)
        return why;
    invitation_draw(&d, spare);
    sodium_bin2hex(i->account, sizeof i->account, d.account, sizeof d.account);
    why = invitation_open(m, staff, &d, i);
    sodium_memzero(&d, sizeof d);
    if (why)
        return why;
    if (enrolment_in_alert(m))
        enrol_deaden(m->invitations);
    i->screens = on_screen ? screens_qr(m->needs.screens, i->link, SHOWN_S) : 0;
    if (i->screens > 0)
        memcpy(m->on_screen, i->account, sizeof i->account);
    return NULL;
}

/* --- ended ----------------------------------------------------------------------------------- */

static void refusal_send(const struct phone_brokers *b, const char *account,
                         enum enrol_reason reason, const uint8_t key[ENVELOPE_PUBLIC])
{
    struct mqtt_publication p = {
        .qos = 1, .expiry_s = topic_table[TOPIC_ENROL].expiry_s, .len = ENVELOPE_SIZE};
    struct envelope_place at = phone_brokers_enrol_place(b, account, p.topic);
    if (enrol_refuse(account, reason, key, &at, b->sealer->keys->secret, p.payload) == ENVELOPE_OK)
        phone_brokers_send(b, &p);
}

/* The code leaves the screen if it is shown there. */
static void code_hide(struct members *m, const char *account)
{
    if (strcmp(m->on_screen, account) != 0)
        return;
    m->on_screen[0] = '\0';
    screens_qr(m->needs.screens, "", 0);
}

/* An open invitation is over without a phone. The phone that has answered it learns why. */
static const char *invitation_end(struct members *m, const struct enrol_open *one,
                                  enum enrol_reason reason)
{
    char account[TOPIC_ID_LEN + 1];
    memcpy(account, one->account, sizeof account);
    const struct phone *p = roster_find(m->registry.phones, account);
    if (one->claimed)
        refusal_send(&m->brokers, account, reason, one->public);
    code_hide(m, account);
    if (reason != ENROL_REASON_COPIED) /* which is remembered */
        enrol_close(m->invitations, account);
    return p ? registry_remove(&m->registry, p, NULL) : NULL;
}

const char *enrolment_withdraw(struct members *m, const char *account)
{
    const struct enrol_open *one = enrol_find(m->invitations, account);
    return one ? invitation_end(m, one, ENROL_REASON_WITHDRAWN)
               : "no such invitation is open: it was used, has expired or was taken back";
}

void enrolment_withdraw_all(struct members *m)
{
    for (size_t i = 0; i < ENROL_OPEN_MAX; i++)
        if (m->invitations->open[i].standing == ENROL_OPEN)
            invitation_end(m, &m->invitations->open[i], ENROL_REASON_WITHDRAWN);
}

void enrolment_expire(struct members *m, int64_t now)
{
    struct enrol_judgement j;
    while ((j = enrol_tick(m->invitations, now)).verdict == ENROL_WITHDRAWN)
        invitation_end(m, j.one, j.reason);
}

/* --- letters --------------------------------------------------------------------------------- */

/* A letter to this kiosk, opened. */
struct letter {
    char text[ENVELOPE_LETTER_MAX + 1]; /* passwords may be in it */
    size_t len;
    uint8_t signature[64];
    struct envelope_place at;
    bool other_version;
};

/* A phone of another version is to learn why it is refused, so its letter is opened too. */
static int letter_open(const struct sealer *s, const struct mqtt_event *e, struct letter *l)
{
    uint8_t wire[ENVELOPE_SIZE];
    l->at = sealer_place(s, e->topic);
    if (e->retained || e->len != sizeof wire)
        return -1;
    memcpy(wire, e->payload, sizeof wire);
    l->other_version = wire[0] != ENVELOPE_VERSION;
    wire[0] = ENVELOPE_VERSION;
    return envelope_letter_open(s->keys->public, s->keys->secret, wire, sizeof wire, l->text,
                                &l->len, l->signature) != ENVELOPE_OK
               ? -1
               : 0;
}

static bool letter_signed_by(const struct letter *l, const uint8_t key[ENVELOPE_PUBLIC])
{
    return !l->other_version &&
           envelope_letter_signed(&l->at, key, l->signature, l->text, l->len) == ENVELOPE_OK;
}

static void welcome_send(const struct phone_brokers *b, const struct enrol_open *one)
{
    struct mqtt_publication p = {
        .qos = 1, .expiry_s = topic_table[TOPIC_ENROL].expiry_s, .len = ENVELOPE_SIZE};
    struct envelope_place at = phone_brokers_enrol_place(b, one->account, p.topic);
    const struct sealer_keys *k = b->sealer->keys;
    if (enrol_welcome(one, &at, k->secret, k->root, k->venue, p.payload) == ENVELOPE_OK)
        phone_brokers_send(b, &p);
}

static void digits_ask(const struct phone_brokers *b, const struct enrol_open *one)
{
    struct mqtt_publication p = {
        .qos = 1, .expiry_s = topic_table[TOPIC_ENROL].expiry_s, .len = ENVELOPE_SIZE};
    struct envelope_place at = phone_brokers_enrol_place(b, one->account, p.topic);
    if (enrol_ask_digits(one, &at, b->sealer->keys->secret, p.payload) == ENVELOPE_OK)
        phone_brokers_send(b, &p);
}

static void certificate_of(const struct enrol_open *one, uint8_t certificate[CERT_STAFF])
{
    memcpy(certificate, one->public, sizeof one->public);
    memcpy(certificate + sizeof one->public, one->certificate, sizeof one->certificate);
}

/* First the list and the certificate, then the brokers: a phone that is let in is always known. */
static void admit(struct members *m, const struct enrol_open *one)
{
    struct phone p = {.staff = one->staff, .standing = PHONE_IN};
    uint8_t certificate[CERT_STAFF];
    certificate_of(one, certificate);
    memcpy(p.account, one->account, sizeof p.account);
    memcpy(p.public, one->public, sizeof p.public);
    if (roster_put(m->registry.phones, &p) != 0 ||
        (p.staff && staff_certificate_write(m->needs.prefix, p.account, certificate) != 0)) {
        log_error("a phone that was invited could not join: %s; check the disk", strerror(errno));
        return;
    }
    const char *why = registry_admit(&m->registry, &p, one->password, p.staff ? certificate : NULL);
    if (why)
        log_error("a phone that was invited could not join: %s", why);
    if (p.staff)
        members_staff_read(m);
    code_hide(m, p.account);
    enrol_joined(m->invitations, p.account);
}

/* Another phone has the invitation's secret: the one that answered first learns of it, and so does
 * the host (admin_requests.c). */
static void on_copied(struct members *m, const struct enrol_open *one)
{
    log_warning(one->standing == ENROL_JOINED
                    ? "an invitation was used by one phone and then tried by another: somebody has "
                      "copied it. If the right phone did not join, porchlight revoke shuts out the "
                      "one that did"
                    : "an invitation was answered by two phones: somebody has copied it. Neither "
                      "of them was let in");
    if (one->standing == ENROL_JOINED)
        refusal_send(&m->brokers, one->account, ENROL_REASON_COPIED, one->public);
    else
        invitation_end(m, one, ENROL_REASON_COPIED);
}

static struct enrol_judgement letter_judge(struct enrol_list *invitations, const struct letter *l,
                                           const char *account, struct enrol_letter *letter)
{
    struct enrol_arrival a = {.letter = letter, .topic_account = account, .now = clock_now()};
    if (enrol_read(l->text, l->len, letter) != 0)
        return (struct enrol_judgement){.verdict = ENROL_REFUSED};
    letter->other_version = letter->other_version || l->other_version;
    const uint8_t *key = letter->done ? enrol_key(invitations, account) : letter->public;
    a.signed_by_key = key && letter_signed_by(l, key);
    randombytes_buf(a.nonce, sizeof a.nonce);
    return enrol_receive(invitations, &a);
}

static void letter_obey(struct members *m, const struct enrol_judgement *j,
                        const struct enrol_letter *letter)
{
    if (j->verdict == ENROL_WELCOME)
        welcome_send(&m->brokers, j->one);
    else if (j->verdict == ENROL_CONFIRM)
        digits_ask(&m->brokers, j->one);
    else if (j->verdict == ENROL_PROMOTED)
        admit(m, j->one);
    else if (j->verdict == ENROL_COPIED)
        on_copied(m, j->one);
    if (j->reason != ENROL_REASON_NONE && !letter->done)
        refusal_send(&m->brokers, letter->account, j->reason, letter->public);
}

bool enrolment_letter(struct members *m, const char *account, const struct mqtt_event *e)
{
    struct enrol_judgement j = {.verdict = ENROL_REFUSED};
    struct enrol_letter letter;
    struct letter l;
    if (e->len >= 2 && e->payload[1] == ENVELOPE_FORM_WELCOME)
        return true; /* the kiosk's own, which a broker of MQTT 3.1.1 sends back */
    if (enrol_is_dead(m->invitations, account))
        return true;
    if (letter_open(m->needs.sealer, e, &l) == 0) {
        j = letter_judge(m->invitations, &l, account, &letter);
        letter_obey(m, &j, &letter);
    }
    sodium_memzero(&letter, sizeof letter);
    sodium_memzero(&l, sizeof l);
    return j.verdict != ENROL_REFUSED && j.verdict != ENROL_COPIED;
}

static void readmit(struct members *m, const struct phone *p, const struct enrol_again *a,
                    size_t broker)
{
    const char *why = registry_readmit(&m->registry, p, a->password,
                                       staff_certificate(&m->staff, p->account), broker);
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
    good = good && m->needs.config->brokers[broker].registrar;
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

const char *enrolment_confirm(struct members *m, const char *account, const char *digits)
{
    struct enrol_judgement j = enrol_confirm(m->invitations, account, digits, clock_now());
    if (j.verdict == ENROL_CERTIFY)
        return NULL;
    if (j.verdict == ENROL_WITHDRAWN) {
        invitation_end(m, j.one, j.reason);
        return "the staff phone was not let in: wrong digits were typed in three times, so the "
               "invitation has ended. For a new one: sudo porchlight invite --staff";
    }
    if (!j.one)
        return "nothing was confirmed: no staff phone with that account waits for its digits";
    return j.one->tries == 1 ? "these are not the digits that the phone shows: 1 try is left"
                             : "these are not the digits that the phone shows: 2 tries are left";
}

const char *enrolment_certify(struct members *m, const char *account,
                              const uint8_t certificate[CERT_SIGNATURE])
{
    struct enrol_judgement j = enrol_certify(m->invitations, m->needs.sealer->keys->root, account,
                                             certificate, clock_now());
    if (j.verdict == ENROL_WELCOME) {
        welcome_send(&m->brokers, j.one);
        return NULL;
    }
    return j.reason == ENROL_REASON_CLOSED
               ? "the staff phone was not let in: no phone with that account waits for a "
                 "signature; the six digits that it shows have to be typed in first"
               : "the staff phone was not let in: this is not the root key's signature for it";
}
