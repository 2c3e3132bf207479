#include "config/scan.h"
#include "kiosk/cli/files.h"
#include "kiosk/cli/setup/setup.h"
#include "kiosk/cli/templates.h"
#include "kiosk/common/file.h"
#include "kiosk/common/log.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* --- the broker outside --------------------------------------------------------------------- */

/* How browsers reach it, and their page. */
static int put_nginx(struct setup *s, const char *host)
{
    char here[3 * ANSWER_MAX] = "";
    if (answers_broker_here(&s->now)) {
        setup_address(s, NULL, "wss", "", here);
        here[strlen(here) - 1] = '\0'; /* an origin has no slash at its end */
    }
    const struct template_word words[] = {
        {"STATE", "/run"},
        {"LISTEN", "443"},
        {"HOST", host},
        {"CERTIFICATE", "/etc/nginx/porchlight.crt"},
        {"KEY", "/etc/nginx/porchlight.key"},
        {"PAGE", "/usr/share/porchlight/page"},
        {"HANDBOOK", "/usr/share/doc/porchlight/handbook"},
        {"BROKERS", here},
        {"PORT_WEBSOCKET", "1885"},
        {NULL, NULL},
    };
    return setup_fill(s, "outside/nginx.conf", template_nginx, words, 0644);
}

/* All that a server of the venue's own needs, to be copied there. Without the root key no accounts
 * can be derived: such a folder renews a server, which keeps the accounts that it has. */
static int put_folder(struct setup *s)
{
    char host[ANSWER_MAX], number[16];
    int port;
    answers_outside(&s->now, host, &port);
    snprintf(number, sizeof number, "%d", port);
    const struct template_word words[] = {
        {"PLUGIN", "/usr/lib/mosquitto_dynamic_security.so"},
        {"STATE", "/var/lib/mosquitto"},
        {"PORT_TLS", number},
        {"ADDRESS", ""},
        {"PORT_WEBSOCKET", "1885"},
        {"PORT_LOCAL", "1884"},
        {"CERTIFICATE", "/etc/mosquitto/porchlight.pem"},
        {"KEY", "/etc/mosquitto/porchlight.pem"},
        {NULL, NULL},
    };
    return setup_certificate(s, "outside/server.pem", host, false) < 0 ||
                   (s->has_root && setup_accounts(s, "outside", false) < 0) ||
                   etc_transaction_put_text(s->stage, "outside/broker-ca.pem", s->ca->certificate,
                                            0644) < 0 ||
                   setup_fill(s, "outside/mosquitto.conf", template_mosquitto, words, 0644) < 0 ||
                   put_nginx(s, host) < 0 ||
                   etc_transaction_put_text(s->stage, "outside/install.sh", template_outside,
                                            0755) < 0
               ? -1
               : 0;
}

static int make_outside(struct setup *s)
{
    char host[ANSWER_MAX];
    int port;
    answers_outside(&s->now, host, &port);
    return setup_authority(s) < 0 || put_folder(s) < 0 ||
                   setup_own_section(s, "outside", "outside", host, port, true) < 0
               ? -1
               : 0;
}

static bool is_made_here(const struct setup *s)
{
    return answer_number(&s->now, ANSWER_KIOSK) == 1 && answers_broker_outside(&s->now) &&
           answer_is(&s->now, ANSWER_OUTSIDE_ACCOUNT, "make");
}

bool setup_outside_lacks(const struct setup *s)
{
    return is_made_here(s) && !etc_transaction_has(s->stage, "outside/dynamic-security.json");
}

/* Only a new folder can renew the server's certificate: the server has no authority of its own. */
static int renew_outside(struct setup *s)
{
    char host[ANSWER_MAX];
    int port;
    if (!etc_transaction_has(s->stage, "ca/ca.key")) {
        log_warning("The broker outside gets no new certificate, because ca/ca.key is missing. "
                    "porchlight restore brings it back from a backup.");
        return 0;
    }
    answers_outside(&s->now, host, &port);
    if (setup_authority(s) < 0)
        return -1;
    return setup_outside_lacks(s) ? put_folder(s)
                                  : setup_certificate(s, "outside/server.pem", host, false);
}

struct account {
    const char *path;
    char user[ANSWER_MAX], password[ANSWER_MAX], ca[ANSWER_MAX], phones[ANSWER_MAX];
    int complaints;
};

static void account_section(void *context, int line, const char *name)
{
    struct account *a = context;

    if (strcmp(name, "account") != 0) {
        log_error("%s:%d: [%s]; expected one section [account]", a->path, line, name);
        a->complaints++;
    }
}

static void account_key(void *context, int line, const char *key, const char *value)
{
    struct account *a = context;
    char *into = strcmp(key, "user") == 0       ? a->user
                 : strcmp(key, "password") == 0 ? a->password
                 : strcmp(key, "ca") == 0       ? a->ca
                 : strcmp(key, "phones") == 0   ? a->phones
                                                : NULL;

    if (into && strlen(value) < ANSWER_MAX) {
        snprintf(into, ANSWER_MAX, "%s", value);
        return;
    }
    log_error("%s:%d: %s is none of user, password, ca and phones, or too long", a->path, line,
              key);
    a->complaints++;
}

static void account_bad(void *context, int line, const char *sentence)
{
    struct account *a = context;

    log_error("%s:%d: %s", a->path, line, sentence);
    a->complaints++;
}

static int account_read(struct account *a)
{
    static const struct scan_events events = {account_section, account_key, account_bad};
    size_t len;
    char *text = file_read(a->path, FILES_READ_MAX, &len);

    if (!text) {
        log_error("outside_account: %s: %s", a->path, strerror(errno));
        return -1;
    }
    scan_text(text, len, &events, a);
    sodium_memzero(text, len);
    free(text);
    if (!a->complaints && (!a->user[0] || !a->password[0] || !a->ca[0])) {
        log_error("%s: expected [account] with user, password and ca (a PEM file)", a->path);
        a->complaints++;
    }
    return a->complaints ? -1 : 0;
}

static void warn_of_phones(const struct setup *s, const struct account *a)
{
    log_warning("%s: phones is missing, so no phone can use this broker. Ask its operator for the "
                "wss:// address for browsers, and write phones = wss://HOST/PATH into [broker "
                "outside] of " PATH_CONF "%s. Then: sudo systemctl reload porchlightd",
                a->path,
                answers_broker_here(&s->now)
                    ? ""
                    : ", and the address of the members' page as page in [venue]");
}

/* Somebody else's broker: its operator made the account, and gave out the CA. */
static int take_outside(struct setup *s)
{
    struct account a = {.path = s->now.value[ANSWER_OUTSIDE_ACCOUNT]};
    char host[ANSWER_MAX], *pem = NULL;
    int port, result = -1;
    long days;
    size_t len;

    answers_outside(&s->now, host, &port);
    if (account_read(&a) < 0)
        goto forget;
    pem = file_read(a.ca, FILES_READ_MAX, &len);
    if (!pem || pki_days_left(pem, time(NULL), &days) < 0) {
        log_error("%s: ca: %s: %s; expected the PEM file of the broker's CA", a.path, a.ca,
                  pem ? "holds no certificate" : strerror(errno));
        goto forget;
    }
    if (days < 0) {
        log_error("%s: ca: %s expired %ld days ago; ask the broker's operator for the current one.",
                  a.path, a.ca, -days - 1);
        goto forget;
    }
    strcat(a.password, "\n");
    result = etc_transaction_put_text(s->stage, "outside-ca.pem", pem, 0644) < 0 ||
                     etc_transaction_put_text(s->stage, "credentials/broker-outside", a.password,
                                              0600) < 0 ||
                     setup_section(s, "outside", host, port, "outside-ca.pem", a.user,
                                   a.phones[0] ? a.phones : NULL, true) < 0
                 ? -1
                 : 0;
    if (result == 0 && !a.phones[0])
        warn_of_phones(s, &a);
forget:
    sodium_memzero(&a, sizeof a);
    free(pem);
    return result;
}

/* --- all of them ---------------------------------------------------------------------------- */

static int drop_broker(struct setup *s, const char *broker)
{
    char name[64];
    snprintf(name, sizeof name, "broker %s", broker);
    if (conf_drop(s->conf, name) < 0)
        return -1;
    snprintf(name, sizeof name, "credentials/broker-%s", broker);
    return etc_transaction_drop(s->stage, name);
}

/* Another kiosk of the venue uses the first one's brokers, which the backup names. */
static int join_brokers(struct setup *s)
{
    char host[ANSWER_MAX];
    int port;
    if (!s->first && !s->brokers_changed)
        return 0;
    if (answers_broker_here(&s->now) &&
        setup_own_section(s, "first", "here", s->now.value[ANSWER_HOST],
                          answer_number(&s->now, ANSWER_PORT), false) < 0)
        return -1;
    if (!answers_broker_outside(&s->now))
        return 0;
    answers_outside(&s->now, host, &port);
    return answer_is(&s->now, ANSWER_OUTSIDE_ACCOUNT, "make")
               ? setup_own_section(s, "outside", "outside", host, port, true)
               : take_outside(s);
}

int setup_brokers(struct setup *s)
{
    bool changed = s->first || s->brokers_changed;
    if (changed && (drop_broker(s, "here") < 0 || drop_broker(s, "outside") < 0 ||
                    drop_broker(s, "first") < 0))
        return -1;
    if (answer_number(&s->now, ANSWER_KIOSK) > 1)
        return join_brokers(s);
    if (answers_broker_here(&s->now) && setup_here(s) < 0)
        return -1;
    if (!answers_broker_outside(&s->now))
        return 0;
    if (is_made_here(s))
        return changed ? make_outside(s) : renew_outside(s);
    return changed ? take_outside(s) : 0;
}
