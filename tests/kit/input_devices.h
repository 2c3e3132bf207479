#ifndef PORCHLIGHT_TESTS_KIT_INPUT_DEVICES_H
#define PORCHLIGHT_TESTS_KIT_INPUT_DEVICES_H

#include <linux/input.h>

/* The kernel's side of input devices, for machines that have none: preloaded or linked, it answers
 * what evdev asks of a FIFO (below /dev/input of a test's prefix) from the file beside it,
 * NAME.facts, which the test writes. The events themselves come through the FIFO, as the kernel
 * writes them. */
struct device_facts {
    char name[80], uniq[64], phys[64];
    unsigned char keys[KEY_CNT / 8], down[KEY_CNT / 8];
    int grabbed; /* the process that has it for itself; 0: none */
};

#endif
