#include "kiosk/cli/backup/backup_read.h"

#include "kiosk/cli/passphrase.h"
#include "kiosk/common/log.h"
#include "kiosk/common/paths.h"

#include <errno.h>
#include <sodium.h>
#include <stdbool.h>
#include <string.h>

int backup_find(const char *file, const char *nothing)
{
    if (backup_look(file) == 0)
        return 0;
    if (errno == ENOENT)
        log_error("%s: there is no file %s. Is the stick mounted?", nothing, file);
    else
        log_error("%s: %s cannot be opened: %s.", nothing, file,
                  errno == EINVAL ? "it is not a backup that porchlight backup made"
                                  : strerror(errno));
    return -1;
}

int backup_unlock(struct backup *b, const char *file, const char *passphrase_file,
                  const char *nothing)
{
    char *passphrase = NULL;
    int result = -1, why = 0;

    if (backup_find(file, nothing) < 0)
        return -1;
    passphrase = passphrase_read(passphrase_file, 0, 1);
    if (!passphrase)
        return -1;
    result = backup_open(b, file, passphrase);
    why = errno;
    sodium_free(passphrase);
    if (result == 0)
        return 0;
    log_error("%s: %s cannot be opened: %s.", nothing, file,
              why == EBADMSG
                  ? "the passphrase is wrong, or the file is damaged. Capital letters and "
                    "spaces in the passphrase count"
                  : strerror(why));
    return -1;
}

static const char *backup_behind(const char *path, const char *folder)
{
    size_t n = strlen(folder);
    return strncmp(path, folder, n) == 0 && path[n] == '/' ? path + n + 1 : NULL;
}

static bool is_plain(const char *name)
{
    return name[0] && name[0] != '/' && !strstr(name, "..") && !strstr(name, "//");
}

enum backup_place backup_place_of(const char *path, const char **below)
{
    const char *etc = backup_behind(path, PATH_ETC), *staff = backup_behind(path, PATH_STAFF);

    *below = etc;
    if (etc && is_plain(etc))
        return BACKUP_ETC;
    return strcmp(path, PATH_ACCOUNTS) == 0 || strcmp(path, PATH_PHONES) == 0 ||
                   (staff && is_plain(staff))
               ? BACKUP_BESIDE
               : BACKUP_NOWHERE;
}
