#include "kiosk/cli/cli.h"
#include "kiosk/cli/print.h"
#include "kiosk/common/log.h"
#include "kiosk/common/paths.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* The journal of Porchlight's units, as journalctl has it, in words for a person: when, which part
 * of the kiosk, what it said. */

struct logs_options {
    bool follow, warnings;
    const char *since;
};

static const struct {
    const char *unit, *part;
} parts[] = {
    {"porchlightd", "alarm"},
    {"porchlight-book", "book"},
    {"porchlight-broker", "broker"},
    {"porchlight-console", "console"},
    {"porchlight-dark", "lights"},
    {"porchlight-doctor", "doctor"},
    {"porchlight-new-key", "new key"},
    {"porchlight-page", "page"},
    {"porchlight-registrar", "registrar"},
    {"porchlight-relay", "relay"},
    {"porchlight-renew", "renewal"},
    {"porchlight-screen", "screen"},
    {"porchlight-wipe", "wipe"},
    {"porchlight-wipe-resume", "wipe"},
};

static const char *logs_text(const cJSON *entry, const char *key)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(entry, key));
}

/* "porchlight-wipe.service" is "wipe"; a unit that is not in the table has its own name. */
static void part_of(const cJSON *entry, char out[24])
{
    const char *unit = logs_text(entry, "UNIT"); /* what systemd itself says of a unit */
    if (!unit)
        unit = logs_text(entry, "_SYSTEMD_UNIT");
    if (!unit)
        unit = "?";
    int len = (int)strcspn(unit, ".");
    snprintf(out, 24, "%.*s", len, unit);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (strlen(parts[i].unit) == (size_t)len && memcmp(parts[i].unit, unit, (size_t)len) == 0)
            snprintf(out, 24, "%s", parts[i].part);
}

static void print_entry(const cJSON *entry)
{
    enum { LABEL = 28 };
    const char *at = logs_text(entry, "__REALTIME_TIMESTAMP");
    const char *level = logs_text(entry, "PRIORITY"), *said = logs_text(entry, "MESSAGE");
    int priority = level ? atoi(level) : 6;
    char part[24], when[32] = "", label[64];
    time_t seconds = at ? (time_t)(strtoll(at, NULL, 10) / 1000000) : 0;
    struct tm local;
    part_of(entry, part);
    if (localtime_r(&seconds, &local))
        strftime(when, sizeof when, "%a %d %b %H:%M:%S", &local);
    snprintf(label, sizeof label, "%s  %s", when, part);
    print_item(priority <= 3   ? PRINT_FAILURE
               : priority == 4 ? PRINT_WARNING
                               : PRINT_PLAIN,
               label, LABEL, " %s%s",
               priority <= 3   ? "ERROR: "
               : priority == 4 ? "WARNING: "
                               : "",
               said ? said : "(not text)");
    fflush(stdout);
}

static void print_entries(FILE *journal)
{
    char *line = NULL;
    size_t room = 0;
    while (getline(&line, &room, journal) > 0) {
        cJSON *entry = cJSON_Parse(line);
        if (cJSON_IsObject(entry))
            print_entry(entry);
        cJSON_Delete(entry);
    }
    free(line);
}

/* journalctl, with what it prints in *journal. Its pid, or -1 with errno. */
static pid_t journal_open(char *const argv[], FILE **journal)
{
    posix_spawn_file_actions_t actions;
    int ends[2];
    pid_t pid = -1;
    if (pipe2(ends, O_CLOEXEC) < 0)
        return -1;
    errno = posix_spawn_file_actions_init(&actions);
    if (errno == 0)
        errno = posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    if (errno == 0)
        errno = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
    int error = errno;
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    *journal = error == 0 ? fdopen(ends[0], "r") : NULL;
    if (*journal)
        return pid;
    close(ends[0]);
    errno = error;
    return -1;
}

static int logs_run(const struct cli *cli, void *own, char **words)
{
    const struct logs_options *o = own;
    char folder[PATH_LEN + 32], since[128];
    char *argv[16] = {"journalctl", "--output=json", "--no-pager",
                      "--quiet",    "--all",         "--unit=porchlight*"};
    size_t n = 6;
    FILE *journal;
    int status;

    (void)words;
    snprintf(folder, sizeof folder, "--directory=%s/var/log/journal", cli->prefix);
    snprintf(since, sizeof since, "--since=%s", o->since ? o->since : "");
    if (cli->prefix[0])
        argv[n++] = folder;
    argv[n++] = o->since ? since : "--lines=100";
    if (o->follow)
        argv[n++] = "--follow";
    if (o->warnings)
        argv[n++] = "--priority=warning";
    pid_t pid = journal_open(argv, &journal);
    if (pid < 0) {
        log_error("The logs cannot be shown: journalctl did not start: %s.", strerror(errno));
        return CLI_FAILED;
    }
    print_entries(journal);
    fclose(journal);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? CLI_OK : CLI_FAILED;
}

static const struct cli_option logs_options[] = {
    OPTION("follow", NULL, struct logs_options, follow, "go on with what comes, until Ctrl-C"),
    OPTION(
        "since", "TIME", struct logs_options, since,
        "from this time on, such as today, yesterday, -2h or \"2026-11-22 18:00\"; otherwise the "
        "last 100 lines"),
    OPTION("warnings", NULL, struct logs_options, warnings, "only warnings and errors"),
    {0},
};

const struct cli_command cli_logs = {
    .name = "logs",
    .arguments = "[--follow] [--since TIME] [--warnings]",
    .summary = "show what all parts of the kiosk have logged",
    .options = logs_options,
    .size = sizeof(struct logs_options),
    .run = logs_run,
};
