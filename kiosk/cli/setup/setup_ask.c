#include "kiosk/cli/setup/setup.h"

#include <stdio.h>
#include <string.h>

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

static int ask(struct setup *s, int number, enum answer which)
{
    const struct answer_rule *r = &answer_rules[which];
    char text[ANSWER_MAX + 2];
    bool hidden = which == ANSWER_CODE && !s->first;

    printf("\n%d. %s\n   %s\n", number, r->question, r->because);
    for (;;) {
        printf("   [%s] ", hidden ? "as it is" : s->now.value[which]);
        fflush(stdout);
        if (!fgets(text, sizeof text, stdin))
            return -1;
        text[strcspn(text, "\n")] = '\0';
        if (!text[0])
            return 0;
        if (answers_set(&s->now, which, text))
            return 0;
        printf("   That was \"%s\"; expected %s.\n", text, r->expected);
    }
}

int setup_ask(struct setup *s)
{
    int number = 1;

    puts("Porchlight's set-up. Enter takes what stands in brackets; Ctrl-C changes nothing.");
    for (int i = 0; i < ORDER; i++) {
        if (s->now.given[order[i]] || !is_needed(s, order[i]))
            continue;
        if (ask(s, number++, order[i]) < 0)
            return -1;
        if (order[i] == ANSWER_DOOR) {
            setup_drawing(&s->now);
            setup_look(&s->now, s->prefix, 60);
        }
    }
    return 0;
}
