#include "kiosk/common/clock.h"
#include "kiosk/common/daemon.h"
#include "kiosk/common/log.h"
#include "kiosk/common/paths.h"
#include "kiosk/common/unix_socket.h"
#include "kiosk/common/wrap.h"
#include "kiosk/wipe/luks_header.h"
#include "kiosk/wipe/pending.h"
#include "kiosk/wipe/plan_print.h"
#include "kiosk/wipe/run.h"
#include "kiosk/wipe/run_memory.h"
#include "kiosk/wipe/server.h"

#include <errno.h>
#include <pwd.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

enum {
    EXIT_DONE = 0,
    EXIT_NOT_PROVED = 1,
    EXIT_PENDING = 1,
    EXIT_USAGE = 2,
    EXIT_PLAN = 3,
    EXIT_MACHINE = 4
};

struct options {
    bool listen, resume, pending, plan, look, json;
    char prefix[PATH_LEN]; /* real, without a symbolic link in it; "" for the machine itself */
};

static const struct cli_option options[] = {
    OPTION("listen", NULL, struct options, listen,
           "make the socket and serve it, when you start it by hand"),
    OPTION("resume", NULL, struct options, resume,
           "finish a wipe that was asked for and that a power cut interrupted, then end; do "
           "nothing otherwise"),
    OPTION("pending", NULL, struct options, pending,
           "say whether there is such a wipe to finish; touches nothing"),
    OPTION("plan", NULL, struct options, plan,
           "print what a wipe would do and what may be claimed of it; touches no target, and "
           "remembers on which file system each is"),
    OPTION("look", NULL, struct options, look,
           "print the same as --plan --json, and remember nothing"),
    OPTION("json", NULL, struct options, json, "print --plan as one JSON object"),
    {0},
};

static const struct daemon_program program = {
    .name = "porchlight-wipe",
    .summary =
        "Destroys what " PATH_PLAN " names, when porchlightd asks over " PATH_WIPE ". "
        "Without one of --listen, --resume, --pending, --plan and --look it serves the socket that "
        "systemd hands over.",
    .options = options,
    .more = "Exit status: 0 done, or nothing is pending; 1 something could not be destroyed or "
            "proved, or is pending, or the plan names something that would not be destroyed; 2 "
            "wrong usage; 3 no usable plan; 4 the socket or the machine "
            "failed, or a record cannot be read.",
};

/* What is wrong with a plan that is shown to a person: file and line first. */
static void write_to_person(const char *who, enum log_level level, const char *sentence)
{
    const char *label = level == LOG_LEVEL_WARNING ? "warning: " : "";

    (void)who;
    fflush(stdout); /* both may be one terminal */
    fputs(label, stderr);
    wrap_text(stderr, isatty(STDERR_FILENO) ? WRAP_COLUMNS : SIZE_MAX, strlen(label), 4, sentence);
}

/* What the command line says beyond its single options. 0, or -1 after a complaint. */
static int options_check(const char *prefix, struct options *o)
{
    if (o->listen + o->resume + o->pending + o->plan + o->look > 1 || (o->json && !o->plan)) {
        log_error(
            o->json && !o->plan
                ? "--json: only --plan can be printed so. Add --plan"
                : "of --listen, --resume, --pending, --plan and --look only one can be given");
        return -1;
    }
    char *real = prefix[0] ? realpath(prefix, NULL) : NULL;
    if (prefix[0] && (!real || strlen(real) >= sizeof o->prefix)) {
        log_error("--prefix %s: %s", prefix, real ? "it is too long" : strerror(errno));
        free(real);
        return -1;
    }
    snprintf(o->prefix, sizeof o->prefix, "%s", real && strcmp(real, "/") != 0 ? real : "");
    free(real);
    return 0;
}

static int wipe_open_socket(const struct options *o)
{
    char path[PATH_LEN];
    int fd;
    if (!o->listen) {
        int found; /* systemd's socket blocks; server.c looks for more clients during a wipe */
        fd = daemon_socket(&found);
        if (fd < 0)
            log_error("expected one socket from systemd, found %d: start porchlight-wipe.socket, "
                      "or use --listen by hand",
                      found);
        return fd;
    }
    if (path_under(o->prefix, PATH_WIPE, path) < 0)
        return -1;
    fd = unix_socket_listen(path, 0660);
    if (fd < 0)
        log_error("%s cannot be used as a socket: %s", path, strerror(errno));
    return fd;
}

static int wipe_serve(const struct options *o, const struct run *r)
{
    const struct passwd *user = getpwnam("porchlight");
    struct server s = {
        .prefix = o->prefix, .owner = r->owner, .porchlight = user ? user->pw_uid : (uid_t)-1};
    /* Held back while a wipe runs: it is finished first. */
    int signal_fd = daemon_signals((const int[]){0}), result;

    s.listen_fd = wipe_open_socket(o);
    if (signal_fd < 0 || s.listen_fd < 0)
        return EXIT_MACHINE;
    run_prepare(r);
    luks_header_warm();
    if (mlockall(MCL_CURRENT | MCL_FUTURE) < 0)
        log_info("memory is not locked (%s): the first target may take a little longer",
                 strerror(errno));
    daemon_ready();
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
    daemon_ready_and_wait();
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
        log_warning("the alarm asked for a wipe that is not finished: finishing it");
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
        printf("a wipe was asked for and is not finished\n");
        return EXIT_PENDING;
    case PENDING_UNKNOWN:
        break;
    }
    printf("it is not known whether a wipe is pending\n");
    return EXIT_MACHINE;
}

/* Who may write the plan accepts it by looking at it. */
static int print_plan(const struct run *r, bool json, bool accept)
{
    int wrong = plan_print(r, stdout, json);

    if (accept && wrong >= 0 && geteuid() == r->owner)
        run_remember(r, true);
    return wrong < 0 ? EXIT_PLAN : wrong > 0 ? EXIT_NOT_PROVED : EXIT_DONE;
}

int main(int argc, char **argv)
{
    struct daemon_options common;
    struct options o = {.listen = false};
    struct run r = {.prefix = o.prefix};
    int status = daemon_begin(&program, &o, &common, argc, argv);

    if (status >= 0)
        return status;
    if (options_check(common.prefix, &o) < 0)
        return EXIT_USAGE;
    prctl(PR_SET_DUMPABLE, 0);
    umask(077);
    if (sodium_init() < 0) {
        log_error("libsodium cannot be used");
        return EXIT_MACHINE;
    }
    /* On a real kiosk plan and record are root's; below a moved prefix, of who started this. */
    r.owner = o.prefix[0] ? geteuid() : 0;
    if (o.resume)
        return resume(r);
    if (o.pending)
        return show_pending(&r);
    if (o.plan)
        log_write_by(write_to_person);
    if (o.plan)
        return print_plan(&r, o.json, true);
    if (o.look)
        return print_plan(&r, true, false);
    return wipe_serve(&o, &r);
}
