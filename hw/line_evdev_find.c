#include "hw/line_evdev.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int evdev_device_open(struct evdev_device *d, const char *root, const char *node)
{
    char path[EVDEV_PATH_MAX];
    snprintf(path, sizeof path, "%s/dev/input/%s", root, node);
    snprintf(d->node, sizeof d->node, "%s", node);
    d->fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (d->fd < 0)
        return -1;
    int rc = libevdev_new_from_fd(d->fd, &d->dev);
    if (rc == 0)
        return 0;
    close(d->fd);
    errno = -rc;
    return -1;
}

void evdev_device_close(struct evdev_device *d)
{
    libevdev_free(d->dev);
    close(d->fd);
}

static bool evdev_same(const char *found, const char *want)
{
    return found && strcmp(found, want) == 0;
}

bool evdev_device_is(const struct evdev_device *d, const char *want)
{
    return evdev_same(libevdev_get_name(d->dev), want) ||
           evdev_same(libevdev_get_uniq(d->dev), want) ||
           evdev_same(libevdev_get_phys(d->dev), want);
}

static int evdev_by_number(const void *a, const void *b)
{
    return strverscmp(a, b);
}

size_t evdev_nodes(const char *root, char nodes[EVDEV_DEVICES_MAX][16])
{
    char path[EVDEV_PATH_MAX];
    size_t n = 0;
    snprintf(path, sizeof path, "%s/dev/input", root);
    DIR *d = opendir(path);
    if (!d)
        return 0;
    for (struct dirent *e; n < EVDEV_DEVICES_MAX && (e = readdir(d));) {
        size_t len = strlen(e->d_name), digits = len > 5 ? strspn(e->d_name + 5, "0123456789") : 0;
        if (strncmp(e->d_name, "event", 5) == 0 && digits > 0 && digits + 5 == len && len < 16)
            memcpy(nodes[n++], e->d_name, len + 1);
    }
    closedir(d);
    qsort(nodes, n, sizeof nodes[0], evdev_by_number);
    return n;
}

enum line_trouble evdev_keys_parse(const char *text, struct line_keys *k, char *detail, size_t size)
{
    *k = (struct line_keys){.count = 0};
    for (const char *one = text; *one;) {
        size_t len = strcspn(one, "+");
        int code = libevdev_event_code_from_name_n(EV_KEY, one, len);
        snprintf(detail, size, "%.*s", (int)len, one);
        if (code < 0 || k->count == LINE_KEYS_MAX)
            return LINE_BAD_KEY;
        k->codes[k->count++] = (unsigned)code;
        one += len + (one[len] == '+');
    }
    return k->count > 0 ? LINE_FINE : LINE_BAD_KEY;
}

static bool evdev_has(const struct evdev_device *d, const struct line_keys *k)
{
    for (size_t i = 0; i < k->count; i++)
        if (!libevdev_has_event_code(d->dev, EV_KEY, k->codes[i]))
            return false;
    return k->count > 0;
}

struct evdev_search {
    const struct line_address *want;
    const struct line_keys *keys;
    size_t named, found;
    char fits[LINE_SEEN_MAX], seen[LINE_SEEN_MAX], closed[32], keyless[16];
};

/* What the kernel lets everybody read of a device that this user may not open. */
static bool evdev_closed_is(const char *root, const char *node, const char *want)
{
    static const char *const facts[] = {"name", "uniq", "phys"};
    for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++) {
        char path[EVDEV_PATH_MAX], found[LINE_ADDRESS_MAX] = "";
        snprintf(path, sizeof path, "%s/sys/class/input/%.15s/device/%s", root, node, facts[i]);
        FILE *f = fopen(path, "re");
        if (!f)
            continue;
        bool same = fgets(found, sizeof found, f);
        fclose(f);
        found[strcspn(found, "\n")] = '\0';
        if (same && strcmp(found, want) == 0)
            return true;
    }
    return false;
}

/* Keeps the first that fits open in *d. */
static void evdev_look(struct evdev_search *s, const char *root, const char *node,
                       struct evdev_device *d)
{
    struct evdev_device one = {.fd = -1};
    if (evdev_device_open(&one, root, node) < 0) {
        if ((errno == EACCES || errno == EPERM) && evdev_closed_is(root, node, s->want->name))
            snprintf(s->closed, sizeof s->closed, "/dev/input/%.15s", node);
        return;
    }
    if (libevdev_has_event_type(one.dev, EV_KEY))
        line_find_list(s->seen, libevdev_get_name(one.dev));
    bool named = evdev_device_is(&one, s->want->name), fits = named && evdev_has(&one, s->keys);
    if (named && s->named++ == 0)
        snprintf(s->keyless, sizeof s->keyless, "%.15s", node);
    if (fits)
        line_find_list(s->fits, node);
    if (fits && s->found++ == 0)
        *d = one;
    else
        evdev_device_close(&one);
}

enum line_trouble evdev_find(const char *root, const struct line_address *a,
                             const struct line_keys *k, struct evdev_device *d, char *detail,
                             size_t size)
{
    char nodes[EVDEV_DEVICES_MAX][16];
    struct evdev_search s = {.want = a, .keys = k};
    size_t n = evdev_nodes(root, nodes);
    for (size_t i = 0; i < n; i++)
        evdev_look(&s, root, nodes[i], d);
    if (s.found == 1)
        return LINE_FINE;
    if (s.found > 1) {
        evdev_device_close(d);
        snprintf(detail, size, "%s", s.fits);
        return LINE_MANY_BUTTONS;
    }
    if (s.named > 0) {
        snprintf(detail, size, "%s", s.keyless);
        return LINE_NO_KEY;
    }
    if (s.closed[0]) {
        snprintf(detail, size, "%s", s.closed);
        return LINE_BUTTON_CLOSED;
    }
    snprintf(detail, size, "%s", s.seen[0] ? s.seen : "none");
    return LINE_NO_BUTTON;
}
