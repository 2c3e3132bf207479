#include "kiosk/common/paths.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int paths_join(const char *a, const char *between, const char *b, char out[PATH_LEN])
{
    int n = snprintf(out, PATH_LEN, "%s%s%s", a, between, b);
    if (n >= 0 && n < PATH_LEN)
        return 0;
    errno = ENAMETOOLONG;
    return -1;
}

int path_under(const char *prefix, const char *path, char out[PATH_LEN])
{
    return paths_join(prefix ? prefix : "", "", path, out);
}

int path_installed(const char *name, char out[PATH_LEN])
{
    char program[PATH_LEN];
    ssize_t n = readlink("/proc/self/exe", program, PATH_LEN - 1);
    if (n < 0)
        return -1;
    program[n] = '\0';
    for (int up = 0; up < 2; up++) {
        char *slash = strrchr(program, '/');
        if (slash)
            *slash = '\0';
    }
    return paths_join(program, "/share/porchlight/", name, out);
}

bool path_is_below(const char *path, const char *folder)
{
    size_t n = strlen(folder);
    return strcmp(folder, "/") == 0 ||
           (strncmp(path, folder, n) == 0 && (path[n] == '/' || path[n] == '\0'));
}

int path_credential(const char *prefix, const char *name, char out[PATH_LEN])
{
    const char *directory = getenv("CREDENTIALS_DIRECTORY");
    char below[PATH_LEN];
    if (name[0] == '\0' || name[0] == '.' || strchr(name, '/')) {
        errno = EINVAL;
        return -1;
    }
    if (directory && directory[0])
        return paths_join(directory, "/porchlight_", name, out);
    if (path_under(prefix, PATH_CREDENTIALS, below) < 0)
        return -1;
    return paths_join(below, "/", name, out);
}
