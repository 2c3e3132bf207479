#include "kiosk/wipe/pending.h"

#include "config/config.h"
#include "config/record_place.h"
#include "kiosk/common/clock.h"
#include "kiosk/common/file.h"
#include "kiosk/common/log.h"
#include "kiosk/common/paths.h"
#include "kiosk/core/record.h"
#include "kiosk/wipe/io.h"
#include "kiosk/wipe/scope.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* How long a chip's driver may take to come after the root file system. */
#define CELL_PATIENCE_NS INT64_C(5000000000)

enum pending pending_decide(enum progress_state own, enum pending_alarm alarm)
{
    if (own == PROGRESS_INTENT)
        return PENDING_RESUME;
    if (own == PROGRESS_FINISHING)
        return PENDING_FINISH;
    if (alarm == ALARM_ASKS)
        return PENDING_BEGIN;
    return own == PROGRESS_UNREADABLE || alarm == ALARM_UNKNOWN ? PENDING_UNKNOWN : PENDING_NOTHING;
}

static void pending_complain_to_log(void *context, const char *sentence)
{
    (void)context;
    log_error("%s", sentence);
}

static enum pending_alarm unreadable(const char *path, const char *why)
{
    log_error("%s: %s; so it is not known whether a wipe is pending", path, why);
    return ALARM_UNKNOWN;
}

static int pending_open_record(const struct record_place *at)
{
    int64_t until = clock_now() + CELL_PATIENCE_NS;
    int fd;
    while ((fd = open(at->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)) < 0 && at->cell &&
           errno == ENOENT && clock_now() < until)
        nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    return fd;
}

/* Made and never written since: zeros in a file, those or ones in a chip. */
static bool pending_is_blank(const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] != bytes[0])
            return false;
    }
    return len == 0 || bytes[0] == 0 || bytes[0] == 0xff;
}

static enum pending_alarm pending_judge(const struct record_place *at, int fd)
{
    uint8_t bytes[RECORD_READ];
    struct record record;
    size_t len = at->cell ? RECORD_READ_CELL : RECORD_READ;
    struct stat st;
    uint32_t serial;

    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return unreadable(at->path, "it is no file");
    if (st.st_size < (off_t)len)
        len = (size_t)st.st_size;
    if (io_read(fd, bytes, len, 0) < 0)
        return unreadable(at->path, strerror(errno));
    if (record_newest(bytes, len, at->cell, &record, &serial) >= 0)
        return record.standing.wipe_pending ? ALARM_ASKS : ALARM_SILENT;
    if (errno == EBADMSG && pending_is_blank(bytes, len))
        return ALARM_SILENT;
    return unreadable(at->path,
                      errno == EBUSY ? "it holds a vault's key, not the alarm's record"
                      : errno == ENOSPC
                          ? "it is too small for the alarm's record"
                          : "the alarm's record in it is damaged, or it is something else");
}

static enum pending_alarm pending_look_at_record(const struct run *r, const char *word)
{
    struct record_place at;
    enum pending_alarm said;
    int fd;

    if (record_place(&at, r->prefix, word) < 0)
        return unreadable(word, strerror(errno));
    fd = pending_open_record(&at);
    if (fd >= 0)
        said = pending_judge(&at, fd);
    else if (errno != ENOENT || at.cell)
        said = unreadable(at.path, strerror(errno));
    else if (scope_awaits_mount(r->prefix, at.path + strlen(r->prefix)))
        said = unreadable(at.path, "its file system is listed in /etc/fstab but not mounted");
    else
        said = ALARM_SILENT; /* porchlightd was never started */
    file_close(fd);
    return said;
}

/* Without a config, only a record in its usual place can show that nothing is pending. */
static enum pending_alarm look_without_config(const struct run *r, const char *path)
{
    enum pending_alarm said = pending_look_at_record(r, "");

    return said == ALARM_ASKS
               ? unreadable(path, "it is missing, and the alarm's record asks for a wipe")
               : said;
}

static enum pending_alarm look_at_alarm(const struct run *r)
{
    struct config *c = calloc(1, sizeof *c);
    enum pending_alarm said;
    char path[PATH_LEN];
    int loaded;

    if (!c || path_under(r->prefix, PATH_CONF, path) < 0) {
        said = unreadable(PATH_CONF, strerror(errno));
    } else if (access(path, F_OK) < 0 && errno == ENOENT) {
        said = look_without_config(r, path);
    } else if ((loaded = config_load_most(path, c, pending_complain_to_log, NULL)) < 0 ||
               (loaded > 0 && !c->wipe.enabled)) { /* the mistake may be the wipe's own */
        said = unreadable(path, "it has an error");
    } else {
        said = pending_look_at_record(r, c->kiosk.record);
        if (said == ALARM_ASKS && !c->wipe.enabled) {
            log_warning("the alarm's record asks for a wipe, but %s has it switched off", path);
            said = ALARM_SILENT;
        }
    }
    free(c);
    return said;
}

enum pending pending_look(const struct run *r)
{
    enum progress_state own = run_pending(r);

    if (own == PROGRESS_INTENT || own == PROGRESS_FINISHING)
        return pending_decide(own, ALARM_SILENT);
    if (own == PROGRESS_UNREADABLE)
        log_error("%s%s/%s cannot be read; so it is not known whether a wipe was interrupted",
                  r->prefix, PATH_WIPE_DIR, RUN_RECORD);
    return pending_decide(own, look_at_alarm(r));
}
