#include "config/reader.h"
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
                   setup_own_section(s, "outside", "outside", host, port, true) < 0 ||
                   setup_ways(s, host, port) < 0
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

/* An account at somebody else's broker. No line of a file is longer than a field. */
struct account {
    char user[SCAN_LINE_MAX], password[SCAN_LINE_MAX], ca[SCAN_LINE_MAX], phones[SCAN_LINE_MAX];
};

#define ACCOUNT_KEY(name, fallback)                                                                \
    {                                                                                              \
        "account", #name, &value_user, fallback, offsetof(struct account, name), 0, 0,             \
            SCAN_LINE_MAX, NULL                                                                    \
    }

static const struct section account_section = {.name = "account"};
static const struct key account_keys[] = {ACCOUNT_KEY(user, NULL), ACCOUNT_KEY(password, NULL),
                                          ACCOUNT_KEY(ca, NULL), ACCOUNT_KEY(phones, "")};
static const struct table account_table = {
    .sections = &account_section,
    .sections_count = 1,
    .keys = account_keys,
    .keys_count = sizeof account_keys / sizeof account_keys[0],
    .size = sizeof(struct account),
};

/* What a complaint found in place of a password is not printed. */
static void account_complain(void *context, const char *sentence)
{
    const char *secret = strstr(sentence, "] password: found \"");
    (void)context;
    if (secret)
        log_error("%.*s] password: something invisible is in it, or it is not saved as UTF-8. Type "
                  "it again by hand.",
                  (int)(secret - sentence), sentence);
    else
        log_error("%s.", sentence);
}

static int account_read(const char *path, struct account *a)
{
    size_t len;
    char *text = file_read(path, READER_FILE_MAX, &len);

    if (!text) {
        log_error("outside_account: %s: %s.", path, strerror(errno));
        return -1;
    }
    int result = reader_parse(&account_table, a, path, text, len, account_complain, NULL);
    sodium_memzero(text, len);
    free(text);
    return result;
}

static void warn_of_phones(const struct setup *s)
{
    log_warning("%s: phones is missing, so no phone can use this broker. Ask its operator for the "
                "wss:// address for browsers, and write phones = wss://HOST/PATH into [broker "
                "outside] of " PATH_CONF "%s. Then: sudo systemctl reload porchlightd",
                s->now.value[ANSWER_OUTSIDE_ACCOUNT],
                answers_broker_here(&s->now)
                    ? ""
                    : ", and the address of the members' page as page in [venue]");
}

/* Somebody else's broker: its operator made the account, and gave out the CA. */
static int take_outside(struct setup *s)
{
    const char *path = s->now.value[ANSWER_OUTSIDE_ACCOUNT];
    struct account a;
    char host[ANSWER_MAX], *pem = NULL;
    int port, result = -1;
    long days;
    size_t len;

    answers_outside(&s->now, host, &port);
    if (account_read(path, &a) < 0)
        goto forget;
    pem = file_read(a.ca, FILES_READ_MAX, &len);
    if (!pem || pki_days_left(pem, time(NULL), &days) < 0) {
        log_error("%s: ca: %s: %s; expected the PEM file of the broker's CA", path, a.ca,
                  pem ? "holds no certificate" : strerror(errno));
        goto forget;
    }
    if (days < 0) {
        log_error("%s: ca: %s expired %ld days ago; ask the broker's operator for the current one.",
                  path, a.ca, -days - 1);
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
        warn_of_phones(s);
forget:
    if (result < 0)
        log_error("Nothing was changed. Correct %s, then run set-up again.", path);
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
    if (!answer_is(&s->now, ANSWER_OUTSIDE_ACCOUNT, "make"))
        return take_outside(s);
    return setup_own_section(s, "outside", "outside", host, port, true) < 0
               ? -1
               : setup_ways(s, host, port);
}

int setup_brokers(struct setup *s)
{
    bool changed = s->first || s->brokers_changed;
    if (changed && (drop_broker(s, "here") < 0 || drop_broker(s, "outside") < 0 ||
                    drop_broker(s, "first") < 0 || drop_broker(s, SETUP_SECOND_WAY) < 0))
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
