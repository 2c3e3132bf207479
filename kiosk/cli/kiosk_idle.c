#include "kiosk/cli/kiosk_idle.h"

#include "kiosk/cli/control_client.h"
#include "kiosk/common/log.h"
#include "kiosk/common/messages.h"
#include "kiosk/common/paths.h"
#include "kiosk/common/unix_socket.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

enum { REPORT_MS = 5000 };

/* Whether porchlight-wipe has a wipe or a drill that is not over, as after a power cut: not every
 * target has a result. Without its socket there is none; without an answer there may be. */
static bool wipe_is_open(const char *path)
{
    struct wipe_progress p = {.kind = WIPE_TARGET};
    uint32_t done = 0;
    int fd = unix_socket_connect(path);
    if (fd < 0)
        return errno != ENOENT;
    bool answers = unix_socket_send(fd, "STATUS", strlen("STATUS")) == 0;
    while (answers && p.kind == WIPE_TARGET) {
        answers = unix_socket_wait(fd, REPORT_MS) > 0 &&
                  unix_socket_receive(fd, &p, sizeof p) == sizeof p && p.magic == WIPE_MAGIC;
        done += p.kind == WIPE_TARGET && p.outcome != WIPE_NOTHING;
    }
    close(fd);
    return !answers || (p.kind == WIPE_END && (p.outcome == WIPE_NOTHING || done < p.index));
}

int kiosk_idle(const struct cli *cli)
{
    char wipe[PATH_LEN];
    cJSON *reply = NULL;
    int code = control_client_ask_admin(cli, "idle", &reply);
    cJSON_Delete(reply);
    if (code == CLI_OK && (path_under(cli->prefix, PATH_WIPE, wipe) < 0 || wipe_is_open(wipe))) {
        log_error("Not now; try again later"); /* as porchlightd says it */
        return CLI_FAILED;
    }
    return code;
}
