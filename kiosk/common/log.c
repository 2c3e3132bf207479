#include "kiosk/common/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 1024 };

/* The one piece of process-wide state outside the mains: who speaks, set once before any thread. */
static struct {
    const char *program;
    enum log_level most;
    bool journal;
    log_writer *write; /* NULL: log_write_line */
} self = {"porchlight", LOG_LEVEL_INFO, false, NULL};

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

void log_write_by(log_writer *write)
{
    self.write = write;
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
static void log_write_line(const char *program, enum log_level level, const char *sentence)
{
    char line[LINE_MAX_BYTES];
    int n = self.journal
                ? snprintf(line, sizeof line - 1, "<%d>%s", (int)level, sentence)
                : snprintf(line, sizeof line - 1, "%s: %s%s", program, word(level), sentence);
    size_t len = (size_t)n < sizeof line - 1 ? (size_t)n : sizeof line - 2;
    line[len++] = '\n';
    ssize_t unused = write(STDERR_FILENO, line, len);
    (void)unused;
}

__attribute__((format(printf, 2, 0))) static void say(enum log_level level, const char *format,
                                                      va_list args)
{
    int saved = errno;
    char sentence[LINE_MAX_BYTES];
    if (level > self.most)
        return;
    vsnprintf(sentence, sizeof sentence, format, args);
    for (char *p = sentence; *p; p++)
        if (*p == '\n')
            *p = ' ';
    (self.write && !self.journal ? self.write : log_write_line)(self.program, level, sentence);
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
