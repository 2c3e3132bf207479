#include "kiosk/cli/sibling_program.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

int sibling_program(const char *program, char out[PATH_LEN])
{
    ssize_t len = readlink("/proc/self/exe", out, PATH_LEN - 1);
    size_t room;
    char *slash;
    if (len < 0)
        return -1;
    out[len] = '\0';
    slash = strrchr(out, '/');
    room = slash ? PATH_LEN - (size_t)(slash + 1 - out) : 0;
    if (strlen(program) >= room) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(slash + 1, program, strlen(program) + 1);
    return 0;
}
