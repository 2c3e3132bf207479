#ifndef PORCHLIGHT_HW_LINE_FIND_H
#define PORCHLIGHT_HW_LINE_FIND_H

#include "hw/line_address.h"
#include "hw/line_errors.h"

/* Which chip and offset an address means. A backend reports every chip and line it sees; the
 * verdict is a pure function of these reports. */
enum { LINE_PATH_MAX = 32, LINE_CHIPS_MAX = 64, LINE_SEEN_MAX = 128 };

struct line_find {
    const struct line_address *want;
    unsigned chips;             /* reported */
    unsigned found;             /* that fit */
    unsigned lines;             /* of the chip that fits */
    char path[LINE_PATH_MAX];   /* the first that fits */
    unsigned offset;            /* on it */
    char header[LINE_PATH_MAX]; /* the chip of a Pi's header, for a GPIOn; empty: none */
    unsigned header_line;       /* n */
    char closed[LINE_PATH_MAX]; /* one that would not open; empty: none */
    int closed_error;           /* and why: an errno */
    char fits[LINE_SEEN_MAX];   /* all that fit, for the message */
    char seen[LINE_SEEN_MAX];   /* all chips, for the message */
};

/* Adds a word to a list that a message will show; a list that is full ends in "...". */
void line_find_list(char words[LINE_SEEN_MAX], const char *word);

void line_find_init(struct line_find *f, const struct line_address *want);
void line_find_chip(struct line_find *f, const char *path, const char *name, const char *label,
                    unsigned lines);
/* `name` may be NULL: most lines have none. Only for LINE_BY_NAME. Debian names some pins of a Pi's
 * header after a second use (GPIO4 is GPIO_GCLK there): a GPIOn that no line is called is line n of
 * the header's chip. */
void line_find_line(struct line_find *f, const char *path, unsigned offset, const char *name);
/* A chip that would not open, and the errno. */
void line_find_closed(struct line_find *f, const char *path, int error);

/* All chips are reported. */
void line_find_end(struct line_find *f);

/* LINE_FINE: path and offset say where. Else what to give to line_refuse, with its detail in
 * `detail` (and for LINE_OTHER the errno in errno). */
enum line_trouble line_find_verdict(const struct line_find *f, char detail[LINE_SEEN_MAX]);

/* The GPIO chips in `dev` ("/dev"), in order of their numbers. Symbolic links are left out: a Pi
 * keeps some as second names of a chip. Returns how many. */
size_t line_find_paths(const char *dev, char paths[LINE_CHIPS_MAX][LINE_PATH_MAX]);

/* A chip's second name ("gpiochip4" on a Pi 5) becomes the name it links to in `dev`. */
void line_find_follow(const char *dev, struct line_address *a);

/* All of that: calls `report` for every chip of `dev`, which says what it sees by line_find_chip,
 * _line and _closed. `want` may be rewritten, and must outlive f. */
typedef void line_find_report(struct line_find *f, const char *path);
enum line_trouble line_find_on(const char *dev, struct line_find *f, struct line_address *want,
                               line_find_report *report, char detail[LINE_SEEN_MAX]);

#endif
