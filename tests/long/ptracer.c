/* Runs `porchlight-wipe --listen` under ptrace, sends it one word when it waits at its socket, and
 * from then on counts its system calls:
 *
 *     ptracer SOCKET WORD list                     every call's number, one a line, then the
 * replies ptracer SOCKET WORD kill N                   SIGKILL at the entry of call N, before it
 * runs ptracer SOCKET WORD ERRNO N [sticky]         call N is not run and fails with that errno;
 *                                                  sticky: so do all later calls of that number
 *     ptracer SOCKET WORD short N                  call N, a write or read, gets half of its length
 *   ... -- porchlight-wipe ARGUMENTS
 *
 * Prints "reply KIND OUTCOME NAME" for each packet and "calls COUNT". Exit: 0, or 1 with a reason.
 * x86-64 alone: the registers are. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum mode { LIST, KILL, FAULT, SHORT };

struct tracer {
    enum mode mode;
    long at;
    int error;
    bool sticky;
    pid_t pid;
    int client;
    long calls;
    bool counting;
    bool faulting; /* the call now running is to fail at its exit */
    long sticky_number;
};

static void die(const char *what)
{
    fprintf(stderr, "ptracer: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int connect_to(const char *path)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    if (fd < 0 || strlen(path) >= sizeof a.sun_path)
        die("socket");
    memcpy(a.sun_path, path, strlen(path) + 1);
    if (connect(fd, (const struct sockaddr *)&a, sizeof a) < 0)
        die("connect");
    return fd;
}

/* Prints the replies that wait. True once the server hung up. */
static bool drain(struct tracer *t)
{
    struct {
        uint32_t magic, kind, outcome, drill, index, reserved;
        int64_t took;
        char name[64];
    } p;
    ssize_t n;

    while (t->client >= 0 && (n = recv(t->client, &p, sizeof p, MSG_DONTWAIT)) >= 0) {
        if (n == 0) {
            close(t->client);
            t->client = -1;
            return true;
        }
        printf("reply %u %u %.63s\n", p.kind, p.outcome, p.name);
    }
    return t->client < 0;
}

/* What can fail in a wipe: file and socket work, not memory or time. */
static bool may_fail(long nr)
{
    static const long numbers[] = {
        SYS_read,      SYS_write,  SYS_pread64,    SYS_pwrite64, SYS_openat,    SYS_openat2,
        SYS_open,      SYS_fsync,  SYS_fdatasync,  SYS_syncfs,   SYS_ftruncate, SYS_renameat,
        SYS_renameat2, SYS_rename, SYS_unlinkat,   SYS_unlink,   SYS_fstat,     SYS_newfstatat,
        SYS_lseek,     SYS_ioctl,  SYS_getdents64, SYS_mkdir,    SYS_mkdirat,   SYS_fstatfs,
        SYS_fadvise64, SYS_flock,  SYS_stat,       SYS_lstat,    SYS_statx,     SYS_fcntl,
    };

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (numbers[i] == nr)
            return true;
    }
    return false;
}

static bool has_length(long nr)
{
    return nr == SYS_read || nr == SYS_write || nr == SYS_pread64 || nr == SYS_pwrite64 ||
           nr == SYS_getdents64;
}

/* At the entry of a call. False: it was killed. */
static bool entry(struct tracer *t)
{
    struct user_regs_struct regs;
    long nr;

    if (ptrace(PTRACE_GETREGS, t->pid, NULL, &regs) < 0)
        die("getregs");
    nr = (long)regs.orig_rax;
    t->calls++;
    if (t->mode == LIST)
        printf("call %ld %ld %d\n", t->calls, nr, may_fail(nr));
    if (t->mode == KILL && t->calls == t->at) {
        kill(t->pid, SIGKILL);
        return false;
    }
    if (t->mode == SHORT && t->calls == t->at && has_length(nr) && regs.rdx > 1) {
        regs.rdx /= 2;
        ptrace(PTRACE_SETREGS, t->pid, NULL, &regs);
    }
    if (t->mode == FAULT && may_fail(nr) &&
        (t->calls == t->at || (t->sticky && t->calls > t->at && nr == t->sticky_number))) {
        t->sticky_number = nr;
        t->faulting = true;
        regs.orig_rax = (unsigned long long)-1;
        ptrace(PTRACE_SETREGS, t->pid, NULL, &regs);
    }
    return true;
}

static void leave(struct tracer *t)
{
    struct user_regs_struct regs;

    if (!t->faulting)
        return;
    t->faulting = false;
    if (ptrace(PTRACE_GETREGS, t->pid, NULL, &regs) < 0)
        die("getregs");
    regs.rax = (unsigned long long)-t->error;
    ptrace(PTRACE_SETREGS, t->pid, NULL, &regs);
}

static pid_t start(char **argv)
{
    pid_t pid = fork();

    if (pid < 0)
        die("fork");
    if (pid == 0) {
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        raise(SIGSTOP);
        execv(argv[0], argv);
        _exit(127);
    }
    return pid;
}

/* Goes on to the next stop of a call. False when the process is gone. */
static bool next_stop(struct tracer *t)
{
    int status, deliver = 0;

    for (;;) {
        if (ptrace(PTRACE_SYSCALL, t->pid, NULL, (void *)(long)deliver) < 0 && errno != ESRCH)
            die("ptrace");
        if (waitpid(t->pid, &status, 0) < 0)
            die("waitpid");
        if (WIFEXITED(status) || WIFSIGNALED(status))
            return false;
        if (WIFSTOPPED(status) && WSTOPSIG(status) == (SIGTRAP | 0x80))
            return true;
        deliver = WIFSTOPPED(status) && WSTOPSIG(status) != SIGTRAP ? WSTOPSIG(status) : 0;
    }
}

/* Runs it until it waits in poll(2) at its socket for the first time. */
static void run_to_socket(struct tracer *t)
{
    struct user_regs_struct regs;
    bool inside = false;

    for (;;) {
        if (!next_stop(t)) {
            errno = ECHILD;
            die("it ended before it served");
        }
        inside = !inside;
        if (ptrace(PTRACE_GETREGS, t->pid, NULL, &regs) < 0)
            die("getregs");
        /* three descriptors and no timeout: server.c's */
        if (inside && (long)regs.orig_rax == SYS_poll && regs.rsi == 3 && (int)regs.rdx == -1)
            return;
    }
}

static void run(struct tracer *t)
{
    bool inside = true;

    for (;;) {
        if (!next_stop(t))
            break;
        inside = !inside;
        if (!inside) {
            leave(t);
            continue;
        }
        if (drain(t)) { /* answered and hung up: the request is over */
            kill(t->pid, SIGKILL);
            break;
        }
        if (!entry(t))
            break;
    }
    waitpid(t->pid, NULL, 0);
    drain(t);
}

static int errno_named(const char *name)
{
    static const struct {
        const char *name;
        int number;
    } names[] = {{"EIO", EIO}, {"ENOSPC", ENOSPC}, {"EINTR", EINTR}, {"EROFS", EROFS}};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(names[i].name, name) == 0)
            return names[i].number;
    }
    return 0;
}

int main(int argc, char **argv)
{
    struct tracer t = {.client = -1};
    int i = 4;

    if (argc < 6)
        return 1;
    t.mode = strcmp(argv[3], "list") == 0    ? LIST
             : strcmp(argv[3], "kill") == 0  ? KILL
             : strcmp(argv[3], "short") == 0 ? SHORT
                                             : FAULT;
    t.error = errno_named(argv[3]);
    if (t.mode != LIST)
        t.at = atol(argv[i++]);
    if (strcmp(argv[i], "sticky") == 0) {
        t.sticky = true;
        i++;
    }
    if (strcmp(argv[i++], "--") != 0 || (t.mode == FAULT && t.error == 0))
        return 1;
    unlink(argv[1]);
    t.pid = start(argv + i);
    waitpid(t.pid, NULL, 0);
    ptrace(PTRACE_SETOPTIONS, t.pid, NULL, (void *)(PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL));
    run_to_socket(&t);
    t.client = connect_to(argv[1]);
    if (send(t.client, argv[2], strlen(argv[2]), 0) < 0)
        die("send");
    run(&t);
    printf("calls %ld\n", t.calls);
    return 0;
}
