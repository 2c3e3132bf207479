#include "kiosk/cli/cli.h"

#include "hw/sim/sim_command.h"
#include "kiosk/common/clock.h"
#include "kiosk/common/duration.h"
#include "kiosk/common/log.h"
#include "kiosk/common/paths.h"
#include "kiosk/common/unix_socket.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* How a hand presses unless the options say otherwise: 100 ms down, 200 ms up between two presses.
 * A supervised switch's plunger is 5 ms on its way, as a small microswitch's is. */
#define PRESS_ON  (INT64_C(100) * 1000000)
#define PRESS_OFF (INT64_C(200) * 1000000)
#define THROW     (INT64_C(5) * 1000000)

enum { ANSWER_MS = 2000, PRESSES_MAX = 100, NAME_SIZE = 40 };

struct wires {
    const char *name; /* --name */
    int fd;
    char no[NAME_SIZE];
    char nc[NAME_SIZE]; /* of a supervised switch; else empty */
    int64_t on, off;
    int64_t first, last; /* moments of the first and the last edge; 0: none yet */
};

/* One command, one answer without its "ok". An enum cli_exit. */
static int sim_ask(struct wires *w, const char *command, char answer[SIM_REPLY_MAX])
{
    ssize_t n = -1;
    if (unix_socket_send(w->fd, command, strlen(command)) == 0 &&
        unix_socket_wait(w->fd, ANSWER_MS) == 1)
        n = unix_socket_receive(w->fd, answer, SIM_REPLY_MAX - 1);
    if (n <= 0) {
        log_error("The program that holds the simulated lines does not answer. To see whether "
                  "porchlightd runs: porchlight status");
        return CLI_NOBODY;
    }
    answer[n] = '\0';
    if (strncmp(answer, "ok", 2) != 0) {
        log_error("%s", answer);
        return CLI_FAILED;
    }
    memmove(answer, answer + 2, (size_t)n - 1);
    return CLI_OK;
}

static void sleep_until(int64_t at)
{
    struct timespec t = {.tv_sec = at / 1000000000, .tv_nsec = (long)(at % 1000000000)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
        ;
}

/* An edge at that moment, neither sooner nor, as its timestamp says, later. */
static int edge(struct wires *w, const char *line, bool active, int64_t at)
{
    char command[SIM_COMMAND_MAX], answer[SIM_REPLY_MAX];
    sleep_until(at);
    snprintf(command, sizeof command, "set %s %d %" PRId64, line, active, at);
    w->first = w->first ? w->first : at;
    w->last = at;
    return sim_ask(w, command, answer);
}

/* A plunger goes down or comes up: the contact that it leaves opens, then the other closes. */
static int throw_plunger(struct wires *w, bool down, int64_t at)
{
    if (!w->nc[0])
        return edge(w, w->no, down, at);
    int code = edge(w, down ? w->nc : w->no, false, at);
    return code != CLI_OK ? code : edge(w, down ? w->no : w->nc, true, at + THROW);
}

/* The earliest moment at which a hand can press: now, or `off` after it last let go. Without that,
 * two commands in a row would leave a gap so short that it counts, rightly, as a contact's bounce.
 */
static int hand_ready(struct wires *w, int64_t *at)
{
    char command[SIM_COMMAND_MAX], answer[SIM_REPLY_MAX];
    snprintf(command, sizeof command, "history %s", w->no);
    int code = sim_ask(w, command, answer);
    const char *stamp = strrchr(answer, '@');
    int64_t let_go = code == CLI_OK && stamp ? strtoll(stamp + 1, NULL, 10) : 0;
    int64_t now = clock_now();
    *at = let_go > 0 && let_go + w->off > now ? let_go + w->off : now;
    return code;
}

static int press_for(struct wires *w, int64_t at, int64_t on)
{
    int code = throw_plunger(w, true, at);
    return code != CLI_OK ? code : throw_plunger(w, false, at + on);
}

static int press_times(struct wires *w, int times)
{
    int64_t at;
    int code = hand_ready(w, &at);
    for (int i = 0; code == CLI_OK && i < times; i++, at += w->on + w->off)
        code = press_for(w, at, w->on);
    return code;
}

/* --- what the words mean --- */

static int run_press(struct wires *w, const char *word)
{
    int64_t at;
    (void)word;
    int code = hand_ready(w, &at);
    return code != CLI_OK ? code : throw_plunger(w, true, at);
}

static int run_release(struct wires *w, const char *word)
{
    (void)word;
    return throw_plunger(w, false, clock_now());
}

static int run_hold(struct wires *w, const char *word)
{
    int64_t on, at;
    if (duration_parse(word, &on) < 0 || on <= 0)
        return cli_misuse(&cli_sim, "\"%s\" is not a time to hold it: expected one like 1.6s",
                          word);
    int code = hand_ready(w, &at);
    return code != CLI_OK ? code : press_for(w, at, on);
}

static int run_presses(struct wires *w, const char *word)
{
    char *end;
    long times = strtol(word, &end, 10);
    if (*end || end == word || times < 1 || times > PRESSES_MAX)
        return cli_misuse(&cli_sim, "\"%s\" is not a number of presses: expected 1 to %d", word,
                          PRESSES_MAX);
    return press_times(w, (int)times);
}

static int run_open(struct wires *w, const char *word)
{
    (void)word;
    return edge(w, w->no, true, clock_now());
}

static int run_close(struct wires *w, const char *word)
{
    (void)word;
    return edge(w, w->no, false, clock_now());
}

/* Its last changes: " 1@5000 0@9000". */
static int run_show(struct wires *w, const char *word)
{
    char command[NAME_SIZE + 16], answer[SIM_REPLY_MAX];
    int times = 0;
    bool on = false;
    (void)word;
    snprintf(command, sizeof command, "history %s", w->no);
    int code = sim_ask(w, command, answer);
    if (code != CLI_OK)
        return code;
    for (const char *p = answer; (p = strchr(p, '@')); p++) {
        on = p[-1] == '1';
        times += on;
    }
    printf("%s: %s, switched on %d time%s lately\n", w->no, on ? "on" : "off", times,
           times == 1 ? "" : "s");
    return CLI_OK;
}

static int run_tell(struct wires *w, const char *command)
{
    char answer[SIM_REPLY_MAX];
    int code = sim_ask(w, command, answer);
    if (code == CLI_OK && answer[0])
        puts(answer + 1);
    return code;
}

struct deed {
    const char *thing, *verb;
    int words; /* behind the verb */
    int (*run)(struct wires *w, const char *word);
};

static const struct deed deeds[] = {
    {"switch", "press", 0, run_press}, {"switch", "release", 0, run_release},
    {"switch", "hold", 1, run_hold},   {"switch", "presses", 1, run_presses},
    {"door", "open", 0, run_open},     {"door", "close", 0, run_close},
    {"input", "on", 0, run_open},      {"input", "off", 0, run_close},
    {"output", "show", 0, run_show},
};

static const struct deed *find_deed(char **words)
{
    for (size_t i = 0; i < sizeof deeds / sizeof *deeds; i++)
        if (strcmp(words[0], deeds[i].thing) == 0 && strcmp(words[1], deeds[i].verb) == 0 &&
            deeds[i].words == !!words[2])
            return &deeds[i];
    return NULL;
}

/* A switch is supervised where its second line is open too: NAME-nc. */
static int find_wires(struct wires *w, const char *thing, const char *name)
{
    char answer[SIM_REPLY_MAX], second[NAME_SIZE + 8];
    int code = sim_ask(w, "list", answer);
    if (code != CLI_OK)
        return code;
    snprintf(w->no, sizeof w->no, "%s", name);
    snprintf(second, sizeof second, " %s-nc:in:", name);
    if (strcmp(thing, "switch") == 0 && strstr(answer, second))
        snprintf(w->nc, sizeof w->nc, "%s-nc", name);
    return CLI_OK;
}

static int connect_wires(struct wires *w, const struct cli *cli)
{
    char path[PATH_LEN];
    if (path_under(cli->prefix, PATH_SIM, path) < 0) {
        log_error("--prefix cannot be used: %s.", strerror(errno));
        return CLI_USAGE;
    }
    w->fd = unix_socket_connect(path);
    if (w->fd >= 0)
        return CLI_OK;
    if (errno == EACCES || errno == EPERM) {
        log_error("You may not use the simulated lines (%s). Run the command as the user that runs "
                  "porchlightd.",
                  path);
        return CLI_DENIED;
    }
    log_error("The simulated lines cannot be reached (%s): %s. Check that porchlightd is running "
              "(porchlight status) and that every line in its porchlight.conf is simulated (line = "
              "sim:front).",
              path, strerror(errno));
    return CLI_NOBODY;
}

static int do_deed(const struct cli *cli, struct wires *w, const struct deed *d, const char *name,
                   const char *word)
{
    int code = find_wires(w, d->thing, name);
    if (code == CLI_OK)
        code = d->run(w, word);
    if (code == CLI_OK && cli->json)
        printf("{\"ok\":true,\"first\":%" PRId64 ",\"last\":%" PRId64 "}\n", w->first, w->last);
    return code;
}

static const char *take_name(void *field, const char *value)
{
    *(const char **)field = value;
    return strlen(value) < NAME_SIZE - 4 ? NULL : "a shorter name";
}

static int sim_run(const struct cli *cli, void *own, char **words)
{
    struct wires *w = own;
    bool tell = strcmp(words[0], "tell") == 0 && !words[2];
    const struct deed *d = find_deed(words);
    if (!tell && !d)
        return cli_misuse(&cli_sim,
                          "expected a switch, a door, an input or an output, and what it does");
    w->on = w->on ? w->on : PRESS_ON;
    w->off = w->off ? w->off : PRESS_OFF;
    int code = connect_wires(w, cli);
    if (code != CLI_OK)
        return code;
    const char *usual = tell || strcmp(d->thing, "switch") == 0 ? "front" : d->thing;
    code = tell ? run_tell(w, words[1]) : do_deed(cli, w, d, w->name ? w->name : usual, words[2]);
    close(w->fd);
    return code;
}

static const struct cli_option sim_options[] = {
    OPTION_WORD("switch press", "put a finger on the switch"),
    OPTION_WORD("switch release", "take it off"),
    OPTION_WORD("switch hold TIME", "press it, and let go after that time, such as 1.6s"),
    OPTION_WORD("switch presses N", "press it N times"),
    OPTION_WORD("door open|close", "move the door"),
    OPTION_WORD("input on|off", "begin or end what an [input NAME] watches for, such as a lid"),
    OPTION_WORD("output show", "say whether an output is on, and how often it was switched on"),
    OPTION_WORD("tell COMMAND",
                "send one line of the language in hw/sim/sim_command.h, such as \"get front\", "
                "\"lose front 1\" or \"history output\""),
    OPTION_BY("name", "NAME", struct wires, name, take_name,
              "the line sim:NAME; front, door, input or output unless given. A switch whose second "
              "line is "
              "sim:NAME-nc=1 is worked as a supervised one"),
    OPTION("on", "TIME", struct wires, on, "how long each press lasts; 100ms unless given"),
    OPTION("off", "TIME", struct wires, off,
           "the pause between two presses, and after an earlier command's; 200ms unless given"),
    {0},
};

const struct cli_command cli_sim = {
    .name = "sim",
    .arguments = "switch press|release|hold TIME|presses N | door open|close | input on|off | "
                 "output show | tell COMMAND",
    .summary = "work the simulated switch and door of a kiosk that has no real ones",
    .options = sim_options,
    .size = sizeof(struct wires),
    .words_min = 2,
    .words_max = 3,
    .json = true,
    .run = sim_run,
};
