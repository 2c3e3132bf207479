#include "tests/nights/story.h"

#include "kiosk/common/log.h"
#include "tests/nights/machine.h"
#include "tests/nights/pair.h"

#include <stdarg.h>
#include <stdio.h>

bool story_told;

__attribute__((format(printf, 2, 0))) static void line_print(const char *level, const char *format,
                                                             va_list more)
{
    const struct machine *m = machine_now();
    int64_t ms = world_now() / MS;
    printf("%4d:%02d.%03d  %-8s %s", (int)(ms / 60000), (int)(ms / 1000 % 60), (int)(ms % 1000),
           m ? m->name : "", level);
    vprintf(format, more);
    putchar('\n');
}

void story_line(const char *format, ...)
{
    va_list more;
    va_start(more, format);
    line_print("", format, more);
    va_end(more);
}

/* --- what the programs log: kiosk/common/log.h ------------------------------------------------ */

#define LOG(name, level)                                                                           \
    void log_##name(const char *format, ...)                                                       \
    {                                                                                              \
        va_list more;                                                                              \
        struct machine *m = machine_now();                                                         \
        if (m)                                                                                     \
            m->log_lines++;                                                                        \
        if (m && m->is_kiosk)                                                                      \
            pair_observe(SURFACE_SITE, "a line of the log", &format, sizeof format);               \
        if (!story_told)                                                                           \
            return;                                                                                \
        va_start(more, format);                                                                    \
        line_print(level, format, more);                                                           \
        va_end(more);                                                                              \
    }

LOG(error, "says: error: ")
LOG(warning, "says: warning: ")
LOG(info, "says: ")

void log_init(const char *program, enum log_level most)
{
    (void)program;
    (void)most;
}

void log_debug(const char *format, ...)
{
    (void)format;
}
