#include "hw/line_learn.h"
#include "kiosk/cli/print.h"
#include "kiosk/cli/setup/setup.h"
#include "kiosk/cli/setup/setup_terminal.h"
#include "kiosk/common/clock.h"
#include "kiosk/core/ns.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { DEVICES_MAX = 64, INDENT = 3 };

static void list_buttons(const struct line_learn *l)
{
    const char *name;
    int fd;
    for (size_t i = 0; (name = line_learn_device(l, i, &fd)); i++)
        print_item(PRINT_PLAIN, "", 2 * INDENT, "%s", name);
}

/* The number of fds: the terminal, then the devices. */
static nfds_t watch_buttons(const struct line_learn *l, struct pollfd fds[DEVICES_MAX + 1])
{
    nfds_t n = 0;
    fds[n++] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
    for (int fd; n <= DEVICES_MAX && line_learn_device(l, n - 1, &fd); n++)
        fds[n] = (struct pollfd){.fd = fd, .events = POLLIN};
    return n;
}

/* As setup_look_button. */
static int wait_for_press(struct line_learn *l, int64_t end, char address[LINE_ADDRESS_MAX])
{
    struct pollfd fds[DEVICES_MAX + 1];
    char text[8];
    while (clock_now() < end) {
        nfds_t n = watch_buttons(l, fds);
        if (terminal_wait(fds, n, 500) < 0)
            return -1;
        for (nfds_t i = 1; i < n; i++)
            if (fds[i].revents && line_learn_take(l, i - 1, address))
                return 0;
        if (fds[0].revents)
            return terminal_line(text, sizeof text) < 0 ? -1 : 1;
    }
    return 1;
}

int setup_look_button(const char *prefix, int seconds, char address[ANSWER_MAX])
{
    char found[LINE_ADDRESS_MAX];
    int fd, result = 1;
    struct line_learn *l = line_learn_new(prefix);
    if (!l || !line_learn_device(l, 0, &fd)) {
        print_item(PRINT_PLAIN, "", INDENT,
                   "No button was found. Plug it in, or pair it (bluetoothctl), and type button "
                   "again. One that this kiosk uses already is not shown.");
        goto free_learn;
    }
    print_item(PRINT_PLAIN, "", INDENT, "These devices of this machine have keys:");
    list_buttons(l);
    print_item(PRINT_PLAIN, "", INDENT,
               "Press the button once. Press Enter if you do not want to use one.");
    result = wait_for_press(l, clock_now() + seconds * NS_PER_S, found);
    if (result == 0) {
        snprintf(address, ANSWER_MAX, "%s", found);
        print_item(PRINT_PLAIN, "", INDENT, "That was %s.", found);
    } else if (result > 0) {
        print_item(PRINT_PLAIN, "", INDENT,
                   "No press was seen. Check its battery, and type button to try again.");
    }
free_learn:
    line_learn_free(l);
    return result;
}
