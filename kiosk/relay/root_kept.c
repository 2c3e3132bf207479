#include "kiosk/relay/root_kept.h"

#include "kiosk/common/file.h"
#include "kiosk/common/log.h"
#include "kiosk/common/paths.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int root_kept_path(const char *prefix, const char *kiosk, char path[PATH_LEN])
{
    char name[PATH_LEN];
    snprintf(name, sizeof name, PATH_RELAY_DIR "/root-%.16s", kiosk);
    return path_under(prefix, name, path);
}

void root_kept_read(const char *prefix, const char *kiosk, struct root_word *all)
{
    char path[PATH_LEN];
    struct root_word kept;
    size_t len;
    if (root_kept_path(prefix, kiosk, path) != 0)
        return;
    char *wire = file_read(path, ENVELOPE_SIZE, &len);
    if (wire && root_word_parse(&kept, (const uint8_t *)wire, len))
        root_word_join(all, &kept);
    else if (wire || errno != ENOENT)
        log_warning("%s is not what porchlight-relay wrote: %s. What the root key said of that "
                    "kiosk is known again once the broker sends it",
                    path, wire ? "it is damaged" : strerror(errno));
    free(wire);
}

void root_kept_write(const char *prefix, const char *kiosk, const struct root_word *all)
{
    char path[PATH_LEN];
    uint8_t wire[ENVELOPE_SIZE];
    root_word_write(all, wire);
    if (root_kept_path(prefix, kiosk, path) != 0 || file_replace(path, wire, sizeof wire, 0600) < 0)
        log_warning(
            "%s: %s. What the root key said of that kiosk is obeyed, but would have to come "
            "again after a restart",
            path, strerror(errno));
}
