#include "kiosk/common/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The one piece of process-wide state outside the mains: who speaks, set once before any thread. */
static struct {
    const char *program;
    enum log_level most;
    bool journal;
} self = {"porchlight", LOG_LEVEL_INFO, false};

/* $JOURNAL_STREAM names the device and inode of the stream; a redirected stderr is another one. */
static bool stderr_is_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    unsigned long long device, inode;
    struct stat st;

    return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
           fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}

void log_init(const char *program, enum log_level most)
{
    self.program = program;
    self.most = most;
    self.journal = stderr_is_journal();
}

static const char *word(enum log_level level)
{
    switch (level) {
    case LOG_LEVEL_ERROR:
        return "error: ";
    case LOG_LEVEL_WARNING:
        return "warning: ";
    case LOG_LEVEL_DEBUG:
        return "debug: ";
    case LOG_LEVEL_INFO:
        break;
    }
    return "";
}

/* One line, one write: lines of several threads do not mix. */
__attribute__((format(printf, 2, 0))) static void say(enum log_level level, const char *format,
                                                      va_list args)
{
    int saved = errno;
    char line[1024];
    int n;
    if (level > self.most)
        return;
    if (self.journal)
        n = snprintf(line, sizeof line, "<%d>", (int)level);
    else
        n = snprintf(line, sizeof line, "%s: %s", self.program, word(level));
    vsnprintf(line + n, sizeof line - (size_t)n - 1, format, args);
    for (char *p = line; *p; p++)
        if (*p == '\n')
            *p = ' ';
    size_t len = strlen(line);
    line[len++] = '\n';
    ssize_t unused = write(STDERR_FILENO, line, len);
    (void)unused;
    errno = saved;
}

void log_error(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(LOG_LEVEL_ERROR, format, args);
    va_end(args);
}

void log_warning(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(LOG_LEVEL_WARNING, format, args);
    va_end(args);
}

void log_info(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(LOG_LEVEL_INFO, format, args);
    va_end(args);
}

void log_debug(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(LOG_LEVEL_DEBUG, format, args);
    va_end(args);
}
