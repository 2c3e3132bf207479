#include "kiosk/cli/control.h"
#include "kiosk/cli/setup/setup.h"
#include "kiosk/common/clock.h"
#include "kiosk/common/local.h"
#include "kiosk/common/log.h"
#include "kiosk/common/paths.h"
#include "kiosk/core/ns.h"

#include <stdio.h>
#include <unistd.h>

enum { LOOK_MS = 200, START_S = 60 };

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

/* Asks until `good` says so. CLI_OK, CLI_FAILED when the time is over, or why it cannot be asked.
 */
static int wait_for(const struct cli *cli, bool (*good)(const cJSON *), int64_t until)
{
    for (;;) {
        cJSON *status;
        int code = control_ask(cli, "status", &status);
        if (code != CLI_OK)
            return code;
        bool done = good(status);
        cJSON_Delete(status);
        if (done)
            return CLI_OK;
        if (clock_now() >= until)
            return CLI_FAILED;
        usleep(LOOK_MS * 1000);
    }
}

static bool phone_answered(const cJSON *status)
{
    const cJSON *seen = cJSON_GetObjectItem(status, "seen");

    return cJSON_IsNumber(seen) && seen->valuedouble >= 1;
}

/* Without a phone nobody could answer; whoever sits at the terminal is given the time for one. */
static void let_invite(void)
{
    if (!isatty(STDIN_FILENO))
        return;
    puts("\nNow the drill. If no phone belongs to the venue yet, invite one first, from another "
         "terminal:\n    sudo porchlight invite\nPress Enter when a phone has joined.");
    fflush(stdout);
    while (getchar() != '\n' && !feof(stdin))
        ;
}

int setup_drill(const struct cli *cli, int wait_s)
{
    cJSON *reply;

    if (!answers_soon(cli, deadline(START_S))) {
        log_error("porchlightd does not answer, so nothing was rehearsed; start it (systemctl "
                  "status porchlightd says why it is down), then: porchlight setup --drill");
        return CLI_NOBODY;
    }
    int code = wait_for(cli, some_broker, deadline(START_S));
    if (code == CLI_FAILED)
        log_error("no broker is reached, so nobody would hear a drill; porchlight status says why, "
                  "then: porchlight setup --drill");
    if (code != CLI_OK)
        return code;
    let_invite();
    if ((code = control_ask(cli, "drill", &reply)) != CLI_OK)
        return code;
    cJSON_Delete(reply);
    printf("The drill has begun: a phone that belongs to the venue rings now, and says DRILL. Tap "
           "\"seen\" on it.\n");
    fflush(stdout);
    code = wait_for(cli, phone_answered, deadline(wait_s));
    if (control_ask(cli, "code", &reply) == CLI_OK)
        cJSON_Delete(reply);
    if (code == CLI_OK)
        printf("A phone received it and answered. The drill is over.\n");
    else if (code == CLI_FAILED)
        log_error("no phone answered within %d s: invite one (porchlight invite), then: porchlight "
                  "setup --drill. The kiosk itself is set up",
                  wait_s);
    return code;
}
