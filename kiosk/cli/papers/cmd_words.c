#include "config/host_words.h"
#include "kiosk/cli/cli.h"
#include "kiosk/cli/etc_transaction.h"
#include "kiosk/cli/papers/papers.h"
#include "kiosk/cli/print.h"
#include "kiosk/common/clock.h"
#include "kiosk/common/file.h"
#include "kiosk/common/paths.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* porchlight words: what members' phones say is to be done now. */

/* What is asked for each language: the keys of host_words_keys, for a person. */
static const char *const questions[HOST_WORDS_LINES] = {
    "In a lockdown, to a member on the way",
    "In a lockdown, to a member inside",
    "In a lockdown, to staff",
    "In a caution, to a member on the way",
    "In a caution, to a member inside",
    "In a caution, to staff",
    "Who answers at the link below (\"Lawyer, day and night\")",
};

struct words_job {
    const struct cli *cli;
    struct host_words now;      /* what the kiosk has */
    struct host_words standard; /* Porchlight's own */
    struct config config;
    bool configured; /* config is read */
    char path[PATH_LEN];
};

/* --- files ----------------------------------------------------------------------------------- */

static void words_complain(void *context, const char *sentence)
{
    cJSON *list = context;
    if (list)
        cJSON_AddItemToArray(list, cJSON_CreateString(sentence));
    else
        print_complaint(sentence);
}

static void words_hush(void *context, const char *sentence)
{
    (void)context;
    (void)sentence;
}

/* NULL after a complaint. A file that is damaged can be replaced: `any` takes it as empty. */
static struct words_job *words_begin(const struct cli *cli, bool any)
{
    struct words_job *j = calloc(1, sizeof *j);
    char conf[PATH_LEN];
    if (!j || path_under(cli->prefix, PATH_WORDS, j->path) < 0 ||
        path_under(cli->prefix, PATH_CONF, conf) < 0) {
        log_error("--prefix: %s", strerror(errno));
        free(j);
        return NULL;
    }
    j->cli = cli;
    papers_standard_words(&j->standard);
    j->configured = config_load_most(conf, &j->config, words_hush, NULL) >= 0;
    if (access(j->path, F_OK) == 0 &&
        host_words_load(j->path, &j->now, any ? words_hush : words_complain, NULL) != 0) {
        if (!any) {
            free(j);
            return NULL;
        }
        memset(&j->now, 0, sizeof j->now);
    }
    return j;
}

/* Whether the venue's screen speaks it; without a config, every one counts. */
static bool is_spoken(const struct words_job *j, const char *language)
{
    for (size_t i = 0; j->configured && i < j->config.screen.languages_count; i++)
        if (strcmp(j->config.screen.languages[i], language) == 0)
            return true;
    return !j->configured;
}

static bool may_change(const struct words_job *j)
{
    if (j->cli->prefix[0] == '\0' && geteuid() != 0)
        log_error("Nothing was changed: only root may write to " PATH_ETC ". Put sudo in front: "
                  "sudo porchlight words");
    else if (!j->configured)
        log_error(
            "Nothing was changed: this machine is no kiosk yet, or its porchlight.conf cannot "
            "be used. To see why: porchlight check");
    else if (j->config.kiosk.plain)
        log_error("Nothing was changed: this is a plain venue. Its members use MQTT apps, which do "
                  "not show these lines; what they show is in [plain] of " PATH_CONF);
    else
        return true;
    return false;
}

/* Later than every revision that phones have seen. */
static uint64_t next_revision(uint64_t before)
{
    uint64_t wall = clock_is_set() ? (uint64_t)clock_wall_seconds() : 0;
    return wall > before ? wall : before + 1;
}

static int words_write(const struct words_job *j, struct host_words *w)
{
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);
    if (!f)
        return -1;
    w->revision = next_revision(j->now.revision);
    fputs(
        "# What members' phones say is to be done now. To change it: sudo porchlight words set\n\n",
        f);
    host_words_write(f, w, NULL);
    struct etc_transaction *t = fclose(f) == 0 ? etc_transaction_begin(j->cli->prefix) : NULL;
    int rc = t && etc_transaction_put_text(t, "words.conf", text, 0644) == 0 &&
                     papers_cards(t, &j->config, w) == 0 && etc_transaction_commit(t) == 0
                 ? 0
                 : -1;
    etc_transaction_free(t);
    free(text);
    return rc;
}

static int words_apply(const struct words_job *j, struct host_words *w, const char *done)
{
    if (words_write(j, w) != 0)
        return CLI_FAILED;
    if (j->cli->json)
        print_json_texts("done", done, NULL, NULL);
    else
        print_say("%s Phones that are connected have them within 10 seconds, the others as soon as "
                  "they connect. The cards in " PATH_ETC "/papers have them too: print them again.",
                  done);
    return CLI_OK;
}

/* --- show ------------------------------------------------------------------------------------ */

static void words_show_json(const struct words_job *j)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddNumberToObject(o, "revision", (double)j->now.revision);
    cJSON_AddStringToObject(o, "link", j->now.link);
    cJSON *all = cJSON_AddObjectToObject(o, "languages");
    for (size_t i = 0; i < HOST_WORDS_LANGUAGES; i++) {
        cJSON *one = cJSON_AddObjectToObject(all, host_words_languages[i]);
        for (size_t k = 0; k < HOST_WORDS_LINES; k++)
            if (j->now.languages[i].lines[k][0])
                cJSON_AddStringToObject(one, host_words_keys[k], j->now.languages[i].lines[k]);
    }
    print_json(o);
    cJSON_Delete(o);
}

static int words_show(const struct words_job *j)
{
    if (j->cli->json) {
        words_show_json(j);
        return CLI_OK;
    }
    puts("# What members' phones say is to be done now. A line with # is Porchlight's own: remove "
         "the "
         "#,\n# and write yours. Then: sudo porchlight words set FILE\n");
    host_words_write(stdout, &j->now, &j->standard);
    return CLI_OK;
}

/* --- check ----------------------------------------------------------------------------------- */

static void words_count(const struct words_job *j, const struct host_words *w)
{
    for (size_t i = 0; i < HOST_WORDS_LANGUAGES; i++) {
        size_t own = host_words_count(w, i) - (w->languages[i].lines[HOST_WORDS_LINES - 1][0] != 0);
        if (is_spoken(j, host_words_languages[i]) || own > 0)
            print_say("%s: %zu of %d lines are yours; the others are Porchlight's.",
                      host_words_languages[i], own, HOST_WORDS_LINES - 1);
        if (w->link[0] && !w->languages[i].lines[HOST_WORDS_LINES - 1][0] &&
            is_spoken(j, host_words_languages[i]))
            print_say("%s: no line says who answers at %s; write contact = ... in [%s].",
                      host_words_languages[i], w->link, host_words_languages[i]);
    }
    if (!w->link[0])
        puts("link: none. Phones show no contact.");
}

static int words_check(const struct words_job *j, const char *file)
{
    struct host_words *w = calloc(1, sizeof *w);
    cJSON *complaints = j->cli->json ? cJSON_CreateArray() : NULL;
    bool none = !file && access(j->path, F_OK) != 0;
    bool ok =
        w && (none || host_words_load(file ? file : j->path, w, words_complain, complaints) == 0);
    if (j->cli->json) {
        cJSON *reply = cJSON_CreateObject();
        cJSON_AddBoolToObject(reply, "ok", ok);
        cJSON_AddStringToObject(reply, "file", file ? file : j->path);
        cJSON_AddItemToObject(reply, "complaints", complaints);
        print_json(reply);
        cJSON_Delete(reply);
    } else if (ok) {
        print_say("%s: %s", file ? file : j->path,
                  none ? "not there; phones show Porchlight's own lines." : "in order.");
        words_count(j, w);
    }
    free(w);
    return ok ? CLI_OK : CLI_FAILED;
}

/* --- set ------------------------------------------------------------------------------------- */

static int words_set_file(const struct words_job *j, const char *file)
{
    struct host_words *w = calloc(1, sizeof *w);
    int code = CLI_FAILED;
    if (!w || host_words_load(file, w, words_complain, NULL) != 0)
        log_error("Nothing was changed: fix what is named above, and try again.");
    else if (!host_words_any(w))
        log_error(
            "Nothing was changed: %s has no line that is not a comment. Remove the # in front "
            "of a line, and write yours; porchlight words reset takes all of yours back.",
            file);
    else
        code = words_apply(j, w, "The lines are set.");
    free(w);
    return code;
}

/* One line of the terminal without its end; false: there are no more. */
static bool words_line_typed(char **line, size_t *room)
{
    ssize_t len = getline(line, room, stdin);
    if (len < 0)
        return false;
    (*line)[strcspn(*line, "\r\n")] = '\0';
    return true;
}

/* Enter keeps, - removes, anything else replaces. False: the host left. */
static bool words_line_ask(const char *language, const char *question, const char *standard,
                           char *text, size_t size, const char *(*wrong)(const char *))
{
    char *line = NULL;
    size_t room = 0;
    bool got;
    const char *why = NULL;
    do {
        if (why)
            print_say("That was not taken: %s.", why);
        print_say("\n%s%s%s. Now: %s", language, language[0] ? ": " : "", question,
                  text[0]       ? text
                  : standard[0] ? standard
                                : "none");
        printf("> ");
        fflush(stdout);
        got = words_line_typed(&line, &room);
        why = got && line[0] && strcmp(line, "-") != 0 ? wrong(line) : NULL;
    } while (why);
    if (got && line[0])
        snprintf(text, size, "%s", strcmp(line, "-") == 0 ? "" : line);
    free(line);
    return got;
}

static bool words_language_ask(const struct words_job *j, struct host_words *w, size_t i)
{
    for (size_t k = 0; k < HOST_WORDS_LINES; k++)
        if (!words_line_ask(host_words_languages[i], questions[k],
                            j->standard.languages[i].lines[k], w->languages[i].lines[k],
                            HOST_WORDS_TEXT, host_words_line_wrong))
            return false;
    return true;
}

static int words_set_asked(const struct words_job *j)
{
    struct host_words *w = malloc(sizeof *w);
    if (!w)
        return CLI_FAILED;
    *w = j->now;
    print_say(
        "What is to be done now, one line at a time. Press Enter to keep a line, type another "
        "one, or type - to take yours back. To leave without a change: Ctrl-C.");
    bool got = words_line_ask("", "The contact's link, tel: or https:", "", w->link, sizeof w->link,
                              host_words_link_wrong);
    for (size_t i = 0; i < HOST_WORDS_LANGUAGES && got; i++)
        if (is_spoken(j, host_words_languages[i]))
            got = words_language_ask(j, w, i);
    int code = CLI_FAILED;
    if (got)
        code = words_apply(j, w, "The lines are set.");
    else
        log_error("Nothing was changed: the input ended before all was asked.");
    free(w);
    return code;
}

static int words_reset(const struct words_job *j)
{
    struct host_words *w = calloc(1, sizeof *w);
    int code = CLI_FAILED;
    if (w && j->now.revision == 0) {
        print_say("Nothing was changed: phones show Porchlight's own lines already.");
        code = CLI_OK;
    } else if (w) {
        code = words_apply(j, w, "The lines are Porchlight's own again.");
    }
    free(w);
    return code;
}

static int words_change(const struct words_job *j, bool reset, const char *file)
{
    if (!may_change(j))
        return j->cli->prefix[0] == '\0' && geteuid() != 0 ? CLI_DENIED : CLI_FAILED;
    if (reset)
        return words_reset(j);
    return file ? words_set_file(j, file) : words_set_asked(j);
}

/* --- the command ----------------------------------------------------------------------------- */

static int words_run(const struct cli *cli, void *own, char **words)
{
    const char *what = words[0] ? words[0] : "show";
    bool set = strcmp(what, "set") == 0, reset = strcmp(what, "reset") == 0;
    bool check = strcmp(what, "check") == 0, show = strcmp(what, "show") == 0;
    const char *file = words[0] ? words[1] : NULL;
    (void)own;
    if (!(set || check || (!file && (show || reset))))
        return cli_misuse(&cli_words, "expected show, set, check or reset");
    struct words_job *j = words_begin(cli, set || reset || check);
    if (!j)
        return CLI_FAILED;
    int code = show ? words_show(j) : check ? words_check(j, file) : words_change(j, reset, file);
    free(j);
    return code;
}

static const struct cli_option words_options[] = {
    OPTION_WORD("show", "print them as a file, with Porchlight's own lines as comments (default)"),
    OPTION_WORD("set", "take them from FILE; without FILE, ask for each line"),
    OPTION_WORD("check", "list everything that is wrong with FILE, or with what is set"),
    OPTION_WORD("reset", "take yours back: phones show Porchlight's own"),
    {0},
};

const struct cli_command cli_words = {
    .name = "words",
    .arguments = "[show | set [FILE] | check [FILE] | reset]",
    .summary = "what members' phones and cards say is to be done now, in your own words",
    .options = words_options,
    .words_max = 2,
    .json = true,
    .run = words_run,
};
