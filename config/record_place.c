#include "config/record_place.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int record_place(struct record_place *out, const char *prefix, const char *word)
{
    static const char cell[] = "nvmem:";
    char path[PATH_LEN];
    out->cell = strncmp(word, cell, strlen(cell)) == 0;
    int n = out->cell ? snprintf(path, sizeof path, "/sys/bus/nvmem/devices/%s/nvmem",
                                 word + strlen(cell))
                      : snprintf(path, sizeof path, "%s", word[0] != '\0' ? word : PATH_RECORD);
    if (n < (int)sizeof path && path_under(prefix, PATH_STAFF_BOX, out->box) == 0)
        return path_under(prefix, path, out->path);
    errno = ENAMETOOLONG;
    return -1;
}
