#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kiosk/core/alert.h"
#include "kiosk/core/ns.h"
#include "tests/unit/core/explore.h"

#include <string.h>

/* Every state of the kiosk's decisions, by every order of gestures, commands, drills, time, power
 * cuts and the wipe's reports. One unit of time means whatever the rules count. */

enum { NOW = 100, GRACE = 2, ABORT = 3, DRILL = 4, AGE_MAX = 6 };

struct alert_node {
    struct alert a;
    bool wipe_asked; /* a wipe was asked for, and neither called off in time nor reported done */
};

enum {
    EV_GESTURES = GESTURE_FREED + 1,
    EV_COMMANDS = EV_GESTURES + ALERT_CMD_ABORT + 1,
    EV_DRILL = EV_COMMANDS,
    EV_DRILL_WIPE,
    EV_UNIT,
    EV_WIPED,
    EV_KEPT_CAUTION,
    EV_KEPT_LOCKDOWN,
    EV_KEPT_CODE,
    EV_POWER_CUT,
    EV_COUNT,
};

static const char *event_name(size_t event)
{
    static const char *const commands[] = {"command lockdown", "command caution",
                                           "command all-clear", "command drill", "command abort"};
    static const char *const others[] = {"drill",
                                         "drill with the wipe",
                                         "time passes",
                                         "the wipe is done",
                                         "a broker keeps a caution",
                                         "a broker keeps a lockdown",
                                         "a broker keeps a lockdown with the code",
                                         "power cut and restart"};
    if (event < EV_GESTURES)
        return gesture_name((enum gesture)event);
    return event < EV_COMMANDS ? commands[event - EV_GESTURES] : others[event - EV_COMMANDS];
}

static struct alert_event event_of(size_t event)
{
    struct alert_event e = {.fresh_id = {{2}}};
    if (event < EV_GESTURES) {
        e.kind = ALERT_EV_GESTURE;
        e.gesture = (enum gesture)event;
    } else if (event < EV_COMMANDS) {
        e.kind = ALERT_EV_COMMAND;
        e.command = (enum alert_command)(event - EV_GESTURES);
    } else if (event == EV_WIPED) {
        e.kind = ALERT_EV_WIPED;
    } else if (event >= EV_KEPT_CAUTION && event <= EV_KEPT_CODE) {
        e.kind = ALERT_EV_KEPT;
        e.state = event == EV_KEPT_CAUTION ? ALERT_CAUTION : ALERT_LOCKDOWN;
        e.unconfirmed = event == EV_KEPT_CODE;
    } else {
        e.kind = ALERT_EV_DRILL;
        e.drill_wipe = event == EV_DRILL_WIPE;
    }
    return e;
}

static const struct alert_action *find(const struct alert_action *out, size_t n,
                                       enum alert_action_kind kind)
{
    for (size_t i = 0; i < n; i++)
        if (out[i].kind == kind)
            return &out[i];
    return NULL;
}

static bool publishes(const struct alert_action *out, size_t n, enum alert_publish what)
{
    for (size_t i = 0; i < n; i++)
        if (out[i].kind == ALERT_DO_PUBLISH && out[i].publish == what)
            return true;
    return false;
}

static bool in_lockdown(const struct alert *a)
{
    return a->now.state == ALERT_LOCKDOWN && !a->now.drill;
}

/* What must hold of any state. */
static const char *check_state(const struct alert_node *s, const struct alert_rules *r)
{
    const struct alert_standing *n = &s->a.now;
    if (alert_id_is_none(&n->id) != (n->state == ALERT_QUIET && !n->pressed))
        return "an id exists exactly while an alert or a press at the door is active";
    if (n->drill && n->state != ALERT_LOCKDOWN)
        return "a drill is an exercise of the lockdown";
    if (n->state == ALERT_QUIET && (n->unconfirmed || n->calm || n->unclear))
        return "quiet has no details";
    if (r->plain && n->pressed)
        return "a plain venue has no staff phones to tell";
    if (s->a.feigned_at != NS_NEVER && (!n->calm || n->drill))
        return "the site is shown a drill although nothing is hidden there";
    if (s->wipe_asked && !n->wipe_pending)
        return "a wipe that was asked for is forgotten by the record";
    if (n->wipe_pending && !r->wipe)
        return "a wipe that is not enabled is pending";
    if (alert_deadline(&s->a, r) <= NOW)
        return "a deadline that has passed is still waited for";
    return NULL;
}

static const char *check_wipe(struct alert_node *s, const struct alert_node *before, size_t event,
                              const struct alert_action *out, size_t n)
{
    bool in_grace = before->a.wipe_at != NS_NEVER && !before->a.wipe_is_drill;
    if (event == GESTURE_WIPE && s->a.now.wipe_pending)
        s->wipe_asked = true;
    else if ((in_grace && s->a.wipe_at == NS_NEVER && event != EV_UNIT && event != EV_POWER_CUT) ||
             (event == EV_WIPED && !in_grace))
        s->wipe_asked = false;
    for (size_t i = 0; i < n; i++)
        if (out[i].kind == ALERT_DO_WIPE && !out[i].drill && !(before->wipe_asked || s->wipe_asked))
            return "a wipe begins that nobody asked for";
    if (in_grace && (event == GESTURE_DURESS || event == GESTURE_CODE) && s->a.wipe_at == NS_NEVER)
        return "somebody on site stops a wipe";
    return NULL;
}

static const char *check_step(const struct alert_node *before, const struct alert_node *s,
                              size_t event, const struct alert_rules *r,
                              const struct alert_action *out, size_t n)
{
    bool staff_ends = event == EV_GESTURES + ALERT_CMD_ALL_CLEAR && !r->plain;
    if (n > ALERT_ACTIONS_MAX)
        return "too many actions";
    if (in_lockdown(&before->a) && !in_lockdown(&s->a) && !staff_ends)
        return "a lockdown ends without a staff phone";
    if (before->a.now.pressed && !s->a.now.pressed && !staff_ends)
        return "a press at the door is forgotten without a staff phone";
    if (before->a.now.state == ALERT_CAUTION && s->a.now.state == ALERT_QUIET && !staff_ends &&
        event != EV_GESTURES + ALERT_CMD_ABORT)
        return "somebody on site ends a caution";
    if ((event == EV_KEPT_LOCKDOWN || event == EV_KEPT_CODE) && !in_lockdown(&s->a))
        return "a lockdown that a broker keeps is not taken over";
    if (event == GESTURE_LOCKDOWN &&
        (!in_lockdown(&s->a) || s->a.now.calm || !publishes(out, n, ALERT_PUB_LOCKDOWN)))
        return "a press is lost";
    if ((event == GESTURE_CAUTION || event == GESTURE_UNCLEAR) && !in_lockdown(&before->a) &&
        (s->a.now.state != ALERT_CAUTION || s->a.now.calm))
        return "a caution is lost";
    const struct alert_action *seal = find(out, n, ALERT_DO_SEAL);
    if ((event == GESTURE_DURESS || event == GESTURE_CODE) && !r->plain &&
        (!seal || !find(out, n, ALERT_DO_DOOR) || !find(out, n, ALERT_DO_RECORD) ||
         (event == GESTURE_DURESS) > (seal->door == ALERT_DOOR_DURESS)))
        return "staff are not told what was pressed at the door";
    if (seal && find(out, n, ALERT_DO_DOOR) && seal > find(out, n, ALERT_DO_DOOR))
        return "staff are sent what is not sealed yet";
    const struct alert_action *record = find(out, n, ALERT_DO_RECORD);
    const struct alert_action *publish = find(out, n, ALERT_DO_PUBLISH);
    if (memcmp(&before->a.now, &s->a.now, sizeof s->a.now) != 0 && !record)
        return "a change is not recorded";
    if (publish && (!record || record > publish))
        return "something is published before it is recorded";
    return NULL;
}

/* Code and duress differ in nothing but what is sealed for staff: the same actions, and the same
 * state afterwards. */
static const char *check_cover(const struct alert_node *before, const struct alert_rules *r)
{
    struct alert code = before->a, duress = before->a;
    struct alert_action x[ALERT_ACTIONS_MAX], y[ALERT_ACTIONS_MAX];
    struct alert_event e = event_of(GESTURE_CODE);
    memset(x, 0, sizeof x);
    memset(y, 0, sizeof y);
    size_t n = alert_step(&code, r, &e, NOW, x);
    e = event_of(GESTURE_DURESS);
    size_t m = alert_step(&duress, r, &e, NOW, y);
    for (size_t i = 0; i < n; i++)
        x[i].door = y[i].door = ALERT_DOOR_NOTHING;
    code.door = duress.door = ALERT_DOOR_NOTHING;
    return n == m && memcmp(x, y, sizeof x) == 0 && memcmp(&code, &duress, sizeof code) == 0
               ? NULL
               : "code and duress can be told apart";
}

static int64_t aged(int64_t at)
{
    return at < NOW - AGE_MAX ? NOW - AGE_MAX : at;
}

/* One form for all states that behave alike, padding included. */
static void normalise(struct alert *a)
{
    const struct alert was = *a;
    memset(a, 0, sizeof *a);
    a->now = was.now;
    if (!alert_id_is_none(&was.now.id))
        a->now.id = (struct alert_id){{1}};
    a->since = was.now.state == ALERT_QUIET ? 0 : aged(was.since);
    a->wipe_at = was.wipe_at;
    a->wipe_is_drill = was.wipe_at != NS_NEVER && was.wipe_is_drill;
    a->door = was.door;
    a->feigned_at = was.feigned_at == NS_NEVER ? NS_NEVER : aged(was.feigned_at);
}

static size_t one_unit(struct alert *a, const struct alert_rules *r, struct alert_action *out)
{
    a->since--;
    if (a->feigned_at != NS_NEVER)
        a->feigned_at--;
    if (a->wipe_at != NS_NEVER)
        a->wipe_at--;
    if (alert_deadline(a, r) > NOW)
        return 0;
    return alert_step(a, r, &(struct alert_event){.kind = ALERT_EV_TIME}, NOW, out);
}

static const char *step(void *state, size_t event, const void *context)
{
    const struct alert_rules *r = context;
    struct alert_node *s = state, before = *s;
    struct alert_action out[ALERT_ACTIONS_MAX];
    const char *broken = check_cover(s, r);
    size_t n;
    if (broken)
        return broken;
    if (event == EV_UNIT) {
        n = one_unit(&s->a, r, out);
    } else if (event == EV_POWER_CUT) {
        struct alert_standing recorded = s->a.now;
        n = alert_resume(&s->a, &recorded, NOW, out);
        if (in_lockdown(&s->a) && !publishes(out, n, ALERT_PUB_LOCKDOWN))
            return "a restart does not say that the lockdown is still active";
        if (recorded.wipe_pending && !find(out, n, ALERT_DO_WIPE))
            return "a restart does not go on with the wipe";
        broken = check_step(&before, s, event, r, out, 0);
    } else {
        struct alert_event e = event_of(event);
        n = alert_step(&s->a, r, &e, NOW, out);
    }
    if (event != EV_POWER_CUT)
        broken = check_step(&before, s, event, r, out, n);
    if (!broken)
        broken = check_wipe(s, &before, event, out, n);
    if (!broken)
        broken = check_state(s, r);
    normalise(&s->a);
    return broken;
}

static void every_order_of_events(void **unused)
{
    (void)unused;
    for (int mix = 0; mix < 8; mix++) {
        const struct alert_rules r = {.wipe = mix & 1,
                                      .plain = mix & 2,
                                      .wipe_grace = mix & 4 ? GRACE : 0,
                                      .abort_window = ABORT,
                                      .drill_lasts = DRILL};
        const struct explore_model m = {.size = sizeof(struct alert_node),
                                        .events = EV_COUNT,
                                        .step = step,
                                        .event_name = event_name,
                                        .context = &r};
        struct alert_node first;
        memset(&first, 0, sizeof first);
        alert_init(&first.a);
        struct explore_result found = explore(&m, &first, SIZE_MAX);
        print_message("alert%s%s%s: %zu states, %zu transitions, all within %zu events\n",
                      r.wipe ? ", wipe" : "", r.plain ? ", plain" : "",
                      r.wipe_grace ? ", grace" : "", found.states, found.transitions, found.depth);
        if (found.broken)
            fail_msg("%s", found.broken);
        assert_true(found.states > 20);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_order_of_events)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
