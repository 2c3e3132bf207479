#include "kiosk/common/log.h"
#include "kiosk/screen/options.h"
#include "kiosk/screen/screen.h"

#include <signal.h>

/* Blocked from the first moment on, so that one that comes early waits for screen_run. */
static void block_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGHUP);
    sigaddset(set, SIGUSR1);
    sigprocmask(SIG_BLOCK, set, NULL);
    signal(SIGPIPE, SIG_IGN);
}

int main(int argc, char **argv)
{
    struct options options;
    sigset_t blocked;
    log_init("porchlight-screen", LOG_LEVEL_INFO);
    block_signals(&blocked);
    switch (options_parse(argc, argv, &options)) {
    case OPTIONS_DONE:
        return 0;
    case OPTIONS_WRONG:
        return 2;
    case OPTIONS_RUN:
        break;
    }
    struct screen *s = screen_new(&options, &blocked);
    if (!s) {
        log_error("cannot start: out of memory");
        return 1;
    }
    int result = options.snapshot ? screen_snapshot(s) : screen_run(s);
    screen_free(s);
    return result == 0 ? 0 : 1;
}
