#include "kiosk/wipe/target.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { ANSWER_MS = 2000 };

/* journald keeps its current file mapped and open. Asked over its varlink socket, it lets go of
 * /var and writes to /run, in memory, until the next boot. True if it did or does not run. */
static bool relinquish(const struct scope *s)
{
    static const char call[] = "{\"method\":\"io.systemd.Journal.RelinquishVar\"}";
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    char answer[512];
    bool done = false;
    ssize_t n;
    int fd, folder = scope_open(s->prefix, "run/systemd/journal", O_PATH | O_DIRECTORY);

    if (folder < 0) /* another mount, as /run always is, is not below the prefix's own */
        folder = openat(s->prefix, "run/systemd/journal", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return errno == ENOENT;
    snprintf(a.sun_path, sizeof a.sun_path, "/proc/self/fd/%d/io.systemd.journal", folder);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&a, sizeof a) < 0) {
        done = errno == ENOENT || errno == ECONNREFUSED;
    } else if (fd >= 0 && send(fd, call, sizeof call, MSG_NOSIGNAL) == sizeof call) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (poll(&p, 1, ANSWER_MS) == 1) {
            n = recv(fd, answer, sizeof answer - 1, 0);
            answer[n > 0 ? n : 0] = '\0';
            done = n > 0 && !strstr(answer, "\"error\"");
        }
    }
    if (fd >= 0)
        close(fd);
    close(folder);
    return done;
}

static void destroy(const struct scope *s, const struct plan_target *t, struct target_report *r)
{
    bool let_go = relinquish(s);

    target_tree_destroy(s, t, r);
    if (!let_go)
        target_lower(r, WIPE_UNVERIFIED, EBUSY, "journald did not say that it let go of it");
}

const struct target_ops target_journal = {
    .promise = "Best effort: journald moves to memory until the next boot and its files are "
               "overwritten and deleted; earlier copies on worn blocks stay.",
    .kept = "Best effort: no file of the journal opens any more; earlier copies were not looked "
            "for.",
    .destroy = destroy,
    .prove = target_tree_prove,
    .decoy = target_tree_decoy,
};
