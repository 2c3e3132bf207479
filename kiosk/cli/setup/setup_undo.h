#ifndef PORCHLIGHT_CLI_SETUP_UNDO_H
#define PORCHLIGHT_CLI_SETUP_UNDO_H

#include <stdbool.h>

/* Whether setup --undo may begin. */

struct undo_facts {
    bool copy;    /* set-up kept what there was before */
    bool key;     /* this kiosk has a key: it is set up */
    bool answers; /* porchlightd runs */
    bool idle;    /* and it may be restarted now */
    bool off;     /* it is not to run here: not enabled, or without systemd */
    bool begun;   /* an earlier undo stopped it */
};

enum undo_verdict {
    UNDO_MAY_BEGIN,
    UNDO_NOTHING, /* no set-up was here */
    UNDO_NO_COPY, /* one was, but kept nothing */
    UNDO_NOT_NOW,
    UNDO_NO_ANSWER, /* whether it is idle cannot be known */
};

/* Pure. */
enum undo_verdict undo_decide(const struct undo_facts *f);

#endif
