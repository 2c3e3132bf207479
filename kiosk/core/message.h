#ifndef PORCHLIGHT_CORE_MESSAGE_H
#define PORCHLIGHT_CORE_MESSAGE_H

#include "kiosk/core/alert.h"
#include "kiosk/core/freshness.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The JSON object that every topic carries, as a value. One object, flat, codes instead of
 * sentences; each phone shows it in its member's language. Written and read with cJSON. Unknown
 * keys are ignored (a later version may add some); a missing or mistyped one that `kind` needs is
 * an error. Integers stay below 2^53. */

enum message_kind {
    MSG_LOCKDOWN,
    MSG_CAUTION,
    MSG_ALL_CLEAR, /* topic alert */
    MSG_DOOR,
    MSG_FAULT,
    MSG_DRILL_REPORT, /* topic notice */
    MSG_CODE,
    MSG_DURESS,
    MSG_NOTHING, /* topics notice and staff: what was pressed at the door in this alert. Nothing, on
                    alert and notice: with cover, a packet like the others */
    MSG_COUNTS,  /* topic notice: how many answered, and how many phones rang */
    MSG_STATE,   /* topic state */
    MSG_ONLINE,
    MSG_LOST,    /* topic presence */
    MSG_BEAT,    /* topic beat */
    MSG_RETIRED, /* signed by the venue's root key */
    MSG_REVOKED, /* topic wake/: that account is no longer to be rung */
    MSG_VOUCHED, /* topic wake/: that account's own phone has the subscription with this hash */
    MSG_RING,    /* topic ring: whom a relay is to wake */
    MSG_PING,    /* topics relay/ and ack/: the next beat is to echo its nonce */
    MSG_SEEN,
    MSG_SAFE,
    MSG_HELP,
    MSG_RANG,       /* topic ack/: this phone rang while nobody looked at it */
    MSG_SUBSCRIBED, /* topic ack/: this phone has the subscription with this hash */
    MSG_CMD_LOCKDOWN,
    MSG_CMD_CAUTION,
    MSG_CMD_ALL_CLEAR,
    MSG_CMD_DRILL,
    MSG_CMD_ABORT,
    MSG_KINDS,
};

/* "kind" on the wire: lockdown, caution, all-clear, door, fault, drill-report, code, duress,
 * nothing, counts, state, online, lost, beat, retired, revoked, vouched, ring, ping, seen, safe,
 * help, rang, subscribed, command-lockdown, ... Static storage. */
const char *message_kind_name(enum message_kind k);

/* Whether it is signed and not sealed (envelope_clear_sign): what everybody at the broker may read.
 */
bool message_is_clear(enum message_kind k);

enum {
    MESSAGE_DETAIL_MAX = 24,  /* "unclear", "unconfirmed", "cut", "short", "held-open", ... */
    MESSAGE_WHERE_MAX = 32,   /* a name of the config's: "counter" */
    MESSAGE_AT_MAX = 24,      /* "2026-11-22T18:33:04Z" */
    MESSAGE_ACCOUNT_MAX = 32, /* an account's name: 16 hex digits */
    MESSAGE_NONCE = 16,
    MESSAGE_HASH = 16,
    MESSAGE_PROOF_MAX = 200, /* bytes; their layout: cert.h */
};

struct message {
    enum message_kind kind;
    struct alert_id id; /* all zero: written as null */
    uint64_t epoch, seq;
    char at[MESSAGE_AT_MAX]; /* RFC 3339 UTC; empty: null, the clock was never set */
    int64_t age_ms;          /* since the gesture was complete; -1: null, not known */
    bool drill, resumed;
    char detail[MESSAGE_DETAIL_MAX]; /* empty: null */
    /* door, fault, code, duress and nothing: which switch, door or broker this is about, by its
     * name in the config; empty: it is about none. On the wire only if it is not empty. */
    char where[MESSAGE_WHERE_MAX];

    /* only kind state */
    enum alert_state state;
    bool unconfirmed;

    /* counts: accounts that answered the alert `id` so far, and of these those that are safe or
     * need help, of so many that could. drill-report: the first two at the drill's end; there is
     * one report for each broker, named in `detail`, with its latency in age_ms (null: no
     * hand-over) */
    uint32_t seen, safe, help, of;

    /* drill-report: phones that reported ringing while nobody looked at them. counts and a relay's
     * ping: phones of so many that got a weekly test in the last 14 days. Nothing but counts. */
    uint32_t rang, phones;
    /* A relay's ping: so many of these got one in the last 30 days. Earlier relays do not say. */
    uint32_t month;
    bool month_known;
    /* A relay's ping: messages that it has not looked at since its start, because an account sent
     * too many. 0: none; nor do earlier relays say. */
    uint64_t dropped;

    /* state: what the next command must name; command-*: what it names. Hex on the wire. */
    uint8_t nonce[MESSAGE_NONCE];

    /* subscribed, vouched: BLAKE2b of the subscription's secret (push_offer_auth_hash). Hex on the
     * wire. */
    uint8_t hash[MESSAGE_HASH];

    /* all-clear and state: that a staff phone ended the last lockdown (CERT_PROOF bytes).
     * command-all-clear: its signature for that (64 bytes). 0: none. base64url on the wire. */
    uint8_t proof[MESSAGE_PROOF_MAX];
    size_t proof_len;

    /* will and online: the connection's number within the epoch */
    uint64_t connection;

    /* alert, state and beat: the kiosk's uptime in ms since porchlightd started, and whether its
     * clock is synchronised. Beat: for each group the seq of the newest message of this epoch that
     * this broker was sent (0: none), and nonces of pings since the last beat. ping: its own nonce
     * in echo[0], the newest ring that its sender has received, and as epoch and seq the newest
     * beat (0: none). */
    uint64_t up_ms;
    bool synced;
    uint64_t newest[FRESHNESS_GROUPS];
    uint8_t echo[FRESHNESS_ECHO_MAX][FRESHNESS_NONCE];
    size_t echo_count;

    /* ring: `id` is the alert or drill for which all phones are woken, from `on` true until it is
     * false; `staff` is what only staff phones are woken for. All zero: null, nothing. */
    bool on;
    struct alert_id staff;

    /* kinds seen, safe, help, rang, subscribed and command-*. Of an answer, `seq` counts what this
     * phone said of this alert (acks.h). */
    char account[MESSAGE_ACCOUNT_MAX + 1];
};

/* Writes compact JSON into out, always terminated. Returns its length, or -1 with errno EMSGSIZE
 * if `size` (ENVELOPE_TEXT_MAX + 1 fits every kind) is too small, EINVAL if a value is one that
 * message_read would refuse, ENOMEM. */
int message_write(const struct message *m, char *out, size_t size);

/* What staff read in a box (staff_box.h), kinds door to nothing: the same object without epoch and
 * seq, which are outside, and without keys that say nothing, so that it fits into
 * STAFF_BOX_TEXT_MAX. Otherwise as message_write. */
int message_write_boxed(const struct message *m, char *out, size_t size);

/* Reads `len` bytes of JSON, of either. Returns 0, or -1 and a reason in *why (static storage); *m
 * is then not to be used. */
int message_read(struct message *m, const char *text, size_t len, const char **why);

/* A UUID as RFC 9562 writes it: 36 characters. */
void message_id_write(const struct alert_id *id, char out[37]);
/* 0, or -1 for anything but 36 characters of a UUID in lower case. */
int message_id_read(struct alert_id *id, const char *text);

#endif
