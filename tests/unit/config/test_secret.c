#include "config/secret.h"

#include "kiosk/common/paths.h"
#include "tests/unit/rows.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cmocka.h>

static char prefix[64], folder[PATH_LEN], said[1024];
static int complaints;

static void keep(void *context, const char *sentence)
{
    (void)context;
    complaints++;
    snprintf(said, sizeof said, "%s", sentence);
}

static int make_folder(void **state)
{
    char command[PATH_LEN + 16];

    (void)state;
    snprintf(prefix, sizeof prefix, "/tmp/porchlight-secret-XXXXXX");
    if (!mkdtemp(prefix) || path_under(prefix, PATH_CREDENTIALS, folder) < 0)
        return -1;
    snprintf(command, sizeof command, "mkdir -p %s", folder);
    unsetenv("CREDENTIALS_DIRECTORY");
    return system(command);
}

static int remove_folder(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof command, "rm -r %s", prefix);
    unsetenv("CREDENTIALS_DIRECTORY");
    return system(command);
}

static const char *file(const char *name)
{
    static char path[PATH_LEN + 64];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void put(const char *name, const char *text, mode_t mode)
{
    int fd = open(file(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static int key(const char *name, bool secret, uint8_t out[4])
{
    complaints = 0;
    said[0] = '\0';
    memset(out, 0xEE, 4);
    return secret_read_key(prefix, name, secret, out, 4, keep, NULL);
}

static void expect_refused(const char *name, bool secret, const char *why)
{
    uint8_t out[4];

    assert_int_equal(key(name, secret, out), -1);
    assert_int_equal(complaints, 1);
    if (!strstr(said, why) || !strstr(said, name))
        fail_msg("said \"%s\", expected \"%s\"", said, why);
}

static void reads_keys(void **state)
{
    uint8_t out[4];

    (void)state;
    put("a", "00ff10ab\n", 0600);
    assert_int_equal(key("a", true, out), 0);
    assert_memory_equal(out, "\x00\xff\x10\xab", 4);
    put("b", "00ff10ab", 0400);
    assert_int_equal(key("b", true, out), 0);
    put("c", "00ff10ab\n", 0644);
    assert_int_equal(key("c", false, out), 0);
    assert_int_equal(complaints, 0);
}

static void refuses_keys(void **state)
{
    (void)state;
    expect_refused("none", true, "there is no such file; porchlight setup makes it");
    put("a", "00ff10ab\n", 0644);
    expect_refused("a", true, "expected mode 0600: chmod 600 it");
    put("a", "00ff10ab\n", 0640);
    expect_refused("a", true, "expected mode 0600: chmod 600 it");
    put("a", "00ff10ab\n", 0666);
    expect_refused("a", false, "chmod go-w it");
    put("b", "00ff10a\n", 0600);
    expect_refused("b", true, "has the wrong length; expected 8 hex digits on one line");
    put("b", "00ff10ab00\n", 0600);
    expect_refused("b", true, "has the wrong length");
    put("b", "", 0600);
    expect_refused("b", true, "has the wrong length");
    put("b", "00ff10aB\n", 0600);
    expect_refused("b", true, "has other characters than 0-9 and a-f");
    put("b", "00ff1 ab\n", 0600);
    expect_refused("b", true, "has other characters than 0-9");
    assert_int_equal(symlink("a", file("link")), 0);
    expect_refused("link", true, "is a symbolic link");
    assert_int_equal(mkdir(file("folder"), 0700), 0);
    expect_refused("folder", true, "is no regular file");
    assert_int_equal(mkfifo(file("fifo"), 0600), 0);
    expect_refused("fifo", true, "is no regular file");
    expect_refused("../credentials/a", true, "is not a valid name of a credential");
}

/* What is refused is never quoted: it may be the secret itself. */
static void never_says_the_secret(void **state)
{
    uint8_t out[4];

    (void)state;
    put("a", "hunter2-hunter2\n", 0600);
    assert_int_equal(key("a", true, out), -1);
    assert_null(strstr(said, "hunter2"));
}

/* systemd's ACL shows as the group's read bit, in a folder that is the service's alone. */
static void takes_what_systemd_hands_over(void **state)
{
    uint8_t out[4];

    (void)state;
    setenv("CREDENTIALS_DIRECTORY", folder, 1);
    put("porchlight_a", "00ff10ab\n", 0440);
    assert_int_equal(key("a", true, out), 0);
    put("porchlight_a", "00ff10ab\n", 0444);
    expect_refused("a", true, "expected mode 0600");
}

static void reads_lines(void **state)
{
    char out[8] = "before";

    (void)state;
    put("p", "pass w0\n", 0600);
    assert_int_equal(secret_read_line(prefix, "p", out, sizeof out, keep, NULL), 0);
    assert_string_equal(out, "pass w0");
    put("p", "pass w00\n", 0600);
    assert_int_equal(secret_read_line(prefix, "p", out, sizeof out, keep, NULL), -1);
    assert_non_null(strstr(said, "is too long"));
    put("p", "\n", 0600);
    assert_int_equal(secret_read_line(prefix, "p", out, sizeof out, keep, NULL), -1);
    assert_non_null(strstr(said, "is empty"));
    put("p", "a\nb\n", 0600);
    assert_int_equal(secret_read_line(prefix, "p", out, sizeof out, keep, NULL), -1);
    assert_non_null(strstr(said, "more than one line"));
    put("p", "a\u200Bb\n", 0600);
    assert_int_equal(secret_read_line(prefix, "p", out, sizeof out, keep, NULL), -1);
    assert_non_null(strstr(said, "something invisible"));
    put("p", "caf\xE9\n", 0600);
    assert_int_equal(secret_read_line(prefix, "p", out, sizeof out, keep, NULL), -1);
    assert_non_null(strstr(said, "is not UTF-8"));
    put("p", "pass\n", 0604);
    assert_int_equal(secret_read_line(prefix, "p", out, sizeof out, keep, NULL), -1);
    assert_non_null(strstr(said, "chmod 600"));
}

/* What editors, mail programs and other systems leave around a password is no part of it, and what
 * is inside it is. */
static void reads_what_people_paste(void **state)
{
    static const struct {
        const char *text, *password;
    } rows[] = {
        {"secret", "secret"},
        {"secret\r\n", "secret"},
        {"secret\n\n", "secret"},
        {"secret\r\r\n \r\n", "secret"},
        {"\uFEFFsecret\n", "secret"},
        {"\u00A0secret\u00A0\u200B\n", "secret"},
        {"k9 ;Lq2xPw;77z\n", "k9 ;Lq2xPw;77z"},
        {"a:b\"c\"='#\\\n", "a:b\"c\"='#\\"},
        {"\u5BC6\u7801 \u00FC\U0001F511\n", "\u5BC6\u7801 \u00FC\U0001F511"},
    };
    char out[SECRET_FILE_MAX], token[3001];

    (void)state;
    complaints = 0;
    EACH_ROW (i, rows, rows[i].password) {
        put("p", rows[i].text, 0600);
        assert_int_equal(secret_read_line(prefix, "p", out, sizeof out, keep, NULL), 0);
        assert_string_equal(out, rows[i].password);
    }
    memset(token, 'x', sizeof token - 1);
    token[sizeof token - 1] = '\0';
    put("p", token, 0600);
    assert_int_equal(secret_read_line(prefix, "p", out, sizeof out, keep, NULL), 0);
    assert_string_equal(out, token);
    assert_int_equal(complaints, 0);
}

/* In place of libc's: what a stick's file system would say. */
static long magic = EXT4_SUPER_MAGIC;

int fstatfs(int fd, struct statfs *fs)
{
    (void)fd;
    memset(fs, 0, sizeof *fs);
    fs->f_type = magic;
    return 0;
}

static void a_stick_knows_no_modes(void **state)
{
    static const long sticks[] = {MSDOS_SUPER_MAGIC, EXFAT_SUPER_MAGIC};
    uint8_t out[4];

    (void)state;
    put("root.key", "01020304\n", 0755);
    expect_refused("root.key", true, "is a secret that group or others may read");
    EACH_ROW (i, sticks, NULL) {
        magic = sticks[i];
        int result = key("root.key", true, out);
        magic = EXT4_SUPER_MAGIC;
        assert_int_equal(result, 0);
        assert_memory_equal(out, "\1\2\3\4", 4);
    }
}

static void writes_what_it_reads(void **state)
{
    static const uint8_t first[4] = {1, 2, 3, 254}, second[4] = {9, 9, 9, 9};
    uint8_t out[4];
    struct stat st;

    (void)state;
    mode_t old = umask(0);
    assert_int_equal(secret_write_key(file("k"), first, sizeof first, 0600), 0);
    umask(old);
    assert_int_equal(stat(file("k"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(st.st_size, 9);
    assert_int_equal(key("k", true, out), 0);
    assert_memory_equal(out, first, 4);

    put("k.new", "left by a power cut\n", 0600);
    assert_int_equal(secret_write_key(file("k"), second, sizeof second, 0644), 0);
    assert_int_equal(key("k", false, out), 0);
    assert_memory_equal(out, second, 4);
    assert_int_equal(stat(file("k"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0644);
    assert_int_equal(access(file("k.new"), F_OK), -1);

    assert_int_equal(secret_write_key("/nowhere/k", first, sizeof first, 0600), -1);
    assert_int_equal(errno, ENOENT);
}

#define with_folder(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_folder(reads_keys),
        with_folder(refuses_keys),
        with_folder(never_says_the_secret),
        with_folder(takes_what_systemd_hands_over),
        with_folder(reads_lines),
        with_folder(reads_what_people_paste),
        with_folder(a_stick_knows_no_modes),
        with_folder(writes_what_it_reads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
