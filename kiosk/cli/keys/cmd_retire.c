#include "config/secret.h"
#include "kiosk/cli/brokers.h"
#include "kiosk/cli/keys/broker_ca.h"
#include "kiosk/cli/keys/root.h"
#include "kiosk/cli/locked_memory.h"
#include "kiosk/cli/print.h"
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

/* Disowns a kiosk. The order matters: first its account gets a password that nobody keeps, which
 * shuts the kiosk out; then, as that account, the notice is published in place of its state, where
 * nobody can write any more. (The account stays: a broker hands out a retained message only while
 * its author may still write there.) */
#define PATIENCE (8 * INT64_C(1000000000))

enum { RANDOM = 24, PASSWORD = 40 };

struct retire {
    const struct cli *cli;
    const char *root_file, *user, *credential;
    struct config config;
    uint8_t notice[ENVELOPE_SIZE];
    char topic[TOPIC_NAME_MAX];
    struct {
        char own[SECRET_FILE_MAX], fresh[PASSWORD];
        char request[DYNSEC_MAX];
    } * secrets; /* locked memory */
};

/* --- one connection -------------------------------------------------------------------------- */

enum outcome { CAME, ENDED, LATE };

/* Waits for one kind of event. ENDED: the connection ended, or something was refused, first; LATE:
 * time is up. `why` says so of both. Until it is connected, a failure is tried again. */
static enum outcome await(struct brokers *b, enum mqtt_event_kind wanted, struct mqtt_event *e,
                          char why[BROKERS_WHY_MAX])
{
    int64_t until = clock_now() + PATIENCE, left;
    struct pollfd p = {.fd = brokers_fd(b), .events = POLLIN};
    size_t which;
    snprintf(why, BROKERS_WHY_MAX, "it does not answer");
    while ((left = until - clock_now()) > 0) {
        if (!brokers_next(b, &which, e)) {
            poll(&p, 1, (int)(left / 1000000) + 1);
            continue;
        }
        if (e->kind == MQTT_DOWN || e->kind == MQTT_REFUSED)
            brokers_why(e, why);
        if (e->kind == wanted)
            return CAME;
        if (e->kind == MQTT_REFUSED || (e->kind == MQTT_DOWN && wanted != MQTT_SUBSCRIBED))
            return ENDED;
    }
    return LATE;
}

/* Connected, and subscribed to `topic` (NULL: to none); `id` NULL: any. NULL and why. */
static struct brokers *meet(const struct config_broker *broker, const char *id,
                            const char *password, const char *topic, char why[BROKERS_WHY_MAX])
{
    struct brokers_plan plan;
    struct mqtt_event e;
    brokers_plan_init(&plan);
    plan.list[plan.count] = *broker;
    plan.passwords[plan.count++] = password;
    if (id)
        strcpy(plan.common.client_id, id);
    if (topic)
        strcpy(plan.common.subscribe[plan.common.subscribe_count++].topic, topic);
    struct brokers *b = brokers_new(&plan);
    if (b && await(b, MQTT_SUBSCRIBED, &e, why) == CAME)
        return b;
    if (!b)
        snprintf(why, BROKERS_WHY_MAX, "%s", strerror(errno));
    brokers_free(b);
    return NULL;
}

/* --- the two steps --------------------------------------------------------------------------- */

/* Gives the kiosk's account the new password. 0, or -1 and why. An account that changes its own
 * password is disconnected before the answer arrives; the second step shows that it worked. */
static int lock_out(struct retire *r, const struct config_broker *broker, char why[BROKERS_WHY_MAX])
{
    struct config_broker as = *broker;
    struct mqtt_event e;
    if (r->user)
        snprintf(as.user, sizeof as.user, "%s", r->user);
    struct brokers *b =
        meet(&as, r->user ? NULL : broker->user, r->secrets->own, DYNSEC_RESPONSE, why);
    int len = dynsec_write(dynsec_password(broker->user, r->secrets->fresh), NULL,
                           r->secrets->request, DYNSEC_MAX);
    if (!b)
        return -1;
    if (len < 0 ||
        brokers_publish(b, DYNSEC_REQUEST, false, r->secrets->request, (size_t)len) != 1) {
        snprintf(why, BROKERS_WHY_MAX,
                 "the account in [broker %s] user is not one that this program can change",
                 broker->name);
        brokers_free(b);
        return -1;
    }
    enum outcome got = await(b, MQTT_MESSAGE, &e, why);
    bool refused = got == LATE || (got == CAME && memmem(e.payload, e.len, "\"error\"", 7));
    brokers_free(b);
    if (refused)
        snprintf(why, BROKERS_WHY_MAX,
                 "the kiosk's password could not be changed. Name an account that may change it: "
                 "--user NAME --password NAME");
    return refused ? -1 : 0;
}

static int leave_notice(const struct retire *r, const struct config_broker *broker,
                        char why[BROKERS_WHY_MAX])
{
    struct mqtt_event e;
    struct brokers *b = meet(broker, broker->user, r->secrets->fresh, NULL, why);
    if (!b)
        return -1;
    bool taken = brokers_publish(b, r->topic, true, r->notice, sizeof r->notice) == 1 &&
                 await(b, MQTT_ACKED, &e, why) == CAME;
    brokers_free(b);
    return taken ? 0 : -1;
}

static bool disown(struct retire *r, struct config_broker *b)
{
    enum { VARIANT = sodium_base64_VARIANT_URLSAFE_NO_PADDING };
    char why[BROKERS_WHY_MAX] = "";
    uint8_t random[RANDOM];
    const char *name = r->credential ? r->credential : b->password;
    if (b->tls && broker_ca_set(r->cli->prefix, b) < 0)
        return false;
    if (secret_read_line(r->cli->prefix, name, r->secrets->own, sizeof r->secrets->own,
                         config_complain_stderr, NULL) < 0)
        return false;
    randombytes_buf(random, sizeof random);
    sodium_bin2base64(r->secrets->fresh, sizeof r->secrets->fresh, random, sizeof random, VARIANT);
    sodium_memzero(random, sizeof random);
    if (lock_out(r, b, why) == 0 && leave_notice(r, b, why) == 0)
        return true;
    log_error("The kiosk is not disowned at broker %s: %s.", b->name, why);
    return false;
}

/* --- the whole ------------------------------------------------------------------------------- */

static int notice_make(struct retire *r)
{
    const struct config *c = &r->config;
    uint8_t public[ENVELOPE_PUBLIC];
    struct root *root = root_open(r->cli->prefix, r->root_file);
    int rc = -1;
    if (root &&
        secret_read_key(r->cli->prefix, "kiosk.pub", false, public, sizeof public,
                        config_complain_stderr, NULL) == 0 &&
        root_retire_kiosk(root, c->venue.id, c->kiosk.id, public, r->notice) == 0)
        rc = topic_name(TOPIC_STATE, c->venue.id, c->kiosk.id, NULL, r->topic);
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
        log_error("Nothing was done: a plain venue has no keys, so its phones would not obey a "
                  "notice. Delete the kiosk's account at the broker instead.");
        return CLI_FAILED;
    }
    if (notice_make(r) != 0)
        return CLI_FAILED;
    for (size_t i = 0; i < r->config.brokers_count; i++)
        done += disown(r, &r->config.brokers[i]);
    if (done < r->config.brokers_count)
        return CLI_FAILED;
    print_say("%s", r->cli->json ? "{\"ok\":true}"
                                 : "Done: every broker shuts that kiosk out, and phones disown it "
                                   "permanently.");
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
    r->secrets = locked_memory(sizeof *r->secrets);
    if (r->secrets)
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
