#include "kiosk/cli/setup/setup_terminal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void ignore_signal(int number)
{
    (void)number;
}

bool terminal_is_taken(const char *name)
{
    return name && strcmp(name, "/dev/tty1") == 0;
}

void terminal_hold(sigset_t *before)
{
    static const int ends[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = ignore_signal};
    sigset_t held;

    sigemptyset(&held);
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        sigaddset(&held, ends[i]);
        sigaction(ends[i], &action, NULL);
    }
    sigprocmask(SIG_BLOCK, &held, before);
    setvbuf(stdin, NULL, _IONBF, 0);
}

bool terminal_ended(void)
{
    sigset_t pending;
    return sigpending(&pending) == 0 &&
           (sigismember(&pending, SIGINT) == 1 || sigismember(&pending, SIGTERM) == 1 ||
            sigismember(&pending, SIGHUP) == 1);
}

void terminal_release(const sigset_t *before)
{
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    signal(SIGHUP, SIG_DFL);
    sigprocmask(SIG_SETMASK, before, NULL);
}

int terminal_wait(struct pollfd *fds, nfds_t count, int ms)
{
    struct timespec most = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};
    sigset_t open;

    fflush(stdout);
    sigprocmask(SIG_SETMASK, NULL, &open);
    sigdelset(&open, SIGINT);
    sigdelset(&open, SIGTERM);
    sigdelset(&open, SIGHUP);
    return ppoll(fds, count, ms < 0 ? NULL : &most, &open);
}

int terminal_line(char *out, size_t size)
{
    struct pollfd typed = {.fd = STDIN_FILENO, .events = POLLIN};
    size_t len;

    if (terminal_wait(&typed, 1, -1) < 0 || !fgets(out, (int)size, stdin))
        return -1;
    len = strcspn(out, "\n");
    if (out[len] == '\0')
        for (int c = getchar(); c != '\n' && c != EOF;)
            c = getchar();
    out[len] = '\0';
    return 0;
}
