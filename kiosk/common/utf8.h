#ifndef PORCHLIGHT_COMMON_UTF8_H
#define PORCHLIGHT_COMMON_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads the first character of the `len` bytes at `text` into *character. How many bytes it takes,
 * 1 to 4, or 0 where no character begins: at a NUL, at the end, and at bytes that are not UTF-8
 * (surrogates, overlong forms and everything over U+10FFFF are not). */
size_t utf8_step(const char *text, size_t len, uint32_t *character);

/* The bytes of the mark (U+FEFF) with which some editors begin a file: 3, or 0. */
size_t utf8_mark(const char *text, size_t len);

/* Whether all `len` bytes are characters, as above. */
bool utf8_valid(const char *text, size_t len);

/* What shows as nothing, or as a space: space, tab, no-break and other wide or narrow spaces,
 * zero-width ones, byte order marks, line ends. */
bool utf8_is_blank(uint32_t character);

/* The text without the blanks at both its ends; *len becomes its length. */
const char *utf8_trim(const char *text, size_t *len);

/* Whether all `len` bytes are characters that somebody can see, or spaces between words: no control
 * characters, no zero-width ones, none that turn the direction of the text. */
bool utf8_printable(const char *text, size_t len);

/* Puts a space in the place of each byte of what is not printable, as above, and of what is not
 * UTF-8: for text from outside that is shown in terminals, and may have been cut short. */
void utf8_clean(char *text);

/* The longest beginning of `text` that takes at most `most` bytes and cuts no character. */
size_t utf8_fit(const char *text, size_t most);

/* The bytes that the first `characters` of `text` take; all of it when it has fewer. It ends before
 * bytes that are not UTF-8. */
size_t utf8_span(const char *text, size_t characters);

#endif
