#ifndef PORCHLIGHT_ALERTD_DELIVERY_PARTS_H
#define PORCHLIGHT_ALERTD_DELIVERY_PARTS_H

#include "kiosk/alertd/delivery.h"
#include "kiosk/core/echoes.h"

/* Inside of struct delivery, for delivery.c and its parts: delivery_retained.c has what brokers
 * keep for whoever comes later, delivery_notices.c what waits for staff, delivery_words.c the
 * host's own lines, delivery_plain.c a plain venue's apps, delivery_ways.c that one broker may be
 * reached by several ways. */

enum { NOTICES = 16, COMES = 64 };

/* A message of an account that came by one of several ways to a broker; hash 0: none. */
struct delivery_come {
    uint64_t hash;
    size_t path;
};

/* A notice waits until one broker, any, can take it. */
struct waiting_notice {
    struct message message;
    int64_t at;
    bool boxed; /* sealed already; `message` is not used */
    uint8_t box[STAFF_BOX_SIZE];
};

struct delivery {
    struct sealer *sealer;
    struct loop *loop;
    struct delivery_listener listener;
    bool simulated, cover;
    struct config_plain plain;
    struct plain_entities entities;
    char withdrawn[CONFIG_NAME_MAX]; /* a prefix of which the apps are to forget us; empty: none */
    int64_t beat, state_quiet, state_alert;
    struct broker_path paths[CONFIG_BROKERS_MAX];
    size_t paths_count;
    struct outbox outbox;
    struct echoes echoes; /* nonces that the next beat gives back */
    struct message ring;  /* what relays are asked for; its seq: the first that said this */
    int64_t ring_sent_at; /* last, by any path */
    int64_t staff_at;     /* since when ring.staff is there */
    uint64_t seq_then, seq_lately; /* what was sent RECENT ago or longer, and since */
    int64_t seq_at;
    struct message state, counts;
    int64_t state_said_at; /* when its age_ms was right */
    bool state_known, staff_known;
    uint8_t staff[STAFF_BOX_SIZE]; /* what staff read beside the state */
    uint8_t proof[MESSAGE_PROOF_MAX];
    size_t proof_len;
    const struct words_set *words;          /* the host's own lines; NULL: none were ever written */
    size_t words_count;                     /* their pieces */
    struct waiting_notice notices[NOTICES]; /* the oldest first */
    size_t notices_count;
    int64_t beat_at, state_at, slot_at; /* when the next is due */
    int64_t beaten_at;                  /* the last beat */
    struct delivery_come came[COMES];
    size_t next_come;
};

/* The proof that a staff phone ended the last lockdown, if there is one. */
void delivery_proof_add(const struct delivery *d, struct message *m);

/* --- several ways ---------------------------------------------------------------------------- */

/* Looks at each way for itself, and reports what has failed by the others. */
void delivery_watch(struct delivery *d, int64_t now);
int64_t delivery_watch_deadline(const struct delivery *d);

/* Whether this message has come before, by another way to the same broker, which gives each of them
 * a copy. */
bool delivery_has_come(struct delivery *d, size_t i, const struct mqtt_event *e);

/* --- what is retained ------------------------------------------------------------------------ */

/* To one broker, if it is up and there is something to say. */
void delivery_state_to(struct delivery *d, struct broker_path *p);
void delivery_ring_to(struct delivery *d, struct broker_path *p);
void delivery_presence_to(struct delivery *d, struct broker_path *p); /* only while it is up */

/* Tokens of rings; those of alerts count from 1. */
#define RING_TOKEN (UINT64_C(1) << 63)
bool delivery_ring_has(uint64_t token); /* it is a ring's */
bool delivery_ring_is_taken(const struct delivery *d, uint64_t token);

/* At a broker that has sent what it keeps of this kiosk, or had the time to: what this kiosk says
 * now takes its place. */
void delivery_listen(struct delivery *d, int64_t now);

/* The state to every broker, and when it is next due. */
void delivery_state_again(struct delivery *d);

/* What relays are asked for because of this alert. */
void delivery_ring_for(struct delivery *d, const struct alert_action *a);

/* --- notices --------------------------------------------------------------------------------- */

/* How many answered, to every broker that is up; not in a plain venue. */
void delivery_counts_again(struct delivery *d);

/* The oldest waiting notice, if any broker is there to take it. */
bool delivery_notice_next(struct delivery *d);
void delivery_notices_flush(struct delivery *d);

/* With cover: one packet more on a topic that has nothing to say; a notice that says nothing, as
 * long as any other. */
void delivery_nothing_to(struct delivery *d, struct broker_path *p, enum topic t);
void delivery_notice_cover(struct delivery *d, struct broker_path *p);

/* --- the host's own lines -------------------------------------------------------------------- */

/* A broker has connected: it is given all of them again. It has answered for the publication with
 * this token; `taken`: it has it. And what can go now. */
void delivery_words_up(struct delivery *d, struct broker_path *p);
void delivery_words_answered(struct delivery *d, struct broker_path *p, uint64_t token, bool taken);
void delivery_words_time(struct delivery *d);

/* --- a plain venue's apps -------------------------------------------------------------------- */

void delivery_text_to(struct delivery *d, struct broker_path *p, const struct message *m);
void delivery_discover(struct delivery *d, struct broker_path *p);

/* Home Assistant has started, and asks what there is. */
bool delivery_is_greeting(const struct delivery *d, const struct mqtt_event *e);

#endif
