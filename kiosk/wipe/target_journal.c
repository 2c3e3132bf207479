#include "kiosk/wipe/target.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

/* journald writes out what it has before it answers: on a slow card that takes its time, and the
 * keys are destroyed by now. */
enum { ANSWER_MS = 10000 };

/* True if journald did what the method asks, or does not run. */
static bool ask_journald(const struct scope *s, const char *method)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    const struct timeval patience = {.tv_sec = ANSWER_MS / 1000};
    char answer[512];
    char call[64];
    int len = snprintf(call, sizeof call, "{\"method\":\"io.systemd.Journal.%s\"}", method) + 1;
    bool done = false;
    ssize_t n;
    int fd, folder = scope_open(s->prefix, "run/systemd/journal", O_PATH | O_DIRECTORY);

    if (folder < 0) /* another mount, as /run always is, is not below the prefix's own */
        folder = openat(s->prefix, "run/systemd/journal", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return errno == ENOENT;
    snprintf(a.sun_path, sizeof a.sun_path, "/proc/self/fd/%d/io.systemd.journal", folder);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0)
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&a, sizeof a) < 0) {
        done = errno == ENOENT || errno == ECONNREFUSED;
    } else if (fd >= 0 && send(fd, call, (size_t)len, MSG_NOSIGNAL) == len) {
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

/* journald keeps its current file mapped and open. Asked to relinquish, it lets go of /var and
 * writes to /run, in memory, until the next boot or until it is asked to flush. */
static void target_journal_destroy(const struct scope *s, const struct plan_target *t,
                                   struct target_report *r)
{
    bool let_go = ask_journald(s, "RelinquishVar");
    target_tree_destroy(s, t, r);
    if (!let_go)
        target_lower(r, WIPE_UNVERIFIED, EBUSY,
                     "journald did not confirm that it has closed its files");
}

void target_journal_give_back(const struct scope *s)
{
    ask_journald(s, "FlushToVar");
}

const struct target_ops target_journal = {
    .promise = "Best effort: journald moves to memory until the next boot and its files are "
               "overwritten and deleted; earlier copies on worn blocks stay.",
    .kept = "Best effort: no file of the journal opens any more; earlier copies were not looked "
            "for.",
    .destroy = target_journal_destroy,
    .prove = target_tree_prove,
    .decoy = target_tree_decoy,
};
