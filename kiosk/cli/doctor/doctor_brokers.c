#include "kiosk/cli/doctor/doctor.h"

#include "kiosk/cli/doctor/doctor_tls.h"
#include "kiosk/cli/keys/broker_ca.h"
#include "kiosk/common/paths.h"

#include <stdio.h>
#include <string.h>

enum {
    DAYS_WARNING = 21,         /* the timer renews a certificate of ours long before */
    DAYS_WARNING_CARRIED = 90, /* a host may look once in three months, and has to go there */
};

static const char renew[] = "If the broker runs on this Pi, renew the certificate as below. If "
                            "not, ask the broker's operator to renew it.\n"
                            "    sudo systemctl enable --now porchlight-renew.timer\n"
                            "    sudo systemctl start porchlight-renew";

#define CARRY                                                                                      \
    ". It makes the folder " PATH_ETC "/outside with a new certificate. Copy the folder to the "   \
    "server, run its install.sh there, and delete it here.\n"                                      \
    "    sudo porchlight setup"

/* NULL, or how to renew a certificate that set-up made for a server outside. */
static const char *carried(const struct doctor *d, const struct config_broker *b)
{
    char own[PATH_LEN];
    if (!b->outside || !b->tls || path_under(d->prefix, PATH_ETC "/broker-ca.pem", own) < 0 ||
        (strcmp(b->ca, own) != 0 && strcmp(b->ca, PATH_ETC "/broker-ca.pem") != 0))
        return NULL;
    return doctor_exists(d, PATH_ETC "/ca/ca.key")
               ? "Run set-up again" CARRY
               : "On the venue's first kiosk, run set-up again" CARRY;
}

static void say_expiry(struct doctor *d, const char *name, const char *whose, long days,
                       const char *carry)
{
    char check[CONFIG_NAME_MAX + 32];
    const char *fix = carry ? carry : renew;
    long least = carry ? DAYS_WARNING_CARRIED : DAYS_WARNING;
    snprintf(check, sizeof check, "%s, %s", name, whose);
    if (days < DOCTOR_DAYS_URGENT)
        doctor_trouble(d, TROUBLE_CERTIFICATE_14);
    else if (days < least)
        doctor_trouble(d, TROUBLE_CERTIFICATE_90);
    if (days < 0)
        doctor_say(d, check, DOCTOR_FAILURE, fix,
                   "It expired %ld days ago, so kiosk and phones refuse this broker.", -days);
    else if (days < least)
        doctor_say(
            d, check, DOCTOR_WARNING, fix,
            "It is valid for %ld more days. After that, kiosk and phones refuse this broker.",
            days);
    else
        doctor_say(d, check, DOCTOR_OK, "", "It is valid for %ld more days.", days);
}

/* What the broker allows, as porchlightd has found it. */
static void report_losses(struct doctor *d, const char *check, const cJSON *one)
{
    const cJSON *error = cJSON_GetObjectItemCaseSensitive(one, "error");
    const cJSON *losses = cJSON_GetObjectItemCaseSensitive(one, "losses");
    const char *lost = cJSON_IsString(losses) ? losses->valuestring : "";
    if (cJSON_IsString(error))
        doctor_say(
            d, check, DOCTOR_FAILURE,
            "Compare the rights of the kiosk's account at the broker with what it needs:\n"
            "    porchlight rights\n"
            "A RabbitMQ also needs rights to the account's queues: see the handbook, Rights at "
            "a broker.\n"
            "When they are right, let porchlightd try again:\n"
            "    sudo systemctl restart porchlightd",
            "porchlightd is connected, but: %s %s", error->valuestring, lost);
    else if (lost[0] != '\0')
        doctor_say(d, check, DOCTOR_WARNING,
                   "Add a broker that speaks MQTT 5, such as mosquitto 2.",
                   "porchlightd is connected. %s", lost);
    else
        doctor_say(d, check, DOCTOR_OK, "", "porchlightd is connected.");
}

/* Without it no phone can join or be shut out there. Alerts do not need it. */
static void report_registrar(struct doctor *d, const char *broker, const cJSON *one)
{
    const cJSON *why = cJSON_GetObjectItemCaseSensitive(one, "registrar");
    char check[CONFIG_NAME_MAX + 32];
    snprintf(check, sizeof check, "%s, registrar", broker);
    if (!cJSON_IsString(why))
        return;
    if (why->valuestring[0] == '\0')
        doctor_say(d, check, DOCTOR_OK, "", "It answers: phones can join and be shut out there.");
    else
        doctor_say(d, check, DOCTOR_WARNING,
                   "If the broker runs on this Pi, see what its registrar says. If not, ask the "
                   "broker's operator.\n"
                   "    sudo journalctl -n 20 -u porchlight-registrar",
                   "No phone can join or be shut out at broker %s: %s.", broker, why->valuestring);
}

/* Others are not held up, but somebody is at work, or something is broken. */
static void report_dropped(struct doctor *d, const char *broker, const cJSON *one)
{
    char check[CONFIG_NAME_MAX + 32];
    snprintf(check, sizeof check, "%s, flood", broker);
    doctor_dropped(d, check, "porchlightd", one, "dropped",
                   "The log names the account. If it is a phone's, shut that phone out.\n"
                   "    sudo journalctl -u porchlightd -g \"too many messages\"\n"
                   "    sudo porchlight revoke ACCOUNT");
    snprintf(check, sizeof check, "%s, registrar's flood", broker);
    doctor_dropped(
        d, check, "Its registrar", one, "registrar_dropped",
        "If the broker runs on this Pi, the registrar's log names the kiosk. If not, ask "
        "the broker's operator.\n"
        "    sudo journalctl -u porchlight-registrar -g \"too many messages\"");
}

/* porchlightd logs in too, with the account's password. */
static void report_connection(struct doctor *d, const struct config_broker *b)
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
        report_dropped(d, b->name, one);
        if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(one, "connected"))) {
            report_losses(d, check, one);
            report_registrar(d, b->name, one);
            continue;
        }
        doctor_say(d, check, DOCTOR_FAILURE,
                   "Look into the log of porchlightd, and into the broker's own:\n"
                   "    sudo journalctl -n 20 -u porchlightd",
                   "porchlightd is not connected, so no alert can go this way. It says: %s",
                   cJSON_IsString(error) ? error->valuestring : "not why.");
    }
}

static void check_broker_itself(struct doctor *d, const struct config_broker *b)
{
    char ca[PATH_LEN];
    struct doctor_tls t;

    broker_ca_path(d->prefix, b->ca, ca);
    bool reached = doctor_tls_look(b->host, b->port, b->interface, b->tls ? ca : NULL, &t) == 0;
    const char *carry = carried(d, b);
    doctor_say(d, b->name, reached ? DOCTOR_OK : DOCTOR_FAILURE,
               carry && t.has_expiry && t.days < 0 ? carry : t.fix, "%s, port %d%s%s: %s.%s",
               b->host, b->port, b->interface[0] ? ", by " : "", b->interface, t.said,
               reached ? ""
               : t.dates
                   ? " The kiosk connects all the same, because the CA is right. Phones do not."
                   : " No alert can go this way.");
    if (t.has_expiry)
        say_expiry(d, b->name, "certificate", t.days, carry);
    if (t.ca_has_expiry)
        say_expiry(d, b->name, "CA", t.ca_days, NULL);
    report_connection(d, b);
}

/* Only switches with line = mqtt:TOPIC need it. */
static void doctor_buttons_check(struct doctor *d)
{
    char ca[PATH_LEN];
    struct doctor_tls t;
    const struct config_broker *b = &d->config->buttons.broker;
    bool used = false;

    for (size_t i = 0; i < d->config->switches_count; i++)
        used = used || config_button_topic(&d->config->switches[i].line);
    if (!used)
        return;
    broker_ca_path(d->prefix, b->ca, ca);
    bool reached = doctor_tls_look(b->host, b->port, "", b->tls ? ca : NULL, &t) == 0;
    const cJSON *error = cJSON_GetObjectItemCaseSensitive(
        cJSON_GetObjectItemCaseSensitive(d->daemon, "buttons"), "error");
    if (reached && cJSON_IsString(error))
        doctor_say(d, "buttons", DOCTOR_FAILURE,
                   "Check user and password in [buttons] of porchlight.conf, and that this account "
                   "may read the buttons' topics.",
                   "%s, port %d is reached, but: %s", b->host, b->port, error->valuestring);
    else
        doctor_say(d, "buttons", reached ? DOCTOR_OK : DOCTOR_FAILURE, t.fix, "%s, port %d: %s.%s",
                   b->host, b->port, t.said, reached ? "" : " No button by radio works.");
    if (t.has_expiry)
        say_expiry(d, "buttons", "certificate", t.days, NULL);
}

void doctor_brokers(struct doctor *d)
{
    for (size_t i = 0; d->config && i < d->config->brokers_count; i++)
        check_broker_itself(d, &d->config->brokers[i]);
    if (d->config)
        doctor_buttons_check(d);
}
