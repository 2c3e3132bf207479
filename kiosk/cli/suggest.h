#ifndef PORCHLIGHT_CLI_SUGGEST_H
#define PORCHLIGHT_CLI_SUGGEST_H

#include <stddef.h>

/* How many letters have to be put in, taken out, changed or swapped with their neighbour to make
 * one word of the other. Words longer than 31 letters count as entirely different (SIZE_MAX). */
size_t suggest_distance(const char *a, const char *b);

/* Whether somebody who typed `typed` may have meant `word`: at most two slips, and fewer than half
 * of its letters. */
int suggest_is_near(const char *typed, const char *word);

#endif
