#include "kiosk/cli/papers/papers.h"

#include "kiosk/cli/papers/papers_fill.h"
#include "kiosk/cli/templates.h"
#include "kiosk/common/log.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void papers_complain(void *context, const char *sentence)
{
    (void)context;
    log_error("%s", sentence);
}

void papers_standard_words(struct host_words *w)
{
    host_words_parse("what-to-do.conf", template_what_to_do, strlen(template_what_to_do), w,
                     papers_complain, NULL);
}

/* The page's words in a language; in the order of host_words_languages. */
static const char *const page_words[HOST_WORDS_LANGUAGES] = {
    template_page_ar, template_page_az, template_page_en, template_page_ka, template_page_ru};

static int language_of(const char *code)
{
    int i = HOST_WORDS_LANGUAGES;
    while (--i >= 0 && strcmp(host_words_languages[i], code) != 0)
        ;
    return i;
}

/* The venue's languages that the page has; English where it has none of them. */
static size_t languages_of(const struct config *c, int out[CONFIG_LANGUAGES_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < c->screen.languages_count; i++) {
        int found = language_of(c->screen.languages[i]);
        if (found >= 0)
            out[count++] = found;
    }
    if (count == 0)
        out[count++] = language_of("en");
    return count;
}

/* A sheet for each language; you free it. */
static char *sheets_make(const struct config *c, const struct host_words *words,
                         const struct host_words *standard, const char *sheet)
{
    int languages[CONFIG_LANGUAGES_MAX];
    size_t count = languages_of(c, languages), size;
    char *out = NULL;
    FILE *f = open_memstream(&out, &size);
    int rc = f ? 0 : -1;
    for (size_t i = 0; i < count && rc == 0; i++) {
        size_t at = (size_t)languages[i];
        rc = papers_fill(f, sheet, page_words[at], host_words_languages[at], words, standard);
    }
    if (f && fclose(f) != 0)
        rc = -1;
    if (rc == 0)
        return out;
    free(out);
    return NULL;
}

/* The cues as the product draws them (make pictures), each once; you free it. */
static char *cues_make(void)
{
    size_t size;
    char *out = NULL;
    FILE *f = open_memstream(&out, &size);
    for (const struct template_cue *cue = template_cues; f && cue->name; cue++) {
        size_t len = (size_t)(cue->end - cue->png);
        size_t room = sodium_base64_ENCODED_LEN(len, sodium_base64_VARIANT_ORIGINAL);
        char *text = malloc(room);
        if (text)
            sodium_bin2base64(text, room, cue->png, len, sodium_base64_VARIANT_ORIGINAL);
        fprintf(f,
                "<symbol id=\"cue-%s\" viewBox=\"0 0 320 180\"><image width=\"320\" height=\"180\" "
                "href=\"data:image/png;base64,%s\"/></symbol>\n",
                cue->name, text ? text : "");
        free(text);
    }
    if (f)
        fclose(f);
    return out;
}

static int papers_put(struct etc_transaction *t, const char *name, const char *template,
                      char *sheets, char *cues)
{
    const struct template_word words[] = {{"SHEETS", sheets}, {"CUES", cues}, {NULL, NULL}};
    char *text = sheets && cues ? template_fill(name, template, words) : NULL;
    int rc = text ? etc_transaction_put_text(t, name, text, 0644) : -1;
    free(text);
    free(sheets);
    free(cues);
    return rc;
}

int papers_cards(struct etc_transaction *t, const struct config *c, const struct host_words *words)
{
    struct host_words *standard = calloc(1, sizeof *standard);
    if (!standard)
        return -1;
    papers_standard_words(standard);
    int rc = papers_put(t, "papers/member.html", template_member,
                        sheets_make(c, words, standard, template_member_sheet), strdup("")) ||
                     papers_put(t, "papers/staff.html", template_staff,
                                sheets_make(c, words, standard, template_staff_sheet), cues_make())
                 ? -1
                 : 0;
    free(standard);
    return rc;
}
