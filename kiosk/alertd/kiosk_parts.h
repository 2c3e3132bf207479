#ifndef PORCHLIGHT_ALERTD_KIOSK_PARTS_H
#define PORCHLIGHT_ALERTD_KIOSK_PARTS_H

#include "kiosk/alertd/actions.h"
#include "kiosk/alertd/buttons.h"
#include "kiosk/alertd/control.h"
#include "kiosk/alertd/faults.h"
#include "kiosk/alertd/indicators.h"
#include "kiosk/alertd/members/members.h"
#include "kiosk/alertd/own_messages.h"
#include "kiosk/alertd/screens.h"
#include "kiosk/alertd/sensors.h"
#include "kiosk/alertd/trouble_watch.h"
#include "kiosk/alertd/words_file.h"
#include "kiosk/common/paths.h"
#include "kiosk/core/ns.h"

/* Inside of struct kiosk, for kiosk_start.c, which opens and closes the parts, kiosk.c, which gives
 * them time, kiosk_reload.c, which applies a new config to them, and events.c, which their events
 * reach. Everybody else is handed the parts that they use. */
struct kiosk {
    char prefix[PATH_LEN];
    struct config config;
    char *passwords[CONFIG_BROKERS_MAX]; /* of the brokers; sodium_malloc; NULL: none */
    struct loop *loop;
    struct kiosk_state state;
    struct faults faults;
    struct drill_plan drill;
    int64_t drill_asked_at; /* when the plan was last asked */
    struct sealer sealer;
    struct sim_bus *bus; /* NULL: real lines */
    struct outputs outputs;
    struct buttons *buttons; /* NULL: no switch is a button by radio, or there is no password */
    struct indicators *indicators;
    struct sensors *sensors;
    struct trouble_watch *troubles;
    struct screens *screens;
    struct control *control;
    struct control *admin; /* NULL: its socket could not be opened */
    struct members *members;
    struct own_messages own;
    struct words_file words;
};

/* kiosk_record.c: the record of what is active, on the card or in a cell. */

/* A record that is not written by then is a fault. */
#define KIOSK_RECORD_SLOW NS_PER_S

/* Reads what was active before this start, and gives the start its epoch. 0 with the place in *at;
 * -1 after log_error: the config's place for it cannot be used. */
int kiosk_record_read(struct kiosk *k, struct record_place *at);

/* Starts the recorder and writes this start into the record. It counts the start
 * with what staff are told, so the keys are read first. A record that cannot be written is a fault,
 * not an error. 0, or -1 after log_error. */
int kiosk_record_open(struct kiosk *k, const struct record_place *at);

/* What became of the newest record. One that failed is tried again, and is a fault meanwhile, as is
 * one that takes longer than KIOSK_RECORD_SLOW. */
enum recorder_result kiosk_record_check(struct kiosk_state *s, struct recorder *recorder,
                                        int64_t now);

/* kiosk_start.c: steps that a new config takes again. */

/* What alert_step and the weekly drill go by, from the config. */
void kiosk_rules_set(struct kiosk *k);

/* Opens the config's lines: inputs, outputs and sensors. 0, or -1: there is no memory, or, with
 * `whole`, one of them cannot be opened. What is open then is the caller's to free. */
int kiosk_lines_take(struct kiosk *k, const struct config *config, bool whole);

/* Connects to the broker of the buttons by radio, again if it was. Without its password nothing is
 * asked for: each such button is then a fault by itself. */
void kiosk_buttons_open(struct kiosk *k);

#endif
