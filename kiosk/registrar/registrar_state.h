#ifndef PORCHLIGHT_REGISTRAR_REGISTRAR_STATE_H
#define PORCHLIGHT_REGISTRAR_REGISTRAR_STATE_H

#include "kiosk/common/say_once.h"
#include "kiosk/mqtt/flood_log.h"
#include "kiosk/mqtt/link_log.h"
#include "kiosk/mqtt/thread.h"
#include "kiosk/registrar/answer_log.h"
#include "kiosk/registrar/asker.h"
#include "kiosk/registrar/broker_admin.h"
#include "kiosk/registrar/registrar.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the three halves of the registrar share: the connection (registrar.c), what kiosks ask
 * (registrar_requests.c), what the broker is ordered to do (registrar_orders.c). Nobody else
 * includes this. */

enum { SEED = 32, PASSWORD_MAX = 128 };

/* What an order at the broker is for. */
enum purpose {
    FOR_NOBODY,
    FOR_SELF_LOOK, /* has our own account the rights it needs? */
    FOR_SELF,
    FOR_HOUSE_LOOK, /* an account that comes with a venue's file */
    FOR_HOUSE,
    FOR_LOOK, /* what is there under the name that a request gives */
    FOR_ACT,
    FOR_RESTORE, /* one of the accounts that a disowned kiosk had suspended */
};

struct registrar {
    const char *prefix;
    const struct registrar_conf *conf;
    const struct registrar_venue *venues;
    size_t venues_count;
    struct keys {
        uint8_t seed[SEED], public[ENVELOPE_PUBLIC], secret[ENVELOPE_SECRET];
        char password[PASSWORD_MAX];
        struct broker_admin_order order;
    } * keys; /* locked memory */
    struct askers askers;
    struct broker_admin *admin;
    enum purpose purpose;
    struct asker *asker;  /* whose request it is */
    struct asker *seized; /* FOR_RESTORE: the kiosk that is disowned */
    bool settled, tried;  /* our own account is as it must be; it was changed to be so */
    char fault[BROKER_ADMIN_FAULT_MAX]; /* of that change */
    size_t venue, account;              /* the next account of the venues' files to look at */

    struct loop *loop;
    struct mqtt_thread *mqtt;
    bool up;
    struct link_log log;
    struct say_once said;      /* what the broker and the disk refuse */
    struct answer_log answers; /* what we refuse */
    struct flood_log flood;
    struct mqtt_event event;
    struct mqtt_publication out;
};

/* --- registrar_requests.c --- */

/* A hello or a request that came for the venue. */
void registrar_request(struct registrar *r, const struct mqtt_event *e);

/* What the ledger has of a kiosk. NULL after a complaint: nothing is done for it. */
struct asker *registrar_asker(struct registrar *r, const struct registrar_venue *venue,
                              const char *kiosk);

/* Writes down what became of a kiosk's requests. 0, or -1 after a complaint. */
int registrar_ledger_save(struct registrar *r, const struct asker *a);

/* Ends the request of `a` and answers it. What could not be written down is not answered: it comes
 * again. `after_s` is for REGISTRATION_LATER. */
void registrar_request_end(struct registrar *r, struct asker *a, enum registration_outcome outcome,
                           long after_s, const char *why);

/* --- registrar_orders.c --- */

/* Begins the next thing to do at the broker, if none is under way. */
void registrar_orders_begin(struct registrar *r);

/* What the broker answered to the one under way. */
void registrar_orders_result(struct registrar *r, const struct broker_admin_result *result);

/* Whether accounts of the venues' files have not been looked at yet. */
bool registrar_orders_house_left(const struct registrar *r);

/* Steps over venues without accounts. Once, before the first order. */
void registrar_orders_house_first(struct registrar *r);

#endif
