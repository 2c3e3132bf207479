#include "kiosk/core/alert.h"
#include "kiosk/core/ns.h"
#include "tests/unit/rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h needs those above first */
#include <cmocka.h>

static const struct alert_rules wiping = {
    .wipe = true, .abort_window = 45 * NS_PER_S, .drill_lasts = 5 * 60 * NS_PER_S};
static const struct alert_rules graceful = {.wipe = true,
                                            .wipe_grace = 20 * NS_PER_S,
                                            .abort_window = 45 * NS_PER_S,
                                            .drill_lasts = 5 * 60 * NS_PER_S};
static const struct alert_rules alert_only = {.abort_window = 45 * NS_PER_S,
                                              .drill_lasts = 5 * 60 * NS_PER_S};
static const struct alert_rules plain = {
    .plain = true, .abort_window = 45 * NS_PER_S, .drill_lasts = 5 * 60 * NS_PER_S};

/* A story: words are events, "+45" lets as many seconds pass. What is then done, in order:
 * R record, S state, F forget, D drill report, f the same for the site alone, W wipe, w wipe drill,
 * n notice, d what was sealed as a notice; sealed: k code, x duress, o nothing; and
 * publications: L lockdown, C caution, U unclear, A all-clear, N unconfirmed; a drill's in lower
 * case with a colon before it. A bar divides events that did something. */
struct story {
    const struct alert_rules *rules;
    const char *events;
    const char *done;
    enum alert_state state, on_site;
    bool pressed;
};

static const struct story stories[] = {
    {&wiping, "sensed lockdown", "FRLS", ALERT_LOCKDOWN, ALERT_LOCKDOWN, false},
    {&wiping, "lockdown wipe", "FRLS|RW", ALERT_LOCKDOWN, ALERT_LOCKDOWN, false},
    {&alert_only, "lockdown wipe", "FRLS", ALERT_LOCKDOWN, ALERT_LOCKDOWN, false},
    {&wiping, "lockdown wipe wipe wiped", "FRLS|RW|W|R", ALERT_LOCKDOWN, ALERT_LOCKDOWN, false},
    {&wiping, "lockdown lockdown", "FRLS|RLS", ALERT_LOCKDOWN, ALERT_LOCKDOWN, false},
    /* a caution, which a staff phone alone takes back: its abort while the window is open */
    {&wiping, "caution", "FRCS", ALERT_CAUTION, ALERT_CAUTION, false},
    {&wiping, "unclear", "FRUS", ALERT_CAUTION, ALERT_CAUTION, false},
    {&wiping, "caution code", "FRCS|kRNdS", ALERT_CAUTION, ALERT_QUIET, true},
    {&wiping, "caution duress", "FRCS|xRNdS", ALERT_CAUTION, ALERT_QUIET, true},
    {&wiping, "caution +45 cmd-abort", "FRCS|RASF", ALERT_QUIET, ALERT_QUIET, false},
    {&wiping, "caution +46 cmd-abort", "FRCS", ALERT_CAUTION, ALERT_CAUTION, false},
    {&wiping, "caution lockdown", "FRCS|FRLS", ALERT_LOCKDOWN, ALERT_LOCKDOWN, false},
    {&wiping, "lockdown caution", "FRLS", ALERT_LOCKDOWN, ALERT_LOCKDOWN, false},
    /* nobody on site can call a lockdown off */
    {&wiping, "lockdown code", "FRLS|kRNdS", ALERT_LOCKDOWN, ALERT_QUIET, true},
    {&wiping, "lockdown code code", "FRLS|kRNdS|kRNdS", ALERT_LOCKDOWN, ALERT_QUIET, true},
    {&wiping, "lockdown code lockdown", "FRLS|kRNdS|RLS", ALERT_LOCKDOWN, ALERT_LOCKDOWN, true},
    {&wiping, "lockdown cmd-all-clear", "FRLS|RASF", ALERT_QUIET, ALERT_QUIET, false},
    {&wiping, "lockdown code cmd-all-clear", "FRLS|kRNdS|oRASF", ALERT_QUIET, ALERT_QUIET, false},
    {&wiping, "lockdown cmd-abort", "FRLS", ALERT_LOCKDOWN, ALERT_LOCKDOWN, false},
    {&wiping, "lockdown +99999", "FRLS", ALERT_LOCKDOWN, ALERT_LOCKDOWN, false},
    {&plain, "lockdown cmd-all-clear", "FRLS", ALERT_LOCKDOWN, ALERT_LOCKDOWN, false},
    /* duress does what the code does; staff alone are told, and the code does not take it back */
    {&wiping, "lockdown duress", "FRLS|xRNdS", ALERT_LOCKDOWN, ALERT_QUIET, true},
    {&wiping, "lockdown duress code", "FRLS|xRNdS|xRNdS", ALERT_LOCKDOWN, ALERT_QUIET, true},
    {&wiping, "lockdown code duress", "FRLS|kRNdS|xRNdS", ALERT_LOCKDOWN, ALERT_QUIET, true},
    {&wiping, "duress", "xRdS", ALERT_QUIET, ALERT_QUIET, true},
    {&wiping, "code", "kRdS", ALERT_QUIET, ALERT_QUIET, true},
    {&wiping, "duress code", "xRdS|xRdS", ALERT_QUIET, ALERT_QUIET, true},
    {&wiping, "duress lockdown code", "xRdS|FRLS|xRNdS", ALERT_LOCKDOWN, ALERT_QUIET, true},
    {&wiping, "lockdown duress cmd-all-clear", "FRLS|xRNdS|oRASF", ALERT_QUIET, ALERT_QUIET, false},
    {&wiping, "duress cmd-all-clear", "xRdS|oRASF", ALERT_QUIET, ALERT_QUIET, false},
    {&wiping, "duress cmd-all-clear code", "xRdS|oRASF|kRdS", ALERT_QUIET, ALERT_QUIET, true},
    {&plain, "lockdown duress", "FRLS|RNS", ALERT_LOCKDOWN, ALERT_QUIET, false},
    {&plain, "lockdown code", "FRLS|RNS", ALERT_LOCKDOWN, ALERT_QUIET, false},
    {&plain, "duress", "", ALERT_QUIET, ALERT_QUIET, false},
    {&plain, "code", "", ALERT_QUIET, ALERT_QUIET, false},
    /* the wipe's grace: neither takes it back, a staff phone's abort does */
    {&graceful, "lockdown wipe +20", "FRLS|R|W", ALERT_LOCKDOWN, ALERT_LOCKDOWN, false},
    {&graceful, "lockdown wipe code +20", "FRLS|R|kRNdS|W", ALERT_LOCKDOWN, ALERT_QUIET, true},
    {&graceful, "lockdown wipe duress +20", "FRLS|R|xRNdS|W", ALERT_LOCKDOWN, ALERT_QUIET, true},
    {&graceful, "lockdown wipe cmd-abort +20", "FRLS|R|R", ALERT_LOCKDOWN, ALERT_LOCKDOWN, false},
    {&graceful, "lockdown wipe code cmd-abort +20", "FRLS|R|kRNdS|R", ALERT_LOCKDOWN, ALERT_QUIET,
     true},
    {&graceful, "lockdown wipe cmd-all-clear +20", "FRLS|R|RASF", ALERT_QUIET, ALERT_QUIET, false},
    /* drills ride the same path, end by themselves, and make room for what is real */
    {&wiping, "drill", "FR:lS", ALERT_LOCKDOWN, ALERT_LOCKDOWN, false},
    {&wiping, "drill-wipe", "FR:lSw", ALERT_LOCKDOWN, ALERT_LOCKDOWN, false},
    {&alert_only, "drill-wipe", "FR:lS", ALERT_LOCKDOWN, ALERT_LOCKDOWN, false},
    {&wiping, "drill +300", "FR:lS|R:aSDF", ALERT_QUIET, ALERT_QUIET, false},
    {&wiping, "drill code", "FR:lS|R:aSDFkRdS", ALERT_QUIET, ALERT_QUIET, true},
    {&wiping, "drill duress", "FR:lS|R:aSDFxRdS", ALERT_QUIET, ALERT_QUIET, true},
    {&plain, "drill code", "FR:lS|R:aSDF", ALERT_QUIET, ALERT_QUIET, false},
    {&wiping, "drill cmd-abort", "FR:lS|R:aSDF", ALERT_QUIET, ALERT_QUIET, false},
    {&wiping, "drill lockdown", "FR:lS|R:aSDFFRLS", ALERT_LOCKDOWN, ALERT_LOCKDOWN, false},
    {&wiping, "drill caution", "FR:lS|R:aSDFFRCS", ALERT_CAUTION, ALERT_CAUTION, false},
    {&wiping, "duress drill cmd-abort", "xRdS|FR:lS|R:aSDF", ALERT_QUIET, ALERT_QUIET, true},
    {&graceful, "drill-wipe lockdown +20", "FR:lS|R:aSDFFRLS", ALERT_LOCKDOWN, ALERT_LOCKDOWN,
     false},
    {&graceful, "drill-wipe +20", "FR:lS|w", ALERT_LOCKDOWN, ALERT_LOCKDOWN, false},
    {&graceful, "drill-wipe duress +20", "FR:lS|R:aSDFxRdS", ALERT_QUIET, ALERT_QUIET, true},
    {&wiping, "lockdown drill", "FRLS", ALERT_LOCKDOWN, ALERT_LOCKDOWN, false},
    {&wiping, "cmd-drill", "FR:lS", ALERT_LOCKDOWN, ALERT_LOCKDOWN, false},
    {&wiping, "cmd-lockdown", "FRLS", ALERT_LOCKDOWN, ALERT_LOCKDOWN, false},
    {&wiping, "cmd-caution", "FRCS", ALERT_CAUTION, ALERT_CAUTION, false},
    /* a drill that is asked for on site while an alert is hidden there */
    {&wiping, "lockdown code drill", "FRLS|kRNdS", ALERT_LOCKDOWN, ALERT_LOCKDOWN, true},
    {&wiping, "lockdown code drill +300", "FRLS|kRNdS|f", ALERT_LOCKDOWN, ALERT_QUIET, true},
    {&wiping, "lockdown code drill code", "FRLS|kRNdS|fkRNdS", ALERT_LOCKDOWN, ALERT_QUIET, true},
    {&wiping, "lockdown code drill duress", "FRLS|kRNdS|fxRNdS", ALERT_LOCKDOWN, ALERT_QUIET, true},
    {&wiping, "lockdown code drill lockdown", "FRLS|kRNdS|fRLS", ALERT_LOCKDOWN, ALERT_LOCKDOWN,
     true},
    {&wiping, "lockdown code drill drill", "FRLS|kRNdS", ALERT_LOCKDOWN, ALERT_LOCKDOWN, true},
    {&wiping, "lockdown code drill cmd-all-clear", "FRLS|kRNdS|foRASF", ALERT_QUIET, ALERT_QUIET,
     false},
    {&wiping, "lockdown code cmd-drill", "FRLS|kRNdS", ALERT_LOCKDOWN, ALERT_QUIET, true},
    {&graceful, "lockdown code drill-wipe +20", "FRLS|kRNdS|w", ALERT_LOCKDOWN, ALERT_LOCKDOWN,
     true},
    {&graceful, "lockdown code drill-wipe code +20", "FRLS|kRNdS|fkRNdS", ALERT_LOCKDOWN,
     ALERT_QUIET, true},
    /* a broker keeps an alert that the record does not have: what is more than is active goes on */
    {&wiping, "kept-lockdown", "FRLS", ALERT_LOCKDOWN, ALERT_LOCKDOWN, false},
    {&wiping, "kept-caution", "FRCS", ALERT_CAUTION, ALERT_CAUTION, false},
    {&wiping, "kept-code", "F?RLNS", ALERT_LOCKDOWN, ALERT_QUIET, true},
    {&plain, "kept-code", "FRLNS", ALERT_LOCKDOWN, ALERT_QUIET, false},
    {&wiping, "duress kept-code", "xRdS|FxRLNS", ALERT_LOCKDOWN, ALERT_QUIET, true},
    {&wiping, "caution kept-lockdown", "FRCS|FRLS", ALERT_LOCKDOWN, ALERT_LOCKDOWN, false},
    {&wiping, "lockdown kept-caution", "FRLS", ALERT_LOCKDOWN, ALERT_LOCKDOWN, false},
    {&wiping, "drill kept-caution", "FR:lS|R:aSDFFRCS", ALERT_CAUTION, ALERT_CAUTION, false},
    {&wiping, "lockdown code drill kept-lockdown", "FRLS|kRNdS", ALERT_LOCKDOWN, ALERT_LOCKDOWN,
     true},
    /* after a restart nobody knows what was pressed before it: the code alone does not say so */
    {&wiping, "lockdown duress restart code", "FRLS|xRNdS|LNS|?RNdS", ALERT_LOCKDOWN, ALERT_QUIET,
     true},
    {&wiping, "lockdown code restart duress", "FRLS|kRNdS|LNS|xRNdS", ALERT_LOCKDOWN, ALERT_QUIET,
     true},
    {&wiping, "duress restart code cmd-all-clear code", "xRdS|S|?RdS|oRASF|kRdS", ALERT_QUIET,
     ALERT_QUIET, true},
    /* nothing to take back */
    {&wiping, "ignored", "", ALERT_QUIET, ALERT_QUIET, false},
    {&wiping, "cmd-all-clear", "", ALERT_QUIET, ALERT_QUIET, false},
    {&wiping, "stuck freed", "n|n", ALERT_QUIET, ALERT_QUIET, false},
};

static const struct {
    const char *word;
    struct alert_event event;
} words[] = {
    {"sensed", {.kind = ALERT_EV_GESTURE, .gesture = GESTURE_SENSED}},
    {"ignored", {.kind = ALERT_EV_GESTURE, .gesture = GESTURE_IGNORED}},
    {"lockdown", {.kind = ALERT_EV_GESTURE, .gesture = GESTURE_LOCKDOWN}},
    {"wipe", {.kind = ALERT_EV_GESTURE, .gesture = GESTURE_WIPE}},
    {"caution", {.kind = ALERT_EV_GESTURE, .gesture = GESTURE_CAUTION}},
    {"unclear", {.kind = ALERT_EV_GESTURE, .gesture = GESTURE_UNCLEAR}},
    {"code", {.kind = ALERT_EV_GESTURE, .gesture = GESTURE_CODE}},
    {"duress", {.kind = ALERT_EV_GESTURE, .gesture = GESTURE_DURESS}},
    {"stuck", {.kind = ALERT_EV_GESTURE, .gesture = GESTURE_STUCK}},
    {"freed", {.kind = ALERT_EV_GESTURE, .gesture = GESTURE_FREED}},
    {"cmd-lockdown", {.kind = ALERT_EV_COMMAND, .command = ALERT_CMD_LOCKDOWN}},
    {"cmd-caution", {.kind = ALERT_EV_COMMAND, .command = ALERT_CMD_CAUTION}},
    {"cmd-all-clear", {.kind = ALERT_EV_COMMAND, .command = ALERT_CMD_ALL_CLEAR}},
    {"cmd-drill", {.kind = ALERT_EV_COMMAND, .command = ALERT_CMD_DRILL}},
    {"cmd-abort", {.kind = ALERT_EV_COMMAND, .command = ALERT_CMD_ABORT}},
    {"drill", {.kind = ALERT_EV_DRILL}},
    {"drill-wipe", {.kind = ALERT_EV_DRILL, .drill_wipe = true}},
    {"wiped", {.kind = ALERT_EV_WIPED}},
    {"kept-lockdown", {.kind = ALERT_EV_KEPT, .state = ALERT_LOCKDOWN}},
    {"kept-caution", {.kind = ALERT_EV_KEPT, .state = ALERT_CAUTION}},
    {"kept-code", {.kind = ALERT_EV_KEPT, .state = ALERT_LOCKDOWN, .unconfirmed = true}},
};
enum { WORDS = sizeof words / sizeof words[0] };

static struct alert_id id_of(unsigned n)
{
    struct alert_id id = {{0}};
    memcpy(id.bytes, &n, sizeof n);
    id.bytes[15] = 1;
    return id;
}

static void append(char *done, const char *what)
{
    strcat(done, what);
}

static void append_action(char *done, const struct alert_action *a)
{
    static const char *const publish[] = {"L", "C", "U", "A", "N"};
    static const char *const in_drill[] = {":l", ":c", ":u", ":a", ":n"};
    static const char *const sealed[] = {"o", "k", "?", "x"};
    static const char *const others[] = {
        [ALERT_DO_RECORD] = "R", [ALERT_DO_STATE] = "S",  [ALERT_DO_NOTICE] = "n",
        [ALERT_DO_FORGET] = "F", [ALERT_DO_REPORT] = "D", [ALERT_DO_DOOR] = "d"};
    if (a->kind == ALERT_DO_PUBLISH)
        append(done, a->drill ? in_drill[a->publish] : publish[a->publish]);
    else if (a->kind == ALERT_DO_WIPE)
        append(done, a->drill ? "w" : "W");
    else if (a->kind == ALERT_DO_SEAL)
        append(done, sealed[a->door]);
    else if (a->kind == ALERT_DO_REPORT && a->feigned)
        append(done, "f");
    else
        append(done, others[a->kind]);
}

static void append_all(char *done, const struct alert_action *out, size_t n)
{
    if (n > 0 && done[0] != '\0')
        append(done, "|");
    for (size_t i = 0; i < n; i++)
        append_action(done, &out[i]);
}

static void restart(struct alert *a, int64_t now, char *done)
{
    struct alert_action out[ALERT_ACTIONS_MAX];
    struct alert_standing recorded = a->now;
    append_all(done, out, alert_resume(a, &recorded, now, out));
}

static void one(struct alert *a, const struct story *s, const struct alert_event *e, int64_t now,
                char *done)
{
    struct alert_action out[ALERT_ACTIONS_MAX];
    append_all(done, out, alert_step(a, s->rules, e, now, out));
}

static void play(const struct story *s, struct alert *a, char *done)
{
    int64_t now = 1000 * NS_PER_S;
    unsigned id = 0;
    char events[256];
    char *rest = events;
    snprintf(events, sizeof events, "%s", s->events);
    alert_init(a);
    done[0] = '\0';
    for (char *w; (w = strsep(&rest, " ")) != NULL;) {
        if (*w == '+') {
            int64_t until = now + strtol(w + 1, NULL, 10) * NS_PER_S;
            while (alert_deadline(a, s->rules) <= until) {
                now = alert_deadline(a, s->rules);
                one(a, s, &(struct alert_event){.kind = ALERT_EV_TIME}, now, done);
            }
            now = until;
            continue;
        }
        if (strcmp(w, "restart") == 0) {
            restart(a, now, done);
            continue;
        }
        size_t k = 0;
        while (k < WORDS && strcmp(w, words[k].word) != 0)
            k++;
        assert_true(k < WORDS);
        struct alert_event e = words[k].event;
        e.fresh_id = id_of(++id);
        one(a, s, &e, now, done);
    }
}

static void test_stories(void **state)
{
    (void)state;
    EACH_ROW (i, stories, stories[i].events) {
        const struct story *s = &stories[i];
        struct alert a;
        char done[256];
        play(s, &a, done);
        assert_string_equal(done, s->done);
        assert_int_equal(a.now.state, s->state);
        assert_int_equal(alert_on_site(&a), s->on_site);
        assert_int_equal(a.now.pressed, s->pressed);
    }
}

static void test_repeats_keep_their_id(void **state)
{
    (void)state;
    struct alert a;
    char done[256];
    play(&(struct story){.rules = &wiping, .events = "lockdown lockdown code lockdown"}, &a, done);
    struct alert_id first = id_of(1);
    assert_true(alert_id_equal(&a.now.id, &first));
    play(&(struct story){.rules = &wiping, .events = "caution lockdown"}, &a, done);
    struct alert_id second = id_of(2);
    assert_true(alert_id_equal(&a.now.id, &second));
}

static void test_resume_goes_on_where_the_record_says(void **state)
{
    (void)state;
    static const struct {
        struct alert_standing s;
        const char *done;
    } rows[] = {
        {{.state = ALERT_QUIET}, "S"},
        {{.state = ALERT_LOCKDOWN}, "LS"},
        {{.state = ALERT_LOCKDOWN, .drill = true}, ":lS"},
        {{.state = ALERT_CAUTION, .unclear = true}, "US"},
        {{.state = ALERT_LOCKDOWN, .wipe_pending = true}, "WLS"},
        {{.state = ALERT_LOCKDOWN, .calm = true, .unconfirmed = true}, "LNS"},
        {{.state = ALERT_LOCKDOWN, .calm = true, .unconfirmed = true, .pressed = true}, "LNS"},
        {{.state = ALERT_QUIET, .pressed = true}, "S"},
    };
    EACH_ROW (i, rows, rows[i].done) {
        struct alert a;
        struct alert_action out[ALERT_ACTIONS_MAX];
        char done[64] = "";
        size_t n = alert_resume(&a, &rows[i].s, 5 * NS_PER_S, out);
        for (size_t k = 0; k < n; k++)
            append_action(done, &out[k]);
        assert_string_equal(done, rows[i].done);
        assert_int_equal(alert_on_site(&a), rows[i].s.calm ? ALERT_QUIET : (int)rows[i].s.state);
    }
}

/* --- what must hold whatever happens ------------------------------------------------------- */

static uint64_t seed = 20261122;

static uint32_t draw(uint32_t below)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((seed >> 33) % below);
}

/* Every action, and what is left, but for what was sealed. */
static void check_same(const struct alert *a, const struct alert_action *x, size_t n,
                       const struct alert *b, const struct alert_action *y, size_t m)
{
    assert_int_equal(n, m);
    for (size_t i = 0; i < n; i++) {
        struct alert_action one = x[i], other = y[i];
        one.door = other.door = ALERT_DOOR_NOTHING;
        assert_memory_equal(&one, &other, sizeof one);
    }
    struct alert left = *a, right = *b;
    left.door = right.door = ALERT_DOOR_NOTHING;
    assert_memory_equal(&left, &right, sizeof left);
}

/* Code and duress, and whatever happens afterwards: the same. */
static void check_duress_twin(const struct alert *before, const struct alert_rules *r, int64_t now)
{
    struct alert_action x[ALERT_ACTIONS_MAX], y[ALERT_ACTIONS_MAX];
    struct alert_event code = {.kind = ALERT_EV_GESTURE, .gesture = GESTURE_CODE};
    struct alert_event duress = {.kind = ALERT_EV_GESTURE, .gesture = GESTURE_DURESS};
    memset(x, 0, sizeof x);
    memset(y, 0, sizeof y);
    code.fresh_id = duress.fresh_id = id_of(draw(1u << 30));
    struct alert a = *before, b = *before;
    size_t n = alert_step(&a, r, &code, now, x), m = alert_step(&b, r, &duress, now, y);
    check_same(&a, x, n, &b, y, m);
    for (int i = 0; i < 3; i++) {
        struct alert_event e = words[draw(WORDS)].event;
        e.fresh_id = id_of(draw(1u << 30));
        now += draw(60) * NS_PER_S;
        n = alert_step(&a, r, &e, now, x);
        m = alert_step(&b, r, &e, now, y);
        check_same(&a, x, n, &b, y, m);
    }
}

static bool has_authority(const struct alert_event *e, const struct alert_rules *r)
{
    return e->kind == ALERT_EV_COMMAND && e->command == ALERT_CMD_ALL_CLEAR && !r->plain;
}

static bool is_drill(const struct alert_event *e)
{
    return e->kind == ALERT_EV_DRILL ||
           (e->kind == ALERT_EV_COMMAND && e->command == ALERT_CMD_DRILL);
}

/* Whether somebody asked for this message: a gesture or a command of exactly that kind, now. */
static bool is_meant(const struct alert_action *a, const struct alert_event *e)
{
    bool hand = e->kind == ALERT_EV_GESTURE, phone = e->kind == ALERT_EV_COMMAND;
    if (e->kind == ALERT_EV_KEPT && !a->drill)
        return true; /* of before: one that a broker keeps */
    switch (a->publish) {
    case ALERT_PUB_LOCKDOWN:
        return a->drill ? is_drill(e)
                        : (hand && e->gesture == GESTURE_LOCKDOWN) ||
                              (phone && e->command == ALERT_CMD_LOCKDOWN);
    case ALERT_PUB_CAUTION:
    case ALERT_PUB_UNCLEAR:
        return (hand && (e->gesture == GESTURE_CAUTION || e->gesture == GESTURE_UNCLEAR)) ||
               (phone && e->command == ALERT_CMD_CAUTION);
    default:
        return true; /* ends: judged by their authority */
    }
}

static bool is_alarm(const struct alert_action *a)
{
    return a->kind == ALERT_DO_PUBLISH && a->publish != ALERT_PUB_ALL_CLEAR &&
           a->publish != ALERT_PUB_UNCONFIRMED;
}

/* One alert at a time: what is published is the current one, and another replaces it only if the
 * first was called off, or was a caution that became a lockdown. */
static void check_one_alert(const struct alert *before, const struct alert *after,
                            const struct alert_action *out, size_t n)
{
    bool called_off = false;
    for (size_t i = 0; i < n; i++) {
        called_off = called_off ||
                     (out[i].kind == ALERT_DO_PUBLISH && out[i].publish == ALERT_PUB_ALL_CLEAR &&
                      alert_id_equal(&out[i].id, &before->now.id));
        if (is_alarm(&out[i]))
            assert_true(alert_id_equal(&out[i].id, &after->now.id));
    }
    if (before->now.state == ALERT_QUIET || after->now.state == ALERT_QUIET ||
        alert_id_equal(&before->now.id, &after->now.id))
        return;
    assert_true(called_off || (before->now.state == ALERT_CAUTION &&
                               after->now.state == ALERT_LOCKDOWN && !after->now.drill));
}

static void check_step(const struct alert *before, const struct alert *after,
                       const struct alert_rules *r, const struct alert_event *e,
                       const struct alert_action *out, size_t n)
{
    bool recorded = false;
    bool real = before->now.state == ALERT_LOCKDOWN && !before->now.drill;
    assert_true(n <= ALERT_ACTIONS_MAX);
    for (size_t i = 0; i < n; i++) {
        recorded = recorded || out[i].kind == ALERT_DO_RECORD;
        if (out[i].kind == ALERT_DO_PUBLISH) {
            assert_true(recorded);
            assert_false(alert_id_is_none(&out[i].id));
            assert_true(is_meant(&out[i], e));
        }
        if (out[i].kind == ALERT_DO_WIPE) {
            assert_true(r->wipe);
            assert_true(out[i].drill || after->now.wipe_pending);
        }
    }
    if (real && after->now.state != ALERT_LOCKDOWN)
        assert_true(has_authority(e, r));
    if (before->now.pressed && !after->now.pressed)
        assert_true(has_authority(e, r));
    if (after->now.state != ALERT_QUIET)
        assert_false(alert_id_is_none(&after->now.id));
    if (after->now.state == ALERT_QUIET && !after->now.pressed)
        assert_true(alert_id_is_none(&after->now.id));
    if (after->now.wipe_pending)
        assert_true(r->wipe);
    if (after->now.wipe_pending && !before->now.wipe_pending)
        assert_true(e->kind == ALERT_EV_GESTURE && e->gesture == GESTURE_WIPE);
    check_one_alert(before, after, out, n);
}

static void test_a_million_steps(void **state)
{
    (void)state;
    static const struct alert_rules *const sets[] = {&wiping, &graceful, &alert_only, &plain};
    struct alert a;
    struct alert_action out[ALERT_ACTIONS_MAX];
    int64_t now = 0;
    const struct alert_rules *r = sets[0];
    for (int i = 0; i < 1000000; i++) {
        if (i % 1000 == 0) {
            alert_init(&a);
            r = sets[draw(4)];
        }
        struct alert_event e = {.kind = ALERT_EV_TIME};
        if (draw(4) != 0)
            e = words[draw(WORDS)].event;
        e.fresh_id = id_of((unsigned)i + 1);
        now += draw(3) == 0 ? draw(400) * NS_PER_S : draw(2000) * NS_PER_MS;

        check_duress_twin(&a, r, now);
        struct alert before = a;
        size_t n = alert_step(&a, r, &e, now, out);
        check_step(&before, &a, r, &e, out, n);

        struct alert probe = a;
        struct alert_event hold = {.kind = ALERT_EV_GESTURE, .gesture = GESTURE_LOCKDOWN};
        hold.fresh_id = id_of(0x40000000u + (unsigned)i);
        alert_step(&probe, r, &hold, now, out);
        assert_int_equal(alert_on_site(&probe), ALERT_LOCKDOWN);
        assert_false(probe.now.drill);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stories),
        cmocka_unit_test(test_repeats_keep_their_id),
        cmocka_unit_test(test_resume_goes_on_where_the_record_says),
        cmocka_unit_test(test_a_million_steps),
    };
    return cmocka_run_group_tests_name("alert", tests, NULL, NULL);
}
