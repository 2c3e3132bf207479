#include "tests/nights/pair.h"

#include "tests/nights/seals.h"
#include "tests/nights/watch.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define ASKS  (7 * S)
#define TRAIN (5 * S) /* longer than a train of presses */

enum { SEEN = 1 << 14, LOCAL_ANSWER = 1 << 16 };

struct seen {
    int64_t at;
    const char *what;
    uint64_t hash;
};

struct observer {
    struct seen seen[SURFACES][SEEN];
    size_t count[SURFACES];
    const char *state; /* NULL: no gesture yet */
    bool halved;       /* the program started in the middle of it, or of a train before it */
};

static struct observer observers[2];
static struct observer *observing;

void pair_observe(enum surface s, const char *what, const void *bytes, size_t len)
{
    const uint8_t *p = bytes;
    uint64_t h = len;
    if (!observing || !observing->state || observing->count[s] == SEEN)
        return;
    for (size_t i = 0; i < len; i++)
        h = (h ^ p[i]) * UINT64_C(1099511628211);
    observing->seen[s][observing->count[s]++] =
        (struct seen){.at = world_now(), .what = what, .hash = h};
}

void pair_id(struct alert_id *id)
{
    if (observing && !observing->state)
        memset(id->bytes, 0x5a, sizeof id->bytes);
}

void pair_gesture(const char *state, int64_t runs)
{
    if (!observing || observing->state)
        return;
    observing->state = state;
    observing->halved = observing->halved || runs < TRAIN;
}

/* How long the newest beat took to come back is the network's chance. */
static size_t without_chance(const void *bytes, size_t len, char out[LOCAL_ANSWER])
{
    static const char name[] = "\"beat_ms\":";
    const char *from = bytes, *end = from + len;
    size_t n = 0;
    while (from < end && n < LOCAL_ANSWER) {
        bool is_chance = n >= sizeof name - 1 &&
                         memcmp(out + n - (sizeof name - 1), name, sizeof name - 1) == 0 &&
                         isdigit((unsigned char)*from);
        if (!is_chance)
            out[n++] = *from;
        from++;
    }
    return n;
}

/* Somebody on site asks for the status, again and again. */
static void status_said(void *context, struct local *l, const void *bytes, size_t len)
{
    (void)context;
    if (len == 0)
        return;
    static char answer[LOCAL_ANSWER];
    size_t n = without_chance(bytes, len, answer);
    pair_observe(SURFACE_SITE, "the answer to status", answer, n);
    local_hang_up(l);
}

static void status_asks(void *context, uint64_t number)
{
    struct station *s = context;
    struct local *l = local_dial(s->machine, "control.sock", status_said, s);
    (void)number;
    if (l)
        local_send(l, "status", 6);
    world_at(world_now() + ASKS, status_asks, s, 0);
}

/* --- comparing -------------------------------------------------------------------------------- */

/* Lasts longer than a night: failures of several are compared by it. */
static const char *name_of(enum surface s, const char *state)
{
    static const char *const surfaces[] = {"site", "network", "writes", "card"};
    static char names[64][64];
    char name[sizeof names[0]];
    snprintf(name, sizeof name, "code-is-duress-%s-in-%s", surfaces[s], state);
    size_t i = 0;
    while (names[i][0] != '\0' && strcmp(names[i], name) != 0)
        i++;
    return strcpy(names[i], name);
}

static void compare(enum surface s)
{
    const struct observer *a = &observers[0], *b = &observers[1];
    size_t n = a->count[s] < b->count[s] ? a->count[s] : b->count[s], i = 0;
    while (i < n && a->seen[s][i].at == b->seen[s][i].at &&
           a->seen[s][i].what == b->seen[s][i].what && a->seen[s][i].hash == b->seen[s][i].hash)
        i++;
    if (i == n && a->count[s] == b->count[s])
        return;
    const struct seen none = {.at = 0, .what = "nothing more"};
    const struct seen *x = i < a->count[s] ? &a->seen[s][i] : &none;
    const struct seen *y = i < b->count[s] ? &b->seen[s][i] : &none;
    watch_fail(name_of(s, a->state), "code: %s at %.3f s; duress: %s at %.3f s", x->what,
               (double)x->at / 1e9, y->what, (double)y->at / 1e9);
}

/* One of the gestures is code or duress, and no staff phone acts: it alone may know. The switch's
 * wires hold: where one comes loose, trains of more and of fewer presses end at different moments.
 */
static void pair_draw(struct night *n, uint64_t seed)
{
    bool any = false;
    size_t last = 0;
    night_draw(n, seed);
    for (size_t i = 0; i < n->count; i++) {
        struct happening *h = &n->happenings[i];
        if (h->kind == DO_STAFF_CLEAR || h->kind == DO_STAFF_LOCKDOWN)
            h->kind = DO_LOCKDOWN;
        if (h->kind == BREAK_WIRE || h->kind == BREAK_EDGES)
            h->kind = BREAK_HOLE;
        any = any || h->kind == DO_CODE || h->kind == DO_DURESS;
        last = h->kind < GESTURES_END && h->at >= n->happenings[last].at ? i : last;
    }
    if (!any)
        n->happenings[last].kind = DO_CODE;
    n->pair = PAIR_CODE;
}

void pair_play(struct night *n, uint32_t without)
{
    static struct night drawn;
    drawn = *n;
    for (int i = 0; i < 2; i++) {
        *n = drawn;
        observing = &observers[i];
        *observing = (struct observer){.state = NULL};
        n->pair = i == 0 ? PAIR_CODE : PAIR_DURESS;
        night_play(n, without);
        observing = NULL;
    }
    /* A press that the start finds is a fault of the line: which press that is, differs; and so
     * does what the rest of the train says. */
    bool halved = observers[0].halved || observers[1].halved;
    for (int s = 0; s < SURFACES && observers[0].state && observers[1].state && !halved; s++)
        compare((enum surface)s);
}

static bool pair_is_due(uint64_t seed)
{
    return seed % 16 == 5;
}

void pair_or_one_draw(struct night *n, uint64_t seed)
{
    if (pair_is_due(seed)) {
        pair_draw(n, seed);
        return;
    }
    night_draw(n, seed);
    night_draw_intruders(n, seed);
}

void pair_or_one_play(struct night *n, uint64_t seed, uint32_t without)
{
    pair_or_one_draw(n, seed);
    if (n->pair != PAIR_NONE)
        pair_play(n, without);
    else
        night_play(n, without);
}

void pair_begins(struct night *n)
{
    if (observing)
        seals_by_moment(); /* one press more draws more chance */
    for (size_t i = 0; observing && i < n->kiosks; i++)
        world_at(ASKS, status_asks, &n->stations[i], 0);
}
