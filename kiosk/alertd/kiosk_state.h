#ifndef PORCHLIGHT_ALERTD_KIOSK_STATE_H
#define PORCHLIGHT_ALERTD_KIOSK_STATE_H

#include "kiosk/core/acks.h"
#include "kiosk/core/alert.h"
#include "kiosk/core/command.h"
#include "kiosk/core/cue.h"
#include "kiosk/core/drill.h"
#include "kiosk/core/help_ring.h"
#include "kiosk/core/record.h"
#include "kiosk/core/relay_watch.h"
#include "kiosk/core/root_word.h"

#include <stdbool.h>
#include <stdint.h>

enum { KIOSK_STATE_ENDED = 8 };

/* What a kiosk knows at any moment: the alert, and what status, screen and phones are shown of it.
 * Times are ns of CLOCK_MONOTONIC. */
struct kiosk_state {
    struct alert alert;
    struct alert_rules rules;
    struct record record; /* as it was last given to the recorder; its box is what staff read */
    struct message door;  /* what that box says; kind MSG_KINDS: not known, as after a restart */
    char where[MESSAGE_WHERE_MAX];   /* the switch of the last gesture in this alert; empty: none */
    char touched[MESSAGE_WHERE_MAX]; /* the switch of the last gesture of any kind */
    bool box_is_new;                 /* not given to the recorder yet */
    struct root_word root;           /* what the root key said of this kiosk */
    bool retired;                    /* it disowned it */
    uint64_t began_seq;              /* the current alert's first message; 0: of an earlier start */
    struct alert_id ended[KIOSK_STATE_ENDED]; /* the last alerts that were over, the newest first */
    struct cue_facts facts;
    struct acks acks;      /* answers to the current alert */
    struct help_ring help; /* when staff are rung for who needs help in it, */
    int64_t help_again;    /* [timing] */
    struct relay_watch relays;
    uint32_t staff;        /* phones of staff: they can answer too */
    uint32_t rang, phones; /* what a relay said last: phones of so many that got a weekly test
                              in the last 14 days; 0 phones: not known */
    uint32_t month;        /* and of so many that got one in the last 30, */
    bool month_known;      /* if it said so */
    uint8_t nonce[MESSAGE_NONCE]; /* the next command of a staff phone must name it */
    struct drill_result last_drill;
    uint64_t refused[COMMAND_RESULTS]; /* messages of phones that were refused, by reason */
    bool publish_state;                /* it has changed; soon, but not for each of many answers */
    int64_t published_at;              /* the state */
    int64_t recorded_at;               /* when the record was last given to the recorder */
    bool record_fault;                 /* it is not durable, and should be by now */
    bool left;           /* the current alert has left the venue; facts.handed_over follows when its
                            record is written too */
    uint32_t sensed;     /* presses, ever */
    uint32_t all_clears; /* ends of alerts and drills that the site was shown, ever */
    int64_t all_clear_at; /* the last of them; NS_NEVER */
    int64_t wipe_by; /* the wipe was asked for, and waits for its record until then; NS_NEVER */
    bool wipe_fault; /* the wipe is enabled, but porchlight-wipe or its plan is not ready for it */
    bool wiped;      /* everything but the credentials is destroyed */
};

#endif
