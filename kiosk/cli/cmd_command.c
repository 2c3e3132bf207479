#include "config/secret.h"
#include "kiosk/cli/brokers.h"
#include "kiosk/cli/cli.h"
#include "kiosk/cli/phone_client.h"
#include "kiosk/common/clock.h"
#include "kiosk/common/duration.h"
#include "kiosk/common/log.h"
#include "kiosk/core/cert.h"
#include "kiosk/core/ns.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* porchlight command: speaks as a staff phone. It reads the kiosk's current nonce from its signed
 * state, sends one signed letter, and waits for the state that shows that it was obeyed. */

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
    const char *key;  /* --key FILE */
    int64_t patience; /* --for */
    uint8_t *secret;  /* ENVELOPE_SECRET, locked memory */
    struct phone_client member;
    struct brokers_plan plan;
    struct view_rules rules;
    struct brokers *brokers;
    struct brokers_event event;
    bool heard; /* `state` is the newest state */
    struct message state;
    int letters; /* sent so far, the last under `used` */
    uint8_t used[MESSAGE_NONCE];
    bool taken; /* a broker took a letter */
};

static const struct option own_options[] = {
    {"key", required_argument, NULL, 'k'},
    {"for", required_argument, NULL, 'f'},
    {0},
};

static const struct order *order_named(const char *name)
{
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++)
        if (strcmp(orders[i].name, name) == 0)
            return &orders[i];
    return NULL;
}

static int command_take_options(struct command_run *c, int argc, char **argv)
{
    struct option all[PHONE_CLIENT_OPTIONS_MAX];
    int o;
    phone_client_options_add(all, own_options);
    while ((o = getopt_long(argc, argv, "", all, NULL)) != -1) {
        if (o == 'k')
            c->key = optarg;
        else if (o == 'f' && (duration_parse(optarg, &c->patience) < 0 || c->patience == 0))
            return cli_misuse(&cli_command, "--for wants a time such as 10s, not \"%s\"", optarg);
        else if (o != 'f' && phone_client_option(&c->options, &cli_command, o, optarg) < 0)
            return CLI_USAGE;
    }
    c->order = order_named(optind < argc ? argv[optind] : "");
    if (!c->order || optind + 1 != argc || !c->key)
        return cli_misuse(&cli_command, "expected one command and --key FILE");
    return 0;
}

static int key_read(struct command_run *c)
{
    uint8_t public[ENVELOPE_PUBLIC];
    uint8_t *seed = sodium_malloc(crypto_sign_SEEDBYTES);
    c->secret = sodium_malloc(ENVELOPE_SECRET);
    int code = -1;
    if (!seed || !c->secret)
        log_error("no locked memory for the staff key; raise the limit (ulimit -l)");
    else
        code = secret_read_file(c->key, true, seed, crypto_sign_SEEDBYTES, config_complain_stderr,
                                NULL);
    if (code == 0)
        crypto_sign_seed_keypair(public, c->secret, seed);
    sodium_free(seed);
    return code;
}

/* --- the letter ------------------------------------------------------------------------------- */

static void letter_prove(const struct command_run *c, struct message *m)
{
    struct cert_clear clear = {.id = m->id, .epoch = m->epoch, .seq = m->seq};
    sodium_hex2bin(clear.account, sizeof clear.account, m->account, 2 * sizeof clear.account, NULL,
                   NULL, NULL);
    cert_clear_sign(&clear, c->member.venue_bytes, c->member.kiosks[0].bytes, c->secret, m->proof);
    m->proof_len = CERT_SIGNATURE;
}

/* Where this nonce had no letter yet. A state may come before the broker has granted everything:
 * then it is tried again at the next event. */
static void letter_send(struct command_run *c)
{
    bool fresh = c->letters == 0 || memcmp(c->used, c->state.nonce, sizeof c->used) != 0;
    if (!fresh || c->letters == LETTERS_MAX)
        return;
    char text[PHONE_CLIENT_TEXT];
    struct message m = {
        .kind = c->order->kind,
        .id = c->state.id,
        .epoch = c->state.epoch,
        .seq = c->state.seq,
        .age_ms = -1,
    };
    memcpy(m.nonce, c->state.nonce, sizeof m.nonce);
    memcpy(m.account, c->member.account, sizeof m.account);
    if (m.kind == MSG_CMD_ALL_CLEAR)
        letter_prove(c, &m);
    if (message_write(&m, text, sizeof text) < 0 ||
        phone_client_write(&c->member, &c->member.kiosks[0], c->brokers, "command", c->secret,
                           text) == 0)
        return;
    c->letters++;
    memcpy(c->used, m.nonce, sizeof c->used);
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
        return s->state == ALERT_QUIET && !s->duress;
    case MSG_CMD_DRILL:
        return s->state != ALERT_QUIET;
    default:
        return true;
    }
}

static void command_on_message(struct command_run *c)
{
    struct phone_client_heard h;
    phone_client_receive(&c->member, &c->rules, &c->event, clock_is_set() ? time(NULL) : 0, &h);
    if (h.refused || h.retired || h.message.kind != MSG_STATE ||
        (h.verdict != VIEW_HEARD && h.verdict != VIEW_TOLD && h.verdict != VIEW_UNPROVED))
        return;
    c->state = h.message;
    c->heard = true;
}

static void command_on_event(struct command_run *c)
{
    const char *broker = c->plan.brokers[c->event.broker].name;
    switch (c->event.kind) {
    case BROKERS_MESSAGE:
        command_on_message(c);
        break;
    case BROKERS_SENT:
        c->taken = true;
        break;
    case BROKERS_DOWN:
        log_warning("broker %s: not connected: %s", broker, c->event.reason);
        break;
    case BROKERS_REFUSED:
        log_warning("broker %s: %s", broker, c->event.reason);
        break;
    case BROKERS_UP:
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
        while (brokers_next(c->brokers, &c->event) > 0) {
            command_on_event(c);
            if (!c->heard)
                continue;
            if (is_obeyed(c))
                return true;
            letter_send(c);
        }
    }
    return false;
}

static int report(const struct command_run *c, bool obeyed, int64_t took)
{
    static const char *const words[] = {
        "obeyed",
        ("the kiosk did not obey: is this phone's certificate there (porchlight keys staff), and "
         "is there something to end?"),
        "no broker took it: may this account write commands?",
        "no state came from the kiosk; is it running, and may this account read its topics?",
    };
    int i = obeyed ? 0 : c->taken ? 1 : c->letters > 0 ? 2 : 3;
    if (c->cli->json)
        printf("{\"command\":\"%s\",\"obeyed\":%s,\"took_ms\":%" PRId64 "}\n", c->order->name,
               obeyed ? "true" : "false", took / NS_PER_MS);
    else if (obeyed)
        printf("%s: obeyed after %" PRId64 " ms\n", c->order->name, took / NS_PER_MS);
    if (!obeyed)
        log_error("%s: %s", c->order->name, words[i]);
    return obeyed ? CLI_OK : i == 3 ? CLI_NOBODY : CLI_FAILED;
}

static int speak(struct command_run *c)
{
    int code = phone_client_init(&c->member, &c->plan, &c->options);
    if (code != 0)
        return code;
    if (c->member.plain) {
        log_error("a plain venue takes no commands: nothing there is signed");
        return CLI_FAILED;
    }
    if (key_read(c) < 0)
        return CLI_FAILED;
    signal(SIGPIPE, SIG_IGN);
    c->rules = phone_client_rules(&c->member, true);
    c->brokers = brokers_new(&c->plan);
    if (!c->brokers) {
        log_error("cannot begin: %s", strerror(errno));
        return CLI_FAILED;
    }
    int64_t began = clock_now();
    bool obeyed = command_turn(c);
    code = report(c, obeyed, clock_now() - began);
    brokers_free(c->brokers);
    return code;
}

static int command_run_one(const struct cli *cli, int argc, char **argv)
{
    struct command_run *c = calloc(1, sizeof *c);
    if (!c)
        return CLI_FAILED;
    c->cli = cli;
    c->options.prefix = cli->prefix;
    c->options.staff = true;
    c->patience = 10 * NS_PER_S;
    int code = command_take_options(c, argc, argv);
    if (code == 0 && c->order)
        code = speak(c);
    phone_client_finish(&c->member);
    sodium_free(c->secret);
    free(c);
    return code;
}

const struct cli_command cli_command = {
    .name = "command",
    .arguments = "lockdown|caution|all-clear|drill|abort --key FILE",
    .summary = "command the kiosk as a staff phone does",
    .help = "  --key FILE       the staff key that porchlight keys staff made\n"
            "  --for TIME       how long to wait for the kiosk; 10s\n" PHONE_CLIENT_HELP,
    .json = true,
    .run = command_run_one,
};
