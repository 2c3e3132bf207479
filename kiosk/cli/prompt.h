#ifndef PORCHLIGHT_CLI_PROMPT_H
#define PORCHLIGHT_CLI_PROMPT_H

#include <stddef.h>

/* Asks at the terminal for one line that is not shown while it is typed, into `out` (locked
 * memory), terminated and without its newline. Its length, or -1 with errno: ENXIO, there is no
 * terminal; E2BIG, it is longer than size - 1. A signal that ends the program, such as Ctrl-C, does
 * so once the terminal shows again what is typed; to a caller that blocks it, it is EINTR. */
int prompt_hidden_line(const char *question, char *out, size_t size);

/* The same, but the line is shown while it is typed, because it is long to copy, and removed from
 * the screen afterwards. Also ENODATA: the terminal was closed. */
int prompt_hidden_line_once_typed(const char *question, char *out, size_t size);

/* The same for a new secret, typed twice: also EINVAL, the two differ. */
int prompt_hidden_line_twice(const char *question, char *out, size_t size);

/* Asks at the terminal. 1 for "yes", 0 for anything else, -1 with errno: there is no terminal. */
int prompt_yes(const char *question);

#endif
