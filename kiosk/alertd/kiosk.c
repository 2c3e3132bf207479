#include "kiosk/alertd/kiosk.h"

#include "kiosk/alertd/events.h"
#include "kiosk/alertd/kiosk_parts.h"
#include "kiosk/common/clock.h"

#include <sodium.h>
#include <string.h>

/* How often the plan of the weekly drill is asked; the loop turns for the beat anyway. */
#define DRILL_ASKED (15 * NS_PER_S)

/* A thousand phones answer within a second: the state with their count is published this often at
 * most. */
#define STATE_PACE (2 * NS_PER_S)

/* The credentials' copies on the card are destroyed once the alert is outside, over, or too old to
 * matter. */
static void kiosk_finish_wipe(struct kiosk_state *s, struct wiper *wiper, int64_t now)
{
    int64_t expiry = topic_table[TOPIC_ALERT].expiry_s * NS_PER_S;
    if (!s->wiped || !(s->facts.handed_over || s->alert.now.state == ALERT_QUIET ||
                       now - s->alert.since > expiry))
        return;
    s->wiped = false;
    wiper_ask(wiper, WIPER_FINISH, now);
}

static void weekly_drill(struct kiosk *k, int64_t now)
{
    if (now - k->drill_asked_at < DRILL_ASKED)
        return;
    k->drill_asked_at = now;
    if (drill_due(&k->drill, clock_week_minute(), randombytes_random()))
        actions_drill(&k->state, &k->outputs, false, now);
}

/* "Handed over" is said when the alert has left the venue and its record is written, or cannot be,
 * which is a fault of its own. */
static void hand_over(struct kiosk_state *s, const struct outputs *o, int64_t now)
{
    enum recorder_result result = kiosk_record_check(s, o->recorder, now);
    s->facts.handed_over |= s->left && result != RECORDER_PENDING;
}

/* Returns whether one of them refuses what the kiosk needs, has failed beside others, or has no CA
 * to be known by. */
static bool brokers_check(struct cue_facts *f, const struct delivery *d)
{
    bool refuses = false;
    struct delivery_path paths[CONFIG_BROKERS_MAX];
    size_t n = delivery_paths(d, paths);
    f->path = false;
    f->outside_configured = false;
    for (size_t i = 0; i < n; i++) {
        f->path = f->path || paths[i].carries;
        f->outside_configured = f->outside_configured || paths[i].outside;
        refuses = refuses || paths[i].refuses || paths[i].lost || paths[i].fault == MQTT_FAULT_CA;
    }
    return refuses;
}

static void cue_show(struct kiosk *k, int64_t now)
{
    struct kiosk_state *s = &k->state;
    bool refuses = brokers_check(&s->facts, k->outputs.delivery);
    s->facts.relay_configured = k->config.alert.relay;
    s->facts.drill = alert_drill_on_site(&s->alert);
    s->facts.feigned = s->facts.drill && !s->alert.now.drill;
    s->facts.calm = alert_on_site(&s->alert) == ALERT_QUIET;
    s->facts.fault = inputs_at_fault(k->outputs.inputs) || indicators_at_fault(k->indicators) ||
                     s->record_fault || s->wipe_fault || k->faults.count > 0 || refuses ||
                     sensors_at_fault(k->sensors) || trouble_watch_is_cued(k->troubles);
    s->facts.alert_at = alert_on_site_since(&s->alert);
    s->facts.members = (uint32_t)members_count(k->members, false);
    s->staff = (uint32_t)members_count(k->members, true);
    struct cue cue = cue_of(&s->facts, now);
    screens_show(k->screens, &cue);
    const struct indicators_facts facts = indicators_facts(s, now);
    indicators_show(k->indicators, &facts, now);
}

static void troubles_look(struct kiosk *k, int64_t now)
{
    const struct trouble_parts parts = {.config = &k->config,
                                        .state = &k->state,
                                        .sensors = k->sensors,
                                        .delivery = k->outputs.delivery,
                                        .relays = &k->state.relays,
                                        .phones = members_count(k->members, false) +
                                                  members_count(k->members, true)};
    char relays[RELAY_WATCH_MAX][RELAY_WATCH_ACCOUNT];
    relay_watch_set(&k->state.relays, relays, members_relays(k->members, relays, RELAY_WATCH_MAX),
                    now);
    sensors_time(k->sensors, now);
    trouble_watch_time(k->troubles, &parts, now);
}

/* What Home Assistant shows. A door that is not reported is unknown, whatever it does: its comings
 * and goings are nobody's history. */
static void entities_show(struct kiosk *k)
{
    struct plain_entities all = {.count = 0};
    struct inputs_view views[INPUTS_MAX];
    size_t n = inputs_view(k->outputs.inputs, views);
    if (!k->config.kiosk.plain)
        return;
    for (size_t i = 0; i < n; i++) {
        const struct inputs_view *v = &views[i];
        if (!v->door)
            plain_entity_add(&all, PLAIN_SWITCH, v->name,
                             v->fault || v->why ? PLAIN_ON : PLAIN_OFF);
        else
            plain_entity_add(&all, PLAIN_DOOR, v->name,
                             v->why      ? PLAIN_UNKNOWN
                             : v->said   ? PLAIN_ON
                             : v->silent ? PLAIN_UNKNOWN
                             : v->active ? PLAIN_ON
                                         : PLAIN_OFF);
    }
    plain_entity_add(&all, PLAIN_PROBLEM, "", k->state.facts.fault ? PLAIN_ON : PLAIN_OFF);
    delivery_entities(k->outputs.delivery, &all);
}

void kiosk_time(struct kiosk *k, int64_t now)
{
    struct kiosk_state *s = &k->state;
    const struct outputs *o = &k->outputs;
    const struct own_messages_parts own = events_own_parts(k);
    inputs_time(o->inputs, now);
    if (alert_deadline(&s->alert, &s->rules) <= now)
        actions_step(s, o, (struct alert_event){.kind = ALERT_EV_TIME}, now);
    weekly_drill(k, now);
    hand_over(s, o, now);
    actions_release_wipe(s, o, now);
    if (help_ring_time(&s->help, s->help_again, now))
        delivery_ring_staff(o->delivery);
    if (s->publish_state && now - s->published_at >= STATE_PACE)
        actions_publish_state(s, o->delivery);
    kiosk_finish_wipe(s, o->wiper, now);
    wiper_time(o->wiper, now);
    own_messages_time(&k->own, &own, now);
    words_file_look(&k->words, k->prefix, o->delivery, &k->faults, now);
    delivery_time(o->delivery, now);
    buttons_time(k->buttons, now);
    members_time(k->members, now);
    troubles_look(k, now);
    cue_show(k, now);
    entities_show(k);
}

int64_t kiosk_deadline(const struct kiosk *k)
{
    const struct kiosk_state *s = &k->state;
    const int64_t due[] = {s->publish_state ? s->published_at + STATE_PACE : NS_NEVER,
                           help_ring_deadline(&s->help, s->help_again),
                           inputs_deadline(k->outputs.inputs),
                           indicators_deadline(k->indicators),
                           sensors_deadline(k->sensors),
                           trouble_watch_deadline(k->troubles),
                           s->wipe_by,
                           recorder_look(k->outputs.recorder) == RECORDER_PENDING &&
                                   !s->record_fault
                               ? s->recorded_at + KIOSK_RECORD_SLOW
                               : NS_NEVER,
                           alert_deadline(&s->alert, &s->rules),
                           wiper_deadline(k->outputs.wiper),
                           own_messages_deadline(&k->own),
                           delivery_deadline(k->outputs.delivery),
                           buttons_deadline(k->buttons),
                           members_deadline(k->members),
                           cue_deadline(&s->facts, clock_now())};
    int64_t first = NS_NEVER;
    for (size_t i = 0; i < sizeof due / sizeof due[0]; i++)
        first = due[i] < first ? due[i] : first;
    return first;
}
