#ifndef PORCHLIGHT_COMMON_LOG_H
#define PORCHLIGHT_COMMON_LOG_H

/* Plain words to stderr, with sd-daemon's level prefix ("<6>...") where stderr is the journal
 * ($JOURNAL_STREAM) and a readable "warning: " where it is not. What is logged must not be worth
 * wiping: no message text, no names, no keys, no door times. */

enum log_level {
    LOG_LEVEL_ERROR = 3,
    LOG_LEVEL_WARNING = 4,
    LOG_LEVEL_INFO = 6,
    LOG_LEVEL_DEBUG = 7
};

/* Called once at the top of main: who speaks (static storage), and what is too chatty to say. */
void log_init(const char *program, enum log_level most);

void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
