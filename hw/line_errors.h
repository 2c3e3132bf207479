#ifndef PORCHLIGHT_HW_LINE_ERRORS_H
#define PORCHLIGHT_HW_LINE_ERRORS_H

#include "hw/line.h"

/* Why a line cannot be opened, and the sentence that says so. */
enum line_trouble {
    LINE_FINE,
    LINE_BAD_ADDRESS,
    LINE_NO_GPIO,       /* the machine has no GPIO chip */
    LINE_NO_CHIP,       /* `detail`: the chips that exist */
    LINE_NO_OFFSET,     /* `detail`: the chip's last line */
    LINE_NO_NAME,       /* no line of that name */
    LINE_MANY_CHIPS,    /* `detail`: the chips that share the label */
    LINE_MANY_NAMES,    /* `detail`: the lines that share the name */
    LINE_BUSY,          /* `detail`: the consumer's name, may be empty */
    LINE_DENIED,        /* `detail`: the device file */
    LINE_NO_BIAS,       /* the chip cannot pull */
    LINE_NO_SIMULATOR,  /* a simulated line where none is allowed */
    LINE_NO_BUTTON,     /* no input device of that name; `detail`: those with keys that exist */
    LINE_NO_KEY,        /* the device has no such key; `detail`: the device */
    LINE_BAD_KEY,       /* no key is called so; `detail`: the key's name */
    LINE_MANY_BUTTONS,  /* `detail`: the devices that share the name */
    LINE_BUTTON_TAKEN,  /* another program has it for itself; `detail`: the device file */
    LINE_BUTTON_CLOSED, /* `detail`: the device file */
    LINE_ONLY_INPUT,    /* a button cannot be an output */
    LINE_OTHER,         /* `detail`: what was tried; errno says why */
};

/* Writes the sentence into *e and sets errno to what line.h promises. `name` and `address` are as
 * the config has them; `detail` may be NULL. Always returns NULL. */
struct line *line_refuse(struct line_error *e, const char *name, const char *address,
                         enum line_trouble trouble, const char *detail);

#endif
