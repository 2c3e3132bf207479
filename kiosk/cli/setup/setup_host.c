#include "kiosk/cli/setup/setup.h"
#include "kiosk/common/clock.h"
#include "kiosk/common/log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool port_is_free(int port)
{
    struct sockaddr_in6 any = {
        .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port), .sin6_addr = in6addr_any};
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int one = 1;
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int bound;

    if (fd >= 0) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
        bound = bind(fd, (struct sockaddr *)&any, sizeof any);
    } else {
        fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
        bound = bind(fd, (struct sockaddr *)&four, sizeof four);
    }
    bool taken = bound < 0 && errno == EADDRINUSE;
    if (fd >= 0)
        close(fd);
    return !taken;
}

static int check_ports(const struct setup *s)
{
    static const enum answer ports[] = {ANSWER_PORT, ANSWER_PAGE_PORT, ANSWER_WEBSOCKET_PORT,
                                        ANSWER_LOCAL_PORT};
    int complaints = 0;

    if (!answers_broker_here(&s->now) || answer_number(&s->now, ANSWER_KIOSK) > 1)
        return 0;
    for (size_t i = 0; i < sizeof ports / sizeof ports[0]; i++) {
        bool ours = !s->first && strcmp(s->now.value[ports[i]], s->before.value[ports[i]]) == 0;
        if (ours || port_is_free(answer_number(&s->now, ports[i])))
            continue;
        log_error(
            "Nothing was changed: another program uses port %s. See which: sudo ss -ltnp. If it "
            "is Debian's own broker, stop it: sudo systemctl disable --now mosquitto. To use "
            "another port, set %s in a file for --answers.",
            s->now.value[ports[i]], answer_rules[ports[i]].key);
        complaints++;
    }
    return complaints ? -1 : 0;
}

const char *setup_why_not_here(const struct setup *s)
{
    static const char *const wanted[] = {"/usr/sbin/mosquitto", "/usr/sbin/nginx",
                                         "/usr/bin/porchlight-registrar",
                                         "/usr/share/porchlight/page/index.html"};
    if (s->prefix[0] || !answers_broker_here(&s->now) || answer_number(&s->now, ANSWER_KIOSK) > 1)
        return NULL;
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        if (access(wanted[i], R_OK) < 0)
            return "a broker on this Pi needs packages that are not installed. Install them with "
                   "sudo apt install mosquitto nginx-light, and the packages porchlight-page and "
                   "porchlight-registrar, or choose elsewhere";
    return NULL;
}

int setup_check_host(const struct setup *s)
{
    const char *why = setup_why_not_here(s);
    if (!clock_is_set()) {
        log_error(
            "Nothing was changed: this Pi's clock is wrong, so certificates made now would not "
            "be valid. Connect the Pi to the network and wait a minute, or set the clock: sudo "
            "timedatectl set-time 'YYYY-MM-DD HH:MM'");
        return -1;
    }
    if (why)
        log_error("Nothing was changed: %s.", why);
    return why ? -1 : check_ports(s);
}
