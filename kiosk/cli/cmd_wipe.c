#include "kiosk/cli/cli.h"
#include "kiosk/cli/print.h"
#include "kiosk/cli/sibling_program.h"
#include "kiosk/common/log.h"
#include "kiosk/common/messages.h"
#include "kiosk/common/paths.h"
#include "kiosk/common/unix_socket.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* At most one target is worked on between two packets; a large tree on a slow card needs time. */
enum { SILENCE_MS = 30 * 60 * 1000 };

/* As many as a plan may have (kiosk/wipe/plan.h). */
enum { TARGETS_MAX = 64 };

/* The plan is read by the program that would carry it out, in the same folder as this one. */
static int show_plan(const struct cli *cli)
{
    char path[PATH_LEN], prefix[PATH_LEN + 16];
    char *args[6] = {path, (char *)"--plan"};
    int n = 2;
    if (sibling_program("porchlight-wipe", path) < 0) {
        log_error(
            "The plan cannot be shown: porchlight-wipe was not found beside this program: %s.",
            strerror(errno));
        return CLI_FAILED;
    }
    if (cli->json)
        args[n++] = (char *)"--json";
    if (cli->prefix[0]) {
        snprintf(prefix, sizeof prefix, "--prefix=%s", cli->prefix);
        args[n++] = prefix;
    }
    args[n] = NULL;
    execv(path, args);
    log_error("The plan cannot be shown: %s could not be started: %s. Reinstall the package "
              "porchlight.",
              path, strerror(errno));
    return CLI_FAILED;
}

/* What goes last waits until the alert is over or handed over. That is not said: an alert that the
 * site does not show would be revealed. `sentence` may be empty. */
static void show_packet(const struct wipe_progress *p, const char *sentence, cJSON *list)
{
    const char *outcome =
        p->outcome == WIPE_NOTHING ? "is kept for last" : wipe_outcome_name(p->outcome);
    if (list) {
        cJSON *one = cJSON_CreateObject();
        cJSON_AddStringToObject(one, "name", p->name);
        cJSON_AddStringToObject(one, "outcome", wipe_outcome_name(p->outcome));
        cJSON_AddNumberToObject(one, "took_ms", (double)p->took_ns / 1e6);
        if (sentence[0])
            cJSON_AddStringToObject(one, "shown", sentence);
        cJSON_AddItemToArray(list, one);
        return;
    }
    printf("%s%-24s %-14s %9.1f ms\n", p->drill ? "drill: " : "", p->name, outcome,
           (double)p->took_ns / 1e6);
    if (sentence[0])
        print_item(PRINT_PLAIN, "", 4, "%s", sentence);
    fflush(stdout);
}

/* "3 destroyed, 1 failed, 1 waits ...": how many targets had which result. */
static void show_counts(const unsigned counts[WIPE_FAILED + 1], const struct wipe_progress *end)
{
    unsigned seen = 0, left;
    const char *comma = "";
    for (uint32_t o = WIPE_DESTROYED; o <= WIPE_FAILED; o++) {
        seen += counts[o];
        if (counts[o] > 0)
            printf("%s%u %s", comma, counts[o], wipe_outcome_name(o));
        comma = seen ? ", " : "";
    }
    left = end->index > seen ? end->index - seen : 0;
    if (left > 0)
        printf("%s%u %s", comma, left,
               end->outcome == WIPE_NOTHING ? "not done yet"
               : left == 1                  ? "is kept for last"
                                            : "are kept for last");
}

static int wipe_finish(const struct wipe_progress *end, const unsigned counts[WIPE_FAILED + 1],
                       cJSON *top)
{
    const char *word =
        end->outcome == WIPE_NOTHING ? "not finished" : wipe_outcome_name(end->outcome);
    bool good = end->outcome == WIPE_DESTROYED || end->outcome == WIPE_ALREADY_GONE;
    if (top) {
        cJSON_AddStringToObject(top, "worst", word);
        cJSON_AddBoolToObject(top, "drill", end->drill != 0);
        print_json(top);
    } else {
        printf("%s%u target%s: ", end->drill ? "drill: " : "", end->index,
               end->index == 1 ? "" : "s");
        show_counts(counts, end);
        printf("\n%sworst result: %s\n", end->drill ? "drill: " : "", word);
        if (end->outcome > WIPE_ALREADY_GONE)
            puts("What to do about it: sudo porchlight wipe --plan");
    }
    return good ? CLI_OK : CLI_FAILED;
}

/* There is no report, because no wipe or drill has run: nothing is wrong. */
static int none_yet(cJSON *top)
{
    if (top)
        print_json(top);
    else
        puts(WIPE_NEVER_RUN);
    return CLI_OK;
}

/* The sentence that follows a target in a report. */
static bool read_sentence(int fd, char out[WIPE_TEXT_MAX + 1])
{
    ssize_t n =
        unix_socket_wait(fd, SILENCE_MS) > 0 ? unix_socket_receive(fd, out, WIPE_TEXT_MAX) : -1;
    out[n > 0 && n <= WIPE_TEXT_MAX ? n : 0] = '\0';
    return n > 0;
}

/* What is looked at once more is reported once more: its last result counts. */
static void count_result(unsigned counts[WIPE_FAILED + 1], uint32_t last[TARGETS_MAX],
                         const struct wipe_progress *p)
{
    if (p->outcome > WIPE_FAILED || p->index >= TARGETS_MAX)
        return;
    if (last[p->index] != WIPE_NOTHING)
        counts[last[p->index]]--;
    last[p->index] = p->outcome;
    counts[p->outcome]++;
}

/* Reads packets to the end. An enum cli_exit. */
static int listen_to(int fd, bool report, cJSON *top)
{
    cJSON *list = top ? cJSON_AddArrayToObject(top, "targets") : NULL;
    char sentence[WIPE_TEXT_MAX + 1] = "";
    unsigned counts[WIPE_FAILED + 1] = {0};
    uint32_t last[TARGETS_MAX] = {0};
    struct wipe_progress p;

    for (;;) {
        if (unix_socket_wait(fd, SILENCE_MS) <= 0 ||
            unix_socket_receive(fd, &p, sizeof p) != sizeof p || p.magic != WIPE_MAGIC) {
            log_error("porchlight-wipe stopped answering. To see why: sudo journalctl -u "
                      "porchlight-wipe. To see how far it got: porchlight wipe --status");
            return CLI_NOBODY;
        }
        p.name[sizeof p.name - 1] = '\0';
        if (p.kind == WIPE_REFUSED && strcmp(p.name, WIPE_NEVER_RUN) == 0)
            return none_yet(top);
        if (p.kind == WIPE_REFUSED) {
            log_error("porchlight-wipe refused: %s.", p.name);
            return CLI_FAILED;
        }
        if (p.kind == WIPE_END)
            return wipe_finish(&p, counts, top);
        if (report && !read_sentence(fd, sentence))
            continue;
        count_result(counts, last, &p);
        show_packet(&p, sentence, list);
    }
}

static int wipe_ask(const struct cli *cli, const char *word)
{
    char path[PATH_LEN];
    cJSON *top = cli->json ? cJSON_CreateObject() : NULL;
    int result = CLI_NOBODY, fd = -1;
    if (path_under(cli->prefix, PATH_WIPE, path) == 0)
        fd = unix_socket_connect(path);
    if (fd < 0) {
        result = errno == EACCES ? CLI_DENIED : CLI_NOBODY;
        log_error("porchlight-wipe does not answer (%s): %s. %s", path, strerror(errno),
                  result == CLI_DENIED ? "Run the command with sudo."
                                       : "Start it: sudo systemctl start porchlight-wipe.socket");
    } else if (unix_socket_send(fd, word, strlen(word)) < 0) {
        log_error("porchlight-wipe does not answer (%s): %s.", path, strerror(errno));
    } else {
        result = listen_to(fd, strcmp(word, "REPORT") == 0, top);
    }
    if (fd >= 0)
        close(fd);
    cJSON_Delete(top);
    return result;
}

struct wipe_options {
    bool plan, drill, status;
};

static int wipe_run(const struct cli *cli, void *own, char **words)
{
    const struct wipe_options *o = own;
    (void)words;
    if (o->plan + o->drill + o->status != 1)
        return cli_misuse(&cli_wipe, "expected one of --plan, --drill and --status (a wipe itself "
                                     "is begun at the switch)");
    return o->plan ? show_plan(cli) : wipe_ask(cli, o->drill ? "DRILL" : "REPORT");
}

static const struct cli_option wipe_options[] = {
    OPTION("plan", NULL, struct wipe_options, plan,
           "list what would be destroyed, in order, and what may be claimed about each target"),
    OPTION("drill", NULL, struct wipe_options, drill,
           "destroy decoys beside the real targets, with the same code"),
    OPTION("status", NULL, struct wipe_options, status,
           "report how far the last wipe or drill got, and what was shown about each target"),
    {0},
};

const struct cli_command cli_wipe = {
    .name = "wipe",
    .arguments = "--plan | --drill | --status",
    .summary = "show what a wipe would do, rehearse it on decoys, report on the last one",
    .options = wipe_options,
    .size = sizeof(struct wipe_options),
    .json = true,
    .run = wipe_run,
};
