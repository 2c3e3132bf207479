#include "kiosk/core/alert.h"

#include "kiosk/core/ns.h"

#include <string.h>

/* Actions in the order in which they are to be done. */
struct todo {
    struct alert_action *out;
    size_t n;
};

static struct alert_action *alert_add(struct todo *t, const struct alert *a,
                                      enum alert_action_kind kind)
{
    struct alert_action *x = &t->out[t->n++];
    *x = (struct alert_action){.kind = kind, .drill = a->now.drill, .id = a->now.id};
    return x;
}

/* A change is recorded, published, and retained for phones that connect later; none of the three
 * waits for another. */
static void alert_add_message(struct todo *t, const struct alert *a, enum alert_publish what)
{
    alert_add(t, a, ALERT_DO_RECORD);
    alert_add(t, a, ALERT_DO_PUBLISH)->publish = what;
    alert_add(t, a, ALERT_DO_STATE);
}

static enum alert_publish caution_of(const struct alert *a)
{
    return a->now.unclear ? ALERT_PUB_UNCLEAR : ALERT_PUB_CAUTION;
}

static void alert_begin(struct alert *a, const struct alert_event *e, enum alert_state state,
                        bool drill, int64_t now)
{
    a->now.state = state;
    a->now.drill = drill;
    a->now.unclear = state == ALERT_CAUTION && e->gesture == GESTURE_UNCLEAR;
    a->now.unconfirmed = false;
    a->now.calm = false;
    a->now.id = e->fresh_id;
    a->since = now;
}

/* Back to quiet. A running wipe continues, and what was pressed at the door stays with staff until
 * one of their phones ends it. */
static void alert_settle(struct alert *a)
{
    a->now.state = ALERT_QUIET;
    a->now.drill = false;
    a->now.unclear = false;
    a->now.unconfirmed = false;
    a->now.calm = false;
    if (!a->now.pressed)
        a->now.id = (struct alert_id){{0}};
}

static void grace_cancel(struct alert *a)
{
    if (a->wipe_at == NS_NEVER)
        return;
    a->wipe_at = NS_NEVER;
    if (!a->wipe_is_drill)
        a->now.wipe_pending = false;
}

/* A drill that only the site was shown is over there. */
static void feigned_end(struct todo *t, struct alert *a)
{
    if (a->feigned_at == NS_NEVER)
        return;
    a->feigned_at = NS_NEVER;
    if (a->wipe_is_drill)
        grace_cancel(a);
    alert_add(t, a, ALERT_DO_REPORT)->feigned = true;
}

static void alert_finish(struct todo *t, struct alert *a)
{
    feigned_end(t, a);
    struct alert ended = *a;
    bool drill = a->now.drill;
    alert_settle(a);
    alert_add(t, a, ALERT_DO_RECORD);
    alert_add(t, &ended, ALERT_DO_PUBLISH)->publish = ALERT_PUB_ALL_CLEAR;
    alert_add(t, a, ALERT_DO_STATE);
    if (drill)
        alert_add(t, &ended, ALERT_DO_REPORT);
    alert_add(t, a, ALERT_DO_FORGET);
}

/* A real alert ends a drill and the wipe that it rehearses, but no real wipe. */
static void drill_end(struct todo *t, struct alert *a)
{
    feigned_end(t, a);
    if (!a->now.drill)
        return;
    if (a->wipe_is_drill)
        grace_cancel(a);
    alert_finish(t, a);
}

static void on_lockdown(struct todo *t, struct alert *a, const struct alert_event *e, int64_t now)
{
    drill_end(t, a);
    if (a->now.state == ALERT_LOCKDOWN) {
        a->now.calm = false;
        a->now.unconfirmed = false;
    } else {
        alert_begin(a, e, ALERT_LOCKDOWN, false, now);
        alert_add(t, a, ALERT_DO_FORGET);
    }
    alert_add_message(t, a, ALERT_PUB_LOCKDOWN);
}

static void on_caution(struct todo *t, struct alert *a, const struct alert_event *e, int64_t now)
{
    drill_end(t, a);
    if (a->now.state == ALERT_LOCKDOWN)
        return;
    if (a->now.state == ALERT_CAUTION) {
        a->now.calm = false;
        a->now.unconfirmed = false;
    } else {
        alert_begin(a, e, ALERT_CAUTION, false, now);
        alert_add(t, a, ALERT_DO_FORGET);
    }
    alert_add_message(t, a, caution_of(a));
}

static void on_wipe(struct todo *t, struct alert *a, const struct alert_rules *r, bool drill,
                    int64_t now)
{
    if (a->wipe_at != NS_NEVER)
        return;
    /* Asked for again during a wipe: files written since are wiped too, without another grace. */
    if (a->now.wipe_pending && !drill) {
        alert_add(t, a, ALERT_DO_WIPE)->drill = false;
        return;
    }
    a->wipe_is_drill = drill;
    if (!drill) {
        a->now.wipe_pending = true;
        alert_add(t, a, ALERT_DO_RECORD);
    }
    if (r->wipe_grace > 0)
        a->wipe_at = now + r->wipe_grace;
    else
        alert_add(t, a, ALERT_DO_WIPE)->drill = drill;
}

static bool in_abort_window(const struct alert *a, const struct alert_rules *r, int64_t now)
{
    return a->now.state == ALERT_CAUTION && now - a->since <= r->abort_window;
}

/* Code and duress do the same, in every state and on every path: they end a drill, and nothing that
 * is real. Members learn that somebody pressed at the door, staff which of the two it was. Once it
 * was duress, the code does not take that back. */
static void on_door(struct todo *t, struct alert *a, const struct alert_rules *r,
                    const struct alert_event *e, enum alert_door door)
{
    drill_end(t, a);
    bool active = a->now.state != ALERT_QUIET;
    a->now.calm = a->now.unconfirmed = active;
    if (!r->plain) {
        if (alert_id_is_none(&a->now.id))
            a->now.id = e->fresh_id;
        a->now.pressed = true;
        a->door = a->door > door ? a->door : door;
        alert_add(t, a, ALERT_DO_SEAL)->door = a->door;
    } else if (!active) {
        return;
    }
    alert_add(t, a, ALERT_DO_RECORD);
    if (active)
        alert_add(t, a, ALERT_DO_PUBLISH)->publish = ALERT_PUB_UNCONFIRMED;
    if (!r->plain)
        alert_add(t, a, ALERT_DO_DOOR);
    alert_add(t, a, ALERT_DO_STATE);
}

/* Whoever asks for a drill while an alert is hidden sees one, so that no refusal betrays the alert.
 */
static void drill_feign(struct todo *t, struct alert *a, const struct alert_rules *r,
                        const struct alert_event *e, int64_t now)
{
    if (!a->now.calm || a->feigned_at != NS_NEVER)
        return;
    a->feigned_at = now;
    a->feigned_id = e->fresh_id;
    if (e->drill_wipe && r->wipe)
        on_wipe(t, a, r, true, now);
}

static void on_drill(struct todo *t, struct alert *a, const struct alert_rules *r,
                     const struct alert_event *e, int64_t now)
{
    if (a->now.state != ALERT_QUIET) {
        if (e->kind == ALERT_EV_DRILL)
            drill_feign(t, a, r, e, now);
        return;
    }
    alert_begin(a, e, ALERT_LOCKDOWN, true, now);
    alert_add(t, a, ALERT_DO_FORGET);
    alert_add_message(t, a, ALERT_PUB_LOCKDOWN);
    if (e->drill_wipe && r->wipe)
        on_wipe(t, a, r, true, now);
}

static void alert_on_gesture(struct todo *t, struct alert *a, const struct alert_rules *r,
                             const struct alert_event *e, int64_t now)
{
    switch (e->gesture) {
    case GESTURE_SENSED:
    case GESTURE_IGNORED:
        break;
    case GESTURE_LOCKDOWN:
        on_lockdown(t, a, e, now);
        break;
    case GESTURE_WIPE:
        if (r->wipe)
            on_wipe(t, a, r, false, now);
        break;
    case GESTURE_CAUTION:
    case GESTURE_UNCLEAR:
        on_caution(t, a, e, now);
        break;
    case GESTURE_CODE:
        on_door(t, a, r, e, ALERT_DOOR_CODE);
        break;
    case GESTURE_DURESS:
        on_door(t, a, r, e, ALERT_DOOR_DURESS);
        break;
    case GESTURE_STUCK:
    case GESTURE_FOUND:
    case GESTURE_FREED:
        alert_add(t, a, ALERT_DO_NOTICE)->notice = e->gesture;
        break;
    }
}

static void alert_on_command(struct todo *t, struct alert *a, const struct alert_rules *r,
                             const struct alert_event *e, int64_t now)
{
    bool active = a->now.state != ALERT_QUIET || a->now.pressed;
    switch (e->command) {
    case ALERT_CMD_LOCKDOWN:
        on_lockdown(t, a, e, now);
        break;
    case ALERT_CMD_CAUTION:
        on_caution(t, a, e, now);
        break;
    case ALERT_CMD_DRILL:
        on_drill(t, a, r, e, now);
        break;
    case ALERT_CMD_ALL_CLEAR:
        if (!active)
            break;
        grace_cancel(a);
        feigned_end(t, a);
        if (a->now.pressed) {
            a->now.pressed = false;
            a->door = ALERT_DOOR_NOTHING;
            alert_add(t, a, ALERT_DO_SEAL)->door = a->door;
        }
        alert_finish(t, a);
        break;
    case ALERT_CMD_ABORT: {
        bool grace = a->wipe_at != NS_NEVER;
        grace_cancel(a);
        if (a->now.drill || in_abort_window(a, r, now))
            alert_finish(t, a);
        else if (grace)
            alert_add(t, a, ALERT_DO_RECORD);
        break;
    }
    }
}

/* It goes on as after a restart. Nobody knows any more what was pressed in it. */
static void alert_on_kept(struct todo *t, struct alert *a, const struct alert_rules *r,
                          const struct alert_event *e, int64_t now)
{
    if (!a->now.drill && e->state <= a->now.state)
        return;
    drill_end(t, a);
    alert_begin(a, e, e->state, false, now);
    a->now.calm = a->now.unconfirmed = e->unconfirmed;
    alert_add(t, a, ALERT_DO_FORGET);
    if (e->unconfirmed && !r->plain) {
        a->now.pressed = true;
        a->door = a->door > ALERT_DOOR_UNKNOWN ? a->door : ALERT_DOOR_UNKNOWN;
        alert_add(t, a, ALERT_DO_SEAL)->door = a->door;
    }
    alert_add(t, a, ALERT_DO_RECORD);
    alert_add(t, a, ALERT_DO_PUBLISH)->publish =
        e->state == ALERT_LOCKDOWN ? ALERT_PUB_LOCKDOWN : ALERT_PUB_CAUTION;
    if (e->unconfirmed)
        alert_add(t, a, ALERT_DO_PUBLISH)->publish = ALERT_PUB_UNCONFIRMED;
    alert_add(t, a, ALERT_DO_STATE);
}

static void on_time(struct todo *t, struct alert *a, const struct alert_rules *r, int64_t now)
{
    if (now >= a->wipe_at) {
        a->wipe_at = NS_NEVER;
        alert_add(t, a, ALERT_DO_WIPE)->drill = a->wipe_is_drill;
    }
    if (a->now.drill && now - a->since >= r->drill_lasts)
        drill_end(t, a);
    if (a->feigned_at != NS_NEVER && now - a->feigned_at >= r->drill_lasts)
        feigned_end(t, a);
}

void alert_init(struct alert *a)
{
    *a = (struct alert){.wipe_at = NS_NEVER, .feigned_at = NS_NEVER};
}

size_t alert_resume(struct alert *a, const struct alert_standing *s, int64_t now,
                    struct alert_action out[ALERT_ACTIONS_MAX])
{
    struct todo t = {.out = out};
    alert_init(a);
    a->now = *s;
    a->door = s->pressed ? ALERT_DOOR_UNKNOWN : ALERT_DOOR_NOTHING;
    a->since = now;
    if (a->now.wipe_pending)
        alert_add(&t, a, ALERT_DO_WIPE)->drill = false;
    if (a->now.state != ALERT_QUIET)
        alert_add(&t, a, ALERT_DO_PUBLISH)->publish =
            a->now.state == ALERT_LOCKDOWN ? ALERT_PUB_LOCKDOWN : caution_of(a);
    if (a->now.unconfirmed)
        alert_add(&t, a, ALERT_DO_PUBLISH)->publish = ALERT_PUB_UNCONFIRMED;
    alert_add(&t, a, ALERT_DO_STATE);
    return t.n;
}

size_t alert_step(struct alert *a, const struct alert_rules *r, const struct alert_event *e,
                  int64_t now, struct alert_action out[ALERT_ACTIONS_MAX])
{
    struct todo t = {.out = out};
    switch (e->kind) {
    case ALERT_EV_GESTURE:
        alert_on_gesture(&t, a, r, e, now);
        break;
    case ALERT_EV_COMMAND:
        if (!r->plain)
            alert_on_command(&t, a, r, e, now);
        break;
    case ALERT_EV_DRILL:
        on_drill(&t, a, r, e, now);
        break;
    case ALERT_EV_TIME:
        on_time(&t, a, r, now);
        break;
    case ALERT_EV_FINAL:
    case ALERT_EV_ROOT:
        if (r->plain == (e->kind == ALERT_EV_FINAL)) {
            const struct alert_event end = {.command = ALERT_CMD_ALL_CLEAR};
            alert_on_command(&t, a, r, &end, now);
        }
        break;
    case ALERT_EV_WIPED:
        if (a->now.wipe_pending && (a->wipe_at == NS_NEVER || a->wipe_is_drill)) {
            a->now.wipe_pending = false;
            alert_add(&t, a, ALERT_DO_RECORD);
        }
        break;
    case ALERT_EV_KEPT:
        alert_on_kept(&t, a, r, e, now);
        break;
    }
    return t.n;
}

int64_t alert_deadline(const struct alert *a, const struct alert_rules *r)
{
    int64_t drill = a->now.drill                ? a->since + r->drill_lasts
                    : a->feigned_at != NS_NEVER ? a->feigned_at + r->drill_lasts
                                                : NS_NEVER;
    return drill < a->wipe_at ? drill : a->wipe_at;
}

enum alert_state alert_on_site(const struct alert *a)
{
    if (a->feigned_at != NS_NEVER)
        return ALERT_LOCKDOWN;
    return a->now.calm ? ALERT_QUIET : a->now.state;
}

bool alert_drill_on_site(const struct alert *a)
{
    return a->now.drill || a->feigned_at != NS_NEVER;
}

const struct alert_id *alert_on_site_id(const struct alert *a)
{
    return a->feigned_at != NS_NEVER ? &a->feigned_id : &a->now.id;
}

int64_t alert_on_site_since(const struct alert *a)
{
    if (a->feigned_at != NS_NEVER)
        return a->feigned_at;
    return alert_on_site(a) == ALERT_QUIET ? NS_NEVER : a->since;
}

bool alert_id_equal(const struct alert_id *a, const struct alert_id *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

bool alert_id_is_none(const struct alert_id *id)
{
    static const struct alert_id none;
    return alert_id_equal(id, &none);
}

const char *alert_state_name(enum alert_state s)
{
    static const char *const state_names[] = {
        [ALERT_QUIET] = "quiet", [ALERT_CAUTION] = "caution", [ALERT_LOCKDOWN] = "lockdown"};
    return state_names[s];
}
