#include "kiosk/relay/relay_conf.h"

#include "config/keys.h"
#include "config/scan.h"
#include "kiosk/core/ns.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { KEYS_MAX = 24, FILE_MAX = 65536 };

struct reading {
    const char *path;
    struct relay_conf *c;
    config_complain *complain;
    void *context;
    int complaints;
    const char *section; /* NULL: none yet, or one that was refused */
    void *base;
    int seen[KEYS_MAX]; /* the line of each key in this section; 0: not yet */
};

static void relay_conf_complain(struct reading *r, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void relay_conf_complain(struct reading *r, int line, const char *format, ...)
{
    char said[400], sentence[512];
    va_list args;

    va_start(args, format);
    vsnprintf(said, sizeof said, format, args);
    va_end(args);
    snprintf(sentence, sizeof sentence, "%s:%d: %s", r->path, line, said);
    r->complaints++;
    r->complain(r->context, sentence);
}

/* --- kinds of value of our own ---------------------------------------------------------------- */

static bool set_url(const struct key *k, const char *text, void *base, const char **mend)
{
    static const char *const here[] = {"http://localhost", "http://127.0.0.1", "http://[::1]"};
    bool good = strncmp(text, "https://", 8) == 0 && text[8] != '\0' && text[8] != '/';
    for (size_t i = 0; i < sizeof here / sizeof here[0]; i++) {
        size_t n = strlen(here[i]);
        good = good || (strncmp(text, here[i], n) == 0 && (text[n] == ':' || text[n] == '/'));
    }
    if (!good && strncmp(text, "http:", 5) == 0)
        *mend = "use https: a token would travel in the clear";
    if (!good || strlen(text) >= (size_t)k->max || text[strcspn(text, " \t\"\\")] != '\0')
        return false;
    memcpy((char *)base + k->offset, text, strlen(text) + 1);
    return true;
}

static void expect_url(const struct key *k, char *out, size_t size)
{
    snprintf(out, size, "an address such as https://push.example.org/topic, at most %d bytes",
             (int)k->max - 1);
}

static bool set_words(const struct key *k, const char *text, void *base, const char **mend)
{
    (void)mend;
    if (strlen(text) >= (size_t)k->max)
        return false;
    memcpy((char *)base + k->offset, text, strlen(text) + 1);
    return true;
}

static void expect_words(const struct key *k, char *out, size_t size)
{
    snprintf(out, size, "a few neutral words, at most %d bytes", (int)k->max - 1);
}

static bool set_contact(const struct key *k, const char *text, void *base, const char **mend)
{
    (void)mend;
    if ((strncmp(text, "mailto:", 7) != 0 && strncmp(text, "https://", 8) != 0) ||
        strlen(text) >= (size_t)k->max || text[strcspn(text, " \t\"\\")] != '\0')
        return false;
    memcpy((char *)base + k->offset, text, strlen(text) + 1);
    return true;
}

static void expect_contact(const struct key *k, char *out, size_t size)
{
    snprintf(out, size, "mailto: or https: and an address, at most %d bytes", (int)k->max - 1);
}

static const struct value_type value_url = {set_url, expect_url};
static const struct value_type value_words = {set_words, expect_words};
static const struct value_type value_contact = {set_contact, expect_contact};

/* --- the table -------------------------------------------------------------------------------- */

#define AT(field)    offsetof(struct relay_conf, field)
#define KIOSK(field) offsetof(struct relay_kiosk, field)
#define PUSH(field)  offsetof(struct relay_push, field)

#define SERVICES                                                                                   \
    "fcm.googleapis.com updates.push.services.mozilla.com *.push.apple.com *.notify.windows.com"

static const struct key keys[] = {
    {"relay", "account", &value_id, NULL, AT(relay.account), 0, 0, 17, NULL},
    {"relay", "word", &value_words, "The kettle is on", AT(relay.word), 0, 0, CONFIG_TEXT_MAX,
     NULL},
    {"relay", "beat", &value_duration, "5s", AT(relay.beat), 0, NS_PER_S / 10, 60 * NS_PER_S, NULL},
    {"relay", "blind", &value_off_or_more, "60s", AT(relay.blind), 0, NS_PER_S, 3600 * NS_PER_S,
     NULL},
    {"venue", "id", &value_id, NULL, AT(venue.id), 0, 0, 17, NULL},
    {"broker", "host", &value_host, NULL, AT(broker.host), 0, 0, CONFIG_TEXT_MAX, NULL},
    {"broker", "port", &value_number, "8883", AT(broker.port), 0, 1, 65535, NULL},
    {"broker", "tls", &value_yes_no, "yes", AT(broker.tls), 0, 0, 0, NULL},
    {"broker", "ca", &value_path, "", AT(broker.ca), 0, 0, CONFIG_PATH_MAX, NULL},
    {"kiosk", "id", &value_id, NULL, KIOSK(id), 0, 0, 17, NULL},
    {"push", "url", &value_url, NULL, PUSH(url), 0, 0, RELAY_URL_MAX, NULL},
    {"push", "token", &value_credential, "", PUSH(token), 0, 0, CONFIG_NAME_MAX, NULL},
    {"push", "click", &value_url, "", PUSH(click), 0, 0, RELAY_URL_MAX, NULL},
    {"webpush", "contact", &value_contact, NULL, AT(web.contact), 0, 0, RELAY_URL_MAX, NULL},
    {"webpush", "services", &value_words, SERVICES, AT(web.services), 0, 0, RELAY_URL_MAX, NULL},
    {"webpush", "ca", &value_path, "", AT(web.ca), 0, 0, CONFIG_PATH_MAX, NULL},
};
enum { KEYS = sizeof keys / sizeof keys[0] };
_Static_assert((int)KEYS <= (int)KEYS_MAX, "a key has no room for its line");

/* --- reading ---------------------------------------------------------------------------------- */

/* What was not written, once its section is over. */
static void close_section(struct reading *r, int line)
{
    for (size_t i = 0; r->section && i < KEYS; i++) {
        const char *mend = NULL;

        if (strcmp(keys[i].section, r->section) != 0 || r->seen[i])
            continue;
        if (!keys[i].fallback)
            relay_conf_complain(r, line, "[%s] wants the key %s, which does not stand in it",
                                r->section, keys[i].name);
        else if (keys[i].fallback[0])
            keys[i].type->set(&keys[i], keys[i].fallback, r->base, &mend);
    }
    r->section = NULL;
    memset(r->seen, 0, sizeof r->seen);
}

/* Room for one [kiosk NAME] or [push NAME] more. NULL after a complaint. */
static void *open_named(struct reading *r, int line, const char *section, const char *name)
{
    bool kiosk = strcmp(section, "kiosk") == 0;
    size_t *count = kiosk ? &r->c->kiosks_count : &r->c->pushes_count;
    size_t max = kiosk ? RELAY_KIOSKS_MAX : RELAY_PUSHES_MAX;
    if (name[0] == '\0' || strlen(name) >= CONFIG_NAME_MAX ||
        name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-")] != '\0')
        relay_conf_complain(r, line,
                            "found \"%s\" behind %s, expected a name of lower-case letters", name,
                            section);
    else if (*count == max)
        relay_conf_complain(r, line, "found one [%s NAME] more; expected at most %zu", section,
                            max);
    else if (kiosk)
        return memcpy(r->c->kiosks[(*count)++].name, name, strlen(name) + 1);
    else
        return memcpy(r->c->pushes[(*count)++].name, name, strlen(name) + 1);
    return NULL;
}

static void relay_conf_on_section(void *context, int line, const char *text)
{
    struct reading *r = context;
    char section[SCAN_SECTION_MAX + 1];
    size_t n = strcspn(text, " ");

    close_section(r, line);
    snprintf(section, sizeof section, "%.*s", (int)n, text);
    const char *name = text[n] ? text + n + 1 : "";
    for (size_t i = 0; i < KEYS && !r->section; i++)
        if (strcmp(keys[i].section, section) == 0)
            r->section = keys[i].section;
    if (!r->section) {
        relay_conf_complain(
            r, line,
            "found the unknown section [%s]; expected relay, venue, broker, kiosk NAME, "
            "push NAME or webpush",
            text);
        return;
    }
    bool named = strcmp(section, "kiosk") == 0 || strcmp(section, "push") == 0;
    r->base = named ? open_named(r, line, section, name) : (void *)r->c;
    if (!named && name[0])
        relay_conf_complain(r, line, "found [%s]; expected [%s] and nothing behind it", text,
                            section);
    if (!r->base)
        r->section = NULL;
}

static void relay_conf_on_key(void *context, int line, const char *name, const char *value)
{
    struct reading *r = context;
    char expected[256];
    const char *mend = NULL;
    size_t i = 0;

    if (!r->section) {
        if (r->complaints == 0)
            relay_conf_complain(
                r, line, "%s stands in no section; expected [relay] or another above it", name);
        return;
    }
    while (i < KEYS && (strcmp(keys[i].section, r->section) || strcmp(keys[i].name, name)))
        i++;
    if (i == KEYS) {
        relay_conf_complain(r, line, "[%s] has no key %s; remove it, or see config/relay.conf",
                            r->section, name);
    } else if (r->seen[i]) {
        relay_conf_complain(r, line, "%s stands already at line %d; expected it once", name,
                            r->seen[i]);
    } else {
        r->seen[i] = line;
        keys[i].type->expect(&keys[i], expected, sizeof expected);
        if (value[0] == '\0' ? !keys[i].fallback || keys[i].fallback[0]
                             : !keys[i].type->set(&keys[i], value, r->base, &mend))
            relay_conf_complain(r, line, "[%s] %s: found \"%s\", expected %s%s%s", r->section, name,
                                value, expected, mend ? "; " : "", mend ? mend : "");
    }
}

static void relay_conf_on_bad(void *context, int line, const char *sentence)
{
    relay_conf_complain(context, line, "%s", sentence);
}

/* What no single key shows. */
static void relay_conf_check(struct reading *r)
{
    struct relay_conf *c = r->c;

    if (!c->relay.account[0] || !c->venue.id[0] || !c->broker.host[0])
        relay_conf_complain(r, 0, "expected the sections [relay], [venue] and [broker]");
    if (c->kiosks_count == 0)
        relay_conf_complain(r, 0, "expected a [kiosk NAME]: there is nothing to watch without one");
    if (c->pushes_count == 0 && !c->web.contact[0])
        relay_conf_complain(r, 0,
                            "expected a [push NAME] or [webpush]: nothing is rung without one");
    bool here = strcmp(c->broker.host, "localhost") == 0 || !strncmp(c->broker.host, "127.", 4) ||
                strcmp(c->broker.host, "::1") == 0;
    if (c->broker.tls && !c->broker.ca[0])
        relay_conf_complain(
            r, 0, "[broker] ca: expected the file that the broker's certificate chains to");
    if (!c->broker.tls && !here)
        relay_conf_complain(r, 0,
                            "[broker] tls: no is for a broker on this machine; write tls = yes");
}

int relay_conf_parse(const char *path, const char *text, size_t len, struct relay_conf *c,
                     config_complain *say, void *context)
{
    static const struct scan_events events = {relay_conf_on_section, relay_conf_on_key,
                                              relay_conf_on_bad};
    struct reading r = {.path = path, .c = c, .complain = say, .context = context};

    memset(c, 0, sizeof *c);
    scan_text(text, len, &events, &r);
    close_section(&r, 0);
    if (r.complaints == 0)
        relay_conf_check(&r);
    return r.complaints ? -1 : 0;
}

int relay_conf_load(const char *path, struct relay_conf *c, config_complain *say, void *context)
{
    char text[FILE_MAX];
    struct reading r = {.path = path, .complain = say, .context = context};
    FILE *f = fopen(path, "re");

    if (!f) {
        relay_conf_complain(&r, 0, "%s; expected a file as config/relay.conf explains it",
                            strerror(errno));
        return -1;
    }
    size_t len = fread(text, 1, sizeof text, f);
    fclose(f);
    return relay_conf_parse(path, text, len, c, say, context);
}
