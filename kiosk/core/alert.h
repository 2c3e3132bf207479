#ifndef PORCHLIGHT_CORE_ALERT_H
#define PORCHLIGHT_CORE_ALERT_H

#include "kiosk/core/gesture.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The kiosk's decisions: alert_step(state, event, now) -> state, actions. Pure. The caller does
 * what the actions say, in their order, and nothing else. */

enum alert_state { ALERT_QUIET, ALERT_CAUTION, ALERT_LOCKDOWN };

struct alert_id {
    uint8_t bytes[16]; /* a random UUID (RFC 9562, version 4); all zero: none */
};

struct alert_rules {
    bool wipe; /* the wipe is enabled */
    int64_t
        wipe_grace; /* ns after the gesture in which a staff phone can abort the wipe; 0: none */
    int64_t abort_window; /* ns in which a staff phone's abort ends a caution (a drill: always) */
    int64_t drill_lasts;  /* ns after which a drill ends by itself */
    bool plain;           /* the venue publishes bare JSON: no staff phones, so no commands, and
                             nobody who could be told the code from duress */
};

enum alert_event_kind {
    ALERT_EV_GESTURE, /* at a switch, or asked for over the control socket */
    ALERT_EV_COMMAND, /* a staff phone's, signature and nonce already checked */
    ALERT_EV_DRILL,   /* by hand or by schedule */
    ALERT_EV_TIME,    /* a deadline came */
    ALERT_EV_FINAL,   /* the host of a plain venue ends the alert on the kiosk; void in a sealed one
                       */
    ALERT_EV_ROOT,    /* the root key's word ends the alert: as a staff phone's all-clear does */
    ALERT_EV_WIPED,   /* porchlight-wipe reports that the work is over */
    ALERT_EV_KEPT,    /* a broker keeps an alert of this kiosk that the record does not have */
};

enum alert_command {
    ALERT_CMD_LOCKDOWN,
    ALERT_CMD_CAUTION,
    ALERT_CMD_ALL_CLEAR,
    ALERT_CMD_DRILL,
    ALERT_CMD_ABORT,
};

struct alert_event {
    enum alert_event_kind kind;
    enum gesture gesture;
    enum alert_command command;
    bool drill_wipe;        /* ALERT_EV_DRILL: rehearse the wipe too */
    enum alert_state state; /* ALERT_EV_KEPT: what it is */
    bool unconfirmed;       /* ALERT_EV_KEPT: code or duress was pressed in it */
    struct alert_id
        fresh_id; /* random, used if this event begins an alert. ALERT_EV_KEPT: its id */
};

/* The current alert. Everything in it that must survive a power cut is in this struct. */
struct alert_standing {
    enum alert_state state;
    bool drill;
    bool pressed;      /* code or duress, until a staff phone's all-clear: staff have a sealed
                          message that says which of them; the kiosk's record does not */
    bool unclear;      /* the caution came from an unreadable train */
    bool unconfirmed;  /* code or duress was pressed at the door: it ends nothing */
    bool calm;         /* surfaces on site show quiet: after the code and after duress */
    bool wipe_pending; /* asked for, neither aborted nor reported done */
    struct alert_id id;
};

/* What was pressed at the door: what staff phones are sent, sealed. Unknown: code or duress, as
 * after a restart; a later one is worse. */
enum alert_door { ALERT_DOOR_NOTHING, ALERT_DOOR_CODE, ALERT_DOOR_UNKNOWN, ALERT_DOOR_DURESS };

struct alert {
    struct alert_standing now;
    enum alert_door door; /* while now.pressed */
    int64_t since;        /* when the alert began, ns */
    int64_t wipe_at;      /* end of the wipe's grace, NS_NEVER: none runs */
    bool wipe_is_drill;   /* what that grace will start */
    struct alert_id feigned_id;
    int64_t feigned_at; /* a drill that only the site is shown, since this time; NS_NEVER: none */
};

enum alert_action_kind {
    ALERT_DO_SEAL,    /* seal `door` for staff; from then on their message is part of the record */
    ALERT_DO_RECORD,  /* make `now` durable; only a wipe waits for it */
    ALERT_DO_PUBLISH, /* message `publish` on the topic alert */
    ALERT_DO_STATE,   /* the retained state changed, or is to be repeated */
    ALERT_DO_WIPE,    /* WIPE, or DRILL where drill is set */
    ALERT_DO_NOTICE,  /* a staff notice: `notice` */
    ALERT_DO_DOOR,    /* what was sealed last, as a staff notice */
    ALERT_DO_FORGET,  /* acknowledgements are forgotten */
    ALERT_DO_REPORT,  /* a drill ended: send its report; `feigned`: show it on site alone */
};

enum alert_publish {
    ALERT_PUB_LOCKDOWN,
    ALERT_PUB_CAUTION,
    ALERT_PUB_UNCLEAR,     /* caution with detail unclear */
    ALERT_PUB_ALL_CLEAR,   /* with authority */
    ALERT_PUB_UNCONFIRMED, /* all-clear pressed at the door, not confirmed */
};

struct alert_action {
    enum alert_action_kind kind;
    enum alert_publish publish;
    bool drill;
    struct alert_id id;
    enum gesture notice; /* GESTURE_STUCK, GESTURE_FOUND, GESTURE_FREED */
    enum alert_door door;
    bool feigned;
};

enum { ALERT_ACTIONS_MAX = 12 };

/* Quiet, nothing latched. */
void alert_init(struct alert *a);

/* After a start: takes up the state of the record. A pending wipe starts again at once; the caller
 * publishes `resumed` alerts. Returns the number of actions. */
size_t alert_resume(struct alert *a, const struct alert_standing *s, int64_t now,
                    struct alert_action out[ALERT_ACTIONS_MAX]);

/* The one transition. Returns the number of actions in out. */
size_t alert_step(struct alert *a, const struct alert_rules *r, const struct alert_event *e,
                  int64_t now, struct alert_action out[ALERT_ACTIONS_MAX]);

/* When an ALERT_EV_TIME is due; NS_NEVER if nothing waits. */
int64_t alert_deadline(const struct alert *a, const struct alert_rules *r);

/* What every surface on site shows: calm again once the code (or duress) was pressed. A drill that
 * is asked for while an alert is hidden looks like any drill, but leaves the site no more than the
 * alert does. */
enum alert_state alert_on_site(const struct alert *a);
bool alert_drill_on_site(const struct alert *a);

/* Since when it shows something; NS_NEVER: it is calm. And by which id. */
int64_t alert_on_site_since(const struct alert *a);
const struct alert_id *alert_on_site_id(const struct alert *a);

bool alert_id_equal(const struct alert_id *a, const struct alert_id *b);
bool alert_id_is_none(const struct alert_id *id);

const char *alert_state_name(enum alert_state s);

#endif
