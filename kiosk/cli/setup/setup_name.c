#include "kiosk/cli/setup/setup_name.h"

#include "kiosk/common/clock.h"
#include "kiosk/common/file.h"
#include "kiosk/common/paths.h"
#include "kiosk/common/unix_socket.h"
#include "kiosk/core/ns.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define AVAHI "/run/avahi-daemon/socket"

enum { PATIENCE_MS = 3000, REPLY_MAX = 512 };

bool setup_name_of_reply(const char *reply, char out[ANSWER_MAX])
{
    char name[ANSWER_MAX];
    int at = 0;
    if (sscanf(reply, "+ %*d %*d %n", &at) != 0 || at == 0)
        return false;
    size_t len = strcspn(reply + at, " \n");
    if (len >= sizeof name)
        return false;
    snprintf(name, sizeof name, "%.*s", (int)len, reply + at);
    if (!answer_rules[ANSWER_HOST].good(name))
        return false;
    snprintf(out, ANSWER_MAX, "%s", name);
    return true;
}

static int connect_avahi(const char *prefix)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    char path[PATH_LEN];
    if (path_under(prefix, AVAHI, path) < 0 || strlen(path) >= sizeof a.sun_path)
        return -1;
    strcpy(a.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof a) == 0)
        return fd;
    close(fd);
    return -1;
}

static int until_ms(int64_t end)
{
    int64_t left = (end - clock_now()) / NS_PER_MS;
    return left > 0 ? (int)left : 0;
}

/* One line, without the time for a second packet: a reply is short. */
static bool ask_avahi(const char *prefix, const char *address, int64_t end, char out[ANSWER_MAX])
{
    char text[REPLY_MAX];
    int fd = connect_avahi(prefix);
    bool found = false;
    int n = snprintf(text, sizeof text, "RESOLVE-ADDRESS %s\n", address);
    if (fd >= 0 && send(fd, text, (size_t)n, MSG_NOSIGNAL) == n &&
        unix_socket_wait(fd, until_ms(end)) > 0) {
        ssize_t got = recv(fd, text, sizeof text - 1, 0);
        text[got > 0 ? got : 0] = '\0';
        found = setup_name_of_reply(text, out);
    }
    file_close(fd);
    return found;
}

/* Nothing is sent: the kernel chooses the address from which it would. */
static void find_address(char out[ANSWER_MAX])
{
    const struct sockaddr_in anywhere = {.sin_family = AF_INET,
                                         .sin_port = htons(9),
                                         .sin_addr.s_addr = htonl(0xc6336401)}; /* RFC 5737 */
    struct sockaddr_in own;
    socklen_t len = sizeof own;
    char address[INET_ADDRSTRLEN];
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&anywhere, sizeof anywhere) == 0 &&
        getsockname(fd, (struct sockaddr *)&own, &len) == 0 &&
        inet_ntop(AF_INET, &own.sin_addr, address, sizeof address))
        snprintf(out, ANSWER_MAX, "%s", address);
    file_close(fd);
}

void setup_own_name(const char *prefix, char out[ANSWER_MAX])
{
    int64_t end = clock_now() + PATIENCE_MS * NS_PER_MS;
    struct ifaddrs *all;
    bool found = false;
    if (getifaddrs(&all) != 0)
        return;
    /* Its own loopback only where there is nothing else: a Pi without a network. */
    for (int loopback = 0; loopback < 2; loopback++)
        for (const struct ifaddrs *i = all; i && !found && clock_now() < end; i = i->ifa_next) {
            char address[INET_ADDRSTRLEN];
            const struct sockaddr_in *a = (const struct sockaddr_in *)(const void *)i->ifa_addr;
            if (!a || a->sin_family != AF_INET || !(i->ifa_flags & IFF_LOOPBACK) == !!loopback ||
                !inet_ntop(AF_INET, &a->sin_addr, address, sizeof address))
                continue;
            found = ask_avahi(prefix, address, end, out);
        }
    freeifaddrs(all);
    if (!found && !prefix[0])
        find_address(out);
}
