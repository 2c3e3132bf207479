#include "kiosk/cli/brokers.h"
#include "kiosk/cli/cli.h"
#include "kiosk/cli/phone_client.h"
#include "kiosk/cli/print.h"
#include "kiosk/common/clock.h"
#include "kiosk/common/log.h"
#include "kiosk/core/cert.h"
#include "kiosk/core/ns.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* porchlight command acts as a staff phone. It reads the kiosk's current nonce from its signed
 * state, sends one signed letter, and waits for the state that shows that the kiosk obeyed. */

enum { LETTERS_MAX = 3 }; /* the first nonce may be one that another phone has just used */

struct order {
    const char *name;
    enum message_kind kind;
};

static const struct order orders[] = {
    {"lockdown", MSG_CMD_LOCKDOWN}, {"caution", MSG_CMD_CAUTION}, {"all-clear", MSG_CMD_ALL_CLEAR},
    {"drill", MSG_CMD_DRILL},       {"abort", MSG_CMD_ABORT},
};

struct command_run {
    const struct cli *cli;
    struct phone_client_options options;
    const struct order *order;
    int64_t patience; /* --for */
    struct phone_client member;
    struct brokers_plan plan;
    struct view_rules rules;
    struct brokers *brokers;
    struct mqtt_event event;
    size_t broker; /* whose event it is */
    bool received; /* `state` is the newest state */
    struct message state;
    struct {
        uint64_t epoch, seq;
    } looked;
    int letters; /* sent so far, the last under `used` */
    uint8_t used[MESSAGE_NONCE];
    bool taken;   /* a broker took a letter */
    char why[32]; /* the kiosk's answer to the last one, if it refused it; "": none */
};

static const struct order *order_named(const char *name)
{
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++)
        if (strcmp(orders[i].name, name) == 0)
            return &orders[i];
    return NULL;
}

/* --- the letter ------------------------------------------------------------------------------- */

static void letter_prove(const struct command_run *c, struct message *m)
{
    struct cert_clear clear = {.id = m->id, .epoch = m->epoch, .seq = m->seq};
    sodium_hex2bin(clear.account, sizeof clear.account, m->account, 2 * sizeof clear.account, NULL,
                   NULL, NULL);
    cert_clear_sign(&clear, c->member.venue_bytes, c->member.kiosks[0].bytes, c->member.secret,
                    m->proof);
    m->proof_len = CERT_SIGNATURE;
}

/* Sends one letter for each nonce. If a state arrives before the broker has granted everything, the
 * next event tries again. */
static void letter_send(struct command_run *c)
{
    bool fresh = c->letters == 0 || memcmp(c->used, c->state.nonce, sizeof c->used) != 0;
    if (!fresh || c->letters == LETTERS_MAX)
        return;
    char text[PHONE_CLIENT_TEXT];
    struct message m = {
        .kind = c->order->kind,
        .id = c->state.id,
        .epoch = c->looked.epoch,
        .seq = c->looked.seq,
        .age_ms = -1,
    };
    memcpy(m.nonce, c->state.nonce, sizeof m.nonce);
    memcpy(m.account, c->member.account, sizeof m.account);
    if (m.kind == MSG_CMD_ALL_CLEAR)
        letter_prove(c, &m);
    if (message_write(&m, text, sizeof text) < 0 ||
        phone_client_write(&c->member, &c->member.kiosks[0], c->brokers, "command", text) == 0)
        return;
    c->letters++;
    memcpy(c->used, m.nonce, sizeof c->used);
    c->why[0] = '\0';
}

/* --- what comes back -------------------------------------------------------------------------- */

static bool is_obeyed(const struct command_run *c)
{
    const struct message *s = &c->state;
    if (c->letters == 0 || memcmp(s->nonce, c->used, sizeof c->used) == 0)
        return false;
    switch (c->order->kind) {
    case MSG_CMD_LOCKDOWN:
        return s->state == ALERT_LOCKDOWN && !s->drill;
    case MSG_CMD_CAUTION:
        return s->state != ALERT_QUIET && !s->drill;
    case MSG_CMD_ALL_CLEAR:
        return s->state == ALERT_QUIET && alert_id_is_none(&s->id);
    case MSG_CMD_DRILL:
        return s->state != ALERT_QUIET;
    default:
        return true;
    }
}

/* The kiosk's answer, if it is one to the last letter. */
static void command_on_answer(struct command_run *c)
{
    const struct phone_client_kiosk *k = &c->member.kiosks[0];
    const uint8_t *public = c->member.public;
    struct envelope_place at = {.topic = c->event.topic};
    char text[ENVELOPE_LETTER_MAX + 1], nonce[2 * MESSAGE_NONCE + 1];
    size_t len;
    memcpy(at.venue, c->member.venue_bytes, sizeof at.venue);
    memcpy(at.kiosk, k->bytes, sizeof at.kiosk);
    if (envelope_welcome_open(&at, public, c->member.secret, k->public, c->event.payload,
                              c->event.len, text, &len) != ENVELOPE_OK)
        return;
    cJSON *json = cJSON_ParseWithLength(text, len);
    const char *named = cJSON_GetStringValue(cJSON_GetObjectItem(json, "nonce")),
               *why = cJSON_GetStringValue(cJSON_GetObjectItem(json, "reason"));
    sodium_bin2hex(nonce, sizeof nonce, c->used, sizeof c->used);
    if (c->letters > 0 && named && why && strcmp(named, nonce) == 0)
        snprintf(c->why, sizeof c->why, "%s", why);
    cJSON_Delete(json);
}

/* The newest message that this phone has seen: its proof covers everything up to it, what was
 * pressed at the door included. */
static void look(struct command_run *c, const struct message *m)
{
    if (m->epoch > c->looked.epoch || (m->epoch == c->looked.epoch && m->seq > c->looked.seq)) {
        c->looked.epoch = m->epoch;
        c->looked.seq = m->seq;
    }
}

static void command_on_message(struct command_run *c)
{
    if (strstr(c->event.topic, "/answer/")) {
        command_on_answer(c);
        return;
    }
    struct phone_client_heard h;
    phone_client_receive(&c->member, &c->rules, &c->event, clock_is_set() ? time(NULL) : 0, &h);
    bool door = h.message.kind >= MSG_CODE && h.message.kind <= MSG_NOTHING;
    if (!h.refused && !h.root && door && h.verdict != VIEW_OLD)
        look(c, &h.message);
    if (h.refused || h.root || h.message.kind != MSG_STATE ||
        (h.verdict != VIEW_ACCEPTED && h.verdict != VIEW_TOLD && h.verdict != VIEW_UNPROVED))
        return;
    c->state = h.message;
    c->received = true;
    look(c, &h.message);
}

static void command_on_event(struct command_run *c)
{
    const char *broker = c->plan.list[c->broker].name;
    char why[BROKERS_WHY_MAX];
    switch (c->event.kind) {
    case MQTT_MESSAGE:
        command_on_message(c);
        break;
    case MQTT_ACKED:
        c->taken = true;
        break;
    case MQTT_DOWN:
        brokers_why(&c->event, why);
        log_warning("Broker %s is not connected: %s.", broker, why);
        break;
    case MQTT_REFUSED:
        brokers_why(&c->event, why);
        log_warning("Broker %s refused: %s.", broker, why);
        break;
    case MQTT_UP:
    case MQTT_SUBSCRIBED:
    case MQTT_STRANGE:
    case MQTT_TAKEN:
    case MQTT_DROPPED:
        break;
    }
}

/* Until it was obeyed, or patience ends. */
static bool command_turn(struct command_run *c)
{
    int64_t end = clock_now() + c->patience, now;
    struct pollfd p = {.fd = brokers_fd(c->brokers), .events = POLLIN};
    while ((now = clock_now()) < end) {
        int left = (int)((end - now + NS_PER_MS - 1) / NS_PER_MS);
        if (poll(&p, 1, left < 1000 ? left : 1000) < 0 && errno != EINTR)
            return false;
        while (brokers_next(c->brokers, &c->broker, &c->event)) {
            command_on_event(c);
            if (!c->received)
                continue;
            if (is_obeyed(c))
                return true;
            letter_send(c);
        }
    }
    return false;
}

static void report_json(const char *order, bool obeyed, int64_t took)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "command", order);
    cJSON_AddBoolToObject(o, "obeyed", obeyed);
    cJSON_AddNumberToObject(o, "took_ms", (double)(took / NS_PER_MS));
    print_json(o);
    cJSON_Delete(o);
}

/* As command.h names them. */
static const char *refusal_of(const char *why)
{
    if (strcmp(why, "replayed") == 0)
        return "The kiosk refused it, because it had obeyed another command meanwhile. Look at the "
               "state, and try again.";
    if (strcmp(why, "stale") == 0)
        return "The kiosk refused it, because another alert is active than the one it was about. "
               "Look at the state, and try again.";
    return "The kiosk refused it, because its proof would convince no phone: this key "
           "may be of another venue.";
}

static int report(const struct command_run *c, bool obeyed, int64_t took)
{
    static const char *const words[] = {
        "obeyed",
        ("The kiosk did not obey. It may lack this phone's certificate (to add it, on the kiosk: "
         "porchlight keys staff), or there was nothing to end."),
        ("No broker accepted the command. Check that this account may write commands: porchlight "
         "rights lists what a staff account needs."),
        ("No state arrived from the kiosk. Check that it is running (porchlight status) and that "
         "this account may read its topics (porchlight rights)."),
    };
    int i = obeyed ? 0 : c->taken ? 1 : c->letters > 0 ? 2 : 3;
    if (c->cli->json)
        report_json(c->order->name, obeyed, took);
    else if (obeyed)
        printf("%s: obeyed after %" PRId64 " ms\n", c->order->name, took / NS_PER_MS);
    if (!obeyed)
        log_error("%s: %s", c->order->name,
                  i == 1 && c->why[0] != '\0' ? refusal_of(c->why) : words[i]);
    return obeyed ? CLI_OK : i == 3 ? CLI_NOBODY : CLI_FAILED;
}

static int speak(struct command_run *c)
{
    int code = phone_client_init(&c->member, &c->plan, &c->options);
    if (code != 0)
        return code;
    if (c->member.plain) {
        log_error("Nothing was sent: a plain venue accepts no commands, because nothing there is "
                  "signed. End an alert on the kiosk: porchlight all-clear");
        return CLI_FAILED;
    }
    if (brokers_plan_topic(&c->plan, TOPIC_ANSWER, c->member.venue, c->member.kiosks[0].id,
                           c->member.account) < 0)
        return CLI_FAILED;
    signal(SIGPIPE, SIG_IGN);
    c->rules = phone_client_rules(&c->member, true);
    c->brokers = brokers_new(&c->plan);
    if (!c->brokers) {
        log_error("Nothing was sent: the connection to the brokers could not be started: %s.",
                  strerror(errno));
        return CLI_FAILED;
    }
    int64_t began = clock_now();
    bool obeyed = command_turn(c);
    code = report(c, obeyed, clock_now() - began);
    brokers_free(c->brokers);
    return code;
}

static int command_run(const struct cli *cli, void *own, char **words)
{
    struct command_run *c = own;
    c->cli = cli;
    c->order = order_named(words[0]);
    if (!c->order)
        return cli_misuse(&cli_command, "\"%s\" is not a command", words[0]);
    if (!c->options.key)
        return cli_misuse(&cli_command, "--key FILE is missing");
    c->options.prefix = cli->prefix;
    c->options.staff = true;
    if (!c->patience)
        c->patience = 10 * NS_PER_S;
    int code = speak(c);
    phone_client_finish(&c->member);
    return code;
}

static const struct cli_option command_options[] = {
    OPTION("for", "TIME", struct command_run, patience,
           "how long to wait for the kiosk; 10s unless given"),
    PHONE_CLIENT_OPTIONS(struct command_run),
    {0},
};

const struct cli_command cli_command = {
    .name = "command",
    .arguments = "lockdown|caution|all-clear|drill|abort --key FILE",
    .summary = "command the kiosk as a staff phone does",
    .options = command_options,
    .size = sizeof(struct command_run),
    .words_min = 1,
    .words_max = 1,
    .json = true,
    .run = command_run,
};
