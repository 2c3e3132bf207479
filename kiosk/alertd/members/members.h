#ifndef PORCHLIGHT_ALERTD_MEMBERS_MEMBERS_H
#define PORCHLIGHT_ALERTD_MEMBERS_MEMBERS_H

#include "config/config.h"
#include "kiosk/alertd/delivery.h"
#include "kiosk/alertd/members/staff.h"
#include "kiosk/alertd/screens.h"
#include "kiosk/alertd/sealer.h"
#include "kiosk/core/alert.h"
#include "kiosk/core/drill.h"

/* Everything about who belongs to the venue: the list of phones and their accounts at the brokers,
 * invitations, revocation, the venue key's rotation, and which staff phones may command. Where the
 * list cannot be read, and in a plain venue, nobody can join or leave; alerts are sent all the
 * same. */
struct members;

/* What the members need from the rest of porchlightd. All of it outlives them. */
struct members_needs {
    const char *prefix;
    const struct config *config; /* the one in use; its content changes with a reload */
    struct sealer *sealer;
    struct delivery *delivery;
    struct screens *screens;
    const struct alert *alert; /* no phone is invited while one is active */
    const struct drill_result *last_drill;
    const struct root_word *root; /* what the root key said of this kiosk; call
                                     members_root_changed when it says more */
    void *context;
    /* Seals everything with another venue key from now on. 0, or -1 with errno. */
    int (*change_key)(void *context, const uint8_t key[ENVELOPE_KEY]);
    /* Other staff phones are certified than before: the sealer seals for them. */
    void (*staff_changed)(void *context);
};

/* NULL with errno: no memory. */
struct members *members_new(const struct members_needs *needs);
void members_free(struct members *m); /* NULL is safe */

/* Accounts that the root key has revoked belong no more. Again is harmless. */
void members_root_changed(struct members *m);

/* The config names other brokers. Requests that wait for a broker are forgotten: what they were for
 * is asked again by the phones. */
void members_brokers_changed(struct members *m);

/* A broker has connected; the registrar there has answered. Numbered as in the config. */
void members_broker_up(struct members *m, size_t broker);
void members_answer(struct members *m, size_t broker, const struct mqtt_event *e);

/* What came on enrol/<account>. False: it is from nobody whom an invitation waits for. */
bool members_letter(struct members *m, const char *account, const struct mqtt_event *e);

/* What came on ack/<account> and is no answer: a phone that has joined, and that one broker does
 * not know. False: it is no such letter, or not that phone's. */
bool members_readmit(struct members *m, const char *account, const struct mqtt_event *e);

/* The key by which a phone that has joined signs, or a staff phone that the root certified by hand.
 * NULL: the account is nobody's here. Valid until the next change. */
const uint8_t *members_key(const struct members *m, const char *account);

/* Sends one packet to every broker that is up. */
void members_publish(const struct members *m, const struct mqtt_publication *p);

/* Publishes on wake/<account>, at every broker that is up: relays may be at any. Fills in epoch,
 * seq and time. */
void members_say_to_relays(const struct members *m, const char *account, struct message *said);

/* The staff phones that may command. */
const struct staff *members_staff(const struct members *m);

/* Reads them again from the card; the second function, for an unknown account, does so at most
 * every 5 s (true), because a flood may have such accounts. */
void members_staff_read(struct members *m);
bool members_staff_refresh(struct members *m, int64_t now);

/* From now on every all-clear and state carries this proof that a staff phone ended the last
 * lockdown; it is kept over a restart, for phones that slept. */
void members_prove(struct members *m, const uint8_t proof[CERT_PROOF]);

/* The registrar beside a broker: "" it answers, or a sentence that says why no phone can join
 * there; NULL where phones do not use the broker, and while it is not known. */
const char *members_registrar(const struct members *m, size_t broker);
/* How many messages it has not looked at since its start, as it said last. */
uint64_t members_registrar_dropped(const struct members *m, size_t broker);

/* The public key with which the relay of that account signs; NULL: the list has no such relay. And
 * whether it has any. */
const uint8_t *members_relay_key(const struct members *m, const char *account);
bool members_has_relays(const struct members *m);
/* The accounts of at most `max` of them, in their order. How many. */
size_t members_relays(const struct members *m, char out[][TOPIC_ID_LEN + 1], size_t max);

/* Phones that have joined. */
size_t members_count(const struct members *m, bool staff);

/* What is due now; call it after every turn of the loop. */
void members_time(struct members *m, int64_t now);
int64_t members_deadline(const struct members *m);

#endif
