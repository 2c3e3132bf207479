#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kiosk/core/alert.h"
#include "kiosk/core/ns.h"
#include "kiosk/core/view.h"
#include "tests/unit/core/explore.h"

#include <string.h>

/* A kiosk, two brokers and a member's phone, by every order of events up to DEPTH
 * (or the number on the command line; 12 takes minutes and gigabytes): what the kiosk
 * sends goes to both brokers, each hands its messages over in order, and one may be ahead of the
 * other, lose its connection, or keep the state for later. A thief who has the kiosk's keys, but no
 * staff phone's, may say quiet or drill. No time passes: every sign of life is fresh. */

enum { BROKERS = 2, QUEUE = 6, DEPTH = 7, ALERTS_MAX = 3 };

/* The parts of a message that a view reads. */
struct note {
    uint8_t kind, detail, id, epoch, state;
    bool drill, unconfirmed, retained;
    uint8_t seq;
    uint8_t proved_id, proved_epoch, proved_seq; /* proved_id 0: no proof */
};

struct phone_node {
    struct alert kiosk;
    struct view_kiosk phone;
    struct note queue[BROKERS][QUEUE];
    struct note kept[BROKERS]; /* the retained state; epoch 0: none */
    uint8_t queued[BROKERS];
    uint8_t epoch, seq, ids;
    uint8_t proved_id, proved_epoch, proved_seq;
    uint8_t ended;  /* a bit for each id that a staff phone ended */
    uint8_t latest; /* the id of the last lockdown that this phone showed; 0: none */
    uint8_t left;   /* a bit for each lockdown that this phone has seen end */
    bool lost;      /* a connection was lost with messages in it: the phone may lack news */
    bool stolen;    /* a thief spoke: phone and kiosk may differ */
};

enum {
    EV_LOCKDOWN,
    EV_CAUTION,
    EV_CODE,
    EV_DURESS,
    EV_DRILL,
    EV_ALL_CLEAR, /* by a staff phone */
    EV_RESTART,
    EV_THIEF_QUIET,
    EV_THIEF_DRILL,
    EV_FIRST,  /* the first broker hands over a message */
    EV_SECOND, /* the second one does */
    EV_FIRST_ALL,
    EV_SECOND_ALL,
    EV_FIRST_LOST,
    EV_SECOND_LOST,
    EV_COUNT,
};

static const char *event_name(size_t event)
{
    static const char *const names[] = {
        "lockdown",
        "caution",
        "code",
        "duress",
        "drill",
        "a staff phone's all-clear",
        "power cut and restart",
        "a thief says quiet",
        "a thief says drill",
        "the first broker hands over",
        "the second broker hands over",
        "the first broker hands over everything",
        "the second broker hands over everything",
        "the first broker's connection is lost and back",
        "the second broker's connection is lost and back",
    };
    return names[event];
}

/* --- the kiosk ------------------------------------------------------------------------------- */

static void send(struct phone_node *s, struct note n)
{
    for (size_t b = 0; b < BROKERS; b++) {
        n.seq = ++s->seq; /* made again for each broker */
        n.epoch = s->epoch;
        if (n.kind == MSG_STATE || n.kind == MSG_ALL_CLEAR) {
            n.proved_id = s->proved_id;
            n.proved_epoch = s->proved_epoch;
            n.proved_seq = s->proved_seq;
        }
        s->queue[b][s->queued[b]++] = n;
        if (n.kind == MSG_STATE)
            s->kept[b] = n;
    }
}

static void perform(struct phone_node *s, const struct alert_action *out, size_t count)
{
    static const uint8_t kinds[] = {
        [ALERT_PUB_LOCKDOWN] = MSG_LOCKDOWN,     [ALERT_PUB_CAUTION] = MSG_CAUTION,
        [ALERT_PUB_UNCLEAR] = MSG_CAUTION,       [ALERT_PUB_ALL_CLEAR] = MSG_ALL_CLEAR,
        [ALERT_PUB_UNCONFIRMED] = MSG_ALL_CLEAR,
    };
    const struct alert_standing *now = &s->kiosk.now;
    for (size_t i = 0; i < count; i++) {
        if (out[i].kind == ALERT_DO_PUBLISH)
            send(s, (struct note){.kind = kinds[out[i].publish],
                                  .detail = out[i].publish == ALERT_PUB_UNCONFIRMED,
                                  .id = out[i].id.bytes[0],
                                  .drill = out[i].drill});
        else if (out[i].kind == ALERT_DO_STATE)
            send(s, (struct note){.kind = MSG_STATE,
                                  .id = now->id.bytes[0],
                                  .state = (uint8_t)now->state,
                                  .drill = now->drill,
                                  .unconfirmed = now->unconfirmed});
    }
}

static const struct alert_rules rules = {.abort_window = NS_PER_S, .drill_lasts = NS_PER_S};

/* False: it cannot happen, or would need more room than the model has. */
static bool kiosk_acts(struct phone_node *s, size_t event)
{
    struct alert_action out[ALERT_ACTIONS_MAX];
    struct alert_event e = {.kind = ALERT_EV_GESTURE};
    size_t n;

    e.fresh_id.bytes[0] = (uint8_t)(s->ids + 1);
    switch (event) {
    case EV_CAUTION:
        e.gesture = GESTURE_CAUTION;
        break;
    case EV_CODE:
        e.gesture = GESTURE_CODE;
        break;
    case EV_DURESS:
        e.gesture = GESTURE_DURESS;
        break;
    case EV_DRILL:
        e.kind = ALERT_EV_DRILL;
        break;
    case EV_ALL_CLEAR:
        e.kind = ALERT_EV_COMMAND;
        e.command = ALERT_CMD_ALL_CLEAR;
        if (alert_id_is_none(&s->kiosk.now.id) || s->kiosk.now.drill)
            return false;
        s->proved_id = s->kiosk.now.id.bytes[0];
        s->proved_epoch = s->epoch;
        s->proved_seq = s->seq; /* the staff phone has seen all of it */
        s->ended |= (uint8_t)(1 << s->proved_id);
        break;
    default:
        e.gesture = GESTURE_LOCKDOWN;
    }
    if (event == EV_RESTART) {
        const struct alert_standing recorded = s->kiosk.now;
        s->epoch++;
        s->seq = 0;
        n = alert_resume(&s->kiosk, &recorded, 0, out);
    } else {
        n = alert_step(&s->kiosk, &rules, &e, 0, out);
    }
    if (s->kiosk.now.id.bytes[0] > s->ids)
        s->ids = s->kiosk.now.id.bytes[0];
    size_t messages = 0;
    for (size_t i = 0; i < n; i++)
        messages += out[i].kind == ALERT_DO_PUBLISH || out[i].kind == ALERT_DO_STATE;
    for (size_t b = 0; b < BROKERS; b++)
        if (messages == 0 || s->queued[b] + messages > QUEUE)
            return false;
    if (s->ids > ALERTS_MAX)
        return false;
    perform(s, out, n);
    return true;
}

/* With the kiosk's keys and counters, and the last proof that a staff phone ever gave. */
static bool thief_speaks(struct phone_node *s, bool drill)
{
    if (s->queued[0] == QUEUE || s->queued[1] == QUEUE)
        return false;
    s->stolen = true;
    send(s, (struct note){.kind = MSG_STATE,
                          .id = drill ? ALERTS_MAX + 1 : 0,
                          .state = drill ? ALERT_LOCKDOWN : ALERT_QUIET,
                          .drill = drill});
    return true;
}

/* --- the phone ------------------------------------------------------------------------------- */

static const struct view_rules looks = {
    .lost_after = NS_PER_S, .stale_after = NS_PER_S, .all_clear_lasts = NS_PER_S};

static bool phone_receives(struct phone_node *s, size_t broker)
{
    if (s->queued[broker] == 0)
        return false;
    const struct note n = s->queue[broker][0];
    memmove(&s->queue[broker][0], &s->queue[broker][1], (QUEUE - 1) * sizeof n);
    memset(&s->queue[broker][--s->queued[broker]], 0, sizeof n);

    struct message m = {.kind = (enum message_kind)n.kind,
                        .id = {{n.id}},
                        .epoch = n.epoch,
                        .seq = n.seq,
                        .drill = n.drill,
                        .state = (enum alert_state)n.state,
                        .unconfirmed = n.unconfirmed};
    if (n.detail)
        strcpy(m.detail, "unconfirmed");
    const struct view_message w = {.message = &m,
                                   .retained = n.retained,
                                   .wall_age = 0,
                                   .proved = n.proved_id != 0,
                                   .proved_id = {{n.proved_id}},
                                   .proved_epoch = n.proved_epoch,
                                   .proved_seq = n.proved_seq};
    view_step(&s->phone, &looks, &w, 0);
    return true;
}

/* What was on its way is gone; the retained state comes instead. */
static bool connection_is_lost(struct phone_node *s, size_t broker)
{
    if (s->queued[broker] == 0)
        return false;
    s->lost = true;
    memset(s->queue[broker], 0, sizeof s->queue[broker]);
    s->queued[broker] = 0;
    if (s->kept[broker].epoch == 0)
        return true;
    s->queue[broker][0] = s->kept[broker];
    s->queue[broker][0].retained = true;
    s->queued[broker] = 1;
    return true;
}

/* --- what must hold -------------------------------------------------------------------------- */

static bool phone_is_in_lockdown(const struct phone_node *s)
{
    return s->phone.state == ALERT_LOCKDOWN && !s->phone.drill;
}

static const char *check(struct phone_node *s, const struct phone_node *before)
{
    bool kiosk_locked = s->kiosk.now.state == ALERT_LOCKDOWN && !s->kiosk.now.drill;
    enum view_show show = view_look(&s->phone, &looks, 0).show;
    if (phone_is_in_lockdown(before) && !phone_is_in_lockdown(s) &&
        !(s->ended & (1 << before->latest)))
        return "a phone leaves a lockdown that no staff phone has ended";
    if (phone_is_in_lockdown(before) && !phone_is_in_lockdown(s))
        s->left |= (uint8_t)(1 << before->latest);
    if (phone_is_in_lockdown(s))
        s->latest = s->phone.alert.id.bytes[0];
    if (phone_is_in_lockdown(s) && s->left & (1 << s->latest))
        return "a phone shows a lockdown again that it has seen end";
    if (phone_is_in_lockdown(s) && show != VIEW_LOCKDOWN && show != VIEW_UNCONFIRMED)
        return "a phone in a lockdown shows something else";
    if (s->queued[0] > 0 || s->queued[1] > 0 || s->stolen)
        return NULL;
    if (kiosk_locked && !phone_is_in_lockdown(s))
        return "everything has arrived, and the phone does not show the lockdown";
    if (!kiosk_locked && phone_is_in_lockdown(s) && s->phone.epoch > 0 && !s->lost)
        return "everything has arrived, and the phone still shows a lockdown that is over";
    if (kiosk_locked && s->kiosk.now.unconfirmed != (show == VIEW_UNCONFIRMED) && !s->lost)
        return "everything has arrived, and phone and kiosk differ on \"not confirmed\"";
    return NULL;
}

/* Padding out of the way. */
static void normalise(struct phone_node *s)
{
    struct phone_node clean;
    memset(&clean, 0, sizeof clean);
    clean.kiosk.now = s->kiosk.now;
    clean.kiosk.wipe_at = s->kiosk.wipe_at;
    clean.kiosk.feigned_at = NS_NEVER;
    struct view_kiosk *v = &clean.phone;
    v->epoch = s->phone.epoch;
    v->told_next = s->phone.told_next;
    v->live_next = s->phone.live_next;
    v->connection = s->phone.connection;
    v->state = s->phone.state;
    v->drill = s->phone.drill;
    v->unconfirmed = s->phone.unconfirmed;
    v->alert = s->phone.alert;
    v->linked = s->phone.linked;
    v->linked_at = s->phone.linked_at;
    v->life_at = s->phone.life_at;
    v->state_at = s->phone.state_at;
    v->clear_at = s->phone.clear_at;
    v->received_at = s->phone.received_at;
    v->proved = s->phone.proved;
    v->late = s->phone.late;
    v->late_at = s->phone.late_at;
    freshness_init(&v->fresh, (const bool[FRESHNESS_GROUPS]){false}); /* all is fresh, in time */
    memcpy(&clean.queue, &s->queue,
           sizeof clean - offsetof(struct phone_node, queue)); /* bytes alone */
    *s = clean;
}

static const char *step(void *state, size_t event, const void *context)
{
    struct phone_node *s = state, before = *s;
    bool happened;
    (void)context;
    if (event < EV_THIEF_QUIET)
        happened = kiosk_acts(s, event);
    else if (event < EV_FIRST)
        happened = thief_speaks(s, event == EV_THIEF_DRILL);
    else if (event < EV_FIRST_ALL)
        happened = phone_receives(s, event - EV_FIRST);
    else if (event < EV_FIRST_LOST)
        for (happened = s->queued[event - EV_FIRST_ALL] > 1; s->queued[event - EV_FIRST_ALL] > 0;)
            phone_receives(s, event - EV_FIRST_ALL);
    else
        happened = connection_is_lost(s, event - EV_FIRST_LOST);
    if (!happened)
        return EXPLORE_SKIP;
    const char *broken = check(s, &before);
    normalise(s);
    return broken;
}

static size_t depth_wanted = DEPTH;

static void every_order_of_events(void **unused)
{
    (void)unused;
    const struct explore_model m = {.size = sizeof(struct phone_node),
                                    .events = EV_COUNT,
                                    .step = step,
                                    .event_name = event_name};
    struct phone_node first;
    memset(&first, 0, sizeof first);
    alert_init(&first.kiosk);
    view_init(&first.phone);
    view_link(&first.phone, true, 0);
    first.epoch = 1;
    normalise(&first);
    struct explore_result found = explore(&m, &first, depth_wanted);
    print_message("kiosk, two brokers and a phone: %zu states, %zu transitions, all within %zu "
                  "events\n",
                  found.states, found.transitions, found.depth);
    if (found.broken)
        fail_msg("%s", found.broken);
    assert_true(found.states > 100000);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        depth_wanted = (size_t)atoi(argv[1]);
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_order_of_events)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
