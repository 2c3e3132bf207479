#include "kiosk/cli/sealing/cmd_book.h"
#include "kiosk/cli/locked_memory.h"
#include "kiosk/common/file.h"
#include "kiosk/common/log.h"
#include "kiosk/common/messages.h"
#include "kiosk/common/paths.h"
#include "kiosk/common/unix_socket.h"

#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* How long a client has to send its entry, and how long it waits for the answer. */
enum { ENTRY_MS = 2000, ANSWER_MS = 10000 };

static bool book_is_name(const char *name, size_t len)
{
    static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    return len > 0 && len < BOOK_NAME_MAX && strspn(name, good) >= len;
}

/* The program's answer, terminated. Its length; or -1 with errno (0: none arrived in time). */
static ssize_t book_ask(const char *path, const uint8_t *packet, size_t len,
                        char answer[BOOK_ANSWER_MAX + 1])
{
    ssize_t n = -1;
    int fd = unix_socket_connect(path);
    if (fd < 0)
        return -1;
    errno = 0;
    if (unix_socket_send(fd, packet, len) == 0 && unix_socket_wait(fd, ANSWER_MS) == 1)
        n = unix_socket_receive(fd, answer, BOOK_ANSWER_MAX);
    file_close(fd);
    answer[n > 0 ? n : 0] = '\0';
    return n > 0 ? n : -1;
}

int book_send(const struct cli *cli, const char *book, const uint8_t *entry, size_t len)
{
    char path[PATH_LEN] = "", answer[BOOK_ANSWER_MAX + 1];
    size_t head = strlen(book) + 1;
    if (!book_is_name(book, strlen(book))) {
        log_error("\"%s\" cannot be a book's name: use letters, digits, - and _.", book);
        return CLI_USAGE;
    }
    uint8_t *packet = locked_memory(BOOK_PACKET_MAX);
    if (!packet)
        return CLI_FAILED;
    memcpy(packet, book, head - 1);
    packet[head - 1] = '\n';
    memcpy(packet + head, entry, len);
    ssize_t n = path_under(cli->prefix, PATH_BOOK, path) < 0
                    ? -1
                    : book_ask(path, packet, head + len, answer);
    int error = errno;
    sodium_free(packet);
    if (n >= 0 && strcmp(answer, "ok") == 0)
        return CLI_OK;
    if (n >= 0)
        log_error("The entry was not kept: %s.", answer);
    else
        log_error("The entry was not kept (%s): %s. %s", path,
                  error ? strerror(error) : "porchlight book does not answer",
                  error == EACCES
                      ? "Run the command with sudo, or join the group (sudo adduser YOU "
                        "porchlight-book) and log in again."
                      : "Start it: sudo systemctl start porchlight-book.socket");
    return n >= 0 ? CLI_FAILED : error == EACCES ? CLI_DENIED : CLI_NOBODY;
}

/* Reads one packet and appends its entry. NULL, or what is wrong (a static string). */
static const char *take_entry(const char *folder, const uint8_t *packet, size_t len,
                              const uint8_t key[SEAL_KEY])
{
    const uint8_t *newline = memchr(packet, '\n', len);
    char name[BOOK_NAME_MAX], path[PATH_LEN + BOOK_NAME_MAX + 8];
    size_t head = newline ? (size_t)(newline - packet) : 0;
    const char *wrong = NULL;
    int fd;
    if (!book_is_name((const char *)packet, head))
        return "expected the book's name, a newline and the entry";
    if (len - head - 1 > SEAL_ENTRY_MAX)
        return "the entry is too long";
    memcpy(name, packet, head);
    name[head] = '\0';
    snprintf(path, sizeof path, "%s/%s.book", folder, name);
    fd = book_open(path);
    if (fd < 0) {
        log_error("%s cannot be opened: %s.", path,
                  errno == EINVAL ? "it is not a book" : strerror(errno));
        return errno == ENOSPC ? "the disk is full"
                               : "the book cannot be opened. To see why: sudo journalctl -u "
                                 "porchlight-book";
    }
    if (book_append(fd, newline + 1, len - head - 1, key) < 0) {
        wrong = errno == ENOSPC ? "the disk is full" : "the disk reported an error";
        log_error("%s cannot be written: %s.", path, strerror(errno));
    }
    close(fd);
    return wrong;
}

static void book_serve_client(int fd, const char *folder, const uint8_t key[SEAL_KEY])
{
    uint8_t *packet = sodium_malloc(BOOK_PACKET_MAX);
    const char *wrong = "no entry arrived";
    ssize_t n = -1;
    if (packet && unix_socket_wait(fd, ENTRY_MS) == 1)
        n = unix_socket_receive(fd, packet, BOOK_PACKET_MAX);
    if (n > 0)
        wrong = take_entry(folder, packet, (size_t)n, key);
    else if (n < 0 && errno == EMSGSIZE)
        wrong = "the entry is too long";
    sodium_free(packet);
    if (wrong)
        log_warning("An entry was refused: %s.", wrong);
    unix_socket_send(fd, wrong ? wrong : "ok", wrong ? strlen(wrong) : 2);
}

static int book_serve(int listen_fd, const char *folder, const uint8_t key[SEAL_KEY])
{
    for (;;) {
        int fd;
        if (unix_socket_wait(listen_fd, -1) < 0 && errno != EINTR)
            return CLI_FAILED;
        fd = unix_socket_accept(listen_fd);
        if (fd < 0)
            continue;
        book_serve_client(fd, folder, key);
        close(fd);
    }
}

static int book_run(const struct cli *cli, void *own, char **words)
{
    char key_path[PATH_LEN], folder[PATH_LEN], socket_path[PATH_LEN];
    uint8_t key[SEAL_KEY];
    int fd;
    (void)own;
    (void)words;
    prctl(PR_SET_DUMPABLE, 0);
    signal(SIGPIPE, SIG_IGN);
    if (sodium_init() < 0 || path_under(cli->prefix, PATH_SEAL_KEY, key_path) < 0 ||
        path_under(cli->prefix, PATH_BOOKS, folder) < 0 ||
        path_under(cli->prefix, PATH_BOOK, socket_path) < 0 ||
        seal_read_key(key_path, false, key) < 0)
        return CLI_FAILED;
    if (mkdir(folder, 0700) < 0 && errno != EEXIST) {
        log_error("The folder for books cannot be made: %s: %s.", folder, strerror(errno));
        return CLI_FAILED;
    }
    fd = unix_socket_listen(socket_path, 0660);
    if (fd < 0) {
        log_error("No entries can be accepted: %s: %s.", socket_path, strerror(errno));
        return CLI_FAILED;
    }
    log_info("Accepting entries at %s.", socket_path);
    return book_serve(fd, folder, key);
}

const struct cli_command cli_book = {
    .name = "book",
    .arguments = "",
    .summary = "keep sealed books: accept entries from other programs over book.sock",
    .run = book_run,
};
