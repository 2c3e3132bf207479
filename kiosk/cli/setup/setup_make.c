#include "kiosk/cli/setup/setup.h"
#include "kiosk/cli/templates.h"
#include "kiosk/common/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- keys ------------------------------------------------------------------------------------ */

static int put_keys(struct setup *s, bool joins)
{
    struct keyset *k = s->keys;

    keyset_kiosk(k, s->venue, s->kiosk);
    return (!joins && etc_transaction_put_key(s->stage, "credentials/venue.key", k->venue_key,
                                              ENVELOPE_KEY, 0600) < 0) ||
                   etc_transaction_put_key(s->stage, "credentials/kiosk.key", k->kiosk_seed,
                                           KEYSET_SEED, 0600) < 0 ||
                   etc_transaction_put_key(s->stage, "credentials/kiosk.pub", k->kiosk_public,
                                           ENVELOPE_PUBLIC, 0644) < 0 ||
                   etc_transaction_put_key(s->stage, "credentials/root.pub", k->root_public,
                                           ENVELOPE_PUBLIC, 0644) < 0 ||
                   etc_transaction_put_key(s->stage, "credentials/kiosk.cert", k->certificate,
                                           CERT_SIGNATURE, 0644) < 0
               ? -1
               : 0;
}

/* --- porchlight.conf ------------------------------------------------------------------------- */

static int open_conf(struct setup *s)
{
    size_t len;
    char *text = etc_transaction_read(s->stage, "porchlight.conf", &len);
    int result;
    /* A package installs the example, whose broker, mains input and lamp do not exist. */
    bool example = !text || s->first;
    result = text ? conf_text_set(s->conf, text, len)
                  : conf_text_set(s->conf, template_conf, strlen(template_conf));
    free(text);
    if (result < 0)
        log_error("Nothing was changed: " PATH_CONF " would be longer than %d bytes; shorten its "
                  "comments.",
                  CONF_TEXT_MAX);
    return result == 0 && example &&
                   (conf_drop(s->conf, "broker outside") < 0 ||
                    conf_drop(s->conf, "input mains") < 0 || conf_drop(s->conf, "output lamp") < 0)
               ? -1
               : result;
}

static bool changed(const struct setup *s, enum answer which)
{
    return s->first || strcmp(s->now.value[which], s->before.value[which]) != 0;
}

static int put_switch(struct setup *s)
{
    const char *other = s->now.value[ANSWER_OTHER_CONTACT];
    if (changed(s, ANSWER_SWITCH) &&
        conf_set(s->conf, "switch counter", "line", s->now.value[ANSWER_SWITCH]) < 0)
        return -1;
    if (changed(s, ANSWER_OTHER_CONTACT) &&
        conf_set(s->conf, "switch counter", "other_line", strcmp(other, "none") ? other : NULL) < 0)
        return -1;
    return s->now.given[ANSWER_CODE] || s->first
               ? conf_set(s->conf, "switch counter", "code", s->now.value[ANSWER_CODE])
               : 0;
}

static int put_door(struct setup *s)
{
    const char *door = s->now.value[ANSWER_DOOR];
    if (!changed(s, ANSWER_DOOR))
        return 0;
    return strcmp(door, "none") == 0 ? conf_drop(s->conf, "door entrance")
                                     : conf_set(s->conf, "door entrance", "line", door);
}

/* The page's address; one that the host wrote by hand is kept. */
static int put_page(struct setup *s)
{
    static const enum answer makes[] = {ANSWER_HOST, ANSWER_PAGE_PORT, ANSWER_BROKER,
                                        ANSWER_OUTSIDE, ANSWER_PAGE};
    char address[3 * ANSWER_MAX];
    bool new = false;

    for (size_t i = 0; i < sizeof makes / sizeof makes[0]; i++)
        new |= changed(s, makes[i]);
    setup_page_address(s, address);
    return new ? conf_set(s->conf, "venue", "page", address) : 0;
}

/* The screen's place and languages: on the first run as the host chose them, later where the answer
 * is another one. */
static int put_screen(struct setup *s)
{
    static const struct {
        enum answer which;
        const char *key;
    } kept[] = {{ANSWER_CITY, "city"}, {ANSWER_LANGUAGES, "languages"}};
    bool none = answer_is(&s->now, ANSWER_SCREEN, "none"), turned = changed(s, ANSWER_SCREEN);

    if (none)
        return turned ? conf_set(s->conf, "screen", "scene", "none") : 0;
    if (turned && !s->first && conf_set(s->conf, "screen", "scene", NULL) < 0)
        return -1;
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        enum answer which = kept[i].which;
        if ((s->first ? s->now.given[which] : changed(s, which)) &&
            conf_set(s->conf, "screen", kept[i].key, s->now.value[which]) < 0)
            return -1;
    }
    return 0;
}

/* The staged file is gone when the host reads this, so its path and line are left out. */
static void complain_of_staged(void *context, const char *sentence)
{
    const char *section = strstr(sentence, ": [");
    (void)context;
    log_error("In " PATH_CONF ": %s", section ? section + 2 : sentence);
}

static int put_conf(struct setup *s)
{
    struct config *c;
    char path[PATH_LEN];
    int result = -1;

    if (put_switch(s) < 0 || put_door(s) < 0 || put_page(s) < 0 || put_screen(s) < 0)
        return -1;
    if (s->first && (conf_set(s->conf, "venue", "id", s->venue) < 0 ||
                     conf_set(s->conf, "kiosk", "id", s->kiosk) < 0))
        return -1;
    if (etc_transaction_put(s->stage, "porchlight.conf", s->conf->text, s->conf->len, 0644) < 0)
        return -1;
    snprintf(path, sizeof path, "%s", etc_transaction_path(s->stage, "porchlight.conf"));
    c = calloc(1, sizeof *c);
    if (c && (result = config_load(path, c, complain_of_staged, NULL)) < 0)
        log_error(
            "Nothing was changed: with these answers the config would be wrong, as shown above.");
    for (size_t i = 0; result == 0 && i < c->brokers_count; i++) {
        const struct config_broker *b = &c->brokers[i];
        s->relay_has_place |= b->outside && b->tls && b->phones[0];
    }
    free(c);
    return result;
}

/* The lights' unit looks for this. */
static int put_dark(struct setup *s)
{
    return answer_is(&s->now, ANSWER_LIGHTS, "dark")
               ? etc_transaction_put_text(s->stage, "dark", "", 0644)
               : etc_transaction_drop(s->stage, "dark");
}

static int put_answers(struct setup *s)
{
    char text[4096];
    answers_write(&s->now, text, sizeof text);
    return etc_transaction_put_text(s->stage, "setup.conf", text, 0644);
}

/* --- who this is ----------------------------------------------------------------------------- */

static int ids_of_conf(struct setup *s)
{
    struct config *c = calloc(1, sizeof *c);
    char path[PATH_LEN];
    int result = -1;

    snprintf(path, sizeof path, "%s", etc_transaction_path(s->stage, "porchlight.conf"));
    if (c && (result = config_load(path, c, config_complain_stderr, NULL)) == 0) {
        snprintf(s->venue, sizeof s->venue, "%.16s", c->venue.id);
        snprintf(s->kiosk, sizeof s->kiosk, "%.16s", c->kiosk.id);
    } else {
        log_error(
            "Nothing was changed: this kiosk has keys, but its config has mistakes. Correct it "
            "first (porchlight check lists them), or restore a backup.");
    }
    free(c);
    return result;
}

static int find_ids(struct setup *s)
{
    if (!s->first)
        return ids_of_conf(s);
    keyset_id(s->keys, "venue", 0, s->venue);
    keyset_id(s->keys, "kiosk", answer_number(&s->now, ANSWER_KIOSK), s->kiosk);
    return 0;
}

int setup_make(struct setup *s)
{
    bool joins = answer_number(&s->now, ANSWER_KIOSK) > 1;
    if (setup_root_find(s) < 0 || find_ids(s) < 0 || open_conf(s) < 0)
        return -1;
    if (s->first && joins && !etc_transaction_has(s->stage, "credentials/venue.key")) {
        log_error(
            "Nothing was changed: kiosk = %s means another kiosk of a venue, which starts from "
            "the first one's backup. Run this first: sudo porchlight restore FILE --another",
            s->now.value[ANSWER_KIOSK]);
        return -1;
    }
    if (s->first && put_keys(s, joins) < 0)
        return -1;
    return setup_brokers(s) < 0 || put_conf(s) < 0 || setup_page(s) < 0 || setup_papers(s) < 0 ||
                   put_dark(s) < 0 || put_answers(s) < 0
               ? -1
               : 0;
}
