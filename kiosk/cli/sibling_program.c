#include "kiosk/cli/sibling_program.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int sibling_program(const char *program, char out[PATH_LEN])
{
    ssize_t len = readlink("/proc/self/exe", out, PATH_LEN - 1);
    size_t room;
    char *slash;
    if (len < 0)
        return -1;
    out[len] = '\0';
    slash = strrchr(out, '/');
    room = slash ? PATH_LEN - (size_t)(slash + 1 - out) : 0;
    if (strlen(program) >= room) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(slash + 1, program, strlen(program) + 1);
    return 0;
}

/* Starts it with `out` as its stdout; a name without a slash is looked for in PATH. Its pid, or -1
 * with errno. */
static pid_t sibling_start(char *const argv[], bool quiet, int out)
{
    posix_spawn_file_actions_t actions;
    pid_t pid = -1;

    errno = posix_spawn_file_actions_init(&actions);
    if (errno != 0)
        return -1;
    errno = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    if (errno == 0 && quiet)
        errno = posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    if (errno == 0)
        errno = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
    if (errno != 0)
        pid = -1;
    posix_spawn_file_actions_destroy(&actions);
    return pid;
}

static void sibling_read_all(int fd, char *out, size_t size)
{
    char bytes[512];
    size_t len = 0;
    ssize_t n;
    while ((n = read(fd, bytes, sizeof bytes)) > 0 || (n < 0 && errno == EINTR)) {
        for (ssize_t i = 0; i < n && len + 1 < size; i++)
            out[len++] = bytes[i];
    }
    out[len] = '\0';
}

static int read_program(char *const argv[], bool quiet, char *out, size_t size)
{
    int ends[2], status;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return -1;
    pid_t pid = sibling_start(argv, quiet, ends[1]);
    close(ends[1]);
    if (pid > 0)
        sibling_read_all(ends[0], out, size);
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

int sibling_program_read(const char *program, const char *option, const char *prefix, bool quiet,
                         char *out, size_t size)
{
    char path[PATH_LEN], below[PATH_LEN + 16];
    char *argv[] = {path, (char *)option, prefix[0] ? below : NULL, NULL};

    if (sibling_program(program, path) < 0)
        return -1;
    snprintf(below, sizeof below, "--prefix=%s", prefix);
    return read_program(argv, quiet, out, size);
}

int sibling_program_ask(char *const argv[], char *out, size_t size)
{
    return read_program(argv, true, out, size);
}
