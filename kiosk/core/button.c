#include "kiosk/core/button.h"

#include "kiosk/core/battery_level.h"
#include "kiosk/core/ns.h"

#include <string.h>

/* Between two levels that are played, and how long a hold may be repeated as one. */
#define TAP    NS_PER_MS
#define REPEAT (5 * NS_PER_S)

/* --- words ----------------------------------------------------------------------------------- */

/* Whether one of the parts of a word, between _ or -, is this one. */
static bool word_has(const char *word, const char *part)
{
    size_t len = strlen(part);
    for (const char *p = word; *p; p += strspn(p, "_-")) {
        size_t n = strcspn(p, "_-");
        if (n == len && strncmp(p, part, len) == 0)
            return true;
        p += n;
    }
    return false;
}

static bool word_has_any(const char *word, const char *const *parts)
{
    for (; *parts; parts++)
        if (word_has(word, *parts))
            return true;
    return false;
}

static struct button_action presses(int n)
{
    return (struct button_action){BUTTON_PRESSES, n};
}

struct button_action button_action_read(const char *word)
{
    static const char *const ends[] = {"release", "released", "stop", NULL};
    static const char *const holds[] = {"hold", "held",      "long",  "emergency", "panic",
                                        "sos",  "longpress", "alarm", NULL};
    static const char *const ones[] = {"single", "press", "pressed", "click", "clicked", "short",
                                       "toggle", "on",    "off",     "tap",   "push",    NULL};
    static const struct {
        const char *word;
        int presses;
    } counts[] = {{"double", 2}, {"triple", 3}, {"quadruple", 4}, {"quintuple", 5}, {"many", 5}};
    const struct button_action nothing = {BUTTON_NOTHING, 0};
    if (word_has_any(word, ends)) /* of some remotes the end of a short press is the press */
        return word_has(word, "short") ? presses(1) : nothing;
    if (word_has(word, "initial")) /* its end follows */
        return nothing;
    /* A dimmer's key that is held; without a direction it is a light's colour or level, by a knob
     * or a wheel. */
    bool dims = word_has(word, "move") && (word_has(word, "up") || word_has(word, "down"));
    if (dims || word_has_any(word, holds))
        return (struct button_action){BUTTON_HOLD, 0};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        if (word_has(word, counts[i].word))
            return presses(counts[i].presses);
    return word_has_any(word, ones) ? presses(1) : nothing;
}

/* --- the recogniser -------------------------------------------------------------------------- */

/* What a wire could mean besides alarms, a signal that can be recorded cannot. */
static size_t as_alarms(enum gesture *g, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        bool caution = g[i] == GESTURE_UNCLEAR || g[i] == GESTURE_CODE || g[i] == GESTURE_DURESS;
        if (g[i] == GESTURE_SENSED || g[i] == GESTURE_IGNORED || g[i] == GESTURE_LOCKDOWN ||
            g[i] == GESTURE_CAUTION || caution)
            g[kept++] = caution ? GESTURE_CAUTION : g[i];
    }
    return kept;
}

static size_t play_presses(struct button *b, const struct gesture_rules *r, int count, int64_t now,
                           enum gesture *out)
{
    size_t n = 0;
    for (int i = 0; i < count; i++) {
        b->shift += TAP;
        n += gesture_level(&b->gesture, r, true, now + b->shift, out + n);
        b->shift += TAP;
        n += gesture_level(&b->gesture, r, false, now + b->shift, out + n);
    }
    return n;
}

static size_t play_hold(struct button *b, const struct gesture_rules *r, int64_t now,
                        enum gesture *out)
{
    bool repeated = b->held && now - b->held_at < REPEAT;
    size_t n = 0;
    b->held = true;
    b->held_at = now;
    if (repeated)
        return 0;
    b->shift += TAP;
    n += gesture_level(&b->gesture, r, true, now + b->shift, out);
    b->shift += r->hold;
    n += gesture_time(&b->gesture, r, now + b->shift, out + n);
    b->shift += TAP;
    return n + gesture_level(&b->gesture, r, false, now + b->shift, out + n);
}

static size_t button_play(struct button *b, const struct gesture_rules *r, const char *word,
                          int64_t now, enum gesture *out)
{
    struct button_action a = button_action_read(word);
    if (a.act == BUTTON_HOLD)
        return play_hold(b, r, now, out);
    b->held = false;
    return a.act == BUTTON_PRESSES ? play_presses(b, r, a.presses, now, out) : 0;
}

/* --- all of it ------------------------------------------------------------------------------- */

void button_start(struct button *b, int64_t now)
{
    *b = (struct button){.received_at = now, .unlinked_at = now};
}

static void button_fault_set(struct button *b, enum button_fault f, int known)
{
    if (known == 1)
        b->faults |= f;
    else if (known == 0)
        b->faults &= ~(unsigned)f;
}

size_t button_report(struct button *b, const struct gesture_rules *r,
                     const struct button_report *report, int64_t now,
                     enum gesture out[BUTTON_GESTURES_MAX])
{
    int low = report->battery_low;
    if (report->battery >= 0)
        low = low == 1 || battery_level_is_low(report->battery, b->faults & BUTTON_FAULT_BATTERY);
    button_fault_set(b, BUTTON_FAULT_BATTERY, low);
    button_fault_set(b, BUTTON_FAULT_TAMPER, report->tamper);
    button_fault_set(b, BUTTON_FAULT_OFFLINE, report->online >= 0 ? !report->online : -1);
    if (report->kept || report->online >= 0) /* a broker or the gateway says it, not the button */
        return 0;
    b->received_at = now;
    b->faults &= ~(unsigned)BUTTON_FAULT_SILENT;
    if (report->action[0] == '\0')
        return 0;
    return as_alarms(out, button_play(b, r, report->action, now, out));
}

size_t button_time(struct button *b, const struct gesture_rules *r, int64_t silence, int64_t now,
                   enum gesture out[BUTTON_GESTURES_MAX])
{
    if (now - b->received_at >= silence)
        b->faults |= BUTTON_FAULT_SILENT;
    if (b->unlinked_at != NS_NEVER && now - b->unlinked_at >= BUTTON_LINK_PATIENCE)
        b->faults |= BUTTON_FAULT_LINK;
    return as_alarms(out, gesture_time(&b->gesture, r, now + b->shift, out));
}

int64_t button_deadline(const struct button *b, const struct gesture_rules *r, int64_t silence)
{
    int64_t gesture = gesture_deadline(&b->gesture, r);
    int64_t next = gesture == NS_NEVER ? NS_NEVER : gesture - b->shift;
    if (!(b->faults & BUTTON_FAULT_SILENT) && b->received_at + silence < next)
        next = b->received_at + silence;
    bool waits = b->unlinked_at != NS_NEVER && !(b->faults & BUTTON_FAULT_LINK);
    if (waits && b->unlinked_at + BUTTON_LINK_PATIENCE < next)
        next = b->unlinked_at + BUTTON_LINK_PATIENCE;
    return next;
}

void button_link(struct button *b, bool up, int64_t now)
{
    if (up) {
        b->unlinked_at = NS_NEVER;
        b->faults &= ~(unsigned)BUTTON_FAULT_LINK;
    } else if (b->unlinked_at == NS_NEVER) {
        b->unlinked_at = now;
    }
}

static const struct {
    enum button_fault fault;
    const char *name, *sentence;
} faults[BUTTON_FAULTS] = {
    {BUTTON_FAULT_BATTERY, "button-battery", "its battery is low; replace it"},
    {BUTTON_FAULT_TAMPER, "button-tamper", "it reports that it was opened or taken off"},
    {BUTTON_FAULT_OFFLINE, "button-offline",
     "its gateway does not reach it; see what zigbee2mqtt says of it, and its battery"},
    {BUTTON_FAULT_SILENT, "button-silent",
     "it has sent nothing for too long; press it once, and check its battery and its range"},
    {BUTTON_FAULT_LINK, "button-broker",
     "the broker in [buttons] is not connected or refuses it, so its presses do not arrive"},
    {BUTTON_FAULT_GONE, "button-gone",
     "it is gone: out of range, switched off, asleep or unplugged. porchlight doctor shows more"},
};

static size_t fault_index(enum button_fault f)
{
    size_t i = 0;
    while (i + 1 < BUTTON_FAULTS && faults[i].fault != f)
        i++;
    return i;
}

const char *button_fault_name(enum button_fault f)
{
    return faults[fault_index(f)].name;
}

const char *button_fault_sentence(enum button_fault f)
{
    return faults[fault_index(f)].sentence;
}
