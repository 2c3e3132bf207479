#include "kiosk/screen/media.h"

#include "kiosk/common/log.h"
#include "kiosk/screen/draw_photo.h"

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
    int told_day; /* what was complained about, so that it is said once a change and day */
    bool told_missing;
};

struct media *media_new(const char *pictures, const char *programme)
{
    struct media *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    snprintf(c->path, sizeof c->path, "%s", programme);
    if (pictures[0] != '\0')
        c->album = album_new(pictures);
    c->turn_at = INT64_MIN;
    c->told_day = -1;
    return c;
}

void media_free(struct media *c)
{
    if (!c)
        return;
    album_photo_free(c->photo[0]);
    album_photo_free(c->photo[1]);
    album_free(c->album);
    free(c);
}

static bool same_room(struct box a, struct box b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

static void update_photos(struct media *c, struct scene_state *state, struct box room, int64_t run)
{
    int w = room.x1 - room.x0, h = room.y1 - room.y0;
    bool first = c->turn_at == INT64_MIN;
    if (!c->album || w < 1 || h < 1)
        return;
    if (!same_room(c->room, room)) {
        album_photo_free(c->photo[0]);
        album_photo_free(c->photo[1]);
        c->photo[0] = c->photo[1] = NULL;
        c->room = room;
        first = true;
    }
    if (first || run - c->turn_at >= CONTENT_TURN) {
        struct photo *next = album_next(c->album, w, h);
        album_photo_free(c->photo[0]);
        c->photo[0] = c->photo[1];
        c->photo[1] = next;
        c->turn_at = first ? run - CONTENT_FADE : run;
    }
    float fade = (float)((double)(run - c->turn_at) / (double)CONTENT_FADE);
    state->photo_fade = fade < 0 ? 0 : fade > 1 ? 1 : fade;
    state->photo[0] = c->photo[0];
    state->photo[1] = c->photo[1];
}

/* True when the text is new. */
static bool read_programme(struct media *c)
{
    struct stat st;
    int fd = open(c->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        if (!c->told_missing)
            log_warning("programme %s: %s; the page stays empty until it is there", c->path,
                        fd < 0 ? strerror(errno) : "not a file");
        c->told_missing = true;
        bool was = c->have;
        c->have = false;
        c->len = 0;
        if (fd >= 0)
            close(fd);
        return was;
    }
    bool same = c->have && st.st_size == c->size && st.st_mtim.tv_sec == c->changed.tv_sec &&
                st.st_mtim.tv_nsec == c->changed.tv_nsec;
    if (!same) {
        size_t len = 0;
        ssize_t n;
        while (len < sizeof c->text && (n = read(fd, c->text + len, sizeof c->text - len)) > 0)
            len += (size_t)n;
        c->len = len;
        c->changed = st.st_mtim;
        c->size = st.st_size;
        c->have = true;
        c->told_day = -1;
        c->told_missing = false;
        if (len == sizeof c->text)
            log_warning("programme %s: longer than 16 kB; the rest is left out", c->path);
    }
    close(fd);
    return !same;
}

static void update_programme(struct media *c, struct scene_state *state, int64_t run,
                             const struct tm *local)
{
    char why[256];
    if (c->path[0] == '\0')
        return;
    if (run >= c->look_at) {
        read_programme(c);
        c->look_at = run + LOOK_AGAIN;
    }
    int bad = programme_parse(c->path, c->text, c->len, local, &state->programme, why);
    if (bad && c->told_day != local->tm_yday)
        log_warning("programme %s", why);
    if (bad)
        c->told_day = local->tm_yday;
}

void media_update(struct media *c, struct scene_state *state, struct box room, int64_t run,
                  const struct tm *local, bool known)
{
    state->minute = known ? local->tm_hour * 60 + local->tm_min : -1;
    if (state->kind == SCENE_PICTURES)
        update_photos(c, state, room, run);
    if (state->kind == SCENE_PROGRAMME && known)
        update_programme(c, state, run, local);
}
