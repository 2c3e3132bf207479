#include "kiosk/screen/media.h"

#include "kiosk/common/file.h"
#include "kiosk/common/log.h"
#include "kiosk/screen/draw_photo.h"
#include "kiosk/screen/ics.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOOK_AGAIN (INT64_C(2) * 1000000000)

struct media {
    struct album *album; /* NULL: no folder is configured */
    struct photo *photo[2];
    struct box room;
    int64_t turn_at; /* run time at which the second photo began to come */
    char path[512];
    char text[PROGRAMME_BYTES];
    size_t len;
    bool have;
    struct timespec changed;
    off_t size;
    int64_t look_at;
    int read_at;    /* minute of the year for which it was read; -1: it has changed since */
    int warned_day; /* day of the year of the last warning: one for each change and day */
    bool warned_missing;
};

struct media *media_new(const char *pictures, const char *programme)
{
    struct media *m = calloc(1, sizeof *m);
    if (!m)
        return NULL;
    snprintf(m->path, sizeof m->path, "%s", programme);
    if (pictures[0] != '\0')
        m->album = album_new(pictures);
    m->turn_at = INT64_MIN;
    m->warned_day = m->read_at = -1;
    return m;
}

void media_free(struct media *m)
{
    if (!m)
        return;
    album_photo_free(m->photo[0]);
    album_photo_free(m->photo[1]);
    album_free(m->album);
    free(m);
}

static bool same_room(struct box a, struct box b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

static void update_photos(struct media *m, struct scene_state *state, struct box room, int64_t run)
{
    int w = room.x1 - room.x0, h = room.y1 - room.y0;
    bool first = m->turn_at == INT64_MIN;
    if (!m->album || w < 1 || h < 1)
        return;
    if (!same_room(m->room, room)) {
        album_photo_free(m->photo[0]);
        album_photo_free(m->photo[1]);
        m->photo[0] = m->photo[1] = NULL;
        m->room = room;
        first = true;
    }
    if (first || run - m->turn_at >= MEDIA_TURN) {
        struct photo *next = album_next(m->album, w, h);
        album_photo_free(m->photo[0]);
        m->photo[0] = m->photo[1];
        m->photo[1] = next;
        m->turn_at = first ? run - MEDIA_FADE : run;
    }
    float fade = (float)((double)(run - m->turn_at) / (double)MEDIA_FADE);
    state->photo_fade = fade < 0 ? 0 : fade > 1 ? 1 : fade;
    state->photo[0] = m->photo[0];
    state->photo[1] = m->photo[1];
}

static void programme_missing(struct media *m, const char *why)
{
    if (!m->warned_missing)
        log_warning("programme %s: %s; the page stays empty until the file can be read", m->path,
                    why);
    m->warned_missing = true;
    m->have = false;
    m->len = 0;
    m->read_at = -1;
}

static void programme_load(struct media *m, int fd, const struct stat *st)
{
    ssize_t n = file_read_all(fd, m->text, sizeof m->text);
    size_t len = n < 0 ? 0 : (size_t)n;
    bool long_file = len == sizeof m->text;
    while (long_file && len > 0 && m->text[len - 1] != '\n')
        len--;
    m->len = len;
    m->changed = st->st_mtim;
    m->size = st->st_size;
    m->have = true;
    m->warned_day = m->read_at = -1;
    m->warned_missing = false;
    if (long_file)
        log_warning("programme %s: longer than %d kB; the rest is not shown", m->path,
                    PROGRAMME_BYTES / 1024);
}

static void read_programme(struct media *m)
{
    struct stat st;
    int fd = open(m->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return programme_missing(m, strerror(errno));
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        programme_missing(m, "not a file");
    else if (!m->have || st.st_size != m->size || st.st_mtim.tv_sec != m->changed.tv_sec ||
             st.st_mtim.tv_nsec != m->changed.tv_nsec)
        programme_load(m, fd, &st);
    close(fd);
}

static void update_programme(struct media *m, struct scene_state *state, int64_t run,
                             const struct tm *local)
{
    char why[PROGRAMME_WHY];
    int minute = (local->tm_yday * 24 + local->tm_hour) * 60 + local->tm_min;
    if (m->path[0] == '\0')
        return;
    if (run >= m->look_at) {
        read_programme(m);
        m->look_at = run + LOOK_AGAIN;
    }
    if (m->read_at == minute)
        return;
    m->read_at = minute;
    int bad = (ics_is_name(m->path) ? ics_parse : programme_parse)(m->path, m->text, m->len, local,
                                                                   &state->programme, why);
    if (bad && m->warned_day != local->tm_yday)
        log_warning("programme %s", why);
    if (bad)
        m->warned_day = local->tm_yday;
}

void media_update(struct media *m, struct scene_state *state, struct box room, int64_t run,
                  const struct tm *local, bool known)
{
    state->minute = known ? local->tm_hour * 60 + local->tm_min : -1;
    if (state->kind == SCENE_PICTURES)
        update_photos(m, state, room, run);
    if (state->kind == SCENE_PROGRAMME && known)
        update_programme(m, state, run, local);
}
