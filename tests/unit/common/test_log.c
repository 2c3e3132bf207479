#include "kiosk/common/log.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* stderr goes into a pipe while `speak` runs; what arrived is in out. */
static void capture(void (*speak)(void), char *out, size_t size)
{
    int ends[2], kept = dup(STDERR_FILENO);

    assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
    speak();
    dup2(kept, STDERR_FILENO);
    ssize_t n = read(ends[0], out, size - 1);
    out[n > 0 ? n : 0] = '\0';
    close(ends[0]);
    close(ends[1]);
    close(kept);
}

static void speak_plain(void)
{
    unsetenv("JOURNAL_STREAM");
    log_init("porchlightd", LOG_LEVEL_INFO);
    errno = EPIPE;
    log_error("line %s is taken", "gpiochip0:17");
    assert_int_equal(errno, EPIPE);
    log_warning("two\nlines");
    log_info("ready");
    log_debug("not said");
}

static void plain(void **state)
{
    char out[1024];

    (void)state;
    capture(speak_plain, out, sizeof out);
    assert_string_equal(out, "porchlightd: error: line gpiochip0:17 is taken\n"
                             "porchlightd: warning: two lines\n"
                             "porchlightd: ready\n");
}

static void speak_journal(void)
{
    struct stat st;
    char stream[64];

    fstat(STDERR_FILENO, &st);
    snprintf(stream, sizeof stream, "%llu:%llu", (unsigned long long)st.st_dev,
             (unsigned long long)st.st_ino);
    setenv("JOURNAL_STREAM", stream, 1);
    log_init("porchlightd", LOG_LEVEL_DEBUG);
    log_warning("no broker");
    log_debug("said");
}

static void journal(void **state)
{
    char out[1024];

    (void)state;
    capture(speak_journal, out, sizeof out);
    assert_string_equal(out, "<4>no broker\n<7>said\n");
}

/* The variable is inherited by children whose stderr was moved elsewhere. */
static void speak_redirected(void)
{
    setenv("JOURNAL_STREAM", "1:1", 1);
    log_init("porchlightd", LOG_LEVEL_INFO);
    log_warning("no broker");
}

static void redirected(void **state)
{
    char out[1024];

    (void)state;
    capture(speak_redirected, out, sizeof out);
    assert_string_equal(out, "porchlightd: warning: no broker\n");
}

static void speak_long(void)
{
    static char text[5000];

    memset(text, 'x', sizeof text - 1);
    log_init("p", LOG_LEVEL_INFO);
    log_info("%s", text);
}

static void long_line_is_cut(void **state)
{
    char out[8000];

    (void)state;
    capture(speak_long, out, sizeof out);
    assert_in_range(strlen(out), 1000, 1024);
    assert_int_equal(out[strlen(out) - 1], '\n');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain),
        cmocka_unit_test(journal),
        cmocka_unit_test(redirected),
        cmocka_unit_test(long_line_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
