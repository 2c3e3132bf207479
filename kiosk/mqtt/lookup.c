#include "kiosk/mqtt/lookup.h"

#include "kiosk/mqtt/link_servers.h"

#define CARES_NO_DEPRECATED /* newer versions want their own threads; ares_getsock is for ours */
#include <ares.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define NS_A_MS INT64_C(1000000)

enum { FOUND_MAX = RACE_MAX / LOOKUP_FAMILIES, FIRST_TRY_MS = 2000, TRIES = 5 };
enum { LIBC_THREADS_MOST = 16 };

struct answer {
    union race_ip found[FOUND_MAX];
    size_t count;
    bool done, blocked; /* blocked: it had 0.0.0.0 or ::, by which filters block a name */
    const char *why;    /* done, and nothing found */
};

/* A look-up by libc, on a thread of its own: it cannot be called off, so whoever of both is last
 * frees it. */
struct libc_lookup {
    atomic_int holders;
    atomic_bool done;
    int fd; /* eventfd */
    char name[MQTT_HOST_MAX];
    int port;
    struct answer answers[LOOKUP_FAMILIES];
};

/* What c-ares hands back with an answer. */
struct asked {
    struct answer *answer;
    int port;
};

struct mqtt_lookup {
    struct answer answers[LOOKUP_FAMILIES];
    struct asked asked[LOOKUP_FAMILIES];
    int port;
    ares_channel channel;     /* NULL: none */
    struct libc_lookup *libc; /* NULL: none */
};

/* To connect to it means to connect to this machine itself. */
static bool is_no_address(const union race_ip *ip)
{
    return ip->any.sa_family == AF_INET ? ip->four.sin_addr.s_addr == INADDR_ANY
                                        : IN6_IS_ADDR_UNSPECIFIED(&ip->six.sin6_addr);
}

static void answer_add(struct answer *a, const struct sockaddr *from, size_t len, int port)
{
    union race_ip ip = {0};
    if (a->count == FOUND_MAX || len > sizeof ip)
        return;
    memcpy(&ip, from, len);
    if (is_no_address(&ip)) {
        a->blocked = true;
        return;
    }
    if (ip.any.sa_family == AF_INET)
        ip.four.sin_port = htons((uint16_t)port);
    else
        ip.six.sin6_port = htons((uint16_t)port);
    a->found[a->count++] = ip;
}

static void answer_end(struct answer *a, const char *why)
{
    a->done = true;
    a->why = a->count > 0 ? NULL
             : a->blocked ? "0.0.0.0 is given as its address: this network's DNS blocks the name"
                          : why;
}

/* --- by libc: addresses, and names that are no DNS server's ----------------------------------- */

static void libc_read(struct answer answers[LOOKUP_FAMILIES], const char *name, int port, int flags)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = flags}, *all = NULL;
    int error = getaddrinfo(name, NULL, &hints, &all);
    for (const struct addrinfo *a = all; a; a = a->ai_next)
        if (a->ai_family == AF_INET || a->ai_family == AF_INET6)
            answer_add(&answers[a->ai_family == AF_INET ? LOOKUP_FOUR : LOOKUP_SIX], a->ai_addr,
                       a->ai_addrlen, port);
    if (error == 0)
        freeaddrinfo(all);
    for (int f = 0; f < LOOKUP_FAMILIES; f++)
        answer_end(&answers[f], error == EAI_NONAME && (flags & AI_NUMERICHOST)
                                    ? "there is no such network interface" /* as its zone says */
                                : error != 0 ? gai_strerror(error)
                                             : "it has no address");
}

static atomic_int libc_threads;

static void libc_release(struct libc_lookup *l)
{
    if (atomic_fetch_sub(&l->holders, 1) != 1)
        return;
    close(l->fd);
    free(l);
}

static void *libc_run(void *context)
{
    struct libc_lookup *l = context;
    libc_read(l->answers, l->name, l->port, 0);
    atomic_fetch_sub(&libc_threads, 1);
    l->done = true;
    eventfd_write(l->fd, 1);
    libc_release(l);
    return NULL;
}

/* Some may hang for good, in a file of a dead disk. */
static int libc_start(struct mqtt_lookup *l, const char *name)
{
    pthread_t thread;
    if (atomic_load(&libc_threads) >= LIBC_THREADS_MOST) {
        errno = EAGAIN;
        return -1;
    }
    struct libc_lookup *libc = calloc(1, sizeof *libc);
    if (!libc)
        return -1;
    atomic_fetch_add(&libc_threads, 1);
    libc->holders = 2;
    libc->port = l->port;
    libc->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    snprintf(libc->name, sizeof libc->name, "%s", name);
    int error = libc->fd < 0 ? errno : pthread_create(&thread, NULL, libc_run, libc);
    if (error == 0) {
        pthread_detach(thread);
        l->libc = libc;
        return 0;
    }
    atomic_fetch_sub(&libc_threads, 1);
    libc->holders = 1;
    libc_release(libc);
    errno = error;
    return -1;
}

static void libc_take(struct mqtt_lookup *l)
{
    if (l->libc && l->libc->done)
        memcpy(l->answers, l->libc->answers, sizeof l->answers);
}

/* --- by c-ares: everything else --------------------------------------------------------------- */

static const char *ares_why(int status)
{
    switch (status) {
    case ARES_ENOTFOUND:
    case ARES_ENODATA:
        return "no DNS server knows this name";
    case ARES_ETIMEOUT:
        return "no DNS server answers";
    case ARES_ECONNREFUSED: /* c-ares says so, too, when each has failed or refused */
        return "no DNS server can be reached, or none is able to look this name up";
    case ARES_ESERVFAIL:
        return "the DNS server cannot look this name up (SERVFAIL)";
    case ARES_EREFUSED:
        return "the DNS server refuses to look this name up";
    case ARES_EBADNAME:
        return "this is no name that DNS can have";
    default:
        return ares_strerror(status);
    }
}

static void ares_on_answer(void *context, int status, int timeouts, struct ares_addrinfo *found)
{
    struct asked *asked = context;
    (void)timeouts;
    for (const struct ares_addrinfo_node *n = found ? found->nodes : NULL; n; n = n->ai_next)
        answer_add(asked->answer, n->ai_addr, n->ai_addrlen, asked->port);
    if (found)
        ares_freeaddrinfo(found);
    answer_end(asked->answer, ares_why(status));
}

static void ares_once(void)
{
    ares_library_init(ARES_LIB_INIT_ALL);
}

/* Sockets that cannot be bound to it fail, and so does the look-up. */
static void ares_bind(ares_channel channel, const char *interface)
{
    char servers[LINK_SERVERS_MAX];
    ares_set_local_dev(channel, interface);
    if (link_servers(interface, servers))
        ares_set_servers_csv(channel, servers);
}

static int ares_start(struct mqtt_lookup *l, const char *name, const char *interface)
{
    static const int families[LOOKUP_FAMILIES] = {AF_INET, AF_INET6};
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct ares_options options = {.timeout = FIRST_TRY_MS, .tries = TRIES};
    pthread_once(&once, ares_once);
    if (ares_init_options(&l->channel, &options, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES) !=
        ARES_SUCCESS) {
        l->channel = NULL;
        errno = ENOMEM;
        return -1;
    }
    if (interface[0] != '\0')
        ares_bind(l->channel, interface);
    for (int f = 0; f < LOOKUP_FAMILIES; f++) {
        struct ares_addrinfo_hints hints = {
            .ai_family = families[f], .ai_socktype = SOCK_STREAM, .ai_flags = ARES_AI_NOSORT};
        l->asked[f] = (struct asked){.answer = &l->answers[f], .port = l->port};
        ares_getaddrinfo(l->channel, name, NULL, &hints, ares_on_answer, &l->asked[f]);
    }
    return 0;
}

/* --- from outside ----------------------------------------------------------------------------- */

struct mqtt_lookup *mqtt_lookup_new(const struct mqtt_host *host, int port, const char *interface)
{
    struct mqtt_lookup *l = calloc(1, sizeof *l);
    if (!l)
        return NULL;
    l->port = port;
    if (host->numeric)
        libc_read(l->answers, host->dialled, port, AI_NUMERICHOST);
    else if ((host->local ? libc_start(l, host->certified)
                          : ares_start(l, host->dialled, interface)) != 0) {
        mqtt_lookup_free(l);
        return NULL;
    }
    return l;
}

void mqtt_lookup_free(struct mqtt_lookup *l)
{
    if (!l)
        return;
    int saved = errno;
    if (l->channel)
        ares_destroy(l->channel);
    if (l->libc)
        libc_release(l->libc);
    free(l);
    errno = saved;
}

size_t mqtt_lookup_fds(const struct mqtt_lookup *l, struct pollfd fds[LOOKUP_FDS], int64_t now,
                       int64_t *until)
{
    size_t n = 0;
    *until = INT64_MAX;
    if (l->libc && !l->libc->done)
        fds[n++] = (struct pollfd){.fd = l->libc->fd, .events = POLLIN};
    if (!l->channel)
        return n;
    ares_socket_t sockets[ARES_GETSOCK_MAXNUM];
    int bits = ares_getsock(l->channel, sockets, ARES_GETSOCK_MAXNUM);
    for (int i = 0; i < ARES_GETSOCK_MAXNUM - 1 && n < LOOKUP_FDS; i++) {
        short events = (short)((ARES_GETSOCK_READABLE(bits, i) ? POLLIN : 0) |
                               (ARES_GETSOCK_WRITABLE(bits, i) ? POLLOUT : 0));
        if (events != 0)
            fds[n++] = (struct pollfd){.fd = sockets[i], .events = events};
    }
    struct timeval left;
    if (ares_timeout(l->channel, NULL, &left))
        *until = now + (int64_t)left.tv_sec * 1000 * NS_A_MS + (left.tv_usec + 999) * 1000;
    return n;
}

void mqtt_lookup_turn(struct mqtt_lookup *l, const struct pollfd *fds, size_t count)
{
    libc_take(l);
    if (!l->channel)
        return;
    for (size_t i = 0; i < count; i++)
        ares_process_fd(l->channel, fds[i].revents & ~POLLOUT ? fds[i].fd : ARES_SOCKET_BAD,
                        fds[i].revents & POLLOUT ? fds[i].fd : ARES_SOCKET_BAD);
    ares_process_fd(l->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD); /* what has timed out */
}

bool mqtt_lookup_is_done(const struct mqtt_lookup *l, enum lookup_family f)
{
    return l->answers[f].done;
}

size_t mqtt_lookup_found(const struct mqtt_lookup *l, enum lookup_family f,
                         const union race_ip **found)
{
    *found = l->answers[f].found;
    return l->answers[f].count;
}

const char *mqtt_lookup_why(const struct mqtt_lookup *l)
{
    for (int f = 0; f < LOOKUP_FAMILIES; f++)
        if (l->answers[f].done && l->answers[f].blocked && l->answers[f].why)
            return l->answers[f].why;
    for (int f = 0; f < LOOKUP_FAMILIES; f++)
        if (l->answers[f].done && l->answers[f].why)
            return l->answers[f].why;
    return l->libc ? "the look-up on this machine hangs" : "no DNS server has answered yet";
}
