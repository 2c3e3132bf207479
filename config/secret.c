#include "config/secret.h"

#include "kiosk/common/file.h"
#include "kiosk/common/paths.h"
#include "kiosk/common/utf8.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

static const char absent_file[] = "there is no such file";
static const char absent_credential[] = "there is no such file; porchlight setup makes it";

static int secret_refuse(config_complain *complain, void *context, const char *path,
                         const char *what)
{
    char sentence[PATH_LEN + 256];
    snprintf(sentence, sizeof sentence, "%s: %s", path, what);
    complain(context, sentence);
    return -1;
}

/* systemd lets the service's user read its credentials through an ACL, whose mask shows as the
 * group's read bit; their folder is that user's alone. */
static bool is_handed_by_systemd(const char *path)
{
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    return folder && folder[0] && strncmp(path, folder, strlen(folder)) == 0;
}

bool secret_has_mode(int fd)
{
    struct statfs fs;

    return fstatfs(fd, &fs) < 0 ||
           (fs.f_type != MSDOS_SUPER_MAGIC && fs.f_type != EXFAT_SUPER_MAGIC);
}

/* The opened file's own mode counts, not that of whatever the path names later. */
static const char *secret_fault_of(int fd, const char *path, bool secret)
{
    mode_t shared = is_handed_by_systemd(path) ? S_IWGRP | S_IRWXO : S_IRWXG | S_IRWXO;
    struct stat st;

    if (fstat(fd, &st) < 0)
        return strerror(errno);
    if (!S_ISREG(st.st_mode))
        return "is no regular file; expected one line of text";
    bool moded = secret_has_mode(fd);
    if (secret && moded && (st.st_mode & shared))
        return "is a secret that group or others may read; expected mode 0600: chmod 600 it, and "
               "make a new one if it may have been read";
    if (moded && (st.st_mode & (S_IWGRP | S_IWOTH)))
        return "group or others may change it; expected mode 0644: chmod go-w it";
    if (st.st_size > SECRET_FILE_MAX)
        return "is longer than 4096 bytes; is this the right file?";
    return NULL;
}

static const char *secret_why_not_open(const char *absent)
{
    switch (errno) {
    case ENOENT:
        return absent;
    case ELOOP:
        return "is a symbolic link; expected the file itself";
    case EACCES:
        return "may not be read by this user; the service gets it through LoadCredential, by hand "
               "it takes sudo";
    default:
        return strerror(errno);
    }
}

/* The file's text into buf (locked memory), without what editors and pasting leave around it. Its
 * length, or -1 after a complaint. */
static ssize_t secret_read_file_one(const char *path, bool secret, const char *absent, char *buf,
                                    config_complain *complain, void *context)
{
    ssize_t len = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return secret_refuse(complain, context, path, secret_why_not_open(absent));
    const char *fault = secret_fault_of(fd, path, secret);
    if (!fault && (len = file_read_all(fd, buf, SECRET_FILE_MAX)) < 0)
        fault = strerror(errno);
    close(fd);
    if (fault)
        return secret_refuse(complain, context, path, fault);
    size_t left = (size_t)len;
    const char *text = utf8_trim(buf, &left);
    memmove(buf, text, left);
    return (ssize_t)left;
}

static int secret_path_of(const char *prefix, const char *name, char path[PATH_LEN],
                          config_complain *complain, void *context)
{
    if (path_credential(prefix, name, path) == 0)
        return 0;
    return secret_refuse(complain, context, name, "is not a valid name of a credential");
}

/* A buffer in locked memory, or NULL after a complaint. */
static char *locked_buffer(const char *path, config_complain *complain, void *context)
{
    char *buf = sodium_init() < 0 ? NULL : sodium_malloc(SECRET_FILE_MAX);
    if (!buf)
        secret_refuse(complain, context, path,
                      "no locked memory for it; raise LimitMEMLOCK, or free some memory");
    return buf;
}

static bool secret_is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

static const char *decode(const char *hex, size_t hex_len, uint8_t *out, size_t len)
{
    if (hex_len != 2 * len)
        return "has the wrong length";
    for (size_t i = 0; i < hex_len; i++)
        if (!secret_is_hex(hex[i]))
            return "has other characters than 0-9 and a-f";
    return sodium_hex2bin(out, len, hex, hex_len, NULL, NULL, NULL) == 0 ? NULL
                                                                         : "cannot be decoded";
}

static int read_hex(const char *path, bool secret, const char *absent, uint8_t *out, size_t len,
                    config_complain *complain, void *context)
{
    char what[128];
    int result = -1;
    char *buf = locked_buffer(path, complain, context);
    if (!buf)
        return -1;
    ssize_t n = secret_read_file_one(path, secret, absent, buf, complain, context);
    if (n < 0)
        goto free_buf;
    const char *fault = decode(buf, (size_t)n, out, len);
    if (fault) {
        sodium_memzero(out, len);
        snprintf(what, sizeof what, "%s; expected %zu hex digits on one line", fault, 2 * len);
        secret_refuse(complain, context, path, what);
        goto free_buf;
    }
    result = 0;
free_buf:
    sodium_free(buf);
    return result;
}

int secret_read_file(const char *path, bool secret, uint8_t *out, size_t len,
                     config_complain *complain, void *context)
{
    return read_hex(path, secret, absent_file, out, len, complain, context);
}

ssize_t secret_read_text(const char *path, const char *absent, char out[SECRET_FILE_MAX + 1],
                         config_complain *complain, void *context)
{
    ssize_t n = secret_read_file_one(path, true, absent, out, complain, context);
    if (n >= 0)
        out[n] = '\0';
    return n;
}

int secret_read_key(const char *prefix, const char *name, bool secret, uint8_t *out, size_t len,
                    config_complain *complain, void *context)
{
    char path[PATH_LEN];
    if (secret_path_of(prefix, name, path, complain, context) < 0)
        return -1;
    return read_hex(path, secret, absent_credential, out, len, complain, context);
}

static const char *line_fault_of(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < ' ')
            return "has more than one line, or a control character; expected one line of text";
    if (!utf8_valid(text, len))
        return "is not UTF-8; expected one line of text, saved as UTF-8";
    return utf8_printable(text, len) ? NULL
                                     : "has something invisible in it; expected one line of text, "
                                       "typed by hand";
}

int secret_read_line(const char *prefix, const char *name, char *out, size_t size,
                     config_complain *complain, void *context)
{
    char path[PATH_LEN];
    const char *fault;
    int result = -1;
    if (secret_path_of(prefix, name, path, complain, context) < 0)
        return -1;
    char *buf = locked_buffer(path, complain, context);
    if (!buf)
        return -1;
    ssize_t n = secret_read_file_one(path, true, absent_credential, buf, complain, context);
    if (n < 0)
        goto free_buf;
    if (n == 0 || (size_t)n >= size) {
        secret_refuse(complain, context, path,
                      n ? "is too long; expected one short line of text"
                        : "is empty; expected one line of text");
        goto free_buf;
    }
    fault = line_fault_of(buf, (size_t)n);
    if (fault) {
        secret_refuse(complain, context, path, fault);
        goto free_buf;
    }
    memcpy(out, buf, (size_t)n);
    out[n] = '\0';
    result = 0;
free_buf:
    sodium_free(buf);
    return result;
}

/* --- all of them ---------------------------------------------------------------------------- */

int secret_check_all(const char *prefix, const struct config *c, config_complain *complain,
                     void *context)
{
    static const struct {
        const char *name;
        bool secret;
    } keys[] = {{"kiosk.key", true}, {"venue.key", true}, {"root.pub", false}};
    int result = 0;
    char *buf = locked_buffer("credentials", complain, context);
    if (!buf)
        return -1;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0] && !c->kiosk.plain; i++)
        if (secret_read_key(prefix, keys[i].name, keys[i].secret, (uint8_t *)buf, 32, complain,
                            context) != 0)
            result = -1;
    for (size_t i = 0; i < c->brokers_count; i++)
        if (c->brokers[i].password[0] != '\0' &&
            secret_read_line(prefix, c->brokers[i].password, buf, SECRET_FILE_MAX, complain,
                             context) != 0)
            result = -1;
    if (c->buttons.broker.host[0] != '\0' && c->buttons.broker.password[0] != '\0' &&
        secret_read_line(prefix, c->buttons.broker.password, buf, SECRET_FILE_MAX, complain,
                         context) != 0)
        result = -1;
    sodium_free(buf);
    return result;
}

/* --- writing -------------------------------------------------------------------------------- */

int secret_write_key(const char *path, const uint8_t *key, size_t len, int mode)
{
    if (sodium_init() < 0 || len > SECRET_FILE_MAX / 2 - 1) {
        errno = EINVAL;
        return -1;
    }
    char *text = sodium_malloc(2 * len + 2);
    if (!text)
        return -1;
    sodium_bin2hex(text, 2 * len + 1, key, len);
    text[2 * len] = '\n';
    int result = file_replace(path, text, 2 * len + 1, (mode_t)mode), saved = errno;
    sodium_free(text);
    errno = saved;
    return result;
}
