#include "kiosk/cli/doctor/doctor.h"

#include "kiosk/common/paths.h"

#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

FILE *doctor_open(const struct doctor *d, const char *path)
{
    char whole[PATH_LEN];
    return path_under(d->prefix, path, whole) == 0 ? fopen(whole, "re") : NULL;
}

bool doctor_line_of(const struct doctor *d, const char *path, char *out, size_t size)
{
    FILE *f = doctor_open(d, path);
    if (!f)
        return false;
    bool got = fgets(out, (int)size, f);
    fclose(f);
    if (got)
        out[strcspn(out, "\n")] = '\0';
    return got;
}

bool doctor_number_of(const struct doctor *d, const char *path, long *out)
{
    char text[64], *end;
    if (!doctor_line_of(d, path, text, sizeof text))
        return false;
    errno = 0;
    *out = strtol(text, &end, 0);
    return end != text && errno == 0;
}

bool doctor_mount_of(const struct doctor *d, const char *path, char type[32], char options[256])
{
    FILE *f = doctor_open(d, "/proc/mounts");
    char line[1024], at[256], its_type[32], its_options[256];
    size_t longest = 0;
    if (!f)
        return false;
    while (fgets(line, sizeof line, f)) {
        if (sscanf(line, "%*s %255s %31s %255s", at, its_type, its_options) != 3 ||
            !path_is_below(path, at) || strlen(at) < longest)
            continue;
        longest = strlen(at);
        snprintf(type, 32, "%s", its_type);
        snprintf(options, 256, "%s", its_options);
    }
    fclose(f);
    return longest > 0;
}

bool doctor_exists(const struct doctor *d, const char *path)
{
    char whole[PATH_LEN];
    return path_under(d->prefix, path, whole) == 0 && access(whole, F_OK) == 0;
}

size_t doctor_each(struct doctor *d, const char *pattern,
                   void (*visit)(struct doctor *d, const char *path))
{
    char whole[PATH_LEN];
    glob_t g;
    if (path_under(d->prefix, pattern, whole) < 0 || glob(whole, 0, NULL, &g) != 0)
        return 0;
    size_t n = g.gl_pathc;
    for (size_t i = 0; i < n; i++)
        visit(d, g.gl_pathv[i] + strlen(d->prefix));
    globfree(&g);
    return n;
}
