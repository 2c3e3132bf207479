#include "kiosk/cli/control_client.h"
#include "kiosk/cli/setup/setup.h"
#include "kiosk/cli/setup/setup_terminal.h"
#include "kiosk/common/clock.h"
#include "kiosk/common/log.h"
#include "kiosk/common/paths.h"
#include "kiosk/common/unix_socket.h"
#include "kiosk/core/ns.h"

#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

enum { LOOK_MS = 200, START_S = 60, LISTENS_S = 5, ANSWERS_S = 20 };

static int64_t setup_drill_deadline(int seconds)
{
    return clock_now() + seconds * NS_PER_S;
}

/* A moment. False: whoever is at the terminal leaves. */
static bool pause_goes_on(void)
{
    return terminal_wait(NULL, 0, LOOK_MS) == 0;
}

/* porchlightd may be starting. */
static bool answers_soon(const struct cli *cli, int64_t until)
{
    char path[PATH_LEN];
    if (path_under(cli->prefix, PATH_CONTROL, path) < 0)
        return false;
    do {
        int fd = unix_socket_connect(path);
        if (fd >= 0) {
            close(fd);
            return true;
        }
    } while (clock_now() < until && pause_goes_on());
    return false;
}

/* What a drill looks at. */
struct seen {
    bool broker, drill, alert, answered;
    int phones; /* that belong to the venue */
};

static int number(const cJSON *status, const char *key)
{
    const cJSON *n = cJSON_GetObjectItem(status, key);
    return cJSON_IsNumber(n) ? n->valueint : 0;
}

static int setup_drill_look(const struct cli *cli, struct seen *seen)
{
    const cJSON *b;
    cJSON *status;
    int code = control_client_ask(cli, "status", &status);
    if (code != CLI_OK)
        return code;
    *seen = (struct seen){.drill = cJSON_IsTrue(cJSON_GetObjectItem(status, "drill")),
                          .alert = cJSON_IsObject(cJSON_GetObjectItem(status, "alert")),
                          .answered = number(status, "seen") >= 1,
                          .phones = number(status, "members") + number(status, "staff")};
    cJSON_ArrayForEach(b, cJSON_GetObjectItem(status, "brokers"))
    {
        seen->broker |= cJSON_IsTrue(cJSON_GetObjectItem(b, "connected"));
    }
    cJSON_Delete(status);
    return CLI_OK;
}

static int setup_drill_say(const struct cli *cli, const char *request)
{
    cJSON *reply;
    int code = control_client_ask(cli, request, &reply);
    if (code == CLI_OK)
        cJSON_Delete(reply);
    return code;
}

/* Never what is real: there, the code would show an all-clear. */
static int end_drill(const struct cli *cli)
{
    struct seen seen;
    int code = setup_drill_look(cli, &seen);

    return code == CLI_OK && seen.drill ? setup_drill_say(cli, "code") : code;
}

static int wait_for_broker(const struct cli *cli, struct seen *seen)
{
    int64_t until = setup_drill_deadline(START_S);
    int code;
    while ((code = setup_drill_look(cli, seen)) == CLI_OK && !seen->broker) {
        if (clock_now() < until && pause_goes_on())
            continue;
        log_error("no broker is reached, so nobody would hear a drill; porchlight status says why, "
                  "then: porchlight setup --drill");
        return CLI_FAILED;
    }
    return code;
}

static int begin_anew(const struct cli *cli)
{
    puts("No phone has answered yet. The drill begins anew, so that one that joined late\n"
         "rings too.");
    int code = end_drill(cli);
    return code == CLI_OK ? setup_drill_say(cli, "drill") : code;
}

/* Until a phone answered. One that joins now, or did just before, has not heard the drill begin: it
 * begins once more, when that phone has had the time to listen. */
static int wait_for_answer(const struct cli *cli, int known, int wait_s)
{
    int64_t until = setup_drill_deadline(wait_s),
            anew = known > 0 ? setup_drill_deadline(ANSWERS_S) : INT64_MAX;
    struct seen seen;
    int code;

    while ((code = setup_drill_look(cli, &seen)) == CLI_OK && !(seen.drill && seen.answered)) {
        if (!seen.drill) {
            log_error("the drill was ended before a phone answered%s; once more: porchlight setup "
                      "--drill",
                      seen.alert ? ", by an alert that is real" : "");
            return CLI_FAILED;
        }
        if (clock_now() >= until) {
            log_error("no phone answered within %d s: invite one (porchlight invite), then: "
                      "porchlight setup --drill. The kiosk itself is set up",
                      wait_s);
            return CLI_FAILED;
        }
        if (!pause_goes_on()) {
            log_error("left before a phone answered; the drill is over. Later: porchlight setup "
                      "--drill");
            return CLI_FAILED;
        }
        if (seen.phones > known)
            anew = setup_drill_deadline(LISTENS_S);
        known = seen.phones;
        if (clock_now() < anew)
            continue;
        anew = INT64_MAX;
        if ((code = begin_anew(cli)) != CLI_OK)
            return code;
    }
    return code;
}

/* Without a phone nobody could answer; whoever sits at the terminal is given the time for one. -1:
 * they leave. */
static int let_invite(void)
{
    char text[8];
    if (!isatty(STDIN_FILENO))
        return 0;
    puts("\nNow the drill. If no phone belongs to the venue yet, invite one first, from\nanother "
         "terminal:\n    sudo porchlight invite\nPress Enter when a phone has joined.");
    return terminal_line(text, sizeof text);
}

static int hold(const struct cli *cli, int wait_s)
{
    struct seen seen;
    int code;

    if (!answers_soon(cli, setup_drill_deadline(START_S))) {
        log_error("porchlightd does not answer, so nothing was rehearsed; start it (systemctl "
                  "status porchlightd says why it is down), then: porchlight setup --drill");
        return CLI_NOBODY;
    }
    if ((code = wait_for_broker(cli, &seen)) != CLI_OK)
        return code;
    if (let_invite() < 0) {
        log_error("nothing was rehearsed; later: porchlight setup --drill");
        return CLI_FAILED;
    }
    if ((code = setup_drill_say(cli, "drill")) != CLI_OK)
        return code;
    puts("The drill has begun: a phone that belongs to the venue rings now, and says DRILL.\nTap "
         "\"seen\" on it.");
    if ((code = wait_for_answer(cli, seen.phones, wait_s)) == CLI_OK)
        puts("A phone received it and answered. The drill is over.");
    end_drill(cli);
    return code;
}

int setup_drill(const struct cli *cli, int wait_s)
{
    sigset_t before;
    terminal_hold(&before);
    int code = hold(cli, wait_s);
    terminal_release(&before);
    return code;
}
