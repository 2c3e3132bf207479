#include "config/host_words.h"

#include "config/keys.h"
#include "config/reader.h"
#include "config/values.h"
#include "kiosk/common/utf8.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

const char *const host_words_languages[HOST_WORDS_LANGUAGES] = {"ar", "az", "en", "ka", "ru"};
const char *const host_words_keys[HOST_WORDS_LINES] = {
    "lockdown-way",   "lockdown-inside", "lockdown-staff", "caution-way",
    "caution-inside", "caution-staff",   "contact"};

/* --- values ---------------------------------------------------------------------------------- */

const char *host_words_line_wrong(const char *text)
{
    size_t len = strlen(text), bytes = len;
    for (const char *c = text; *c; c++)
        bytes += *c == '"' || *c == '\\';
    if (!utf8_valid(text, len))
        return "save the file as UTF-8";
    if (!utf8_printable(text, len))
        return "it has a control or an invisible character in it: type it again";
    if (utf8_span(text, HOST_WORDS_CHARACTERS) < len)
        return "it has more than 150 characters: say it in fewer words";
    return bytes < HOST_WORDS_TEXT ? NULL : "it takes more than 460 bytes: say it in fewer words";
}

static bool is_phone_number(const char *text)
{
    size_t digits = 0;
    for (const char *c = text; *c; c++)
        digits += *c >= '0' && *c <= '9';
    return digits >= 3 && values_only(text + (text[0] == '+'), DIGITS "-.()");
}

const char *host_words_link_wrong(const char *text)
{
    static const char web[] = "https://", call[] = "tel:";
    size_t len = strlen(text);
    if (len >= HOST_WORDS_LINK)
        return "it has more than 200 bytes: use a shorter address";
    if (strncmp(text, call, strlen(call)) == 0)
        return is_phone_number(text + strlen(call))
                   ? NULL
                   : "after tel: comes the number, in digits: tel:+994501234567";
    if (strncmp(text, web, strlen(web)) != 0)
        return "a phone number is written tel:+994501234567, and a page https://example.org/help";
    const char *host = text + strlen(web);
    size_t name = strspn(host, LOWER UPPER DIGITS ".-");
    bool named = name > 0 && host[0] != '.' && host[0] != '-' && strchr("/:?#", host[name]);
    for (const char *c = text; *c; c++)
        if (*c <= ' ' || *c > '~' || strchr("\"<>\\^`{|}", *c))
            return "an address has no spaces, quotes or letters with accents; copy it from the "
                   "browser";
    return named ? NULL : "after https:// comes the page's name, such as example.org";
}

static bool host_line_set(const struct key *k, const char *text, void *base, const char **hint)
{
    *hint = host_words_line_wrong(text);
    return !*hint && value_put_text(k, text, base, hint);
}

static void host_line_expect(const struct key *k, char *out, size_t size)
{
    (void)k;
    snprintf(out, size, "one line of at most %d characters", HOST_WORDS_CHARACTERS);
}

static bool host_link_set(const struct key *k, const char *text, void *base, const char **hint)
{
    *hint = text[0] ? host_words_link_wrong(text) : NULL;
    return !*hint && value_put_text(k, text, base, hint);
}

static void host_link_expect(const struct key *k, char *out, size_t size)
{
    (void)k;
    snprintf(out, size, "a link that begins with tel: or https://");
}

static bool revision_set(const struct key *k, const char *text, void *base, const char **hint)
{
    uint64_t value = strtoull(text, NULL, 10);
    (void)hint;
    if (!values_only(text, DIGITS) || strlen(text) > 15)
        return false;
    memcpy((char *)base + k->offset, &value, sizeof value);
    return true;
}

static void revision_expect(const struct key *k, char *out, size_t size)
{
    (void)k;
    snprintf(out, size, "a number; leave the whole line out, and porchlight words writes it");
}

static const struct value_type words_text = {host_line_set, host_line_expect, true};
static const struct value_type words_link = {host_link_set, host_link_expect, true};
static const struct value_type words_revision = {revision_set, revision_expect, false};

/* --- the table ------------------------------------------------------------------------------- */

static const struct section words_sections[] = {
    {.name = "words", .optional = true}, {.name = "ar", .optional = true},
    {.name = "az", .optional = true},    {.name = "en", .optional = true},
    {.name = "ka", .optional = true},    {.name = "ru", .optional = true},
};

#define LINE(code, language, key, line)                                                            \
    {                                                                                              \
        code, key, &words_text, "", offsetof(struct host_words, languages[language].lines[line]),  \
            0, 0, HOST_WORDS_TEXT, NULL                                                            \
    }
#define LINES(code, language)                                                                      \
    LINE(code, language, "lockdown-way", 0), LINE(code, language, "lockdown-inside", 1),           \
        LINE(code, language, "lockdown-staff", 2), LINE(code, language, "caution-way", 3),         \
        LINE(code, language, "caution-inside", 4), LINE(code, language, "caution-staff", 5),       \
        LINE(code, language, "contact", 6)

static const struct key words_keys[] = {
    {"words", "revision", &words_revision, "0", offsetof(struct host_words, revision), 0, 0, 0,
     NULL},
    {"words", "link", &words_link, "", offsetof(struct host_words, link), 0, 0, HOST_WORDS_LINK,
     NULL},
    LINES("ar", 0),
    LINES("az", 1),
    LINES("en", 2),
    LINES("ka", 3),
    LINES("ru", 4),
};

static const struct table words_table = {
    TABLE_ROWS(words_sections, words_keys),
    .sections_are = "the languages that the members' page has",
    .size = sizeof(struct host_words),
    TABLE_NAMES,
};

int host_words_load(const char *path, struct host_words *w, config_complain *complain,
                    void *context)
{
    return reader_load(&words_table, w, path, complain, context);
}

int host_words_parse(const char *path, const char *text, size_t len, struct host_words *w,
                     config_complain *complain, void *context)
{
    return reader_parse(&words_table, w, path, text, len, complain, context);
}

/* --- what is in it --------------------------------------------------------------------------- */

size_t host_words_count(const struct host_words *w, size_t language)
{
    size_t n = 0;
    for (size_t i = 0; i < HOST_WORDS_LINES; i++)
        n += w->languages[language].lines[i][0] != '\0';
    return n;
}

bool host_words_any(const struct host_words *w)
{
    bool any = w->link[0] != '\0';
    for (size_t i = 0; i < HOST_WORDS_LANGUAGES; i++)
        any = any || host_words_count(w, i) > 0;
    return any;
}

static void host_line_write(FILE *out, const char *key, const char *text, const char *standard)
{
    if (text[0])
        fprintf(out, "%s = %s\n", key, text);
    else if (standard)
        fprintf(out, "# %s = %s\n", key, standard);
}

void host_words_write(FILE *out, const struct host_words *w, const struct host_words *standard)
{
    fprintf(out, "[words]\n");
    if (w->revision > 0)
        fprintf(out, "revision = %" PRIu64 "\n", w->revision);
    host_line_write(out, "link", w->link, standard ? "tel:+994501234567" : NULL);
    for (size_t i = 0; i < HOST_WORDS_LANGUAGES; i++) {
        if (!standard && host_words_count(w, i) == 0)
            continue;
        fprintf(out, "\n[%s]\n", host_words_languages[i]);
        for (size_t k = 0; k < HOST_WORDS_LINES; k++)
            host_line_write(out, host_words_keys[k], w->languages[i].lines[k],
                            standard ? standard->languages[i].lines[k] : NULL);
    }
}
