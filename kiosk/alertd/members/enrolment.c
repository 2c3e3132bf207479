#include "kiosk/alertd/members/enrolment.h"

#include "config/secret.h"
#include "kiosk/alertd/members/key_rotation.h"
#include "kiosk/alertd/members/staff.h"
#include "kiosk/common/clock.h"
#include "kiosk/common/log.h"
#include "kiosk/core/ns.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { SHOWN_S = 60, PASSWORD_BYTES = 24 };

/* --- invitations ----------------------------------------------------------------------------- */

static int newcomer_make(struct registry *d, const char *account, const char *password)
{
    struct account_request e = {.kind = ACCOUNT_REQUEST_ACCOUNT, .who = ROLE_NEWCOMER};
    memcpy(e.account, account, sizeof e.account);
    snprintf(e.password, sizeof e.password, "%s", password);
    int rc = account_requests_add(d->errands, &e);
    sodium_memzero(&e, sizeof e);
    return rc;
}

static int link_write(const struct kiosk *k, const char *password, bool staff,
                      struct enrolment_invitation *i)
{
    const struct config *c = &k->config;
    struct enrol_invitation all = {.page = c->venue.page,
                                   .account = i->account,
                                   .password = password,
                                   .venue = c->venue.id,
                                   .kiosk = c->kiosk.id,
                                   .expires = clock_wall_seconds() + ENROL_VALID_FOR / NS_PER_S,
                                   .kiosk_public = k->sealer.keys->public,
                                   .root_public = k->sealer.keys->root,
                                   .staff = staff,
                                   .push = c->venue.push[0] != '\0' ? c->venue.push : NULL};
    for (size_t b = 0; b < c->brokers_count && all.brokers_count < ENROL_BROKERS_MAX; b++)
        if (registry_is_for_phones(k, b))
            all.brokers[all.brokers_count++] = c->brokers[b].phones;
    return enrol_link(&all, i->link);
}

static const char *may_invite(const struct kiosk *k)
{
    bool any = false, up = false;
    if (k->config.venue.page[0] == '\0')
        return "[venue] page is not set; write into porchlight.conf where the members' page is "
               "served, and reload";
    for (size_t b = 0; b < k->config.brokers_count; b++) {
        any = any || registry_is_for_phones(k, b);
        up = up || (registry_is_for_phones(k, b) && delivery_is_up(k->delivery, b));
    }
    if (!any)
        return "no [broker] has phones = set; write into porchlight.conf where phones reach it, "
               "and reload";
    if (!clock_is_set())
        return "the clock was never set, and phones would take the invitation for an expired one; "
               "set it (timedatectl) and try again";
    /* Surfaces on site must not tell an alert that they hide, so it is told like a broker's. A
     * drill hides from nobody, and shows that a phone is missing. */
    bool alert = k->alert.now.state != ALERT_QUIET && !k->alert.now.drill;
    return !up || alert || key_rotation_runs(k->registry->rekey)
               ? "no invitation can be made now; look at porchlight status, and try again later"
               : NULL;
}

static const char *enrolment_invite_one(struct kiosk *k, bool staff, const char *password,
                                        struct enrolment_invitation *i)
{
    struct registry *d = k->registry;
    struct phone one = {.staff = staff, .standing = PHONE_INVITED};
    memcpy(one.account, i->account, sizeof one.account);
    if (link_write(k, password, staff, i) < 0)
        return "the invitation is too long for a link; shorten the addresses in porchlight.conf";
    if (enrol_invite(d->open, i->account, staff, clock_now()) != 0)
        return "as many invitations are open as can be; wait ten minutes, or withdraw one";
    if (roster_put(d->phones, &one) != 0) {
        enrol_close(d->open, i->account);
        return "the book of phones cannot be written; look at the disk (porchlight doctor)";
    }
    if (newcomer_make(d, i->account, password) == 0)
        return NULL;
    registry_withdraw(k, i->account);
    return "too much waits to be done at a broker; look at porchlight phones";
}

const char *enrolment_invite(struct kiosk *k, bool staff, bool on_screen,
                             struct enrolment_invitation *i)
{
    enum { VARIANT = sodium_base64_VARIANT_URLSAFE_NO_PADDING };
    uint8_t account[ENVELOPE_ID], random[PASSWORD_BYTES];
    char password[sodium_base64_ENCODED_LEN(PASSWORD_BYTES, VARIANT)];
    const char *why = may_invite(k);
    if (why)
        return why;
    randombytes_buf(account, sizeof account);
    randombytes_buf(random, sizeof random);
    sodium_bin2hex(i->account, sizeof i->account, account, sizeof account);
    sodium_bin2base64(password, sizeof password, random, sizeof random, VARIANT);
    why = enrolment_invite_one(k, staff, password, i);
    sodium_memzero(random, sizeof random);
    sodium_memzero(password, sizeof password);
    if (why)
        return why;
    i->screens = on_screen ? screens_qr(k->screens, i->link, SHOWN_S) : 0;
    if (i->screens > 0)
        memcpy(k->registry->shown, i->account, sizeof i->account);
    return NULL;
}

/* --- letters --------------------------------------------------------------------------------- */

static void enrolment_place_of(const struct kiosk *k, const char *topic, struct envelope_place *at)
{
    *at = (struct envelope_place){.topic = topic};
    memcpy(at->venue, k->sealer.venue, sizeof at->venue);
    memcpy(at->kiosk, k->sealer.kiosk, sizeof at->kiosk);
}

static void welcome(struct kiosk *k, const struct enrol_open *one)
{
    struct envelope_place at;
    struct mqtt_publication p = {.qos = 1, .expiry_s = topic_table[TOPIC_ENROL].expiry_s};
    p.len = ENVELOPE_SIZE;
    topic_name(TOPIC_ENROL, k->sealer.venue_id, k->sealer.kiosk_id, one->account, p.topic);
    enrolment_place_of(k, p.topic, &at);
    if (enrol_welcome(one, &at, k->sealer.keys->secret, k->sealer.keys->venue, p.payload) !=
        ENVELOPE_OK)
        return;
    for (size_t i = 0; i < k->config.brokers_count; i++)
        if (registry_is_for_phones(k, i))
            delivery_say(k->delivery, i, &p);
}

static int staff_write(const struct kiosk *k, const struct enrol_open *one)
{
    char folder[PATH_LEN], path[2 * PATH_LEN];
    uint8_t cert[CERT_STAFF];
    memcpy(cert, one->public, sizeof one->public);
    memcpy(cert + sizeof one->public, one->certificate, sizeof one->certificate);
    if (path_under(k->prefix, PATH_STAFF, folder) != 0 ||
        (mkdir(folder, 0755) != 0 && errno != EEXIST))
        return -1;
    snprintf(path, sizeof path, "%s/%s.cert", folder, one->account);
    return secret_write_key(path, cert, sizeof cert, 0644);
}

/* First the book and the certificate, then the brokers: a phone that is let in is always known. */
static void promote(struct kiosk *k, const struct enrol_open *one)
{
    struct registry *d = k->registry;
    struct phone entry = {.staff = one->staff, .standing = PHONE_IN};
    struct account_request e = {.kind = ACCOUNT_REQUEST_PROMOTE,
                                .who = one->staff ? ROLE_STAFF : ROLE_MEMBER};
    memcpy(entry.account, one->account, sizeof entry.account);
    memcpy(entry.public, one->public, sizeof entry.public);
    if (roster_put(d->phones, &entry) != 0 || (one->staff && staff_write(k, one) != 0)) {
        log_error("a new phone cannot be entered: %s; look at the disk", strerror(errno));
        return;
    }
    memcpy(e.account, one->account, sizeof e.account);
    memcpy(e.password, one->password, sizeof e.password);
    if (account_requests_add(d->errands, &e) != 0)
        log_error("a new phone cannot be let in: too much waits to be done at a broker");
    sodium_memzero(&e, sizeof e);
    if (one->staff)
        staff_read(k);
    registry_unshow(k, entry.account);
    enrol_close(d->open, entry.account);
}

static enum enrol_verdict enrolment_judge(struct kiosk *k, const char *account,
                                          const struct mqtt_event *e, const struct enrol_open **one)
{
    const struct sealer_keys *keys = k->sealer.keys;
    char text[ENVELOPE_LETTER_MAX + 1];
    uint8_t signature[64];
    struct enrol_letter letter;
    struct envelope_place at;
    size_t len;
    enrolment_place_of(k, e->topic, &at);
    if (e->retained ||
        envelope_letter_open(keys->public, keys->secret, e->payload, e->len, text, &len,
                             signature) != ENVELOPE_OK ||
        enrol_read(text, len, &letter) != 0)
        return ENROL_REFUSED;
    const uint8_t *key = letter.done ? enrol_key(k->registry->open, account) : letter.public;
    bool signed_by = key && envelope_letter_signed(&at, key, signature, text, len) == ENVELOPE_OK;
    enum enrol_verdict v =
        enrol_receive(k->registry->open, &letter, account, signed_by, clock_now(), one);
    sodium_memzero(text, sizeof text);
    sodium_memzero(&letter, sizeof letter);
    return v;
}

void enrolment_letter(struct kiosk *k, const char *account, const struct mqtt_event *e)
{
    const struct enrol_open *one = NULL;
    if (!k->registry || (e->len >= 2 && e->payload[1] == ENVELOPE_FORM_WELCOME))
        return; /* our own, come back from a broker of 3.1.1 */
    switch (enrolment_judge(k, account, e, &one)) {
    case ENROL_WELCOME:
        welcome(k, one);
        break;
    case ENROL_PROMOTED:
        promote(k, one);
        break;
    case ENROL_CERTIFY: /* porchlight invite asks who has claimed it */
    case ENROL_WITHDRAWN:
    case ENROL_NOTHING:
        break;
    case ENROL_REFUSED:
        k->refused[COMMAND_UNKNOWN]++; /* nobody whom an invitation waits for */
        break;
    }
}

/* By its address, as phones are told it; none: CONFIG_BROKERS_MAX. */
static size_t broker_at(const struct kiosk *k, const char *address)
{
    for (size_t i = 0; i < k->config.brokers_count; i++)
        if (registry_is_for_phones(k, i) && strcmp(k->config.brokers[i].phones, address) == 0)
            return i;
    return CONFIG_BROKERS_MAX;
}

/* The account is made if it is not there; and as a half-joined one may be, it gets its role and the
 * password in any case. */
static void let_in_at(struct kiosk *k, const struct phone *p, const struct enrol_again *a,
                      size_t broker)
{
    struct account_request e = {.kind = ACCOUNT_REQUEST_ACCOUNT,
                                .who = p->staff ? ROLE_STAFF : ROLE_MEMBER};
    memcpy(e.account, a->account, sizeof e.account);
    memcpy(e.password, a->password, sizeof e.password);
    int rc = account_requests_add_at(k->registry->errands, &e, broker);
    e.kind = ACCOUNT_REQUEST_PROMOTE;
    if (rc != 0 || account_requests_add_at(k->registry->errands, &e, broker) != 0)
        log_error("a phone cannot be let in: too much waits to be done at a broker");
    else
        log_info("broker %s: a phone that it did not know is let in",
                 k->config.brokers[broker].name);
    sodium_memzero(&e, sizeof e);
}

bool enrolment_again(struct kiosk *k, const char *account, const struct mqtt_event *e)
{
    const struct sealer_keys *keys = k->sealer.keys;
    char text[ENVELOPE_LETTER_MAX + 1];
    uint8_t signature[64];
    struct enrol_again a;
    struct envelope_place at;
    size_t len, broker;
    if (!k->registry || e->retained ||
        envelope_letter_open(keys->public, keys->secret, e->payload, e->len, text, &len,
                             signature) != ENVELOPE_OK)
        return false;
    bool good = enrol_again_read(text, len, &a) == 0 && strcmp(a.account, account) == 0;
    const struct phone *p = good ? roster_find(k->registry->phones, account) : NULL;
    enrolment_place_of(k, e->topic, &at);
    good = p && p->standing == PHONE_IN && !p->relay &&
           envelope_letter_signed(&at, p->public, signature, text, len) == ENVELOPE_OK &&
           (broker = broker_at(k, a.broker)) < CONFIG_BROKERS_MAX;
    if (good && account_requests_left(k->registry->errands, broker, account) == 0 &&
        roster_help(k->registry->phones, account, broker))
        let_in_at(k, p, &a, broker);
    sodium_memzero(text, sizeof text);
    sodium_memzero(&a, sizeof a);
    return good;
}

const char *enrolment_certify(struct kiosk *k, const char *account,
                              const uint8_t certificate[CERT_SIGNATURE])
{
    const struct enrol_open *one = NULL;
    if (enrol_certify(k->registry->open, k->sealer.venue, k->sealer.keys->root, account,
                      certificate, &one) != ENROL_WELCOME)
        return "this is not the root key's signature for that phone";
    welcome(k, one);
    return NULL;
}
