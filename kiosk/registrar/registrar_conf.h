#ifndef PORCHLIGHT_REGISTRAR_REGISTRAR_CONF_H
#define PORCHLIGHT_REGISTRAR_REGISTRAR_CONF_H

#include "config/config.h"
#include "kiosk/core/registration.h"

#include "kiosk/common/paths.h"

#include <stddef.h>

/* What a registrar reads, all of it in <prefix>/etc/porchlight/registrar, or where systemd has put
 * that folder's files (LoadCredential=registrar:FOLDER):
 *
 *   registrar.conf   which broker it looks after: config/registrar.conf
 *   password         of its account there, on one line
 *   venue-ID         a venue that may have accounts there: `porchlight registrar` makes it */

enum { REGISTRAR_VENUES_MAX = 512, REGISTRAR_ACCOUNTS_MAX = 16 };

struct registrar_conf {
    struct {
        char host[CONFIG_TEXT_MAX], user[CONFIG_TEXT_MAX];
        int port;
        bool tls;
        char ca[CONFIG_PATH_MAX];
        char accounts[CONFIG_NAME_MAX];   /* "dynsec" or "rabbitmq": broker_admin.h */
        char management[CONFIG_TEXT_MAX]; /* rabbitmq: where its management API is, a URL */
        char vhost[CONFIG_NAME_MAX];      /* rabbitmq: the one of its MQTT plugin */
    } broker;
};

/* An account that a venue comes with: its kiosks' and its root key's. */
struct registrar_account {
    char name[CONFIG_NAME_MAX]; /* of the section: the account's id, 16 hex digits */
    char role[16];              /* "kiosk" or "root" */
    char kiosk[17];
    char password[REGISTRATION_PASSWORD_MAX + 1];
};

struct registrar_venue {
    struct {
        char id[17], name[CONFIG_TEXT_MAX];
        char root[2 * ENVELOPE_PUBLIC + 1];
    } venue;
    uint8_t root[ENVELOPE_PUBLIC], id[ENVELOPE_ID];
    struct registrar_account accounts[REGISTRAR_ACCOUNTS_MAX];
    size_t accounts_count;
};

/* A file of that folder. 0, or -1 with errno ENAMETOOLONG. */
int registrar_path(const char *prefix, const char *name, char out[PATH_LEN]);

/* All venues of the folder into out[REGISTRAR_VENUES_MAX]. A file that is wrong is complained of
 * and left out. How many there are, or -1 with errno. */
int registrar_venues_load(const char *prefix, struct registrar_venue *out,
                          config_complain *complain, void *context);

/* 0, or -1 after complaints. */
int registrar_conf_load(const char *path, struct registrar_conf *c, config_complain *complain,
                        void *context);
int registrar_venue_load(const char *path, struct registrar_venue *v, config_complain *complain,
                         void *context);
int registrar_venue_parse(const char *path, const char *text, size_t len, struct registrar_venue *v,
                          config_complain *complain, void *context);

#endif
