#include "kiosk/common/daemon.h"
#include "kiosk/common/log.h"
#include "kiosk/screen/options.h"
#include "kiosk/screen/screen.h"
#include "kiosk/screen/settings.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

int main(int argc, char **argv)
{
    struct daemon_options common;
    struct options options;
    /* From the first moment on, so that one that comes early waits for screen_run. */
    int signals = daemon_signals((const int[]){SIGHUP, SIGUSR1, 0});
    options_init(&options);
    int status = daemon_begin(&options_program, &options, &common, argc, argv);
    if (status >= 0)
        return status;
    options.prefix = common.prefix;
    if (options.look)
        return settings_look(&options) == 0 ? 0 : 1;
    struct screen *s = signals < 0 ? NULL : screen_new(&options, signals);
    if (!s) {
        log_error("cannot start: %s", strerror(errno));
        return 1;
    }
    if (options.wanted) {
        bool wanted = screen_wanted(s);
        screen_free(s);
        return wanted ? 0 : 1;
    }
    int result = options.snapshot ? screen_snapshot(s) : screen_run(s);
    screen_free(s);
    return result == 0 ? 0 : 1;
}
