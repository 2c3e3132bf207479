#include "kiosk/alertd/events.h"

#include "kiosk/alertd/kiosk_parts.h"
#include "kiosk/alertd/phone_messages.h"
#include "kiosk/alertd/root_orders.h"
#include "kiosk/alertd/status.h"
#include "kiosk/common/clock.h"
#include "kiosk/common/log.h"

#include <string.h>

/* --- switches and doors ---------------------------------------------------------------------- */

static void events_on_gesture(void *context, const char *name, enum gesture g, int64_t now)
{
    struct kiosk *k = context;
    if (g == GESTURE_SENSED) {
        k->state.facts.sensed_at = now;
        k->state.sensed++;
    }
    if (g == GESTURE_STUCK || g == GESTURE_FOUND || g == GESTURE_FREED)
        log_warning("switch %s: %s", name, gesture_name(g));
    actions_gesture(&k->state, &k->outputs, name, g, now);
}

static void events_on_wires(void *context, const char *name, enum changeover_event_kind fault,
                            int64_t now)
{
    const struct kiosk *k = context;
    (void)now;
    log_warning("switch %s: wires %s", name, changeover_event_name(fault));
    actions_notice(k->outputs.delivery, MSG_FAULT, name, changeover_event_name(fault));
}

/* Nothing about the door is logged: a journal is kept for longer than an evening. */
static void events_on_door(void *context, const char *name, enum door_notice n, int64_t now)
{
    const struct kiosk *k = context;
    (void)now;
    actions_notice(k->outputs.delivery, MSG_DOOR, name, door_notice_name(n));
}

static void events_on_button(void *context, const char *name, enum button_fault f, int64_t now)
{
    const struct kiosk *k = context;
    (void)now;
    if (f)
        log_warning("switch %s: %s", name, button_fault_sentence(f));
    else
        log_info("switch %s: the button is in order again", name);
    actions_notice(k->outputs.delivery, MSG_FAULT, name, f ? button_fault_name(f) : "button-good");
}

static bool events_in_lockdown(void *context)
{
    const struct kiosk *k = context;
    return k->state.alert.now.state == ALERT_LOCKDOWN;
}

struct inputs_listener events_of_inputs(struct kiosk *k)
{
    return (struct inputs_listener){.context = k,
                                    .gesture = events_on_gesture,
                                    .wires = events_on_wires,
                                    .door = events_on_door,
                                    .button = events_on_button,
                                    .lockdown = events_in_lockdown};
}

static void events_on_button_report(void *context, size_t i, const struct button_report *report,
                                    int64_t now)
{
    const struct kiosk *k = context;
    inputs_button(k->outputs.inputs, i, report, now);
}

static void events_on_button_link(void *context, size_t i, bool up)
{
    const struct kiosk *k = context;
    inputs_button_link(k->outputs.inputs, i, up, clock_now());
}

struct buttons_listener events_of_buttons(struct kiosk *k)
{
    return (struct buttons_listener){
        .context = k, .report = events_on_button_report, .link = events_on_button_link};
}

/* --- brokers --------------------------------------------------------------------------------- */

static bool is_alarm(enum alert_publish p)
{
    return p == ALERT_PUB_LOCKDOWN || p == ALERT_PUB_CAUTION || p == ALERT_PUB_UNCLEAR;
}

static void events_on_acked(void *context, const struct outbox_entry *e, enum outbox_leg how,
                            bool outside)
{
    struct kiosk *k = context;
    const struct alert_standing *now = &k->state.alert.now;
    struct cue_facts *f = &k->state.facts;
    if (!alert_id_equal(&e->id, &now->id) || !is_alarm(e->publish))
        return;
    if (how == OUTBOX_DENIED) {
        f->denied = true;
        return;
    }
    f->denied = false;
    f->delivered_lan = f->delivered_lan || (!outside && how != OUTBOX_NO_SUBSCRIBER);
    if (!outside)
        return;
    f->no_subscriber = how == OUTBOX_NO_SUBSCRIBER;
    f->unproved = f->unproved || how == OUTBOX_UNPROVED;
    if (how == OUTBOX_ACKED)
        actions_left(&k->state);
}

static void events_on_denied(void *context, const char *broker, enum mqtt_fault fault)
{
    const struct kiosk *k = context;
    actions_notice(k->outputs.delivery, MSG_FAULT, broker,
                   fault == MQTT_FAULT_LIMITS ? "broker-limits" : "broker-rights");
}

static void events_on_watched(void *context, const char *broker, bool lost)
{
    const struct kiosk *k = context;
    actions_notice(k->outputs.delivery, MSG_FAULT, broker, lost ? "path-down" : "path-back");
}

static const char disowned[] =
    "the venue's root key has retired this kiosk: phones and relays ignore it permanently, so "
    "nobody is alerted by it. Set up a new kiosk (porchlight setup on another card), and invite "
    "the phones there";

/* What was pressed in this start while the root key's message names a later one is not what it
 * ended: the record was lost, and this kiosk did not know yet what it had said. */
static bool events_root_ends(const struct kiosk *k)
{
    const struct kiosk_state *s = &k->state;
    bool unknown_to_it = s->began_seq > 0 && k->sealer.epoch < s->root.epoch;
    uint64_t epoch = unknown_to_it ? s->root.epoch + 1 : k->sealer.epoch;
    return root_word_ends(&s->root, &s->alert.now.id, epoch, s->began_seq);
}

void events_obey_root(struct kiosk *k)
{
    struct kiosk_state *s = &k->state;
    const struct alert_standing *now = &s->alert.now;
    bool was = s->retired;
    s->retired = k->sealer.keys && root_word_retires(&s->root, k->sealer.keys->public);
    if (s->retired && !was)
        faults_add(&k->faults, FAULT_OF_ROOT, disowned);
    members_root_changed(k->members);
    if (s->root.ended)
        own_messages_claim(&k->own, &k->sealer, s->root.epoch, clock_now());
    if ((now->state == ALERT_QUIET && !now->pressed) || !events_root_ends(k))
        return;
    log_info("the root key has ended the alert");
    actions_step(s, &k->outputs, (struct alert_event){.kind = ALERT_EV_ROOT}, clock_now());
}

static void events_on_root(struct kiosk *k, const struct mqtt_event *e)
{
    switch (root_orders_take(&k->state.root, k->prefix, &k->sealer, e)) {
    case ROOT_ORDERS_FORGED:
        k->state.refused[COMMAND_FORGED] += e->len > 0;
        break;
    case ROOT_ORDERS_KNOWN:
        break;
    case ROOT_ORDERS_NEWS:
        events_obey_root(k);
        break;
    }
}

static void events_on_message(void *context, enum topic t, const char *account,
                              const struct mqtt_event *e)
{
    struct kiosk *k = context;
    const struct phone_messages p = {.state = &k->state,
                                     .outputs = &k->outputs,
                                     .sealer = &k->sealer,
                                     .members = k->members,
                                     .own = &k->own,
                                     .button = k->config.plain.button,
                                     .cover = k->config.kiosk.cover};
    if (t == TOPIC_ROOT)
        events_on_root(k, e);
    else
        phone_messages_take(&p, t, account, e);
}

struct own_messages_parts events_own_parts(struct kiosk *k)
{
    return (struct own_messages_parts){.state = &k->state,
                                       .outputs = &k->outputs,
                                       .sealer = &k->sealer,
                                       .members = k->members,
                                       .faults = &k->faults};
}

static void events_on_own(void *context, size_t broker, enum topic t, const struct mqtt_event *e)
{
    struct kiosk *k = context;
    const struct own_messages_parts p = events_own_parts(k);
    own_messages_take(&k->own, &p, broker, t, e);
}

/* A relay has the ring: that counts as a phone's answer does. */
static void events_on_rung(void *context, const struct alert_id *id)
{
    struct kiosk *k = context;
    if (alert_id_equal(id, &k->state.alert.now.id))
        phone_messages_left(&k->state, &k->outputs);
}

static void events_on_broker_up(void *context, size_t broker)
{
    const struct kiosk *k = context;
    members_broker_up(k->members, broker);
}

static void events_on_answer(void *context, size_t broker, const struct mqtt_event *e)
{
    const struct kiosk *k = context;
    members_answer(k->members, broker, e);
}

struct delivery_listener events_of_delivery(struct kiosk *k)
{
    return (struct delivery_listener){.context = k,
                                      .acked = events_on_acked,
                                      .denied = events_on_denied,
                                      .watched = events_on_watched,
                                      .rung = events_on_rung,
                                      .own = events_on_own,
                                      .received = events_on_message,
                                      .up = events_on_broker_up,
                                      .answered = events_on_answer};
}

/* --- the wipe -------------------------------------------------------------------------------- */

static void events_on_wipe_ended(void *context, enum wiper_work work, uint32_t outcome,
                                 int64_t took)
{
    struct kiosk *k = context;
    (void)took;
    if (outcome == WIPE_FAILED)
        actions_notice(k->outputs.delivery, MSG_FAULT, "", "wipe-failed");
    else if (outcome == WIPE_UNVERIFIED)
        actions_notice(k->outputs.delivery, MSG_FAULT, "", "wipe-unverified");
    if (work == WIPER_WIPE)
        k->state.wiped = true;
    if (work == WIPER_FINISH && outcome != WIPE_FAILED)
        actions_step(&k->state, &k->outputs, (struct alert_event){.kind = ALERT_EV_WIPED},
                     clock_now());
}

static void events_on_wipe_ready(void *context, const char *why)
{
    struct kiosk *k = context;
    k->state.wipe_fault = why;
    if (why)
        actions_notice(k->outputs.delivery, MSG_FAULT, "", why);
    else
        log_info("porchlight-wipe is ready");
}

struct wiper_listener events_of_wiper(struct kiosk *k)
{
    return (struct wiper_listener){
        .context = k, .ended = events_on_wipe_ended, .ready = events_on_wipe_ready};
}

/* --- requests at control.sock ---------------------------------------------------------------- */

static size_t status_answer(const struct kiosk *k, char reply[CONTROL_REPLY_MAX])
{
    const struct status s = {.state = &k->state,
                             .faults = &k->faults,
                             .inputs = k->outputs.inputs,
                             .indicators = k->indicators,
                             .delivery = k->outputs.delivery,
                             .buttons = k->buttons,
                             .who = k->members,
                             .sensors = k->sensors,
                             .troubles = trouble_watch_list(k->troubles),
                             .members = members_count(k->members, false),
                             .screen = strcmp(k->config.screen.scene, "none") != 0,
                             .staff = members_count(k->members, true),
                             .now = clock_now()};
    return status_write(&s, reply);
}

/* Refused only for what the site is shown: a hidden alert answers as quiet does. */
static size_t drill_answer(struct kiosk_state *s, const struct outputs *o, bool wipe,
                           char reply[CONTROL_REPLY_MAX])
{
    if (alert_on_site(&s->alert) != ALERT_QUIET)
        return control_refuse("no drill was started: the last alert or drill has not ended. See "
                              "porchlight status, and try again later",
                              reply);
    actions_drill(s, o, wipe, clock_now());
    return control_accept(reply);
}

/* Who is on site must not be able to end the alert of a sealed venue, nor learn that there is one.
 */
static size_t final_answer(struct kiosk_state *s, const struct outputs *o,
                           char reply[CONTROL_REPLY_MAX])
{
    if (!s->rules.plain)
        return control_refuse(
            "nothing was ended: in a sealed venue only a staff phone, or the root "
            "key, can end an alert",
            reply);
    if (s->alert.now.state == ALERT_QUIET)
        return control_refuse("nothing was ended: no alert is active", reply);
    actions_step(s, o, (struct alert_event){.kind = ALERT_EV_FINAL}, clock_now());
    return control_accept(reply);
}

size_t events_on_request(void *context, const char *request, char reply[CONTROL_REPLY_MAX])
{
    static const struct {
        const char *word;
        enum gesture gesture;
    } gestures[] = {
        {"code", GESTURE_CODE}, {"lockdown", GESTURE_LOCKDOWN}, {"caution", GESTURE_CAUTION}};
    struct kiosk *k = context;
    if (strcmp(request, "status") == 0)
        return status_answer(k, reply);
    if (strcmp(request, "drill") == 0 || strcmp(request, "drill wipe") == 0)
        return drill_answer(&k->state, &k->outputs, request[5] == ' ', reply);
    if (strcmp(request, "final") == 0)
        return final_answer(&k->state, &k->outputs, reply);
    for (size_t i = 0; i < sizeof gestures / sizeof gestures[0]; i++) {
        if (strcmp(request, gestures[i].word) != 0)
            continue;
        actions_gesture(&k->state, &k->outputs, "", gestures[i].gesture, clock_now());
        return control_accept(reply);
    }
    return control_refuse(
        "unknown request; known are: status, drill, drill wipe, code, lockdown, caution, final",
        reply);
}
