#include "kiosk/screen/panel.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool panel_read_word(const char *path, char out[32])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t n = read(fd, out, 31);
    close(fd);
    if (n < 0)
        return false;
    out[n] = '\0';
    out[strcspn(out, "\n")] = '\0';
    return true;
}

/* FNV-1a. */
static uint32_t print_of(const void *bytes, size_t len, uint32_t print)
{
    const unsigned char *p = bytes;
    for (size_t k = 0; k < len; k++)
        print = (print ^ p[k]) * 16777619u;
    return print;
}

/* A monitor's description of itself (VESA E-EDID 1.4). Its length, 0 for none. */
static size_t read_edid(const char *folder, const char *name, unsigned char edid[512])
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s/edid", folder, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    ssize_t n = read(fd, edid, 512);
    close(fd);
    return n > 0 ? (size_t)n : 0;
}

/* In mm in the first detailed timing; less exactly in cm, where a projector and some televisions
 * have 0, or a ratio of the sides with one of them 0. */
static float edid_inches(const unsigned char *edid, size_t len)
{
    enum { CM = 21, TIMING = 54, MM = TIMING + 12 };
    if (len < 128)
        return 0;
    float w = (float)(edid[MM] | (edid[MM + 2] & 0xf0) << 4);
    float h = (float)(edid[MM + 1] | (edid[MM + 2] & 0x0f) << 8);
    bool timing = edid[TIMING] != 0 || edid[TIMING + 1] != 0;
    if (!timing || w < 40 || h < 40) {
        w = 10.0f * (float)edid[CM];
        h = 10.0f * (float)edid[CM + 1];
    }
    return w < 40 || h < 40 ? 0 : hypotf(w, h) / 25.4f;
}

static uint32_t monitor_print(const char *name, const unsigned char *edid, size_t len)
{
    return print_of(edid, len, print_of(name, strlen(name), 2166136261u));
}

static bool is_connector(const char *name)
{
    return strncmp(name, "card", 4) == 0 && strchr(name, '-') && !strstr(name, "Writeback");
}

void panel_look(const char *sys, struct panel_state *out)
{
    char folder[512], best[NAME_MAX + 1] = "";
    memset(out, 0, sizeof *out);
    snprintf(folder, sizeof folder, "%s/class/drm", sys);
    DIR *d = opendir(folder);
    if (!d)
        return;
    for (struct dirent *e; (e = readdir(d));) {
        char path[1024], status[32];
        unsigned char edid[512];
        snprintf(path, sizeof path, "%s/%s/status", folder, e->d_name);
        if (!is_connector(e->d_name) || !panel_read_word(path, status))
            continue;
        out->connectors = true;
        if (strcmp(status, "connected") != 0)
            continue;
        size_t len = read_edid(folder, e->d_name, edid);
        out->print ^= monitor_print(e->d_name, edid, len); /* in whatever order they are read */
        if (best[0] == '\0' || strcmp(e->d_name, best) < 0) {
            snprintf(best, sizeof best, "%s", e->d_name);
            out->inches = edid_inches(edid, len);
        }
    }
    closedir(d);
    size_t digits = strspn(best + (best[0] ? 4 : 0), "0123456789");
    if (best[0] == '\0' || digits == 0 || digits >= sizeof out->card)
        return;
    out->connected = true;
    memcpy(out->card, best + 4, digits);
}

bool panel_same(const struct panel_state *a, const struct panel_state *b)
{
    return a->connected == b->connected && strcmp(a->card, b->card) == 0 && a->print == b->print;
}

struct panel_lamp {
    int brightness, power; /* fds; power may be -1 */
    long most;
};

static int open_in(const char *folder, const char *name, const char *file)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s/%s", folder, name, file);
    return open(path, O_WRONLY | O_CLOEXEC);
}

static long read_most(const char *folder, const char *name)
{
    char path[1024], word[32];
    snprintf(path, sizeof path, "%s/%s/max_brightness", folder, name);
    return panel_read_word(path, word) ? strtol(word, NULL, 10) : 0;
}

struct panel_lamp *panel_lamp_open(const char *sys)
{
    char folder[512];
    struct panel_lamp *l = NULL;
    snprintf(folder, sizeof folder, "%s/class/backlight", sys);
    DIR *d = opendir(folder);
    if (!d)
        return NULL;
    for (struct dirent *e; !l && (e = readdir(d));) {
        long most = e->d_name[0] != '.' ? read_most(folder, e->d_name) : 0;
        int fd = most > 0 ? open_in(folder, e->d_name, "brightness") : -1;
        if (fd < 0)
            continue;
        l = calloc(1, sizeof *l);
        if (!l) {
            close(fd);
            break;
        }
        *l = (struct panel_lamp){fd, open_in(folder, e->d_name, "bl_power"), most};
    }
    closedir(d);
    return l;
}

void panel_lamp_free(struct panel_lamp *l)
{
    if (!l)
        return;
    close(l->brightness);
    if (l->power >= 0)
        close(l->power);
    free(l);
}

static int panel_put(int fd, long value)
{
    char text[32];
    int n = snprintf(text, sizeof text, "%ld\n", value);
    return pwrite(fd, text, (size_t)n, 0) == n ? 0 : -1;
}

int panel_lamp_set(struct panel_lamp *l, float light)
{
    enum { FB_BLANK_UNBLANK = 0, FB_BLANK_POWERDOWN = 4 };
    if (l->power >= 0)
        panel_put(l->power, light > 0 ? FB_BLANK_UNBLANK : FB_BLANK_POWERDOWN);
    return panel_put(l->brightness, (long)((float)l->most * light + 0.5f));
}
