#include "hw/line_backend.h"

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
                          "is no address: expected gpiochip0:17 or a chip's label and offset "
                          "(pinctrl-bcm2711:17), a line's own name (GPIO17), or sim:front"},
    [LINE_NO_GPIO] = {ENOENT,
                      "is not there: this machine has no GPIO chip (/dev/gpiochip*). To try "
                      "without wires, write sim:front in its place"},
    [LINE_NO_CHIP] = {ENOENT, "is not there: no chip has that name or label. There are: %s"},
    [LINE_NO_OFFSET] = {ENOENT, "is not there: its chip has lines 0 to %s"},
    [LINE_NO_NAME] = {ENOENT,
                      "is not there: no chip has a line of that name. gpioinfo lists them all"},
    [LINE_MANY_CHIPS] = {EINVAL,
                         "could be on more than one chip: %s share that label. Write the chip's "
                         "name instead"},
    [LINE_MANY_NAMES] = {EINVAL,
                         "could be more than one line: %s share that name. Write the chip and the "
                         "offset instead"},
    [LINE_BUSY] = {EBUSY,
                   "is taken by %s. Stop that program, or take out the overlay or driver that "
                   "holds the line; gpioinfo shows it"},
    [LINE_DENIED] = {EACCES,
                     "is not permitted: %s does not open for this user. Add the user to the group "
                     "gpio (usermod -aG gpio USER) and log in again"},
    [LINE_NO_BIAS] = {ENOTSUP,
                      "has no such bias: its chip cannot pull up or down. Write bias = as-is and "
                      "fit a resistor"},
    [LINE_NO_SIMULATOR] = {EINVAL,
                           "is simulated, others are real. Make all lines real, or all of them "
                           "sim:NAME"},
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
