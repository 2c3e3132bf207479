#include "kiosk/alertd/rekey.h"

#include "kiosk/alertd/desk.h"
#include "kiosk/common/clock.h"
#include "kiosk/common/log.h"
#include "kiosk/core/ns.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

/* Eighty phones a second and broker; a broker's queue holds 64 publications. */
#define PACE (100 * NS_PER_MS)
enum { AT_ONCE = 8 };

struct rekey {
    bool runs;
    uint8_t key[ENVELOPE_KEY]; /* while it runs */
    struct {
        bool telling;
        char last[TOPIC_ID_LEN + 1]; /* the last that was told; "": none yet */
    } brokers[CONFIG_BROKERS_MAX];
    int64_t due; /* when the next are told */
};

struct rekey *rekey_new(void)
{
    struct rekey *r = sodium_malloc(sizeof *r);
    if (r == NULL)
        return NULL;
    sodium_memzero(r, sizeof *r);
    r->due = NS_NEVER;
    return r;
}

void rekey_free(struct rekey *r)
{
    sodium_free(r);
}

bool rekey_runs(const struct rekey *r)
{
    return r->runs;
}

static const struct phone *next_in(const struct phones *p, const char *account)
{
    const struct phone *one = phones_after(p, account);
    while (one != NULL && one->standing != PHONE_IN)
        one = phones_after(p, one->account);
    return one;
}

static void name_of(const struct kiosk *k, const char *account, char out[TOPIC_NAME_MAX])
{
    topic_name(TOPIC_ENROL, k->compose.venue_id, k->compose.kiosk_id, account, out);
}

/* --- telling ------------------------------------------------------------------------------------
 */

static int tell(struct kiosk *k, size_t broker, const struct phone *one)
{
    const struct rekey *r = k->desk->rekey;
    struct broker_publication p = {.qos = 1, .retain = true, .len = ENVELOPE_SIZE};
    struct envelope_place at = {.topic = p.topic};
    memcpy(at.venue, k->compose.venue, sizeof at.venue);
    memcpy(at.kiosk, k->compose.kiosk, sizeof at.kiosk);
    name_of(k, one->account, p.topic);
    if (enrol_rotate(one->public, &at, k->compose.keys->secret,
                     r->runs ? r->key : k->compose.keys->venue, p.payload) != ENVELOPE_OK)
        return 0; /* a key that nothing can be sealed to: that phone is passed over */
    return delivery_say(k->delivery, broker, &p);
}

static void tell_some(struct kiosk *k, size_t broker)
{
    struct rekey *r = k->desk->rekey;
    for (int n = 0; n < AT_ONCE; n++) {
        const struct phone *one = next_in(k->desk->phones, r->brokers[broker].last);
        if (one == NULL) {
            r->brokers[broker].telling = false;
            return;
        }
        if (tell(k, broker, one) != 0)
            return; /* later */
        memcpy(r->brokers[broker].last, one->account, sizeof one->account);
    }
}

static void begin_telling(struct rekey *r, size_t broker)
{
    r->brokers[broker].telling = true;
    r->brokers[broker].last[0] = '\0';
    r->due = clock_now();
}

void rekey_up(struct kiosk *k, size_t broker)
{
    if (k->desk->rekey->runs || phones_rotated(k->desk->phones))
        begin_telling(k->desk->rekey, broker);
}

void rekey_time(struct kiosk *k, int64_t now)
{
    struct rekey *r = k->desk->rekey;
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

int64_t rekey_deadline(const struct rekey *r)
{
    return r->due;
}

void rekey_forget(struct kiosk *k, const char *account)
{
    struct broker_publication p = {.qos = 1, .retain = true};
    if (!phones_rotated(k->desk->phones))
        return;
    name_of(k, account, p.topic);
    for (size_t i = 0; i < k->config.brokers_count; i++)
        if (k->config.brokers[i].phones[0] != '\0')
            delivery_say(k->delivery, i, &p);
}

/* --- the change ---------------------------------------------------------------------------------
 */

int rekey_begin(struct kiosk *k, const uint8_t key[ENVELOPE_KEY])
{
    struct rekey *r = k->desk->rekey;
    if (phones_set_rotated(k->desk->phones) != 0)
        return -1;
    desk_close(k);
    r->runs = true;
    memcpy(r->key, key, sizeof r->key);
    for (size_t i = 0; i < k->config.brokers_count; i++)
        if (k->config.brokers[i].phones[0] != '\0')
            begin_telling(r, i);
    return 0;
}

size_t rekey_left(const struct kiosk *k)
{
    const struct rekey *r = k->desk->rekey;
    size_t n = 0;
    for (size_t i = 0; i < k->config.brokers_count; i++) {
        if (!r->brokers[i].telling || !delivery_is_up(k->delivery, i))
            continue;
        for (const struct phone *p = next_in(k->desk->phones, r->brokers[i].last); p != NULL;
             p = next_in(k->desk->phones, p->account))
            n++;
    }
    return n;
}

/* Wills lie with the brokers sealed under the old key: every connection is begun anew. */
int rekey_finish(struct kiosk *k, const uint8_t key[ENVELOPE_KEY])
{
    struct rekey *r = k->desk->rekey;
    struct compose_keys *old;
    if (!r->runs || sodium_memcmp(r->key, key, sizeof r->key) != 0 ||
        compose_rekey(&k->compose, key, &old) != 0)
        return -1;
    r->runs = false;
    sodium_memzero(r->key, sizeof r->key);
    if (delivery_swap(k->delivery, &k->config, k->passwords) != 0)
        log_error("not every broker's thread could be started: %s", strerror(errno));
    sodium_free(old);
    act_state(k);
    return 0;
}
