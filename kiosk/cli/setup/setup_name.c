#include "kiosk/cli/setup/setup.h"
#include "kiosk/common/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void setup_own_name(const char *prefix, char out[ANSWER_MAX])
{
    char path[PATH_LEN], name[ANSWER_MAX];
    size_t len;
    if (path_under(prefix, "/run/avahi-daemon/socket", path) < 0 || access(path, F_OK) < 0 ||
        path_under(prefix, "/etc/hostname", path) < 0)
        return;
    char *text = file_read(path, 4096, &len);
    if (!text)
        return;
    /* What follows a dot is not part of the name that avahi answers to. */
    snprintf(name, sizeof name, "%.*s.local", (int)strcspn(text, ".\r\n \t"), text);
    free(text);
    if (answer_rules[ANSWER_HOST].good(name))
        snprintf(out, ANSWER_MAX, "%s", name);
}
