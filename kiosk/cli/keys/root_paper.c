#include "kiosk/cli/keys/root_paper.h"

#include "kiosk/cli/prompt.h"

#include <errno.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { LINE_BYTES = KEYSET_SEED / ROOT_PAPER_LINES, LINE_CHECK = 2, TYPED_MAX = 128 };

static const char spaces[] = " \t\r";

static void line_check(int line, const uint8_t bytes[LINE_BYTES], uint8_t check[LINE_CHECK])
{
    uint8_t text[LINE_BYTES + 1], hash[crypto_generichash_BYTES_MIN];
    text[0] = (uint8_t)line;
    memcpy(text + 1, bytes, LINE_BYTES);
    crypto_generichash(hash, sizeof hash, text, sizeof text, NULL, 0);
    memcpy(check, hash, LINE_CHECK);
    sodium_memzero(text, sizeof text);
}

static void line_print(int line, const uint8_t *bytes)
{
    uint8_t all[LINE_BYTES + LINE_CHECK];
    memcpy(all, bytes, LINE_BYTES);
    line_check(line, bytes, all + LINE_BYTES);
    printf("    %d:", line + 1);
    for (size_t i = 0; i < sizeof all; i++)
        printf("%s%02x", i % 2 ? "" : " ", all[i]);
    putchar('\n');
    sodium_memzero(all, sizeof all);
}

/* The line may begin with its number. Whether its check is right. */
static bool root_paper_line_read(int line, const char *text, size_t len, uint8_t *bytes)
{
    uint8_t all[LINE_BYTES + LINE_CHECK] = {0}, check[LINE_CHECK];
    size_t got = 0, skip = strspn(text, spaces);
    skip = skip + 1 < len && text[skip] == '1' + line && text[skip + 1] == ':' ? skip + 2 : 0;
    int bad = sodium_hex2bin(all, sizeof all, text + skip, len - skip, spaces, &got, NULL);
    line_check(line, all, check);
    bool good = bad == 0 && got == sizeof all && memcmp(all + LINE_BYTES, check, LINE_CHECK) == 0;
    if (good)
        memcpy(bytes, all, LINE_BYTES);
    sodium_memzero(all, sizeof all);
    return good;
}

void root_paper_print(const uint8_t seed[KEYSET_SEED])
{
    for (int line = 0; line < ROOT_PAPER_LINES; line++)
        line_print(line, seed + line * LINE_BYTES);
}

/* A line that is too long is a mistake like any other. */
static int ask_line(const char *question, char *out, size_t size)
{
    return prompt_hidden_line_once_typed(question, out, size) < 0 && errno != E2BIG ? -1 : 0;
}

int root_paper_ask(uint8_t seed[KEYSET_SEED])
{
    static const char again[] =
        "    That line does not match its last four digits. Is it the right "
        "line, with\n    all five groups? Type it again.\n";
    char question[sizeof again + 32], *typed = sodium_malloc(TYPED_MAX);
    int line = 0;
    for (bool wrong = false; typed && line < ROOT_PAPER_LINES;) {
        snprintf(question, sizeof question, "%s    line %d: ", wrong ? again : "", line + 1);
        if (ask_line(question, typed, TYPED_MAX) < 0)
            break;
        wrong = !root_paper_line_read(line, typed, strlen(typed), seed + line * LINE_BYTES);
        line += !wrong;
    }
    sodium_free(typed);
    return line == ROOT_PAPER_LINES ? 0 : -1;
}

int root_paper_read(const char *text, uint8_t seed[KEYSET_SEED])
{
    int line = 0, wrong = 0;
    for (size_t len; *text; text += len + (text[len] == '\n')) {
        len = strcspn(text, "\n");
        if (strspn(text, spaces) >= len)
            continue;
        if (line == ROOT_PAPER_LINES)
            return -1;
        if (!root_paper_line_read(line, text, len, seed + line * LINE_BYTES) && wrong == 0)
            wrong = line + 1;
        line++;
    }
    return line == ROOT_PAPER_LINES ? wrong : -1;
}
