/* The first and only program of an emulated machine: opens the lines of its real GPIO controller
 * through hw/line.h and says on the serial line what it got. The test outside moves the wires. */
#include "hw/line.h"
#include "hw/line_backend.h"
#include "hw/line_errors.h"
#include "kiosk/common/clock.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WIRE = 2, GO = 5, EDGES_MAX = 512, READ = 16 };

/* There are real wires here, none of the simulator's, and no buttons without any. */
struct line *line_evdev_open(const char *name, const struct line_spec *spec,
                             const struct line_address *a, struct line_error *e)
{
    (void)a;
    return line_refuse(e, name, spec->address, LINE_NO_BUTTON, "none");
}

struct line *line_sim_open(const char *name, const struct line_spec *spec,
                           const struct line_address *a, struct sim_bus *bus, struct line_error *e)
{
    (void)a;
    (void)bus;
    return line_refuse(e, name, spec->address, LINE_NO_SIMULATOR, NULL);
}

static struct line *open_line(const char *address, const struct line_spec *like)
{
    struct line_error e = {""};
    struct line_spec spec = *like;
    snprintf(spec.address, sizeof spec.address, "%s", address);
    struct line *l = line_open("switch front", &spec, NULL, &e);
    if (!l)
        printf("refused %s %s\n", strerrorname_np(errno), e.text);
    else
        printf("opened %s\n", address);
    return l;
}

/* What is there to be read within a second of quiet, up to EDGES_MAX. */
static size_t read_edges(struct line *l, struct line_edge *edges, size_t want)
{
    size_t n = 0;
    while (n < want) {
        struct pollfd p = {.fd = line_fd(l), .events = POLLIN};
        if (poll(&p, 1, 20000) != 1)
            break;
        ssize_t got = line_read(l, edges + n, READ);
        if (got < 0)
            printf("read %s\n", strerrorname_np(errno));
        n += got > 0 ? (size_t)got : 0;
    }
    return n;
}

/* Everything that waits already. */
static size_t drain(struct line *l, struct line_edge *edges)
{
    size_t n = 0;
    for (ssize_t got; n + READ <= EDGES_MAX && (got = line_read(l, edges + n, READ)) > 0;)
        n += (size_t)got;
    return n;
}

static void say_edges(struct line *l, const struct line_edge *e, size_t n)
{
    size_t lost = 0, same = 0;
    int64_t now = clock_now();
    for (size_t i = 0; i < n; i++) {
        lost += e[i].lost;
        same += i > 0 && e[i].active == e[i - 1].active;
        if (e[i].at > now || e[i].at < now - 60000000000 || (i > 0 && e[i].at < e[i - 1].at))
            printf("edge %zu at %lld, now %lld\n", i, (long long)e[i].at, (long long)now);
    }
    printf("edges %zu lost %zu first %d same %zu last %d level %d\n", n, lost, n > 0 && e[0].lost,
           same, n > 0 && e[n - 1].active, line_get(l));
}

static void refusals(void)
{
    static const struct line_spec plain = {.direction = LINE_INPUT};
    line_free(open_line("gpiochip9:1", &plain));
    line_free(open_line("gpiochip0:99", &plain));
    line_free(open_line("NO_SUCH_LINE", &plain));
    line_free(open_line("pinctrl-bcm2711:17", &plain));
    line_free(open_line("9030000.pl061:1", &plain));
    struct line *l = open_line("gpiochip0:1", &plain);
    line_free(open_line("gpiochip0:1", &plain));
    line_free(l);
    line_free(open_line("gpiochip0:1", &plain));
}

/* `quiet` is the wire that says when the other one has done. */
static void overflow(struct line *l, struct line *quiet, struct line_edge *edges)
{
    printf("ready storm\n");
    read_edges(quiet, edges, 1);
    say_edges(l, edges, drain(l, edges));
}

static void wires(struct line_edge *edges)
{
    static const struct line_spec plain = {.direction = LINE_INPUT};
    struct line *l = open_line("gpiochip0:2", &plain), *go = open_line("gpiochip0:5", &plain);
    if (!l || !go)
        return;
    printf("ready press\n");
    say_edges(l, edges, read_edges(l, edges, 2));
    overflow(l, go, edges);
    overflow(l, go, edges);
    printf("ready press\n");
    say_edges(l, edges, read_edges(l, edges, 2));
    line_free(l);

    struct line_spec calm = {.active_low = true, .debounce = 500000000};
    l = open_line("gpiochip0:2", &calm);
    printf("ready bounce %d\n", line_get(l));
    read_edges(go, edges, 1);
    say_edges(l, edges, drain(l, edges));
    line_free(l);
    line_free(go);
}

static void output(void)
{
    static const struct line_spec out = {.direction = LINE_OUTPUT};
    struct line *l = open_line("gpiochip0:7", &out);
    if (!l)
        return;
    printf("output %d", line_get(l));
    line_set(l, true);
    printf(" %d", line_get(l));
    line_set(l, false);
    printf(" %d fd %d\n", line_get(l), line_fd(l));
    line_free(l);
}

int main(void)
{
    static struct line_edge edges[EDGES_MAX];
    mkdir("/dev", 0755);
    mkdir("/sys", 0755);
    if (mount("dev", "/dev", "devtmpfs", 0, "") < 0 || mount("sys", "/sys", "sysfs", 0, "") < 0 ||
        !freopen("/dev/console", "w", stdout))
        return 1;
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("\nlibgpiod %s\n", line_library_version());
    refusals();
    wires(edges);
    output();
    printf("the end\n");
    sleep(1);
    reboot(RB_POWER_OFF);
    return 0;
}
