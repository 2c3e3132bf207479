#include "kiosk/core/ns.h"
#include "kiosk/relay/ring_policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* One night a row by row: what comes, when, and whether it rings. */
struct step {
    int s; /* seconds */
    enum { BEAT, SAY, KEPT, TICK, UP, DOWN, RETIRE } what;
    enum message_kind kind;
    enum alert_state state;
    char id;
    int flags;
    enum ring_policy_ring then;
};
enum { DRILL = 1, UNCONFIRMED = 2, DURESS = 4, PROVED = 8 };

static const struct step alert_night[] = {
    {0, UP, 0, 0, 0, 0, RING_POLICY_NOTHING},
    {1, KEPT, MSG_STATE, ALERT_QUIET, 0, 0, RING_POLICY_NOTHING},
    {2, BEAT, 0, 0, 0, 0, RING_POLICY_NOTHING},
    {3, SAY, MSG_CAUTION, 0, 'a', 0, RING_POLICY_ALERT},
    {3, SAY, MSG_STATE, ALERT_CAUTION, 'a', 0, RING_POLICY_NOTHING},
    {4, SAY, MSG_CAUTION, 0, 'a', 0, RING_POLICY_NOTHING},
    {5, SAY, MSG_LOCKDOWN, 0, 'b', 0, RING_POLICY_ALERT},
    {6, SAY, MSG_DURESS, 0, 'b', 0, RING_POLICY_NOTHING},
    {7, SAY, MSG_ALL_CLEAR, 0, 'b', UNCONFIRMED, RING_POLICY_NOTHING},
    {8, SAY, MSG_ALL_CLEAR, 0, 'b', 0, RING_POLICY_NOTHING},
    {9, SAY, MSG_ALL_CLEAR, 0, 'b', PROVED, RING_POLICY_ALERT},
    {10, SAY, MSG_STATE, ALERT_QUIET, 0, PROVED, RING_POLICY_NOTHING},
    {11, SAY, MSG_LOCKDOWN, 0, 'c', DRILL, RING_POLICY_ALERT},
    {12, SAY, MSG_ALL_CLEAR, 0, 'c', DRILL, RING_POLICY_NOTHING},
    {13, TICK, 0, 0, 0, 0, RING_POLICY_NOTHING},
};

static const struct step silent_night[] = {
    {0, UP, 0, 0, 0, 0, RING_POLICY_NOTHING},
    {1, BEAT, 0, 0, 0, 0, RING_POLICY_NOTHING},
    {15, TICK, 0, 0, 0, 0, RING_POLICY_NOTHING},
    {16, TICK, 0, 0, 0, 0, RING_POLICY_SILENT},
    {16, TICK, 0, 0, 0, 0, RING_POLICY_NOTHING},
    {30, TICK, 0, 0, 0, 0, RING_POLICY_NOTHING},
    {31, BEAT, 0, 0, 0, 0, RING_POLICY_NOTHING},
    {32, TICK, 0, 0, 0, 0, RING_POLICY_NOTHING},
    {50, TICK, 0, 0, 0, 0, RING_POLICY_NOTHING}, /* it flaps: silence again, too soon to ring */
    {51, SAY, MSG_LOCKDOWN, 0, 'a', 0, RING_POLICY_ALERT}, /* but an alert is never held back */
    {52, SAY, MSG_ALL_CLEAR, 0, 'a', PROVED, RING_POLICY_ALERT},
    {310, TICK, 0, 0, 0, 0, RING_POLICY_NOTHING},
    {400, TICK, 0, 0, 0, 0, RING_POLICY_SILENT},
    {401, RETIRE, 0, 0, 0, 0, RING_POLICY_NOTHING},
    {402, SAY, MSG_LOCKDOWN, 0, 'b', 0, RING_POLICY_NOTHING},
    {900, TICK, 0, 0, 0, 0, RING_POLICY_NOTHING},
};

static const struct step blind_night[] = {
    {0, TICK, 0, 0, 0, 0, RING_POLICY_NOTHING},  {59, TICK, 0, 0, 0, 0, RING_POLICY_NOTHING},
    {60, TICK, 0, 0, 0, 0, RING_POLICY_BLIND},   {61, TICK, 0, 0, 0, 0, RING_POLICY_NOTHING},
    {70, UP, 0, 0, 0, 0, RING_POLICY_NOTHING},   {71, BEAT, 0, 0, 0, 0, RING_POLICY_NOTHING},
    {72, DOWN, 0, 0, 0, 0, RING_POLICY_NOTHING}, {131, TICK, 0, 0, 0, 0, RING_POLICY_NOTHING},
    {132, TICK, 0, 0, 0, 0, RING_POLICY_BLIND},  {133, TICK, 0, 0, 0, 0, RING_POLICY_NOTHING},
};

static const struct step late_relay[] = {
    /* It starts when everything has happened already: what is kept is reported. */
    {0, UP, 0, 0, 0, 0, RING_POLICY_NOTHING},
    {0, KEPT, MSG_STATE, ALERT_LOCKDOWN, 'a', 0, RING_POLICY_ALERT},
    {20, TICK, 0, 0, 0, 0, RING_POLICY_NOTHING},
};

static const struct step late_drill[] = {
    {0, UP, 0, 0, 0, 0, RING_POLICY_NOTHING},
    {0, KEPT, MSG_STATE, ALERT_LOCKDOWN, 'a', DRILL, RING_POLICY_ALERT},
};

static const struct step never_heard[] = {
    {0, UP, 0, 0, 0, 0, RING_POLICY_NOTHING},
    {14, TICK, 0, 0, 0, 0, RING_POLICY_NOTHING},
    {15, TICK, 0, 0, 0, 0, RING_POLICY_SILENT},
};

static enum ring_policy_ring say(struct ring_policy *w, const struct step *s, uint64_t seq,
                                 int64_t now)
{
    struct message m = {.kind = s->what == BEAT ? MSG_BEAT : s->kind,
                        .epoch = 1,
                        .seq = seq,
                        .age_ms = -1,
                        .state = s->state,
                        .drill = s->flags & DRILL,
                        .duress = s->flags & DURESS};
    struct view_message word = {.message = &m, .retained = s->what == KEPT, .wall_age = -1};

    if (s->flags & UNCONFIRMED)
        strcpy(m.detail, "unconfirmed");
    memset(m.id.bytes, s->id, sizeof m.id.bytes);
    if (s->flags & PROVED) {
        word.proved = true;
        word.proved_epoch = 1;
        word.proved_seq = seq - 1; /* what staff looked at came before */
    }
    return ring_policy_word(w, 0, &word, now);
}

/* When it is next due, on a copy that was ticked until it is silent; that moment is in the future,
 * and nothing rings before it. */
static int64_t due_after(const struct ring_policy *w, int64_t now, size_t step)
{
    struct ring_policy copy = *w;
    while (ring_policy_tick(&copy, now) != RING_POLICY_NOTHING)
        ;
    int64_t due = ring_policy_deadline(&copy, now);
    if (due <= now)
        fail_msg("after step %zu: always due at once", step);
    if (due != NS_NEVER && ring_policy_tick(&copy, due - 1) != RING_POLICY_NOTHING)
        fail_msg("after step %zu: rings before it is due", step);
    return due;
}

static void play(const struct step *night, size_t count)
{
    struct ring_policy w;
    int64_t due = 0;
    ring_policy_init(&w, 1, 60 * NS_PER_S, 0);
    for (size_t i = 0; i < count; i++) {
        const struct step *s = &night[i];
        int64_t now = s->s * NS_PER_S;
        enum ring_policy_ring ring = RING_POLICY_NOTHING;
        if (s->what == UP || s->what == DOWN)
            ring_policy_link(&w, s->what == UP, now);
        else if (s->what == RETIRE)
            ring_policy_retire(&w, 0);
        else if (s->what == TICK)
            ring = ring_policy_tick(&w, now);
        else
            ring = say(&w, s, i + 1, now);
        if (ring != s->then)
            fail_msg("step %zu, at %d s: %d instead of %d", i, s->s, ring, s->then);
        if (s->what == TICK && ring != RING_POLICY_NOTHING && due > now)
            fail_msg("step %zu rings, and was due only %lld ns later", i, (long long)(due - now));
        due = due_after(&w, now, i);
    }
}

#define NIGHT(name)                                                                                \
    static void test_##name(void **state)                                                          \
    {                                                                                              \
        (void)state;                                                                               \
        play((name), sizeof(name) / sizeof((name)[0]));                                            \
    }

NIGHT(alert_night)
NIGHT(silent_night)
NIGHT(blind_night)
NIGHT(late_relay)
NIGHT(late_drill)
NIGHT(never_heard)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alert_night), cmocka_unit_test(test_silent_night),
        cmocka_unit_test(test_blind_night), cmocka_unit_test(test_late_relay),
        cmocka_unit_test(test_late_drill),  cmocka_unit_test(test_never_heard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
