#include "config/secret.h"
#include "kiosk/common/clock.h"
#include "kiosk/common/log.h"
#include "kiosk/common/paths.h"
#include "kiosk/common/topics.h"
#include "kiosk/common/version.h"
#include "kiosk/relay/inbound.h"
#include "kiosk/relay/link.h"
#include "kiosk/relay/ntfy.h"
#include "kiosk/relay/push_registration.h"
#include "kiosk/relay/relay_conf.h"
#include "kiosk/relay/ring_policy.h"
#include "kiosk/relay/subs.h"
#include "kiosk/relay/webpush_sender.h"

#include <curl/curl.h>
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

enum { TICK_MS = 250, PASSWORD_MAX = 128 };

struct relay {
    struct relay_conf conf;
    struct inbound ears;
    pthread_mutex_t lock; /* over watch: the link's thread and ours */
    struct ring_policy watch;
    struct link_plan plan;
    struct link *link;
    struct ntfy *pushes[RELAY_PUSHES_MAX];
    struct push_registration desk;
    struct webpush_sender *ringer; /* NULL: no Web Push */
    char *password;                /* locked */
    int64_t beat_at;
    uint64_t beats;
};

static const char usage[] =
    "Usage: porchlight-relay [--prefix DIR] [--config FILE] [--check]\n"
    "       porchlight-relay [--prefix DIR] --forget-subscriptions\n"
    "Rings locked phones through a push server when a venue's kiosk alerts or falls silent.\n"
    "Its place is beside a broker outside the venue. Usually started by systemd.\n"
    "\n"
    "  --prefix DIR     every path below DIR, for trying out (default: none)\n"
    "  --config FILE    instead of <prefix>/etc/porchlight/relay.conf\n"
    "  --check          read the config and the keys, say what is wrong, and end\n"
    "  --forget-subscriptions\n"
    "                   delete what phones' browsers gave us to ring them by, and end; a relay "
    "that\n"
    "                   runs forgets it too. Phones ask again when their page is opened\n"
    "  --verbose        say more on stderr\n"
    "  --help, --version\n";

static void ring(struct relay *r, enum ring_policy_ring why)
{
    static const char *const names[] = {
        [RING_POLICY_ALERT] = "something was told",
        [RING_POLICY_SILENT] = "a kiosk is silent",
        [RING_POLICY_BLIND] = "no broker for too long",
    };
    log_info("ringing: %s", names[why]);
    for (size_t i = 0; i < r->conf.pushes_count; i++)
        ntfy_wake(r->pushes[i]);
    webpush_sender_wake(r->ringer);
}

/* --- on the link's thread -------------------------------------------------------------------- */

static void relay_on_up(void *context, bool up)
{
    struct relay *r = context;

    pthread_mutex_lock(&r->lock);
    ring_policy_link(&r->watch, up, clock_now());
    pthread_mutex_unlock(&r->lock);
    if (up && r->ringer)
        push_registration_offer(&r->desk, &r->ears, r->ringer, r->link);
    log_info(up ? "connected" : "not connected");
}

/* The account is the topic's end, which the kiosk's signature covers. */
static void on_revoked(struct relay *r, const char *topic, size_t i)
{
    char account[TOPIC_ID_LEN + 1];
    enum topic t;

    if (topic_parse(topic, r->ears.venue, r->ears.kiosks[i].id, &t, account) == 0 &&
        t == TOPIC_WAKE)
        webpush_sender_revoke(r->ringer, account);
}

static void relay_on_heard(void *context, const char *topic, const uint8_t *payload, size_t len,
                           bool retained)
{
    struct relay *r = context;
    struct message m;
    struct view_word word;
    size_t i;
    int64_t wall = clock_is_set() ? (int64_t)time(NULL) : -1;
    enum ring_policy_ring wanted = RING_POLICY_NOTHING;

    if (r->ringer &&
        push_registration_heard(&r->desk, &r->ears, r->ringer, topic, payload, len, retained))
        return;
    switch (inbound_read(&r->ears, topic, payload, len, retained, wall, &i, &m, &word)) {
    case INBOUND_NOTHING:
        log_debug("a message was refused");
        return;
    case INBOUND_REKEYED:
        log_info("kiosk %s: a new venue key came", r->ears.kiosks[i].id);
        return;
    case INBOUND_RETIRED:
        pthread_mutex_lock(&r->lock);
        ring_policy_retire(&r->watch, i);
        pthread_mutex_unlock(&r->lock);
        return;
    case INBOUND_WORD:
        if (m.kind == MSG_REVOKED) {
            on_revoked(r, topic, i);
            return;
        }
        pthread_mutex_lock(&r->lock);
        wanted = ring_policy_word(&r->watch, i, &word, clock_now());
        pthread_mutex_unlock(&r->lock);
    }
    if (wanted != RING_POLICY_NOTHING)
        ring(r, wanted);
}

/* --- on ours --------------------------------------------------------------------------------- */

/* A relay whose pushes fail rings nobody, and one that cannot read a kiosk hears nothing of it: it
 * does not claim to live. */
static void beat(struct relay *r, int64_t now)
{
    char topic[TOPIC_NAME_MAX];
    uint8_t wire[ENVELOPE_SIZE];
    if (now < r->beat_at)
        return;
    r->beat_at = now + r->conf.relay.beat;
    for (size_t i = 0; i < r->conf.pushes_count; i++)
        if (!ntfy_works(r->pushes[i]))
            return;
    if (!webpush_sender_works(r->ringer))
        return;
    r->beats++;
    for (size_t i = 0; i < r->ears.count; i++)
        if (!r->ears.kiosks[i].deaf &&
            inbound_beat(&r->ears, i, r->conf.relay.account, r->beats, topic, wire) == 0)
            link_publish(r->link, topic, wire, sizeof wire);
}

static void tick(struct relay *r)
{
    int64_t now = clock_now();
    enum ring_policy_ring wanted;

    for (;;) {
        pthread_mutex_lock(&r->lock);
        wanted = ring_policy_tick(&r->watch, now);
        pthread_mutex_unlock(&r->lock);
        if (wanted == RING_POLICY_NOTHING)
            break;
        ring(r, wanted);
    }
    beat(r, now);
    sd_notify(0, "WATCHDOG=1");
}

static int relay_run(struct relay *r, int signals)
{
    struct pollfd p = {.fd = signals, .events = POLLIN};

    sd_notify(0, "READY=1");
    while (poll(&p, 1, TICK_MS) == 0)
        tick(r);
    sd_notify(0, "STOPPING=1");
    return 0;
}

/* --- from the config to what runs ------------------------------------------------------------ */

static void plan_make(struct relay *r)
{
    static const enum topic wanted[] = {TOPIC_ALERT, TOPIC_STATE, TOPIC_PRESENCE, TOPIC_BEAT};
    struct link_plan *p = &r->plan;

    *p = (struct link_plan){.host = r->conf.broker.host,
                            .port = r->conf.broker.port,
                            .tls = r->conf.broker.tls,
                            .ca = r->conf.broker.ca,
                            .account = r->conf.relay.account,
                            .password = r->password,
                            .up = relay_on_up,
                            .heard = relay_on_heard,
                            .context = r};
    for (size_t i = 0; i < r->conf.kiosks_count; i++) {
        const char *kiosk = r->conf.kiosks[i].id;
        for (size_t t = 0; t < sizeof wanted / sizeof wanted[0]; t++)
            topic_name(wanted[t], r->conf.venue.id, kiosk, NULL, p->topics[p->topics_count++]);
        if (keyring_is_known(r->ears.keys))
            topic_name(TOPIC_ENROL, r->conf.venue.id, kiosk, r->conf.relay.account,
                       p->topics[p->topics_count++]);
        if (r->ringer)
            topic_name(TOPIC_WAKE, r->conf.venue.id, kiosk, "+", p->topics[p->topics_count++]);
    }
}

static int webpush_sender_start(struct relay *r, const char *prefix)
{
    uint8_t seed[32];
    int result = push_registration_init(&r->desk, &r->ears, prefix, seed);
    if (result == 0) {
        r->ringer = webpush_sender_new(&r->conf.web, prefix, seed);
        result = r->ringer ? 0 : -1;
        if (!r->ringer)
            log_error("web push cannot begin: %s; look at " PATH_RELAY_DIR, strerror(errno));
    }
    sodium_memzero(seed, sizeof seed);
    return result;
}

static int pushes_start(struct relay *r, const char *prefix)
{
    int result = -1;
    char *token = sodium_malloc(PASSWORD_MAX);
    if (!token)
        return -1;
    for (size_t i = 0; i < r->conf.pushes_count; i++) {
        const struct relay_push *to = &r->conf.pushes[i];

        token[0] = '\0';
        if (to->token[0] && secret_read_line(prefix, to->token, token, PASSWORD_MAX,
                                             config_complain_stderr, NULL) < 0)
            goto token_free;
        r->pushes[i] = ntfy_new(to, r->conf.relay.word, token);
        if (!r->pushes[i])
            goto token_free;
    }
    result = 0;
token_free:
    sodium_free(token);
    return result;
}

static int relay_keys_read(struct relay *r, const char *prefix)
{
    r->password = sodium_malloc(PASSWORD_MAX);
    if (!r->password || secret_read_line(prefix, "relay-broker", r->password, PASSWORD_MAX,
                                         config_complain_stderr, NULL) < 0)
        return -1;
    return inbound_init(&r->ears, &r->conf, prefix);
}

static int relay_start(struct relay *r, const char *prefix)
{
    ring_policy_init(&r->watch, r->conf.kiosks_count, r->conf.relay.blind, clock_now());
    pthread_mutex_init(&r->lock, NULL);
    if (pushes_start(r, prefix) < 0 ||
        (r->conf.web.contact[0] && webpush_sender_start(r, prefix) < 0))
        return -1;
    plan_make(r);
    r->link = link_new(&r->plan);
    if (!r->link)
        log_error("cannot prepare the way to the broker: %s; check [broker] ca", strerror(errno));
    return r->link ? 0 : -1;
}

static void relay_finish(struct relay *r)
{
    link_free(r->link);
    for (size_t i = 0; i < RELAY_PUSHES_MAX; i++)
        ntfy_free(r->pushes[i]);
    webpush_sender_free(r->ringer);
    push_registration_finish(&r->desk);
    inbound_finish(&r->ears);
    sodium_free(r->password);
}

struct options {
    const char *prefix, *config;
    bool check, forget;
};

static int relay_options_read(int argc, char **argv, struct options *o)
{
    static const struct option known[] = {
        {"prefix", required_argument, NULL, 'p'}, {"config", required_argument, NULL, 'c'},
        {"check", no_argument, NULL, 'n'},        {"forget-subscriptions", no_argument, NULL, 'f'},
        {"verbose", no_argument, NULL, 'v'},      {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},      {0}};

    *o = (struct options){.prefix = ""};
    for (int c; (c = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        switch (c) {
        case 'p':
            o->prefix = optarg;
            break;
        case 'c':
            o->config = optarg;
            break;
        case 'n':
            o->check = true;
            break;
        case 'f':
            o->forget = true;
            break;
        case 'v':
            log_init("porchlight-relay", LOG_LEVEL_DEBUG);
            break;
        case 'h':
            fputs(usage, stdout);
            exit(0);
        case 'V':
            puts(PORCHLIGHT_VERSION);
            exit(0);
        default:
            return -1;
        }
    }
    return optind == argc ? 0 : -1;
}

static int forget(const char *prefix)
{
    int count = sodium_init() < 0 ? -1 : subs_forget(prefix);
    if (count < 0)
        log_error("the subscriptions below " PATH_RELAY_DIR ": %s", strerror(errno));
    else
        printf("deleted: %d\n", count);
    return count < 0 ? 1 : 0;
}

static int relay_signals_open(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    signal(SIGPIPE, SIG_IGN);
    return sigprocmask(SIG_BLOCK, &set, NULL) < 0 ? -1 : signalfd(-1, &set, SFD_CLOEXEC);
}

int main(int argc, char **argv)
{
    static struct relay r;
    struct options o;
    char path[PATH_LEN];
    int result = 1;

    log_init("porchlight-relay", LOG_LEVEL_INFO);
    if (relay_options_read(argc, argv, &o) < 0) {
        fputs(usage, stderr);
        return 2;
    }
    if (o.forget)
        return forget(o.prefix);
    int signals = relay_signals_open();
    if (sodium_init() < 0 || curl_global_init(CURL_GLOBAL_DEFAULT) != 0 || signals < 0 ||
        path_under(o.prefix, PATH_RELAY_CONF, path) < 0) {
        log_error("cannot start: %s", strerror(errno));
        return 1;
    }
    if (relay_conf_load(o.config ? o.config : path, &r.conf, config_complain_stderr, NULL) == 0 &&
        relay_keys_read(&r, o.prefix) == 0)
        result = o.check ? 0 : relay_start(&r, o.prefix) < 0 ? 1 : relay_run(&r, signals);
    relay_finish(&r);
    curl_global_cleanup();
    close(signals);
    return result;
}
