#include "kiosk/alertd/members/key_rotation.h"

#include "kiosk/common/clock.h"
#include "kiosk/core/enrol.h"
#include "kiosk/core/ns.h"

#include <sodium.h>
#include <string.h>

/* Eighty phones a second and broker; a broker's queue holds 64 publications. */
#define PACE (100 * NS_PER_MS)
enum { AT_ONCE = 8 };
/* A broker may have dropped what it acknowledged; a phone without the key reads nothing. So it is
 * sent again, each time after twice as long, which is about as long as it was dropped for. */
#define AGAIN_FIRST (40 * NS_PER_S)
#define AGAIN       (300 * NS_PER_S)

struct key_rotation {
    bool runs, known;
    uint8_t key[ENVELOPE_KEY]; /* while it runs */
    struct {
        bool sending;
        char last[TOPIC_ID_LEN + 1]; /* the last phone it was sent to; "": none yet */
    } brokers[CONFIG_BROKERS_MAX];
    int64_t due;   /* when the next are sent */
    int64_t pause; /* until all of them are sent again */
};

struct key_rotation *key_rotation_new(void)
{
    struct key_rotation *r = sodium_malloc(sizeof *r);
    if (!r)
        return NULL;
    sodium_memzero(r, sizeof *r);
    r->due = NS_NEVER;
    r->pause = AGAIN_FIRST;
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

bool key_rotation_is_known(const struct key_rotation *r)
{
    return r->known;
}

bool key_rotation_is_of(const struct key_rotation *r, const uint8_t key[ENVELOPE_KEY])
{
    return r->runs && sodium_memcmp(r->key, key, sizeof r->key) == 0;
}

void key_rotation_end(struct key_rotation *r)
{
    r->runs = false;
    sodium_memzero(r->key, sizeof r->key);
}

static const struct phone *next_in(const struct roster *p, const char *account)
{
    const struct phone *one = roster_after(p, account);
    while (one && (one->standing != PHONE_IN || one->relay))
        one = roster_after(p, one->account);
    return one;
}

/* --- sending --------------------------------------------------------------------------------- */

static int key_rotation_send(const struct key_rotation *r, const struct phone_brokers *b,
                             size_t broker, const struct phone *one)
{
    struct mqtt_publication p = {.qos = 1, .retain = true, .len = ENVELOPE_SIZE};
    const struct sealer_keys *keys = b->sealer->keys;
    struct envelope_place at = phone_brokers_enrol_place(b, one->account, p.topic);
    if (enrol_rotate(one->public, &at, keys->secret, r->runs ? r->key : keys->venue, p.payload) !=
        ENVELOPE_OK)
        return 0; /* nothing can be sealed to this phone's key: it is skipped */
    return delivery_say(b->delivery, broker, &p);
}

static void send_some(struct key_rotation *r, const struct roster *phones,
                      const struct phone_brokers *b, size_t broker)
{
    for (int n = 0; n < AT_ONCE; n++) {
        const struct phone *one = next_in(phones, r->brokers[broker].last);
        if (!one) {
            r->brokers[broker].sending = false;
            return;
        }
        if (key_rotation_send(r, b, broker, one) != 0)
            return; /* later */
        memcpy(r->brokers[broker].last, one->account, sizeof one->account);
    }
}

static void begin_sending(struct key_rotation *r, size_t broker)
{
    r->brokers[broker].sending = true;
    r->brokers[broker].last[0] = '\0';
    r->due = clock_now();
}

void key_rotation_broker_up(struct key_rotation *r, const struct roster *phones, size_t broker)
{
    if (!r->runs && !roster_rotated(phones))
        return;
    r->pause = AGAIN_FIRST; /* what it drops now is not what it dropped before */
    begin_sending(r, broker);
}

static bool is_sending(const struct key_rotation *r, const struct phone_brokers *b, size_t broker)
{
    return r->brokers[broker].sending && phone_brokers_is_up(b, broker);
}

static bool sends_any(const struct key_rotation *r, const struct phone_brokers *b)
{
    for (size_t i = 0; i < CONFIG_BROKERS_MAX; i++)
        if (is_sending(r, b, i))
            return true;
    return false;
}

void key_rotation_time(struct key_rotation *r, const struct roster *phones,
                       const struct phone_brokers *b, int64_t now)
{
    if (now < r->due)
        return;
    bool again = !sends_any(r, b);
    for (size_t i = 0; i < CONFIG_BROKERS_MAX; i++) {
        if (again && phone_brokers_has(b, i))
            begin_sending(r, i);
        if (is_sending(r, b, i))
            send_some(r, phones, b, i);
    }
    bool more = sends_any(r, b);
    r->due = now + (more ? PACE : r->pause);
    if (!more)
        r->pause = 2 * r->pause < AGAIN ? 2 * r->pause : AGAIN;
}

int64_t key_rotation_deadline(const struct key_rotation *r)
{
    return r->due;
}

void key_rotation_forget(struct key_rotation *r, const struct roster *phones,
                         const struct phone_brokers *b, const char *account)
{
    struct mqtt_publication p = {.qos = 1, .retain = true};
    r->known = r->runs;
    if (!roster_rotated(phones))
        return;
    phone_brokers_enrol_place(b, account, p.topic);
    phone_brokers_send(b, &p);
}

/* --- the change ------------------------------------------------------------------------------ */

int key_rotation_begin(struct key_rotation *r, struct roster *phones, const struct phone_brokers *b,
                       const uint8_t key[ENVELOPE_KEY])
{
    if (roster_set_rotated(phones) != 0)
        return -1;
    r->runs = true;
    r->known = false;
    r->pause = AGAIN_FIRST;
    memcpy(r->key, key, sizeof r->key);
    for (size_t i = 0; i < CONFIG_BROKERS_MAX; i++)
        if (phone_brokers_has(b, i))
            begin_sending(r, i);
    return 0;
}

size_t key_rotation_left(const struct key_rotation *r, const struct roster *phones,
                         const struct phone_brokers *b)
{
    size_t n = 0;
    for (size_t i = 0; i < CONFIG_BROKERS_MAX; i++) {
        if (!is_sending(r, b, i))
            continue;
        for (const struct phone *p = next_in(phones, r->brokers[i].last); p;
             p = next_in(phones, p->account))
            n++;
    }
    return n;
}
