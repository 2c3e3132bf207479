#include "kiosk/cli/passphrase.h"

#include "config/secret.h"
#include "kiosk/cli/locked_memory.h"
#include "kiosk/cli/prompt.h"
#include "kiosk/common/log.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The first line of a file, read byte by byte so that no buffer of stdio keeps it, as an editor of
 * any system wrote it: without a byte order mark before it and a CR behind it. Its length, or -1
 * with errno: E2BIG, EILSEQ (it is no text, or UTF-16). */
static int passphrase_read_line(int fd, char *out)
{
    int len = 0;
    ssize_t n;
    char c;

    for (;;) {
        n = read(fd, &c, 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0 || c == '\n')
            break;
        errno = c == '\0' ? EILSEQ : E2BIG;
        if (c == '\0' || len == PASSPHRASE_MAX - 1)
            return -1;
        out[len++] = c;
        if (len == 3 && memcmp(out, "\xef\xbb\xbf", 3) == 0)
            len = 0;
    }
    if (len > 0 && out[len - 1] == '\r')
        len--;
    out[len] = '\0';
    return len;
}

static int from_terminal(char *out, int twice)
{
    static const char known[] = "What you type is not shown.\nPassphrase: ";
    static const char choose[] = "Choose a passphrase: six or more random words.\n"
                                 "What you type is not shown.\nPassphrase: ";
    int len = twice ? prompt_hidden_line_twice(choose, out, PASSPHRASE_MAX)
                    : prompt_hidden_line(known, out, PASSPHRASE_MAX);
    if (len < 0)
        log_error("Nothing was done: %s.",
                  errno == ENXIO    ? "there is no terminal to type the passphrase at. Use "
                                      "--passphrase-file FILE"
                  : errno == EINVAL ? "you typed two different passphrases. Try again"
                  : errno == E2BIG  ? "the passphrase has more than 255 characters"
                                    : strerror(errno));
    return len;
}

static int from_file(const char *path, char *out)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), len = -1;

    if (fd < 0 || fstat(fd, &st) < 0)
        log_error("The passphrase cannot be read: %s: %s.", path, strerror(errno));
    else if (secret_has_mode(fd) && (st.st_mode & (S_IRWXG | S_IRWXO)))
        log_error(
            "The passphrase was not used: other users may read %s. Make it yours alone: chmod 600 "
            "%s",
            path, path);
    else if ((len = passphrase_read_line(fd, out)) < 0)
        log_error("The passphrase cannot be read: %s: %s.", path,
                  errno == E2BIG    ? "its first line has more than 255 bytes"
                  : errno == EILSEQ ? "it is not plain text. Save it as UTF-8"
                                    : strerror(errno));
    if (fd >= 0)
        close(fd);
    return len;
}

char *passphrase_read(const char *path, int twice, int least)
{
    char *out = locked_memory(PASSPHRASE_MAX);
    int len = !out ? -1 : path ? from_file(path, out) : from_terminal(out, twice);
    if (len >= least)
        return out;
    if (len >= 0)
        log_error("The passphrase was not accepted: it has %d characters, and at least %d are "
                  "expected. Take six or more random words.",
                  len, least);
    sodium_free(out);
    return NULL;
}
