#ifndef PORCHLIGHT_ALERTD_BROKER_PATH_H
#define PORCHLIGHT_ALERTD_BROKER_PATH_H

#include "kiosk/alertd/sealer.h"
#include "kiosk/common/loop.h"
#include "kiosk/common/say_once.h"
#include "kiosk/core/path_watch.h"
#include "kiosk/core/words_piece.h"
#include "kiosk/mqtt/link_flap.h"
#include "kiosk/mqtt/link_log.h"
#include "kiosk/mqtt/thread.h"

#include <stdbool.h>
#include <stdint.h>

enum { BROKER_PATH_SUBSCRIPTIONS = 12, BROKER_PATH_BEATS = 8 };

/* The family (publication.h) of all that is Home Assistant's: an account has the rights for it, or
 * none of them. */
enum { HOME_ASSISTANT = 'h' };

/* One way to a broker, seen from the main loop. There may be several to the same one, by different
 * interfaces: each has a connection, an account and a will of its own. */
struct broker_path {
    size_t home; /* the first section of the config that names this broker (config_home) */
    struct mqtt_thread *thread; /* NULL: stopped, or there is no password */
    struct mqtt_setup setup;    /* its subscriptions are these: */
    struct mqtt_subscription subscriptions[BROKER_PATH_SUBSCRIPTIONS];
    bool up;
    bool outside; /* what it accepts is handed over: configured so, and not on this machine */
    int version;
    uint64_t connection;
    bool cover;
    bool online_due; /* with cover: presence follows the first slot, as a sign of life before the
                        alert would make phones show quiet */
    enum mqtt_fault fault;
    enum mqtt_fault denied; /* it refuses on this connection what is needed; MQTT_FAULT_FINE */
    bool strange;           /* on this connection it answered for what it was not sent */
    bool mute;              /* it was sent an alert, and does not confirm that */
    uint32_t refused;       /* bits of enum topic: what may not be written, */
    uint32_t unread;        /* and what may not be read */
    struct mqtt_limits limits;
    bool listening;               /* what the broker keeps of this kiosk may not have come yet, */
    int64_t listen_until;         /* and is not waited for any longer */
    bool echoless;                /* rebuilt, as no beat came back, and none has since */
    uint64_t dropped;             /* messages that were over a budget, since the start */
    struct link_flap flap;        /* whether the connection comes and goes */
    struct link_log log;          /* what the log says of it, */
    struct say_once said;         /* and of all else */
    size_t words_next, words_end; /* which piece of the host's lines is next, up to which one */
    bool words_waits;             /* for the answer to that one */
    int64_t words_again;          /* when refused ones are sent again; NS_NEVER */
    int64_t up_at, echo_at; /* echo_at: when the kiosk's own beat last came back, or NS_NEVER */
    uint64_t newest[FRESHNESS_GROUPS]; /* seq of the newest message of each that it was given */
    uint64_t beats[BROKER_PATH_BEATS]; /* hashes of the last beats that were sent this way */
    size_t next_beat;
    struct path_watch watch;
    char detail[MQTT_DETAIL_MAX]; /* what system or broker say of the fault, or "" */
    uint32_t alert_bytes;         /* what an alert takes on the wire; 0: it differs */
    int64_t latency;              /* ns from gesture to PUBACK of the last alert; -1: none yet */
};

/* Everything that the thread needs; starts nothing. `password` may be NULL, and must live as long
 * as the path: a stuck thread is replaced. */
void broker_path_init(struct broker_path *p, const struct config *config, size_t i,
                      const char *password, const struct sealer *sealer);

/* The thread, and its events in the loop. 0 or -1 with errno. A broker whose password cannot be
 * read gets none (0, and fault is MQTT_FAULT_PASSWORD). */
int broker_path_start(struct broker_path *p, struct loop *loop, loop_fn *on_events, void *context);
void broker_path_stop(struct broker_path *p, struct loop *loop);

/* Take note of MQTT_UP, MQTT_DOWN and MQTT_REFUSED, and write them to the log. `simulated`: kiosk
 * and broker are on one machine on purpose, and the config is believed. */
void broker_path_is_up(struct broker_path *p, const struct mqtt_event *e, bool simulated,
                       int64_t now);
void broker_path_is_down(struct broker_path *p, enum mqtt_fault fault, const char *detail,
                         int64_t now);

/* Returns whether something is refused that the kiosk needs. */
bool broker_path_is_denied(struct broker_path *p, const struct sealer *c,
                           const struct mqtt_event *e, int64_t now);

/* It has not answered an alert for so long that the path was rebuilt. `unacked_since`: of the next
 * one to ask, NS_NEVER: it has all that there is. */
void broker_path_is_mute(struct broker_path *p);
void broker_path_is_heard(struct broker_path *p, int64_t unacked_since, int64_t now);

/* It has answered for what it was not sent. */
void broker_path_is_strange(struct broker_path *p, int64_t now);

/* A message on that topic was taken, or every subscription: if it was refused before, it is not any
 * more. */
void broker_path_is_let_through(struct broker_path *p, enum topic t);
void broker_path_has_taken(struct broker_path *p, const struct sealer *c,
                           const struct mqtt_event *e);
void broker_path_is_let_in(struct broker_path *p);

/* Messages were dropped: one account's flood costs that account alone. */
void broker_path_is_flooded(struct broker_path *p, const struct mqtt_event *e, int64_t now);

/* What time brings: the log says what has lasted for a while, and a connection that came and went
 * is fine again when it has; and when. */
void broker_path_age(struct broker_path *p, int64_t now);
int64_t broker_path_age_at(const struct broker_path *p);

/* What is wrong with the path, MQTT_FAULT_FINE: nothing. */
enum mqtt_fault broker_path_fault(const struct broker_path *p);

/* Whether an alert can leave this way now. */
bool broker_path_carries(const struct broker_path *p);

/* Whether the broker has refused a message on that topic on this connection, and none was taken
 * since. */
bool broker_path_has_refused(const struct broker_path *p, enum topic t);

/* Whether it is up, and yet something is wrong: what the kiosk needs is refused, limited, or does
 * not come back. */
bool broker_path_refuses(const struct broker_path *p);

/* What the broker's limits and refusals cost, in sentences; "" if nothing. */
enum { BROKER_PATH_LOSSES_MAX = 768 };
void broker_path_losses(const struct broker_path *p, char out[BROKER_PATH_LOSSES_MAX]);

/* Of bytes on the wire, to know them again; never 0. */
uint64_t broker_path_hash(const uint8_t *payload, size_t len);

/* Whether this beat, which has come back, was sent this way and not by another one to the same
 * broker. */
bool broker_path_sent(const struct broker_path *p, const struct mqtt_event *e);

/* When a connection is silent: three of its beats have not come back by then. NS_NEVER: it is down,
 * or its beats cannot come back. And whether it is. */
int64_t broker_path_silent_at(const struct broker_path *p, int64_t beat);
bool broker_path_is_silent(const struct broker_path *p, int64_t beat, int64_t now);

/* Why the path, which has a thread, needs a new one: this one is stuck (in what: MQTT_FAULT_DNS,
 * MQTT_FAULT_TLS, MQTT_FAULT_BROKER), an alert sent at `unacked_since` (NS_NEVER: none) is still
 * not acknowledged (MQTT_FAULT_BROKER), or the kiosk's own beat does not come back
 * (MQTT_FAULT_BEAT). MQTT_FAULT_FINE: it needs none. */
enum mqtt_fault broker_path_stale(const struct broker_path *p, int64_t beat, int64_t unacked_since,
                                  int64_t now);

/* On topics that are none of ours (plain.h): a text for apps that show what they get; and what Home
 * Assistant finds, which is retained, and removed by an empty one. */
void broker_path_publish_text(struct broker_path *p, const char *topic, const char *text);
void broker_path_publish_home(struct broker_path *p, const char *topic, const char *json,
                              size_t len);

/* Makes the message for `topic` and hands it to the thread. `token` comes back when it is
 * acknowledged; 0: not wanted. 0, or -1: the thread has too much to do, or there is no memory. */
int broker_path_publish(struct broker_path *p, struct sealer *c, enum topic t, struct message *m,
                        uint64_t token);

/* The same for a box that only staff phones open. `news`: beats name it from now on; with cover,
 * what fills a slot is none. `lasts`: brokers keep it for 30 days. */
int broker_path_publish_box(struct broker_path *p, struct sealer *c, enum topic t,
                            const uint8_t box[STAFF_BOX_SIZE], bool news, bool lasts);

/* Whether brokers keep this state for 30 days: while an alert is active, so that it is still there
 * when this kiosk, or another with its keys, comes back; with cover always. */
bool broker_path_lasts(const struct broker_path *p, const struct message *state);

/* Piece number `piece` of the host's own lines, sealed; `set` NULL: nothing, so that the broker
 * keeps it no longer. 0, or -1. */
int broker_path_publish_words(struct broker_path *p, struct sealer *c, const struct words_set *set,
                              size_t piece, uint64_t token);

#endif
