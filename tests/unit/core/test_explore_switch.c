#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kiosk/core/ns.h"
#include "kiosk/core/switch.h"
#include "tests/unit/core/explore.h"
#include "tests/unit/rows.h"

#include <string.h>

/* Every way to move the contacts of a switch, cut wires and shorts included. Contacts move between
 * two units of time, and may bounce in the middle of one. What test_explore_gesture.c checks about
 * trains of presses is not checked again. The caller keeps to the deadline. */

#define UNIT     (20 * NS_PER_MS)
#define DEBOUNCE (3 * NS_PER_MS)
#define NOW      (100 * NS_PER_S)

/* In units. A long while is CHANGEOVER_WORN. */
enum { THROW = 2, PRESS = 2, GAP = 2, HOLD = 4, WIPE = 5, STUCK = 6, CODE = 4, PRESSES_MAX = 5 };
enum { LONG_WHILE = CHANGEOVER_WORN / UNIT, CALLS_MAX = 16, SAID_MAX = 2 * SWITCH_MAX };

/* Positions of the contacts; a single contact has the two in the middle. */
enum { NEITHER, AT_REST, PRESSED, BOTH, NOWHERE };

struct switch_node {
    struct switch_state s;
    /* the other reading */
    int no, nc;
    int rest;    /* the position from which a press can begin; NOWHERE: the wires are at fault */
    int unsound; /* units in which the contacts were neither at rest nor pressed */
    int held;    /* units of a press that has to count */
    int since_sensed; /* units since a press was reported, -1: none is */
    int away;         /* units since the contacts left the position of a fault */
    int fault, fault_at, tampered;
};

struct said {
    struct switch_event all[SAID_MAX];
    size_t n;
};

enum { EV_UNIT, EV_BOUNCE_NO, EV_BOUNCE_NC, EV_LONG_WHILE, EV_NO, EV_NC, EV_COUNT };

static const char *event_name(size_t event)
{
    static const char *const names[] = {
        "one unit of time",
        "one unit of time, the no contact bounces",
        "one unit of time, the nc contact bounces",
        "a long while",
        "the no contact moves",
        "the nc contact moves",
    };
    return names[event];
}

static int position(const struct switch_node *s, const struct switch_rules *r)
{
    if (!r->supervised)
        return s->no ? PRESSED : AT_REST;
    if (s->no)
        return s->nc ? BOTH : PRESSED;
    return s->nc ? AT_REST : NEITHER;
}

static bool said_gesture(const struct said *t, enum gesture g)
{
    for (size_t i = 0; i < t->n; i++)
        if (!t->all[i].wires && t->all[i].gesture == g)
            return true;
    return false;
}

static bool said_fault(const struct said *t, enum changeover_event_kind k)
{
    for (size_t i = 0; i < t->n; i++)
        if (t->all[i].wires && t->all[i].fault == k)
            return true;
    return false;
}

/* --- time ------------------------------------------------------------------------------------ */

/* Up to `until` with a call at each deadline. */
static const char *wait_until(struct switch_state *s, const struct switch_rules *r, int64_t until,
                              struct said *t)
{
    int64_t now = NOW;
    for (int calls = 0; switch_deadline(s, r) <= until; calls++) {
        int64_t due = switch_deadline(s, r);
        now = due > now ? due : now;
        if (calls == CALLS_MAX)
            return "the deadline makes no progress";
        t->n += switch_time(s, r, now, t->all + t->n);
    }
    struct switch_state asked = *s;
    struct switch_event early[SWITCH_MAX];
    return switch_time(&asked, r, until, early) > 0 ? "something is due before the deadline" : NULL;
}

static void contact_earlier(struct debounce *d, int64_t by)
{
    d->raw_since -= by;
    d->doubted -= by;
    d->counted -= by;
}

static void earlier(struct switch_state *s, int64_t by)
{
    contact_earlier(&s->contact[SWITCH_NO], by);
    contact_earlier(&s->contact[SWITCH_NC], by);
    s->changeover.since -= by;
    s->changeover.unsound -= by;
    s->gesture.since -= by;
}

/* --- one form for all states that behave alike ----------------------------------------------- */

static void normalise_contact(struct debounce *d)
{
    const struct debounce was = *d;
    bool sure = was.raw == was.level && was.doubt == 0;
    memset(d, 0, sizeof *d);
    d->settle = was.settle;
    d->closed = was.closed;
    d->level = was.level;
    d->raw = was.raw;
    d->doubt = was.doubt;
    d->raw_since = sure ? NOW : was.raw_since;
    d->counted = sure ? NOW : was.counted;
    d->doubted = was.doubt == 0 ? NOW : was.doubted;
}

static void normalise_changeover(struct changeover *c)
{
    const struct changeover was = *c;
    memset(c, 0, sizeof *c);
    if (was.throw_time == 0)
        return; /* not in use: one contact */
    c->throw_time = was.throw_time;
    c->no = was.no;
    c->nc = was.nc;
    c->pressed = was.pressed;
    c->fault = was.fault;
    c->named = was.fault ? was.named : 0;
    c->known = was.known;
    c->rest = was.rest;
    c->unsound = was.known ? NOW : was.unsound;
    c->since = was.fault && NOW - was.since >= CHANGEOVER_WORN ? NOW - CHANGEOVER_WORN : NOW;
}

static void normalise_gesture(struct gesture_state *g)
{
    const struct gesture_state was = *g;
    bool idle = was.fault || (!was.pressed && was.presses == 0);
    memset(g, 0, sizeof *g);
    g->pressed = was.pressed;
    g->fault = was.fault;
    g->presses = was.presses > PRESSES_MAX ? PRESSES_MAX : was.presses;
    g->long_press = was.long_press;
    g->held = was.pressed ? was.held : 0;
    g->since = idle ? NOW : was.since;
}

static void normalise(struct switch_state *s)
{
    normalise_contact(&s->contact[SWITCH_NO]);
    normalise_contact(&s->contact[SWITCH_NC]);
    normalise_changeover(&s->changeover);
    normalise_gesture(&s->gesture);
}

/* --- what must hold -------------------------------------------------------------------------- */

static int at_most(int n, int most)
{
    return n > most ? most : n;
}

/* What these units of one position mean for the wires and for a press. */
static void read_wires(struct switch_node *s, int at, int units)
{
    if (s->fault && at != s->fault_at)
        s->away = at_most(s->away + units, THROW);
    else
        s->away = 0;
    if (at == AT_REST)
        s->rest = AT_REST;
    if (at == s->rest) {
        s->held = s->unsound = 0;
    } else if (at == PRESSED) {
        s->unsound = 0;
        if (s->rest != NOWHERE)
            s->held = at_most(s->held + units, STUCK + 1);
    } else {
        s->unsound = at_most(s->unsound + units, THROW + 1);
        s->held = s->unsound < THROW && s->held > 0 ? at_most(s->held + units, STUCK + 1) : 0;
        if (s->unsound >= THROW)
            s->rest = units == LONG_WHILE ? at : NOWHERE;
    }
}

static const char *check_fault(struct switch_node *s, int at, enum changeover_event_kind k)
{
    bool begins = k == CHANGEOVER_CUT || k == CHANGEOVER_SHORT;
    if (s->fault && begins)
        return "a fault begins twice";
    if (!s->fault && !begins)
        return "a fault ends or changes that never began";
    if (begins && (s->unsound < THROW || at != (k == CHANGEOVER_CUT ? NEITHER : BOTH)))
        return "a fault is invented";
    if (k == CHANGEOVER_REPAIRED && at != AT_REST)
        return "a fault ends although the contacts are not at rest";
    if (begins)
        s->fault_at = at;
    s->fault = k != CHANGEOVER_REPAIRED;
    s->tampered = s->fault && (s->tampered || k == CHANGEOVER_TAMPER);
    s->since_sensed = -1;
    return NULL;
}

static const char *check_gesture(struct switch_node *s, int at, int units, enum gesture g)
{
    if (g == GESTURE_SENSED) {
        s->since_sensed = 0;
        return at == PRESSED && s->rest != NOWHERE ? NULL : "a wire fault is taken for a press";
    }
    int needed = g == GESTURE_LOCKDOWN ? HOLD : g == GESTURE_WIPE ? WIPE : 0;
    if (needed > 0 && (s->since_sensed < 0 || s->since_sensed + units < needed))
        return "a hold is invented";
    return NULL;
}

/* In the order in which it was said. */
static const char *check_said(struct switch_node *s, int at, int units, const struct said *t)
{
    const char *broken = NULL;
    for (size_t i = 0; i < t->n && !broken; i++)
        broken = t->all[i].wires ? check_fault(s, at, t->all[i].fault)
                                 : check_gesture(s, at, units, t->all[i].gesture);
    if (at == AT_REST)
        s->since_sensed = -1;
    else if (s->since_sensed >= 0)
        s->since_sensed = at_most(s->since_sensed + units, STUCK + 1);
    return broken;
}

static bool reached(int before, int now, int mark)
{
    return before < mark && now >= mark;
}

static const char *check_not_lost(const struct switch_node *before, const struct switch_node *s,
                                  int at, const struct said *t)
{
    if (reached(before->held, s->held, 1) && !said_gesture(t, GESTURE_SENSED))
        return "a press is lost";
    if (reached(before->held, s->held, HOLD) && !said_gesture(t, GESTURE_LOCKDOWN))
        return "a press that is held is lost";
    if (reached(before->held, s->held, WIPE) && !said_gesture(t, GESTURE_WIPE))
        return "the hold that asks for the wipe is lost";
    if (reached(before->held, s->held, STUCK) && !said_gesture(t, GESTURE_STUCK))
        return "a switch that is stuck is not reported";
    if (s->unsound >= THROW && !s->fault)
        return "a wire fault is not reported";
    if (s->fault && s->rest == NOWHERE && s->away >= THROW && !s->tampered)
        return "somebody works on the wires, and it is not reported";
    if (at == AT_REST && before->fault && !said_fault(t, CHANGEOVER_REPAIRED))
        return "the end of a fault is not reported";
    return NULL;
}

static const char *check_state(const struct switch_node *s, const struct switch_rules *r, int at)
{
    if (s->fault != s->s.changeover.fault)
        return "a fault began or ended, and nothing was said";
    if (at == AT_REST && (s->s.gesture.pressed || switch_at_fault(&s->s)))
        return "the switch is at rest, and is not seen so";
    if (s->fault && !switch_at_fault(&s->s))
        return "a fault is forgotten";
    if (r->supervised && s->s.gesture.pressed != s->s.changeover.pressed)
        return "two parts of the switch disagree about the press";
    if (s->held > 0 && !s->s.gesture.pressed)
        return "a press is broken off";
    return NULL;
}

/* --- one step -------------------------------------------------------------------------------- */

static const char *bounced_unit(struct switch_state *s, const struct switch_rules *r,
                                enum switch_contact c, struct said *t)
{
    int64_t from = NOW + DEBOUNCE + NS_PER_MS, to = from + DEBOUNCE - 1;
    bool level = s->contact[c].raw;
    const char *broken = wait_until(s, r, from, t);
    if (broken)
        return broken;
    t->n += switch_level(s, r, c, !level, from, t->all + t->n);
    t->n += switch_level(s, r, c, level, to, t->all + t->n);
    return wait_until(s, r, NOW + UNIT, t);
}

/* A bounce that is shorter than the debounce decides nothing, now or later. */
static const char *check_bounce(const struct switch_node *before, const struct switch_rules *r,
                                enum switch_contact c, const struct switch_node *s,
                                const struct said *t)
{
    struct switch_state other = before->s;
    struct said u = {.n = 0};
    const char *broken = bounced_unit(&other, r, c, &u);
    earlier(&other, UNIT);
    normalise(&other);
    if (broken)
        return broken;
    if (u.n != t->n)
        return "a bounce decides something";
    for (size_t i = 0; i < u.n; i++)
        if (u.all[i].wires != t->all[i].wires || u.all[i].gesture != t->all[i].gesture ||
            u.all[i].fault != t->all[i].fault)
            return "a bounce changes what is said";
    return memcmp(&other, &s->s, sizeof other) == 0 ? NULL : "a bounce leaves a trace";
}

static const char *contact_moves(struct switch_node *s, const struct switch_rules *r, size_t event)
{
    struct switch_event out[SWITCH_MAX];
    int *raw = event == EV_NO ? &s->no : &s->nc;
    *raw = !*raw;
    size_t n = switch_level(&s->s, r, event == EV_NO ? SWITCH_NO : SWITCH_NC, *raw, NOW, out);
    normalise(&s->s);
    return n > 0 ? "an edge is believed at once" : NULL;
}

static const char *time_passes(struct switch_node *s, const struct switch_rules *r, size_t event)
{
    struct switch_node before = *s;
    struct said t = {.n = 0};
    int units = event == EV_LONG_WHILE ? LONG_WHILE : 1, at = position(s, r);
    const char *broken = wait_until(&s->s, r, NOW + units * UNIT, &t);
    earlier(&s->s, units * UNIT);
    normalise(&s->s);
    if (!broken && (event == EV_BOUNCE_NO || event == EV_BOUNCE_NC))
        broken = check_bounce(&before, r, event == EV_BOUNCE_NO ? SWITCH_NO : SWITCH_NC, s, &t);
    read_wires(s, at, units);
    if (!broken)
        broken = check_said(s, at, units, &t);
    if (!broken)
        broken = check_not_lost(&before, s, at, &t);
    return broken ? broken : check_state(s, r, at);
}

static const char *step(void *state, size_t event, const void *context)
{
    const struct switch_rules *r = context;
    const struct switch_node *s = state;
    const struct debounce *no = &s->s.contact[SWITCH_NO], *nc = &s->s.contact[SWITCH_NC];
    if (!r->supervised && (event == EV_NC || event == EV_BOUNCE_NC))
        return EXPLORE_SKIP;
    /* From both closed to neither and back at one instant: it passes a sound position. */
    if (event != EV_NO && event != EV_NC && no->level == nc->level && no->raw != no->level &&
        nc->raw != nc->level)
        return EXPLORE_SKIP;
    return event == EV_NO || event == EV_NC ? contact_moves(state, r, event)
                                            : time_passes(state, r, event);
}

static void explore_switch(const struct switch_rules *r, bool no, bool nc, const char *name)
{
    const struct explore_model m = {.size = sizeof(struct switch_node),
                                    .events = EV_COUNT,
                                    .step = step,
                                    .event_name = event_name,
                                    .context = r};
    struct switch_node first;
    struct switch_event out[SWITCH_MAX];
    memset(&first, 0, sizeof first);
    size_t n = switch_start(&first.s, r, no, nc, NOW, out);
    first.no = no;
    first.nc = nc;
    bool found_pressed = position(&first, r) == PRESSED;
    first.rest = found_pressed ? NOWHERE : AT_REST; /* it may be moving just now */
    first.since_sensed = -1;
    assert_int_equal(n, found_pressed);
    assert_true(!found_pressed || out[0].gesture == GESTURE_FOUND);
    normalise(&first.s);
    struct explore_result found = explore(&m, &first, SIZE_MAX);
    print_message("switch, %s: %zu states, %zu transitions, all within %zu events\n", name,
                  found.states, found.transitions, found.depth);
    if (found.broken)
        fail_msg("%s", found.broken);
    assert_true(found.states > 90);
}

static void every_way_to_move_the_contacts(void **unused)
{
    static const struct {
        const char *name;
        bool supervised, no, nc;
    } starts[] = {
        {"one contact, released at the start", false, false, false},
        {"one contact, pressed at the start", false, true, false},
        {"supervised, released at the start", true, false, true},
        {"supervised, pressed at the start", true, true, false},
        {"supervised, wire cut at the start", true, false, false},
        {"supervised, wires shorted at the start", true, true, true},
    };
    (void)unused;
    EACH_ROW (i, starts, starts[i].name) {
        const struct switch_rules r = {.debounce = DEBOUNCE,
                                       .throw_time = THROW * UNIT,
                                       .supervised = starts[i].supervised,
                                       .gesture = {.press_max = PRESS * UNIT,
                                                   .gap = GAP * UNIT,
                                                   .hold = HOLD * UNIT,
                                                   .wipe_hold = WIPE * UNIT,
                                                   .stuck = STUCK * UNIT,
                                                   .code = CODE}};
        explore_switch(&r, starts[i].no, starts[i].nc, starts[i].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_way_to_move_the_contacts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
