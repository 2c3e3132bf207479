#ifndef PORCHLIGHT_REGISTRAR_BROKER_ADMIN_H
#define PORCHLIGHT_REGISTRAR_BROKER_ADMIN_H

#include "kiosk/common/topics.h"
#include "kiosk/core/registration.h"
#include "kiosk/mqtt/thread.h"
#include "kiosk/registrar/registrar_conf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All that a registrar asks of its broker. One order at a time, and each is safe to repeat. There
 * are two backends: dynsec_admin.c does it with mosquitto's dynamic security plugin, by packets on
 * the registrar's own connection; rabbit_admin.c with RabbitMQ's management API, over HTTP in a
 * thread of its own. */

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
    char fault[BROKER_ADMIN_FAULT_MAX]; /* "": it is done. "not found": no such account */
    struct registration_account found;  /* LOOK; `there` counts for SELF too */
    bool current;                       /* LOOK: it was made by this version */
};

struct broker_admin;

void broker_admin_free(struct broker_admin *a); /* NULL is safe */

void broker_admin_begin(struct broker_admin *a, const struct broker_admin_order *o);

/* --- a backend that works by packets --- */

/* Its topic, which the connection has to subscribe to; NULL: it needs no connection. */
const char *broker_admin_topic(const struct broker_admin *a);

/* The next packet to publish now, if any. What is not answered within 5 s is sent again. */
bool broker_admin_next(struct broker_admin *a, int64_t now, struct mqtt_publication *p);

/* A new connection: what was on its way is sent again. */
void broker_admin_again(struct broker_admin *a);

/* When broker_admin_next has something, ns; NS_NEVER. */
int64_t broker_admin_deadline(const struct broker_admin *a);

/* What came on that topic. True: the order is over, and *r says how. */
bool broker_admin_receive(struct broker_admin *a, const struct mqtt_event *e,
                          struct broker_admin_result *r);

/* --- one that works by itself --- */

/* Readable when an order is over; -1: it is not of this kind. */
int broker_admin_fd(const struct broker_admin *a);

/* Whether one is; *r then says how. */
bool broker_admin_done(struct broker_admin *a, struct broker_admin_result *r);

/* --- for the backends --- */

/* The role of topic_table; 0 for nobody's. */
enum topic_role broker_admin_role(enum registration_role role);

/* Each begins with this. What a backend has no use for is NULL. */
struct broker_admin_ops {
    void (*release)(struct broker_admin *a); /* frees a too */
    void (*begin)(struct broker_admin *a, const struct broker_admin_order *o);
    const char *topic;
    bool (*next)(struct broker_admin *a, int64_t now, struct mqtt_publication *p);
    void (*again)(struct broker_admin *a);
    int64_t (*deadline)(const struct broker_admin *a);
    bool (*receive)(struct broker_admin *a, const struct mqtt_event *e,
                    struct broker_admin_result *r);
    int (*fd)(const struct broker_admin *a);
    bool (*done)(struct broker_admin *a, struct broker_admin_result *r);
};

struct broker_admin {
    const struct broker_admin_ops *ops;
};

/* The backends. NULL with errno. `password` is the account's at the management API. It and the
 * config must outlive the backend. */
struct broker_admin *dynsec_admin_new(void);
struct broker_admin *rabbit_admin_new(const struct registrar_conf *c, const char *password);

#endif
