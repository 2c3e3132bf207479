#include "kiosk/cli/brokers.h"
#include "kiosk/cli/cli.h"
#include "kiosk/cli/listen_output.h"
#include "kiosk/cli/phone_client.h"
#include "kiosk/common/clock.h"
#include "kiosk/common/log.h"
#include "kiosk/core/ns.h"
#include "kiosk/core/own_answer.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

/* porchlight listen: a member's phone in a terminal. */

enum {
    LOOK_MS = 200, /* how often to check whether time has changed what is shown */
    SESSION_S = 3600,
};

struct listen {
    const struct cli *cli;
    struct phone_client_options options;
    const char *session; /* --session NAME */
    int64_t lasts;       /* --for; 0: until a signal */
    const char *until;   /* --until SHOW */
    const char *answer;  /* --ack: seen, safe or help; NULL: no answers */

    struct phone_client member;
    struct brokers_plan plan;
    struct view_rules rules;
    struct brokers *brokers;
    bool up[BROKERS_MAX];
    char shown[512]; /* what was said last */
    enum view_show worst;
    struct own_answers answers[PHONE_CLIENT_KIOSKS_MAX];
    struct message counts[PHONE_CLIENT_KIOSKS_MAX]; /* the last, of each kiosk */
    struct mqtt_event event;                        /* the one that is being looked at */
    size_t broker;                                  /* whose it is */
};

/* MSG_KINDS: no answer has that name. */
static enum message_kind answer_named(const char *name)
{
    static const enum message_kind answers[] = {MSG_SEEN, MSG_SAFE, MSG_HELP};
    for (size_t i = 0; name && i < sizeof answers / sizeof answers[0]; i++)
        if (strcmp(message_kind_name(answers[i]), name) == 0)
            return answers[i];
    return MSG_KINDS;
}

static const char *take_answer(void *field, const char *value)
{
    const char **answer = field;
    *answer = value;
    return answer_named(value) < MSG_KINDS ? NULL : "seen, safe or help";
}

static const char *take_show(void *field, const char *value)
{
    const char **until = field;
    *until = value;
    for (enum view_show s = VIEW_QUIET; s <= VIEW_LOCKDOWN; s++)
        if (strcmp(view_show_name(s), value) == 0)
            return NULL;
    return "what a phone can show, such as quiet or lockdown";
}

/* --- what happens ----------------------------------------------------------------------------- */

static const char *broker_name(const struct listen *l)
{
    return l->plan.list[l->broker].name;
}

static bool is_linked(const struct listen *l)
{
    bool any = false;
    for (size_t i = 0; i < l->plan.count; i++)
        any |= l->up[i];
    return any;
}

static void on_link(struct listen *l, const struct mqtt_event *e)
{
    l->up[l->broker] = e->kind != MQTT_DOWN;
    for (size_t i = 0; i < l->member.kiosks_count; i++)
        view_link(&l->member.kiosks[i].view, is_linked(l), e->at);
    listen_output_link(l->cli->json, e, broker_name(l));
}

static bool listen_answer_send(struct listen *l, struct phone_client_kiosk *k,
                               const struct alert_id *id, int64_t now)
{
    struct message reply = {.kind = answer_named(l->answer), .id = *id, .seq = 1, .age_ms = -1};
    char text[PHONE_CLIENT_TEXT];
    memcpy(reply.account, l->member.account, sizeof reply.account);
    bool left = message_write(&reply, text, sizeof text) >= 0 &&
                phone_client_write(&l->member, k, l->brokers, "ack", text) > 0;
    listen_output_answer(l->cli->json, left ? "acked" : "unsent", message_kind_name(reply.kind),
                         left ? "" : "no broker is connected", now);
    return left;
}

/* Each alert is answered once, and once more for each restart of the kiosk. */
static void listen_answer(struct listen *l, const struct phone_client_heard *h, int64_t now)
{
    if (!l->answer || !h->kiosk || h->verdict == VIEW_OLD || h->verdict == VIEW_LATE ||
        h->verdict == VIEW_DISOWNED)
        return;
    struct own_answers *a = &l->answers[h->kiosk - l->member.kiosks];
    own_answer_hear(a, &h->message, randombytes_random(), now);
    if (own_answer_is_asked(&h->message) && h->verdict == VIEW_TOLD && a->now.seq == 0 &&
        listen_answer_send(l, h->kiosk, &a->now.id, now))
        own_answer_give(a, answer_named(l->answer), 1);
}

static void listen_answer_again(struct listen *l, int64_t now)
{
    for (size_t i = 0; i < l->member.kiosks_count && is_linked(l); i++)
        if (own_answer_is_due(&l->answers[i], now))
            listen_answer_send(l, &l->member.kiosks[i], &l->answers[i].now.id, now);
}

/* Whether the counts differ from the last ones of that kiosk, which they take the place of. */
static bool counts_are_new(struct listen *l, const struct phone_client_heard *h)
{
    const struct message *m = &h->message;
    if (!h->kiosk)
        return false;
    struct message *last = &l->counts[h->kiosk - l->member.kiosks];
    bool same = alert_id_equal(&last->id, &m->id) && last->seen == m->seen &&
                last->safe == m->safe && last->help == m->help && last->of == m->of &&
                last->rang == m->rang && last->phones == m->phones;
    *last = *m;
    return !same;
}

static void listen_on_message(struct listen *l, const struct mqtt_event *e)
{
    struct phone_client_heard h;
    bool unconfirmed[PHONE_CLIENT_KIOSKS_MAX] = {false};
    for (size_t i = 0; i < l->member.kiosks_count; i++)
        unconfirmed[i] = l->member.kiosks[i].view.unconfirmed;
    phone_client_receive(&l->member, &l->rules, e, clock_is_synced() ? time(NULL) : 0, &h);
    bool counts = !h.refused && !h.root && h.message.kind == MSG_COUNTS;
    bool news =
        counts ? counts_are_new(l, &h) : h.kiosk && !unconfirmed[h.kiosk - l->member.kiosks];
    listen_output_message(l->cli->json, &h, e, broker_name(l), news);
    if (!h.refused && !h.root && !h.words)
        listen_answer(l, &h, e->at);
}

static void listen_on_event(struct listen *l, const struct mqtt_event *e)
{
    char why[BROKERS_WHY_MAX];
    switch (e->kind) {
    case MQTT_STRANGE:
    case MQTT_TAKEN:
    case MQTT_DROPPED:
    case MQTT_UP: /* it listens only once the broker has answered for every topic */
        break;
    case MQTT_SUBSCRIBED:
    case MQTT_DOWN:
        on_link(l, e);
        break;
    case MQTT_MESSAGE:
        listen_on_message(l, e);
        break;
    case MQTT_ACKED:
        listen_output_answer(l->cli->json, "sent", broker_name(l),
                             e->no_subscribers ? "nobody listens" : "", e->at);
        break;
    case MQTT_REFUSED:
        brokers_why(e, why);
        listen_output_answer(l->cli->json, e->token == 0 ? "denied" : "unsent",
                             e->token == 0 ? e->topic : broker_name(l), why, e->at);
        break;
    }
}

/* Says what the phone shows, whenever that changed. */
static void listen_look(struct listen *l, int64_t now)
{
    enum view_show shows[PHONE_CLIENT_KIOSKS_MAX];
    char all[sizeof l->shown] = "";
    size_t used = 0;
    for (size_t i = 0; i < l->member.kiosks_count; i++) {
        struct view_shown s = view_look(&l->member.kiosks[i].view, &l->rules, now);
        shows[i] = s.show;
        used += (size_t)snprintf(all + used, sizeof all - used, "%s %d%d%d%d%d%d;",
                                 view_show_name(s.show), s.duress, s.code, s.silent, s.delayed,
                                 s.held, s.late);
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
        phone_client_ping(&l->member, &l->rules, l->brokers, clock_now());
        listen_answer_again(l, clock_now());
        listen_look(l, clock_now());
        if (reached(l))
            return CLI_OK;
        if (clock_now() >= end)
            return l->until ? CLI_FAILED : CLI_OK;
        if (poll(p, 2, LOOK_MS) < 0 && errno != EINTR)
            return CLI_FAILED;
        if (p[0].revents)
            return l->until ? CLI_FAILED : CLI_OK;
        while (n++ < 64 && brokers_next(l->brokers, &l->broker, &l->event)) {
            listen_on_event(l, &l->event);
            listen_look(l, l->event.at);
            if (reached(l))
                return CLI_OK;
        }
        if (ferror(stdout))
            return CLI_FAILED; /* nobody reads it any more */
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

static int listen_run(const struct cli *cli, void *own, char **words)
{
    struct listen *l = own;
    (void)words;
    l->cli = cli;
    l->options.prefix = cli->prefix;
    l->options.words = true;
    int signals = -1, code = phone_client_init(&l->member, &l->plan, &l->options);
    if (code != 0)
        goto free_member;
    if (l->answer && !l->options.key && !l->member.plain) {
        code =
            cli_misuse(&cli_listen, "--ack needs --key FILE: the kiosk counts only answers that a "
                                    "phone has signed");
        goto free_member;
    }
    if (l->session) {
        snprintf(l->plan.common.client_id, sizeof l->plan.common.client_id, "%s", l->session);
        l->plan.common.session_s = SESSION_S;
    }
    if (l->options.staff && !l->member.plain && !l->options.key) {
        code =
            cli_misuse(&cli_listen, "--staff: --key FILE is missing; what staff read is sealed to "
                                    "the keys of their phones");
        goto free_member;
    }
    l->rules = phone_client_rules(&l->member, l->options.staff);
    signals = listen_signals_open();
    l->brokers = signals < 0 ? NULL : brokers_new(&l->plan);
    if (!l->brokers) {
        log_error("Listening could not start: %s.", strerror(errno));
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
    return code;
}

static const struct cli_option listen_options[] = {
    OPTION_BY("ack", "seen|safe|help", struct listen, answer, take_answer, "answer each alert"),
    OPTION("staff", NULL, struct listen, options.staff,
           "with --key: be a staff phone, and show notices and what was pressed at the door"),
    OPTION("for", "TIME", struct listen, lasts, "end after that time, such as 30s"),
    OPTION_BY("until", "SHOW", struct listen, until, take_show,
              "end with 0 as soon as this is shown (quiet, lockdown, ...), otherwise with 1"),
    OPTION("session", "NAME", struct listen, session,
           "have the broker keep what arrives while this is not running, for an hour"),
    PHONE_CLIENT_OPTIONS(struct listen),
    {0},
};

const struct cli_command cli_listen = {
    .name = "listen",
    .arguments = "[--ack seen|safe|help] [--staff] [--for TIME] [--until SHOW]",
    .summary = "be a member's phone: print what arrives, and what a phone shows",
    .options = listen_options,
    .size = sizeof(struct listen),
    .json = true,
    .run = listen_run,
};
