#ifndef PORCHLIGHT_COMMON_TOPICS_H
#define PORCHLIGHT_COMMON_TOPICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The topic table: every name below porchlight/<venue>/<kiosk>/, who may write and who may read
 * it. config/'s broker templates and the tests are made from this table. */
enum topic {
    TOPIC_ALERT,
    TOPIC_NOTICE,
    TOPIC_STAFF,
    TOPIC_STATE,
    TOPIC_PRESENCE,
    TOPIC_BEAT,
    TOPIC_ACK,
    TOPIC_COMMAND,
    TOPIC_ENROL,
    TOPIC_RELAY,
    TOPIC_PUSH,
    TOPIC_WAKE,
    TOPIC_ANSWER,
    TOPIC_RING,
    TOPIC_ROOT,
    TOPIC_WORDS,
    TOPIC_REGISTRAR,
    TOPIC_REGISTERED,
    TOPIC_COUNT,
};

/* Who speaks to the broker; or-ed. */
enum topic_role {
    ROLE_KIOSK = 1u << 0,
    ROLE_MEMBER = 1u << 1,   /* a member's phone */
    ROLE_STAFF = 1u << 2,    /* a staff phone: a member's rights and these */
    ROLE_NEWCOMER = 1u << 3, /* the one-time account of an invitation */
    ROLE_RELAY = 1u << 4,
    ROLE_REGISTRAR = 1u << 5, /* beside the broker, for all venues; makes accounts */
    ROLE_ROOT = 1u << 6, /* the root key's own account; its topics name it in a kiosk's place */
};

/* Those of them that are phones. */
#define TOPIC_PHONES (ROLE_MEMBER | ROLE_STAFF | ROLE_NEWCOMER)

struct topic_rule {
    const char *name; /* "alert", or "ack" where an account follows */
    bool
        per_account; /* name/<account>: only that account writes it; of words: the piece's number */
    bool retained;
    int qos;
    unsigned writes; /* enum topic_role */
    unsigned reads;
    long expiry_s; /* MQTT 5 message expiry; 0: none */
};

extern const struct topic_rule topic_table[TOPIC_COUNT];

enum { TOPIC_ID_LEN = 16, TOPIC_NAME_MAX = 128 };

/* Whether it is the id of a venue or kiosk, or an account: 16 lower-case hex digits. */
bool topic_is_id(const char *text);

/* "porchlight/<venue>/<kiosk>/<name>[/<account>]" into out. venue, kiosk and account are 16
 * lower-case hex digits ("+" too, for a subscription). 0, or -1 with errno EINVAL. */
int topic_name(enum topic t, const char *venue, const char *kiosk, const char *account,
               char out[TOPIC_NAME_MAX]);

/* The names by which an account of that role uses a topic, as one filter: a kiosk reads every
 * account's answers, a phone writes its own; the root's account speaks in every kiosk's place, but
 * asks the registrar in its own name. `kiosk` "+": at every kiosk of the venue. As topic_name. */
int topic_of_role(enum topic t, enum topic_role who, const char *venue, const char *kiosk,
                  const char *account, char out[TOPIC_NAME_MAX]);

/* Which topic a full name is, and its account ("" where it has none). -1 with errno EINVAL for
 * anything that is not exactly a name of this venue and kiosk. */
int topic_parse(const char *full, const char *venue, const char *kiosk, enum topic *t,
                char account[TOPIC_ID_LEN + 1]);

/* Whether a subscription's filter, with "+" for whole levels of it, takes this name. */
bool topic_matches(const char *filter, const char *name);

/* A number for a table of topics: never 0, and the same for the same name (FNV-1a). */
uint64_t topic_hash(const char *name);

#endif
