#include "kiosk/cli/output_place.h"

#include "kiosk/common/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void output_place_trim(char *path)
{
    for (size_t n = strlen(path); n > 1 && path[n - 1] == '/'; n--)
        path[n - 1] = '\0';
}

void output_place_folder(const char *path, char folder[PATH_LEN])
{
    const char *slash = strrchr(path, '/');

    if (!slash)
        snprintf(folder, PATH_LEN, ".");
    else
        snprintf(folder, PATH_LEN, "%.*s", slash == path ? 1 : (int)(slash - path), path);
}

int output_place_check(const char *path, const char *example, const char *nothing)
{
    char folder[PATH_LEN];
    struct stat st;

    output_place_folder(path, folder);
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        log_error("%s: %s exists already. Choose a new name, such as %s%s%s", nothing, path, path,
                  path[strlen(path) - 1] == '/' ? "" : "/", example);
    else if (lstat(path, &st) == 0)
        log_error("%s: %s exists already. Choose a new name.", nothing, path);
    else if (stat(folder, &st) < 0 || !S_ISDIR(st.st_mode))
        log_error("%s: there is no folder %s. Is the stick mounted?", nothing, folder);
    else if (access(folder, W_OK | X_OK) < 0)
        log_error("%s: nothing can be written to %s: %s.", nothing, folder, strerror(errno));
    else
        return 0;
    return -1;
}
