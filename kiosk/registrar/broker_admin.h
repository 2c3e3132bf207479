#ifndef PORCHLIGHT_REGISTRAR_BROKER_ADMIN_H
#define PORCHLIGHT_REGISTRAR_BROKER_ADMIN_H

#include "kiosk/common/topics.h"
#include "kiosk/core/registration.h"
#include "kiosk/mqtt/thread.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All that a registrar asks of its broker. One order at a time; it is carried out by packets to the
 * broker, and is safe to repeat. dynsec_admin.c does it with mosquitto's dynamic security plugin;
 * another kind of broker is another file behind this header. */

enum broker_admin_verb {
    BROKER_ADMIN_LOOK,    /* what is there under that name */
    BROKER_ADMIN_CREATE,  /* the account with its role, which says venue and kiosk */
    BROKER_ADMIN_PROMOTE, /* a newcomer's account gets another role and password */
    BROKER_ADMIN_PASSWORD,
    BROKER_ADMIN_SUSPEND, /* it stays there, and cannot connect */
    BROKER_ADMIN_RESTORE,
    BROKER_ADMIN_REMOVE, /* the account and its role */
    BROKER_ADMIN_RENEW, /* an account of an older version gets exactly its role, and nothing else */
    BROKER_ADMIN_SELF,  /* the registrar's own account gets what it needs */
};

struct broker_admin_order {
    enum broker_admin_verb verb;
    enum topic_role role; /* CREATE, PROMOTE, REMOVE, RENEW */
    char venue[TOPIC_ID_LEN + 1], kiosk[TOPIC_ID_LEN + 1];
    char account[CONFIG_TEXT_MAX];
    char password[REGISTRATION_PASSWORD_MAX + 1]; /* CREATE, PROMOTE, PASSWORD */
};

enum { BROKER_ADMIN_FAULT_MAX = 128 };

struct broker_admin_result {
    char fault[BROKER_ADMIN_FAULT_MAX]; /* "": it is done */
    struct registration_account found;  /* LOOK; `there` counts for SELF too */
    bool current;                       /* LOOK: it was made by this version */
};

struct broker_admin;

/* NULL with errno. */
struct broker_admin *broker_admin_new(void);
void broker_admin_free(struct broker_admin *a); /* NULL is safe */

/* Topics that the connection has to subscribe to. */
const char *broker_admin_topic(void);

void broker_admin_begin(struct broker_admin *a, const struct broker_admin_order *o);
bool broker_admin_is_busy(const struct broker_admin *a);

/* The next packet to publish now, if any. What is not answered within 5 s is sent again. */
bool broker_admin_next(struct broker_admin *a, int64_t now, struct mqtt_publication *p);

/* A new connection: what was on its way is sent again. */
void broker_admin_again(struct broker_admin *a);

/* When broker_admin_next has something, ns; NS_NEVER. */
int64_t broker_admin_deadline(const struct broker_admin *a);

/* What came on that topic. True: the order is over, and *r says how. */
bool broker_admin_receive(struct broker_admin *a, const struct mqtt_event *e,
                          struct broker_admin_result *r);

#endif
