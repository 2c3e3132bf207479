#include "kiosk/cli/brokers.h"
#include "kiosk/cli/cli.h"
#include "kiosk/cli/listen_output.h"
#include "kiosk/cli/phone_client.h"
#include "kiosk/common/clock.h"
#include "kiosk/common/duration.h"
#include "kiosk/common/log.h"
#include "kiosk/core/ns.h"

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

/* porchlight listen: a member's phone in a terminal. */

enum { LOOK_MS = 200 }; /* how often time alone may change what is shown */

struct listen {
    const struct cli *cli;
    struct phone_client_options options;
    const char *session; /* --session NAME */
    int64_t lasts;       /* --for; 0: until a signal */
    const char *until;   /* --until SHOW */
    bool answers;        /* --ack */
    enum message_kind answer;

    struct phone_client member;
    struct brokers_plan plan;
    struct view_rules rules;
    struct brokers *brokers;
    bool up[BROKERS_MAX];
    char shown[512]; /* what was told last */
    enum view_show worst;
    struct alert_id answered;
    struct brokers_event event; /* the one that is being looked at */
};

static const struct option own_options[] = {
    {"ack", required_argument, NULL, 'a'},     {"staff", no_argument, NULL, 's'},
    {"for", required_argument, NULL, 'f'},     {"until", required_argument, NULL, 'u'},
    {"session", required_argument, NULL, 'n'}, {0},
};

static int take_option(struct listen *l, int c)
{
    switch (c) {
    case 'a':
        l->answers = true;
        l->answer = strcmp(optarg, "safe") == 0 ? MSG_SAFE : MSG_SEEN;
        if (strcmp(optarg, "safe") != 0 && strcmp(optarg, "seen") != 0)
            return cli_misuse(&cli_listen, "--ack wants seen or safe, not \"%s\"", optarg);
        return 0;
    case 's':
        l->options.staff = true;
        return 0;
    case 'f':
        if (duration_parse(optarg, &l->lasts) < 0 || l->lasts == 0)
            return cli_misuse(&cli_listen, "--for wants a time such as 30s, not \"%s\"", optarg);
        return 0;
    case 'u':
        l->until = optarg;
        for (enum view_show s = VIEW_QUIET; s <= VIEW_LOCKDOWN; s++)
            if (strcmp(view_show_name(s), optarg) == 0)
                return 0;
        return cli_misuse(&cli_listen,
                          "--until wants what can be shown, such as quiet or "
                          "lockdown, not \"%s\"",
                          optarg);
    case 'n':
        l->session = optarg;
        return 0;
    default:
        return phone_client_option(&l->options, &cli_listen, c, optarg) < 0 ? CLI_USAGE : 0;
    }
}

static int listen_take_options(struct listen *l, int argc, char **argv)
{
    struct option all[PHONE_CLIENT_OPTIONS_MAX];
    int c, code = 0;
    phone_client_options_add(all, own_options);
    while (code == 0 && (c = getopt_long(argc, argv, "", all, NULL)) != -1)
        code = take_option(l, c);
    if (code == 0 && optind < argc)
        code = cli_misuse(&cli_listen, "\"%s\" is too much", argv[optind]);
    return code;
}

/* --- what happens ----------------------------------------------------------------------------- */

static const char *broker_name(const struct listen *l, const struct brokers_event *e)
{
    return l->plan.brokers[e->broker].name;
}

static void on_link(struct listen *l, const struct brokers_event *e)
{
    bool any = false;
    l->up[e->broker] = e->kind == BROKERS_UP;
    for (size_t i = 0; i < l->plan.brokers_count; i++)
        any |= l->up[i];
    for (size_t i = 0; i < l->member.kiosks_count; i++)
        view_link(&l->member.kiosks[i].view, any, e->at);
    listen_output_link(l->cli->json, e, broker_name(l, e));
}

/* Each alert is answered once. */
static void listen_answer(struct listen *l, const struct phone_client_heard *h, int64_t now)
{
    struct message reply = {.kind = l->answer, .id = h->message.id, .age_ms = -1};
    char text[PHONE_CLIENT_TEXT];
    bool alert = h->message.kind == MSG_LOCKDOWN || h->message.kind == MSG_CAUTION ||
                 (h->message.kind == MSG_STATE && h->message.state != ALERT_QUIET);
    if (!l->answers || !alert || h->verdict != VIEW_TOLD ||
        alert_id_equal(&l->answered, &h->message.id))
        return;
    memcpy(reply.account, l->member.account, sizeof reply.account);
    const char *what = message_kind_name(reply.kind);
    bool left = message_write(&reply, text, sizeof text) >= 0 &&
                phone_client_write(&l->member, h->kiosk, l->brokers, "ack", NULL, text) > 0;
    if (left)
        l->answered = h->message.id;
    listen_output_answer(l->cli->json, left ? "acked" : "unsent", what,
                         left ? "" : "no broker is connected", now);
}

static void listen_on_message(struct listen *l, const struct brokers_event *e)
{
    struct phone_client_heard h;
    bool unconfirmed[PHONE_CLIENT_KIOSKS_MAX] = {false};
    for (size_t i = 0; i < l->member.kiosks_count; i++)
        unconfirmed[i] = l->member.kiosks[i].view.unconfirmed;
    phone_client_receive(&l->member, &l->rules, e, clock_is_set() ? time(NULL) : 0, &h);
    bool newly = h.kiosk && !unconfirmed[h.kiosk - l->member.kiosks];
    listen_output_message(l->cli->json, &h, e, broker_name(l, e), newly);
    if (!h.refused && !h.retired)
        listen_answer(l, &h, e->at);
}

static void listen_on_event(struct listen *l, const struct brokers_event *e)
{
    switch (e->kind) {
    case BROKERS_UP:
    case BROKERS_DOWN:
        on_link(l, e);
        break;
    case BROKERS_MESSAGE:
        listen_on_message(l, e);
        break;
    case BROKERS_SENT:
        listen_output_answer(l->cli->json, "sent", broker_name(l, e), e->reason, e->at);
        break;
    case BROKERS_REFUSED:
        listen_output_answer(l->cli->json, "unsent", broker_name(l, e), e->reason, e->at);
        break;
    }
}

/* Tells what the phone shows, whenever that changed. */
static void listen_look(struct listen *l, int64_t now)
{
    enum view_show shows[PHONE_CLIENT_KIOSKS_MAX];
    char all[sizeof l->shown] = "";
    size_t used = 0;
    for (size_t i = 0; i < l->member.kiosks_count; i++) {
        struct view_shown s = view_look(&l->member.kiosks[i].view, &l->rules, now);
        shows[i] = s.show;
        used += (size_t)snprintf(all + used, sizeof all - used, "%s %d %d;", view_show_name(s.show),
                                 s.duress, s.silent);
    }
    l->worst = view_worst(shows, l->member.kiosks_count);
    if (strcmp(all, l->shown) == 0)
        return;
    memcpy(l->shown, all, sizeof all);
    listen_output_show(l->cli->json, &l->member, &l->rules, l->worst, now);
}

static bool reached(const struct listen *l)
{
    return l->until && strcmp(view_show_name(l->worst), l->until) == 0;
}

/* Until a signal, --for or --until. An enum cli_exit. */
static int listen_turn(struct listen *l, int signals)
{
    int64_t end = l->lasts > 0 ? clock_now() + l->lasts : NS_NEVER;
    struct pollfd p[2] = {{.fd = signals, .events = POLLIN},
                          {.fd = brokers_fd(l->brokers), .events = POLLIN}};
    for (;;) {
        int n = 0;
        listen_look(l, clock_now());
        if (reached(l))
            return CLI_OK;
        if (clock_now() >= end)
            return l->until ? CLI_FAILED : CLI_OK;
        if (poll(p, 2, LOOK_MS) < 0 && errno != EINTR)
            return CLI_FAILED;
        if (p[0].revents)
            return l->until ? CLI_FAILED : CLI_OK;
        while (n++ < 64 && brokers_next(l->brokers, &l->event) > 0) {
            listen_on_event(l, &l->event);
            listen_look(l, l->event.at);
            if (reached(l))
                return CLI_OK;
        }
        if (ferror(stdout))
            return CLI_FAILED; /* who read it has gone */
    }
}

static int listen_signals_open(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    signal(SIGPIPE, SIG_IGN);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
        return -1;
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int listen_run(const struct cli *cli, int argc, char **argv)
{
    struct listen *l = calloc(1, sizeof *l);
    if (!l)
        return CLI_FAILED;
    l->cli = cli;
    l->options.prefix = cli->prefix;
    int signals = -1, code = listen_take_options(l, argc, argv);
    if (code == 0)
        code = phone_client_init(&l->member, &l->plan, &l->options);
    if (code != 0)
        goto free_member;
    if (l->session) {
        l->plan.client_id = l->session;
        l->plan.session = true;
    }
    l->rules = phone_client_rules(&l->member, l->options.staff);
    signals = listen_signals_open();
    l->brokers = signals < 0 ? NULL : brokers_new(&l->plan);
    if (!l->brokers) {
        log_error("listening cannot begin: %s", strerror(errno));
        code = CLI_FAILED;
        goto close_signals;
    }
    code = listen_turn(l, signals);
    brokers_free(l->brokers);
close_signals:
    if (signals >= 0)
        close(signals);
free_member:
    phone_client_finish(&l->member);
    free(l);
    return code;
}

const struct cli_command cli_listen = {
    .name = "listen",
    .arguments = "[--ack seen|safe] [--staff] [--for TIME] [--until SHOW]",
    .summary = "be a member's phone: say what comes, and what a phone shows",
    .help = "  --ack seen|safe  answer each alert\n"
            "  --staff          a staff phone: notices and duress too\n"
            "  --for TIME       end after that time\n"
            "  --until SHOW     end in 0 once this is shown (quiet, lockdown, ...), else in 1\n"
            "  --session NAME   the broker keeps what comes while we are away, for an "
            "hour\n" PHONE_CLIENT_HELP,
    .json = true,
    .run = listen_run,
};
