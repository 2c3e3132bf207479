#include "hw/line_errors.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct sentence {
    int error; /* 0: the errno found */
    const char *text;
};

/* What follows "switch front: line gpiochip0:17 " in each case; %s is the detail. */
static const struct sentence sentences[] = {
    [LINE_BAD_ADDRESS] = {EINVAL,
                          "is not a valid address. Expected gpiochip0:17 or a chip's label and "
                          "offset (pinctrl-bcm2711:17), or a line's own name (GPIO17)"},
    [LINE_NO_GPIO] = {ENOENT,
                      "was not opened: this machine has no GPIO chip (/dev/gpiochip*). Is it a "
                      "Raspberry Pi? What is wired to it will not work"},
    [LINE_NO_CHIP] = {ENOENT,
                      "was not found: no chip has that name or label. This machine has: %s"},
    [LINE_NO_OFFSET] = {ENOENT, "was not found: its chip has lines 0 to %s"},
    [LINE_NO_NAME] = {ENOENT,
                      "was not found: no chip has a line of that name. gpioinfo lists all lines"},
    [LINE_MANY_CHIPS] = {EINVAL,
                         "could be on more than one chip: %s share that label. Write the chip's "
                         "name instead"},
    [LINE_MANY_NAMES] = {EINVAL,
                         "could be more than one line: %s share that name. Write the chip and the "
                         "offset instead"},
    [LINE_BUSY] = {EBUSY,
                   "is in use by %s. Stop that program, or remove the overlay or driver that holds "
                   "the line; gpioinfo shows which it is"},
    [LINE_DENIED] = {EACCES,
                     "was not opened: this user may not use %s. Add the user to the group gpio "
                     "(usermod -aG gpio USER) and log in again"},
    [LINE_NO_BIAS] = {ENOTSUP,
                      "cannot have this bias: its chip cannot pull up or down. Write bias = as-is "
                      "and fit a resistor"},
    [LINE_NO_SIMULATOR] = {EINVAL,
                           "is simulated, but other lines are real. Make all lines real, or all of "
                           "them sim:NAME"},
    [LINE_NO_BUTTON] = {ENODEV,
                        "was not found: no button of that name is connected. Is it switched on, in "
                        "range and paired? This machine has: %s"},
    [LINE_NO_KEY] = {ENOENT,
                     "was not found: %s has no such key. porchlight setup learns which key it "
                     "sends"},
    [LINE_BAD_KEY] = {EINVAL,
                      "is not a valid address: no key is called %s. porchlight setup learns which "
                      "key a button sends"},
    [LINE_MANY_BUTTONS] = {EINVAL,
                           "could be more than one button: %s share that name. Write the address "
                           "that porchlight setup shows for it instead of the name"},
    [LINE_BUTTON_TAKEN] = {EBUSY,
                           "is in use by another program, which has %s for itself. Stop that "
                           "program: a press must reach the alarm alone"},
    [LINE_BUTTON_CLOSED] = {EACCES,
                            "was not opened: this user may not use %s. Run sudo udevadm trigger -s "
                            "input, then sudo systemctl daemon-reload, then sudo systemctl "
                            "restart porchlightd"},
    [LINE_ONLY_INPUT] = {ENOTSUP, "cannot be an output: it is a button. Write a GPIO line"},
    [LINE_OTHER] = {0, "cannot be used: %s: "},
};

struct line *line_refuse(struct line_error *e, const char *name, const char *address,
                         enum line_trouble trouble, const char *detail)
{
    int found = errno;
    const struct sentence *s = &sentences[trouble];
    const char *about = detail && detail[0] ? detail : "an unnamed program or driver";
    const char *hole = strstr(s->text, "%s");
    int head = hole ? (int)(hole - s->text) : (int)strlen(s->text);
    snprintf(e->text, sizeof e->text, "%s: line %s %.*s%s%s%s", name, address, head, s->text,
             hole ? about : "", hole ? hole + 2 : "", trouble == LINE_OTHER ? strerror(found) : "");
    errno = s->error ? s->error : found;
    return NULL;
}
