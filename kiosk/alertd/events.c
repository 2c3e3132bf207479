#include "kiosk/alertd/events.h"

#include "kiosk/alertd/actions.h"
#include "kiosk/alertd/members/registry.h"
#include "kiosk/alertd/phone_messages.h"
#include "kiosk/alertd/status.h"
#include "kiosk/common/clock.h"
#include "kiosk/common/log.h"
#include "kiosk/core/ns.h"

#include <string.h>

static void events_on_gesture(void *context, const char *name, enum gesture g, int64_t now)
{
    struct kiosk *k = context;
    if (g == GESTURE_SENSED)
        k->facts.sensed_at = now;
    if (g == GESTURE_STUCK || g == GESTURE_FOUND || g == GESTURE_FREED)
        log_warning("switch %s: %s", name, gesture_name(g));
    actions_gesture(k, g, now);
}

static void on_wires(void *context, const char *name, enum changeover_event_kind fault, int64_t now)
{
    (void)now;
    log_warning("switch %s: wires %s", name, changeover_event_name(fault));
    actions_notice(context, MSG_FAULT, changeover_event_name(fault));
}

/* Nothing about the door is logged: a journal lasts longer than an evening. */
static void on_door(void *context, const char *name, enum door_notice n, int64_t now)
{
    (void)name;
    (void)now;
    actions_notice(context, MSG_DOOR, door_notice_name(n));
}

static bool events_lockdown_stands(void *context)
{
    const struct kiosk *k = context;
    return k->alert.now.state == ALERT_LOCKDOWN;
}

static bool is_alarm(enum alert_publish p)
{
    return p == ALERT_PUB_LOCKDOWN || p == ALERT_PUB_CAUTION || p == ALERT_PUB_UNCLEAR;
}

/* Felt twice: accepted outside. Only for what was pressed openly, so that duress feels like the
 * code. */
static void events_on_acked(void *context, const struct outbox_entry *e, bool outside, bool news)
{
    struct kiosk *k = context;
    if (!alert_id_equal(&e->id, &k->alert.now.id) || !is_alarm(e->publish))
        return;
    if (!outside) {
        k->facts.delivered_lan = true;
    } else {
        k->facts.handed_over = true;
        if (news && !k->alert.now.calm)
            inputs_tick(k->inputs, 2, clock_now());
    }
}

static void events_on_heard(void *context, enum topic t, const char *account,
                            const struct mqtt_event *e)
{
    heard(context, t, account, e);
}

static void events_on_up(void *context, size_t broker)
{
    registry_up(context, broker);
}

static void on_answered(void *context, size_t broker, const struct mqtt_event *e)
{
    registry_answered(context, broker, e);
}

static void on_wipe_ended(void *context, enum wiper_work work, uint32_t outcome, int64_t took)
{
    struct kiosk *k = context;
    (void)took;
    if (outcome == WIPE_FAILED)
        actions_notice(k, MSG_FAULT, "wipe-failed");
    else if (outcome == WIPE_UNVERIFIED)
        actions_notice(k, MSG_FAULT, "wipe-unverified");
    if (work == WIPER_WIPE)
        k->wiped = true;
    if (work == WIPER_FINISH && outcome != WIPE_FAILED)
        actions_step(k, (struct alert_event){.kind = ALERT_EV_WIPED}, clock_now());
}

static void on_wipe_ready(void *context, const char *why)
{
    struct kiosk *k = context;
    k->wipe_fault = why;
    if (why)
        actions_notice(k, MSG_FAULT, why);
    else
        log_info("porchlight-wipe is ready");
}

size_t events_request(void *context, const char *request, char reply[CONTROL_REPLY_MAX])
{
    struct kiosk *k = context;
    int64_t now = clock_now();
    if (strcmp(request, "status") == 0) {
        struct status s = {.alert = &k->alert,
                           .facts = &k->facts,
                           .inputs = k->inputs,
                           .delivery = k->delivery,
                           .record_fault = k->record_fault,
                           .wipe_fault = k->wipe_fault,
                           .refused = k->refused,
                           .last_drill = {k->last_drill.at, k->last_drill.seen, k->last_drill.safe},
                           .now = now};
        if (k->registry) {
            const struct roster *p = k->registry->phones;
            s.members = roster_count(p, PHONE_IN, false);
            s.staff = roster_count(p, PHONE_IN, true);
        }
        return status_write(&s, reply, CONTROL_REPLY_MAX);
    }
    if (strcmp(request, "code") == 0)
        actions_gesture(k, GESTURE_CODE, now);
    else if (strcmp(request, "lockdown") == 0)
        actions_gesture(k, GESTURE_LOCKDOWN, now);
    else if (strcmp(request, "caution") == 0)
        actions_gesture(k, GESTURE_CAUTION, now);
    else if (strcmp(request, "drill") == 0 || strcmp(request, "drill wipe") == 0) {
        if (k->alert.now.state != ALERT_QUIET)
            return status_refuse("a drill cannot begin now; try again later", reply,
                                 CONTROL_REPLY_MAX);
        actions_step(
            k, (struct alert_event){.kind = ALERT_EV_DRILL, .drill_wipe = request[5] == ' '}, now);
    } else {
        return status_refuse(
            "unknown request; known are: status, drill, drill wipe, code, lockdown, caution", reply,
            CONTROL_REPLY_MAX);
    }
    return status_accept(reply, CONTROL_REPLY_MAX);
}

/* --- who listens to which part --------------------------------------------------------------- */

struct inputs_listener events_inputs(struct kiosk *k)
{
    return (struct inputs_listener){.context = k,
                                    .gesture = events_on_gesture,
                                    .wires = on_wires,
                                    .door = on_door,
                                    .lockdown = events_lockdown_stands};
}

struct wiper_listener events_wiper(struct kiosk *k)
{
    return (struct wiper_listener){.context = k, .ended = on_wipe_ended, .ready = on_wipe_ready};
}

struct delivery_listener events_delivery(struct kiosk *k)
{
    return (struct delivery_listener){.context = k,
                                      .acked = events_on_acked,
                                      .heard = events_on_heard,
                                      .up = events_on_up,
                                      .answered = on_answered};
}
