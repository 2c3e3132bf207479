#include "kiosk/cli/keys/venue_sheet.h"

#include "config/secret.h"
#include "kiosk/cli/keys/broker_ca.h"
#include "kiosk/common/log.h"
#include "kiosk/common/topics.h"

#include <errno.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum {
    LINE_MAX_BYTES = 2048,
    NAME_TEXT = 3 * CONFIG_USER_MAX,
    FIELDS_MAX = 7,
    CHECK_BYTES = 2,
    CHECK_TEXT = 1 + 2 * CHECK_BYTES
};

static const char title[] = "porchlight paper 1";

/* --- made from a config ---------------------------------------------------------------------- */

/* The kiosk's own broker has no address there that another machine could use; phones have one. */
static void sheet_host(struct config_broker *b)
{
    bool here = strcmp(b->host, "127.0.0.1") == 0 || strcmp(b->host, "::1") == 0;
    const char *from = strstr(b->phones, "://");
    if (!here || !from)
        return;
    from += 3;
    size_t len = from[0] == '[' ? strcspn(from, "]") - 1 : strcspn(from, ":/");
    snprintf(b->host, sizeof b->host, "%.*s", (int)len, from + (from[0] == '['));
}

void venue_sheet_of_config(struct venue_sheet *s, const struct config *c, venue_sheet_ca *ca_of,
                           void *context)
{
    char path[PATH_LEN];
    memset(s, 0, sizeof *s);
    snprintf(s->venue, sizeof s->venue, "%.16s", c->venue.id);
    snprintf(s->kiosk, sizeof s->kiosk, "%.16s", c->kiosk.id);
    for (size_t i = 0; i < c->brokers_count; i++) {
        if (config_home(c, i) != i)
            continue;
        struct venue_sheet_broker *b = &s->brokers[s->brokers_count++];
        b->at = c->brokers[i];
        b->at.interface[0] = '\0'; /* the sheet is used on other machines */
        sheet_host(&b->at);
        b->pinned =
            b->at.tls && ca_of(context, &b->at, path) == 0 && ca_pin_of_file(path, b->pin) == 0;
    }
}

static int ca_below(void *prefix, const struct config_broker *b, char path[PATH_LEN])
{
    broker_ca_path(prefix, b->ca, path);
    return 0;
}

int venue_sheet_of_kiosk(struct venue_sheet *s, const char *prefix)
{
    char path[PATH_LEN], below[PATH_LEN];
    struct config *c = calloc(1, sizeof *c);
    int rc = -1;
    snprintf(below, sizeof below, "%s", prefix);
    if (c && path_under(prefix, PATH_CONF, path) == 0 &&
        config_load(path, c, config_complain_stderr, NULL) == 0) {
        venue_sheet_of_config(s, c, ca_below, below);
        rc = 0;
        if (c->kiosk.plain) {
            log_error("Nothing was done: a plain venue has no keys, so its phones would not obey a "
                      "root key. Delete the kiosk's account at the broker instead.");
            rc = -1;
        }
    }
    free(c);
    return rc != 0 ||
                   secret_read_key(prefix, "root.pub", false, s->root, sizeof s->root,
                                   config_complain_stderr, NULL) < 0 ||
                   secret_read_key(prefix, "kiosk.pub", false, s->key, sizeof s->key,
                                   config_complain_stderr, NULL) < 0
               ? -1
               : 0;
}

/* --- written --------------------------------------------------------------------------------- */

static void sheet_check(const char *line, char check[CHECK_TEXT + 1])
{
    uint8_t hash[crypto_generichash_BYTES_MIN];
    crypto_generichash(hash, sizeof hash, (const uint8_t *)line, strlen(line), NULL, 0);
    check[0] = '=';
    sodium_bin2hex(check + 1, CHECK_TEXT, hash, CHECK_BYTES);
}

static void sheet_put(FILE *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void sheet_put(FILE *out, const char *format, ...)
{
    char line[LINE_MAX_BYTES], check[CHECK_TEXT + 1];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    sheet_check(line, check);
    fprintf(out, "%s %s\n", line, check);
}

static bool is_usual(unsigned char c)
{
    static const char usual[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-:";
    return c != '\0' && strchr(usual, c);
}

static const char *sheet_escape(const char *name, char out[NAME_TEXT])
{
    char *to = out;
    if (strcmp(name, "-") == 0 || name[0] == '\0')
        return strcpy(out, name[0] ? "%2d" : "-");
    for (const char *c = name; *c && to < out + NAME_TEXT - 4; c++)
        to += is_usual((unsigned char)*c) ? sprintf(to, "%c", *c)
                                          : sprintf(to, "%%%02x", (unsigned)(unsigned char)*c);
    *to = '\0';
    return out;
}

int venue_sheet_write(const struct venue_sheet *s, FILE *out)
{
    char hex[2 * CA_PIN + 1], name[NAME_TEXT], host[NAME_TEXT], user[NAME_TEXT];
    sheet_put(out, "%s", title);
    sheet_put(out, "venue %s", s->venue);
    sheet_put(out, "root %s", sodium_bin2hex(hex, sizeof hex, s->root, sizeof s->root));
    sheet_put(out, "kiosk %s", s->kiosk);
    sheet_put(out, "key %s", sodium_bin2hex(hex, sizeof hex, s->key, sizeof s->key));
    for (size_t i = 0; i < s->brokers_count; i++) {
        const struct config_broker *b = &s->brokers[i].at;
        sheet_put(out, "broker %s %s %d %s %s", sheet_escape(b->name, name),
                  sheet_escape(b->host, host), b->port, b->tls ? "tls" : "plain",
                  sheet_escape(b->user, user));
        if (s->brokers[i].pinned)
            sheet_put(out, "ca %s %s", name,
                      sodium_bin2hex(hex, sizeof hex, s->brokers[i].pin, CA_PIN));
    }
    return ferror(out) ? -1 : 0;
}

/* --- read ------------------------------------------------------------------------------------ */

struct sheet_line {
    char text[LINE_MAX_BYTES]; /* its fields, with one space between them */
    char *fields[FIELDS_MAX];
    size_t count;
};

/* One line of a text without the blanks around it. False: it is none of a sheet's. */
static bool sheet_line_split(const char *from, size_t len, struct sheet_line *l, bool *good)
{
    char check[CHECK_TEXT + 1], all[LINE_MAX_BYTES], *rest = NULL;
    size_t used = 0;
    l->count = 0;
    if (len >= sizeof all)
        return false;
    memcpy(all, from, len);
    all[len] = '\0';
    char *last = NULL;
    for (char *w = strtok_r(all, " \t\r", &rest); w; w = strtok_r(NULL, " \t\r", &rest)) {
        if (last && l->count == FIELDS_MAX)
            return false;
        if (last) {
            l->fields[l->count++] = l->text + used + (used > 0);
            used += (size_t)sprintf(l->text + used, "%s%s", used > 0 ? " " : "", last);
        }
        last = w;
    }
    if (!last || last[0] != '=' || strlen(last) != CHECK_TEXT || l->count == 0)
        return false;
    sheet_check(l->text, check);
    *good = strcmp(check, last) == 0;
    for (char *c = l->text; *c; c++)
        if (*c == ' ')
            *c = '\0';
    return true;
}

static int sheet_name(const char *text, char *out, size_t size)
{
    size_t n = 0, len = strlen(text);
    if (strcmp(text, "-") == 0)
        len = 0;
    for (size_t i = 0; i < len; n++) {
        unsigned char byte = (unsigned char)text[i];
        if (n + 1 >= size)
            return -1;
        if (byte == '%' &&
            (i + 2 >= len || sodium_hex2bin(&byte, 1, text + i + 1, 2, NULL, NULL, NULL) != 0))
            return -1;
        i += text[i] == '%' ? 3 : 1;
        out[n] = (char)byte;
    }
    out[n] = '\0';
    return 0;
}

static int sheet_hex(const char *text, uint8_t *out, size_t len)
{
    size_t got = 0;
    return strlen(text) == 2 * len &&
                   sodium_hex2bin(out, len, text, 2 * len, NULL, &got, NULL) == 0 && got == len
               ? 0
               : -1;
}

static int sheet_id(const char *text, char out[KEYSET_ID_TEXT])
{
    if (!topic_is_id(text))
        return -1;
    snprintf(out, KEYSET_ID_TEXT, "%s", text);
    return 0;
}

static int sheet_broker(struct venue_sheet *s, char **f)
{
    char *end;
    long port = strtol(f[3], &end, 10);
    bool tls = strcmp(f[4], "tls") == 0;
    if (s->brokers_count == CONFIG_BROKERS_MAX || *end || port < 1 || port > 65535 ||
        (!tls && strcmp(f[4], "plain") != 0))
        return -1;
    struct config_broker *b = &s->brokers[s->brokers_count++].at;
    b->port = (int)port;
    b->tls = tls;
    return sheet_name(f[1], b->name, sizeof b->name) | sheet_name(f[2], b->host, sizeof b->host) |
           sheet_name(f[5], b->user, sizeof b->user);
}

static int sheet_pin(struct venue_sheet *s, char **f)
{
    char name[CONFIG_NAME_MAX];
    if (sheet_name(f[1], name, sizeof name) != 0)
        return -1;
    for (size_t i = 0; i < s->brokers_count; i++)
        if (strcmp(s->brokers[i].at.name, name) == 0) {
            s->brokers[i].pinned = true;
            return sheet_hex(f[2], s->brokers[i].pin, CA_PIN);
        }
    return -1;
}

/* What a sheet must have. */
enum { HAS_TITLE = 1, HAS_VENUE = 2, HAS_ROOT = 4, HAS_KIOSK = 8, HAS_KEY = 16, HAS_ALL = 31 };

static bool sheet_line_is(const struct sheet_line *l, const char *name, size_t count)
{
    return l->count == count && strcmp(l->fields[0], name) == 0;
}

static int sheet_line_take(struct venue_sheet *s, struct sheet_line *l, unsigned *has)
{
    char **f = l->fields;
    if (sheet_line_is(l, "porchlight", 3)) {
        *has |= HAS_TITLE;
        return strcmp(f[1], "paper") == 0 && strcmp(f[2], "1") == 0 ? 0 : -1;
    }
    if (sheet_line_is(l, "venue", 2)) {
        *has |= HAS_VENUE;
        return sheet_id(f[1], s->venue);
    }
    if (sheet_line_is(l, "root", 2)) {
        *has |= HAS_ROOT;
        return sheet_hex(f[1], s->root, sizeof s->root);
    }
    if (sheet_line_is(l, "kiosk", 2)) {
        *has |= HAS_KIOSK;
        return sheet_id(f[1], s->kiosk);
    }
    if (sheet_line_is(l, "key", 2)) {
        *has |= HAS_KEY;
        return sheet_hex(f[1], s->key, sizeof s->key);
    }
    if (sheet_line_is(l, "broker", 6))
        return sheet_broker(s, f);
    return sheet_line_is(l, "ca", 3) ? sheet_pin(s, f) : -1;
}

int venue_sheet_read(struct venue_sheet *s, const char *where, const char *text)
{
    struct sheet_line l;
    unsigned has = 0;
    memset(s, 0, sizeof *s);
    for (size_t len, number = 1; *text; text += len + (text[len] == '\n'), number++) {
        bool good;
        len = strcspn(text, "\n");
        if (!sheet_line_split(text, len, &l, &good))
            continue;
        if (!good) {
            log_error("Nothing was done: %s: line %zu (%s) does not match its last four digits. "
                      "Compare it with the paper.",
                      where, number, l.fields[0]);
            return -1;
        }
        if (sheet_line_take(s, &l, &has) != 0) {
            log_error("Nothing was done: %s: line %zu (%s) is none that this version of porchlight "
                      "knows. Install the version that printed it, or a later one.",
                      where, number, l.fields[0]);
            return -1;
        }
    }
    if (has == HAS_ALL && s->brokers_count > 0)
        return 0;
    log_error(
        "Nothing was done: lines are missing in %s. Expected keep.html, which set-up made, or its "
        "lines from \"%s\" to the last one.",
        where, title);
    return -1;
}
