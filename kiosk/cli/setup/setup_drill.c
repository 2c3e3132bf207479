#include "kiosk/cli/control_client.h"
#include "kiosk/cli/print.h"
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

static int64_t seconds_from_now(int seconds)
{
    return clock_now() + seconds * NS_PER_S;
}

/* False: the host leaves. */
static bool pause_briefly(void)
{
    return terminal_wait(NULL, 0, LOOK_MS) == 0;
}

/* porchlightd may be starting. */
static bool wait_for_porchlightd(const struct cli *cli, int64_t until)
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
    } while (clock_now() < until && pause_briefly());
    return false;
}

struct seen {
    bool broker, drill, alert, answered;
    int phones; /* that belong to the venue */
};

static int number(const cJSON *status, const char *key)
{
    const cJSON *n = cJSON_GetObjectItem(status, key);
    return cJSON_IsNumber(n) ? n->valueint : 0;
}

static int read_status(const struct cli *cli, struct seen *seen)
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

static int ask_for(const struct cli *cli, const char *what)
{
    cJSON *reply;
    int code = control_client_ask(cli, what, &reply);
    if (code == CLI_OK)
        cJSON_Delete(reply);
    return code;
}

/* Only a drill: in a real alert the code would show an all-clear here. */
static int end_drill(const struct cli *cli)
{
    struct seen seen;
    int code = read_status(cli, &seen);

    return code == CLI_OK && seen.drill ? ask_for(cli, "code") : code;
}

static int wait_for_broker(const struct cli *cli, struct seen *seen)
{
    int64_t until = seconds_from_now(START_S);
    int code;
    while ((code = read_status(cli, seen)) == CLI_OK && !seen->broker) {
        if (clock_now() < until && pause_briefly())
            continue;
        log_error(
            "No drill was held: the kiosk is not connected to a broker, so no phone would ring. "
            "porchlight status shows why. Then try again: porchlight setup --drill");
        return CLI_FAILED;
    }
    return code;
}

static int restart_drill(const struct cli *cli)
{
    print_say(
        "No phone has answered yet. The drill starts again, so that a phone which joined late "
        "rings too.");
    int code = end_drill(cli);
    return code == CLI_OK ? ask_for(cli, "drill") : code;
}

/* Until a phone answers. One that joins now, or did just before, did not receive the drill: it
 * starts again when that phone has had time to connect. */
static int wait_for_answer(const struct cli *cli, int known, int wait_s)
{
    int64_t until = seconds_from_now(wait_s),
            restart_at = known > 0 ? seconds_from_now(ANSWERS_S) : INT64_MAX;
    struct seen seen;
    int code;

    while ((code = read_status(cli, &seen)) == CLI_OK && !(seen.drill && seen.answered)) {
        if (!seen.drill) {
            log_error(
                "The drill ended before a phone answered%s. To hold another: porchlight setup "
                "--drill",
                seen.alert ? ", because of a real alert" : "");
            return CLI_FAILED;
        }
        if (clock_now() >= until) {
            log_error("No phone answered within %d s. The kiosk itself is set up. Invite a phone "
                      "(sudo porchlight invite), then: porchlight setup --drill",
                      wait_s);
            return CLI_FAILED;
        }
        if (!pause_briefly()) {
            log_error("You left before a phone answered, and the drill is over. To hold another: "
                      "porchlight setup --drill");
            return CLI_FAILED;
        }
        if (seen.phones > known)
            restart_at = seconds_from_now(LISTENS_S);
        known = seen.phones;
        if (clock_now() < restart_at)
            continue;
        restart_at = INT64_MAX;
        if ((code = restart_drill(cli)) != CLI_OK)
            return code;
    }
    return code;
}

/* Without a phone nobody could answer, so the host gets time to invite one. -1: the host leaves. */
static int wait_for_invitation(void)
{
    char text[8];
    if (!isatty(STDIN_FILENO))
        return 0;
    print_say(
        "\nNow a drill, to see that a phone really rings. No phone has joined yet: invite one from "
        "another terminal:\n    sudo porchlight invite\nPress Enter when a phone has joined.");
    return terminal_line(text, sizeof text);
}

/* Nobody could answer: whoever is at the only terminal has to invite phones there first. */
static bool is_put_off(const struct seen *seen)
{
    if (seen->phones > 0 || !isatty(STDIN_FILENO))
        return false;
    print_say("\nNo drill is held yet, because no phone has joined. Invite phones, as the list "
              "says. Then see that one really rings:\n    sudo porchlight setup --drill");
    return true;
}

static int hold_drill(const struct cli *cli, int wait_s, bool may_wait)
{
    struct seen seen;
    int code;

    print_say("\nWaiting for the kiosk to connect to its broker. This can take a minute.");
    if (!wait_for_porchlightd(cli, seconds_from_now(START_S))) {
        log_error(
            "No drill was held: porchlightd does not answer. systemctl status porchlightd shows "
            "why it stopped. Start it (sudo systemctl start porchlightd), then: porchlight "
            "setup --drill");
        return CLI_NOBODY;
    }
    if ((code = wait_for_broker(cli, &seen)) != CLI_OK)
        return code;
    if (may_wait && is_put_off(&seen))
        return CLI_OK;
    if (seen.phones == 0 && wait_for_invitation() < 0) {
        log_error("No drill was held. To hold one later: porchlight setup --drill");
        return CLI_FAILED;
    }
    if ((code = ask_for(cli, "drill")) != CLI_OK)
        return code;
    print_say("The drill has started. The phone rings now and shows DRILL: tap \"seen\" on it.");
    if ((code = wait_for_answer(cli, seen.phones, wait_s)) == CLI_OK)
        print_item(PRINT_OK, "OK:", 4, "A phone received it and answered. The drill is over.");
    end_drill(cli);
    return code;
}

int setup_drill(const struct cli *cli, int wait_s, bool may_wait)
{
    sigset_t before;
    terminal_hold(&before);
    int code = hold_drill(cli, wait_s, may_wait);
    terminal_release(&before);
    return code;
}
