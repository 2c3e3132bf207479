#ifndef PORCHLIGHT_REGISTRAR_RABBIT_PARTS_H
#define PORCHLIGHT_REGISTRAR_RABBIT_PARTS_H

#include "kiosk/registrar/broker_admin.h"

#include <cjson/cJSON.h>
#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

/* RabbitMQ's management API: an order is some requests, one after the other, each of which may be
 * repeated. A thread (rabbit_admin.c) carries out the order (rabbit_orders.c) and sends its
 * requests (rabbit_request.c), so that the registrar goes on receiving meanwhile. While the API
 * cannot be reached, the order waits and is tried again. */

enum {
    RABBIT_PATH_MAX = 512,
    RABBIT_NOT_FOUND = 404, /* HTTP's status */
};

struct rabbit_admin {
    struct broker_admin base;
    const struct registrar_conf *conf;
    const char *password;
    int fd; /* eventfd */
    pthread_t thread;
    bool running;
    pthread_mutex_t lock;
    pthread_cond_t woken;
    bool asked, done, stop; /* under lock */
    atomic_bool stopping;   /* the same as stop, for curl's callback */
    bool said;              /* that the API cannot be reached */
    struct broker_admin_order order;
    struct broker_admin_result result;
    CURL *curl;
    char vhost[3 * CONFIG_NAME_MAX]; /* escaped */
};

/* rabbit_orders.c: does what a->order says, and writes a->result. In the thread. */
void rabbit_carry_out(struct rabbit_admin *a);

/* rabbit_request.c: sends one request until it is answered. Its HTTP status, and *answer (may be
 * NULL) is what was in it, for the caller to delete; NULL if it was no success or no JSON. 0: the
 * program ends. Takes the body, and clears what is in it. */
long rabbit_call(struct rabbit_admin *a, const char *method, const char *path, cJSON *body,
                 cJSON **answer);

/* Whether that status is a success; if not, a->result.fault says so of `what`. */
bool rabbit_call_worked(struct rabbit_admin *a, long status, const char *what);

#endif
