#include "kiosk/alertd/members/key_rotation.h"

#include "kiosk/alertd/members/registry.h"
#include "kiosk/common/clock.h"
#include "kiosk/common/log.h"
#include "kiosk/core/ns.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

/* Eighty phones a second and broker; a broker's queue holds 64 publications. */
#define PACE (100 * NS_PER_MS)
enum { AT_ONCE = 8 };

struct key_rotation {
    bool runs;
    uint8_t key[ENVELOPE_KEY]; /* while it runs */
    struct {
        bool telling;
        char last[TOPIC_ID_LEN + 1]; /* the last that was told; "": none yet */
    } brokers[CONFIG_BROKERS_MAX];
    int64_t due; /* when the next are told */
};

struct key_rotation *key_rotation_new(void)
{
    struct key_rotation *r = sodium_malloc(sizeof *r);
    if (!r)
        return NULL;
    sodium_memzero(r, sizeof *r);
    r->due = NS_NEVER;
    return r;
}

void key_rotation_free(struct key_rotation *r)
{
    sodium_free(r);
}

bool key_rotation_runs(const struct key_rotation *r)
{
    return r->runs;
}

static const struct phone *next_in(const struct roster *p, const char *account)
{
    const struct phone *one = roster_after(p, account);
    while (one && one->standing != PHONE_IN)
        one = roster_after(p, one->account);
    return one;
}

static void key_rotation_name_of(const struct kiosk *k, const char *account,
                                 char out[TOPIC_NAME_MAX])
{
    topic_name(TOPIC_ENROL, k->sealer.venue_id, k->sealer.kiosk_id, account, out);
}

/* --- telling --------------------------------------------------------------------------------- */

static int key_rotation_tell(struct kiosk *k, size_t broker, const struct phone *one)
{
    const struct key_rotation *r = k->registry->rekey;
    struct mqtt_publication p = {.qos = 1, .retain = true, .len = ENVELOPE_SIZE};
    struct envelope_place at = {.topic = p.topic};
    memcpy(at.venue, k->sealer.venue, sizeof at.venue);
    memcpy(at.kiosk, k->sealer.kiosk, sizeof at.kiosk);
    key_rotation_name_of(k, one->account, p.topic);
    if (enrol_rotate(one->public, &at, k->sealer.keys->secret,
                     r->runs ? r->key : k->sealer.keys->venue, p.payload) != ENVELOPE_OK)
        return 0; /* a key that nothing can be sealed to: that phone is passed over */
    return delivery_say(k->delivery, broker, &p);
}

static void tell_some(struct kiosk *k, size_t broker)
{
    struct key_rotation *r = k->registry->rekey;
    for (int n = 0; n < AT_ONCE; n++) {
        const struct phone *one = next_in(k->registry->phones, r->brokers[broker].last);
        if (!one) {
            r->brokers[broker].telling = false;
            return;
        }
        if (key_rotation_tell(k, broker, one) != 0)
            return; /* later */
        memcpy(r->brokers[broker].last, one->account, sizeof one->account);
    }
}

static void begin_telling(struct key_rotation *r, size_t broker)
{
    r->brokers[broker].telling = true;
    r->brokers[broker].last[0] = '\0';
    r->due = clock_now();
}

void key_rotation_up(struct kiosk *k, size_t broker)
{
    if (k->registry->rekey->runs || roster_rotated(k->registry->phones))
        begin_telling(k->registry->rekey, broker);
}

void key_rotation_time(struct kiosk *k, int64_t now)
{
    struct key_rotation *r = k->registry->rekey;
    bool more = false;
    if (now < r->due)
        return;
    for (size_t i = 0; i < k->config.brokers_count; i++) {
        if (r->brokers[i].telling && delivery_is_up(k->delivery, i))
            tell_some(k, i);
        more = more || (r->brokers[i].telling && delivery_is_up(k->delivery, i));
    }
    r->due = more ? now + PACE : NS_NEVER;
}

int64_t key_rotation_deadline(const struct key_rotation *r)
{
    return r->due;
}

void key_rotation_forget(struct kiosk *k, const char *account)
{
    struct mqtt_publication p = {.qos = 1, .retain = true};
    if (!roster_rotated(k->registry->phones))
        return;
    key_rotation_name_of(k, account, p.topic);
    for (size_t i = 0; i < k->config.brokers_count; i++)
        if (k->config.brokers[i].phones[0] != '\0')
            delivery_say(k->delivery, i, &p);
}

/* --- the change ------------------------------------------------------------------------------ */

int key_rotation_begin(struct kiosk *k, const uint8_t key[ENVELOPE_KEY])
{
    struct key_rotation *r = k->registry->rekey;
    if (roster_set_rotated(k->registry->phones) != 0)
        return -1;
    registry_close(k);
    r->runs = true;
    memcpy(r->key, key, sizeof r->key);
    for (size_t i = 0; i < k->config.brokers_count; i++)
        if (k->config.brokers[i].phones[0] != '\0')
            begin_telling(r, i);
    return 0;
}

size_t key_rotation_left(const struct kiosk *k)
{
    const struct key_rotation *r = k->registry->rekey;
    size_t n = 0;
    for (size_t i = 0; i < k->config.brokers_count; i++) {
        if (!r->brokers[i].telling || !delivery_is_up(k->delivery, i))
            continue;
        for (const struct phone *p = next_in(k->registry->phones, r->brokers[i].last); p;
             p = next_in(k->registry->phones, p->account))
            n++;
    }
    return n;
}

/* Wills lie with the brokers sealed under the old key: every connection is begun anew. */
int key_rotation_finish(struct kiosk *k, const uint8_t key[ENVELOPE_KEY])
{
    struct key_rotation *r = k->registry->rekey;
    struct sealer_keys *old;
    if (!r->runs || sodium_memcmp(r->key, key, sizeof r->key) != 0 ||
        sealer_rekey(&k->sealer, key, &old) != 0)
        return -1;
    r->runs = false;
    sodium_memzero(r->key, sizeof r->key);
    if (delivery_swap(k->delivery, &k->config, k->passwords) != 0)
        log_error("not every broker's thread could be started: %s", strerror(errno));
    sodium_free(old);
    actions_state(k);
    return 0;
}
