#include "kiosk/cli/kiosk_idle.h"
#include "kiosk/common/paths.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static int idle_run(const struct cli *cli, void *own, char **words)
{
    char conf[PATH_LEN];
    (void)own;
    (void)words;
    if (path_under(cli->prefix, PATH_CONF, conf) < 0)
        return cli_misuse(&cli_idle, "--prefix: %s", strerror(errno));
    if (access(conf, F_OK) != 0 && errno == ENOENT)
        return CLI_OK;
    return kiosk_idle(cli);
}

const struct cli_command cli_idle = {
    .name = "idle",
    .arguments = "",
    .summary = "exit with 0 if the kiosk may be restarted now: for upgrades that can wait",
    .run = idle_run,
};
