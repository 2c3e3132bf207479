#include "kiosk/core/ns.h"
#include "kiosk/relay/ring_policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/rows.h"

/* One night a row by row: what comes, when, and whether it rings. The kiosk was started at 0, and
 * counts its messages by their row in the night. */
struct step {
    int s; /* seconds */
    enum {
        BEAT,
        LATE_BEAT,
        ASK,
        RING,
        KEPT,
        OLD,
        TICK,
        UP,
        DOWN,
        RETIRE,
        ENDED,
        RESTART,
        START,
        BEFORE
    } what;
    char id;    /* RING, KEPT, OLD: the alert; 0: none */
    bool on;    /* the same */
    char staff; /* the same: the code; 0: none. BEAT: names a ring that was never sent */
    enum ring_policy_ring then;
};

#define NO RING_POLICY_NOTHING

static const struct step alert_night[] = {
    {0, UP, 0, 0, 0, NO},
    {1, KEPT, 0, false, 0, NO},
    {2, BEAT, 0, 0, 0, NO},
    {3, RING, 'a', true, 0, RING_POLICY_ALERT},
    {3, RING, 'a', true, 0, NO},
    {5, RING, 'b', true, 0, RING_POLICY_ALERT},   /* a caution has become a lockdown */
    {6, RING, 'b', true, 'x', RING_POLICY_STAFF}, /* a code or duress */
    {7, RING, 'b', true, 'y', RING_POLICY_STAFF}, /* another */
    {8, RING, 'b', true, 'y', NO},
    {9, RING, 'b', false, 0, RING_POLICY_ALERT}, /* its end */
    {10, RING, 'b', false, 0, NO},
    {11, RING, 'c', true, 0, RING_POLICY_ALERT},
    {12, RING, 'd', true, 'z', RING_POLICY_ALERT}, /* all are staff too */
    {12, RING, 'd', true, 'z', NO},
    /* More of staff's than are remembered: the alert is still known. */
    {13, RING, 'd', true, '1', RING_POLICY_STAFF},
    {13, RING, 'd', true, '2', RING_POLICY_STAFF},
    {13, RING, 'd', true, '3', RING_POLICY_STAFF},
    {13, RING, 'd', true, '4', RING_POLICY_STAFF},
    {13, RING, 'd', true, '5', RING_POLICY_STAFF},
    {13, RING, 'd', true, '6', RING_POLICY_STAFF},
    {13, RING, 'd', true, '7', RING_POLICY_STAFF},
    {13, RING, 'd', true, '8', RING_POLICY_STAFF},
    {13, RING, 'd', true, '9', RING_POLICY_STAFF},
    {13, TICK, 0, 0, 0, NO},
};

static const struct step ended_by_the_root[] = {
    {0, UP, 0, 0, 0, NO},
    {1, RING, 'a', true, 'x', RING_POLICY_ALERT},
    {2, ENDED, 'a', 0, 0, RING_POLICY_ALERT},
    {3, ENDED, 'a', 0, 0, NO},
    {4, RING, 'a', true, 'x', NO}, /* the kiosk does not know yet, or is somebody else's */
    {5, RING, 'a', false, 0, NO},
    {6, RING, 'b', true, 0, RING_POLICY_ALERT},
    {7, ENDED, 0, 0, 0, RING_POLICY_ALERT}, /* everything up to now */
    {8, ENDED, 'y', 0, 0, NO},
    {9, RING, 'c', true, 'y', RING_POLICY_ALERT},
};

static const struct step ended_code[] = {
    {0, UP, 0, 0, 0, NO},
    {1, ENDED, 'x', 0, 0, NO},
    {2, RING, 0, false, 'x', NO},
    {3, RING, 'a', true, 0, RING_POLICY_ALERT},
};

static const struct step silent_night[] = {
    {0, UP, 0, 0, 0, NO},
    {1, BEAT, 0, 0, 0, NO},
    {15, TICK, 0, 0, 0, NO},
    {16, TICK, 0, 0, 0, RING_POLICY_SILENT},
    {16, TICK, 0, 0, 0, NO},
    {30, TICK, 0, 0, 0, NO},
    {31, BEAT, 0, 0, 0, NO},
    {32, TICK, 0, 0, 0, NO},
    {50, TICK, 0, 0, 0, NO},                     /* it flaps: silence again, too soon to ring */
    {51, RING, 'a', true, 0, RING_POLICY_ALERT}, /* but an alert is never held back */
    {52, RING, 'a', false, 0, RING_POLICY_ALERT},
    {310, TICK, 0, 0, 0, NO},
    {400, TICK, 0, 0, 0, RING_POLICY_SILENT},
    {401, RETIRE, 0, 0, 0, NO},
    {402, RING, 'b', true, 0, NO},
    {900, TICK, 0, 0, 0, NO},
};

/* Whoever lets beats go again, but no ring, hides nothing by the silence before. */
static const struct step silent_then_held_back[] = {
    {0, UP, 0, 0, 0, NO},       {1, BEAT, 0, 0, 0, NO},     {16, TICK, 0, 0, 0, RING_POLICY_SILENT},
    {17, BEAT, 0, 0, 'x', NO},  {27, TICK, 0, 0, 0, NO}, /* too soon after the last */
    {310, BEAT, 0, 0, 'x', NO}, {315, TICK, 0, 0, 0, NO},   {316, TICK, 0, 0, 0, RING_POLICY_HELD},
    {317, TICK, 0, 0, 0, NO},   {630, BEAT, 0, 0, 'x', NO}, {631, TICK, 0, 0, 0, NO},
};

static const struct step blind_night[] = {
    {0, TICK, 0, 0, 0, NO},   {59, TICK, 0, 0, 0, NO},  {60, TICK, 0, 0, 0, RING_POLICY_BLIND},
    {61, TICK, 0, 0, 0, NO},  {70, UP, 0, 0, 0, NO},    {71, BEAT, 0, 0, 0, NO},
    {72, DOWN, 0, 0, 0, NO},  {131, TICK, 0, 0, 0, NO}, {132, TICK, 0, 0, 0, RING_POLICY_BLIND},
    {133, TICK, 0, 0, 0, NO},
};

static const struct step late_relay[] = {
    /* It starts when everything has happened already: what is kept is reported. */
    {0, UP, 0, 0, 0, NO},
    {0, KEPT, 'a', true, 'x', RING_POLICY_ALERT},
    {14, TICK, 0, 0, 0, NO},
};

/* How old is what is kept for staff alone? The next beat says it; without one it rings. */
static const struct step late_relay_for_staff[] = {
    {0, UP, 0, 0, 0, NO},
    {0, KEPT, 0, false, 'x', NO},
    {1, BEAT, 0, 0, 0, RING_POLICY_STAFF},
    {2, KEPT, 0, false, 'x', NO},
    {3, BEAT, 0, 0, 0, NO},
    {4, KEPT, 0, false, 'y', NO},
    {5, RING, 0, false, 'y', RING_POLICY_STAFF}, /* that one is of now */
    {6, KEPT, 0, false, 'z', NO},
    {7, RING, 0, false, 0, NO}, /* over before it was dated */
    {8, BEAT, 0, 0, 0, NO},
    {9, KEPT, 0, false, '1', NO},
    {10, KEPT, 'a', true, '1', RING_POLICY_ALERT}, /* all are staff too */
    {11, BEAT, 0, 0, 0, NO},
    {12, TICK, 0, 0, 0, NO},
};

static const struct step late_relay_of_a_dead_kiosk[] = {
    {0, UP, 0, 0, 0, NO},
    {1, KEPT, 0, false, 'x', NO},
    {14, TICK, 0, 0, 0, NO},
    {15, TICK, 0, 0, 0, RING_POLICY_SILENT}, /* it is silent, and all are staff too */
    {17, TICK, 0, 0, 0, NO},
    {18, KEPT, 0, false, 'y', NO},
    {32, TICK, 0, 0, 0, NO},
    {33, TICK, 0, 0, 0, RING_POLICY_STAFF}, /* that has rung for its silence before */
    {34, TICK, 0, 0, 0, NO},
    {35, KEPT, 0, false, 'z', NO},
    {36, RETIRE, 0, 0, 0, NO},
    {60, TICK, 0, 0, 0, NO},
};

static const struct step never_heard[] = {
    {0, UP, 0, 0, 0, NO},
    {14, TICK, 0, 0, 0, NO},
    {15, TICK, 0, 0, 0, RING_POLICY_SILENT},
};

/* A broker that delays everything by a minute from 20 s on: beats come, but are no sign of life. */
static const struct step delayed_night[] = {
    {0, UP, 0, 0, 0, NO},
    {1, ASK, 0, 0, 0, NO},
    {2, BEAT, 0, 0, 0, NO}, /* with the echo */
    {20, BEAT, 0, 0, 0, NO},
    {34, LATE_BEAT, 0, 0, 0, NO},
    {35, TICK, 0, 0, 0, RING_POLICY_SILENT},
    {36, LATE_BEAT, 0, 0, 0, NO},
    {400, LATE_BEAT, 0, 0, 0, NO},
    {401, BEAT, 0, 0, 0, NO},
    {402, TICK, 0, 0, 0, NO},
};

/* It delays from the start, or drops the relay's pings: no echo ever comes in time. */
static const struct step no_echo[] = {
    {0, UP, 0, 0, 0, NO},
    {1, ASK, 0, 0, 0, NO},
    {2, LATE_BEAT, 0, 0, 0, NO},
    {14, LATE_BEAT, 0, 0, 0, NO},
    {17, LATE_BEAT, 0, 0, 0, NO},
    {28, TICK, 0, 0, 0, NO},
    {29, TICK, 0, 0, 0, RING_POLICY_SILENT},
    {30, LATE_BEAT, 0, 0, 0, NO},
};

static const struct step held_night[] = {
    {0, UP, 0, 0, 0, NO},
    {1, BEAT, 0, 0, 0, NO},
    {6, BEAT, 0, 0, 'h', NO}, /* names a ring that does not come */
    {11, BEAT, 0, 0, 'h', NO},
    {15, TICK, 0, 0, 0, NO},
    {16, TICK, 0, 0, 0, RING_POLICY_HELD},
    {17, BEAT, 0, 0, 'h', NO},
    {18, TICK, 0, 0, 0, NO},
};

static const struct step replayed_night[] = {
    {0, UP, 0, 0, 0, NO},
    {1, BEAT, 0, 0, 0, NO},
    {2, RING, 'a', true, 0, RING_POLICY_ALERT},
    {3, RING, 'a', false, 0, RING_POLICY_ALERT},
    {4, OLD, 'a', true, 0, NO},                /* rung for already */
    {5, OLD, 'b', true, 0, RING_POLICY_ALERT}, /* of last week: it may be a kiosk without its */
    {6, OLD, 'c', true, 0, NO},                /* record, but once an hour at most */
    {3604, OLD, 'd', true, 0, NO},
    {3605, OLD, 'e', true, 0, RING_POLICY_ALERT},
    {3606, OLD, 0, false, 0, NO},
};

/* The record is lost and the clock is behind: an echo shows that the lower epoch is alive. */
static const struct step lost_record[] = {
    {0, UP, 0, 0, 0, NO},
    {1, BEAT, 0, 0, 0, NO},
    {2, RING, 'a', true, 0, RING_POLICY_ALERT},
    {3, RESTART, 0, 0, 0, NO},
    {4, ASK, 0, 0, 0, NO},
    {5, BEAT, 0, 0, 0, NO},
    {6, RING, 'b', true, 0, RING_POLICY_ALERT},
    {7, RING, 'c', true, 0, RING_POLICY_ALERT},
    {19, TICK, 0, 0, 0, NO},
    {20, TICK, 0, 0, 0, RING_POLICY_SILENT},
};

/* A kiosk starts again, and the broker drops its beats: what it said before that is no end of what
 * it says now, in whatever order that is sent again. */
static const struct step old_end[] = {
    {0, UP, 0, 0, 0, NO},
    {1, ASK, 0, 0, 0, NO},
    {2, BEAT, 0, 0, 0, NO},
    {3, RING, 'a', true, 0, RING_POLICY_ALERT},
    {4, RING, 'a', false, 0, RING_POLICY_ALERT},
    {5, START, 0, 0, 0, NO},
    {6, RING, 'b', true, 0, RING_POLICY_ALERT},
    {7, BEFORE, 0, false, 0, NO},
    {8, RING, 'b', true, 0, NO},
    {9, BEFORE, 0, false, 0, NO},
    {10, RING, 'b', false, 0, RING_POLICY_ALERT},
};

struct play {
    struct ring_policy w;
    uint64_t epoch, seq;
    int64_t started;
    uint8_t asked[FRESHNESS_NONCE];
    bool waiting;
    uint64_t newest; /* ring */
};

static struct message beat_at(struct play *p, const struct step *s, int64_t now)
{
    int64_t sent = s->what == LATE_BEAT ? now - 60 * NS_PER_S : now;
    struct message m = {.kind = MSG_BEAT, .epoch = p->epoch, .seq = p->seq};
    m.up_ms = sent > p->started ? (uint64_t)((sent - p->started) / NS_PER_MS) : 0;
    m.newest[FRESHNESS_RING] = s->staff ? p->seq : p->newest;
    if (p->waiting && s->what == BEAT) {
        memcpy(m.echo[m.echo_count++], p->asked, sizeof p->asked);
        p->waiting = false;
    }
    return m;
}

static struct message ring_at(struct play *p, const struct step *s)
{
    struct message m = {.kind = MSG_RING, .epoch = p->epoch, .seq = p->seq, .on = s->on};
    if (s->what == OLD)
        m.epoch = 1;
    else if (s->what == BEFORE)
        m.epoch = p->epoch - 1;
    else
        p->newest = p->seq;
    memset(m.id.bytes, s->id, sizeof m.id.bytes);
    memset(m.staff.bytes, s->staff, sizeof m.staff.bytes);
    return m;
}

static enum ring_policy_ring happens(struct play *p, const struct step *s, int64_t now)
{
    static const uint8_t key[ENVELOPE_PUBLIC];
    struct root_word root = {.made = 1};
    struct message m;
    p->seq++;
    switch (s->what) {
    case UP:
    case DOWN:
        ring_policy_link(&p->w, s->what == UP, now);
        return NO;
    case RETIRE:
        root.retired = true;
        return ring_policy_root(&p->w, 0, &root, key);
    case ENDED:
        root.ended = true;
        root.seq = p->seq - 1; /* the newest message before it */
        root.epoch = p->epoch;
        memset(root.id.bytes, s->id, sizeof root.id.bytes);
        return ring_policy_root(&p->w, 0, &root, key);
    case RESTART:
        p->epoch--;
        p->started = now;
        p->newest = 0;
        return NO;
    case START:
        p->epoch++;
        p->started = now;
        p->newest = 0;
        return NO;
    case ASK:
        memset(p->asked, (int)p->seq, sizeof p->asked);
        p->waiting = true;
        ring_policy_ask(&p->w, 0, p->asked, now);
        return NO;
    case TICK:
        return ring_policy_tick(&p->w, now);
    case BEAT:
    case LATE_BEAT:
        m = beat_at(p, s, now);
        break;
    default:
        m = ring_at(p, s);
        break;
    }
    return ring_policy_word(&p->w, 0, &m, s->what == KEPT, 0, now);
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
    struct play p = {.epoch = 7};
    int64_t due = 0;
    ring_policy_init(&p.w, 1, 60 * NS_PER_S, 0, 0);
    for (size_t i = 0; i < count; i++) {
        const struct step *s = &night[i];
        int64_t now = s->s * NS_PER_S;
        enum ring_policy_ring ring = happens(&p, s, now);
        if (ring != s->then)
            fail_msg("step %zu, at %d s: %d instead of %d", i, s->s, ring, s->then);
        if (s->what == TICK && ring != RING_POLICY_NOTHING && due > now)
            fail_msg("step %zu rings, and was due only %lld ns later", i, (long long)(due - now));
        due = due_after(&p.w, now, i);
    }
}

#define NIGHT(name)                                                                                \
    {                                                                                              \
#name, name, sizeof(name) / sizeof((name)[0])                                              \
    }

static void test_each_night_rings_as_it_should(void **state)
{
    static const struct {
        const char *name;
        const struct step *night;
        size_t count;
    } nights[] = {
        NIGHT(alert_night),
        NIGHT(silent_night),
        NIGHT(silent_then_held_back),
        NIGHT(blind_night),
        NIGHT(late_relay),
        NIGHT(late_relay_for_staff),
        NIGHT(never_heard),
        NIGHT(delayed_night),
        NIGHT(no_echo),
        NIGHT(held_night),
        NIGHT(replayed_night),
        NIGHT(lost_record),
        NIGHT(ended_by_the_root),
        NIGHT(old_end),
        NIGHT(ended_code),
        NIGHT(late_relay_of_a_dead_kiosk),
    };
    (void)state;
    EACH_ROW (i, nights, nights[i].name) {
        play(nights[i].night, nights[i].count);
    }
}

/* A relay that starts finds what was kept: a ring for staff alone, and then a beat. Of the dates
 * that either has, and of how long the kiosk has run; what the relay's own clock says is in none.
 */
static void test_what_only_staff_are_woken_for_is_worth_no_ring_after_an_hour_of_the_kiosk_s(
    void **state)
{
    enum { T = 1790000000, HOUR = 3600, YEAR = 365 * 24 * HOUR };
    static const struct {
        const char *name;
        int64_t ring, beat, up_s; /* up_s -1: the kiosk has restarted since */
        enum ring_policy_ring then;
    } rows[] = {
        {"of now", T, T, YEAR, RING_POLICY_STAFF},
        {"of less than an hour", T, T + HOUR, YEAR, RING_POLICY_STAFF},
        {"of more than an hour", T, T + HOUR + 1, YEAR, NO},
        {"of last year", T, T + YEAR, 2 * YEAR, NO},
        {"of a thousand years", T, T + INT64_C(1000) * YEAR, 2 * YEAR, NO},
        {"of a kiosk that has restarted since", T, T + 2 * HOUR, -1, NO},
        {"of a clock that was set since", T, T + YEAR, HOUR, RING_POLICY_STAFF},
        {"of one that was set back", T + YEAR, T, 2 * YEAR, RING_POLICY_STAFF},
        {"of one that was never set", 0, 0, YEAR, RING_POLICY_STAFF},
        {"of one that was not set then", 0, T, YEAR, RING_POLICY_STAFF},
        {"of one that is not set any more", T, 0, YEAR, RING_POLICY_STAFF},
    };
    (void)state;
    EACH_ROW (i, rows, rows[i].name) {
        bool again = rows[i].up_s < 0;
        struct message kept = {.kind = MSG_RING, .epoch = 1, .seq = 1, .staff = {{'x'}}};
        struct message beat = {.kind = MSG_BEAT, .epoch = again ? 2 : 1, .seq = 2};
        beat.up_ms = again ? 1 : (uint64_t)rows[i].up_s * 1000;
        struct ring_policy w;
        ring_policy_init(&w, 1, 0, 0, 0);
        ring_policy_link(&w, true, 0);
        assert_int_equal(ring_policy_word(&w, 0, &kept, true, rows[i].ring, 1), NO);
        assert_int_equal(ring_policy_word(&w, 0, &beat, false, rows[i].beat, 2), rows[i].then);
        assert_int_equal(ring_policy_tick(&w, 3), NO);
        assert_int_equal(ring_policy_deadline(&w, 3), 2 + RING_POLICY_LOST_AFTER);
    }
}

/* --- again ----------------------------------------------------------------------------------- */

#define BEGAN INT64_C(1790000000)

struct again {
    int64_t web[16], topics[16]; /* s from the alert */
    size_t web_count, topics_count;
};

static struct message again_ring(uint64_t seq, char id, bool on)
{
    struct message m = {.kind = MSG_RING, .epoch = 1, .seq = seq, .on = on};
    memset(m.id.bytes, id, sizeof m.id.bytes);
    return m;
}

/* An hour of a relay, in which the kiosk beats, from an alert on that begins, or that began
 * `kept_s` s before by the kiosk's clock and was kept; `then` at `then_at` s. */
static struct again hour_of(int64_t pause, int64_t kept_s, const struct message *then,
                            const struct root_word *root, int64_t then_at)
{
    static const uint8_t key[ENVELOPE_PUBLIC];
    const struct message alert = again_ring(1, 'a', true);
    struct message beat = {.kind = MSG_BEAT, .epoch = 1, .newest = {[FRESHNESS_RING] = 1}};
    beat.up_ms = UINT64_C(86400) * 1000;
    struct again a = {.web_count = 0};
    struct ring_policy w;
    enum ring_policy_ring ring;
    ring_policy_init(&w, 1, 0, pause, 0);
    ring_policy_link(&w, true, 0);
    assert_int_equal(ring_policy_word(&w, 0, &alert, kept_s > 0, BEGAN, 0), RING_POLICY_ALERT);
    for (int64_t s = 1; s < 3600; s++) {
        int64_t now = s * NS_PER_S;
        beat.seq = (uint64_t)s + 10;
        ring_policy_word(&w, 0, &beat, false, BEGAN + kept_s + s, now);
        if (then && s == then_at)
            ring_policy_word(&w, 0, then, false, 0, now);
        if (root && s == then_at)
            ring_policy_root(&w, 0, root, key);
        int64_t due = ring_policy_deadline(&w, now);
        bool rang = false;
        while ((ring = ring_policy_tick(&w, now)) != RING_POLICY_NOTHING) {
            rang = true;
            if (ring == RING_POLICY_AGAIN)
                a.web[a.web_count++] = s;
            else
                a.topics[a.topics_count++] = s;
            assert_true(ring == RING_POLICY_AGAIN || ring == RING_POLICY_TOPICS);
            assert_int_equal(w.again_for.bytes[0], s < then_at || !then ? 'a' : then->id.bytes[0]);
        }
        assert_int_equal(rang, due <= now);
    }
    return a;
}

#define ASSERT_TIMES(list, ...)                                                                    \
    do {                                                                                           \
        static const int64_t wanted[] = {__VA_ARGS__};                                             \
        assert_int_equal(list##_count, sizeof wanted / sizeof wanted[0]);                          \
        assert_memory_equal(list, wanted, sizeof wanted);                                          \
    } while (0)

static void test_it_rings_again_in_growing_pauses_for_half_an_hour(void **state)
{
    (void)state;
    struct again a = hour_of(60 * NS_PER_S, 0, NULL, NULL, 0);
    ASSERT_TIMES(a.web, 60, 150, 285, 488, 788, 1088, 1388, 1688);
    ASSERT_TIMES(a.topics, 300, 900, 1500);
    a = hour_of(0, 0, NULL, NULL, 0);
    assert_int_equal(a.web_count + a.topics_count, 0);
}

static void test_it_stops_when_the_alert_ends(void **state)
{
    const struct message end = again_ring(2, 'a', false);
    struct root_word over = {.made = 1, .ended = true, .epoch = 1, .seq = 1}, gone = {.made = 1};
    (void)state;
    gone.retired = true;
    struct again by_kiosk = hour_of(60 * NS_PER_S, 0, &end, NULL, 290);
    ASSERT_TIMES(by_kiosk.web, 60, 150, 285);
    assert_int_equal(by_kiosk.topics_count, 0);
    struct again by_root = hour_of(60 * NS_PER_S, 0, NULL, &over, 100);
    ASSERT_TIMES(by_root.web, 60);
    struct again retired = hour_of(60 * NS_PER_S, 0, NULL, &gone, 100);
    ASSERT_TIMES(retired.web, 60);
}

static void test_another_alert_begins_it_again_and_the_same_does_not(void **state)
{
    const struct message other = again_ring(2, 'b', true), same = again_ring(2, 'a', true);
    (void)state;
    struct again a = hour_of(60 * NS_PER_S, 0, &other, NULL, 100);
    ASSERT_TIMES(a.web, 60, 160, 250, 385, 588, 888, 1188, 1488, 1788);
    ASSERT_TIMES(a.topics, 400, 1000, 1600);
    a = hour_of(60 * NS_PER_S, 0, &same, NULL, 100);
    ASSERT_TIMES(a.web, 60, 150, 285, 488, 788, 1088, 1388, 1688);
}

/* What a relay finds when it starts has begun before. */
static void test_half_an_hour_counts_from_when_it_began(void **state)
{
    (void)state;
    struct again a = hour_of(60 * NS_PER_S, 1499, NULL, NULL, 0);
    ASSERT_TIMES(a.web, 60, 150, 285);
    assert_int_equal(a.topics_count, 0);
    a = hour_of(60 * NS_PER_S, 7199, NULL, NULL, 0);
    assert_int_equal(a.web_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_night_rings_as_it_should),
        cmocka_unit_test(test_it_rings_again_in_growing_pauses_for_half_an_hour),
        cmocka_unit_test(test_it_stops_when_the_alert_ends),
        cmocka_unit_test(test_another_alert_begins_it_again_and_the_same_does_not),
        cmocka_unit_test(test_half_an_hour_counts_from_when_it_began),
        cmocka_unit_test(
            test_what_only_staff_are_woken_for_is_worth_no_ring_after_an_hour_of_the_kiosk_s),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
