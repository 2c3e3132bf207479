#include "hw/line.h"
#include "kiosk/cli/print.h"
#include "kiosk/cli/setup/setup.h"
#include "kiosk/cli/setup/setup_terminal.h"
#include "kiosk/common/clock.h"
#include "kiosk/common/paths.h"
#include "kiosk/core/ns.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { EDGES = 16 };

struct looked {
    const char *what, *on, *off;
    struct line *line;
    bool is_on, moved; /* moved: there and back */
    int changes;
};

static void open_contact(struct looked *l, const char *what, const char *address, bool active_low,
                         const char *prefix, struct sim_bus *bus)
{
    struct line_spec spec = {.direction = LINE_INPUT,
                             .bias = LINE_BIAS_PULL_UP,
                             .active_low = active_low,
                             .debounce = 10 * NS_PER_MS,
                             .root = prefix};
    struct line_error error;

    *l = (struct looked){.what = what,
                         .on = active_low ? "pressed" : "open",
                         .off = active_low ? "not pressed" : "closed"};
    if (strcmp(address, "none") == 0)
        return;
    snprintf(spec.address, sizeof spec.address, "%s", address);
    l->line = line_open(what, &spec, bus, &error);
    if (!l->line) {
        print_item(PRINT_WARNING, "", 2, "%s", error.text);
        return;
    }
    l->is_on = line_get(l->line) == 1;
}

static void show_changes(struct looked *l)
{
    struct line_edge edges[EDGES];
    ssize_t n = line_read(l->line, edges, EDGES);

    for (ssize_t i = 0; i < n; i++) {
        if (edges[i].active == l->is_on)
            continue;
        l->is_on = edges[i].active;
        printf("  %s: %s\n", l->what, l->is_on ? l->on : l->off);
        fflush(stdout);
        l->moved = ++l->changes >= 2;
    }
}

static bool wants_more(const struct looked *l)
{
    return l->line && !l->moved;
}

/* Until both have moved, Enter is pressed or the time is over. -1: the host leaves. */
static int watch_lines(struct looked all[2], int64_t end)
{
    char text[8];
    while ((wants_more(&all[0]) || wants_more(&all[1])) && clock_now() < end) {
        struct pollfd fds[3] = {[2] = {.fd = STDIN_FILENO, .events = POLLIN}};
        for (int i = 0; i < 2; i++)
            fds[i] =
                (struct pollfd){.fd = all[i].line ? line_fd(all[i].line) : -1, .events = POLLIN};
        if (terminal_wait(fds, 3, 500) < 0)
            return -1;
        for (int i = 0; i < 2; i++)
            if (fds[i].revents)
                show_changes(&all[i]);
        if (fds[2].revents)
            return terminal_line(text, sizeof text);
    }
    return 0;
}

bool setup_line_is_refused(const struct setup *s, const char *address, char why[SETUP_WHY_MAX])
{
    struct line_spec spec = {.direction = LINE_INPUT, .bias = LINE_BIAS_AS_IS};
    struct line_error error;

    if (s->prefix[0] || access("/dev/gpiochip0", F_OK) < 0 || line_is_simulated(address) ||
        line_is_button(address) || strcmp(address, "none") == 0)
        return false;
    snprintf(spec.address, sizeof spec.address, "%s", address);
    struct line *l = line_open("This answer", &spec, NULL, &error);
    bool refused = !l && errno != EBUSY; /* porchlightd, which runs, holds its lines */
    line_free(l);
    if (refused)
        snprintf(why, SETUP_WHY_MAX, "%s.", error.text);
    return refused;
}

int setup_look(const struct answers *a, const char *prefix, int seconds)
{
    struct looked all[2];
    char path[PATH_LEN];
    int64_t end = clock_now() + seconds * NS_PER_S;
    struct sim_bus *bus = path_under(prefix, PATH_SIM, path) == 0 ? sim_bus_new(path) : NULL;

    open_contact(&all[0], "switch", a->value[ANSWER_SWITCH], true, prefix, bus);
    open_contact(&all[1], "door", a->value[ANSWER_DOOR], false, prefix, bus);
    if (all[0].line || all[1].line)
        print_say(
            "\nNow test the wires:%s%s%s. Each change is shown here. Set-up goes on when it has "
            "seen %s. Press Enter to go on without that.",
            all[0].line ? " press the switch and let it go" : "",
            all[0].line && all[1].line ? ", then" : "",
            all[1].line ? " open the door and close it" : "",
            all[0].line && all[1].line ? "both" : "it");
    for (int i = 0; i < 2; i++)
        if (all[i].line)
            printf("  %s: %s\n", all[i].what, all[i].is_on ? all[i].on : all[i].off);
    fflush(stdout);
    int result = watch_lines(all, end);
    for (int i = 0; i < 2; i++) {
        if (result == 0 && wants_more(&all[i]))
            print_item(
                PRINT_WARNING, "", 2,
                "%s: no change was seen. Check its two wires: one goes to its pin, the other "
                "to GND.",
                all[i].what);
        line_free(all[i].line);
    }
    sim_bus_free(bus);
    return result;
}
