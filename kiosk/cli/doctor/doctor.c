#include "kiosk/cli/doctor/doctor.h"

#include "kiosk/cli/cli.h"
#include "kiosk/common/messages.h"
#include "kiosk/common/paths.h"
#include "kiosk/common/unix_socket.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const verdicts[] = {"ok", "warning", "failure"};

void doctor_say(struct doctor *d, const char *check, enum doctor_verdict verdict, const char *mend,
                const char *format, ...)
{
    char said[DOCTOR_SAID_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(said, sizeof said, format, args);
    va_end(args);
    d->count[verdict]++;
    d->tell(d->context, &(struct doctor_result){
                            .area = d->area,
                            .check = check,
                            .verdict = verdict,
                            .said = said,
                            .mend = verdict == DOCTOR_OK ? "" : mend,
                        });
}

/* --- what is told, and how ------------------------------------------------------------------- */

static void print_one(void *context, const struct doctor_result *r)
{
    (void)context;
    printf("%-8s %s, %s: %s\n", verdicts[r->verdict], r->area, r->check, r->said);
    if (r->mend[0])
        printf("         mend: %s\n", r->mend);
}

static void list_one(void *context, const struct doctor_result *r)
{
    cJSON *one = cJSON_CreateObject();
    cJSON_AddStringToObject(one, "area", r->area);
    cJSON_AddStringToObject(one, "check", r->check);
    cJSON_AddStringToObject(one, "verdict", verdicts[r->verdict]);
    cJSON_AddStringToObject(one, "said", r->said);
    cJSON_AddStringToObject(one, "mend", r->mend);
    cJSON_AddItemToArray(context, one);
}

static void doctor_print_json(const struct doctor *d, cJSON *checks)
{
    cJSON *top = cJSON_CreateObject();
    cJSON_AddBoolToObject(top, "ok", d->count[DOCTOR_WARNING] + d->count[DOCTOR_FAILURE] == 0);
    cJSON_AddNumberToObject(top, "warnings", d->count[DOCTOR_WARNING]);
    cJSON_AddNumberToObject(top, "failures", d->count[DOCTOR_FAILURE]);
    cJSON_AddItemToObject(top, "checks", checks);
    char *text = cJSON_Print(top);
    puts(text ? text : "{}");
    cJSON_free(text);
    cJSON_Delete(top);
}

/* --- whom it asks ---------------------------------------------------------------------------- */

/* porchlightd's status, or NULL where it does not answer within 2 s. */
static cJSON *doctor_ask_daemon(const char *prefix)
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
    void (*look)(struct doctor *d);
} areas[] = {
    {"config", doctor_config},  {"program", doctor_package}, {"line", doctor_lines},
    {"broker", doctor_brokers}, {"phones", doctor_phones},   {"clock", doctor_clock},
    {"board", doctor_board},    {"card", doctor_card},       {"left over", doctor_leftovers},
};

static void doctor_ignore(void *context, const char *sentence)
{
    (void)context;
    (void)sentence;
}

static void look_at_all(struct doctor *d)
{
    char path[PATH_LEN];
    struct config *config = calloc(1, sizeof *config);
    cJSON *daemon = doctor_ask_daemon(d->prefix);

    if (config && path_under(d->prefix, PATH_CONF, path) == 0 &&
        config_load(path, config, doctor_ignore, NULL) == 0)
        d->config = config;
    d->daemon = daemon;
    for (size_t i = 0; i < sizeof areas / sizeof *areas; i++) {
        d->area = areas[i].name;
        areas[i].look(d);
    }
    cJSON_Delete(daemon);
    free(config);
}

static int doctor_run(const struct cli *cli, void *own, char **words)
{
    struct doctor d = {.prefix = cli->prefix, .tell = print_one};

    (void)own;
    (void)words;
    if (cli->json) {
        d.tell = list_one;
        d.context = cJSON_CreateArray();
    }
    look_at_all(&d);
    if (cli->json)
        doctor_print_json(&d, d.context);
    else
        printf("%u failure%s, %u warning%s, %u in order.%s\n", d.count[DOCTOR_FAILURE],
               d.count[DOCTOR_FAILURE] == 1 ? "" : "s", d.count[DOCTOR_WARNING],
               d.count[DOCTOR_WARNING] == 1 ? "" : "s", d.count[DOCTOR_OK],
               geteuid() == 0 ? "" : " Not root: what only root may read is not told.");
    return d.count[DOCTOR_FAILURE] + d.count[DOCTOR_WARNING] ? CLI_FAILED : CLI_OK;
}

const struct cli_command cli_doctor = {
    .name = "doctor",
    .arguments = "",
    .summary = "look over the whole kiosk, and say how to mend what is found",
    .json = true,
    .run = doctor_run,
};
