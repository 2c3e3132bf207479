#include "kiosk/mqtt/dial.h"

#include "kiosk/common/clock.h"
#include "kiosk/mqtt/lookup.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NS_A_MS INT64_C(1000000)
#define TURN    (250 * NS_A_MS) /* how often `on` is asked */

struct mqtt_dialler {
    struct mqtt_host host;
    const char *no_host; /* why it is none; NULL: it is one */
    int port;
    char interface[IF_NAMESIZE]; /* "": any */
    struct mqtt_lookup *lookup;  /* in progress; NULL: none */
    int64_t looks_since;
    union race_ip known[RACE_MAX], good, answered, bad[RACE_MAX];
    size_t known_count, bad_count;
};

/* One call: the race, and the sockets of what is tried. */
struct heat {
    struct mqtt_dialler *d;
    struct race race;
    int fds[RACE_MAX];
    int64_t step, began;
    bool found; /* the look-up has found something */
};

struct mqtt_dialler *mqtt_dialler_new(const char *host, int port, const char *interface)
{
    struct mqtt_dialler *d = calloc(1, sizeof *d);
    const char *why;
    if (!d)
        return NULL;
    d->port = port;
    snprintf(d->interface, sizeof d->interface, "%s", interface);
    if (!mqtt_host_read(host, &d->host, &why))
        d->no_host = why;
    return d;
}

void mqtt_dialler_free(struct mqtt_dialler *d)
{
    if (!d)
        return;
    mqtt_lookup_free(d->lookup);
    free(d);
}

/* --- what is remembered ----------------------------------------------------------------------- */

static bool is_bad(const struct mqtt_dialler *d, const union race_ip *ip)
{
    for (size_t i = 0; i < d->bad_count; i++)
        if (race_ip_equal(&d->bad[i], ip))
            return true;
    return false;
}

static void bad_remove(struct mqtt_dialler *d, const union race_ip *ip)
{
    for (size_t i = 0; i < d->bad_count; i++)
        if (race_ip_equal(&d->bad[i], ip))
            d->bad[i--] = d->bad[--d->bad_count];
}

void mqtt_dialler_judge(struct mqtt_dialler *d, bool served)
{
    const union race_ip ip = d->answered;
    bad_remove(d, &ip);
    if (served) {
        d->good = ip;
        return;
    }
    if (race_ip_equal(&d->good, &ip))
        d->good = (union race_ip){0};
    if (d->bad_count == RACE_MAX)
        memmove(d->bad, d->bad + 1, --d->bad_count * sizeof d->bad[0]);
    d->bad[d->bad_count++] = ip;
}

bool mqtt_dialler_has_another(const struct mqtt_dialler *d)
{
    for (size_t i = 0; i < d->known_count; i++)
        if (!is_bad(d, &d->known[i]) && !race_ip_equal(&d->known[i], &d->answered))
            return true;
    return false;
}

/* --- the look-up, as far as it is ------------------------------------------------------------- */

/* What the last look-up found is better than nothing, when this one finds nothing. */
static void heat_recall(struct heat *h)
{
    for (size_t i = 0; i < h->d->known_count; i++)
        race_add(&h->race, &h->d->known[i], false, is_bad(h->d, &h->d->known[i]));
    h->race.four_from = 0;
}

static size_t heat_add(struct heat *h, enum lookup_family f)
{
    const union race_ip *found;
    size_t n = mqtt_lookup_found(h->d->lookup, f, &found);
    for (size_t i = 0; i < n; i++)
        race_add(&h->race, &found[i], false, is_bad(h->d, &found[i]));
    return n;
}

/* What a look-up has found takes the place of what was known. */
static void heat_take_all(struct heat *h)
{
    struct mqtt_dialler *d = h->d;
    if (h->race.count > 0)
        d->known_count = 0;
    for (size_t i = 0; i < h->race.count; i++)
        d->known[d->known_count++] = h->race.all[i].ip;
    mqtt_lookup_free(d->lookup);
    d->lookup = NULL;
}

/* Returns whether the look-up is over. */
static bool heat_look(struct heat *h, struct mqtt_dialled *said, int64_t now)
{
    struct mqtt_dialler *d = h->d;
    size_t found = heat_add(h, LOOKUP_SIX) + heat_add(h, LOOKUP_FOUR);
    h->found = found > 0;
    bool six = mqtt_lookup_is_done(d->lookup, LOOKUP_SIX);
    bool four = mqtt_lookup_is_done(d->lookup, LOOKUP_FOUR);
    said->why = mqtt_lookup_why(d->lookup);
    if (six)
        h->race.four_from = 0;
    else if (four && h->race.four_from == INT64_MAX)
        h->race.four_from = now + RACE_RESOLUTION;
    if (!six || !four)
        return false;
    if (found == 0)
        heat_recall(h);
    heat_take_all(h);
    return true;
}

/* --- attempts --------------------------------------------------------------------------------- */

static void heat_end(struct heat *h, struct race_address *a, int error, int64_t now)
{
    size_t i = (size_t)(a - h->race.all);
    if (h->fds[i] >= 0)
        close(h->fds[i]);
    h->fds[i] = -1;
    race_fail(&h->race, a, error, now);
}

/* One that is bound to the interface, if there is one; -1 with errno. */
static int heat_socket(const struct mqtt_dialler *d, int family)
{
    const char *name = d->interface;
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || name[0] == '\0' ||
        setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, (socklen_t)strlen(name)) == 0)
        return fd;
    int saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

static void heat_try(struct heat *h, struct race_address *a, int64_t now)
{
    size_t i = (size_t)(a - h->race.all);
    size_t len = a->ip.any.sa_family == AF_INET ? sizeof a->ip.four : sizeof a->ip.six;
    h->fds[i] = heat_socket(h->d, a->ip.any.sa_family);
    if (h->fds[i] < 0 ||
        (connect(h->fds[i], &a->ip.any, (socklen_t)len) != 0 && errno != EINPROGRESS))
        heat_end(h, a, errno, now);
}

/* Whether this attempt has connected; ends it if it failed or took too long. */
static bool heat_judge(struct heat *h, struct race_address *a, short revents, int64_t now)
{
    int error = 0;
    socklen_t size = sizeof error;
    if (revents == 0) {
        if (now - a->began >= h->step)
            heat_end(h, a, ETIMEDOUT, now);
        return false;
    }
    if (getsockopt(h->fds[a - h->race.all], SOL_SOCKET, SO_ERROR, &error, &size) != 0)
        error = errno;
    if (error != 0)
        heat_end(h, a, error, now);
    return error == 0;
}

/* The one that has connected; NULL: none has. `fds` has one for each that is tried, in order. */
static struct race_address *heat_winner(struct heat *h, const struct pollfd *fds, int64_t now)
{
    for (struct race_address *a = h->race.all; a < h->race.all + h->race.count; a++)
        if (a->state == RACE_TRIES && heat_judge(h, a, (fds++)->revents, now))
            return a;
    return NULL;
}

/* Polls what is tried and what is looked up, for a turn at most. Attempts come first in `fds`. */
static void heat_wait(const struct heat *h, struct pollfd *fds, int64_t now)
{
    size_t n = 0;
    int64_t until = now + TURN, looked = INT64_MAX, next = race_deadline(&h->race);
    for (size_t i = 0; i < h->race.count; i++)
        if (h->race.all[i].state == RACE_TRIES) {
            fds[n++] = (struct pollfd){.fd = h->fds[i], .events = POLLOUT};
            if (h->race.all[i].began + h->step < until)
                until = h->race.all[i].began + h->step;
        }
    size_t tried = n;
    if (h->d->lookup)
        n += mqtt_lookup_fds(h->d->lookup, fds + n, now, &looked);
    until = looked < until ? looked : until;
    until = next < until ? next : until;
    poll(fds, (nfds_t)n, until > now ? (int)((until - now) / NS_A_MS) + 1 : 0);
    if (h->d->lookup)
        mqtt_lookup_turn(h->d->lookup, fds + tried, n - tried);
}

/* The last good address has a start on the look-up: mostly that is then not needed at all. Returns
 * whether the look-up is over. */
static bool heat_look_up(struct heat *h, struct mqtt_dialled *said, int64_t now)
{
    struct mqtt_dialler *d = h->d;
    const struct race_address *first = h->race.all;
    bool ahead = h->race.count == 1 && first->good && first->state != RACE_FAILED;
    if (!d->lookup && ahead && now - h->began < RACE_DELAY)
        return false;
    if (d->lookup && now - d->looks_since > LOOKUP_PATIENCE) {
        mqtt_lookup_free(d->lookup);
        d->lookup = NULL;
    }
    if (!d->lookup) {
        d->lookup = mqtt_lookup_new(&d->host, d->port, d->interface);
        d->looks_since = now;
    }
    if (!d->lookup)
        said->why = "its name cannot be looked up now";
    if (now - h->began >= h->step)
        heat_recall(h);
    return !d->lookup || heat_look(h, said, now);
}

/* NULL: nothing has connected. */
static struct race_address *heat_run(struct heat *h, mqtt_dial_on *on, void *context,
                                     struct mqtt_dialled *said)
{
    struct pollfd fds[RACE_MAX + LOOKUP_FDS];
    for (bool looked = false; on(context);) {
        int64_t now = clock_now();
        struct race_address *a;
        looked = looked || heat_look_up(h, said, now);
        while ((a = race_begin(&h->race, now)))
            heat_try(h, a, now);
        bool ends = looked || now - h->began >= 3 * h->step;
        if (ends && race_counted(&h->race, RACE_TRIES) == 0 && race_deadline(&h->race) == INT64_MAX)
            return NULL;
        heat_wait(h, fds, now);
        if ((a = heat_winner(h, fds, clock_now())))
            return a;
    }
    return NULL;
}

static void heat_close(const struct heat *h, const struct race_address *but)
{
    for (size_t i = 0; i < h->race.count; i++)
        if (h->race.all[i].state == RACE_TRIES && &h->race.all[i] != but)
            close(h->fds[i]);
}

int mqtt_dialler_dial(struct mqtt_dialler *d, int64_t step, mqtt_dial_on *on, void *context,
                      struct mqtt_dialled *said)
{
    struct heat h = {.d = d, .step = step, .began = clock_now()};
    *said = (struct mqtt_dialled){.fault = MQTT_FAULT_DNS, .why = d->no_host};
    if (d->no_host)
        return -1;
    race_init(&h.race, h.began);
    if (d->good.any.sa_family != AF_UNSPEC)
        race_add(&h.race, &d->good, true, false);
    const struct race_address *a = heat_run(&h, on, context, said);
    heat_close(&h, a);
    if (a) {
        d->answered = a->ip;
        said->fault = MQTT_FAULT_FINE;
        getnameinfo(&a->ip.any, sizeof a->ip, said->address, sizeof said->address, NULL, 0,
                    NI_NUMERICHOST);
        if (d->lookup && h.found)
            heat_take_all(&h);
        mqtt_lookup_free(d->lookup);
        d->lookup = NULL;
        return h.fds[a - h.race.all];
    }
    if (h.race.error != 0 && h.found) { /* else what was tried is only what was known before */
        said->fault = MQTT_FAULT_ROUTE;
        said->error = h.race.error;
    }
    return -1;
}

static bool dial_goes_on(void *context)
{
    (void)context;
    return true;
}

int mqtt_dial(const char *host, int port, const char *interface, int64_t step,
              struct mqtt_dialled *said)
{
    struct mqtt_dialler *d = mqtt_dialler_new(host, port, interface);
    *said = (struct mqtt_dialled){.fault = MQTT_FAULT_DNS, .why = "there is no memory"};
    int fd = d ? mqtt_dialler_dial(d, step, dial_goes_on, NULL, said) : -1;
    mqtt_dialler_free(d);
    return fd;
}

const char *mqtt_dial_why(const struct mqtt_dialled *said)
{
    return said->fault == MQTT_FAULT_DNS ? said->why
           : said->error == ENODEV       ? "there is no such network interface"
           : said->error == EINVAL ? "a link-local address needs its interface, as in fe80::1%eth0"
                                   : strerror(said->error);
}

/* --- the door into libmosquitto --------------------------------------------------------------- */

static _Thread_local int handed = -1;

void mqtt_dial_hand_over(int fd)
{
    if (handed >= 0)
        close(handed);
    handed = fd;
}

/* Instead of libc's, for the libraries too. */
int connect(int fd, const struct sockaddr *to, socklen_t len)
{
    if (handed < 0)
        return (int)syscall(SYS_connect, fd, to, len);
    int taken = dup3(handed, fd, O_CLOEXEC);
    mqtt_dial_hand_over(-1);
    return taken < 0 ? -1 : 0;
}

bool mqtt_dial_is_here(int fd)
{
    struct sockaddr_storage peer = {0}, own = {0};
    socklen_t peer_len = sizeof peer, own_len = sizeof own;
    if (getpeername(fd, (struct sockaddr *)&peer, &peer_len) != 0 ||
        getsockname(fd, (struct sockaddr *)&own, &own_len) != 0 || peer.ss_family != own.ss_family)
        return true;
    if (peer.ss_family == AF_INET)
        return ((struct sockaddr_in *)&peer)->sin_addr.s_addr ==
               ((struct sockaddr_in *)&own)->sin_addr.s_addr;
    return memcmp(&((struct sockaddr_in6 *)&peer)->sin6_addr,
                  &((struct sockaddr_in6 *)&own)->sin6_addr, sizeof(struct in6_addr)) == 0;
}
