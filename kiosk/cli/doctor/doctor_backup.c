#include "kiosk/cli/doctor/doctor.h"

#include "kiosk/common/clock.h"
#include "kiosk/common/paths.h"

#include <sys/stat.h>

/* What a backup holds, and a new one is needed for when it has changed. A folder's time is that of
 * the last file that came, went or was replaced in it. */
#define PATH_CA_FOLDER (PATH_ETC "/ca")
static const char *const matters[] = {PATH_CONF, PATH_CREDENTIALS, PATH_CA_FOLDER, PATH_PHONES,
                                      PATH_STAFF};

#define SECOND INT64_C(1000000000)
#define DAY    (24 * 3600 * SECOND) /* in which a host may make one unasked */

/* When a path was last changed, ns since 1970; 0: it is not there. */
static int64_t changed_at(const struct doctor *d, const char *path)
{
    char whole[PATH_LEN];
    struct stat st;
    return path_under(d->prefix, path, whole) == 0 && stat(whole, &st) == 0
               ? st.st_mtim.tv_sec * SECOND + st.st_mtim.tv_nsec
               : 0;
}

void doctor_backup(struct doctor *d)
{
    int64_t last = 0, made = changed_at(d, PATH_BACKED_UP);
    if (!doctor_exists(d, PATH_CONF) || !clock_is_set())
        return;
    for (size_t i = 0; i < sizeof matters / sizeof matters[0]; i++)
        last = changed_at(d, matters[i]) > last ? changed_at(d, matters[i]) : last;
    int64_t ago = clock_wall_seconds() * SECOND - last, days = ago / DAY;
    if (made >= last)
        doctor_say(d, "backup", DOCTOR_OK, "", "The last one has all that matters.");
    else if (ago < DAY)
        doctor_say(d, "backup", DOCTOR_OK, "",
                   "Keys, phones or config have changed today. Make a new backup: sudo porchlight "
                   "backup FILE");
    else {
        doctor_trouble(d, TROUBLE_BACKUP);
        doctor_say(d, "backup", DOCTOR_WARNING,
                   "Mount a USB stick, and make a new one on it:\n"
                   "    sudo porchlight backup FILE",
                   "%s Keys, phones or config changed %lld day%s ago: they would be lost with this "
                   "card.",
                   made ? "The last backup is older than a change that matters."
                        : "No backup of this kiosk was made.",
                   (long long)days, days == 1 ? "" : "s");
    }
}
