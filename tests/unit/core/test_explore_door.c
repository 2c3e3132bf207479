#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kiosk/core/door.h"
#include "kiosk/core/ns.h"
#include "tests/unit/core/explore.h"
#include "tests/unit/rows.h"

#include <string.h>

/* Every night of one door, in units of time, compared with a second reading of the rules: it counts
 * units since the door opened, and remembers what was said about this opening. The caller calls
 * door_time at its deadline and when the clock is set, or is too busy for a while. */

enum { HELD = 3, MASK = 2, NOW = 100, MINUTES = 5 };

struct door_case {
    struct door_rules rules;
    int minutes[MINUTES]; /* not set, two inside the hours, two outside */
    int mask;             /* units */
};

struct door_node {
    struct door d;
    uint8_t minute; /* index into minutes */
    bool lockdown;
    /* the other reading */
    bool open, began_in_lockdown, judged, held;
    int said; /* notices about this opening */
    int open_for, mask;
    bool busy; /* a deadline may have been missed */
};

enum {
    EV_OPEN,
    EV_CLOSE,
    EV_UNIT,
    EV_UNIT_BUSY,
    EV_LOCKDOWN,
    EV_AGAIN,
    EV_MINUTE,
    EV_COUNT = EV_MINUTE + MINUTES
};

static const char *event_name(size_t event)
{
    static const char *const names[] = {
        "the door opens",
        "the door closes",
        "one unit of time",
        "one unit of time, nobody looks",
        "a lockdown begins, or ends",
        "the same level is read again",
        "the clock: not set",
        "the clock: the first minute of the hours",
        "the clock: the last minute of the hours",
        "the clock: the first minute after the hours",
        "the clock: the last minute before the hours",
    };
    return names[event];
}

/* What is due about a door that is open. */
static size_t expect_time(struct door_node *s, const struct door_case *c, enum door_notice *out)
{
    bool outside = s->minute >= 3 && c->rules.hours_count > 0;
    size_t n = 0;
    if (!s->open || s->mask > 0)
        return 0;
    if (!s->judged && s->began_in_lockdown)
        out[n++] = DOOR_IN_LOCKDOWN;
    else if (!s->judged && outside)
        out[n++] = DOOR_OUT_OF_HOURS;
    s->judged = s->judged || s->began_in_lockdown || s->minute > 0 || c->rules.hours_count == 0;
    if (c->rules.held_open > 0 && !s->held && s->open_for >= HELD) {
        s->held = true;
        out[n++] = DOOR_HELD_OPEN;
    }
    s->said += (int)n;
    return n;
}

static size_t expect(struct door_node *s, const struct door_case *c, size_t event,
                     enum door_notice *out)
{
    size_t n = expect_time(s, c, out);
    if (event == EV_OPEN) {
        s->open = true;
        s->began_in_lockdown = s->lockdown;
        s->judged = s->held = false;
        s->said = s->open_for = 0;
        n = expect_time(s, c, out);
    } else if (event == EV_CLOSE) {
        s->open = false;
        if (s->said > 0)
            out[n++] = DOOR_CLOSED;
    }
    return n;
}

static void time_passes(struct door_node *s)
{
    s->d.since -= s->d.since > NOW - HELD - MASK;
    s->d.masked_until -= s->d.masked_until > NOW;
    s->mask -= s->mask > 0;
    s->open_for += s->open_for < HELD;
}

/* Padding out of the way, and what is over. */
static void normalise(struct door_node *s)
{
    const struct door was = s->d;
    memset(&s->d, 0, sizeof s->d);
    s->d.open = was.open;
    s->d.judged = was.judged;
    s->d.waits = was.waits;
    s->d.lockdown = was.lockdown;
    s->d.held = was.held;
    s->d.spoken = was.spoken;
    s->d.since = was.since;
    s->d.masked_until = was.masked_until;
    if (!s->open) {
        s->judged = s->held = s->began_in_lockdown = false;
        s->said = s->open_for = 0;
    }
}

static const char *compare(const enum door_notice *said, size_t n, const enum door_notice *wanted,
                           size_t m)
{
    if (n > DOOR_MAX)
        return "too many notices";
    if (n == m && memcmp(said, wanted, n * sizeof *said) == 0)
        return NULL;
    return m > n ? "a notice is lost" : "a notice is invented, or another one is due";
}

/* Time passes, and the caller keeps to the deadline. */
static const char *unit(struct door_node *s, const struct door_case *c, size_t event)
{
    int minute = c->minutes[s->minute];
    enum door_notice said[DOOR_MAX], wanted[DOOR_MAX + 1];
    time_passes(s);
    struct door asked = s->d;
    if (event == EV_UNIT_BUSY) {
        s->busy = true;
        return NULL;
    }
    if (door_deadline(&s->d, &c->rules) > NOW)
        return door_time(&asked, &c->rules, minute, NOW, said) > 0
                   ? "something is due before the deadline"
                   : NULL;
    s->busy = false;
    size_t m = expect_time(s, c, wanted);
    return compare(said, door_time(&s->d, &c->rules, minute, NOW, said), wanted, m);
}

static const char *call(struct door_node *s, const struct door_case *c, size_t event)
{
    enum door_notice said[DOOR_MAX + 1], wanted[DOOR_MAX + 1];
    size_t n, m;
    if (event >= EV_MINUTE)
        s->minute = (uint8_t)(event - EV_MINUTE);
    int minute = c->minutes[s->minute];
    m = expect(s, c, event, wanted);
    if (event >= EV_MINUTE)
        n = door_time(&s->d, &c->rules, minute, NOW, said);
    else
        n = door_level(&s->d, &c->rules, s->open, s->lockdown, minute, NOW, said);
    s->busy = false;
    return compare(said, n, wanted, m);
}

static const char *step(void *state, size_t event, const void *context)
{
    const struct door_case *c = context;
    struct door_node *s = state;
    const char *broken = NULL;
    if ((event == EV_OPEN && s->open) || (event == EV_CLOSE && !s->open) ||
        (event >= EV_MINUTE && event - EV_MINUTE == s->minute))
        return EXPLORE_SKIP;
    if (event == EV_LOCKDOWN)
        s->lockdown = !s->lockdown;
    else if (event == EV_UNIT || event == EV_UNIT_BUSY)
        broken = unit(s, c, event);
    else
        broken = call(s, c, event);
    if (!broken && s->d.open != s->open)
        broken = "the door is not what it is";
    if (!broken && !s->busy && door_deadline(&s->d, &c->rules) <= NOW)
        broken = "a deadline that has passed is still waited for";
    normalise(s);
    return broken;
}

static void explore_case(const struct door_case *c, const char *hours, bool open_at_start)
{
    const struct explore_model m = {.size = sizeof(struct door_node),
                                    .events = EV_COUNT,
                                    .step = step,
                                    .event_name = event_name,
                                    .context = c};
    struct door_node first;
    memset(&first, 0, sizeof first);
    door_start(&first.d, open_at_start, NOW + c->mask, NOW);
    first.open = open_at_start;
    first.mask = c->mask;
    first.busy = true; /* door_start says nothing: what is due is said at the first call */
    normalise(&first);
    struct explore_result found = explore(&m, &first, SIZE_MAX);
    print_message("door, %s%s%s%s: %zu states, %zu transitions, all within %zu events\n", hours,
                  c->rules.held_open > 0 ? ", held open" : "", c->mask > 0 ? ", masked" : "",
                  open_at_start ? ", open at the start" : "", found.states, found.transitions,
                  found.depth);
    if (found.broken)
        fail_msg("%s", found.broken);
    assert_true(found.states > 50);
}

static void every_night_of_a_door(void **unused)
{
    static const struct door_hours evening = {1080, 1380}, over_sunday = {9960, 180};
    static const struct {
        const char *name;
        const struct door_hours *hours;
        int minutes[MINUTES];
    } weeks[] = {
        {"an evening", &evening, {-1, 1080, 1379, 1380, 1079}},
        {"over the week's end", &over_sunday, {-1, 9960, 179, 180, 9959}},
        {"round the clock", NULL, {-1, 0, DOOR_WEEK - 1, 1, 2}},
    };
    (void)unused;
    EACH_ROW (w, weeks, weeks[w].name)
        for (int mix = 0; mix < 8; mix++) {
            struct door_case c = {.rules = {.hours = weeks[w].hours,
                                            .hours_count = weeks[w].hours ? 1 : 0,
                                            .held_open = mix & 1 ? HELD : 0},
                                  .mask = mix & 2 ? MASK : 0};
            memcpy(c.minutes, weeks[w].minutes, sizeof c.minutes);
            explore_case(&c, weeks[w].name, mix & 4);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_night_of_a_door)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
