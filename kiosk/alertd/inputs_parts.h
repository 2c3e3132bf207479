#ifndef PORCHLIGHT_ALERTD_INPUTS_PARTS_H
#define PORCHLIGHT_ALERTD_INPUTS_PARTS_H

#include "kiosk/alertd/input_line.h"
#include "kiosk/alertd/inputs.h"
#include "kiosk/core/ns.h"

/* Inside of struct inputs, for inputs_open.c, which opens the lines, inputs_read.c, which takes
 * their levels to the recognisers and reports what these find, and inputs.c, which gives both time.
 */

/* Levels are read again this often, so that an edge lost unnoticed does no lasting harm. */
#define INPUTS_REREAD_REST    (5 * NS_PER_S)
#define INPUTS_REREAD_PRESSED (500 * NS_PER_MS)

/* At multiples of it: counted from a press, all later moments would show when that was. */
static inline int64_t inputs_reread_after(int64_t now, int64_t every)
{
    return (now / every + 1) * every;
}

struct contact {
    struct inputs *home;
    struct input_line line;
    size_t owner; /* index of its switch or door */
    enum switch_contact which;
    bool door;
    bool key;   /* of an input device */
    bool held;  /* it was pressed when its device went */
    bool found; /* its level when it was opened; a contact without a line is open */
};

struct switch_input {
    char name[CONFIG_NAME_MAX];
    struct switch_rules rules;
    struct switch_state state;
    struct contact contacts[SWITCH_CONTACTS];
    bool radio;           /* it has no wires; `button` is its state, and only the rules are used */
    struct button button; /* of one that is a key of an input device, its faults alone */
    unsigned reported;    /* faults of the button */
    int battery;          /* as line_battery gives it */
};

struct door_input {
    char name[CONFIG_NAME_MAX];
    struct door_hours hours[CONFIG_HOURS_MAX];
    struct door_rules rules;
    int64_t settle, mask; /* ns, as configured */
    bool closed_level;    /* input_line_closed_level */
    struct debounce debounce;
    struct door state;
    struct contact contact;
};

struct inputs {
    struct loop *loop;
    struct sim_bus *bus;
    struct inputs_listener listener;
    struct switch_input switches[CONFIG_SWITCHES_MAX];
    size_t switches_count;
    struct door_input doors[CONFIG_DOORS_MAX];
    size_t doors_count;
    const char *prefix;
    int arrivals; /* line_arrivals_open; -1: no button, or nothing to watch */
    int64_t opened_at;
    int64_t reread_at;
    int64_t silence; /* of buttons by radio */
};

/* inputs_read.c */

/* Hands to the listener what a recogniser found: `n` or `count` of them. */
void inputs_report_switch(struct inputs *in, struct switch_input *s, const struct switch_event *e,
                          size_t n, int64_t now);
void inputs_report_door(struct inputs *in, struct door_input *d, const enum door_notice *n,
                        size_t count, int64_t now);

/* The same for a button by radio, with those of its faults that have begun or are over since. */
void inputs_report_button(struct inputs *in, struct switch_input *s, const enum gesture *g,
                          size_t n, int64_t now);

/* A switch's line is not there, or is there again. */
void inputs_report_missing(struct contact *c, bool missing, int64_t now);

/* A fault of a button that is a key of an input device begins or is over. */
void inputs_key_fault(struct inputs *in, struct switch_input *s, enum button_fault f, bool on,
                      int64_t now);

/* A door's level counts once it has lasted for the debounce time. */
void inputs_door_settle(struct inputs *in, struct door_input *d, int64_t now);

/* Takes what has happened at the line since; takes its level, whatever has happened. */
void inputs_contact_read(struct contact *c);
void inputs_contact_reread(struct contact *c);

/* For the loop: edges are waiting; the context is the contact. */
void inputs_on_edges(void *context, int fd, short revents);

/* inputs_open.c: tries a line again that is missing. */
void inputs_contact_retry(struct contact *c);

/* inputs.c */
void inputs_each_contact(struct inputs *in, void (*visit)(struct contact *c));
bool inputs_switch_is_missing(const struct switch_input *s);

#endif
