#include "tests/nights/night.h"

#include "tests/nights/intruder.h"
#include "tests/nights/seals.h"
#include "tests/nights/story.h"
#include "tests/nights/watch.h"
#include "tests/nights/wires.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Hands and faults come in the first part of the night; what follows is calm, and everything must
 * heal in it. */
#define FIRST_HAND (2 * 60 * S)
#define LAST_HAND  (12 * 60 * S)
#define LAST_FAULT (14 * 60 * S)

struct kind {
    const char *name;
    unsigned weight;
};

/* clang-format off */
static struct kind kinds[HAPPENINGS] = {
    [DO_LOCKDOWN] = {"lockdown", 30},
    [DO_CAUTION] = {"caution", 8},
    [DO_CODE] = {"code", 6},
    [DO_DURESS] = {"duress", 5},
    [DO_WIPE] = {"wipe", 4},
    [DO_BUMP] = {"bump", 4},
    [DO_DRILL] = {"drill", 5},
    [DO_STAFF_CLEAR] = {"staff-clear", 20},
    [DO_STAFF_LOCKDOWN] = {"staff-lockdown", 5},
    [DO_DOOR] = {"door", 2},
    [DO_BUTTON] = {"button", 0}, /* these come beside the others: night_draw_more() */
    [DO_ROOT_END] = {"root-end", 0},
    [DO_WORDS] = {"words", 0},
    [DO_INVITE] = {"invite", 0},
    [DO_INVITE_STAFF] = {"invite-staff", 0},
    [DO_ROTATE] = {"rotate", 0},
    [DO_REVOKE] = {"revoke", 0},
    [DO_ROOT_REVOKE] = {"root-revoke", 0},
    [DO_RETIRE] = {"retire", 0},
    [DO_STOLEN_MEMBER] = {"stolen-member", 0},
    [DO_STOLEN_STAFF] = {"stolen-staff", 0},
    [BREAK_POWER] = {"power", 8},
    [BREAK_KILL] = {"kill", 5},
    [BREAK_RESTART] = {"restart", 4},
    [BREAK_CUT_IN_WRITE] = {"cut-in-write", 8},
    [BREAK_DISK_FULL] = {"disk-full", 3},
    [BREAK_DISK_READ_ONLY] = {"disk-read-only", 3},
    [BREAK_DISK_FAILING] = {"disk-failing", 3},
    [BREAK_DISK_SLOW] = {"disk-slow", 4},
    [BREAK_HOLE] = {"hole", 10},
    [BREAK_HALF_OPEN] = {"half-open", 5},
    [BREAK_REFUSED] = {"refused", 4},
    [BREAK_RESET] = {"reset", 5},
    [BREAK_NAMES] = {"names", 3},
    [BREAK_PORTAL] = {"portal", 3},
    [BREAK_SLOW_WAY] = {"slow-way", 4},
    [BREAK_PHONE_HOLE] = {"phone-hole", 6},
    [BREAK_PHONE_AWAY] = {"phone-away", 6},
    [BREAK_BROKER_DIES] = {"broker-dies", 5},
    [BREAK_BROKER_FORGETS] = {"broker-forgets", 4},
    [BREAK_BROKER_FLAPS] = {"broker-flaps", 3},
    [BREAK_BROKER_HANGS_UP] = {"broker-hangs-up", 3},
    [BREAK_BROKER_OLD] = {"broker-old", 2},
    [BREAK_BROKER_REFUSES] = {"broker-refuses", 2},
    [BREAK_BROKER_KEEPS_NOTHING] = {"broker-keeps-nothing", 2},
    [BREAK_BROKER_DENIES] = {"broker-denies", 3},
    [BREAK_OPERATOR_DELAYS] = {"operator-delays", 4},
    [BREAK_OPERATOR_DROPS] = {"operator-drops", 4},
    [BREAK_OPERATOR_REPLAYS] = {"operator-replays", 4},
    [BREAK_CLOCK_UNSET] = {"clock-unset", 4},
    [BREAK_CLOCK_STEP] = {"clock-step", 4},
    [BREAK_CLOCK_DRIFT] = {"clock-drift", 2},
    [BREAK_PHONE_CLOCK] = {"phone-clock", 3},
    [BREAK_WIRE] = {"wire", 3},
    [BREAK_EDGES] = {"edges", 3},
    [BREAK_SEIZED] = {"seized", 4},
    [BREAK_RECORD_LOST] = {"record-lost", 3},
    [BREAK_RECORD_OLD] = {"record-old", 2},
    [BREAK_COPY] = {"copy", 2},
    [BREAK_FLOOD] = {"flood", 3},
    [BREAK_BROKER_DENIES_READING] = {"broker-denies-reading", 0}, /* as those above */
    [BREAK_OPERATOR_PROXY] = {"operator-proxy", 0},
    [BREAK_STOLEN_KIOSK] = {"stolen-kiosk", 0},
};
/* clang-format on */

const char *happening_name(enum happening_kind k)
{
    return kinds[k].name;
}

int night_weights(const char *path)
{
    FILE *f = fopen(path, "r");
    char line[160], name[64];
    unsigned weight;
    int number = 0, bad = 0;
    if (!f) {
        perror(path);
        return -1;
    }
    while (fgets(line, sizeof line, f)) {
        size_t k = 0;
        number++;
        if (line[0] == '#' || line[0] == '\n')
            continue;
        if (sscanf(line, "%63s %u", name, &weight) != 2)
            name[0] = '\0';
        while (k < HAPPENINGS && strcmp(kinds[k].name, name) != 0)
            k++;
        if (k < HAPPENINGS) {
            kinds[k].weight = weight;
            continue;
        }
        fprintf(stderr, "%s:%d: expected a happening's name and a number, such as \"power 8\"\n",
                path, number);
        bad = -1;
    }
    fclose(f);
    return bad;
}

/* --- drawing ---------------------------------------------------------------------------------- */

static enum happening_kind kind_draw(struct chance *c, size_t from, size_t to)
{
    unsigned all = 0;
    for (size_t k = from; k < to; k++)
        all += kinds[k].weight;
    uint64_t at = chance_below(c, all);
    for (size_t k = from; k < to; k++) {
        if (at < kinds[k].weight)
            return (enum happening_kind)k;
        at -= kinds[k].weight;
    }
    return (enum happening_kind)from;
}

/* Half of all faults begin within a minute of a gesture: that is where it matters. */
static int64_t time_of_fault(const struct night *n, size_t gestures, struct chance *c)
{
    if (chance_percent(c, 50))
        return chance_between(c, 60 * S, LAST_HAND);
    int64_t at = n->happenings[chance_below(c, gestures)].at;
    return chance_between(c, at - 45 * S, at + 15 * S);
}

static int64_t length_of_fault(struct chance *c)
{
    static const int64_t most[] = {S, 10 * S, 40 * S, 180 * S};
    return chance_between(c, 50 * MS, most[chance_below(c, 4)]);
}

static struct happening *happening_add(struct night *n, enum happening_kind k, int64_t at,
                                       struct chance *c)
{
    struct happening *h = &n->happenings[n->count++];
    *h = (struct happening){.kind = k,
                            .at = at,
                            .until = at,
                            .kiosk = chance_below(c, n->kiosks),
                            .broker = chance_below(c, n->brokers),
                            .phone = chance_below(c, n->phones),
                            .number = chance_next(c)};
    return h;
}

/* A stream of its own, and after all other draws: other nights are as they were. */
static void night_draw_more(struct night *n, uint64_t seed)
{
    static const struct {
        enum happening_kind kind;
        unsigned percent, most;
    } more[] = {{DO_BUTTON, 20, 2},
                {DO_ROOT_END, 12, 1},
                {DO_WORDS, 12, 2},
                {DO_INVITE, 15, 3},
                {BREAK_BROKER_DENIES_READING, 8, 1},
                {DO_INVITE_STAFF, 8, 1},
                {DO_ROTATE, 6, 2},
                {DO_REVOKE, 8, 1}};
    struct chance c = chance_of(seed, 9);
    n->helps = chance_percent(&c, 40);
    n->again = chance_percent(&c, 40);
    for (size_t i = 0; i < sizeof more / sizeof more[0]; i++)
        if (chance_percent(&c, more[i].percent))
            for (uint64_t k = 1 + chance_below(&c, more[i].most); k > 0; k--) {
                struct happening *h =
                    happening_add(n, more[i].kind, chance_between(&c, FIRST_HAND, LAST_HAND), &c);
                if (h->kind >= GESTURES_END)
                    h->until = h->at + length_of_fault(&c);
            }
}

/* As above. A staff phone that the root key shuts out, and that goes on trying; and a phone that is
 * invited some time after a broker has let the kiosk read letters again, on the connection on which
 * it did not. */
static void night_draw_last(struct night *n, uint64_t seed)
{
    struct chance c = chance_of(seed, 16);
    size_t count = n->count;
    if (chance_percent(&c, 8)) {
        int64_t at = chance_between(&c, FIRST_HAND, LAST_HAND);
        happening_add(n, DO_ROOT_REVOKE, at, &c);
        at += chance_between(&c, 90 * S, 200 * S);
        if (count < NIGHT_HAPPENINGS - 4) {
            happening_add(n, DO_LOCKDOWN, at, &c)->kiosk = 0;
            struct happening *h =
                happening_add(n, DO_STAFF_CLEAR, at + chance_between(&c, 5 * S, 60 * S), &c);
            h->kiosk = 0;
            h->number |= 1; /* the second staff phone, which is shut out */
        }
    }
    for (size_t i = 0; i < count; i++) {
        struct happening *h = &n->happenings[i];
        if (h->kind != BREAK_BROKER_DENIES_READING || !chance_percent(&c, 70))
            continue;
        h->broker = 0;
        h->number = h->number / READ_BY_KIOSKS * READ_BY_KIOSKS + READ_LETTERS;
        happening_add(n, DO_INVITE, h->until + chance_between(&c, 100 * S, 200 * S), &c)->kiosk =
            h->kiosk;
    }
}

static struct happening *happening_add_until(struct night *n, enum happening_kind k,
                                             struct chance *c, int64_t longest)
{
    int64_t at = chance_between(c, 60 * S, LAST_HAND);
    int64_t length = chance_between(c, longest / 20, longest);
    if (n->count == NIGHT_HAPPENINGS)
        return NULL;
    struct happening *h = happening_add(n, k, at, c);
    h->until = at + length < LAST_FAULT ? at + length : LAST_FAULT;
    return h;
}

void night_draw_intruders(struct night *n, uint64_t seed)
{
    struct chance c = chance_of(seed, 17);
    struct happening *h = NULL;
    for (size_t i = 0; i < n->brokers; i++)
        if (chance_percent(&c, 20) &&
            (h = happening_add_until(n, BREAK_OPERATOR_PROXY, &c, 800 * S)))
            h->broker = i;
    uint64_t who = chance_below(&c, 100);
    enum happening_kind kind = who < 10   ? DO_STOLEN_MEMBER
                               : who < 20 ? DO_STOLEN_STAFF
                                          : BREAK_STOLEN_KIOSK;
    if (who >= 28 || !(h = happening_add_until(n, kind, &c, 500 * S)) ||
        n->count == NIGHT_HAPPENINGS)
        return;
    size_t kiosk = h->kiosk;
    int64_t later = h->at + chance_between(&c, 10 * S, 250 * S);
    bool staff = kind == DO_STOLEN_STAFF || intruder_has_staff_too(h);
    if (staff && !night_has(n, DO_ROOT_REVOKE))
        happening_add(n, DO_ROOT_REVOKE, later, &c)->kiosk = kiosk;
    if (kind == BREAK_STOLEN_KIOSK && n->count < NIGHT_HAPPENINGS && chance_percent(&c, 75))
        happening_add(n, DO_RETIRE, later + chance_between(&c, 0, 120 * S), &c)->kiosk = kiosk;
}

void night_draw(struct night *n, uint64_t seed)
{
    struct chance c = chance_of(seed, 7);
    memset(n, 0, sizeof *n);
    n->seed = seed;
    n->real_seals = chance_below(&c, 100) == 0;
    n->kiosks = chance_percent(&c, 85) ? 1 : 2;
    n->brokers = 1 + chance_below(&c, 100) / 45;
    n->phones = 2 + chance_below(&c, 3);
    n->cover = chance_percent(&c, 15);
    n->wipe = chance_percent(&c, 60);
    n->grace = chance_percent(&c, 50) ? 0 : chance_between(&c, S, 30 * S);
    n->relay = chance_percent(&c, 60);
    for (size_t i = 0; i < n->brokers; i++)
        n->outside[i] = i == 0 || chance_percent(&c, 70);
    size_t gestures = 1 + chance_below(&c, 4), faults = 1 + chance_below(&c, 5);
    for (size_t i = 0; i < gestures; i++)
        happening_add(n, kind_draw(&c, 0, GESTURES_END), chance_between(&c, FIRST_HAND, LAST_HAND),
                      &c);
    for (size_t i = 0; i < faults; i++) {
        struct happening *h = happening_add(n, kind_draw(&c, GESTURES_END, HAPPENINGS),
                                            time_of_fault(n, gestures, &c), &c);
        h->until = h->at + length_of_fault(&c);
        if (h->until > LAST_FAULT)
            h->until = LAST_FAULT;
    }
    struct chance ways = chance_of(seed, 8); /* of its own: other nights are as they were */
    n->two_ways = chance_percent(&ways, 15);
    night_draw_more(n, seed);
    night_draw_last(n, seed);
}

void night_reduce(struct night *n, uint32_t without)
{
    n->without = without;
    n->relay = n->relay && !(without & WITHOUT_RELAY);
    n->cover = n->cover && !(without & WITHOUT_COVER);
    n->wipe = n->wipe && !(without & WITHOUT_WIPE);
    n->kiosks = without & WITHOUT_KIOSK ? 1 : n->kiosks;
    n->brokers = without & WITHOUT_BROKER ? 1 : n->brokers;
    n->phones = without & WITHOUT_PHONES ? 2 : n->phones;
    for (size_t i = 0; i < n->count; i++) {
        struct happening *h = &n->happenings[i];
        h->kiosk %= n->kiosks;
        h->broker %= n->brokers;
        h->phone %= n->phones;
    }
}

bool night_has(const struct night *n, enum happening_kind kind)
{
    for (size_t i = 0; i < n->count; i++)
        if (!(n->without & 1u << i) && n->happenings[i].kind == kind)
            return true;
    return false;
}

static bool is_of_the_disk(enum happening_kind kind)
{
    return kind == BREAK_DISK_FULL || kind == BREAK_DISK_READ_ONLY || kind == BREAK_DISK_FAILING ||
           kind == BREAK_DISK_SLOW;
}

bool night_disk_is_broken(const struct night *n, int64_t from, int64_t to)
{
    for (size_t i = 0; i < n->count; i++) {
        const struct happening *h = &n->happenings[i];
        if (!(n->without & 1u << i) && is_of_the_disk(h->kind) && h->at <= to && h->until >= from)
            return true;
    }
    return false;
}

static bool is_of_a_clock(enum happening_kind kind)
{
    return kind == BREAK_CLOCK_UNSET || kind == BREAK_CLOCK_STEP || kind == BREAK_CLOCK_DRIFT ||
           kind == BREAK_PHONE_CLOCK;
}

static bool is_no_fault(enum happening_kind kind)
{
    return kind < GESTURES_END;
}

/* Whether there is a fault but for those of which one of these says yes. */
static bool is_broken_by_others(const struct night *n, int64_t from, int64_t to,
                                bool (*but)(enum happening_kind kind))
{
    for (size_t i = 0; i < n->count; i++) {
        const struct happening *h = &n->happenings[i];
        if (!(n->without & 1u << i) && !is_no_fault(h->kind) && h->at <= to && h->until >= from &&
            !but(h->kind))
            return true;
    }
    return false;
}

bool night_is_broken(const struct night *n, int64_t from, int64_t to, bool but_for_disk)
{
    return is_broken_by_others(n, from, to, but_for_disk ? is_of_the_disk : is_no_fault);
}

bool night_is_broken_but_for_clocks(const struct night *n, int64_t from, int64_t to)
{
    return is_broken_by_others(n, from, to, is_of_a_clock);
}
