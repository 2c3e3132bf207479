#include "kiosk/cli/control.h"
#include "kiosk/cli/setup/setup.h"
#include "kiosk/common/clock.h"
#include "kiosk/common/local.h"
#include "kiosk/common/log.h"
#include "kiosk/common/paths.h"
#include "kiosk/core/ns.h"

#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

enum { LOOK_MS = 200, START_S = 60, LISTENS_S = 5, ANSWERS_S = 20 };

static int64_t deadline(int seconds)
{
    return clock_now() + seconds * NS_PER_S;
}

/* porchlightd may be starting. */
static bool answers_soon(const struct cli *cli, int64_t until)
{
    char path[PATH_LEN];

    if (path_under(cli->prefix, PATH_CONTROL, path) < 0)
        return false;
    for (;;) {
        int fd = local_connect(path);
        if (fd >= 0) {
            close(fd);
            return true;
        }
        if (clock_now() >= until)
            return false;
        usleep(LOOK_MS * 1000);
    }
}

static bool some_broker(const cJSON *status)
{
    const cJSON *b;

    cJSON_ArrayForEach(b, cJSON_GetObjectItem(status, "brokers"))
    {
        if (cJSON_IsTrue(cJSON_GetObjectItem(b, "connected")))
            return true;
    }
    return false;
}

static bool phone_answered(const cJSON *status)
{
    const cJSON *seen = cJSON_GetObjectItem(status, "seen");

    return cJSON_IsNumber(seen) && seen->valuedouble >= 1;
}

/* Phones that belong to the venue. */
static int phones(const cJSON *status)
{
    const cJSON *members = cJSON_GetObjectItem(status, "members"),
                *staff = cJSON_GetObjectItem(status, "staff");

    return (cJSON_IsNumber(members) ? members->valueint : 0) +
           (cJSON_IsNumber(staff) ? staff->valueint : 0);
}

/* CLI_OK and how many phones belong, CLI_FAILED when the time is over, or why it cannot be asked.
 */
static int wait_for_broker(const struct cli *cli, int *belong)
{
    int64_t until = deadline(START_S);

    for (;;) {
        cJSON *status;
        int code = control_ask(cli, "status", &status);
        if (code != CLI_OK)
            return code;
        bool done = some_broker(status);
        *belong = phones(status);
        cJSON_Delete(status);
        if (done)
            return CLI_OK;
        if (clock_now() >= until)
            return CLI_FAILED;
        usleep(LOOK_MS * 1000);
    }
}

static int say(const struct cli *cli, const char *request)
{
    cJSON *reply;
    int code = control_ask(cli, request, &reply);

    if (code == CLI_OK)
        cJSON_Delete(reply);
    return code;
}

static int begin_anew(const struct cli *cli)
{
    puts("No phone has answered yet. The drill begins anew, so that one that joined late rings "
         "too.");
    fflush(stdout);
    int code = say(cli, "code");
    return code == CLI_OK ? say(cli, "drill") : code;
}

/* Until a phone answered. One that joins now, or did just before, has not heard the drill begin: it
 * begins once more, when that phone has had the time to listen. As above. */
static int wait_for_answer(const struct cli *cli, int known, int64_t until)
{
    int64_t anew = known > 0 ? deadline(ANSWERS_S) : INT64_MAX;

    for (;;) {
        cJSON *status;
        int code = control_ask(cli, "status", &status);
        if (code != CLI_OK)
            return code;
        bool answered = phone_answered(status);
        int belong = phones(status);
        cJSON_Delete(status);
        if (answered)
            return CLI_OK;
        if (clock_now() >= until)
            return CLI_FAILED;
        if (belong > known)
            anew = deadline(LISTENS_S);
        known = belong;
        if (clock_now() >= anew) {
            anew = INT64_MAX;
            if ((code = begin_anew(cli)) != CLI_OK)
                return code;
        }
        usleep(LOOK_MS * 1000);
    }
}

/* Without a phone nobody could answer; whoever sits at the terminal is given the time for one. */
static void let_invite(void)
{
    if (!isatty(STDIN_FILENO))
        return;
    puts("\nNow the drill. If no phone belongs to the venue yet, invite one first, from another "
         "terminal:\n    sudo porchlight invite\nPress Enter when a phone has joined.");
    fflush(stdout);
    for (int c = getchar(); c != '\n' && c != EOF;)
        c = getchar();
}

int setup_drill(const struct cli *cli, int wait_s)
{
    if (!answers_soon(cli, deadline(START_S))) {
        log_error("porchlightd does not answer, so nothing was rehearsed; start it (systemctl "
                  "status porchlightd says why it is down), then: porchlight setup --drill");
        return CLI_NOBODY;
    }
    int belong, code = wait_for_broker(cli, &belong);
    if (code == CLI_FAILED)
        log_error("no broker is reached, so nobody would hear a drill; porchlight status says why, "
                  "then: porchlight setup --drill");
    if (code != CLI_OK)
        return code;
    let_invite();
    if ((code = say(cli, "drill")) != CLI_OK)
        return code;
    puts("The drill has begun: a phone that belongs to the venue rings now, and says DRILL. Tap "
         "\"seen\" on it.");
    fflush(stdout);
    code = wait_for_answer(cli, belong, deadline(wait_s));
    say(cli, "code");
    if (code == CLI_OK)
        puts("A phone received it and answered. The drill is over.");
    else if (code == CLI_FAILED)
        log_error("no phone answered within %d s: invite one (porchlight invite), then: porchlight "
                  "setup --drill. The kiosk itself is set up",
                  wait_s);
    return code;
}
