#ifndef PORCHLIGHT_NIGHTS_STORY_H
#define PORCHLIGHT_NIGHTS_STORY_H

#include <stdbool.h>
#include <stdint.h>

/* A night as text, one line an event. Costs nothing while it is not told. */
extern bool story_told;

#define story(...)                                                                                 \
    do {                                                                                           \
        if (story_told)                                                                            \
            story_line(__VA_ARGS__);                                                               \
    } while (0)

/* The line begins with the world's time and the machine that runs now. */
void story_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
