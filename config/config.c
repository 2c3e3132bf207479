#include "config/config.h"

#include "config/rules.h"
#include "config/scan.h"
#include "kiosk/common/log.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX = 64 * 1024 };

void config_complain_stderr(void *context, const char *sentence)
{
    (void)context;
    log_error("%s", sentence);
}

/* --- sections ------------------------------------------------------------------------------- */

static bool config_belongs(const struct key *k, const struct instance *in)
{
    return strcmp(k->section, in->section->name) == 0;
}

/* Every key's default, through the setter that a written value takes. */
static void set_defaults(struct instance *in)
{
    const char *mend;
    for (size_t i = 0; i < config_keys_count; i++)
        if (config_belongs(&config_keys[i], in) && config_keys[i].fallback)
            config_keys[i].type->set(&config_keys[i], config_keys[i].fallback, in->base, &mend);
}

static struct instance *instance_add(struct parse *p, const struct section *s, const char *name,
                                     int line)
{
    struct instance *in = &p->instances[p->count++];
    size_t n;

    in->section = s;
    in->line = line;
    in->base = p->c;
    if (s->max) {
        memcpy(&n, (char *)p->c + s->count, sizeof n);
        in->base = (char *)p->c + s->offset + n * s->element;
        n++;
        memcpy((char *)p->c + s->count, &n, sizeof n);
        snprintf(in->name, sizeof in->name, "%s", name);
        memcpy(in->base, in->name, sizeof in->name);
    }
    set_defaults(in);
    return in;
}

static struct instance *instance_of(struct parse *p, const struct section *s, const char *name)
{
    for (size_t i = 0; i < p->count; i++)
        if (p->instances[i].section == s && strcmp(p->instances[i].name, name) == 0)
            return &p->instances[i];
    return NULL;
}

static bool config_is_name(const char *name)
{
    size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_");
    return n > 0 && n < CONFIG_NAME_MAX && name[n] == '\0';
}

static void complain_unknown_section(struct parse *p, int line, const char *header)
{
    char known[256] = "";
    for (size_t i = 0; i < config_sections_count; i++) {
        size_t n = strlen(known);
        snprintf(known + n, sizeof known - n, "%s[%s%s]", i ? " " : "", config_sections[i].name,
                 config_sections[i].max ? " NAME" : "");
    }
    parse_complain(p, NULL, line, NULL, "found the unknown section [%s]; expected one of %s",
                   header, known);
}

/* NULL after a complaint. */
static struct instance *section_begin(struct parse *p, int line, const char *header)
{
    char word[SCAN_SECTION_MAX + 1];
    size_t n = strcspn(header, " ");
    const char *name = header + n + (header[n] == ' ');
    snprintf(word, sizeof word, "%.*s", (int)n, header);
    const struct section *s = section_named(word);
    if (!s || (!s->max && header[n])) {
        complain_unknown_section(p, line, header);
        return NULL;
    }
    if (s->max && !config_is_name(name)) {
        parse_complain(p, NULL, line, NULL,
                       "found [%s]; expected [%s NAME] with a name of 1 to 31 lower-case letters, "
                       "digits, - and _",
                       header, s->name);
        return NULL;
    }
    const struct instance *before = instance_of(p, s, name);
    if (before) {
        parse_complain(p, before, line, NULL,
                       "the same section stands already at line %d; expected it once: join them",
                       before->line);
        return NULL;
    }
    size_t count = 0;
    if (s->max)
        memcpy(&count, (char *)p->c + s->count, sizeof count);
    if (s->max && count == s->max) {
        parse_complain(p, NULL, line, NULL, "found one [%s NAME] more; expected at most %zu",
                       s->name, s->max);
        return NULL;
    }
    return instance_add(p, s, name, line);
}

/* --- lines ---------------------------------------------------------------------------------- */

static void take_section(void *context, int line, const char *header)
{
    struct parse *p = context;

    p->current = section_begin(p, line, header);
    p->silent = !p->current;
    p->refused |= p->silent;
}

static void take_bad(void *context, int line, const char *sentence)
{
    parse_complain(context, NULL, line, NULL, "%s", sentence);
}

static void complain_unknown_key(struct parse *p, int line, const char *name)
{
    const struct instance *in = p->current;
    char known[512] = "";

    for (size_t i = 0; i < config_keys_count; i++) {
        size_t n = strlen(known);
        if (config_belongs(&config_keys[i], in))
            snprintf(known + n, sizeof known - n, "%s%s", n ? ", " : "", config_keys[i].name);
    }
    parse_complain(p, in, line, name, "found a key that is not known here; expected one of %s",
                   known);
}

static void complain_value(struct parse *p, const struct key *k, int line, const char *value,
                           const char *mend)
{
    char expected[256];
    k->type->expect(k, expected, sizeof expected);
    if (value[0])
        parse_complain(p, p->current, line, k->name, "found \"%s\", expected %s%s%s", value,
                       expected, mend ? "; " : "", mend ? mend : "");
    else
        parse_complain(p, p->current, line, k->name, "found nothing behind the =, expected %s",
                       expected);
}

static void take_value(struct parse *p, const struct key *k, int line, const char *value)
{
    const char *mend = NULL;
    if (strstr(value, " #") || strstr(value, "\t#")) {
        complain_value(p, k, line, value, "put the comment on a line of its own");
        return;
    }
    if ((!value[0] && !(k->fallback && !k->fallback[0])) ||
        !k->type->set(k, value, p->current->base, &mend))
        complain_value(p, k, line, value, mend);
}

static void config_take_key(void *context, int line, const char *name, const char *value)
{
    struct parse *p = context;

    if (!p->current) {
        if (!p->silent)
            parse_complain(
                p, NULL, line, name,
                "found a key before any section; expected a header such as [venue] above "
                "it");
        return;
    }
    const struct key *k = key_named(p->current->section, name);
    if (!k) {
        complain_unknown_key(p, line, name);
        return;
    }
    int *at = &p->current->key_line[k - config_keys];
    if (*at) {
        parse_complain(p, p->current, line, name,
                       "the same key stands already at line %d; expected it once: take one out",
                       *at);
        return;
    }
    *at = line;
    take_value(p, k, line, value);
}

/* --- the whole ------------------------------------------------------------------------------ */

static void complain_missing(struct parse *p, const struct instance *in)
{
    char expected[256];
    for (size_t i = 0; i < config_keys_count; i++) {
        const struct key *k = &config_keys[i];
        if (!config_belongs(k, in) || k->fallback || in->key_line[i])
            continue;
        k->type->expect(k, expected, sizeof expected);
        parse_complain(p, in, in->line, k->name, "is missing; expected %s%s", expected,
                       k->type == &value_id ? "; porchlight setup makes it" : "");
    }
}

static void finish_sections(struct parse *p)
{
    for (size_t i = 0; i < config_sections_count; i++) {
        const struct section *s = &config_sections[i];
        size_t count = 1;
        if (s->max)
            memcpy(&count, (char *)p->c + s->count, sizeof count);
        else if (!instance_of(p, s, ""))
            instance_add(p, s, "", 0);
        if (s->required && count == 0 && !p->refused)
            parse_complain(p, NULL, 0, NULL, "no [%s NAME] section: %s; expected at least one",
                           s->name, s->why);
    }
    for (size_t i = 0; i < p->count; i++)
        complain_missing(p, &p->instances[i]);
}

static void config_derive(struct config *c)
{
    bool real = false, wired = false;
    const struct config_line *lines[2 * CONFIG_SWITCHES_MAX + CONFIG_DOORS_MAX + 1];
    size_t n = 0;

    for (size_t i = 0; i < c->switches_count; i++) {
        c->switches[i].other.bias = c->switches[i].line.bias;
        c->switches[i].other.active_low = c->switches[i].line.active_low;
        lines[n++] = &c->switches[i].line;
        lines[n++] = &c->switches[i].other;
    }
    for (size_t i = 0; i < c->doors_count; i++)
        lines[n++] = &c->doors[i].line;
    lines[n++] = &c->feel.line;
    for (size_t i = 0; i < n; i++) {
        wired |= lines[i]->address[0] != '\0';
        real |= lines[i]->address[0] && strncmp(lines[i]->address, "sim:", 4) != 0;
    }
    c->simulated = wired && !real;
}

int config_parse(const char *path, const char *text, size_t len, struct config *c,
                 config_complain *complain, void *context)
{
    static const struct scan_events events = {take_section, config_take_key, take_bad};
    struct parse *p = calloc(1, sizeof *p);

    if (!p) {
        complain(context, "out of memory");
        return -1;
    }
    *c = (struct config){0};
    *p = (struct parse){.path = path, .c = c, .complain = complain, .context = context};
    scan_text(text, len, &events, p);
    finish_sections(p);
    config_derive(c);
    if (p->complaints == 0)
        rules_check(p);
    int result = p->complaints ? -1 : 0;
    free(p);
    return result;
}

static void complain_file(config_complain *complain, void *context, const char *path,
                          const char *what)
{
    char sentence[SENTENCE_MAX];
    snprintf(sentence, sizeof sentence, "%s: %s", path, what);
    complain(context, sentence);
}

/* The opened file's own mode and kind count, not those of whatever the path names later. */
static const char *file_fault(int fd)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return strerror(errno);
    if (!S_ISREG(st.st_mode))
        return "is no regular file; expected a text file";
    if (st.st_mode & S_IWOTH)
        return "anyone on this machine may change it; chmod o-w it";
    if (st.st_size > FILE_MAX)
        return "is larger than 64 kB; is this the right file?";
    return NULL;
}

int config_load(const char *path, struct config *c, config_complain *complain, void *context)
{
    int result = -1;
    size_t len = 0;
    ssize_t n = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        complain_file(complain, context, path,
                      errno == ENOENT ? "is not there; porchlight setup makes one"
                                      : strerror(errno));
        return -1;
    }
    char *text = malloc(FILE_MAX + 1);
    const char *fault = text ? file_fault(fd) : "out of memory";
    if (fault) {
        complain_file(complain, context, path, fault);
        goto free_text;
    }
    while (len < FILE_MAX && (n = read(fd, text + len, FILE_MAX - len)) > 0)
        len += (size_t)n;
    if (n < 0) {
        complain_file(complain, context, path, strerror(errno));
        goto free_text;
    }
    result = config_parse(path, text, len, c, complain, context);
free_text:
    free(text);
    close(fd);
    return result;
}
