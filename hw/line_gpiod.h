#ifndef PORCHLIGHT_HW_LINE_GPIOD_H
#define PORCHLIGHT_HW_LINE_GPIOD_H

#include "hw/line_backend.h"
#include "hw/line_errors.h"
#include "hw/line_find.h"

/* The two backends for real lines: line_gpiod.c is the half that both versions of libgpiod share,
 * line_gpiod1.c or line_gpiod2.c the half that calls the library. The build picks one. */

/* --- what line_gpiod1.c and line_gpiod2.c provide --- */

/* Reports the chip at `path`, and its lines where the address is a line's name, to line_find. */
void line_gpiod_report(struct line_find *f, const char *path);

/* Opens the line that `at` found. NULL with errno and e->text. */
struct line *line_gpiod_open_at(const struct line_find *at, const char *name,
                                const struct line_spec *spec, struct line_error *e);

/* --- what line_gpiod.c provides --- */

enum { LINE_CONSUMER_MAX = 32 };

/* What gpioinfo shows as the line's consumer: "porchlight switch front". Returns `out`. */
const char *line_gpiod_consumer(const char *name, char out[LINE_CONSUMER_MAX]);

/* The kernel refused the request; errno says why. `consumer`: who holds the line, where errno is
 * EBUSY; may be NULL. Fills *e like line_refuse. */
void line_gpiod_refuse(const char *name, const struct line_spec *spec, const char *consumer,
                       struct line_error *e);

#endif
