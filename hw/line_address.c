#include "hw/line_address.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The kernel's own limit is 16 bits less than this in every driver; more digits are a typo. */
enum { OFFSET_MAX = 65535 };

#define DIGITS        "0123456789"
#define SIM_PREFIX    "sim:"
#define BUTTON_PREFIX "key:"
#define SIM_NAME      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" DIGITS "-_"

static int line_address_refuse(void)
{
    errno = EINVAL;
    return -1;
}

static int parse_simulated(const char *text, struct line_address *a)
{
    a->kind = LINE_SIMULATED;
    size_t len = strspn(text, SIM_NAME);
    if (len == 0 || len > LINE_SIM_NAME_MAX)
        return line_address_refuse();
    a->active = strcmp(text + len, "=1") == 0;
    if (text[len] != '\0' && !a->active)
        return line_address_refuse();
    memcpy(a->name, text, len);
    return 0;
}

static int parse_offset(const char *text, size_t chip_len, struct line_address *a)
{
    a->kind = LINE_BY_OFFSET;
    const char *digits = text + chip_len + 1;
    if (chip_len == 0 || strlen(digits) > 5 || strtoul(digits, NULL, 10) > OFFSET_MAX)
        return line_address_refuse();
    memcpy(a->chip, text, chip_len);
    a->offset = (unsigned)strtoul(digits, NULL, 10);
    return 0;
}

/* The key's name is what follows the last colon: a device's name may have one. */
static int parse_button(const char *text, struct line_address *a)
{
    const char *colon = strrchr(text, ':');
    a->kind = LINE_BUTTON;
    if (!colon || colon == text || colon[1] == '\0' || colon[1] == '+')
        return line_address_refuse();
    memcpy(a->name, text, (size_t)(colon - text));
    memcpy(a->keys, colon + 1, strlen(colon + 1) + 1);
    return 0;
}

static bool line_address_is_number(const char *text)
{
    return text[0] != '\0' && text[strspn(text, DIGITS)] == '\0';
}

static bool is_printable_word(const char *text)
{
    for (; *text; text++)
        if (*text <= ' ' || *text > '~')
            return false;
    return true;
}

int line_address_parse(const char *text, struct line_address *a)
{
    memset(a, 0, sizeof *a);
    size_t len = strlen(text);
    if (len == 0 || len >= LINE_ADDRESS_MAX)
        return line_address_refuse();
    if (line_is_button(text))
        return parse_button(text + strlen(BUTTON_PREFIX), a);
    if (!is_printable_word(text))
        return line_address_refuse();
    if (line_is_simulated(text))
        return parse_simulated(text + strlen(SIM_PREFIX), a);
    const char *colon = strrchr(text, ':');
    if (colon && line_address_is_number(colon + 1))
        return parse_offset(text, (size_t)(colon - text), a);
    /* A line's name may hold a colon, but "gpiochip0:x" was meant as an offset. */
    if (line_address_is_number(text) || (colon && strncmp(text, "gpiochip", 8) == 0) ||
        text[len - 1] == ':')
        return line_address_refuse();
    a->kind = LINE_BY_NAME;
    memcpy(a->name, text, len);
    return 0;
}

bool line_is_simulated(const char *address)
{
    return strncmp(address, SIM_PREFIX, strlen(SIM_PREFIX)) == 0;
}

bool line_is_button(const char *address)
{
    return strncmp(address, BUTTON_PREFIX, strlen(BUTTON_PREFIX)) == 0;
}

bool line_is_chip_name(const char *text)
{
    return strncmp(text, "gpiochip", 8) == 0 && line_address_is_number(text + 8);
}
