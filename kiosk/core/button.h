#ifndef PORCHLIGHT_CORE_BUTTON_H
#define PORCHLIGHT_CORE_BUTTON_H

#include "kiosk/core/gesture.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A button by radio, as a gateway such as zigbee2mqtt reports it: not by levels but by words for
 * what was done ("double", "hold"). Pure. The words are played to the recogniser of every switch
 * (gesture.h) as the presses that they stand for.
 *
 * Whoever is near can record such a signal and send it again. So a button by radio alarms, and does
 * nothing else: what would be the code, duress or unclear is a caution, and there is no wipe. */

enum button_act {
    BUTTON_NOTHING, /* the end of a hold, or a word that is about no press */
    BUTTON_PRESSES,
    BUTTON_HOLD,
};

struct button_action {
    enum button_act act;
    int presses; /* BUTTON_PRESSES: 1 to BUTTON_PRESSES_MAX */
};

enum { BUTTON_PRESSES_MAX = 5, BUTTON_WORD_MAX = 48, BUTTON_GESTURES_MAX = 64 };

/* What a gateway's word for an action means: "single", "1_double", "button_2_hold", "on_press",
 * "brightness_move_up", "emergency". What is not known is nothing: a knob that turns must not
 * alarm. */
struct button_action button_action_read(const char *word);

/* What one message says beside it. Unknown: -1. */
struct button_report {
    char action[BUTTON_WORD_MAX]; /* empty: none */
    int battery;                  /* percent */
    int battery_low, tamper;      /* 0 or 1 */
    int online;                   /* 0 or 1: of the gateway's own watch over the device */
    bool kept; /* the broker kept it: its action, if any, was done at an unknown time */
};

/* Bits. */
enum button_fault {
    BUTTON_FAULT_BATTERY = 1 << 0,
    BUTTON_FAULT_TAMPER = 1 << 1,
    BUTTON_FAULT_OFFLINE = 1 << 2, /* the gateway does not reach it, or is down */
    BUTTON_FAULT_SILENT = 1 << 3,  /* it has sent nothing for too long */
    BUTTON_FAULT_LINK = 1 << 4,    /* the buttons' broker is not connected */
    BUTTON_FAULT_GONE = 1 << 5,    /* its input device: see hw/line.h */
    BUTTON_FAULTS = 6,
};

struct button {
    struct gesture_state gesture;
    int64_t shift;   /* ns by which the recogniser's clock is ahead, for what words stand for */
    bool held;       /* the last action was a hold, at: */
    int64_t held_at; /* gateways repeat it while the button is held */
    int64_t received_at;
    int64_t unlinked_at; /* since when its broker is not connected; NS_NEVER: it is */
    unsigned faults;     /* bits of enum button_fault */
};

/* A broker that is away for less than this is no fault. */
#define BUTTON_LINK_PATIENCE (10 * INT64_C(1000000000))

/* Nothing has been received; its silence begins now. */
void button_start(struct button *b, int64_t now);

/* Returns the gestures in out, and the faults as they are now in b->faults. */
size_t button_report(struct button *b, const struct gesture_rules *r,
                     const struct button_report *report, int64_t now,
                     enum gesture out[BUTTON_GESTURES_MAX]);

/* What time alone decides: a pause ends a series of presses, and silence is a fault: nothing for
 * `silence` ns. The deadline is when to ask again; NS_NEVER: not by time alone. */
size_t button_time(struct button *b, const struct gesture_rules *r, int64_t silence, int64_t now,
                   enum gesture out[BUTTON_GESTURES_MAX]);
int64_t button_deadline(const struct button *b, const struct gesture_rules *r, int64_t silence);

/* The buttons' broker is connected, or not. */
void button_link(struct button *b, bool up, int64_t now);

/* "button-battery", "button-tamper", "button-offline", "button-silent", "button-broker",
 * "button-gone": the words of notices; and a sentence that says what to do. Static storage. */
const char *button_fault_name(enum button_fault f);
const char *button_fault_sentence(enum button_fault f);

#endif
