#include "kiosk/cli/doctor/doctor.h"

#include "kiosk/cli/control_client.h"
#include "kiosk/cli/print.h"
#include "kiosk/common/messages.h"
#include "kiosk/common/paths.h"
#include "kiosk/common/unix_socket.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const verdicts[] = {"ok", "warning", "failure"};

void doctor_say(struct doctor *d, const char *check, enum doctor_verdict verdict, const char *fix,
                const char *format, ...)
{
    char said[DOCTOR_SAID_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(said, sizeof said, format, args);
    va_end(args);
    d->count[verdict]++;
    cJSON *one = cJSON_CreateObject();
    cJSON_AddStringToObject(one, "area", d->area);
    cJSON_AddStringToObject(one, "check", check);
    cJSON_AddStringToObject(one, "verdict", verdicts[verdict]);
    cJSON_AddStringToObject(one, "said", said);
    cJSON_AddStringToObject(one, "fix", verdict == DOCTOR_OK ? "" : fix);
    cJSON_AddItemToArray(d->checks, one);
}

void doctor_trouble(struct doctor *d, enum trouble t)
{
    d->troubles |= TROUBLE_BIT(t);
}

void doctor_dropped(struct doctor *d, const char *check, const char *who, const cJSON *in,
                    const char *key, const char *fix)
{
    double count = cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(in, key));
    if (count > 0)
        doctor_say(d, check, DOCTOR_WARNING, fix,
                   "%s has not looked at %.0f %s since it started, because an account sent too "
                   "many. Others are not held up.",
                   who, count, count > 1 ? "messages" : "message");
}

/* --- printing -------------------------------------------------------------------------------- */

static const char *text_of(const cJSON *one, const char *key)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(one, key));
    return text ? text : "";
}

static void print_finding(enum doctor_verdict verdict, const cJSON *one)
{
    enum { LABEL = 9, INDENT = 4 };
    static const char *const labels[] = {"ok", "WARNING", "FAILURE"};
    static const enum print_tone tones[] = {PRINT_OK, PRINT_WARNING, PRINT_FAILURE};
    if (verdict == DOCTOR_OK) {
        print_item(tones[verdict], labels[verdict], LABEL, "%s, %s: %s", text_of(one, "area"),
                   text_of(one, "check"), text_of(one, "said"));
        return;
    }
    print_item(tones[verdict], labels[verdict], LABEL, "%s, %s", text_of(one, "area"),
               text_of(one, "check"));
    print_item(PRINT_PLAIN, "", INDENT, "%s", text_of(one, "said"));
    const char *fix = text_of(one, "fix");
    print_item(PRINT_PLAIN, "", INDENT, "%s%s",
               fix[0] == ' ' ? "Fix, as root (sudo -i):\n" : "Fix: ", fix);
    putchar('\n');
}

static void print_all(const struct doctor *d, enum doctor_verdict verdict)
{
    const cJSON *one;
    cJSON_ArrayForEach(one, d->checks)
    {
        if (strcmp(text_of(one, "verdict"), verdicts[verdict]) == 0)
            print_finding(verdict, one);
    }
}

/* The worst first. */
static void print_plainly(const struct doctor *d, bool all)
{
    unsigned failures = d->count[DOCTOR_FAILURE], warnings = d->count[DOCTOR_WARNING];
    print_all(d, DOCTOR_FAILURE);
    print_all(d, DOCTOR_WARNING);
    if (all)
        print_all(d, DOCTOR_OK);
    print_say("%u failure%s, %u warning%s, %u in order%s.", failures, failures == 1 ? "" : "s",
              warnings, warnings == 1 ? "" : "s", d->count[DOCTOR_OK],
              all ? "" : " (--all lists them)");
    if (geteuid() != 0)
        print_say("Some checks need root. To run them too: sudo porchlight doctor");
}

static void doctor_print_json(const struct doctor *d)
{
    cJSON *top = cJSON_CreateObject();
    cJSON_AddBoolToObject(top, "ok", d->count[DOCTOR_WARNING] + d->count[DOCTOR_FAILURE] == 0);
    cJSON_AddNumberToObject(top, "warnings", d->count[DOCTOR_WARNING]);
    cJSON_AddNumberToObject(top, "failures", d->count[DOCTOR_FAILURE]);
    cJSON_AddItemReferenceToObject(top, "checks", d->checks);
    print_json(top);
    cJSON_Delete(top);
}

/* --- looking --------------------------------------------------------------------------------- */

/* porchlightd's status, or NULL where it does not answer within 2 s. */
static cJSON *ask_porchlightd(const char *prefix)
{
    enum { ANSWER_MS = 2000 };
    static const char request[] = "status";
    char path[PATH_LEN], buf[CONTROL_REPLY_MAX];
    ssize_t n = -1;

    int fd = path_under(prefix, PATH_CONTROL, path) == 0 ? unix_socket_connect(path) : -1;
    if (fd < 0)
        return NULL;
    if (unix_socket_send(fd, request, strlen(request)) == 0 && unix_socket_wait(fd, ANSWER_MS) == 1)
        n = unix_socket_receive(fd, buf, sizeof buf);
    close(fd);
    return n > 0 ? cJSON_ParseWithLength(buf, (size_t)n) : NULL;
}

static const struct {
    const char *name;
    void (*run)(struct doctor *d);
    bool reported; /* it finds troubles */
} areas[] = {
    {"config", doctor_config, false}, {"program", doctor_package, true},
    {"line", doctor_lines, false},    {"output", doctor_outputs, false},
    {"broker", doctor_brokers, true}, {"page", doctor_page, true},
    {"phones", doctor_phones, false}, {"clock", doctor_clock, true},
    {"board", doctor_board, true},    {"card", doctor_card, true},
    {"backup", doctor_backup, true},  {"left over", doctor_leftovers, false},
};

static void ignore_complaint(void *context, const char *sentence)
{
    (void)context;
    (void)sentence;
}

/* `reported`: only what finds troubles. */
static void run_checks(struct doctor *d, bool reported)
{
    char path[PATH_LEN];
    struct config *config = calloc(1, sizeof *config);
    cJSON *daemon = ask_porchlightd(d->prefix);

    if (config && path_under(d->prefix, PATH_CONF, path) == 0 &&
        config_load_most(path, config, ignore_complaint, NULL) >= 0)
        d->config = config;
    d->daemon = daemon;
    for (size_t i = 0; i < sizeof areas / sizeof *areas; i++) {
        d->area = areas[i].name;
        if (areas[i].reported || !reported)
            areas[i].run(d);
    }
    cJSON_Delete(daemon);
    free(config);
}

struct doctor_options {
    bool all, report;
};

/* To porchlightd, which keeps the list and sends notices. */
static int doctor_report(const struct cli *cli, trouble_set found)
{
    char request[CONTROL_REQUEST_MAX + 1] = "troubles";
    cJSON *reply;
    for (enum trouble t = 0; t < TROUBLE_COUNT; t++) {
        size_t len = strlen(request);
        if (found & TROUBLE_BIT(t))
            snprintf(request + len, sizeof request - len, " %s", trouble_kind(t)->code);
    }
    int code = control_client_ask_admin(cli, request, &reply);
    if (code == CLI_OK)
        cJSON_Delete(reply);
    return code;
}

static const struct cli_option doctor_options[] = {
    OPTION("all", NULL, struct doctor_options, all, "also list what is in order"),
    OPTION("report", NULL, struct doctor_options, report,
           "print nothing: report troubles to porchlightd, for staff phones; a timer runs this"),
    {0},
};

static int doctor_run(const struct cli *cli, void *own, char **words)
{
    const struct doctor_options *o = own;
    struct doctor d = {.prefix = cli->prefix, .checks = cJSON_CreateArray()};

    (void)words;
    if (o->report && (o->all || cli->json)) {
        cJSON_Delete(d.checks);
        return cli_misuse(&cli_doctor, "--report cannot be combined with --all or --json");
    }
    run_checks(&d, o->report);
    if (o->report) {
        cJSON_Delete(d.checks);
        return doctor_report(cli, d.troubles);
    }
    if (cli->json)
        doctor_print_json(&d);
    else
        print_plainly(&d, o->all);
    cJSON_Delete(d.checks);
    return d.count[DOCTOR_FAILURE] + d.count[DOCTOR_WARNING] ? CLI_FAILED : CLI_OK;
}

const struct cli_command cli_doctor = {
    .name = "doctor",
    .arguments = "[--all | --report]",
    .summary = "check the whole kiosk, and show how to fix what is wrong",
    .options = doctor_options,
    .size = sizeof(struct doctor_options),
    .json = true,
    .run = doctor_run,
};
