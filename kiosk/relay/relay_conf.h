#ifndef PORCHLIGHT_RELAY_RELAY_CONF_H
#define PORCHLIGHT_RELAY_RELAY_CONF_H

#include "config/config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* relay.conf as a value: strict, like porchlight.conf. config/relay.conf explains each key. */

enum { RELAY_KIOSKS_MAX = 16, RELAY_PUSHES_MAX = 8, RELAY_URL_MAX = 192 };

struct relay_kiosk { /* [kiosk NAME]; its key is the credential kiosk-<id>.pub */
    char name[CONFIG_NAME_MAX];
    char id[17];
};

struct relay_push { /* [push NAME]: an ntfy topic */
    char name[CONFIG_NAME_MAX];
    char url[RELAY_URL_MAX];     /* https://host/topic; http only to this machine */
    char token[CONFIG_NAME_MAX]; /* a credential's name; may be empty */
    bool staff;                  /* staff phones listen here: rung for codes and duress too */
    char click[RELAY_URL_MAX];   /* what a tap opens; may be empty */
};

struct relay_web { /* [webpush]; contact empty: none. The keys are push.key and push.cert */
    char contact[RELAY_URL_MAX];  /* mailto: or https:, sent to push services */
    char services[RELAY_URL_MAX]; /* webpush_sender_allows */
    char ca[CONFIG_PATH_MAX];     /* empty: the system's */
    int64_t check;                /* 7d; 0: never */
};

struct relay_conf {
    struct { /* [relay] */
        char account[17];
        char word[CONFIG_TEXT_MAX]; /* The kettle is on */
        int64_t beat;               /* 5s */
        int64_t blind;              /* 60s; 0: never */
        int64_t again;              /* 60s; 0: never */
    } relay;
    struct { /* [venue] */
        char id[17];
    } venue;
    struct { /* [broker]; the password is the credential relay-broker */
        char host[CONFIG_TEXT_MAX];
        int port;
        bool tls;
        char ca[CONFIG_PATH_MAX];
    } broker;
    struct relay_kiosk kiosks[RELAY_KIOSKS_MAX];
    size_t kiosks_count;
    struct relay_push pushes[RELAY_PUSHES_MAX];
    size_t pushes_count;
    struct relay_web web;
};

/* Reads `path`. 0, or -1 after at least one complaint (every one of the file is made). */
int relay_conf_load(const char *path, struct relay_conf *c, config_complain *complain,
                    void *context);
int relay_conf_parse(const char *path, const char *text, size_t len, struct relay_conf *c,
                     config_complain *complain, void *context);

#endif
