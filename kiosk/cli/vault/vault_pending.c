#include "kiosk/cli/vault/vault_pending.h"

#include "kiosk/cli/sibling_program.h"
#include "kiosk/common/log.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Starts it with `out` as its stdout. Its pid, or -1 with errno. */
static pid_t vault_pending_start(const char *prefix, int out)
{
    posix_spawn_file_actions_t actions;
    char path[PATH_LEN], below[PATH_LEN + 16];
    char *argv[] = {path, (char *)"--pending", prefix[0] ? below : NULL, NULL};
    pid_t pid = -1;
    if (sibling_program("porchlight-wipe", path) < 0)
        return -1;
    snprintf(below, sizeof below, "--prefix=%s", prefix);
    errno = posix_spawn_file_actions_init(&actions);
    if (errno != 0)
        return -1;
    errno = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    if (errno == 0)
        errno = posix_spawn(&pid, path, &actions, NULL, argv, environ);
    if (errno != 0)
        pid = -1;
    posix_spawn_file_actions_destroy(&actions);
    return pid;
}

/* Reads to the end; `mark` keeps the beginning, as much as fits. */
static void vault_pending_read_all(int fd, char mark[VAULT_MARK])
{
    char bytes[VAULT_MARK];
    size_t len = 0;
    ssize_t n;
    while ((n = read(fd, bytes, sizeof bytes)) > 0 || (n < 0 && errno == EINTR)) {
        for (ssize_t i = 0; i < n && len + 1 < VAULT_MARK; i++)
            mark[len++] = bytes[i];
    }
    mark[len] = '\0';
}

/* Its exit status; -1 with errno if it did not run to its end. */
static int vault_pending_ask(const char *prefix, char mark[VAULT_MARK])
{
    int ends[2], status;
    pid_t pid;
    if (pipe2(ends, O_CLOEXEC) < 0)
        return -1;
    pid = vault_pending_start(prefix, ends[1]);
    close(ends[1]);
    if (pid > 0)
        vault_pending_read_all(ends[0], mark);
    close(ends[0]);
    if (pid < 0)
        return -1;
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR)
            return -1;
    }
    errno = ECHILD;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int vault_nothing_pending(const char *prefix, char mark[VAULT_MARK])
{
    int status = vault_pending_ask(prefix, mark);
    if (status == 0)
        return 0;
    if (status == 1)
        log_error(
            "No vault opens now: a wipe was requested and is not finished. To see how far it is: "
            "porchlight wipe --status");
    else
        log_error("No vault opens now: it is not known whether a wipe is pending (%s). To see why: "
                  "porchlight doctor",
                  status < 0 ? strerror(errno) : "see above");
    return -1;
}
