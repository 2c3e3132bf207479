#include "kiosk/cli/control_client.h"
#include "kiosk/cli/print.h"
#include "kiosk/cli/status_cue.h"
#include "kiosk/common/duration.h"
#include "kiosk/core/cue.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The reply's keys, all optional here so that an older porchlightd can still be read:
 *   state, on_site   "quiet" | "caution" | "lockdown"; on_site: what the screen and lights show
 *   drill            a drill runs
 *   alert            null, or {id, age_ms (null: not known), handed_over, delivery: "handed over" |
 *                    "no subscriber" | "unproved" | "denied" | "lan" | "pending"}
 *   brokers          [{name, interface (absent: any), connected, lost, outside, error (null: none),
 *                    losses, dropped, registrar_dropped, mqtt, beat_ms (null: none)}]; lost: it
 *                    has failed while another works; dropped: messages that were too many from
 *                    one account, and by whom they were not looked at
 *   buttons          {connected, error (null: none)}: the broker of buttons by radio; absent: none
 *   inputs           [{name, kind: "switch" | "door" | "mains" | "lid" | "tilt" | "tamper", active
 *                    (null: never shown), fault (null: none), battery: percent, where it has one;
 *                    of a UPS charge: percent, and lasts_s}]
 *   outputs          [{name, kind: "motor" | "lamp" | "sounder" | "relay", active, fault (null:
 *                    none)}]
 *   seen, safe, help phones that answered the current alert
 *   pending          messages that have not left the venue yet
 *   faults           [sentence]: what of config, credentials, CA files and lines cannot be used
 *   record_fault     the record cannot be written
 *   last_drill       null (none since the start), or {at, seen, safe, rang}
 *   troubles         [{code, since: seconds since 1970, 0: not known, said}]
 *   relay            one is expected; whether all are silent is in cue
 *   relays, relays_alive  how many the venue has, and how many of them send signs of life
 *   relay_dropped    as dropped, by all relays together
 *   retired          the root key has disowned this kiosk
 *   members, staff   phones that belong to the venue
 *   rang, phones     phones of so many that got a weekly test in the last 14 days, by Web Push
 *   month            of so many that got one in the last 30 days; absent: the relay does not say
 *   screen           this kiosk has one, says the config
 *   wipe_fault       a wipe is enabled and could not be done now
 *   clock_set, version */

enum { ANSWERS_MAX = 192 };

static const char *status_text_of(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsString(item) ? item->valuestring : NULL;
}

static const char *status_name_of(const cJSON *object)
{
    const char *name = status_text_of(object, "name");
    return name ? name : "?";
}

static bool is_true(const cJSON *object, const char *key)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(object, key));
}

static double number_of(const cJSON *object, const char *key, double otherwise)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsNumber(item) ? item->valuedouble : otherwise;
}

/* "answered by 2 phones, 1 of them safe" */
static void answers_text(const cJSON *o, char out[ANSWERS_MAX])
{
    double seen = number_of(o, "seen", 0);
    snprintf(out, ANSWERS_MAX, "answered by %.0f phone%s, %.0f of them safe", seen,
             seen == 1 ? "" : "s", number_of(o, "safe", 0));
}

/* "answered by 2 of 5 phones, 1 of them safe, 1 needs help; 3 have not answered" */
static void answers_now(const cJSON *o, char out[ANSWERS_MAX])
{
    double seen = number_of(o, "seen", 0), help = number_of(o, "help", 0);
    double all = number_of(o, "members", 0) + number_of(o, "staff", 0);
    if (all < seen || !cJSON_HasObjectItem(o, "help")) {
        answers_text(o, out);
        return;
    }
    snprintf(out, ANSWERS_MAX,
             "answered by %.0f of %.0f phones, %.0f of them safe, %.0f %s; %.0f %s not answered",
             seen, all, number_of(o, "safe", 0), help, help == 1 ? "needs HELP" : "need help",
             all - seen, all - seen == 1 ? "has" : "have");
}

/* "3s ago"; "" if it is not known. */
static void ago(double ms, char out[40])
{
    char age[32];
    out[0] = '\0';
    if (ms < 0 || ms >= 1e15)
        return;
    duration_format((int64_t)(ms / 1000) * INT64_C(1000000000), age, sizeof age);
    snprintf(out, 40, ms < 1000 ? "just now" : "%s ago", age);
}

/* One row: label, colon, text. */
#define ROW(tone, label, ...) print_item(tone, label ":", 10, __VA_ARGS__)

static const char *outcome_text(const cJSON *alert)
{
    static const struct {
        const char *delivery, *text;
    } outcomes[] = {
        {"handed over", "has left the venue"},
        {"no subscriber", "is at a broker outside, where NOBODY listens"},
        {"unproved", "is at a broker outside, which cannot say whether anybody listens"},
        {"denied", "is REFUSED by a broker"},
        {"lan", "is on this network only"},
    };
    const char *delivery = status_text_of(alert, "delivery");
    for (size_t i = 0; delivery && i < sizeof outcomes / sizeof outcomes[0]; i++)
        if (strcmp(delivery, outcomes[i].delivery) == 0)
            return outcomes[i].text;
    return is_true(alert, "handed_over") ? outcomes[0].text : "has NOT left the venue yet";
}

static void print_alert(const cJSON *reply)
{
    const cJSON *alert = cJSON_GetObjectItemCaseSensitive(reply, "alert");
    char begun[40], answers[ANSWERS_MAX];
    if (!cJSON_IsObject(alert))
        return;
    ago(number_of(alert, "age_ms", -1), begun);
    answers_now(reply, answers);
    ROW(is_true(alert, "handed_over") ? PRINT_OK : PRINT_FAILURE, "alert", "%s%s%s, %s",
        outcome_text(alert), begun[0] ? ", begun " : "", begun, answers);
}

/* `count` messages to it ("", " to the relay") were over a budget. */
static void print_dropped(double count, const char *to)
{
    if (count > 0)
        print_item(PRINT_PLAIN, "", 10,
                   "%.0f %s%s %s too many from one account, and not looked at.", count,
                   count == 1 ? "message" : "messages", to, count == 1 ? "was" : "were");
}

static void print_broker(const cJSON *b)
{
    const char *error = status_text_of(b, "error"), *losses = status_text_of(b, "losses");
    const char *interface = status_text_of(b, "interface");
    bool connected = is_true(b, "connected");
    char beat[40];
    ago(number_of(b, "beat_ms", -1), beat); /* a sign of life that this broker itself gave back */
    ROW(connected && !error ? PRINT_OK : PRINT_FAILURE, "broker", "%s%s%s, %s, %s%s%s%s%s",
        status_name_of(b), interface ? " by " : "", interface ? interface : "",
        is_true(b, "outside") ? "outside the venue" : "on this network",
        connected ? "connected" : "NOT connected", error ? ": " : "", error ? error : "",
        beat[0] ? ", last sign of life " : "", beat);
    if (losses && losses[0] != '\0')
        print_item(PRINT_PLAIN, "", 10, "%s", losses);
    print_dropped(number_of(b, "dropped", 0), "");
    print_dropped(number_of(b, "registrar_dropped", 0), " to its registrar");
}

static void print_brokers(const cJSON *reply)
{
    const cJSON *brokers = cJSON_GetObjectItemCaseSensitive(reply, "brokers"), *b;
    bool outside = false;
    cJSON_ArrayForEach(b, brokers)
    {
        outside |= is_true(b, "outside");
        print_broker(b);
    }
    if (cJSON_GetArraySize(brokers) == 0)
        ROW(PRINT_FAILURE, "broker", "none is configured, so no phone can be alerted");
    else if (!outside)
        print_item(PRINT_PLAIN, "", 10,
                   "LAN only: there is no broker outside the venue. Whoever takes the Pi takes the "
                   "alert with it.");
}

static void print_buttons(const cJSON *reply)
{
    const cJSON *b = cJSON_GetObjectItemCaseSensitive(reply, "buttons");
    const char *error = status_text_of(b, "error");
    if (b)
        ROW(error ? PRINT_FAILURE : PRINT_OK, "buttons", "their broker is %s%s%s",
            is_true(b, "connected") ? "connected" : "NOT connected", error ? ": " : "",
            error ? error : "");
}

/* "on mains power, battery 64 %, lasts 15 minutes" */
static void mains_text(const cJSON *i, char out[96])
{
    double charge = number_of(i, "charge", -1), lasts = number_of(i, "lasts_s", -1);
    char lasting[40] = "", battery[24] = "";
    if (lasts >= 0)
        snprintf(lasting, sizeof lasting, ", lasts %.0f minutes", lasts / 60);
    if (charge >= 0)
        snprintf(battery, sizeof battery, ", battery %.0f %%", charge);
    snprintf(out, 96, "%s%s%s", is_true(i, "active") ? "NO mains power" : "on mains power", battery,
             lasting);
}

/* What an input says, in words. */
static void input_text(const cJSON *i, const char *kind, char out[96])
{
    bool active = is_true(i, "active");
    if (strcmp(kind, "mains") == 0)
        mains_text(i, out);
    else if (strcmp(kind, "door") == 0)
        snprintf(out, 96, "%s", active ? "open" : "closed");
    else if (strcmp(kind, "switch") == 0)
        snprintf(out, 96, "%s", active ? "pressed" : "not pressed");
    else
        snprintf(out, 96, "watched, for staff phones alone");
}

static void print_inputs(const cJSON *reply)
{
    const cJSON *i;
    cJSON_ArrayForEach(i, cJSON_GetObjectItemCaseSensitive(reply, "inputs"))
    {
        const char *kind = status_text_of(i, "kind"), *fault = status_text_of(i, "fault");
        char label[16], text[96];
        snprintf(label, sizeof label, "%.9s:", kind ? kind : "switch");
        input_text(i, kind ? kind : "switch", text);
        double battery = number_of(i, "battery", -1);
        char charge[32] = "";
        if (battery >= 0)
            snprintf(charge, sizeof charge, ", battery %.0f %%", battery);
        print_item(fault ? PRINT_FAILURE : PRINT_PLAIN, label, 10, "%s, %s%s%s%s",
                   status_name_of(i), text, charge, fault ? ", FAULT: " : "", fault ? fault : "");
    }
    cJSON_ArrayForEach(i, cJSON_GetObjectItemCaseSensitive(reply, "outputs"))
    {
        const char *kind = status_text_of(i, "kind"), *fault = status_text_of(i, "fault");
        ROW(fault ? PRINT_FAILURE : PRINT_PLAIN, "output", "%s, a %s, %s%s%s", status_name_of(i),
            kind ? kind : "?", is_true(i, "active") ? "on" : "off", fault ? ", FAULT: " : "",
            fault ? fault : "");
    }
}

static void print_phones(const cJSON *reply)
{
    const cJSON *drill = cJSON_GetObjectItemCaseSensitive(reply, "last_drill");
    char answers[ANSWERS_MAX], ended[PRINT_MOMENT_MAX];
    if (cJSON_HasObjectItem(reply, "members"))
        ROW(PRINT_PLAIN, "phones", "%.0f of members, %.0f of staff", number_of(reply, "members", 0),
            number_of(reply, "staff", 0));
    double pushed = number_of(reply, "phones", 0), month = number_of(reply, "month", pushed);
    if (pushed > 0)
        ROW(PRINT_PLAIN, "weekly",
            "%.0f of %.0f phones got a silent weekly test in the last 14 days",
            number_of(reply, "rang", 0), pushed);
    if (month < pushed)
        ROW(PRINT_PLAIN, "weekly", "%.0f %s answered none for 30 days, or none yet", pushed - month,
            pushed - month == 1 ? "has" : "have");
    if (cJSON_IsNull(drill))
        ROW(PRINT_PLAIN, "drill", "none held since porchlightd started");
    if (!cJSON_IsObject(drill))
        return;
    answers_text(drill, answers);
    print_moment(status_text_of(drill, "at"), ended);
    ROW(PRINT_PLAIN, "drill", "the last one ended at %s, %s, %.0f rang", ended, answers,
        number_of(drill, "rang", 0));
}

static void print_relay(const cJSON *reply)
{
    bool silent = (uint32_t)number_of(reply, "cue", 0) & CUE_RELAY_DEAD;
    double relays = number_of(reply, "relays", 0), alive = number_of(reply, "relays_alive", 0);
    if (!cJSON_HasObjectItem(reply, "relay"))
        return;
    if (!is_true(reply, "relay"))
        ROW(PRINT_WARNING, "relay", "none is set up, so locked phones do not ring");
    else if (silent)
        ROW(PRINT_FAILURE, "relay", "SILENT, so locked phones would not ring");
    else if (relays > 1)
        ROW(alive < relays ? PRINT_WARNING : PRINT_OK, "relay", "%.0f of %.0f send signs of life",
            alive, relays);
    else
        ROW(PRINT_OK, "relay", "it sends signs of life");
    print_dropped(number_of(reply, "relay_dropped", 0), relays > 1 ? " to relays" : " to it");
}

/* Enough for one screen; doctor lists them all, and how to fix them. */
static void print_troubles(const cJSON *reply)
{
    enum { SHOWN = 4 };
    const cJSON *troubles = cJSON_GetObjectItemCaseSensitive(reply, "troubles"), *one;
    int n = 0, all = cJSON_GetArraySize(troubles);
    if (all == 0 && cJSON_IsArray(troubles))
        ROW(PRINT_OK, "troubles", "none");
    cJSON_ArrayForEach(one, troubles)
    {
        if (n++ < SHOWN)
            print_item(PRINT_WARNING, n == 1 ? "troubles:" : "", 10, "%s",
                       status_text_of(one, "said") ? status_text_of(one, "said") : "?");
    }
    if (all > 0)
        print_item(PRINT_PLAIN, "", 10, "%s%s", all > SHOWN ? "And more. " : "",
                   "To fix them: sudo porchlight doctor");
}

/* Whether a press would reach anybody: NULL, or why not. */
static const char *why_not_armed(const cJSON *reply)
{
    const cJSON *one;
    bool works = false, up = false;
    cJSON_ArrayForEach(one, cJSON_GetObjectItemCaseSensitive(reply, "inputs"))
    {
        const char *kind = status_text_of(one, "kind");
        works |= kind && strcmp(kind, "switch") == 0 && !status_text_of(one, "fault");
    }
    cJSON_ArrayForEach(one, cJSON_GetObjectItemCaseSensitive(reply, "brokers"))
    {
        up |= is_true(one, "connected");
    }
    return is_true(reply, "retired") ? "the root key has retired this kiosk: phones ignore it"
           : !works                  ? "no switch works"
           : !up                     ? "no broker is connected, so an alert would wait here"
                                     : NULL;
}

static void print_armed(const cJSON *reply)
{
    const char *why = why_not_armed(reply);
    ROW(why ? PRINT_FAILURE : PRINT_OK, "armed", "%s%s", why ? "NO: " : "yes", why ? why : "");
}

static void print_faults(const cJSON *reply)
{
    const cJSON *one;
    cJSON_ArrayForEach(one, cJSON_GetObjectItemCaseSensitive(reply, "faults"))
    {
        if (cJSON_IsString(one))
            ROW(PRINT_FAILURE, "fault", "%s", one->valuestring);
    }
    if (is_true(reply, "record_fault"))
        ROW(PRINT_FAILURE, "record",
            "CANNOT BE WRITTEN, so a power cut would make the kiosk forget an alert. To see why: "
            "sudo porchlight doctor");
    if (is_true(reply, "wipe_fault"))
        ROW(PRINT_FAILURE, "wipe",
            "COULD NOT BE DONE NOW. See whether its plan is right (sudo porchlight wipe --plan) "
            "and "
            "whether it is started (sudo systemctl start porchlight-wipe.socket).");
    if (cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(reply, "clock_set")))
        ROW(PRINT_WARNING, "clock",
            "not set since power-up, so ages and the door's hours are not known");
}

static void status_print_plainly(const cJSON *reply)
{
    const char *state = status_text_of(reply, "state"), *on_site = status_text_of(reply, "on_site");
    double waiting = number_of(reply, "pending", 0);
    bool hidden = state && on_site && strcmp(state, on_site) != 0;
    print_armed(reply);
    ROW(PRINT_PLAIN, "state", "%s%s%s%s", state ? state : "unknown",
        is_true(reply, "drill") ? " (a drill)" : "", hidden ? ", shown here as " : "",
        hidden ? on_site : "");
    print_alert(reply);
    print_brokers(reply);
    print_inputs(reply);
    print_buttons(reply);
    if (waiting > 0)
        ROW(PRINT_WARNING, "waiting", "%.0f message%s not left the venue yet", waiting,
            waiting == 1 ? " that has" : "s that have");
    print_relay(reply);
    print_phones(reply);
    print_faults(reply);
    print_troubles(reply);
    if (cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(reply, "screen")))
        ROW(PRINT_PLAIN, "screen", "none (scene = none in the config)");
    if (status_text_of(reply, "version"))
        ROW(PRINT_PLAIN, "version", "%s", status_text_of(reply, "version"));
}

static int status_show(const struct cli *cli, bool clear)
{
    cJSON *reply;
    int code = control_client_ask(cli, "status", &reply);
    if (code != CLI_OK)
        return code;
    if (clear)
        fputs("\033[H\033[2J", stdout);
    if (cli->json)
        print_json(reply);
    else
        status_print_plainly(reply);
    cJSON_Delete(reply);
    return fflush(stdout) == 0 ? CLI_OK : CLI_FAILED;
}

/* The legend is printed even where porchlightd does not run. */
static int status_show_cue(const struct cli *cli)
{
    cJSON *reply;
    int code = control_client_ask(cli, "status", &reply);
    if (code != CLI_OK) {
        status_cue_print(0, 0, 0, false);
        return code;
    }
    status_cue_print((uint32_t)number_of(reply, "cue", 0), number_of(reply, "seen", 0),
                     number_of(reply, "safe", 0), true);
    cJSON_Delete(reply);
    return fflush(stdout) == 0 ? CLI_OK : CLI_FAILED;
}

struct status_options {
    bool watch, cue;
};

static int status_run(const struct cli *cli, void *own, char **words)
{
    const struct status_options *o = own;
    (void)words;
    if (o->cue && (o->watch || cli->json))
        return cli_misuse(&cli_status, "--cue cannot be combined with --watch or --json");
    if (o->cue)
        return status_show_cue(cli);
    bool clear = !cli->json && isatty(STDOUT_FILENO);
    int code = status_show(cli, o->watch && clear);
    while (o->watch && (code == CLI_OK || code == CLI_NOBODY)) {
        sleep(1);
        code = status_show(cli, clear);
    }
    return code;
}

static const struct cli_option status_options[] = {
    OPTION("watch", NULL, struct status_options, watch, "show it again every second, until Ctrl-C"),
    OPTION("cue", NULL, struct status_options, cue,
           "explain what staff can read in the screen's picture, and mark what it shows now"),
    {0},
};

const struct cli_command cli_status = {
    .name = "status",
    .arguments = "[--watch | --cue]",
    .summary = "show what the kiosk senses, sends and waits for",
    .options = status_options,
    .size = sizeof(struct status_options),
    .json = true,
    .run = status_run,
};
