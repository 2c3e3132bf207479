#include "kiosk/cli/prompt.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <termios.h>
#include <unistd.h>

static const int ends[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
enum { ENDS = sizeof ends / sizeof *ends };

/* The signal that arrived while the line was typed; 0: none. */
static volatile sig_atomic_t caught;

static void catch (int number)
{
    caught = number;
}

/* Byte by byte, so that no buffer of stdio keeps it. `closed`: the terminal is gone. */
static int prompt_read_line(int fd, char *out, size_t size, bool *closed)
{
    size_t len = 0;
    ssize_t n = 0;
    char c = 0;
    while (!caught) {
        n = read(fd, &c, 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0 || c == '\n')
            break;
        if (len < size - 1)
            out[len] = c;
        len++;
    }
    out[len < size - 1 ? len : size - 1] = '\0';
    *closed = n <= 0 && len == 0;
    errno = E2BIG;
    return len < size ? (int)len : -1;
}

/* These remove a line that was shown while it was typed, with its question. */
static const char wiped_line[] = "\r\033[2K", wiped_entered[] = "\033[A\r\033[2K";

/* The signals that end the program, caught while a line is typed. */
struct catching {
    struct sigaction before[ENDS];
    sigset_t blocked;
};

static void catching_begin(struct catching *c)
{
    const struct sigaction action = {.sa_handler = catch};
    sigset_t open;
    caught = 0;
    sigemptyset(&open);
    for (int i = 0; i < ENDS; i++) {
        sigaction(ends[i], &action, &c->before[i]);
        sigaddset(&open, ends[i]);
    }
    sigprocmask(SIG_UNBLOCK, &open, &c->blocked);
}

/* One that was caught takes effect now, unless it was blocked before. */
static void catching_end(const struct catching *c)
{
    sigprocmask(SIG_SETMASK, &c->blocked, NULL);
    for (int i = 0; i < ENDS; i++)
        sigaction(ends[i], &c->before[i], NULL);
    if (caught && !sigismember(&c->blocked, caught))
        raise(caught);
}

static int read_at(int fd, const char *question, bool seen, char *out, size_t size)
{
    struct catching catching;
    struct termios shown, hidden;
    bool closed = false;

    if (tcgetattr(fd, &shown) < 0)
        return -1;
    catching_begin(&catching);
    hidden = shown;
    hidden.c_lflag &= ~(tcflag_t)ECHO;
    if (!seen) /* also drops what was typed ahead, such as more lines of a paste */
        tcsetattr(fd, TCSAFLUSH, &hidden);
    dprintf(fd, "%s", question); /* now: an answer that comes at once is neither shown nor lost */
    int len = prompt_read_line(fd, out, size, &closed), saved = closed ? ENODATA : errno;
    if (!seen)
        tcsetattr(fd, TCSAFLUSH, &shown);
    dprintf(fd, "%s", !seen ? "\n" : caught || closed ? wiped_line : wiped_entered);
    catching_end(&catching);
    errno = caught ? EINTR : saved;
    return caught || (seen && closed) ? -1 : len;
}

static int prompt_ask(const char *question, bool seen, char *out, size_t size)
{
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY), len, saved;
    if (fd < 0) {
        errno = ENXIO;
        return -1;
    }
    len = read_at(fd, question, seen, out, size);
    saved = errno;
    close(fd);
    errno = saved;
    return len;
}

int prompt_hidden_line(const char *question, char *out, size_t size)
{
    return prompt_ask(question, false, out, size);
}

int prompt_hidden_line_once_typed(const char *question, char *out, size_t size)
{
    return prompt_ask(question, true, out, size);
}

int prompt_hidden_line_twice(const char *question, char *out, size_t size)
{
    char *again = sodium_malloc(size);
    int len = again ? prompt_hidden_line(question, out, size) : -1, saved;
    if (len >= 0 && prompt_hidden_line("Type it again: ", again, size) < 0) {
        len = -1;
    } else if (len >= 0 && strcmp(out, again) != 0) {
        errno = EINVAL;
        len = -1;
    }
    saved = errno;
    sodium_free(again);
    errno = saved;
    return len;
}

int prompt_yes(const char *question)
{
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    char answer[8];
    bool closed = false;

    if (fd < 0)
        return -1;
    caught = 0;
    dprintf(fd, "%s", question);
    if (prompt_read_line(fd, answer, sizeof answer, &closed) < 0 || closed)
        answer[0] = '\0';
    close(fd);
    return strcasecmp(answer, "yes") == 0;
}
