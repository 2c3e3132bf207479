#include "kiosk/screen/wayland_seat.h"

#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Wayland's wire, as far as one question needs it: 32-bit words in the machine's order. A message
 * is an object, then size in bytes << 16 | opcode, then arguments. Object 1 is the display. */

enum { DISPLAY = 1, REGISTRY = 2, CALLBACK = 3 };
enum { DISPLAY_SYNC = 0, DISPLAY_GET_REGISTRY = 1, REGISTRY_GLOBAL = 0 };
enum { HEAD = 8, ANSWER_MS = 1000, MESSAGE_MAX = 4096 };

static int connect_to_compositor(void)
{
    const char *folder = getenv("XDG_RUNTIME_DIR"), *name = getenv("WAYLAND_DISPLAY");
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int n = 0;
    if (!name)
        name = "wayland-0";
    if (name[0] == '/')
        n = snprintf(at.sun_path, sizeof at.sun_path, "%s", name);
    else if (folder)
        n = snprintf(at.sun_path, sizeof at.sun_path, "%s/%s", folder, name);
    if (n <= 0 || (size_t)n >= sizeof at.sun_path)
        return -1;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof at) != 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static int wayland_seat_read_all(int fd, void *out, size_t len)
{
    for (size_t got = 0; got < len;) {
        struct pollfd p = {fd, POLLIN, 0};
        if (poll(&p, 1, ANSWER_MS) != 1)
            return -1;
        ssize_t n = read(fd, (char *)out + got, len - got);
        if (n <= 0)
            return -1;
        got += (size_t)n;
    }
    return 0;
}

/* A global's arguments: its number, then a string (length with its NUL, bytes), then a version. */
static int is_seat(const uint32_t *words, size_t bytes)
{
    static const char seat[] = "wl_seat";
    return bytes >= 2 * sizeof *words + sizeof seat && words[1] == sizeof seat &&
           memcmp(words + 2, seat, sizeof seat) == 0;
}

/* Every global is announced before the callback that was asked for behind them is done. */
static enum wayland_seat read_globals(int fd)
{
    uint32_t head[2], body[MESSAGE_MAX / 4];
    enum wayland_seat found = WAYLAND_SEAT_NONE;
    while (wayland_seat_read_all(fd, head, HEAD) == 0) {
        size_t bytes = head[1] >> 16;
        if (bytes < HEAD || bytes > MESSAGE_MAX ||
            wayland_seat_read_all(fd, body, bytes - HEAD) != 0)
            break;
        if (head[0] == CALLBACK)
            return found;
        if (head[0] == REGISTRY && (head[1] & 0xffff) == REGISTRY_GLOBAL &&
            is_seat(body, bytes - HEAD))
            found = WAYLAND_SEAT_FOUND;
    }
    return WAYLAND_SEAT_UNKNOWN;
}

enum wayland_seat wayland_seat_ask(void)
{
    static const uint32_t question[] = {
        DISPLAY, 12 << 16 | DISPLAY_GET_REGISTRY, REGISTRY,
        DISPLAY, 12 << 16 | DISPLAY_SYNC,         CALLBACK,
    };
    enum wayland_seat answer = WAYLAND_SEAT_UNKNOWN;
    int fd = connect_to_compositor();
    if (fd < 0)
        return WAYLAND_SEAT_UNKNOWN;
    if (send(fd, question, sizeof question, MSG_NOSIGNAL) == sizeof question)
        answer = read_globals(fd);
    close(fd);
    return answer;
}
