#include "kiosk/cli/papers/papers_fill.h"

#include "kiosk/common/log.h"

#include <cjson/cJSON.h>
#include <string.h>

enum { FILL_KEY_MAX = 40 };

struct papers_fill {
    FILE *out;
    const cJSON *page;
    const char *language;
    size_t number; /* of the language */
    const struct host_words *words, *standard;
};

static void papers_escape(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '&')
            fputs("&amp;", out);
        else if (*text == '<')
            fputs("&lt;", out);
        else
            putc(*text, out);
    }
}

/* How the page shows it: core/host_words.js. */
static const char *link_shown(const char *link)
{
    static const char *const schemes[] = {"tel:", "https://"};
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
        if (strncmp(link, schemes[i], strlen(schemes[i])) == 0)
            return link + strlen(schemes[i]);
    return link;
}

/* A contact is named in another language rather than not at all, as on the page. */
static const char *contact_of(const struct papers_fill *p)
{
    const char *own = p->words->languages[p->number].lines[HOST_WORDS_LINES - 1];
    for (size_t i = 0; i < HOST_WORDS_LANGUAGES && !own[0]; i++)
        own = p->words->languages[i].lines[HOST_WORDS_LINES - 1];
    return own;
}

static const char *host_line_of(const struct papers_fill *p, const char *key)
{
    if (strcmp(key, "link") == 0)
        return link_shown(p->words->link);
    if (strcmp(key, "contact") == 0)
        return contact_of(p);
    for (size_t k = 0; k < HOST_WORDS_LINES; k++) {
        const char *own = p->words->languages[p->number].lines[k];
        if (strcmp(host_words_keys[k], key) == 0)
            return own[0] ? own : p->standard->languages[p->number].lines[k];
    }
    return NULL;
}

static const char *page_word(const struct papers_fill *p, const char *key)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(p->page, key));
}

/* The key between `open` and `close` at `at`; its length there, or 0: this is none. */
static size_t key_at(const char *at, const char *open, const char *close, char key[FILL_KEY_MAX])
{
    size_t begin = strlen(open);
    const char *end = strncmp(at, open, begin) == 0 ? strstr(at, close) : NULL;
    size_t len = end ? (size_t)(end - at) - begin : FILL_KEY_MAX;
    if (len >= FILL_KEY_MAX || len == 0)
        return 0;
    memcpy(key, at + begin, len);
    key[len] = '\0';
    return begin + len + strlen(close);
}

static void page_word_write(const struct papers_fill *p, const char *text)
{
    char key[FILL_KEY_MAX], one[2] = "";
    while (*text) {
        size_t len = key_at(text, "{", "}", key);
        const char *word = len > 0 ? page_word(p, key) : NULL;
        one[0] = *text;
        papers_escape(p->out, word ? word : one);
        text += word ? len : 1;
    }
}

static int fill_one(const struct papers_fill *p, const char *key)
{
    static const char host[] = "host:";
    bool of_host = strncmp(key, host, strlen(host)) == 0;
    const char *text = of_host                    ? host_line_of(p, key + strlen(host))
                       : strcmp(key, "lang") == 0 ? p->language
                                                  : page_word(p, key);
    if (!text) {
        log_error("The cards were not made: the page has no word \"%s\". Reinstall the package "
                  "porchlight.",
                  key);
        return -1;
    }
    if (of_host)
        papers_escape(p->out, text);
    else
        page_word_write(p, text);
    return 0;
}

int papers_fill(FILE *out, const char *sheet, const char *page, const char *language,
                const struct host_words *words, const struct host_words *standard)
{
    char key[FILL_KEY_MAX];
    cJSON *json = cJSON_Parse(page);
    struct papers_fill p = {
        .out = out, .page = json, .language = language, .words = words, .standard = standard};
    while (p.number < HOST_WORDS_LANGUAGES - 1 &&
           strcmp(host_words_languages[p.number], language) != 0)
        p.number++;
    int rc = 0;
    while (*sheet && rc == 0) {
        size_t len = key_at(sheet, "{{", "}}", key);
        if (len > 0)
            rc = fill_one(&p, key);
        else
            putc(*sheet, out);
        sheet += len > 0 ? len : 1;
    }
    cJSON_Delete(json);
    return rc;
}
