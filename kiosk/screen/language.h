#ifndef PORCHLIGHT_SCREEN_LANGUAGE_H
#define PORCHLIGHT_SCREEN_LANGUAGE_H

#include <stdbool.h>
#include <stddef.h>

/* The words of one language, from a small text file that a host can edit or add
 * (config/languages/NAME.conf; en.conf explains every key). UTF-8. */

/* The most letters of a word, and of a greeting or a date; each letter takes 1 to 4 bytes. */
enum {
    LANGUAGE_WORD_LETTERS = 30,
    LANGUAGE_LINE_LETTERS = 80,
    LANGUAGE_WORD = 4 * LANGUAGE_WORD_LETTERS + 1,
    LANGUAGE_LINE = 4 * LANGUAGE_LINE_LETTERS + 1
};

enum language_hour { HOUR_MORNING, HOUR_DAY, HOUR_EVENING, HOURS };

struct language {
    char code[8];
    char script[5]; /* ISO 15924: Latn, Cyrl, Geor, Arab */
    bool rtl;
    char greeting[HOURS][LANGUAGE_LINE];
    char weekday[7][LANGUAGE_WORD]; /* Monday first */
    char month[12][LANGUAGE_WORD];  /* in the form used beside a day */
    char date[LANGUAGE_LINE];       /* {weekday}, {day} {month} {year} in any order */
    char digits[10][5];             /* digits of dates; empty: 0 to 9 */
};

/* English, for when no file can be read. */
void language_default(struct language *l);

/* Reads text (not terminated) into *l. 0, or -1 with a sentence in `why` naming file, line, what
 * was found and what is expected. */
int language_parse(const char *file, const char *text, size_t len, struct language *l,
                   char why[256]);

/* Reads folder/CODE.conf. 0, or -1 with a sentence; errno ENOENT where there is no such file. */
int language_load(const char *folder, const char *code, struct language *l, char why[256]);

/* A number in the language's digits, with zeros before it up to `least` digits. */
void language_number(const struct language *l, int value, int least, char *out, size_t size);

/* The date in these words: weekday 0 Monday, month 0 January. */
void language_date(const struct language *l, int weekday, int day, int month, int year, char *out,
                   size_t size);

#endif
