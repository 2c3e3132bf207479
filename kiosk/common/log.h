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

/* Called at the top of main: who speaks (the string must outlive all logging), and the most
 * talkative level that is still written. */
void log_init(const char *program, enum log_level most);

/* A program that talks to a person writes its sentences itself: `write` gets each of them whole,
 * without a newline, wherever stderr is not the journal. */
typedef void log_writer(const char *program, enum log_level level, const char *sentence);
void log_write_by(log_writer *write);

void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
