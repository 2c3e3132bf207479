#include "kiosk/common/utf8.h"

#include <string.h>

static const struct {
    unsigned char first, last; /* the leading byte */
    uint32_t least;            /* smaller ones have a shorter form */
    size_t bytes;
} forms[] = {
    {0x01, 0x7F, 0, 1}, {0xC2, 0xDF, 0x80, 2}, {0xE0, 0xEF, 0x800, 3}, {0xF0, 0xF4, 0x10000, 4}};

static bool is_continuation(char c)
{
    return ((unsigned char)c & 0xC0) == 0x80;
}

size_t utf8_step(const char *text, size_t len, uint32_t *character)
{
    unsigned char lead = len > 0 ? (unsigned char)text[0] : 0;
    size_t k = 0;
    while (k < 4 && (lead < forms[k].first || lead > forms[k].last))
        k++;
    if (k == 4 || len < forms[k].bytes)
        return 0;
    uint32_t c = k == 0 ? lead : lead & (0x7Fu >> forms[k].bytes);
    for (size_t i = 1; i < forms[k].bytes; i++) {
        if (!is_continuation(text[i]))
            return 0;
        c = c << 6 | ((unsigned char)text[i] & 0x3Fu);
    }
    if (c < forms[k].least || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
        return 0;
    *character = c;
    return forms[k].bytes;
}

size_t utf8_mark(const char *text, size_t len)
{
    return len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
}

bool utf8_valid(const char *text, size_t len)
{
    uint32_t c;
    for (size_t at = 0, n; at < len; at += n)
        if ((n = utf8_step(text + at, len - at, &c)) == 0)
            return false;
    return true;
}

/* Zero-width characters, marks of direction, byte order marks. */
static bool utf8_is_invisible(uint32_t c)
{
    return c == 0x200B || c == 0x200E || c == 0x200F || (c >= 0x202A && c <= 0x202E) ||
           (c >= 0x2060 && c <= 0x2064) || (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF;
}

bool utf8_is_blank(uint32_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r') || c == 0xA0 || (c >= 0x2000 && c <= 0x200B) ||
           c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x2060 || c == 0x3000 ||
           c == 0xFEFF;
}

const char *utf8_trim(const char *text, size_t *len)
{
    size_t begin = 0, end = 0;
    uint32_t c;
    for (size_t at = 0, n; at < *len; at += n) {
        if ((n = utf8_step(text + at, *len - at, &c)) > 0 && utf8_is_blank(c)) {
            begin = end == 0 ? at + n : begin;
            continue;
        }
        n = n > 0 ? n : 1;
        end = at + n;
    }
    *len = end > begin ? end - begin : 0;
    return text + begin;
}

bool utf8_printable(const char *text, size_t len)
{
    uint32_t c;
    for (size_t at = 0, n; at < len; at += n)
        if ((n = utf8_step(text + at, len - at, &c)) == 0 || c < ' ' || (c >= 0x7F && c < 0xA0) ||
            c == 0x2028 || c == 0x2029 || utf8_is_invisible(c))
            return false;
    return true;
}

void utf8_clean(char *text)
{
    uint32_t character;
    for (size_t len = strlen(text); len > 0;) {
        size_t step = utf8_step(text, len, &character), n = step > 0 ? step : 1;
        if (step == 0 || !utf8_printable(text, step))
            memset(text, ' ', n);
        text += n;
        len -= n;
    }
}

size_t utf8_fit(const char *text, size_t most)
{
    size_t n = strlen(text);
    if (n <= most)
        return n;
    for (n = most; n > 0 && is_continuation(text[n]);)
        n--;
    return n;
}

size_t utf8_span(const char *text, size_t characters)
{
    size_t at = 0, left = strlen(text);
    uint32_t c;
    for (size_t n; characters > 0 && (n = utf8_step(text + at, left, &c)) > 0; characters--) {
        at += n;
        left -= n;
    }
    return at;
}
