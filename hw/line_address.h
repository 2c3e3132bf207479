#ifndef PORCHLIGHT_HW_LINE_ADDRESS_H
#define PORCHLIGHT_HW_LINE_ADDRESS_H

#include "hw/line.h"

/* Where a line is, read from its address. */
enum line_address_kind {
    LINE_BY_OFFSET, /* chip (name or label) and offset */
    LINE_BY_NAME,   /* the line's own name */
    LINE_SIMULATED, /* a simulated line's name */
    LINE_BUTTON,    /* a device's name and the names of its keys */
};

struct line_address {
    enum line_address_kind kind;
    char chip[LINE_ADDRESS_MAX]; /* LINE_BY_OFFSET */
    unsigned offset;
    char name[LINE_ADDRESS_MAX]; /* the others */
    bool active;                 /* LINE_SIMULATED: found active when it is opened */
    char keys[LINE_ADDRESS_MAX]; /* LINE_BUTTON: "KEY_F5+KEY_ESC"; its device is the name */
};

/* A simulated line's name: letters, digits, '-' and '_', at most this many. */
enum { LINE_SIM_NAME_MAX = 31 };

/* 0, or -1 with errno EINVAL. Everything that is not one of line.h's forms is refused: a bare
 * number, blanks (but in a device's name), an offset over 65535. */
int line_address_parse(const char *text, struct line_address *a);

/* "gpiochip0": a chip's own name, as against its label. */
bool line_is_chip_name(const char *text);

#endif
