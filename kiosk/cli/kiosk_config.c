#include "kiosk/cli/kiosk_config.h"

#include "kiosk/common/log.h"
#include "kiosk/common/paths.h"

#include <errno.h>
#include <unistd.h>

bool kiosk_config_is_here(const char *prefix)
{
    char path[PATH_LEN];
    int saved = errno;
    bool is = path_under(prefix, PATH_CONF, path) < 0 || access(path, F_OK) == 0 || errno != ENOENT;
    errno = saved;
    return is;
}

int kiosk_config_load(const char *prefix, struct config *c, const char *nothing)
{
    char path[PATH_LEN];
    if (!kiosk_config_is_here(prefix)) {
        log_error("%s: no kiosk is set up in %s" PATH_ETC ". Run this on the kiosk, or begin with: "
                  "sudo porchlight setup",
                  nothing, prefix);
        return -1;
    }
    return path_under(prefix, PATH_CONF, path) == 0 &&
                   config_load(path, c, config_complain_stderr, NULL) == 0
               ? 0
               : -1;
}
