#include "kiosk/mqtt/manners.h"

#include "kiosk/common/topics.h"

#include <mqtt_protocol.h>

void manners_begin(struct mqtt_manners *m, int64_t now)
{
    if (m->learnt_at != 0 && now - m->learnt_at > MANNERS_MEMORY)
        *m = (struct mqtt_manners){.five = m->five, .old = m->old};
}

struct manners_thing *manners_of(struct mqtt_manners *m, char kind, const char *topic, int how)
{
    uint64_t key = topic_hash(topic) ^ ((uint64_t)(unsigned char)kind << 8) ^ (uint64_t)how;
    for (struct manners_thing *t = m->things; t < m->things + MANNERS_THINGS; t++) {
        if (t->key == 0)
            *t = (struct manners_thing){.key = key, .kind = kind};
        if (t->key == key)
            return t;
    }
    return NULL;
}

static struct manners_thing *manners_family(struct mqtt_manners *m, const struct manners_thing *t)
{
    return t->family != 0 ? manners_of(m, 'f', "", t->family) : NULL;
}

static void manners_forgive(struct mqtt_manners *m)
{
    for (struct manners_thing *t = m->things; t < m->things + MANNERS_THINGS; t++)
        if (t->standing == MANNERS_BLAMED)
            t->standing = MANNERS_UNPROVEN;
    m->no_retain = false;
    m->retained_strikes = 0;
}

/* A broker that still hangs up when so many things have been left out does so for another reason.
 */
bool manners_blame(struct mqtt_manners *m, struct manners_thing *t, bool retained, bool certain,
                   int64_t now)
{
    retained = retained && !m->retains; /* else it is about this topic */
    unsigned char *strikes = retained ? &m->retained_strikes : &t->strikes;
    bool wait = (retained || t->needed) && !certain;
    m->early++;
    m->learnt_at = now;
    if (m->early == MANNERS_EARLY_MOST)
        manners_forgive(m);
    if (m->early >= MANNERS_EARLY_MOST)
        return false;
    if (*strikes < UINT8_MAX)
        ++*strikes;
    if (wait && *strikes < MANNERS_STRIKES)
        return true;
    struct manners_thing *family = manners_family(m, t);
    if (retained) {
        m->no_retain = true;
    } else {
        t->standing = MANNERS_BLAMED;
        if (family) {
            family->standing = MANNERS_BLAMED;
            if (family->strikes < UINT8_MAX)
                ++family->strikes;
        }
    }
    return true;
}

void manners_prove(struct mqtt_manners *m, struct manners_thing *t, bool retained)
{
    t->standing = MANNERS_PROVEN;
    t->strikes = 0;
    if (retained) {
        m->retains = true;
        m->retained_strikes = 0;
    }
}

/* One chance, one more later for what is needed, and no third. */
static bool manners_is_due(bool needed, unsigned strikes, int64_t lasted)
{
    unsigned chances = needed && strikes > 1 ? strikes - 1 : strikes;
    return chances == 1   ? lasted >= MANNERS_CHANCE
           : chances == 2 ? needed && lasted >= MANNERS_CHANCE_LATER
                          : false;
}

bool manners_chance(struct manners_thing *t, int64_t lasted)
{
    if (t->standing != MANNERS_BLAMED || !manners_is_due(t->needed, t->strikes, lasted))
        return false;
    t->standing = MANNERS_UNPROVEN;
    return true;
}

bool manners_leaves_out(struct mqtt_manners *m, struct manners_thing *t, int64_t lasted)
{
    struct manners_thing *family = manners_family(m, t);
    if (t->standing == MANNERS_PROVEN)
        return false;
    if (family && family->standing == MANNERS_BLAMED && !manners_chance(family, lasted))
        return true;
    return t->standing == MANNERS_BLAMED && !manners_chance(t, lasted);
}

bool manners_asks_again(unsigned refusals, int64_t lasted)
{
    return refusals > 0 && lasted >= refusals * MANNERS_CHANCE;
}

bool manners_chance_retain(struct mqtt_manners *m, int64_t lasted)
{
    if (!m->no_retain || !manners_is_due(true, m->retained_strikes, lasted))
        return false;
    m->no_retain = false;
    return true;
}

bool manners_is_old(const struct mqtt_manners *m)
{
    return m->old || (!m->five && m->silent >= MANNERS_SILENT_OLD);
}

void manners_old(struct mqtt_manners *m)
{
    if (m->guessed)
        m->no_will = m->will_unretained = m->guessed = false;
    m->silent = 0;
    m->old = true;
}

void manners_taken(struct mqtt_manners *m)
{
    m->five = true;
    m->old = false;
}

void manners_lasted(struct mqtt_manners *m)
{
    if (m->guessed) /* perhaps it only came back by then: the next connection asks for all */
        m->no_will = m->will_unretained = m->guessed = false;
    m->early = 0;
    m->silent = 0;
}

/* The will may be what it does not want: after a few times one that is not retained is tried, then
 * none. */
static bool manners_hung_up(struct mqtt_manners *m, bool has_will)
{
    enum { WHOLE = 4, EACH = 2 };
    m->silent = m->silent == WHOLE + 2 * EACH ? 0 : m->silent + 1;
    if (!has_will && !m->no_will)
        return false;
    m->guessed = m->silent >= WHOLE;
    m->will_unretained = m->guessed && m->silent < WHOLE + EACH;
    m->no_will = m->guessed && !m->will_unretained;
    return false;
}

static bool manners_learn(bool *what)
{
    bool is_new = !*what;
    *what = true;
    return is_new;
}

bool manners_refused(struct mqtt_manners *m, int reason, bool has_will, int64_t now)
{
    m->learnt_at = now;
    switch (reason) {
    case 0:
        return manners_hung_up(m, has_will);
    case -1:
    case MQTT_RC_CLIENTID_NOT_VALID:
        m->id_excluded = m->id_excluded || m->no_id;
        m->no_id = !m->id_excluded;
        return m->no_id;
    case MQTT_RC_RETAIN_NOT_SUPPORTED:
        return manners_learn(&m->no_retain) || (has_will && manners_learn(&m->no_will));
    case MQTT_RC_QOS_NOT_SUPPORTED:
        return manners_learn(&m->no_qos) || (has_will && manners_learn(&m->no_will));
    case MQTT_RC_PACKET_TOO_LARGE:
    case MQTT_RC_TOPIC_NAME_INVALID:
        return has_will && manners_learn(&m->no_will);
    case MQTT_RC_NOT_AUTHORIZED: /* of the account, or of its will's topic */
        if (m->no_will && !m->will_excluded) {
            m->no_will = false;
            m->will_excluded = true;
            return false;
        }
        return has_will && !m->will_excluded && manners_learn(&m->no_will);
    default:
        return false;
    }
}
