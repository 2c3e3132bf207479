#include "config/secret.h"
#include "kiosk/cli/brokers.h"
#include "kiosk/cli/keys/broker_ca.h"
#include "kiosk/cli/keys/root.h"
#include "kiosk/common/clock.h"
#include "kiosk/common/dynsec.h"
#include "kiosk/common/log.h"
#include "kiosk/common/paths.h"
#include "kiosk/common/topics.h"

#include <errno.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* Disowns a kiosk. The order matters: first its account gets a password that nobody keeps, so that
 * the kiosk is out; then, as that account, the notice is left in its state's place, which nobody
 * can write to any more. (The account stays: a broker gives out what is retained only while its
 * author may still write there.) */
#define PATIENCE (8 * INT64_C(1000000000))

enum { RANDOM = 24, PASSWORD = 40 };

struct retire {
    const struct cli *cli;
    const char *root_file, *user, *credential;
    struct config config;
    uint8_t notice[ENVELOPE_SIZE];
    char topic[TOPIC_NAME_MAX];
    char ca[PATH_LEN]; /* of the broker that is being told */
    struct {
        char own[CONFIG_TEXT_MAX], fresh[PASSWORD];
        char request[DYNSEC_MAX];
    } * secrets; /* locked memory */
};

/* --- one connection -------------------------------------------------------------------------- */

/* Waits for one kind of event. 0; 1 if the connection ended or was refused first, 2 when time is
 * up, both with a reason. */
static int await(struct brokers *m, enum brokers_event_kind wanted, struct brokers_event *e)
{
    int64_t until = clock_now() + PATIENCE;
    char said[BROKERS_REASON_LEN] = "no answer";
    for (;;) {
        int got = brokers_next(m, e);
        if (got > 0 && e->kind == wanted)
            return 0;
        if (got > 0 && (e->kind == BROKERS_DOWN || e->kind == BROKERS_REFUSED)) {
            snprintf(said, sizeof said, "%s", e->reason);
            if (wanted != BROKERS_UP)
                return 1;
        }
        struct pollfd p = {.fd = brokers_fd(m), .events = POLLIN};
        int64_t left = until - clock_now();
        if (got < 0 || left <= 0) {
            snprintf(e->reason, sizeof e->reason, "%s", said);
            return 2;
        }
        if (got == 0)
            poll(&p, 1, (int)(left / 1000000) + 1);
    }
}

static struct brokers *meet(const struct retire *r, const struct config_broker *b, const char *user,
                            const char *id, const char *password, const char *topic,
                            char reason[BROKERS_REASON_LEN])
{
    struct brokers_plan plan = {.brokers = {{.name = b->name,
                                             .host = b->host,
                                             .port = b->port,
                                             .tls = b->tls,
                                             .ca = r->ca,
                                             .user = user,
                                             .password = password}},
                                .brokers_count = 1,
                                .topics = {topic},
                                .topics_count = topic ? 1 : 0,
                                .client_id = id};
    struct brokers_event e = {0};
    struct brokers *m = brokers_new(&plan);
    if (m && await(m, BROKERS_UP, &e) == 0)
        return m;
    snprintf(reason, BROKERS_REASON_LEN, "%s", m ? e.reason : strerror(errno));
    brokers_free(m);
    return NULL;
}

/* --- the two steps --------------------------------------------------------------------------- */

/* The kiosk's account gets the fresh password. 0, or -1 with a reason. Whoever changes its own is
 * thrown out before the answer comes: that it worked shows in the second step. */
static int lock_out(struct retire *r, const struct config_broker *b,
                    char reason[BROKERS_REASON_LEN])
{
    const char *user = r->user ? r->user : b->user;
    struct brokers_event e;
    struct brokers *m =
        meet(r, b, user, r->user ? NULL : b->user, r->secrets->own, DYNSEC_RESPONSE, reason);
    int len = dynsec_write(dynsec_password(b->user, r->secrets->fresh), NULL, r->secrets->request,
                           DYNSEC_MAX);
    if (!m)
        return -1;
    if (len < 0 || brokers_publish(m, DYNSEC_REQUEST, r->secrets->request, (size_t)len) != 1) {
        snprintf(reason, BROKERS_REASON_LEN, "[broker %s] user is no account of ours", b->name);
        brokers_free(m);
        return -1;
    }
    int rc = await(m, BROKERS_MESSAGE, &e);
    bool refused = rc == 2 || (rc == 0 && memmem(e.payload, e.len, "\"error\"", 7));
    brokers_free(m);
    if (refused)
        snprintf(reason, BROKERS_REASON_LEN,
                 "its password could not be changed; name an account that may, by --user and "
                 "--password");
    return refused ? -1 : 0;
}

static int leave_notice(const struct retire *r, const struct config_broker *b,
                        char reason[BROKERS_REASON_LEN])
{
    struct brokers_event e = {0};
    struct brokers *m = meet(r, b, b->user, b->user, r->secrets->fresh, NULL, reason);
    if (!m)
        return -1;
    int rc = brokers_leave(m, r->topic, r->notice, sizeof r->notice) == 1
                 ? await(m, BROKERS_SENT, &e)
                 : 1;
    if (rc != 0)
        snprintf(reason, BROKERS_REASON_LEN, "the notice was not taken: %.100s", e.reason);
    brokers_free(m);
    return rc == 0 ? 0 : -1;
}

static bool disown(struct retire *r, const struct config_broker *b)
{
    enum { VARIANT = sodium_base64_VARIANT_URLSAFE_NO_PADDING };
    char reason[BROKERS_REASON_LEN] = "";
    uint8_t random[RANDOM];
    const char *name = r->credential ? r->credential : b->password;
    if (b->tls && broker_ca_find(r->cli->prefix, b, r->ca) < 0)
        return false;
    if (secret_read_line(r->cli->prefix, name, r->secrets->own, sizeof r->secrets->own,
                         config_complain_stderr, NULL) < 0)
        return false;
    randombytes_buf(random, sizeof random);
    sodium_bin2base64(r->secrets->fresh, sizeof r->secrets->fresh, random, sizeof random, VARIANT);
    sodium_memzero(random, sizeof random);
    if (lock_out(r, b, reason) == 0 && leave_notice(r, b, reason) == 0)
        return true;
    fprintf(stderr, "porchlight retire: broker %s: %s\n", b->name, reason);
    return false;
}

/* --- the whole ------------------------------------------------------------------------------- */

static int notice_make(struct retire *r)
{
    struct cert_kiosk cert;
    const struct config *c = &r->config;
    struct root *root = root_open(r->cli->prefix, r->root_file);
    int rc = -1;
    if (root && secret_read_key(r->cli->prefix, "kiosk.pub", false, cert.public, sizeof cert.public,
                                config_complain_stderr, NULL) == 0) {
        sodium_hex2bin(cert.venue, sizeof cert.venue, c->venue.id, TOPIC_ID_LEN, NULL, NULL, NULL);
        sodium_hex2bin(cert.kiosk, sizeof cert.kiosk, c->kiosk.id, TOPIC_ID_LEN, NULL, NULL, NULL);
        cert_retire(&cert, root_secret(root), r->notice);
        rc = topic_name(TOPIC_STATE, c->venue.id, c->kiosk.id, NULL, r->topic);
    }
    root_close(root);
    return rc;
}

static int retire(struct retire *r)
{
    char path[PATH_LEN];
    size_t done = 0;
    if (path_under(r->cli->prefix, PATH_CONF, path) < 0 ||
        config_load(path, &r->config, config_complain_stderr, NULL) != 0)
        return CLI_FAILED;
    if (r->config.kiosk.plain) {
        log_error("a plain venue has no keys, so its phones would obey no notice; delete the "
                  "kiosk's account at the broker");
        return CLI_FAILED;
    }
    if (notice_make(r) != 0)
        return CLI_FAILED;
    for (size_t i = 0; i < r->config.brokers_count; i++)
        done += disown(r, &r->config.brokers[i]);
    if (done < r->config.brokers_count)
        return CLI_FAILED;
    puts(r->cli->json ? "{\"ok\":true}"
                      : "Every broker knows: that kiosk is out, and phones disown it for ever.");
    return CLI_OK;
}

static int retire_run(const struct cli *cli, void *own, char **words)
{
    struct retire *r = own;
    int code = CLI_FAILED;
    (void)words;
    if (!r->root_file || (!r->user) != (!r->credential))
        return cli_misuse(&cli_retire, r->root_file ? "--user and --password go together"
                                                    : "--root FILE is missing");
    if (root_check(&cli_retire, r->root_file) != CLI_OK)
        return CLI_USAGE;
    r->cli = cli;
    r->secrets = sodium_init() < 0 ? NULL : sodium_malloc(sizeof *r->secrets);
    if (!r->secrets)
        log_error("no locked memory for passwords; raise the limit (ulimit -l)");
    else
        code = retire(r);
    sodium_free(r->secrets);
    return code;
}

static const struct cli_option retire_options[] = {
    OPTION("root", "FILE", struct retire, root_file,
           "the root key; - to type it in from its paper"),
    OPTION("user", "NAME", struct retire, user,
           "an account that may make accounts at the brokers; the kiosk's unless given"),
    OPTION("password", "NAME", struct retire, credential, "the credential that holds its password"),
    {0},
};

const struct cli_command cli_retire = {
    .name = "retire",
    .arguments = "--root FILE [OPTIONS]",
    .summary = "permanently disown a kiosk that was seized or given away",
    .options = retire_options,
    .size = sizeof(struct retire),
    .json = true,
    .run = retire_run,
};
