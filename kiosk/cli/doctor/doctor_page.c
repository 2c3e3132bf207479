#include "kiosk/cli/doctor/doctor.h"

#include "kiosk/cli/doctor/doctor_tls.h"
#include "kiosk/cli/keys/broker_ca.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HTTPS = 443, HTTP = 80 };

/* "https://kettle.example.org:8443/page" */
static bool page_split(const char *page, char host[CONFIG_TEXT_MAX], int *port, bool *tls)
{
    const char *at = strstr(page, "://");
    if (!at)
        return false;
    *tls = strncmp(page, "https:", 6) == 0;
    at += 3;
    size_t end = strcspn(at, "/"), len = at[0] == '[' ? strcspn(at, "]") + 1 : strcspn(at, ":/");
    if (len > end || len >= CONFIG_TEXT_MAX)
        return false;
    snprintf(host, CONFIG_TEXT_MAX, "%.*s", (int)len, at);
    *port = at[len] == ':' ? atoi(at + len + 1) : *tls ? HTTPS : HTTP;
    return true;
}

/* The authority that set-up made for the address, or those that browsers know. */
static void page_ca(const struct doctor *d, const char *host, char out[PATH_LEN])
{
    for (size_t i = 0; i < d->config->brokers_count; i++) {
        const struct config_broker *b = &d->config->brokers[i];
        char other[CONFIG_TEXT_MAX];
        int port;
        bool tls;
        if (!b->phones_ca[0] || !page_split(b->phones, other, &port, &tls) ||
            strcmp(other, host) != 0)
            continue;
        broker_ca_path(d->prefix, b->phones_ca, out);
        return;
    }
    snprintf(out, PATH_LEN, "%s", DOCTOR_TLS_PUBLIC);
}

void doctor_page(struct doctor *d)
{
    char host[CONFIG_TEXT_MAX], ca[PATH_LEN];
    struct doctor_tls t;
    int port;
    bool tls;

    if (!d->config || !page_split(d->config->venue.page, host, &port, &tls))
        return;
    page_ca(d, host, ca);
    bool reached = doctor_tls_look(host, port, "", tls ? ca : NULL, &t) == 0;
    if (!reached)
        doctor_trouble(d, TROUBLE_PAGE);
    if (t.has_expiry && t.days < DOCTOR_DAYS_URGENT)
        doctor_trouble(d, TROUBLE_CERTIFICATE_14);
    doctor_say(d, "address", reached ? DOCTOR_OK : DOCTOR_FAILURE,
               "Open the address above on a phone. If it does not open there either, look at the "
               "server that has the page; on this Pi:\n"
               "    systemctl status porchlight-page",
               "%s: %s.%s", d->config->venue.page, t.said,
               reached ? ""
                       : " Phones that are open keep working; a phone that loads the page now "
                         "cannot.");
}
