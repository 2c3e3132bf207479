#include "hw/cell.h"
#include "hw/cell_tpm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
/* cmocka.h needs those above first */
#include <cmocka.h>

#define WORD "tpm:1800001"

/* A prefix with a software TPM at its /dev/tpmrm0. */
struct place {
    char prefix[40];
    pid_t tpm;
};

static int start_tpm(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    posix_spawn_file_actions_t quiet;
    char dir[80], server[160], control[160], socket[80];
    char *argv[] = {(char *)"swtpm",
                    (char *)"socket",
                    (char *)"--tpm2",
                    (char *)"--tpmstate",
                    dir,
                    (char *)"--server",
                    server,
                    (char *)"--ctrl",
                    control,
                    (char *)"--flags",
                    (char *)"not-need-init,startup-clear",
                    NULL};

    snprintf(p->prefix, sizeof p->prefix, "/tmp/test_cell_tpm.XXXXXX");
    if (!mkdtemp(p->prefix))
        return -1;
    snprintf(socket, sizeof socket, "%s/dev", p->prefix);
    if (mkdir(socket, 0700) < 0)
        return -1;
    snprintf(socket, sizeof socket, "%s/dev/tpmrm0", p->prefix);
    snprintf(dir, sizeof dir, "dir=%s", p->prefix);
    snprintf(server, sizeof server, "type=unixio,path=%s", socket);
    snprintf(control, sizeof control, "type=unixio,path=%s.ctrl", socket);
    posix_spawn_file_actions_init(&quiet);
    posix_spawn_file_actions_addopen(&quiet, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    if (posix_spawnp(&p->tpm, argv[0], &quiet, NULL, argv, environ) != 0)
        return -1;
    posix_spawn_file_actions_destroy(&quiet);
    for (int i = 0; i < 3000 && access(socket, F_OK) < 0; i++)
        usleep(10000);
    *state = p;
    return access(socket, F_OK);
}

static int end_tpm(void **state)
{
    struct place *p = *state;
    char command[64];

    kill(p->tpm, SIGKILL);
    waitpid(p->tpm, NULL, 0);
    snprintf(command, sizeof command, "rm -r %s", p->prefix);
    free(p);
    return system(command);
}

static void test_written_read_and_killed(void **state)
{
    const struct place *p = *state;
    struct cell_error e;
    uint8_t key[CELL_KEY], got[CELL_KEY];
    int held;

    assert_int_equal(cell_check(p->prefix, WORD, &e), 0);
    assert_int_equal(cell_read(p->prefix, WORD, got, &e), -1);
    assert_int_equal(errno, ENOKEY);
    for (int round = 0; round < 3; round++) {
        randombytes_buf(key, sizeof key);
        assert_int_equal(cell_write(p->prefix, WORD, key, &e), 0);
        assert_int_equal(cell_read(p->prefix, WORD, got, &e), 0);
        assert_memory_equal(got, key, sizeof key);
        if (round == 0)
            continue; /* overwritten in place too */
        assert_int_equal(cell_kill(p->prefix, WORD, &held, &e), 0);
        assert_int_equal(held, 1);
        assert_int_equal(cell_read(p->prefix, WORD, got, &e), -1);
        assert_int_equal(errno, ENOKEY);
        assert_int_equal(cell_kill(p->prefix, WORD, &held, &e), 0);
        assert_int_equal(held, 0);
    }
}

/* Two cells of one chip: one dies, the other does not. */
static void test_neighbours(void **state)
{
    const struct place *p = *state;
    struct cell_error e;
    uint8_t a[CELL_KEY], b[CELL_KEY], got[CELL_KEY];
    int held;

    randombytes_buf(a, sizeof a);
    randombytes_buf(b, sizeof b);
    assert_int_equal(cell_write(p->prefix, "tpm:1800000", a, &e), 0);
    assert_int_equal(cell_write(p->prefix, "tpm:1bfffff", b, &e), 0);
    assert_int_equal(cell_kill(p->prefix, "tpm:1800000", &held, &e), 0);
    assert_int_equal(cell_read(p->prefix, "tpm:1bfffff", got, &e), 0);
    assert_memory_equal(got, b, sizeof b);
    assert_int_equal(cell_kill(p->prefix, "tpm:1bfffff", &held, &e), 0);
}

/* How often the key is in this process's writable memory, except where it belongs. */
static int copies(const uint8_t *key)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    int mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC), found = 0;
    unsigned long from, to;
    char line[512], mode[5];

    while (fgets(line, sizeof line, maps)) {
        /* A sanitizer's shadow is terabytes of "rw", and holds none of a program's bytes. */
        if (sscanf(line, "%lx-%lx %4s", &from, &to, mode) != 3 || strncmp(mode, "rw", 2) != 0 ||
            to - from > 1UL << 30)
            continue;
        for (unsigned long at = from; at < to; at += 4096) {
            static uint8_t page[4096 + CELL_KEY];
            size_t want = to - at < sizeof page ? to - at : sizeof page;
            ssize_t n =
                at <= (unsigned long)page + sizeof page && at + sizeof page > (unsigned long)page
                    ? 0
                    : pread(mem, page, want, (off_t)at);
            const uint8_t *hit = n > 0 ? memmem(page, (size_t)n, key, CELL_KEY) : NULL;
            if (hit && at + (unsigned long)(hit - page) != (unsigned long)key)
                found++;
        }
        memset(line, 0, sizeof line);
    }
    fclose(maps);
    close(mem);
    return found;
}

/* What the TPM's library copied of the key is not there any more. */
static void test_no_copy_stays_in_memory(void **state)
{
    const struct place *p = *state;
    uint8_t *key = sodium_malloc(CELL_KEY), *other = sodium_malloc(CELL_KEY);
    struct cell_error e;
    int held;

    randombytes_buf(key, CELL_KEY);
    memcpy(other, key, CELL_KEY);
    assert_int_equal(copies(key), 1); /* the search sees the second one */
    sodium_free(other);
    assert_int_equal(copies(key), 0);
    assert_int_equal(cell_write(p->prefix, WORD, key, &e), 0);
    assert_int_equal(copies(key), 0);
    other = sodium_malloc(CELL_KEY);
    assert_int_equal(cell_read(p->prefix, WORD, other, &e), 0);
    assert_memory_equal(other, key, CELL_KEY);
    sodium_free(other);
    assert_int_equal(copies(key), 0);
    assert_int_equal(cell_kill(p->prefix, WORD, &held, &e), 0);
    sodium_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_written_read_and_killed),
        cmocka_unit_test(test_neighbours),
        cmocka_unit_test(test_no_copy_stays_in_memory),
    };

    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, start_tpm, end_tpm);
}
