#include "kiosk/cli/setup/setup.h"
#include "kiosk/cli/setup/setup_terminal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The ten questions, in order. What an earlier answer makes needless is left out. */
static const enum answer order[] = {
    ANSWER_SWITCH,          ANSWER_DOOR,   ANSWER_CODE, ANSWER_BROKER, ANSWER_HOST, ANSWER_OUTSIDE,
    ANSWER_OUTSIDE_ACCOUNT, ANSWER_LIGHTS, ANSWER_ROOT,
};
enum { ORDER = sizeof order / sizeof order[0] };

static bool is_needed(const struct setup *s, enum answer which)
{
    const struct answers *a = &s->now;

    switch (which) {
    case ANSWER_HOST:
        return answers_broker_here(a);
    case ANSWER_OUTSIDE:
    case ANSWER_OUTSIDE_ACCOUNT:
        return answers_broker_outside(a);
    case ANSWER_ROOT:
        return s->first && answer_number(a, ANSWER_KIOSK) == 1;
    default:
        return true;
    }
}

static bool is_hidden(const struct setup *s, enum answer which)
{
    return which == ANSWER_CODE && !s->first && !s->now.given[ANSWER_CODE];
}

/* NULL, or why what stands there will not do, as far as it can be told now. */
static const char *why_not(const struct setup *s, enum answer which)
{
    const char *v = s->now.value[which];
    if (which == ANSWER_SWITCH && strcmp(v, "none") == 0)
        return "A kiosk without a switch raises no alarm.";
    if (which == ANSWER_OUTSIDE && (v[0] == '\0' || strcmp(v, "none") == 0))
        return "A broker elsewhere has a name: expected HOST or HOST:PORT.";
    if (which == ANSWER_OUTSIDE_ACCOUNT && v[0] == '/' && access(v, R_OK) < 0)
        return "There is no such file, or it may not be read.";
    if (which == ANSWER_BROKER)
        return setup_why_not_here(s);
    return which == ANSWER_ROOT && v[0] == '/' ? setup_root_why_not(s) : NULL;
}

static int setup_ask_ask(struct setup *s, int number, enum answer which)
{
    const struct answer_rule *r = &answer_rules[which];
    char text[ANSWER_MAX + 2];

    printf("\n%d. %s\n", number, r->question);
    terminal_say(r->because);
    for (;;) {
        printf("   [%s] ", is_hidden(s, which) ? "as it is" : s->now.value[which]);
        if (terminal_line(text, sizeof text) < 0)
            return -1;
        bool good = text[0] == '\0' || answers_set(&s->now, which, text);
        if (!good)
            printf("   That was \"%s\"; expected %s.\n", text, r->expected);
        const char *why = good ? why_not(s, which) : NULL;
        if (why)
            terminal_say(why);
        if (good && !why)
            return 0;
    }
}

static int show_wiring(const struct setup *s)
{
    setup_drawing(&s->now);
    return setup_look(&s->now, s->prefix, 60);
}

/* What was answered, to be looked over; the number of a question that is to be asked again, 0 when
 * all is well, or -1. */
static int look_over(const struct setup *s, const enum answer asked[ORDER], int count)
{
    char text[16], *end;
    puts("\nThese are your answers:");
    for (int i = 0; i < count; i++)
        printf("   %d. %-16s %s\n", i + 1, answer_rules[asked[i]].key,
               is_hidden(s, asked[i]) ? "as it is" : s->now.value[asked[i]]);
    for (;;) {
        printf("Enter makes it so; a number asks that one again: ");
        if (terminal_line(text, sizeof text) < 0)
            return -1;
        long n = strtol(text, &end, 10);
        if (*end == '\0' && n >= (text[0] != '\0') && n <= count)
            return (int)n;
        printf("That was \"%s\"; expected 1 to %d, or Enter.\n", text, count);
    }
}

/* Asks for what is needed and was neither given nor asked yet; `asked` is what was, in order. */
static int ask_needed(struct setup *s, enum answer asked[ORDER], int *count)
{
    enum answer before[ORDER];
    int had = *count;

    memcpy(before, asked, sizeof before);
    *count = 0;
    for (int i = 0; i < ORDER; i++) {
        bool known = false;
        for (int j = 0; j < had; j++)
            known |= before[j] == order[i];
        if (!is_needed(s, order[i]) || (s->now.given[order[i]] && !known))
            continue;
        asked[(*count)++] = order[i];
        if (known)
            continue;
        if (setup_ask_ask(s, *count, order[i]) < 0 ||
            (order[i] == ANSWER_DOOR && show_wiring(s) < 0))
            return -1;
    }
    return 0;
}

int setup_ask(struct setup *s)
{
    enum answer asked[ORDER];
    int count = 0, again;

    puts("Porchlight's set-up. Enter takes what stands in brackets; Ctrl-C changes nothing.");
    for (;;) {
        if (ask_needed(s, asked, &count) < 0 || (again = look_over(s, asked, count)) < 0)
            return -1;
        if (again == 0)
            return 0;
        enum answer which = asked[again - 1];
        if (setup_ask_ask(s, again, which) < 0)
            return -1;
        if ((which == ANSWER_SWITCH || which == ANSWER_DOOR) && show_wiring(s) < 0)
            return -1;
    }
}
