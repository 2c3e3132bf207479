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

/* Inside of struct kiosk, for kiosk.c, which opens and closes the parts, and events.c, which their
 * events reach. Everybody else is handed the parts that they use. */
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

#endif
