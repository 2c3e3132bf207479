/* What happens in a night: hands at the switch, and what breaks and heals. */

#include "tests/nights/intruder.h"
#include "tests/nights/moves.h"
#include "tests/nights/pair.h"
#include "tests/nights/seals.h"
#include "tests/nights/story.h"
#include "tests/nights/transcript.h"
#include "tests/nights/watch.h"
#include "tests/nights/wires.h"

#include <stdio.h>
#include <string.h>

#define HOLD        (1500 * MS)
#define WIPE_HOLD   (4 * S)
#define FLOODING    (250 * MS)
#define HANDS_APART (10 * S)

static struct night *playing;

static struct station *station_of(const struct happening *h)
{
    return &playing->stations[h->kiosk];
}

/* Of two ways to broker 0, either. */
static size_t way_number(const struct station *s, const struct happening *h)
{
    return s->two_ways && h->broker == 0 && h->number / 3 % 2 == 1 ? s->ways_count - 1 : h->broker;
}

static struct way *way_hit(const struct happening *h)
{
    struct station *s = station_of(h);
    return &s->ways[way_number(s, h)];
}

/* --- hands ------------------------------------------------------------------------------------ */

static void switch_set(void *context, uint64_t active)
{
    struct station *s = context;
    wire_set(s->machine, "sim:front", active != 0);
}

static void door_set(void *context, uint64_t active)
{
    struct station *s = context;
    wire_set(s->machine, "sim:door", active != 0);
}

struct hold {
    struct station *station;
    uint64_t starts;
};

static void hold_over(void *context, uint64_t number)
{
    struct hold *h = context;
    const struct machine *m = h->station->machine;
    (void)number;
    if (m->running && m->starts == h->starts && !m->graceful)
        watch_hand(h->station);
}

/* The switch is closed for `length`. */
static void hand_holds(struct station *s, int64_t length)
{
    struct hold *h = world_memory(sizeof *h);
    *h = (struct hold){.station = s, .starts = s->machine->running ? s->machine->starts : 0};
    switch_set(s, 1);
    world_at(world_now() + length, switch_set, s, 0);
    if (length > HOLD + S)
        world_at(world_now() + HOLD + S, hold_over, h, 0);
}

/* The last press begins 1.8 s after the first, however many there are. */
static void hand_presses(struct station *s, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        int64_t at = world_now() + (count > 1 ? (int64_t)i * 1800 * MS / (int64_t)(count - 1) : 0);
        world_at(at, switch_set, s, 1);
        world_at(at + 120 * MS, switch_set, s, 0);
    }
}

static void drill_said(void *context, struct local *l, const void *bytes, size_t len)
{
    (void)context;
    if (len > 0)
        local_hang_up(l);
    (void)bytes;
}

static void hand_drills(struct station *s)
{
    struct local *l = local_dial(s->machine, "control.sock", drill_said, s);
    if (l)
        local_send(l, "drill", 5);
}

typedef void move_fn(struct night *n, const struct happening *h);
static move_fn *const moves[] = {
    [DO_BUTTON] = move_button,
    [DO_ROOT_END] = move_root_ends,
    [DO_WORDS] = move_words,
    [DO_ROTATE] = move_rotates,
    [DO_REVOKE] = move_revokes,
    [DO_ROOT_REVOKE] = move_root_revokes,
    [DO_RETIRE] = move_retires,
    [DO_STOLEN_MEMBER] = intruder_begins,
    [DO_STOLEN_STAFF] = intruder_begins,
};

static void hand(const struct happening *h)
{
    static const uint64_t duress[] = {4, 6, 7, 8};
    struct station *s = station_of(h);
    struct phone *staff = &playing->phone[h->number % 2];
    bool at_switch = h->kind <= DO_BUMP;
    if (at_switch && world_now() < s->hand_until)
        return; /* one hand at a time */
    if (at_switch)
        s->hand_until = world_now() + HANDS_APART;
    story("%s: a hand: %s", s->machine->name, happening_name(h->kind));
    enum happening_kind kind = h->kind;
    if (playing->pair != PAIR_NONE && (kind == DO_CODE || kind == DO_DURESS)) {
        kind = playing->pair == PAIR_DURESS ? DO_DURESS : DO_CODE;
        playing->pair = PAIR_OVER; /* the first one alone differs */
    }
    switch (kind) {
    case DO_LOCKDOWN:
        hand_holds(s, HOLD + 100 * MS + (int64_t)(h->number % 2400) * MS);
        break;
    case DO_WIPE:
        hand_holds(s, WIPE_HOLD + 200 * MS + (int64_t)(h->number % 3000) * MS);
        break;
    case DO_CAUTION:
        switch_set(s, 1);
        world_at(world_now() + 200 * MS, switch_set, s, 0);
        world_at(world_now() + 450 * MS, switch_set, s, 1);
        world_at(world_now() + 650 * MS, switch_set, s, 0);
        break;
    case DO_CODE:
        hand_presses(s, 5);
        break;
    case DO_DURESS:
        hand_presses(s, duress[h->number % 4]);
        break;
    case DO_BUMP:
        hand_presses(s, 1);
        break;
    case DO_DRILL:
        hand_drills(s);
        break;
    case DO_DOOR:
        door_set(s, 1);
        world_at(world_now() + 5 * S, door_set, s, 0);
        break;
    case DO_STAFF_CLEAR:
        staff->clears = true;
        staff->clears_kiosk = h->kiosk;
        break;
    case DO_INVITE:
    case DO_INVITE_STAFF:
        if (playing->newcomers < NEWCOMERS)
            newcomer_is_invited(&playing->newcomer[playing->newcomers++], playing->venue, s,
                                &playing->broker[0], h->number, h->kind == DO_INVITE_STAFF);
        break;
    case DO_STAFF_LOCKDOWN:
        phone_command(staff, h->kiosk, MSG_CMD_LOCKDOWN);
        break;
    default:
        if ((size_t)kind < sizeof moves / sizeof moves[0] && moves[kind])
            moves[kind](playing, h);
        break;
    }
}

/* --- faults ----------------------------------------------------------------------------------- */

static void ways_of_kiosk(const struct happening *h, void (*change)(struct way *w, bool begins),
                          bool begins)
{
    struct station *s = station_of(h);
    bool all = h->number % 3 == 0;
    for (size_t i = 0; i < s->ways_count; i++)
        if (all || i == way_number(s, h))
            change(&s->ways[i], begins);
    station_look_at_ways(s);
}

static void way_hole(struct way *w, bool begins)
{
    w->hole = begins;
    if (!begins)
        way_changed(w);
}

static void way_half(struct way *w, bool begins)
{
    w->deaf = begins;
    if (!begins)
        way_changed(w);
}

static void way_refuses(struct way *w, bool begins)
{
    w->refused = begins;
    if (begins)
        way_reset(w);
}

static void way_portal(struct way *w, bool begins)
{
    w->portal = begins;
    if (begins)
        way_reset(w);
}

static void way_nameless(struct way *w, bool begins)
{
    w->nameless = begins;
    if (begins)
        way_reset(w);
}

static void broker_dies(const struct happening *h, bool begins)
{
    struct broker *b = &playing->broker[h->broker];
    b->forgets = h->kind == BREAK_BROKER_FORGETS;
    if (begins)
        broker_stop(b);
    else
        broker_start(b);
}

static void broker_hangs_up_on_all(struct broker *b)
{
    for (struct conn *c = b->conns; c; c = c->next_at_broker)
        if (c->broker_there)
            conn_reset(c);
}

static void broker_changes(const struct happening *h, bool begins)
{
    struct broker *b = &playing->broker[h->broker];
    bool *const flags[HAPPENINGS] = {[BREAK_BROKER_FLAPS] = &b->flaps,
                                     [BREAK_BROKER_HANGS_UP] = &b->hangs_up,
                                     [BREAK_BROKER_OLD] = &b->only_311,
                                     [BREAK_BROKER_REFUSES] = &b->refuses,
                                     [BREAK_BROKER_KEEPS_NOTHING] = &b->no_retain};
    static const char *const of_kiosks[READ_BY_KIOSKS] = {
        "/ack/+", "/command/+", [READ_LETTERS] = "/enrol/+", "/relay/+"};
    if (h->kind == BREAK_BROKER_DENIES_READING)
        b->unread = begins ? of_kiosks[h->number % READ_BY_KIOSKS] : NULL;
    else if (h->kind == BREAK_BROKER_DENIES)
        b->denied = begins ? 1u << h->number % SORTS : 0;
    else
        *flags[h->kind] = begins;
    if (begins)
        broker_hangs_up_on_all(b);
}

static void operator_acts(const struct happening *h, bool begins)
{
    struct broker *b = &playing->broker[h->broker];
    unsigned sorts = h->number % 2 == 0 ? (1u << SORTS) - 1 : 1u << (h->number / 2 % SORTS);
    story("%s's operator %s", b->name, begins ? happening_name(h->kind) : "is honest again");
    if (h->kind == BREAK_OPERATOR_DELAYS) {
        b->delayed = begins ? sorts : 0;
        b->delay = (int64_t)(1000 + h->number % 90000) * MS;
    } else if (h->kind == BREAK_OPERATOR_DROPS) {
        b->dropped = begins ? sorts : 0;
    } else {
        b->replays = begins;
    }
}

static void proxy_acts(const struct happening *h, bool begins)
{
    struct proxy *x = &playing->proxy[h->broker];
    if (begins)
        proxy_begins(x, h->number, h->until);
    else
        proxy_ends(x);
}

/* A copy of it is one of its own makers', and goes with it. */
static void kiosk_is_stolen(const struct happening *h, bool begins)
{
    struct station *s = station_of(h);
    if (!begins)
        return;
    station_power_off(s);
    s->stolen = true;
    if (h->kiosk == 0) {
        station_power_off(&playing->stations[VENUE_KIOSKS]);
        playing->stations[VENUE_KIOSKS].stolen = true;
    }
    intruder_begins(playing, h);
}

static void clock_breaks(const struct happening *h, bool begins)
{
    static const int64_t steps[] = {-20 * 3600 * S, -2 * 3600 * S, 90 * S, 300 * 86400 * S};
    struct machine *m = station_of(h)->machine;
    if (h->kind == BREAK_PHONE_CLOCK)
        playing->phone[h->phone].wall_offset = begins ? steps[h->number % 4] : 0;
    else if (h->kind == BREAK_CLOCK_DRIFT)
        m->drift = begins ? (double)(h->number % 200) / 1e4 - 0.01 : 0;
    else
        m->wall_offset = !begins                        ? 0
                         : h->kind == BREAK_CLOCK_UNSET ? MACHINE_CLOCK_UNSET
                                                        : steps[h->number % 4];
}

static void flood(void *context, uint64_t left)
{
    struct happening *h = context;
    struct phone *p = &playing->phone[playing->phones - 1];
    if (left == 0)
        return;
    if (phone_is_linked(p))
        phone_flood(p, h->kiosk, 60);
    world_at(world_now() + FLOODING, flood, h, left - 1);
}

/* A backup on a second Pi, tried out while the first is off. */
static void copy_runs(const struct happening *h, bool begins)
{
    struct station *first = &playing->stations[0], *copy = &playing->stations[VENUE_KIOSKS];
    if (begins) {
        copy->disk = first->disk;
        station_power_off(first);
        station_power_on(copy);
        return;
    }
    station_power_off(copy);
    station_power_on(first);
    (void)h;
}

static void copy_again(void *context, uint64_t number)
{
    struct station *copy = context;
    (void)number;
    station_kill(copy);
}

static void power_breaks(const struct happening *h, bool begins)
{
    struct station *s = station_of(h);
    if (!begins) {
        station_power_on(s);
        return;
    }
    station_power_off(s);
    if (h->kind == BREAK_RECORD_LOST)
        s->disk = (struct disk){.faults = s->disk.faults};
    if (h->kind == BREAK_RECORD_OLD)
        s->disk = playing->stations[h->kiosk].backup;
    if (h->kind == BREAK_RECORD_LOST)
        s->machine->wall_offset = h->number % 2 == 0 ? -2 * 3600 * S : MACHINE_CLOCK_UNSET;
}

static void wire_breaks(const struct happening *h, bool begins)
{
    struct machine *m = station_of(h)->machine;
    if (h->kind == BREAK_WIRE)
        wire_pull(m, "sim:front", begins);
    else if (begins)
        wire_set_unseen(m, "sim:front", wire_get(m, "sim:front"));
}

static void power_for_good(const struct happening *h, bool begins)
{
    if (begins)
        station_power_off(station_of(h));
}

static void process_breaks(const struct happening *h, bool begins)
{
    struct station *s = station_of(h);
    if (!begins)
        return;
    if (h->kind == BREAK_KILL) {
        station_kill(s);
    } else if (h->kind == BREAK_RESTART) {
        station_restart(s);
    } else {
        s->disk.cut_in = 1 + (int)(h->number % 3);
        s->disk.cut_is_power = h->number % 4 != 0;
    }
}

static void disk_breaks(const struct happening *h, bool begins)
{
    static const enum disk_fault faults[HAPPENINGS] = {[BREAK_DISK_FULL] = DISK_FULL,
                                                       [BREAK_DISK_READ_ONLY] = DISK_READ_ONLY,
                                                       [BREAK_DISK_FAILING] = DISK_FAILING,
                                                       [BREAK_DISK_SLOW] = DISK_SLOW};
    struct disk *d = &station_of(h)->disk;
    unsigned fault = faults[h->kind];
    d->faults = begins ? d->faults | fault : d->faults & ~fault;
    d->slow = (int64_t)(100 + h->number % 20000) * MS;
}

static void way_breaks(const struct happening *h, bool begins)
{
    static void (*const changes[HAPPENINGS])(struct way *, bool) = {
        [BREAK_HOLE] = way_hole,     [BREAK_HALF_OPEN] = way_half, [BREAK_REFUSED] = way_refuses,
        [BREAK_PORTAL] = way_portal, [BREAK_NAMES] = way_nameless,
    };
    ways_of_kiosk(h, changes[h->kind], begins);
}

static void way_is_reset(const struct happening *h, bool begins)
{
    if (begins)
        way_reset(way_hit(h));
}

static void way_slows(const struct happening *h, bool begins)
{
    way_hit(h)->jitter = begins ? (int64_t)(500 + h->number % 8000) * MS : 20 * MS;
}

static void phone_breaks(const struct happening *h, bool begins)
{
    struct phone *p = &playing->phone[h->phone];
    if (h->kind == BREAK_PHONE_AWAY)
        phone_online(p, !begins);
    for (size_t i = 0; h->kind == BREAK_PHONE_HOLE && i < playing->brokers; i++)
        way_hole(&p->links[i].way, begins);
}

static void flood_begins(const struct happening *h, bool begins)
{
    struct happening *kept = world_memory(sizeof *kept);
    *kept = *h;
    if (begins)
        flood(kept, (uint64_t)((h->until - h->at) / FLOODING));
}

static void fault(const struct happening *h, bool begins)
{
    static void (*const faults[HAPPENINGS])(const struct happening *, bool) = {
        [BREAK_POWER] = power_breaks,
        [BREAK_RECORD_LOST] = power_breaks,
        [BREAK_RECORD_OLD] = power_breaks,
        [BREAK_SEIZED] = power_for_good,
        [BREAK_KILL] = process_breaks,
        [BREAK_RESTART] = process_breaks,
        [BREAK_CUT_IN_WRITE] = process_breaks,
        [BREAK_DISK_FULL] = disk_breaks,
        [BREAK_DISK_READ_ONLY] = disk_breaks,
        [BREAK_DISK_FAILING] = disk_breaks,
        [BREAK_DISK_SLOW] = disk_breaks,
        [BREAK_HOLE] = way_breaks,
        [BREAK_HALF_OPEN] = way_breaks,
        [BREAK_REFUSED] = way_breaks,
        [BREAK_PORTAL] = way_breaks,
        [BREAK_NAMES] = way_breaks,
        [BREAK_RESET] = way_is_reset,
        [BREAK_SLOW_WAY] = way_slows,
        [BREAK_PHONE_HOLE] = phone_breaks,
        [BREAK_PHONE_AWAY] = phone_breaks,
        [BREAK_BROKER_DIES] = broker_dies,
        [BREAK_BROKER_FORGETS] = broker_dies,
        [BREAK_BROKER_FLAPS] = broker_changes,
        [BREAK_BROKER_HANGS_UP] = broker_changes,
        [BREAK_BROKER_OLD] = broker_changes,
        [BREAK_BROKER_REFUSES] = broker_changes,
        [BREAK_BROKER_KEEPS_NOTHING] = broker_changes,
        [BREAK_BROKER_DENIES] = broker_changes,
        [BREAK_BROKER_DENIES_READING] = broker_changes,
        [BREAK_OPERATOR_DELAYS] = operator_acts,
        [BREAK_OPERATOR_DROPS] = operator_acts,
        [BREAK_OPERATOR_REPLAYS] = operator_acts,
        [BREAK_CLOCK_UNSET] = clock_breaks,
        [BREAK_CLOCK_STEP] = clock_breaks,
        [BREAK_CLOCK_DRIFT] = clock_breaks,
        [BREAK_PHONE_CLOCK] = clock_breaks,
        [BREAK_WIRE] = wire_breaks,
        [BREAK_EDGES] = wire_breaks,
        [BREAK_COPY] = copy_runs,
        [BREAK_FLOOD] = flood_begins,
        [BREAK_OPERATOR_PROXY] = proxy_acts,
        [BREAK_STOLEN_KIOSK] = kiosk_is_stolen,
    };
    story("%s %s (kiosk %zu, broker %zu, phone %zu)", happening_name(h->kind),
          begins ? "begins" : "ends", h->kiosk, h->broker, h->phone);
    faults[h->kind](h, begins);
}

static void happen(void *context, uint64_t begins)
{
    struct happening *h = context;
    if (h->kind < GESTURES_END)
        hand(h);
    else
        fault(h, begins != 0);
}

/* --- the whole -------------------------------------------------------------------------------- */

static const char *const kiosk_names[] = {"kiosk", "kiosk2", "copy"};
static const char *const broker_names[] = {"b0", "b1", "b2"};
static const char *const phone_names[] = {"staff1", "staff2", "member1", "member2"};

static void second_way(struct station *s, const char *from, struct broker *b, struct chance *c)
{
    struct config_broker *first = &s->config.brokers[0];
    struct config_broker *second = &s->config.brokers[s->config.brokers_count++];
    *second = *first;
    strcpy(second->name, "lte");
    strcpy(first->interface, "eth0");
    strcpy(second->interface, SECOND_INTERFACE);
    second->user[0] = second->user[0] == '0' ? '1' : '0';
    way_init(&s->ways[s->ways_count], from, b, c);
    s->ways_count = s->machine->ways_count = s->config.brokers_count;
    s->two_ways = true;
}

/* Where phones join or get keys: invitations are for the first broker alone. */
static void phones_of_brokers(const struct night *n, struct config *c)
{
    bool invites = night_has(n, DO_INVITE) || night_has(n, DO_INVITE_STAFF);
    bool rotates =
        night_has(n, DO_ROTATE) || night_has(n, DO_REVOKE) || night_has(n, DO_ROOT_REVOKE);
    size_t count = invites ? 1 : rotates ? n->brokers : 0;
    if (invites)
        strcpy(c->venue.page, "https://kettle.example.org/");
    for (size_t b = 0; b < count && b < VENUE_BROKERS; b++) {
        struct config_broker *one = &c->brokers[b];
        snprintf(one->phones, sizeof one->phones, "wss://%s.example.org/mqtt", broker_names[b]);
        one->registrar = false; /* accounts are made in advance */
    }
}

static void station_prepare(struct night *n, size_t i, struct chance *c)
{
    struct station *s = &n->stations[i];
    station_init(s, n->venue, i == VENUE_KIOSKS ? 0 : i, night_has(n, DO_BUTTON), kiosk_names[i]);
    s->config.brokers_count = s->ways_count = s->machine->ways_count = n->brokers;
    s->config.alert.relay = n->relay;
    phones_of_brokers(n, &s->config);
    s->config.kiosk.cover = n->cover;
    s->config.wipe.enabled = n->wipe;
    s->config.wipe.grace = n->grace;
    for (size_t b = 0; b < n->brokers; b++) {
        s->config.brokers[b].outside = n->outside[b];
        way_init(&s->ways[b], kiosk_names[i], &n->broker[b], c);
    }
    if (night_has(n, DO_BUTTON)) {
        struct chance own = chance_of(n->seed, 11 + i);
        way_init(&s->gateway, kiosk_names[i], &n->gateway, &own);
    }
    if (n->two_ways)
        second_way(s, kiosk_names[i], &n->broker[0], c);
}

static void backup(void *context, uint64_t number)
{
    struct station *s = context;
    (void)number;
    s->backup = s->disk;
}

static void proxies_prepare(struct night *n)
{
    for (size_t b = 0; b < n->brokers && b < VENUE_BROKERS && night_has(n, BREAK_OPERATOR_PROXY);
         b++) {
        proxy_init(&n->proxy[b], &n->broker[b], chance_of(n->seed, 40 + b));
        n->broker[b].proxy = &n->proxy[b];
    }
}

/* What the root key says is read where it says something, or somebody pretends to have it. */
static bool root_is_read(const struct night *n)
{
    return night_has(n, DO_ROOT_END) || night_has(n, DO_ROOT_REVOKE) || night_has(n, DO_RETIRE) ||
           night_has(n, DO_STOLEN_MEMBER) || night_has(n, DO_STOLEN_STAFF) ||
           night_has(n, BREAK_STOLEN_KIOSK);
}

static void begin(struct night *n)
{
    struct chance c = chance_of(n->seed, 8);
    world_begin(n->seed);
    machines_begin();
    fds_begin();
    wires_begin();
    locals_begin();
    intruders_begin();
    seals_seed();
    n->venue = venue_of(n->real_seals);
    venue_restore(n->venue);
    for (size_t b = 0; b < n->brokers && b < VENUE_BROKERS; b++)
        broker_init(&n->broker[b], broker_names[b], n->outside[b], &c);
    proxies_prepare(n);
    if (night_has(n, DO_BUTTON)) {
        struct chance own = chance_of(n->seed, 15);
        broker_init(&n->gateway, "gateway", false, &own);
    }
    for (size_t i = 0; i <= VENUE_KIOSKS; i++)
        station_prepare(n, i, &c);
    for (size_t p = 0; p < n->phones && p < VENUE_PHONES; p++) {
        phone_init(&n->phone[p], n->venue, p, n->kiosks, phone_names[p], n->broker, n->brokers, &c);
        n->phone[p].answers = chance_percent(&c, 60);
        n->phone[p].helps = n->helps;
        n->phone[p].more = chance_of(n->seed, 20 + p);
        n->phone[p].later = chance_of(n->seed, 30 + p);
        n->phone[p].reads_root = root_is_read(n);
        n->phone[p].reads_words = night_has(n, DO_WORDS);
        n->phone[p].reads_keys =
            night_has(n, DO_ROTATE) || night_has(n, DO_REVOKE) || night_has(n, DO_ROOT_REVOKE);
    }
    watcher_init(&n->watcher, n->venue, n->kiosks, &n->broker[0], &c);
    n->watcher.conf.relay.again = n->again ? 60 * S : 0;
    n->newcomers = 0;
    for (size_t i = 0; i < VENUE_KIOSKS; i++)
        n->rotated[i].at = INT64_MAX;
    watch_begin(n);
    transcript_night(n->seed);
}

void night_play(struct night *n, uint32_t without)
{
    playing = n;
    night_reduce(n, without);
    begin(n);
    for (size_t i = 0; i < n->kiosks; i++) {
        station_power_on(&n->stations[i]);
        world_at(60 * S, backup, &n->stations[i], 0);
    }
    if (n->relay)
        watcher_start(&n->watcher);
    for (size_t i = 0; i < n->phones; i++)
        phone_online(&n->phone[i], true);
    for (size_t i = 0; i < n->count; i++) {
        struct happening *h = &n->happenings[i];
        if (without & 1u << i)
            continue;
        world_at(h->at, happen, h, 1);
        if (h->kind >= GESTURES_END && h->kind != BREAK_SEIZED)
            world_at(h->until, happen, h, 0);
        for (int64_t k = 1; h->kind == BREAK_COPY && k < 4; k++)
            world_at(h->at + k * (h->until - h->at) / 4, copy_again, &n->stations[VENUE_KIOSKS], 0);
    }
    pair_begins(n);
    world_run(NIGHT, watch_event);
    watch_end();
    machines_begin();
}
