#ifndef PORCHLIGHT_CONFIG_CONFIG_H
#define PORCHLIGHT_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* porchlight.conf as a value, with nothing global: load a fresh one, and swap it in when it is
 * whole. Every key, its type, range and default are written once, in the table of keys.c;
 * config/porchlight.conf explains each and is checked against that table by a test. Durations are
 * ns. Strings are never empty unless said so. */

enum {
    CONFIG_NAME_MAX = 32,
    CONFIG_INTERFACE_MAX = 16, /* the kernel's IFNAMSIZ */
    CONFIG_TEXT_MAX = 128,
    CONFIG_USER_MAX = 256, /* cloud brokers' are long: hub, device and version in one */
    CONFIG_PATH_MAX = 256,
    CONFIG_WORDING_MAX = 96,
    CONFIG_SWITCHES_MAX = 8,
    CONFIG_DOORS_MAX = 4,
    CONFIG_OUTPUTS_MAX = 8,
    CONFIG_USES_MAX = 9, /* every condition once */
    CONFIG_INPUTS_MAX = 8,
    CONFIG_BROKERS_MAX = 8,
    CONFIG_HOURS_MAX = 28,
    CONFIG_LANGUAGES_MAX = 8,
};

enum config_bias {
    CONFIG_BIAS_AS_IS,
    CONFIG_BIAS_PULL_UP,
    CONFIG_BIAS_PULL_DOWN,
    CONFIG_BIAS_NONE
};

/* An input or output line; address empty: not wired. Of a switch's "mqtt:TOPIC" (a button by radio)
 * and "key:DEVICE:KEY" (one of the kernel's input devices) the address alone counts. */
struct config_line {
    char address[128];
    enum config_bias bias; /* bias = pull-up | pull-down | as-is | none */
    bool active_low;       /* active = low | high */
};

struct config_switch { /* [switch NAME] */
    char name[CONFIG_NAME_MAX];
    struct config_line line;  /* the normally open contact */
    struct config_line other; /* the normally closed one of a supervised switch; bias and active as
                                 line's */
    int64_t debounce;
    int64_t release;    /* a release that is shorter is a drop-out of the contact */
    int64_t throw_time; /* how long a changeover may have neither or both contacts */
    int64_t press_max;  /* longer is no press */
    int64_t gap;        /* a pause that ends a train of presses */
    int64_t hold;       /* lockdown */
    int64_t wipe_hold;  /* the wipe, where [wipe] enabled = yes; 0: never by this switch */
    int64_t stuck;
    int code; /* presses */
};

/* Minutes since Monday 00:00, [from, to). */
struct config_hours {
    int from, to; /* 0 to 10079; to may be smaller than from: wraps over the week's end */
};

struct config_door { /* [door NAME] */
    char name[CONFIG_NAME_MAX];
    struct config_line line; /* active: open */
    int64_t debounce;
    int64_t held_open;                           /* 0: not reported */
    int64_t mask;                                /* after power-up */
    struct config_hours hours[CONFIG_HOURS_MAX]; /* hours = mon-fri 18:00-02:00, sat 12:00-04:00 */
    size_t hours_count;                          /* 0: open round the clock */
};

/* What an output shows; values_uses.c has their names. */
enum config_condition {
    CONFIG_SENSED,    /* a switch felt a press */
    CONFIG_ACCEPTED,  /* the current alert is outside the venue */
    CONFIG_SEEN,      /* phones answered that they saw it */
    CONFIG_SAFE,      /* of these, phones whose people are safe */
    CONFIG_HELP,      /* of these, phones whose people need help */
    CONFIG_NO_PATH,   /* no broker can be reached */
    CONFIG_TROUBLE,   /* anything at fault */
    CONFIG_LOCKDOWN,  /* a lockdown or drill is active, and not hidden on site */
    CONFIG_ALL_CLEAR, /* what was active here was ended, in the last minute */
    CONFIG_CONDITIONS,
};

/* How an output shows it: so many pulses when it begins, or a rhythm for as long as it is so. */
enum config_pattern {
    CONFIG_ONE_SHORT,
    CONFIG_TWO_SHORT,
    CONFIG_THREE_SHORT,
    CONFIG_ONE_LONG,
    CONFIG_TWO_LONG,
    CONFIG_THREE_LONG,
    CONFIG_SLOW,
    CONFIG_FAST,
    CONFIG_STEADY,
};

struct config_use {
    enum config_condition condition;
    enum config_pattern pattern;
};

enum config_output_kind {
    CONFIG_MOTOR, /* felt by the person who rests on it, and by nobody else */
    CONFIG_LAMP,  /* the others can be seen or heard in the room */
    CONFIG_SOUNDER,
    CONFIG_RELAY,
};

struct config_output { /* [output NAME] */
    char name[CONFIG_NAME_MAX];
    struct config_line line;
    enum config_output_kind kind;
    struct config_use uses[CONFIG_USES_MAX]; /* on = trouble: slow, help: three long */
    size_t uses_count;                       /* at least 1; the first that is so has the line */
    bool visible; /* the host has said that the room may learn of a press or an alert by it */
    int64_t tick; /* ns; a short pulse. A long one is four of them */
};

enum config_input_kind {
    CONFIG_INPUT_MAINS,
    CONFIG_INPUT_LID,
    CONFIG_INPUT_TILT,
    CONFIG_INPUT_TAMPER
};

struct config_input { /* [input NAME]: something that watches the kiosk itself */
    char name[CONFIG_NAME_MAX];
    struct config_line
        line; /* active: there is trouble; or, of mains, "ups:NAME[@ADDRESS[:PORT]]" */
    enum config_input_kind kind;
    int64_t debounce;
};

struct config_broker { /* [broker NAME] */
    char name[CONFIG_NAME_MAX];
    char host[CONFIG_TEXT_MAX]; /* host name or address */
    int port;
    bool tls;                        /* false only for a loopback address */
    char ca[CONFIG_PATH_MAX];        /* PEM file that the broker's certificate must chain to */
    char user[CONFIG_USER_MAX];      /* may be empty */
    char password[CONFIG_NAME_MAX];  /* name of a credential; empty if and only if user is */
    char phones[CONFIG_TEXT_MAX];    /* where phones reach it, "wss://..."; empty: they do not */
    char phones_ca[CONFIG_PATH_MAX]; /* PEM file of that address's authority, which invitations pin
                                        for apps; empty: none is pinned */
    bool registrar; /* porchlight-registrar runs there; no: its operator makes the accounts */
    bool outside;   /* it is outside the venue, its PUBACK hands over */
    char interface[CONFIG_INTERFACE_MAX]; /* the only one that it is reached by; empty: any */
};

struct config_buttons {          /* [buttons]: where switches with line = mqtt:TOPIC are read */
    struct config_broker broker; /* named "buttons"; host empty: none */
    char base[CONFIG_TEXT_MAX];  /* its gateway's topics begin so; empty: the first part of each */
    int64_t silence;             /* a button that sends nothing for so long is a fault */
};

struct config_plain {                /* [plain]; heeded in a plain venue alone */
    char discovery[CONFIG_NAME_MAX]; /* Home Assistant's prefix; "no": none */
    bool button;                     /* a drill's, in Home Assistant */
    char lockdown[CONFIG_WORDING_MAX], caution[CONFIG_WORDING_MAX], all_clear[CONFIG_WORDING_MAX],
        drill[CONFIG_WORDING_MAX];
};

struct config {
    struct {                        /* [venue] */
        char id[17];                /* 16 hex digits */
        char page[CONFIG_TEXT_MAX]; /* the members' page; empty: phones cannot be invited */
        char push[CONFIG_TEXT_MAX]; /* where the push app listens; may be empty */
    } venue;
    struct { /* [kiosk] */
        char id[17];
        bool plain; /* never together with cover */
        bool cover;
        char record[CONFIG_PATH_MAX]; /* nvmem:NAME or a full path; empty: where it always is */
    } kiosk;
    struct config_plain plain;
    struct config_buttons buttons;
    struct {                  /* [alert] */
        int64_t abort_window; /* the code takes a caution back; may be 0 */
        int64_t drill_lasts;
        int drill_from, drill_to; /* drill = sun 15:00-17:00, weekly at a moment in it; minutes of
                                     the week; both -1: none */
        bool relay;               /* a relay is expected; its silence is cued */
    } alert;
    struct {                      /* [trouble] */
        int quiet_from, quiet_to; /* quiet_hours = 22:00-08:00, minutes of the day; -1: none */
    } trouble;
    struct {                 /* [timing]; the tests scale these */
        int64_t keepalive;   /* whole seconds */
        int64_t beat;        /* ns between beats */
        int64_t state;       /* the retained state again */
        int64_t state_alert; /* the same while an alert is active */
        int64_t help_again;  /* between rings for phones that ask for help once more */
        int64_t probe;       /* for one address; a whole attempt takes three times that */
        int64_t backoff;     /* first pause after a failure, doubled up to backoff_max */
        int64_t backoff_max; /* at most 3s while something is pending */
    } timing;
    struct { /* [wipe] */
        bool enabled;
        int64_t grace; /* in which the code takes it back; may be 0 */
    } wipe;
    struct {                         /* [screen] */
        char scene[CONFIG_NAME_MAX]; /* window | lantern | pictures | programme | none */
        char languages[CONFIG_LANGUAGES_MAX][8]; /* languages = az, ru, en; at least one */
        size_t languages_count;
        char city[CONFIG_NAME_MAX];      /* may be empty; gives the three below, unless written */
        double latitude, longitude;      /* degrees */
        char timezone[CONFIG_NAME_MAX];  /* empty: the system's */
        char pictures[CONFIG_PATH_MAX];  /* folder; may be empty */
        char programme[CONFIG_PATH_MAX]; /* file; may be empty */
        int panel;                       /* its diagonal, inches; 0: as the monitor says */
        int rotation;                    /* 0 | 90 | 180 | 270 */
        bool reduced_motion;
        int quiet_from, quiet_to; /* quiet_hours = 02:00-09:00, minutes of the day; -1: none */
        int dim;                  /* night dimming, percent of full, 20 to 100 */
    } screen;
    struct {                     /* [feel], as it was written before there was [output NAME] */
        struct config_line line; /* empty: none; else it is one of the outputs too */
        int64_t tick;
    } feel;
    struct config_switch switches[CONFIG_SWITCHES_MAX];
    size_t switches_count; /* at least 1, unless config_load_most left it out; as of the brokers */
    struct config_door doors[CONFIG_DOORS_MAX];
    size_t doors_count;
    struct config_output outputs[CONFIG_OUTPUTS_MAX + 1]; /* one more: [feel] */
    size_t outputs_count;
    struct config_input inputs[CONFIG_INPUTS_MAX];
    size_t inputs_count;
    struct config_broker brokers[CONFIG_BROKERS_MAX];
    size_t brokers_count;
    bool simulated; /* derived: every line's address begins with "sim:" */
};

/* Whether two sections name the same broker: they are two ways to it. */
bool config_is_same_broker(const struct config_broker *a, const struct config_broker *b);

/* The first section that names the same broker as number i does. */
size_t config_home(const struct config *c, size_t i);

#define CONFIG_BUTTON "mqtt:"
enum {
    CONFIG_BUTTON_TOPIC_MAX = 114, /* bytes; with "/availability" it is still a topic */
    CONFIG_BUTTON_KEYS_MAX = 4,    /* of an input device, for one switch: LINE_KEYS_MAX */
};

/* The topic of a line that is a button by radio ("mqtt:TOPIC"), or NULL: it is a wire. */
const char *config_button_topic(const struct config_line *line);

/* One complaint, complete and for a person: file, line, key, what was found, what is expected and
 * how to fix it. Called once for each. */
typedef void config_complain(void *context, const char *sentence);

/* Reads `path` into a fresh *c. 0, or -1 when at least one complaint was made (*c is then not to
 * be used). Every complaint of the file is made, not only the first. */
int config_load(const char *path, struct config *c, config_complain *complain, void *context);

/* For a program that must run whatever the file says (reader_load_most). 0: nothing is wrong; 1: *c
 * can be used without what was complained of: a broker, a door or a switch that cannot be used is
 * left out, anything else has its default, and where the wipe is concerned, the wipe is off. -1:
 * nothing of it can be used. */
int config_load_most(const char *path, struct config *c, config_complain *complain, void *context);
int config_parse_most(const char *path, const char *text, size_t len, struct config *c,
                      config_complain *complain, void *context);

/* The same as config_load over text already in memory; `path` is named in the complaints. */
int config_parse(const char *path, const char *text, size_t len, struct config *c,
                 config_complain *complain, void *context);

/* Complaint for stderr: the usual config_complain. */
void config_complain_stderr(void *context, const char *sentence);

#endif
