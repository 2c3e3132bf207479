#ifndef PORCHLIGHT_ALERTD_INPUT_LINE_H
#define PORCHLIGHT_ALERTD_INPUT_LINE_H

#include "config/config.h"
#include "hw/line.h"
#include "kiosk/common/loop.h"

/* One line as the config has it. It may be missing for a while: its chip comes late at boot or was
 * pulled out, or another program holds it. */
struct input_line {
    char who[CONFIG_NAME_MAX + 16]; /* "switch front", for messages */
    struct line_spec spec;          /* address empty: not wired */
    struct line *line;              /* NULL: not wired, or missing */
    bool complained, taken;         /* what the log has said: it is missing, somebody else has it */
    struct line_error why; /* of a missing line: a sentence for a person, which names the line */
};

/* Opens nothing. `kind` is "switch", "door" or "output"; `debounce` in ns, the caller's own. */
void input_line_init(struct input_line *w, const char *kind, const char *name,
                     const struct config_line *c, enum line_direction direction, int64_t debounce);

/* 0: the line is open, or there is no wire. -1: it is missing; log_error said why, and says it once
 * until the line has been there. Who has taken it meanwhile is said as well. */
int input_line_open(struct input_line *w, struct sim_bus *bus);

/* The same, and from then on the loop calls `on_edges` with `context` while edges wait, until the
 * caller takes line_fd() out of the loop. */
int input_line_watch(struct input_line *w, struct sim_bus *bus, struct loop *loop,
                     loop_fn *on_edges, void *context);

/* What a line's level is since `at` (ns). It may lose or close that line. */
typedef void input_line_level(void *context, bool active, int64_t at);

/* Hands on each edge that waits, and the level of now after edges that were lost. 0; or -1 with
 * errno: the line is gone, which input_line_lost takes note of. A missing line has none. */
int input_line_read(const struct input_line *w, input_line_level *level, void *context);

/* Hands on the level of now, or the edges that wait, which say it with their times; nothing of a
 * missing line. */
void input_line_reread(const struct input_line *w, input_line_level *level, void *context);

/* The line went away by itself: errno says why, and so does the log. */
void input_line_lost(struct input_line *w);

bool input_line_is_missing(const struct input_line *w);

/* Why it is missing, without its name; NULL: it is not. Lives as long as *w. */
const char *input_line_why(const struct input_line *w);
void input_line_close(struct input_line *w);

/* What a closed contact reads as: it leads to ground, and to the supply where the line is pulled
 * down. A door's is most often closed while the door is shut. */
bool input_line_closed_level(const struct config_line *c);

#endif
