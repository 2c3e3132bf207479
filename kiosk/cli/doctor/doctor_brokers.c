#include "kiosk/cli/doctor/doctor.h"

#include "kiosk/cli/doctor/doctor_tls.h"
#include "kiosk/cli/keys/broker_ca.h"
#include "kiosk/common/paths.h"

#include <stdio.h>
#include <string.h>

enum {
    DAYS_WARNING = 21,         /* the timer renews a certificate of ours long before */
    DAYS_WARNING_CARRIED = 90, /* a host looks in seldom, say once a season, and has to go there */
};

static const char renew[] = "on this Pi: systemctl start porchlight-renew, and look whether "
                            "its timer is enabled; elsewhere, ask the broker's keeper";

#define MADE_ANEW                                                                                  \
    "sudo porchlight setup makes " PATH_ETC "/outside anew: carry it there, run its install.sh, "  \
    "remove it"

/* NULL, or what renews a certificate that set-up made to be carried to a server outside. */
static const char *carried(const struct doctor *d, const struct config_broker *b)
{
    char own[PATH_LEN];
    if (!b->outside || !b->tls || path_under(d->prefix, PATH_ETC "/broker-ca.pem", own) < 0 ||
        (strcmp(b->ca, own) != 0 && strcmp(b->ca, PATH_ETC "/broker-ca.pem") != 0))
        return NULL;
    return doctor_exists(d, PATH_ETC "/ca/ca.key") ? MADE_ANEW
                                                   : "on the venue's first kiosk: " MADE_ANEW;
}

static void say_expiry(struct doctor *d, const char *name, const char *whose, long days,
                       const char *carry)
{
    char check[CONFIG_NAME_MAX + 32];
    const char *mend = carry ? carry : renew;
    long least = carry ? DAYS_WARNING_CARRIED : DAYS_WARNING;
    snprintf(check, sizeof check, "%s, %s", name, whose);
    if (days < 0)
        doctor_say(d, check, DOCTOR_FAILURE, mend, "it is over since %ld days", -days);
    else
        doctor_say(d, check, days < least ? DOCTOR_WARNING : DOCTOR_OK, mend,
                   "it lasts %ld more days", days);
}

/* What porchlightd says of it, which has the account's password too. */
static void say_daemons(struct doctor *d, const struct config_broker *b)
{
    const cJSON *one;
    char check[CONFIG_NAME_MAX + 32];
    snprintf(check, sizeof check, "%s, porchlightd", b->name);
    cJSON_ArrayForEach(one, cJSON_GetObjectItemCaseSensitive(d->daemon, "brokers"))
    {
        const cJSON *name = cJSON_GetObjectItemCaseSensitive(one, "name");
        const cJSON *error = cJSON_GetObjectItemCaseSensitive(one, "error");
        if (!cJSON_IsString(name) || strcmp(name->valuestring, b->name) != 0)
            continue;
        if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(one, "connected")))
            doctor_say(d, check, DOCTOR_OK, "", "it is connected");
        else
            doctor_say(d, check, DOCTOR_FAILURE,
                       "journalctl -u porchlightd; the broker's own log says more",
                       "it is not connected: %s",
                       cJSON_IsString(error) ? error->valuestring : "it does not say why");
    }
}

static void doctor_brokers_check_broker(struct doctor *d, const struct config_broker *b)
{
    char ca[PATH_LEN];
    struct doctor_tls t;

    broker_ca_path(d->prefix, b->ca, ca);
    bool reached = doctor_tls_look(b->host, b->port, b->tls ? ca : NULL, &t) == 0;
    const char *carry = carried(d, b);
    doctor_say(d, b->name, reached ? DOCTOR_OK : DOCTOR_FAILURE,
               carry && t.has_expiry && t.days < 0 ? carry : t.mend, "%s port %d: %s", b->host,
               b->port, t.said);
    if (t.has_expiry)
        say_expiry(d, b->name, "certificate", t.days, carry);
    if (t.ca_has_expiry)
        say_expiry(d, b->name, "CA", t.ca_days, NULL);
    say_daemons(d, b);
}

void doctor_brokers(struct doctor *d)
{
    for (size_t i = 0; d->config && i < d->config->brokers_count; i++)
        doctor_brokers_check_broker(d, &d->config->brokers[i]);
}
