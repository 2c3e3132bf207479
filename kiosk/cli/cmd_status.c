#include "kiosk/cli/control_client.h"
#include "kiosk/cli/status_cue.h"
#include "kiosk/common/duration.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The reply's keys, all optional here so that an older porchlightd can still be read:
 *   state, on_site   "quiet" | "caution" | "lockdown"; on_site: what surfaces in the room show
 *   drill            a drill runs
 *   alert            null, or {id, age_ms (null: not known), handed_over}
 *   brokers          [{name, connected, outside, error (null: none), mqtt, beat_ms (null: none)}]
 *   inputs           [{name, kind: "switch" | "door", active, fault (null: none)}]
 *   seen, safe       phones that answered the standing alert
 *   pending          messages not yet handed over
 *   record_fault     the record cannot be written
 *   last_drill       null (none since the start), or {at, seen, safe}
 *   members, staff   phones that belong to the venue
 *   wipe_fault       a wipe is enabled and could not be done now
 *   clock_set, version */

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

static void print_answers(const cJSON *o)
{
    double seen = number_of(o, "seen", 0);
    printf("answered by %.0f phone%s, %.0f of them safe\n", seen, seen == 1 ? "" : "s",
           number_of(o, "safe", 0));
}

/* "3s ago"; nothing for what is not known. */
static void ago(double ms, char out[40])
{
    char age[32];
    out[0] = '\0';
    if (ms < 0 || ms >= 1e15)
        return;
    duration_format((int64_t)(ms / 1000) * INT64_C(1000000000), age, sizeof age);
    snprintf(out, 40, ms < 1000 ? "just now" : "%s ago", age);
}

static void print_alert(const cJSON *reply)
{
    const cJSON *alert = cJSON_GetObjectItemCaseSensitive(reply, "alert");
    char begun[40];
    if (!cJSON_IsObject(alert))
        return;
    ago(number_of(alert, "age_ms", -1), begun);
    printf("alert:    %s%s%s, ",
           is_true(alert, "handed_over") ? "handed over" : "NOT yet handed over",
           begun[0] ? ", begun " : "", begun);
    print_answers(reply);
}

/* A beat that this broker itself gave back. */
static void print_beat(const cJSON *broker)
{
    char beat[40];
    ago(number_of(broker, "beat_ms", -1), beat);
    if (beat[0])
        printf(", last beat %s", beat);
}

static void print_brokers(const cJSON *reply)
{
    const cJSON *brokers = cJSON_GetObjectItemCaseSensitive(reply, "brokers"), *b;
    bool outside = false;
    cJSON_ArrayForEach(b, brokers)
    {
        const char *error = status_text_of(b, "error");
        outside |= is_true(b, "outside");
        printf("broker:   %s, %s, %s%s%s", status_name_of(b),
               is_true(b, "outside") ? "outside" : "on this network",
               is_true(b, "connected") ? "connected" : "NOT connected", error ? ": " : "",
               error ? error : "");
        print_beat(b);
        putchar('\n');
    }
    if (cJSON_GetArraySize(brokers) == 0)
        puts("broker:   none is configured: nobody would be alerted");
    else if (!outside)
        puts("          LAN only: without a broker outside, an alert can be carried off with the "
             "Pi");
}

static void print_inputs(const cJSON *reply)
{
    const cJSON *i;
    cJSON_ArrayForEach(i, cJSON_GetObjectItemCaseSensitive(reply, "inputs"))
    {
        const char *kind = status_text_of(i, "kind"), *fault = status_text_of(i, "fault");
        bool door = kind && strcmp(kind, "door") == 0, active = is_true(i, "active");
        printf("%-9s %s, %s%s%s\n", door ? "door:" : "switch:", status_name_of(i),
               door     ? active ? "open" : "closed"
               : active ? "pressed"
                        : "at rest",
               fault ? ", FAULT: " : "", fault ? fault : "");
    }
}

static void print_phones(const cJSON *reply)
{
    const cJSON *drill = cJSON_GetObjectItemCaseSensitive(reply, "last_drill");
    if (cJSON_HasObjectItem(reply, "members"))
        printf("phones:   %.0f of members, %.0f of staff\n", number_of(reply, "members", 0),
               number_of(reply, "staff", 0));
    if (cJSON_IsNull(drill))
        puts("drill:    none since porchlightd started");
    if (!cJSON_IsObject(drill))
        return;
    printf("drill:    the last one ended %s, ",
           status_text_of(drill, "at") ? status_text_of(drill, "at") : "?");
    print_answers(drill);
}

static void status_print_plainly(const cJSON *reply)
{
    const char *state = status_text_of(reply, "state"), *on_site = status_text_of(reply, "on_site");
    printf("state:    %s%s", state ? state : "unknown",
           is_true(reply, "drill") ? " (a drill)" : "");
    if (state && on_site && strcmp(state, on_site) != 0)
        printf(", shown here as %s", on_site);
    putchar('\n');
    print_alert(reply);
    print_brokers(reply);
    print_inputs(reply);
    if (number_of(reply, "pending", 0) > 0)
        printf("pending:  %.0f not yet handed over\n", number_of(reply, "pending", 0));
    print_phones(reply);
    if (is_true(reply, "record_fault"))
        puts("record:   CANNOT BE WRITTEN: an alert would not outlive a power cut; look at the "
             "disk's space and mode");
    if (is_true(reply, "wipe_fault"))
        puts("wipe:     COULD NOT BE DONE NOW: porchlight wipe --plan says what is wrong with its "
             "plan, or porchlight-wipe.socket is not started");
    if (cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(reply, "clock_set")))
        puts("clock:    never set since power-up; ages and door hours are not known");
    if (status_text_of(reply, "version"))
        printf("version:  %s\n", status_text_of(reply, "version"));
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
        control_client_print(reply);
    else
        status_print_plainly(reply);
    cJSON_Delete(reply);
    return fflush(stdout) == 0 ? CLI_OK : CLI_FAILED;
}

/* The legend is told even where there is no porchlightd to ask. */
static int status_show_cue(const struct cli *cli)
{
    cJSON *reply;
    int code = control_client_ask(cli, "status", &reply);
    if (code != CLI_OK) {
        status_cue_print(0, 0, 0, 0);
        return code;
    }
    status_cue_print((uint32_t)number_of(reply, "cue", 0), number_of(reply, "seen", 0),
                     number_of(reply, "safe", 0), 1);
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
