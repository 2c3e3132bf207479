#include "config/reader.h"

#include "config/scan.h"
#include "kiosk/common/file.h"
#include "kiosk/common/utf8.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- complaints ----------------------------------------------------------------------------- */

static int write_place(char *out, size_t size, const struct reader *r, const struct instance *in,
                       int line, const char *key)
{
    int n = line > 0 ? snprintf(out, size, "%s:%d: ", r->path, line)
                     : snprintf(out, size, "%s: ", r->path);
    if (in)
        n += snprintf(out + n, size - (size_t)n, "[%s%s%s] ", in->section->name,
                      in->name[0] ? " " : "", in->name);
    if (key)
        n += snprintf(out + n, size - (size_t)n, "%.64s: ", key);
    return n;
}

void reader_complain(struct reader *r, const struct instance *in, int line, const char *key,
                     const char *format, ...)
{
    char sentence[READER_SENTENCE_MAX + 512];
    int n = write_place(sentence, READER_SENTENCE_MAX, r, in, line, key);
    va_list args;

    r->complaints++;
    if (r->quiet)
        return;
    if (n >= READER_SENTENCE_MAX)
        n = READER_SENTENCE_MAX - 1;
    va_start(args, format);
    vsnprintf(sentence + n, sizeof sentence - (size_t)n, format, args);
    va_end(args);
    utf8_clean(sentence); /* it is shown in terminals, and written as JSON */
    r->complain(r->context, sentence);
}

int reader_line(const struct reader *r, const struct instance *in, const char *key)
{
    int line = in->key_line[table_key(r->table, in->section, key) - r->table->keys];
    return line ? line : in->line;
}

bool reader_is_written(const struct reader *r, const struct instance *in, const char *key)
{
    return in->key_line[table_key(r->table, in->section, key) - r->table->keys] > 0;
}

bool reader_is_bad(const struct reader *r, const struct instance *in, const char *key)
{
    return in->key_bad[table_key(r->table, in->section, key) - r->table->keys];
}

void reader_reset(struct reader *r, struct instance *in, const char *key)
{
    const char *hint;
    const struct key *k = table_key(r->table, in->section, key);
    k->type->set(k, k->fallback, in->base, &hint);
}

void reader_leave_out(struct reader *r, struct instance *in)
{
    in->out = true;
    r->useless |= in->section->max == 0;
}

struct instance *reader_single(struct reader *r, const char *section)
{
    for (size_t i = 0; i < r->count; i++)
        if (strcmp(r->instances[i].section->name, section) == 0)
            return &r->instances[i];
    return NULL;
}

/* --- sections ------------------------------------------------------------------------------- */

static bool reader_belongs(const struct key *k, const struct instance *in)
{
    return strcmp(k->section, in->section->name) == 0;
}

static size_t count_of(const struct reader *r, const struct section *s)
{
    size_t count = 0;
    if (s->max)
        memcpy(&count, (char *)r->base + s->count, sizeof count);
    return count;
}

/* Every key's default, through the setter that a written value takes. */
static void set_defaults(const struct reader *r, struct instance *in)
{
    const char *hint;
    for (size_t i = 0; i < r->table->keys_count; i++) {
        const struct key *k = &r->table->keys[i];
        if (reader_belongs(k, in) && k->fallback)
            k->type->set(k, k->fallback, in->base, &hint);
    }
}

static struct instance *instance_add(struct reader *r, const struct section *s, const char *name,
                                     int line)
{
    struct instance *in = &r->instances[r->count++];
    size_t n = count_of(r, s);

    in->section = s;
    in->line = line;
    in->base = r->base;
    if (s->max) {
        in->base = (char *)r->base + s->offset + n * s->element;
        n++;
        memcpy((char *)r->base + s->count, &n, sizeof n);
        snprintf(in->name, sizeof in->name, "%s", name);
        memcpy(in->base, in->name, r->table->name_size);
    }
    set_defaults(r, in);
    return in;
}

static struct instance *instance_of(struct reader *r, const struct section *s, const char *name)
{
    for (size_t i = 0; i < r->count; i++)
        if (r->instances[i].section == s && strcmp(r->instances[i].name, name) == 0)
            return &r->instances[i];
    return NULL;
}

static bool reader_is_name(const struct table *t, const char *name)
{
    size_t n = strspn(name, t->name_letters);
    return n > 0 && n < t->name_size && name[n] == '\0';
}

static void complain_unknown_section(struct reader *r, int line, const char *header)
{
    char known[256] = "";
    for (size_t i = 0; i < r->table->sections_count; i++) {
        const struct section *s = &r->table->sections[i];
        size_t n = strlen(known);
        snprintf(known + n, sizeof known - n, "%s[%s%s]", i ? " " : "", s->name,
                 s->max ? " NAME" : "");
    }
    const char *are = r->table->sections_are;
    reader_complain(r, NULL, line, NULL, "found the unknown section [%s]; expected one of %s%s%s",
                    header, known, are ? ": " : "", are ? are : "");
}

/* False after a complaint: this section cannot have one more of that name. */
static bool has_room(struct reader *r, const struct section *s, const char *name, int line,
                     const char *header)
{
    const struct instance *before = instance_of(r, s, name);
    if (s->max && !reader_is_name(r->table, name))
        reader_complain(r, NULL, line, NULL,
                        "found [%s]; expected [%s NAME] with a name of 1 to %zu %s", header,
                        s->name, r->table->name_size - 1, r->table->name_expected);
    else if (before)
        reader_complain(r, before, line, NULL,
                        "this section is already at line %d; expected it once: join them",
                        before->line);
    else if (s->max && count_of(r, s) == s->max)
        reader_complain(r, NULL, line, NULL, "found one more [%s NAME]; expected at most %zu",
                        s->name, s->max);
    else
        return true;
    return false;
}

/* NULL after a complaint. */
static struct instance *section_begin(struct reader *r, int line, const char *header)
{
    char word[SCAN_SECTION_MAX + 1];
    size_t n = strcspn(header, " ");
    const char *name = header + n + (header[n] == ' ');
    snprintf(word, sizeof word, "%.*s", (int)n, header);
    const struct section *s = table_section(r->table, word);
    if (!s || (!s->max && header[n])) {
        complain_unknown_section(r, line, header);
        return NULL;
    }
    return has_room(r, s, name, line, header) ? instance_add(r, s, name, line) : NULL;
}

/* --- lines ---------------------------------------------------------------------------------- */

static void reader_take_section(void *context, int line, const char *header)
{
    struct reader *r = context;

    r->current = section_begin(r, line, header);
    r->silent = !r->current;
    r->refused |= r->silent;
}

static void reader_take_bad(void *context, int line, const char *sentence)
{
    reader_complain(context, NULL, line, NULL, "%s", sentence);
}

static void complain_unknown_key(struct reader *r, int line, const char *name)
{
    char known[512] = "";

    for (size_t i = 0; i < r->table->keys_count; i++) {
        const struct key *k = &r->table->keys[i];
        size_t n = strlen(known);
        if (reader_belongs(k, r->current))
            snprintf(known + n, sizeof known - n, "%s%s", n ? ", " : "", k->name);
    }
    reader_complain(r, r->current, line, name, "found an unknown key; expected one of %s", known);
}

static void complain_value(struct reader *r, const struct key *k, int line, const char *value,
                           const char *hint)
{
    enum { FOUND_MAX = 320 };
    char expected[256];
    size_t found = utf8_fit(value, FOUND_MAX);
    r->current->key_bad[k - r->table->keys] = true;
    k->type->expect(k, expected, sizeof expected);
    if (value[0])
        reader_complain(r, r->current, line, k->name, "found \"%.*s%s\", expected %s%s%s",
                        (int)found, value, value[found] ? "..." : "", expected, hint ? "; " : "",
                        hint ? hint : "");
    else
        reader_complain(r, r->current, line, k->name, "found nothing after the =, expected %s",
                        expected);
}

/* What people paste into a value that cannot hold it: no-break spaces are spaces, a comment after
 * " ;" is left out, and quotes around the whole are not part of it. */
static void tidy(const char *value, char out[SCAN_LINE_MAX + 1])
{
    static const char *const quotes[][2] = {{"\"", "\""},         {"'", "'"},
                                            {"\u201C", "\u201D"}, {"\u201E", "\u201C"},
                                            {"\u2018", "\u2019"}, {"\u00AB", "\u00BB"}};
    size_t len = 0, n, left = strlen(value);
    uint32_t c;
    for (; left > 0; value += n, left -= n) {
        n = utf8_step(value, left, &c);
        bool blank = n > 1 && utf8_is_blank(c);
        if (blank)
            out[len++] = ' ';
        n = n ? n : 1;
        for (size_t i = 0; i < n && !blank; i++)
            out[len++] = value[i];
        if (out[len - 1] == ';' && len > 1 && (out[len - 2] == ' ' || out[len - 2] == '\t')) {
            len--;
            break;
        }
    }
    const char *text = utf8_trim(out, &len);
    for (size_t i = 0; i < sizeof quotes / sizeof quotes[0]; i++) {
        size_t open = strlen(quotes[i][0]), close = strlen(quotes[i][1]);
        if (len < open + close || memcmp(text, quotes[i][0], open) != 0 ||
            memcmp(text + len - close, quotes[i][1], close) != 0)
            continue;
        len -= open + close;
        text += open;
        break;
    }
    text = utf8_trim(text, &len);
    memmove(out, text, len);
    out[len] = '\0';
}

static void take_value(struct reader *r, const struct key *k, int line, const char *value)
{
    const char *hint = NULL;
    char tidied[SCAN_LINE_MAX + 1];
    bool may_be_empty = k->fallback && !k->fallback[0];
    if (!k->type->literal) {
        tidy(value, tidied);
        value = tidied;
    }
    if (!k->type->literal && (strstr(value, " #") || strstr(value, "\t#")))
        complain_value(r, k, line, value, "put the comment on a line of its own");
    else if (!utf8_valid(value, strlen(value)))
        complain_value(r, k, line, value, "save the file as UTF-8");
    else if ((!value[0] && !may_be_empty) || !k->type->set(k, value, r->current->base, &hint))
        complain_value(r, k, line, value, hint);
}

static void reader_take_key(void *context, int line, const char *name, const char *value)
{
    struct reader *r = context;

    if (!r->current) {
        if (!r->silent)
            reader_complain(r, NULL, line, name,
                            "found a key before any section; expected a header such as [%s%s] "
                            "above it",
                            r->table->sections[0].name, r->table->sections[0].max ? " NAME" : "");
        return;
    }
    const struct key *k = table_key(r->table, r->current->section, name);
    if (!k) {
        complain_unknown_key(r, line, name);
        return;
    }
    int *at = &r->current->key_line[k - r->table->keys];
    if (*at) {
        reader_complain(r, r->current, line, name,
                        "this key is already at line %d; expected it once: remove one", *at);
        return;
    }
    *at = line;
    take_value(r, k, line, value);
}

/* --- the whole ------------------------------------------------------------------------------ */

/* Complains of each key that must be given and is not; who lacks one is left out. */
static void complain_missing(struct reader *r, struct instance *in)
{
    char expected[256];
    for (size_t i = 0; i < r->table->keys_count; i++) {
        const struct key *k = &r->table->keys[i];
        if (!reader_belongs(k, in) || k->fallback || (in->key_line[i] && !in->key_bad[i]))
            continue;
        reader_leave_out(r, in);
        if (in->key_bad[i])
            continue;
        bool made = k->type == &value_id && r->table->maker;
        k->type->expect(k, expected, sizeof expected);
        reader_complain(r, in, in->line, k->name, "is missing; expected %s%s%s%s", expected,
                        made ? "; " : "", made ? r->table->maker : "", made ? " makes it" : "");
    }
}

static void finish_sections(struct reader *r)
{
    for (size_t i = 0; i < r->table->sections_count; i++) {
        const struct section *s = &r->table->sections[i];
        if (!s->max && !s->optional && !instance_of(r, s, ""))
            instance_add(r, s, "", 0);
        if (s->required && count_of(r, s) == 0 && !r->refused)
            reader_complain(r, NULL, 0, NULL, "no [%s NAME] section: %s; expected at least one",
                            s->name, s->why);
    }
    for (size_t i = 0; i < r->count; i++)
        complain_missing(r, &r->instances[i]);
}

/* The arrays without what is left out. */
static void close_gaps(struct reader *r)
{
    for (size_t i = 0; i < r->table->sections_count; i++) {
        const struct section *s = &r->table->sections[i];
        char *to = s->max ? (char *)r->base + s->offset : NULL;
        size_t kept = 0;
        for (size_t j = 0; to && j < r->count; j++) {
            if (r->instances[j].section != s || r->instances[j].out)
                continue;
            memmove(to, r->instances[j].base, s->element);
            to += s->element;
            kept++;
        }
        if (s->max)
            memcpy((char *)r->base + s->count, &kept, sizeof kept);
    }
}

static int reader_run(const struct table *t, void *base, const char *path, const char *text,
                      size_t len, config_complain *complain, void *context, bool most)
{
    static const struct scan_events events = {reader_take_section, reader_take_key,
                                              reader_take_bad};
    struct reader *r = calloc(1, sizeof *r);

    if (!r) {
        complain(context, "out of memory");
        return -1;
    }
    memset(base, 0, t->size);
    *r = (struct reader){.table = t,
                         .path = path,
                         .base = base,
                         .complain = complain,
                         .context = context,
                         .most = most};
    scan_text(text, len, &events, r);
    finish_sections(r);
    r->quiet = r->complaints > 0;
    if (t->rules && (r->complaints == 0 || most))
        t->rules(r);
    if (most)
        close_gaps(r);
    int result = r->complaints == 0 ? 0 : most && !r->useless ? 1 : -1;
    free(r);
    return result;
}

int reader_parse(const struct table *t, void *base, const char *path, const char *text, size_t len,
                 config_complain *complain, void *context)
{
    return reader_run(t, base, path, text, len, complain, context, false);
}

int reader_parse_most(const struct table *t, void *base, const char *path, const char *text,
                      size_t len, config_complain *complain, void *context)
{
    return reader_run(t, base, path, text, len, complain, context, true);
}

/* --- a file --------------------------------------------------------------------------------- */

/* The opened file's own mode and kind count, not those of whatever the path names later. */
static const char *reader_file_fault(int fd)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return strerror(errno);
    if (!S_ISREG(st.st_mode))
        return "is not a regular file; expected a text file";
    if (st.st_mode & S_IWOTH)
        return "everybody on this machine may change it; chmod o-w it";
    if (st.st_size > READER_FILE_MAX)
        return "is larger than 64 kB; is this the right file?";
    return NULL;
}

static void complain_open(const struct table *t, const char *path, config_complain *complain,
                          void *context)
{
    char sentence[READER_SENTENCE_MAX];
    bool made = errno == ENOENT && t->maker;
    snprintf(sentence, sizeof sentence, "%s: %s%s%s", path,
             made ? "there is no such file; " : strerror(errno), made ? t->maker : "",
             made ? " makes one" : "");
    complain(context, sentence);
}

static int reader_load_file(const struct table *t, void *base, const char *path,
                            config_complain *complain, void *context, bool most)
{
    char sentence[READER_SENTENCE_MAX];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        complain_open(t, path, complain, context);
        return -1;
    }
    char *text = malloc(READER_FILE_MAX);
    const char *fault = text ? reader_file_fault(fd) : "out of memory";
    ssize_t len = fault ? -1 : file_read_all(fd, text, READER_FILE_MAX);
    if (!fault && len < 0)
        fault = strerror(errno);
    close(fd);
    if (fault) {
        snprintf(sentence, sizeof sentence, "%s: %s", path, fault);
        complain(context, sentence);
    }
    int result = fault ? -1 : reader_run(t, base, path, text, (size_t)len, complain, context, most);
    free(text);
    return result;
}

int reader_load(const struct table *t, void *base, const char *path, config_complain *complain,
                void *context)
{
    return reader_load_file(t, base, path, complain, context, false);
}

int reader_load_most(const struct table *t, void *base, const char *path, config_complain *complain,
                     void *context)
{
    return reader_load_file(t, base, path, complain, context, true);
}
