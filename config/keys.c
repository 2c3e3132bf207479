#include "config/keys.h"
#include "config/rules.h"

#include <string.h>

#define MS  INT64_C(1000000)
#define S   (1000 * MS)
#define MIN (60 * S)
#define H   (60 * MIN)

#define MANY(field, type)                                                                          \
    offsetof(struct config, field), sizeof(struct type), offsetof(struct config, field##_count)

static const struct section sections[] = {
    {.name = "venue"},
    {.name = "kiosk"},
    {.name = "plain"},
    {"switch", CONFIG_SWITCHES_MAX, MANY(switches, config_switch), true,
     "nobody could raise an alarm", false},
    {"door", CONFIG_DOORS_MAX, MANY(doors, config_door), false, "", false},
    {"output", CONFIG_OUTPUTS_MAX, MANY(outputs, config_output), false, "", false},
    {"input", CONFIG_INPUTS_MAX, MANY(inputs, config_input), false, "", false},
    {"broker", CONFIG_BROKERS_MAX, MANY(brokers, config_broker), true, "nobody would be alerted",
     false},
    {.name = "buttons"},
    {.name = "alert"},
    {.name = "trouble"},
    {.name = "wipe"},
    {.name = "screen"},
    {.name = "feel"},
    {.name = "timing"},
};

#define AT(member)           offsetof(struct config, member), 0
#define ATTWO(member, other) offsetof(struct config, member), offsetof(struct config, other)
#define SWITCH(member)       offsetof(struct config_switch, member), 0
#define DOOR(member)         offsetof(struct config_door, member), 0
#define OUTPUT(member)       offsetof(struct config_output, member), 0
#define BUTTONS(member)      offsetof(struct config, buttons.broker.member), 0
#define INPUT(member)        offsetof(struct config_input, member), 0
#define BROKER(member)       offsetof(struct config_broker, member), 0
#define BIASES               "as-is|pull-up|pull-down|none" /* in the order of enum config_bias */

#define WEB       "https://|http://localhost:|http://127.0.0.1:"
#define WEBSOCKET "wss://|ws://localhost:|ws://127.0.0.1:"

/* clang-format off */
static const struct key keys[] = {
    {"venue", "id", &value_id, NULL, AT(venue.id), 0, 17, NULL},
    {"venue", "page", &value_address, "", AT(venue.page), 0, CONFIG_TEXT_MAX, WEB},
    {"venue", "push", &value_address, "", AT(venue.push), 0, CONFIG_TEXT_MAX, WEB},

    {"kiosk", "id",    &value_id,     NULL, AT(kiosk.id), 0, 17, NULL},
    {"kiosk", "plain", &value_yes_no, "no", AT(kiosk.plain), 0, 0, NULL},
    {"kiosk", "cover", &value_yes_no, "no", AT(kiosk.cover), 0, 0, NULL},
    {"kiosk", "record", &value_store, "", AT(kiosk.record), 0, CONFIG_PATH_MAX, NULL},

    {"plain", "discovery", &value_account, "homeassistant", AT(plain.discovery), 0, CONFIG_NAME_MAX,
     NULL},
    {"plain", "button", &value_yes_no, "no", AT(plain.button), 0, 0, NULL},
    {"plain", "lockdown", &value_wording, "The kettle is on", AT(plain.lockdown), 0,
     CONFIG_WORDING_MAX, NULL},
    {"plain", "caution", &value_wording, "The kettle is warm", AT(plain.caution), 0,
     CONFIG_WORDING_MAX, NULL},
    {"plain", "all_clear", &value_wording, "The tea is ready", AT(plain.all_clear), 0,
     CONFIG_WORDING_MAX, NULL},
    {"plain", "drill", &value_wording, "The kettle is tried out", AT(plain.drill), 0,
     CONFIG_WORDING_MAX, NULL},

    {"switch", "line",       &value_switch_line, NULL,   SWITCH(line.address), 0, 128, NULL},
    {"switch", "other_line", &value_line,     "",        SWITCH(other.address), 0, 128, NULL},
    {"switch", "bias",       &value_choice,   "pull-up", SWITCH(line.bias), 0, 0, BIASES},
    {"switch", "active",     &value_level,    "low",     SWITCH(line.active_low), 0, 0, NULL},
    {"switch", "debounce",   &value_duration, "30ms",    SWITCH(debounce), MS, 200 * MS, NULL},
    {"switch", "release",    &value_duration, "50ms",    SWITCH(release), MS, 500 * MS, NULL},
    {"switch", "throw_time", &value_duration, "100ms",   SWITCH(throw_time), 10 * MS, 2 * S, NULL},
    {"switch", "press_max",  &value_duration, "800ms",   SWITCH(press_max), 100 * MS, 5 * S, NULL},
    {"switch", "gap",        &value_duration, "700ms",   SWITCH(gap), 100 * MS, 5 * S, NULL},
    {"switch", "hold",       &value_duration, "1.5s",    SWITCH(hold), 200 * MS, 30 * S, NULL},
    {"switch", "wipe_hold",  &value_off_or_more, "4s",   SWITCH(wipe_hold), 300 * MS, MIN, NULL},
    {"switch", "stuck",      &value_duration, "30s",     SWITCH(stuck), 2 * S, 10 * MIN, NULL},
    {"switch", "code",       &value_number,   "5",       SWITCH(code), 4, 12, NULL},

    {"door", "line",      &value_line,        NULL,      DOOR(line.address), 0, 128, NULL},
    {"door", "bias",      &value_choice,      "pull-up", DOOR(line.bias), 0, 0, BIASES},
    {"door", "active",    &value_level,       "high",    DOOR(line.active_low), 0, 0, NULL},
    {"door", "debounce",  &value_duration,    "50ms",    DOOR(debounce), MS, 5 * S, NULL},
    {"door", "held_open", &value_off_or_more, "2min",    DOOR(held_open), S, 24 * H, NULL},
    {"door", "mask",      &value_off_or_more, "60s",     DOOR(mask), MS, 10 * MIN, NULL},
    {"door", "hours",     &value_hours,       "",        offsetof(struct config_door, hours),
     offsetof(struct config_door, hours_count), 0, 0, NULL},

    {"output", "line",    &value_line,     NULL,    OUTPUT(line.address), 0, 128, NULL},
    {"output", "kind",    &value_choice,   "lamp",  OUTPUT(kind), 0, 0, "motor|lamp|sounder|relay"},
    {"output", "on",      &value_uses,     NULL,    offsetof(struct config_output, uses),
     offsetof(struct config_output, uses_count), 0, 0, NULL},
    {"output", "visible", &value_yes_no,   "no",    OUTPUT(visible), 0, 0, NULL},
    {"output", "bias",    &value_choice,   "as-is", OUTPUT(line.bias), 0, 0, BIASES},
    {"output", "active",  &value_level,    "high",  OUTPUT(line.active_low), 0, 0, NULL},
    {"output", "tick",    &value_duration, "100ms", OUTPUT(tick), 5 * MS, S, NULL},

    {"input", "line",     &value_source,   NULL,      INPUT(line.address), 0, 64, NULL},
    {"input", "kind",     &value_choice,   NULL,      INPUT(kind), 0, 0, "mains|lid|tilt|tamper"},
    {"input", "bias",     &value_choice,   "pull-up", INPUT(line.bias), 0, 0, BIASES},
    {"input", "active",   &value_level,    "high",    INPUT(line.active_low), 0, 0, NULL},
    {"input", "debounce", &value_duration, "200ms",   INPUT(debounce), MS, MIN, NULL},

    {"broker", "host",     &value_host,       NULL,   BROKER(host), 0, CONFIG_TEXT_MAX, NULL},
    {"broker", "port",     &value_number,     "8883", BROKER(port), 1, 65535, NULL},
    {"broker", "tls",      &value_yes_no,     "yes",  BROKER(tls), 0, 0, NULL},
    {"broker", "ca",       &value_path,       "",     BROKER(ca), 0, CONFIG_PATH_MAX, NULL},
    {"broker", "user",     &value_user,       "",     BROKER(user), 0, CONFIG_USER_MAX, NULL},
    {"broker", "password", &value_credential, "",     BROKER(password), 0, CONFIG_NAME_MAX, NULL},
    {"broker", "phones",   &value_address,    "",     BROKER(phones), 0, CONFIG_TEXT_MAX, WEBSOCKET},
    {"broker", "phones_ca", &value_path,      "",     BROKER(phones_ca), 0, CONFIG_PATH_MAX, NULL},
    {"broker", "registrar", &value_yes_no,    "yes",  BROKER(registrar), 0, 0, NULL},
    {"broker", "outside",  &value_yes_no,     "no",   BROKER(outside), 0, 0, NULL},
    {"broker", "interface", &value_interface, "",     BROKER(interface), 0, CONFIG_INTERFACE_MAX, NULL},

    {"buttons", "host",     &value_host,       "",     BUTTONS(host), 0, CONFIG_TEXT_MAX, NULL},
    {"buttons", "port",     &value_number,     "8883", BUTTONS(port), 1, 65535, NULL},
    {"buttons", "tls",      &value_yes_no,     "yes",  BUTTONS(tls), 0, 0, NULL},
    {"buttons", "ca",       &value_path,       "",     BUTTONS(ca), 0, CONFIG_PATH_MAX, NULL},
    {"buttons", "user",     &value_user,       "",     BUTTONS(user), 0, CONFIG_USER_MAX, NULL},
    {"buttons", "password", &value_credential, "",     BUTTONS(password), 0, CONFIG_NAME_MAX, NULL},
    {"buttons", "base",     &value_topic,      "",     AT(buttons.base), 0, CONFIG_BUTTON_TOPIC_MAX + 1, NULL},
    {"buttons", "silence",  &value_duration,   "25h",  AT(buttons.silence), S, 8 * 24 * H, NULL},

    {"alert", "abort_window", &value_off_or_more, "45s",  AT(alert.abort_window), MS, H, NULL},
    {"alert", "drill_lasts",  &value_duration,    "5min", AT(alert.drill_lasts), S, H, NULL},
    {"alert", "drill", &value_week_moment, "", ATTWO(alert.drill_from, alert.drill_to), 0, 0, NULL},
    {"alert", "relay", &value_yes_no, "no", AT(alert.relay), 0, 0, NULL},

    {"trouble", "quiet_hours", &value_day_span, "22:00-08:00",
     ATTWO(trouble.quiet_from, trouble.quiet_to), 0, 0, NULL},

    {"wipe", "enabled", &value_yes_no,      "no", AT(wipe.enabled), 0, 0, NULL},
    {"wipe", "grace",   &value_off_or_more, "0",  AT(wipe.grace), MS, 60 * S, NULL},

    {"screen", "scene", &value_word, "window", AT(screen.scene), 0, CONFIG_NAME_MAX,
     "window|lantern|pictures|programme|none"},
    {"screen", "languages", &value_languages, "az, ru, en",
     ATTWO(screen.languages, screen.languages_count), 0, 0, NULL},
    {"screen", "city", &value_city, "", AT(screen.city), 0, CONFIG_NAME_MAX, NULL},
    {"screen", "latitude",  &value_degrees,  "40.41", AT(screen.latitude), -90, 90, NULL},
    {"screen", "longitude", &value_degrees,  "49.87", AT(screen.longitude), -180, 180, NULL},
    {"screen", "timezone",  &value_timezone, "", AT(screen.timezone), 0, CONFIG_NAME_MAX, NULL},
    {"screen", "pictures",  &value_path,     "", AT(screen.pictures), 0, CONFIG_PATH_MAX, NULL},
    {"screen", "programme", &value_path,     "", AT(screen.programme), 0, CONFIG_PATH_MAX, NULL},
    {"screen", "panel",     &value_number,   "0", AT(screen.panel), 0, 120, NULL},
    {"screen", "rotation",  &value_one_of,   "0", AT(screen.rotation), 0, 0, "0|90|180|270"},
    {"screen", "reduced_motion", &value_yes_no, "no", AT(screen.reduced_motion), 0, 0, NULL},
    {"screen", "quiet_hours", &value_day_span, "", ATTWO(screen.quiet_from, screen.quiet_to),
     0, 0, NULL},
    {"screen", "dim", &value_number, "60", AT(screen.dim), 20, 100, NULL},

    {"feel", "line",   &value_line,     "",      AT(feel.line.address), 0, 128, NULL},
    {"feel", "bias",   &value_choice,   "as-is", AT(feel.line.bias), 0, 0, BIASES},
    {"feel", "active", &value_level,    "high",  AT(feel.line.active_low), 0, 0, NULL},
    {"feel", "tick",   &value_duration, "60ms",  AT(feel.tick), 5 * MS, S, NULL},

    {"timing", "keepalive",   &value_seconds,  "10s",   AT(timing.keepalive), 5 * S, MIN, NULL},
    {"timing", "beat",        &value_duration, "5s",    AT(timing.beat), 100 * MS, 10 * S, NULL},
    {"timing", "state",       &value_duration, "60s",   AT(timing.state), 500 * MS, MIN, NULL},
    {"timing", "state_alert", &value_duration, "10s",   AT(timing.state_alert), 100 * MS, MIN, NULL},
    {"timing", "help_again",  &value_duration, "60s",   AT(timing.help_again), 100 * MS, 10 * MIN,
     NULL},
    {"timing", "probe",       &value_duration, "4s",    AT(timing.probe), 50 * MS, 30 * S, NULL},
    {"timing", "backoff",     &value_duration, "500ms", AT(timing.backoff), 10 * MS, MIN, NULL},
    {"timing", "backoff_max", &value_duration, "30s",   AT(timing.backoff_max), 20 * MS, 10 * MIN,
     NULL},
};
/* clang-format on */
_Static_assert(sizeof keys / sizeof keys[0] <= TABLE_KEYS_MAX, "TABLE_KEYS_MAX");

const struct table config_table = {
    TABLE_ROWS(sections, keys),
    .maker = "porchlight setup",
    .size = sizeof(struct config),
    .rules = rules_check,
    TABLE_NAMES,
};

const struct section *table_section(const struct table *t, const char *name)
{
    for (size_t i = 0; i < t->sections_count; i++)
        if (strcmp(t->sections[i].name, name) == 0)
            return &t->sections[i];
    return NULL;
}

const struct key *table_key(const struct table *t, const struct section *s, const char *name)
{
    for (size_t i = 0; i < t->keys_count; i++)
        if (strcmp(t->keys[i].section, s->name) == 0 && strcmp(t->keys[i].name, name) == 0)
            return &t->keys[i];
    return NULL;
}
