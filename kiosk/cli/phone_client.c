#include "kiosk/cli/phone_client.h"

#include "config/rules.h"
#include "config/secret.h"
#include "kiosk/cli/keys/broker_ca.h"
#include "kiosk/cli/locked_memory.h"
#include "kiosk/common/log.h"
#include "kiosk/common/paths.h"
#include "kiosk/common/topics.h"
#include "kiosk/core/cert.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BEATS_MISSED = 3 }; /* VIEW_LOST_AFTER is three beats of 5 s */

/* --- ids and keys ----------------------------------------------------------------------------- */

static bool id_read(const char *text, uint8_t out[ENVELOPE_ID])
{
    return topic_is_id(text) &&
           sodium_hex2bin(out, ENVELOPE_ID, text, TOPIC_ID_LEN, NULL, NULL, NULL) == 0;
}

static int kiosk_add(struct phone_client *m, const char *prefix, const char *id, bool own)
{
    struct phone_client_kiosk *k = &m->kiosks[m->kiosks_count];
    char pub[CONFIG_NAME_MAX + 16], cert[CONFIG_NAME_MAX + 16];
    uint8_t signature[CERT_SIGNATURE];
    struct cert_kiosk said;
    if (m->kiosks_count == PHONE_CLIENT_KIOSKS_MAX) {
        log_error("--also was given too often. At most %d kiosks can be watched at once.",
                  PHONE_CLIENT_KIOSKS_MAX);
        return -1;
    }
    if (!id_read(id, k->bytes)) {
        log_error("\"%.40s\" is not an id: expected 16 hex digits (0-9, a-f).", id);
        return -1;
    }
    memcpy(k->id, id, TOPIC_ID_LEN + 1);
    view_init(&k->view);
    m->kiosks_count++;
    if (m->plain)
        return 0;
    snprintf(pub, sizeof pub, own ? "kiosk.pub" : "kiosk-%s.pub", id);
    snprintf(cert, sizeof cert, own ? "kiosk.cert" : "kiosk-%s.cert", id);
    if (secret_read_key(prefix, pub, false, k->public, sizeof k->public, config_complain_stderr,
                        NULL) < 0 ||
        secret_read_key(prefix, cert, false, signature, sizeof signature, config_complain_stderr,
                        NULL) < 0)
        return -1;
    memcpy(said.venue, m->venue_bytes, sizeof said.venue);
    memcpy(said.kiosk, k->bytes, sizeof said.kiosk);
    memcpy(said.public, k->public, sizeof said.public);
    if (cert_kiosk_check(&said, m->root, signature))
        return 0;
    log_error("%s does not certify %s: the venue's root key did not sign it. Copy both from the "
              "kiosk's credentials again.",
              cert, pub);
    return -1;
}

static int phone_client_keys_read(struct phone_client *m, const char *prefix)
{
    if (m->plain)
        return 0;
    m->venue_key = locked_memory(ENVELOPE_KEY);
    return !m->venue_key ||
                   secret_read_key(prefix, "venue.key", true, m->venue_key, ENVELOPE_KEY,
                                   config_complain_stderr, NULL) < 0 ||
                   secret_read_key(prefix, "root.pub", false, m->root, sizeof m->root,
                                   config_complain_stderr, NULL) < 0
               ? -1
               : 0;
}

/* --- brokers ---------------------------------------------------------------------------------- */

/* Of two ways to one broker a phone takes the first: its account can be connected once. */
static bool wanted(const struct phone_client_options *o, const struct config *c, size_t broker)
{
    for (size_t i = 0; i < o->only.count; i++)
        if (strcmp(o->only.texts[i], c->brokers[broker].name) == 0)
            return true;
    return o->only.count == 0 && config_home(c, broker) == broker;
}

static int broker_complain(const char *text)
{
    log_error("\"%s\" is not a broker's address: expected HOST:PORT, with an IPv6 address in "
              "brackets.",
              text);
    return -1;
}

/* HOST:PORT, [IPV6]:PORT. False: it is neither. */
static bool address_read(const char *text, struct config_broker *b)
{
    const char *colon = strrchr(text, ':');
    bool bracket = text[0] == '[';
    char *end;
    if (!colon)
        return false;
    size_t host = (size_t)(colon - text);
    if (bracket && (host < 3 || colon[-1] != ']'))
        return false;
    host -= bracket ? 2 : 0;
    long port = strtol(colon + 1, &end, 10);
    if (host == 0 || host >= sizeof b->host || *end != '\0' || port < 1 || port > 65535)
        return false;
    memcpy(b->host, text + bracket, host);
    b->host[host] = '\0';
    b->port = (int)port;
    return true;
}

/* --connect and --ca as the only broker of the config. */
static int broker_from_option(struct config *c, const struct phone_client_options *o)
{
    struct config_broker *b = &c->brokers[0];
    if (!address_read(o->connect, b))
        return broker_complain(o->connect);
    snprintf(b->name, sizeof b->name, "broker");
    b->tls = o->ca;
    if (o->ca && (size_t)snprintf(b->ca, sizeof b->ca, "%s", o->ca) >= sizeof b->ca) {
        log_error("--ca %s: the path is too long.", o->ca);
        return -1;
    }
    c->brokers_count = 1;
    if (b->tls || rules_is_loopback(b->host))
        return 0;
    log_error("Not connected: %s is another machine, and a password is sent there only over TLS. "
              "Name the PEM file of its CA: --ca FILE",
              b->host);
    return -1;
}

/* A CA that the command line names is taken from exactly that path. */
static int find_ca(const struct phone_client_options *o, struct config_broker *b)
{
    return o->connect ? broker_ca_check("--ca", b->ca) : broker_ca_set(o->prefix, b);
}

static int plan_broker(struct phone_client *m, struct brokers_plan *plan,
                       const struct phone_client_options *o, const struct config_broker *b)
{
    struct config_broker *one = &plan->list[plan->count];
    char *password = m->passwords + plan->count * SECRET_FILE_MAX;
    const char *name = o->password ? o->password : o->user ? "" : b->password;
    *one = *b;
    if (o->only.count == 0)
        one->interface[0] = '\0'; /* whichever way there is */
    if (o->user)
        snprintf(one->user, sizeof one->user, "%s", o->user);
    if (one->tls && find_ca(o, one) < 0)
        return -1;
    if (name[0] != '\0' && secret_read_line(o->prefix, name, password, SECRET_FILE_MAX,
                                            config_complain_stderr, NULL) < 0)
        return -1;
    plan->passwords[plan->count++] = name[0] != '\0' ? password : NULL;
    return 0;
}

static int plan_brokers(struct phone_client *m, struct brokers_plan *plan,
                        const struct phone_client_options *o)
{
    m->passwords = locked_memory((size_t)BROKERS_MAX * SECRET_FILE_MAX);
    if (!m->passwords)
        return -1;
    for (size_t i = 0; i < m->config.brokers_count; i++)
        if (wanted(o, &m->config, i) && plan_broker(m, plan, o, &m->config.brokers[i]) < 0)
            return -1;
    if (plan->count > 0)
        return 0;
    log_error("porchlight.conf has no broker of that name. Its [broker NAME] sections give the "
              "names for --broker.");
    return -1;
}

/* --- the whole -------------------------------------------------------------------------------- */

static int plan_words(const struct phone_client *m, struct brokers_plan *plan)
{
    for (size_t k = 0; k < m->kiosks_count && !m->plain; k++)
        if (brokers_plan_topic(plan, TOPIC_WORDS, m->venue, m->kiosks[k].id, "+") < 0)
            return -1;
    return 0;
}

static int plan_topics(const struct phone_client *m, struct brokers_plan *plan, bool staff)
{
    static const struct {
        enum topic topic;
        bool staff, sealed; /* only of staff; not of a plain venue */
    } all[] = {{TOPIC_ROOT, false, true},   {TOPIC_ALERT, false, false},
               {TOPIC_STATE, false, false}, {TOPIC_PRESENCE, false, false},
               {TOPIC_BEAT, false, false},  {TOPIC_NOTICE, true, false},
               {TOPIC_STAFF, true, true}};
    for (size_t k = 0; k < m->kiosks_count; k++)
        for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
            if ((staff || !all[i].staff) && (!m->plain || !all[i].sealed) &&
                brokers_plan_topic(plan, all[i].topic, m->venue, m->kiosks[k].id, NULL) < 0)
                return -1;
    return 0;
}

static int own_key_read(struct phone_client *m, const char *file)
{
    if (!file || m->plain)
        return 0;
    uint8_t *seed = locked_memory(crypto_sign_SEEDBYTES);
    m->secret = seed ? locked_memory(ENVELOPE_SECRET) : NULL;
    int code = m->secret ? secret_read_file(file, true, seed, crypto_sign_SEEDBYTES,
                                            config_complain_stderr, NULL)
                         : -1;
    if (code == 0)
        crypto_sign_seed_keypair(m->public, m->secret, seed);
    sodium_free(seed);
    return code;
}

static void account_choose(struct phone_client *m, const struct phone_client_options *o)
{
    uint8_t bytes[ENVELOPE_ID];
    const char *asked = o->account ? o->account : o->user ? o->user : "";
    if (id_read(asked, bytes)) {
        memcpy(m->account, asked, TOPIC_ID_LEN + 1);
        return;
    }
    randombytes_buf(bytes, sizeof bytes);
    sodium_bin2hex(m->account, sizeof m->account, bytes, sizeof bytes);
}

static int config_read(struct phone_client *m, const struct phone_client_options *o)
{
    char path[PATH_LEN];
    if (o->venue && o->kiosk && o->connect) {
        memcpy(m->config.venue.id, o->venue, sizeof m->config.venue.id);
        memcpy(m->config.kiosk.id, o->kiosk, sizeof m->config.kiosk.id);
    } else if (path_under(o->prefix, PATH_CONF, path) < 0 ||
               config_load(path, &m->config, config_complain_stderr, NULL) < 0) {
        return -1;
    }
    return o->connect ? broker_from_option(&m->config, o) : 0;
}

int phone_client_init(struct phone_client *m, struct brokers_plan *plan,
                      const struct phone_client_options *o)
{
    memset(m, 0, sizeof *m);
    brokers_plan_init(plan);
    if (sodium_init() < 0 || config_read(m, o) < 0)
        return CLI_FAILED;
    m->plain = m->config.kiosk.plain;
    memcpy(m->venue, m->config.venue.id, TOPIC_ID_LEN + 1);
    id_read(m->venue, m->venue_bytes);
    account_choose(m, o);
    if (phone_client_keys_read(m, o->prefix) < 0 || (!m->plain && own_key_read(m, o->key) < 0) ||
        kiosk_add(m, o->prefix, m->config.kiosk.id, true) < 0)
        return CLI_FAILED;
    for (size_t i = 0; i < o->also.count; i++)
        if (kiosk_add(m, o->prefix, o->also.texts[i], false) < 0)
            return CLI_FAILED;
    if (plan_brokers(m, plan, o) < 0 || plan_topics(m, plan, o->staff) < 0 ||
        (o->words && plan_words(m, plan) < 0))
        return CLI_FAILED;
    memcpy(plan->common.client_id, m->account, TOPIC_ID_LEN + 1);
    return 0;
}

void phone_client_finish(struct phone_client *m)
{
    sodium_free(m->venue_key);
    sodium_free(m->passwords);
    sodium_free(m->secret);
    m->venue_key = m->secret = NULL;
    m->passwords = NULL;
}

struct view_rules phone_client_rules(const struct phone_client *m, bool staff)
{
    int64_t beat = m->config.timing.beat, state = m->config.timing.state;
    return (struct view_rules){
        .lost_after = beat > 0 ? BEATS_MISSED * beat : VIEW_LOST_AFTER,
        .stale_after = state > 0 ? state / 2 * 5 : VIEW_STALE_AFTER,
        .all_clear_lasts = VIEW_ALL_CLEAR_LASTS,
        .staff = staff,
        .plain = m->plain,
    };
}

size_t phone_client_write(const struct phone_client *m, const struct phone_client_kiosk *k,
                          struct brokers *brokers, const char *topic, const char *text)
{
    char full[TOPIC_NAME_MAX];
    uint8_t wire[ENVELOPE_SIZE];
    struct envelope_place at = {.topic = full};
    snprintf(full, sizeof full, "porchlight/%s/%s/%s/%s", m->venue, k->id, topic, m->account);
    if (m->plain)
        return brokers_publish(brokers, full, false, text, strlen(text));
    memcpy(at.venue, m->venue_bytes, sizeof at.venue);
    memcpy(at.kiosk, k->bytes, sizeof at.kiosk);
    if (envelope_letter_seal(&at, k->public, m->secret, text, strlen(text), wire) != ENVELOPE_OK)
        return 0;
    return brokers_publish(brokers, full, false, wire, sizeof wire);
}

void phone_client_ping(struct phone_client *m, const struct view_rules *r, struct brokers *brokers,
                       int64_t now)
{
    char text[PHONE_CLIENT_TEXT];
    for (size_t i = 0; i < m->kiosks_count; i++) {
        struct phone_client_kiosk *k = &m->kiosks[i];
        struct message ping = {.kind = MSG_PING, .epoch = k->view.epoch, .echo_count = 1};
        if (m->plain || !view_wants_ping(&k->view, r, now))
            continue;
        randombytes_buf(ping.echo[0], sizeof ping.echo[0]);
        if (message_write(&ping, text, sizeof text) > 0 &&
            phone_client_write(m, k, brokers, "ack", text) > 0)
            freshness_ask(&k->view.fresh, ping.echo[0], now);
    }
}
