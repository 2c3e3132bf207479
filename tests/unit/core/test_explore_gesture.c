#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kiosk/core/gesture.h"
#include "kiosk/core/ns.h"
#include "tests/unit/core/explore.h"

#include <string.h>

/* Every way to press a switch, in units of time, held against a reading of the rules that is
 * written differently: it counts units, presses and what was said. */

enum { PRESS = 2, GAP = 3, HOLD = 5, WIPE = 7, STUCK = 9, CODE = 5, NOW = 100, PRESSES_MAX = 8 };

struct gesture_node {
    struct gesture_state g;
    /* the other reading */
    int down, up;       /* units pressed; units released since the last press */
    int presses;        /* of the train that runs */
    bool slow;          /* one of them was longer than a press */
    bool fault;         /* nothing is read until it is released */
    bool locked, wiped; /* said of this press already */
};

enum { EV_UNIT, EV_PRESS, EV_RELEASE, EV_COUNT };

static const char *event_name(size_t event)
{
    static const char *const names[] = {"one unit of time", "press", "release"};
    return names[event];
}

/* What a train of presses means when nobody goes on with it. */
static enum gesture meaning(int presses, bool slow)
{
    if (presses >= 4)
        return presses == CODE ? GESTURE_CODE : GESTURE_DURESS;
    if (presses == 3 || slow)
        return GESTURE_UNCLEAR;
    return presses == 2 ? GESTURE_CAUTION : GESTURE_IGNORED;
}

/* What has to be said after this event, in order. */
static size_t expect(struct gesture_node *s, size_t event, enum gesture out[GESTURE_MAX])
{
    size_t n = 0;
    if (event == EV_PRESS) {
        s->down = 0;
        s->locked = s->wiped = false;
        out[n++] = GESTURE_SENSED;
    } else if (event == EV_RELEASE) {
        if (s->fault) {
            s->presses = 0;
            s->slow = false;
            out[n++] = GESTURE_FREED;
        } else if (!s->locked) {
            s->presses += s->presses < PRESSES_MAX;
            s->slow = s->slow || s->down > PRESS;
        }
        s->fault = false;
        s->up = 0;
    } else if (s->g.pressed && !s->fault) {
        s->down++;
        if (s->down == HOLD) {
            s->locked = true;
            s->presses = 0;
            s->slow = false;
            out[n++] = GESTURE_LOCKDOWN;
        }
        if (s->down == WIPE)
            out[n++] = GESTURE_WIPE;
        if (s->down == STUCK) {
            s->fault = true;
            out[n++] = GESTURE_STUCK;
        }
    } else if (!s->g.pressed && s->presses > 0 && ++s->up == GAP) {
        out[n++] = meaning(s->presses, s->slow);
        s->presses = 0;
        s->slow = false;
    }
    return n;
}

static void normalise(struct gesture_node *s)
{
    int64_t oldest = NOW - STUCK - 1;
    s->g.since = s->g.fault || (!s->g.pressed && s->g.presses == 0) || s->g.since < oldest
                     ? oldest
                     : s->g.since;
    if (s->g.presses > PRESSES_MAX)
        s->g.presses = PRESSES_MAX;
    if (!s->g.pressed)
        s->g.held = 0;
    if (!s->g.pressed || s->fault)
        s->down = 0;
    if (s->g.pressed || s->presses == 0)
        s->up = 0;
    if (!s->g.pressed)
        s->locked = s->wiped = false;
}

static const char *step(void *state, size_t event, const void *context)
{
    const struct gesture_rules *r = context;
    struct gesture_node *s = state;
    enum gesture said[GESTURE_MAX], wanted[GESTURE_MAX];
    bool press = event == EV_PRESS;
    size_t n, m;
    if (event != EV_UNIT && press == s->g.pressed)
        return EXPLORE_SKIP;
    m = expect(s, event, wanted);
    if (event == EV_UNIT) {
        bool due;
        s->g.since -= s->g.since > NOW - STUCK - 1;
        due = gesture_deadline(&s->g, r) <= NOW;
        n = gesture_time(&s->g, r, NOW, said);
        if (due != (n > 0))
            return "the deadline is not the moment at which something is decided";
    } else {
        n = gesture_level(&s->g, r, press, NOW, said);
    }
    if (n != m || memcmp(said, wanted, n * sizeof *said) != 0)
        return m > n ? "a gesture is lost" : "a gesture is invented";
    if (gesture_deadline(&s->g, r) <= NOW)
        return "a deadline that has passed is still waited for";
    normalise(s);
    return NULL;
}

static void every_way_to_press(void **unused)
{
    (void)unused;
    const struct gesture_rules r = {.press_max = PRESS,
                                    .gap = GAP,
                                    .hold = HOLD,
                                    .wipe_hold = WIPE,
                                    .stuck = STUCK,
                                    .code = CODE};
    const struct explore_model m = {.size = sizeof(struct gesture_node),
                                    .events = EV_COUNT,
                                    .step = step,
                                    .event_name = event_name,
                                    .context = &r};
    for (int pressed = 0; pressed < 2; pressed++) {
        struct gesture_node first;
        enum gesture said[GESTURE_MAX];
        memset(&first, 0, sizeof first);
        gesture_start(&first.g, pressed, NOW, said);
        first.fault = pressed;
        normalise(&first);
        struct explore_result found = explore(&m, &first, SIZE_MAX);
        print_message("gesture, %s at the start: %zu states, %zu transitions, all within %zu "
                      "events\n",
                      pressed ? "pressed" : "released", found.states, found.transitions,
                      found.depth);
        if (found.broken)
            fail_msg("%s", found.broken);
        assert_true(found.states > 100);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_way_to_press)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
