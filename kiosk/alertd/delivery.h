#ifndef PORCHLIGHT_ALERTD_DELIVERY_H
#define PORCHLIGHT_ALERTD_DELIVERY_H

#include "config/config.h"
#include "kiosk/alertd/broker_path.h"
#include "kiosk/alertd/outbox.h"
#include "kiosk/alertd/plain.h"
#include "kiosk/alertd/sealer.h"
#include "kiosk/common/loop.h"
#include "kiosk/core/words_piece.h"
#include "kiosk/mqtt/thread.h"

/* Everything between a decision and the brokers: which broker is up, what each still has to be
 * sent, the beat, and the state that is kept for whoever comes later. */
struct delivery;

struct delivery_listener {
    void *context;
    /* a broker has answered for this entry, as `how` says (OUTBOX_ACKED to OUTBOX_DENIED) */
    void (*acked)(void *context, const struct outbox_entry *e, enum outbox_leg how, bool outside);
    /* a broker refuses what the kiosk needs: once for each connection */
    void (*denied)(void *context, const char *broker, enum mqtt_fault fault);
    /* one of several ways has failed, while another works; or it works again */
    void (*watched)(void *context, const char *broker, bool lost);
    /* a broker outside gave the ring for this alert to a relay */
    void (*rung)(void *context, const struct alert_id *id);
    /* broker number i keeps this as the kiosk's own state or presence, or passes it on */
    void (*own)(void *context, size_t i, enum topic t, const struct mqtt_event *e);
    /* something else arrived on a topic of ours */
    void (*received)(void *context, enum topic t, const char *account, const struct mqtt_event *e);
    /* broker number i of the config is connected by any way, or passes on again what it is sent:
     * the first section that names it */
    void (*up)(void *context, size_t i);
    /* the registrar beside it answers, by any way */
    void (*answered)(void *context, size_t i, const struct mqtt_event *e);
};

/* One broker, for status and cue. */
struct delivery_path {
    const char *name, *interface; /* interface: "": any */
    bool lost;                    /* it has failed, and was reported while another one worked */
    bool up, outside;             /* outside: configured so, and not on this machine */
    bool carries;                 /* an alert can leave this way now */
    bool refuses;                 /* it is up, and refuses or limits what the kiosk needs */
    int version;
    enum mqtt_fault fault;
    const char *detail; /* what system or broker say of it, or ""; until the next event */
    char losses[BROKER_PATH_LOSSES_MAX]; /* what its limits and refusals cost, or "" */
    uint64_t dropped;                    /* messages that were over a budget, since the start */
    int64_t echo_at; /* when the kiosk's own beat last came back; NS_NEVER: not yet */
    int64_t latency; /* ns from gesture to PUBACK of the last alert; -1: none */
};

/* Starts a thread for each broker; a broker whose thread cannot be started is tried again with each
 * beat. `passwords[i]` may be NULL, and live until the next swap or free. NULL with errno. */
struct delivery *delivery_new(const struct config *config, struct sealer *sealer,
                              char *const passwords[CONFIG_BROKERS_MAX], struct loop *loop,
                              const struct delivery_listener *listener);
void delivery_free(struct delivery *d); /* NULL is safe */

/* A new config's brokers take the place of the old ones; what is pending goes to them. */
void delivery_swap(struct delivery *d, const struct config *config,
                   char *const passwords[CONFIG_BROKERS_MAX]);

/* One alert to every broker, from now on until each has it. */
void delivery_alert(struct delivery *d, const struct alert_action *a, bool resumed, int64_t at,
                    int64_t began);

/* A member's answer counts as handed over, too. */
void delivery_answered(struct delivery *d, const struct alert_id *id);

/* The next beat gives this nonce back, so that whoever drew it can see how old messages are
 * (freshness.h). One for each account; a relay's first. */
void delivery_ping(struct delivery *d, const char *account, bool relay,
                   const uint8_t nonce[FRESHNESS_NONCE]);

/* Relays wake staff phones: code or duress was pressed. */
void delivery_ring_staff(struct delivery *d);

/* A relay says which ring it has received: whether that is the one for the alert `id`. */
bool delivery_has_rung(const struct delivery *d, uint64_t epoch, uint64_t ring,
                       const struct alert_id *id);
/* A relay says which ring of this epoch it has received, 0: none. A broker that confirmed a ring
 * may not have passed it on: it is sent again. */
void delivery_relay_has(struct delivery *d, uint64_t epoch, uint64_t ring);
/* Whether a message of ours with this epoch and seq was sent within the last half minute. */
bool delivery_is_recent(const struct delivery *d, uint64_t epoch, uint64_t seq);

/* The state as it is now: to every broker, and again at each connect and each interval. */
void delivery_state(struct delivery *d, const struct message *state);

/* What staff read of answers and phones from now on, sealed to them: at once if it has changed in
 * an alert, and whenever the state is repeated by the clock. */
void delivery_counts(struct delivery *d, const struct message *counts);

/* A plain venue's entities as they are now; what has changed is published. */
void delivery_entities(struct delivery *d, const struct plain_entities *now);

/* What staff read of the door from now on: beside each state, on the topic staff. */
void delivery_staff(struct delivery *d, const uint8_t box[STAFF_BOX_SIZE]);

/* The same box as a notice; relays wake the staff phones that are locked. */
void delivery_door(struct delivery *d, const uint8_t box[STAFF_BOX_SIZE]);

/* What every all-clear and state contains from now on: the proof that a staff phone ended the last
 * lockdown. */
void delivery_prove(struct delivery *d, const uint8_t *proof, size_t len);

/* The host's own lines from now on: to every broker, and again at each connect. *set stays the
 * caller's, and must not change; call it again when it has. */
void delivery_words(struct delivery *d, const struct words_set *set);

/* Whether a broker may still have to send what it keeps of this kiosk, which is waited for, a
 * second at most, before state and presence are published there. */
bool delivery_is_listening(const struct delivery *d, int64_t now);

/* Presence at broker number i is not what it should be. */
void delivery_present(struct delivery *d, size_t i);

/* The sealer has another epoch: all that is retained is published again. */
void delivery_epoch_raised(struct delivery *d);

/* The newest such proof; NULL and 0: none. Valid until the next. */
const uint8_t *delivery_proof(const struct delivery *d, size_t *len);

/* To staff phones, over the brokers that are up; else over the first that comes up. */
void delivery_notice(struct delivery *d, const struct message *notice);

/* One packet as it is to broker number i of the config, by the first way to it that works. It is
 * not kept where the broker is away or its thread is stuck: 0, or -1 with errno ENOTCONN, ENOBUFS
 * or ENOMEM. */
int delivery_say(struct delivery *d, size_t i, const struct mqtt_publication *p);
bool delivery_is_up(const struct delivery *d, size_t i);

/* What time brings: the beat, the state's repeat, a stuck thread. */
void delivery_time(struct delivery *d, int64_t now);
int64_t delivery_deadline(const struct delivery *d);

size_t delivery_paths(const struct delivery *d, struct delivery_path out[CONFIG_BROKERS_MAX]);
size_t delivery_pending(const struct delivery *d);

#endif
