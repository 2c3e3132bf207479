#ifndef PORCHLIGHT_ALERTD_ACTIONS_H
#define PORCHLIGHT_ALERTD_ACTIONS_H

#include "kiosk/alertd/control.h"
#include "kiosk/alertd/delivery.h"
#include "kiosk/alertd/inputs.h"
#include "kiosk/alertd/recorder.h"
#include "kiosk/alertd/screens.h"
#include "kiosk/alertd/wiper.h"
#include "kiosk/common/paths.h"
#include "kiosk/core/acks.h"
#include "kiosk/core/command.h"
#include "kiosk/core/cue.h"
#include "kiosk/core/drill.h"

/* The parts of one kiosk, and what is done with them when alert_step has spoken. kiosk.c opens and
 * feeds them, heard.c reads what phones send, desk.c, rekey.c and steward.c say who they are;
 * nobody else sees inside. */
struct registry;

enum { STAFF_MAX = 64 };

struct kiosk {
    char prefix[PATH_LEN];
    struct config config;
    struct loop *loop;
    struct alert alert;
    struct alert_rules rules;
    struct record record; /* as it was last written */
    bool record_fault;
    bool wipe_fault; /* enabled, but porchlight-wipe or its plan is not fit for it */
    struct recorder *recorder;
    struct sealer sealer;
    char *passwords[CONFIG_BROKERS_MAX]; /* sodium_malloc; NULL: none */
    struct sim_bus *bus;
    struct inputs *inputs;
    struct delivery *delivery;
    struct screens *screens;
    struct control *control;
    struct control *steward;   /* NULL: its socket could not be opened */
    struct registry *registry; /* NULL: a plain venue, or its book is damaged */
    struct {
        char at[MESSAGE_AT_MAX]; /* when it ended; empty: none since the start */
        uint32_t seen, safe, rang;
    } last_drill;
    struct wiper *wiper;
    struct cue_facts facts;
    struct drill_plan drill;
    int64_t drill_asked_at; /* when the plan was last asked */
    uint8_t nonce[MESSAGE_NONCE];
    struct acks acks;
    struct command_staff staff[STAFF_MAX];
    size_t staff_count;
    int64_t staff_again_at;            /* when an unknown account last made them be read again */
    uint8_t proof[CERT_PROOF];         /* of the last all-clear */
    size_t proof_len;                  /* CERT_PROOF, or 0 */
    uint64_t refused[COMMAND_RESULTS]; /* letters of phones that were not taken, by kind */
    bool state_stale;                  /* to be published again, soon but not at a crowd's pace */
    int64_t state_told_at;
    bool wiped; /* all but the credentials is destroyed */
};

/* Gives one event to alert_step and does what its actions say, in their order. */
void actions_step(struct kiosk *k, struct alert_event e, int64_t now);
void actions_gesture(struct kiosk *k, enum gesture g, int64_t now);

/* Stands again where the record says. */
void actions_resume(struct kiosk *k, int64_t now);

/* Publishes the state as it is now. */
void actions_state(struct kiosk *k);

/* One word to staff phones. */
void actions_notice(struct kiosk *k, enum message_kind kind, const char *detail);

#endif
