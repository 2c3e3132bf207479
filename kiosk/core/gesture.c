#include "kiosk/core/gesture.h"

#include "kiosk/core/ns.h"

enum { HELD_NOT, HELD_LOCKDOWN, HELD_WIPE };

static const char *const names[] = {
    [GESTURE_SENSED] = "sensed", [GESTURE_IGNORED] = "ignored", [GESTURE_LOCKDOWN] = "lockdown",
    [GESTURE_WIPE] = "wipe",     [GESTURE_CAUTION] = "caution", [GESTURE_UNCLEAR] = "unclear",
    [GESTURE_CODE] = "code",     [GESTURE_DURESS] = "duress",   [GESTURE_STUCK] = "stuck",
    [GESTURE_FOUND] = "found",   [GESTURE_FREED] = "freed",
};

const char *gesture_name(enum gesture g)
{
    return names[g];
}

static void train_forget(struct gesture_state *g)
{
    g->presses = 0;
    g->long_press = false;
}

/* A train of four or more is judged by its count alone: whoever presses a code slowly, under
 * stress, means the code. */
static enum gesture train_read(const struct gesture_state *g, const struct gesture_rules *r)
{
    if (g->presses == r->code)
        return GESTURE_CODE;
    if (g->presses >= 4)
        return GESTURE_DURESS;
    if (g->presses == 3 || g->long_press)
        return GESTURE_UNCLEAR;
    return g->presses == 2 ? GESTURE_CAUTION : GESTURE_IGNORED;
}

size_t gesture_start(struct gesture_state *g, bool pressed, int64_t now,
                     enum gesture out[GESTURE_MAX])
{
    *g = (struct gesture_state){.pressed = pressed, .fault = pressed, .since = now};
    if (!pressed)
        return 0;
    out[0] = GESTURE_FOUND;
    return 1;
}

static size_t hold_read(struct gesture_state *g, const struct gesture_rules *r, int64_t lasted,
                        enum gesture out[GESTURE_MAX])
{
    size_t n = 0;
    if (g->held == HELD_NOT && lasted >= r->hold) {
        g->held = HELD_LOCKDOWN;
        train_forget(g);
        out[n++] = GESTURE_LOCKDOWN;
    }
    if (g->held == HELD_LOCKDOWN && r->wipe_hold > 0 && lasted >= r->wipe_hold) {
        g->held = HELD_WIPE;
        out[n++] = GESTURE_WIPE;
    }
    if (lasted >= r->stuck) {
        g->fault = true;
        out[n++] = GESTURE_STUCK;
    }
    return n;
}

size_t gesture_time(struct gesture_state *g, const struct gesture_rules *r, int64_t now,
                    enum gesture out[GESTURE_MAX])
{
    int64_t lasted = now - g->since;
    if (g->fault)
        return 0;
    if (g->pressed)
        return hold_read(g, r, lasted, out);
    if (g->presses == 0 || lasted < r->gap)
        return 0;
    out[0] = train_read(g, r);
    train_forget(g);
    return 1;
}

size_t gesture_level(struct gesture_state *g, const struct gesture_rules *r, bool pressed,
                     int64_t at, enum gesture out[GESTURE_MAX])
{
    size_t n = gesture_time(g, r, at, out);
    if (pressed == g->pressed)
        return n;

    int64_t lasted = at - g->since;
    g->pressed = pressed;
    g->since = at;
    if (pressed) {
        g->held = HELD_NOT;
        out[n++] = GESTURE_SENSED;
    } else if (g->fault) {
        g->fault = false;
        train_forget(g);
        out[n++] = GESTURE_FREED;
    } else if (g->held == HELD_NOT) {
        g->presses++;
        g->long_press = g->long_press || lasted > r->press_max;
    }
    return n;
}

size_t gesture_lost(struct gesture_state *g, const struct gesture_rules *r, int64_t now,
                    enum gesture out[GESTURE_MAX])
{
    size_t n = gesture_time(g, r, now, out);
    if (!g->pressed)
        return n;
    if (!g->fault && g->presses >= 2)
        out[n++] = GESTURE_UNCLEAR;
    train_forget(g);
    g->pressed = g->fault = false;
    g->since = now;
    return n;
}

int64_t gesture_deadline(const struct gesture_state *g, const struct gesture_rules *r)
{
    if (g->fault)
        return NS_NEVER;
    if (!g->pressed)
        return g->presses > 0 ? g->since + r->gap : NS_NEVER;
    if (g->held == HELD_NOT)
        return g->since + r->hold;
    if (g->held == HELD_LOCKDOWN && r->wipe_hold > 0)
        return g->since + r->wipe_hold;
    return g->since + r->stuck;
}
