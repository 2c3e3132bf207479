#ifndef PORCHLIGHT_CLI_PHONE_CLIENT_H
#define PORCHLIGHT_CLI_PHONE_CLIENT_H

#include "config/config.h"
#include "kiosk/cli/brokers.h"
#include "kiosk/cli/cli.h"
#include "kiosk/common/paths.h"
#include "kiosk/core/envelope.h"
#include "kiosk/core/message.h"
#include "kiosk/core/view.h"
#include "kiosk/core/words_piece.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a phone knows about a venue, and how it opens what arrives. `listen` and `command` are
 * phones. */

enum { PHONE_CLIENT_KIOSKS_MAX = 8, PHONE_CLIENT_TEXT = ENVELOPE_CLEAR_MAX + 1 };

struct phone_client_kiosk {
    char id[CONFIG_NAME_MAX];
    uint8_t bytes[ENVELOPE_ID];
    uint8_t public[ENVELOPE_PUBLIC];
    struct view_kiosk view;
};

/* Which files and brokers; filled by PHONE_CLIENT_OPTIONS. Strings are the caller's.
 * Keys are the prefix's credentials: venue.key, kiosk.pub, root.pub, kiosk.cert. */
struct phone_client_options {
    const char *prefix;
    const char *venue, *kiosk;   /* without a porchlight.conf */
    const char *connect;         /* HOST:PORT, in place of porchlight.conf's brokers */
    const char *ca;              /* PEM file for it; NULL: no TLS, loopback alone */
    const char *user, *password; /* password: a credential's name */
    const char *account;         /* 16 hex digits; NULL: the user, if it is one, or random */
    const char *key;         /* FILE with the seed of the phone's own key; NULL: it signs nothing */
    struct option_list only; /* of porchlight.conf's brokers, these */
    struct option_list also; /* further kiosks: kiosk-ID.pub beside the keys */
    bool staff;
    bool words; /* the host's own lines are asked for too */
};

struct phone_client {
    char venue[CONFIG_NAME_MAX];
    uint8_t venue_bytes[ENVELOPE_ID];
    bool plain;
    uint8_t *venue_key; /* locked memory; NULL where plain */
    uint8_t *secret;    /* ENVELOPE_SECRET, locked memory: the phone's own; NULL: none */
    uint8_t public[ENVELOPE_PUBLIC]; /* its other half */
    uint8_t root[ENVELOPE_PUBLIC];
    char account[MESSAGE_ACCOUNT_MAX + 1];
    struct phone_client_kiosk kiosks[PHONE_CLIENT_KIOSKS_MAX];
    size_t kiosks_count;
    struct config config;
    char *passwords; /* locked memory, SECRET_FILE_MAX each; the plan points there */
};

/* Rows for the table of a subcommand whose struct `type` has a struct phone_client_options
 * `options`. */
#define PHONE_CLIENT_OPTIONS(type)                                                                 \
    OPTION("user", "NAME", type, options.user,                                                     \
           "the account at the brokers; porchlight.conf's unless "                                 \
           "given"),                                                                               \
        OPTION("password", "NAME", type, options.password,                                         \
               "the credential that holds its password"),                                          \
        OPTION_BY("account", "ID", type, options.account, option_id,                               \
                  "the account's id, where it differs from the user's name"),                      \
        OPTION(                                                                                    \
            "key", "FILE", type, options.key,                                                      \
            "the phone's own key, which signs what it sends: 64 hex digits, as porchlight keys "   \
            "staff makes them"),                                                                   \
        OPTION("broker", "NAME", type, options.only,                                               \
               "only this one of porchlight.conf's brokers; may be repeated"),                     \
        OPTION("also", "ID", type, options.also,                                                   \
               "another kiosk, whose key is the credential kiosk-ID.pub; may be repeated"),        \
        OPTION_BY("venue", "ID", type, options.venue, option_id,                                   \
                  "with --kiosk and --connect: do without a porchlight.conf"),                     \
        OPTION_BY("kiosk", "ID", type, options.kiosk, option_id, "the kiosk's id"),                \
        OPTION("connect", "HOST:PORT", type, options.connect, "the broker"),                       \
        OPTION("ca", "FILE", type, options.ca,                                                     \
               "the PEM file that the broker's certificate must chain to; without it, only a "     \
               "broker on this machine is used, and without TLS")

/* Reads the config and the keys, and makes the plan. 0, or an enum cli_exit after complaints.
 * Call phone_client_finish in both cases. */
int phone_client_init(struct phone_client *m, struct brokers_plan *plan,
                      const struct phone_client_options *o);
void phone_client_finish(struct phone_client *m);

/* The times by which a phone of this venue judges; from porchlight.conf's timing if there is one.
 */
struct view_rules phone_client_rules(const struct phone_client *m, bool staff);

/* A message that arrived, opened and judged. */
struct phone_client_heard {
    struct phone_client_kiosk *kiosk;
    const char *topic;   /* "alert", "state", ...; "" if it is none of ours */
    const char *refused; /* why it is ignored, a sentence; NULL: it is not */
    bool root;           /* a message of the root key: `said` is set, and message is not */
    struct root_word said;
    bool words; /* a piece of the host's own lines: `piece` is set, and message is not */
    struct words_piece piece;
    bool closed; /* sealed to other staff phones: message is not set */
    struct message message;
    char text[PHONE_CLIENT_TEXT]; /* the JSON it was read from */
    struct view_message word;
    enum view_verdict verdict;
};

/* Opens one message, checks what a phone checks, and updates the view of its kiosk. `wall` is UTC
 * seconds now; 0: the clock is not known to be right. */
void phone_client_receive(struct phone_client *m, const struct view_rules *r,
                          const struct mqtt_event *e, int64_t wall, struct phone_client_heard *h);

/* Asks a kiosk how old its messages are, where that is not known and can be asked now
 * (freshness.h); for each kiosk, at least once a second. */
void phone_client_ping(struct phone_client *m, const struct view_rules *r, struct brokers *brokers,
                       int64_t now);

/* Seals `text` to the kiosk (a plain venue's is not sealed) and publishes it on TOPIC/ACCOUNT at
 * every connected broker, signed by the phone's own key. Returns how many brokers. */
size_t phone_client_write(const struct phone_client *m, const struct phone_client_kiosk *k,
                          struct brokers *brokers, const char *topic, const char *text);

#endif
