#include "kiosk/common/wrap.h"

#include <stdbool.h>
#include <string.h>

size_t wrap_width(const char *text, size_t len)
{
    size_t width = 0;
    for (size_t i = 0; i < len; i++)
        width += ((unsigned char)text[i] & 0xc0) != 0x80;
    return width;
}

/* The line up to a newline or the end. */
static void wrap_line(FILE *out, size_t columns, size_t at, size_t indent, const char *text,
                      size_t len)
{
    size_t column = at, spaces = strspn(text, " ");
    bool first = true;
    for (size_t i = 0; i < len;) {
        size_t gap = strspn(text + i, " "), word = strcspn(text + i + gap, " \n");
        size_t width = wrap_width(text + i + gap, word);
        if (word == 0)
            break;
        if (!first && column + gap + width > columns) {
            fprintf(out, "\n%*s", (int)(indent + spaces), "");
            column = indent + spaces;
            gap = 0;
        }
        fprintf(out, "%*s%.*s", (int)gap, "", (int)word, text + i + strspn(text + i, " "));
        column += gap + width;
        i += strspn(text + i, " ") + word;
        first = false;
    }
    putc('\n', out);
}

void wrap_text(FILE *out, size_t columns, size_t at, size_t indent, const char *text)
{
    for (size_t len; len = strcspn(text, "\n"), true; text += len + 1) {
        wrap_line(out, columns, at, indent, text, len);
        if (text[len] == '\0' || text[len + 1] == '\0')
            return;
        fprintf(out, "%*s", (int)indent, "");
        at = indent;
    }
}
