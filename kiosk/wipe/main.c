#include "kiosk/common/clock.h"
#include "kiosk/common/log.h"
#include "kiosk/common/paths.h"
#include "kiosk/common/unix_socket.h"
#include "kiosk/wipe/pending.h"
#include "kiosk/wipe/plan_print.h"
#include "kiosk/wipe/run.h"
#include "kiosk/wipe/server.h"
#include "kiosk/wipe/target.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <pwd.h>
#include <signal.h>
#include <sodium.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

static const char usage[] =
    "Usage: porchlight-wipe [--prefix DIR] [--listen | --resume | --pending | --plan [--json]]\n"
    "Destroys what /etc/porchlight/wipe.plan names, when porchlightd asks over wipe.sock.\n"
    "\n"
    "  (no mode)     serve the socket that systemd hands over\n"
    "  --listen      make the socket oneself and serve it: started by hand\n"
    "  --resume      finish a wipe that was asked for and that a power cut interrupted, then end;\n"
    "                does nothing otherwise\n"
    "  --pending     say whether one is to be finished so; touches nothing\n"
    "  --plan        print what a wipe would do and what may be claimed of it; touches nothing\n"
    "  --json        --plan as one JSON object\n"
    "  --prefix DIR  all paths, the plan's too, are taken below DIR\n"
    "\n"
    "Exit: 0 done, or nothing is pending; 1 something could not be destroyed or proved, or is\n"
    "pending; 2 usage; 3 no usable plan; 4 the socket or the machine failed, or a record cannot "
    "be\n"
    "read.\n";

enum {
    EXIT_DONE = 0,
    EXIT_NOT_PROVED = 1,
    EXIT_PENDING = 1,
    EXIT_USAGE = 2,
    EXIT_PLAN = 3,
    EXIT_MACHINE = 4
};

enum mode { MODE_SERVE, MODE_LISTEN, MODE_RESUME, MODE_PENDING, MODE_PLAN };

struct options {
    enum mode mode;
    bool json;
    char prefix[PATH_LEN];
};

/* -1 to go on, or an exit status. */
static int parse(int argc, char **argv, struct options *o)
{
    static const struct option longs[] = {
        {"prefix", required_argument, NULL, 'p'}, {"listen", no_argument, NULL, 'l'},
        {"resume", no_argument, NULL, 'r'},       {"pending", no_argument, NULL, 'w'},
        {"plan", no_argument, NULL, 'n'},         {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},         {0}};
    int c;

    while ((c = getopt_long(argc, argv, "h", longs, NULL)) != -1) {
        if (c == 'p') {
            char *real = realpath(optarg, NULL);
            if (!real || strlen(real) >= sizeof o->prefix) {
                fprintf(stderr, "porchlight-wipe: --prefix %s: %s\n", optarg,
                        real ? "too long" : strerror(errno));
                free(real);
                return EXIT_USAGE;
            }
            snprintf(o->prefix, sizeof o->prefix, "%s", strcmp(real, "/") == 0 ? "" : real);
            free(real);
        } else if (c == 'l') {
            o->mode = MODE_LISTEN;
        } else if (c == 'r') {
            o->mode = MODE_RESUME;
        } else if (c == 'w') {
            o->mode = MODE_PENDING;
        } else if (c == 'n') {
            o->mode = MODE_PLAN;
        } else if (c == 'j') {
            o->json = true;
        } else {
            fputs(usage, c == 'h' ? stdout : stderr);
            return c == 'h' ? EXIT_DONE : EXIT_USAGE;
        }
    }
    if (optind < argc) {
        fputs(usage, stderr);
        return EXIT_USAGE;
    }
    return -1;
}

static int wipe_open_socket(const struct options *o)
{
    char path[PATH_LEN];
    int fd;
    if (o->mode == MODE_SERVE) {
        int n = sd_listen_fds(1);
        /* systemd's socket blocks; serve.c looks for further clients in the middle of a wipe. */
        if (n == 1 && fcntl(SD_LISTEN_FDS_START, F_SETFL, O_NONBLOCK) == 0)
            return SD_LISTEN_FDS_START;
        log_error("expected one socket from systemd, found %d: start porchlight-wipe.socket, or "
                  "use --listen by hand",
                  n);
        return -1;
    }
    if (path_under(o->prefix, PATH_WIPE, path) < 0)
        return -1;
    fd = unix_socket_listen(path, 0660);
    if (fd < 0)
        log_error("%s cannot be listened at: %s", path, strerror(errno));
    return fd;
}

static int wipe_serve(const struct options *o, const struct run *r)
{
    const struct passwd *user = getpwnam("porchlight");
    struct server s = {
        .prefix = o->prefix, .owner = r->owner, .porchlight = user ? user->pw_uid : (uid_t)-1};
    sigset_t mask;
    int signal_fd, result;

    sigemptyset(&mask);
    sigaddset(&mask, SIGTERM);
    sigaddset(&mask, SIGINT);
    /* Held back while a wipe runs: it is finished first. */
    sigprocmask(SIG_BLOCK, &mask, NULL);
    signal_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
    s.listen_fd = wipe_open_socket(o);
    if (signal_fd < 0 || s.listen_fd < 0)
        return EXIT_MACHINE;
    run_prepare(r);
    target_luks_warm();
    if (mlockall(MCL_CURRENT | MCL_FUTURE) < 0)
        log_info("memory is not locked (%s): the first target may take a little longer",
                 strerror(errno));
    sd_notify(0, "READY=1");
    result = server_run(&s, signal_fd);
    if (result < 0)
        log_error("the socket failed: %s", strerror(errno));
    close(s.listen_fd);
    close(signal_fd);
    return result < 0 ? EXIT_MACHINE : EXIT_DONE;
}

/* Once: what waits for the early unit may go on, as no key is left that opens a vault. */
static void go_on(void *context)
{
    bool *told = context;
    if (*told)
        return;
    *told = true;
    sd_notify(0, "READY=1");
    sd_notify_barrier(0, UINT64_C(60000000));
}

static int wipe_main_finish(struct run r, bool resume, bool credentials)
{
    r.resume = resume;
    r.credentials = credentials;
    r.began = clock_now();
    switch (run_wipe(&r)) {
    case RUN_GOOD:
        return EXIT_DONE;
    case RUN_NOT_PROVED:
        return EXIT_NOT_PROVED;
    case RUN_REFUSED:
        break;
    }
    return EXIT_PLAN;
}

static int look_and_finish(const struct run *r)
{
    enum pending pending = pending_look(r);

    run_prepare(r);
    switch (pending) {
    case PENDING_NOTHING:
        log_info("no wipe is pending");
        return EXIT_DONE;
    case PENDING_BEGIN:
        log_warning("the alarm asked for a wipe that is not through: finishing it");
        return wipe_main_finish(*r, false, false);
    case PENDING_RESUME:
    case PENDING_FINISH:
        log_warning("a wipe was interrupted: finishing it");
        return wipe_main_finish(*r, true, pending == PENDING_FINISH);
    case PENDING_UNKNOWN:
        break;
    }
    return EXIT_MACHINE;
}

static int resume(struct run r)
{
    bool told = false;
    int status;
    r.keys_done = go_on;
    r.context = &told;
    status = look_and_finish(&r);
    go_on(&told); /* there may have been no key to wait for */
    return status;
}

/* The mark lets who asks twice see whether a wipe came in between. */
static int show_pending(const struct run *r)
{
    char mark[RUN_MARK];
    run_mark(r, mark);
    switch (pending_look(r)) {
    case PENDING_NOTHING:
        printf("no wipe is pending (%s)\n", mark);
        return EXIT_DONE;
    case PENDING_BEGIN:
    case PENDING_RESUME:
    case PENDING_FINISH:
        printf("a wipe is asked for and not through\n");
        return EXIT_PENDING;
    case PENDING_UNKNOWN:
        break;
    }
    printf("whether a wipe is pending cannot be told\n");
    return EXIT_MACHINE;
}

int main(int argc, char **argv)
{
    struct options o = {.mode = MODE_SERVE};
    int status = parse(argc, argv, &o);
    struct run r = {.prefix = o.prefix};

    if (status >= 0)
        return status;
    log_init("porchlight-wipe", LOG_LEVEL_INFO);
    prctl(PR_SET_DUMPABLE, 0);
    signal(SIGPIPE, SIG_IGN); /* who reads the log may go in the middle of a wipe */
    umask(077);
    if (sodium_init() < 0) {
        log_error("libsodium cannot be used");
        return EXIT_MACHINE;
    }
    /* On a real kiosk plan and record are root's; below a moved prefix, of who started this. */
    r.owner = o.prefix[0] ? geteuid() : 0;
    switch (o.mode) {
    case MODE_RESUME:
        return resume(r);
    case MODE_PENDING:
        return show_pending(&r);
    case MODE_PLAN:
        return plan_print(&r, stdout, o.json) < 0 ? EXIT_PLAN : EXIT_DONE;
    case MODE_SERVE:
    case MODE_LISTEN:
        break;
    }
    return wipe_serve(&o, &r);
}
