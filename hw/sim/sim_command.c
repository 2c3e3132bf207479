#include "hw/sim/sim_command.h"

#include "hw/sim/sim_line.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS_MAX = 6, EDGES_MAX = 1000 };

struct command {
    struct sim_lines *lines;
    struct sim_line *line; /* that NAME means; NULL where the command has none */
    char *words[WORDS_MAX];
    int count;
    int64_t now;
    char *reply;
};

struct rule {
    const char *verb;
    int words_min, words_max;
    bool of_line; /* the second word names a line that is open */
    void (*run)(struct command *c);
    const char *usage;
};

__attribute__((format(printf, 2, 3))) static void answer(struct command *c, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(c->reply, SIM_REPLY_MAX, format, args);
    va_end(args);
}

static bool parse_number(const char *word, int64_t most, int64_t *number)
{
    char *end;
    if (word[0] < '0' || word[0] > '9')
        return false;
    *number = strtoll(word, &end, 10);
    return *end == '\0' && *number <= most;
}

static bool is_input(struct command *c)
{
    if (c->line->line.direction == LINE_INPUT)
        return true;
    answer(c, "error: %s is an output: the program drives it", c->line->name);
    return false;
}

static void run_set(struct command *c)
{
    int64_t active, at = c->now;
    if (!is_input(c))
        return;
    if (!parse_number(c->words[2], 1, &active)) {
        answer(c, "error: a level is 0 or 1, not %s", c->words[2]);
        return;
    }
    if (c->count == 4 && (!parse_number(c->words[3], c->now, &at) || at < c->line->last_at)) {
        answer(c, "error: the time must be between the last edge (%lld) and now (%lld)",
               (long long)c->line->last_at, (long long)c->now);
        return;
    }
    if (c->line->active != (active == 1))
        sim_line_edge(c->line, active == 1, at, false);
}

static void run_pulses(struct command *c)
{
    int64_t n, from, on, off;
    if (!is_input(c))
        return;
    if (c->line->active) {
        answer(c, "error: %s is active already", c->line->name);
        return;
    }
    if (!parse_number(c->words[2], EDGES_MAX / 2, &n) || n < 1 ||
        !parse_number(c->words[3], c->now, &from) || !parse_number(c->words[4], c->now, &on) ||
        !parse_number(c->words[5], c->now, &off) || from < c->line->last_at ||
        on > (c->now - from) / n || off > (c->now - from - n * on) / n) {
        answer(c, "error: pulses must be between the last edge (%lld) and now (%lld)",
               (long long)c->line->last_at, (long long)c->now);
        return;
    }
    for (int64_t at = from; n-- > 0; at += on + off) {
        sim_line_edge(c->line, true, at, false);
        sim_line_edge(c->line, false, at + on, false);
    }
}

static void run_edges(struct command *c, bool lost)
{
    int64_t n;
    if (!is_input(c))
        return;
    if (!parse_number(c->words[2], EDGES_MAX, &n) || n < 1) {
        answer(c, "error: the number of edges is 1 to %d, not %s", EDGES_MAX, c->words[2]);
        return;
    }
    while (n-- > 0)
        sim_line_edge(c->line, !c->line->active, c->now, lost);
}

static void run_chatter(struct command *c)
{
    run_edges(c, false);
}

static void run_lose(struct command *c)
{
    run_edges(c, true);
}

static void run_get(struct command *c)
{
    answer(c, "ok %d", c->line->active);
}

static void run_gone(struct command *c)
{
    sim_line_gone(c->line);
}

static void run_busy(struct command *c)
{
    char(*free_slot)[LINE_SIM_NAME_MAX + 1] = NULL;
    for (size_t i = 0; i < SIM_BUSY_MAX; i++)
        if (!c->lines->busy[i][0])
            free_slot = &c->lines->busy[i];
    if (!free_slot || strlen(c->words[1]) > LINE_SIM_NAME_MAX)
        answer(c, "error: at most %d names of at most %d characters can be busy", SIM_BUSY_MAX,
               LINE_SIM_NAME_MAX);
    else if (!sim_lines_is_busy(c->lines, c->words[1]))
        snprintf(*free_slot, sizeof *free_slot, "%s", c->words[1]);
}

static void run_free(struct command *c)
{
    for (size_t i = 0; i < SIM_BUSY_MAX; i++)
        if (strcmp(c->lines->busy[i], c->words[1]) == 0)
            c->lines->busy[i][0] = '\0';
}

static void run_history(struct command *c)
{
    size_t used = strlen(c->reply), changes = c->line->changes;
    for (size_t i = changes > SIM_HISTORY ? changes - SIM_HISTORY : 0; i < changes; i++) {
        const struct sim_change *h = &c->line->history[i % SIM_HISTORY];
        used += (size_t)snprintf(c->reply + used, SIM_REPLY_MAX - used, " %d@%lld", h->active,
                                 (long long)h->at);
    }
}

static void run_list(struct command *c)
{
    size_t used = strlen(c->reply);
    for (const struct sim_line *s = c->lines->first; s && used < SIM_REPLY_MAX; s = s->next)
        used += (size_t)snprintf(c->reply + used, SIM_REPLY_MAX - used, " %s:%s:%d", s->name,
                                 s->line.direction == LINE_INPUT ? "in" : "out", s->active);
}

static const struct rule rules[] = {
    {"set", 3, 4, true, run_set, "set NAME 0|1 [NS]"},
    {"pulses", 6, 6, true, run_pulses, "pulses NAME N FROM ON OFF"},
    {"get", 2, 2, true, run_get, "get NAME"},
    {"chatter", 3, 3, true, run_chatter, "chatter NAME N"},
    {"lose", 3, 3, true, run_lose, "lose NAME N"},
    {"gone", 2, 2, true, run_gone, "gone NAME"},
    {"busy", 2, 2, false, run_busy, "busy NAME"},
    {"free", 2, 2, false, run_free, "free NAME"},
    {"history", 2, 2, true, run_history, "history NAME"},
    {"list", 1, 1, false, run_list, "list"},
};

static const struct rule *find_rule(const char *verb)
{
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (strcmp(rules[i].verb, verb) == 0)
            return &rules[i];
    return NULL;
}

/* Cuts the packet into words, in place. Their number; 0 if that is not what it is made of. */
static int split(char *text, size_t len, char *words[WORDS_MAX])
{
    int n = 0;
    if (strlen(text) != len)
        return 0;
    for (char *word; (word = strsep(&text, " "));) {
        if (n == WORDS_MAX || !*word)
            return 0;
        for (const char *c = word; *c; c++)
            if (*c <= ' ' || *c > '~')
                return 0;
        words[n++] = word;
    }
    return n;
}

void sim_command(struct sim_lines *lines, const char *packet, size_t len, int64_t now,
                 char reply[SIM_REPLY_MAX])
{
    char text[SIM_COMMAND_MAX + 1];
    struct command c = {.lines = lines, .now = now, .reply = reply};
    memcpy(text, packet, len);
    text[len] = '\0';
    c.count = split(text, len, c.words);
    if (c.count == 0) {
        answer(&c, "error: expected one to %d words with one space between them", WORDS_MAX);
        return;
    }
    const struct rule *r = find_rule(c.words[0]);
    if (!r) {
        answer(&c, "error: no command is called %s; hw/sim/sim_command.h lists them", c.words[0]);
        return;
    }
    if (c.count < r->words_min || c.count > r->words_max) {
        answer(&c, "error: expected %s", r->usage);
        return;
    }
    if (r->of_line && !(c.line = sim_lines_find(lines, c.words[1]))) {
        answer(&c, "error: no simulated line in use is called %s; list shows all", c.words[1]);
        return;
    }
    answer(&c, "ok");
    r->run(&c);
}
