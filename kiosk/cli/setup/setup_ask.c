#include "kiosk/cli/print.h"
#include "kiosk/cli/setup/setup.h"
#include "kiosk/cli/setup/setup_terminal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Questions that an earlier answer makes needless are left out. */
static bool is_needed(const struct setup *s, enum answer which)
{
    const struct answers *a = &s->now;

    switch (which) {
    case ANSWER_HOST:
        return answers_broker_here(a);
    case ANSWER_OUTSIDE:
    case ANSWER_OUTSIDE_ACCOUNT:
        return answers_broker_outside(a);
    case ANSWER_WAYS:
        return answers_broker_outside(a) && answer_is(a, ANSWER_OUTSIDE_ACCOUNT, "make") &&
               setup_has_two_interfaces(s);
    case ANSWER_PAGE: /* one that a host wrote into the config by hand is not asked for */
        return answers_broker_outside(a) &&
               (s->first || !answers_broker_outside(&s->before) || setup_page_is_named(&s->before));
    case ANSWER_CITY:
    case ANSWER_LANGUAGES:
        return answer_is(a, ANSWER_SCREEN, "yes");
    case ANSWER_ROOT:
        return s->first && answer_number(a, ANSWER_KIOSK) == 1;
    default:
        return answer_rules[which].question;
    }
}

static bool is_hidden(const struct setup *s, enum answer which)
{
    return which == ANSWER_CODE && !s->first && !s->now.given[ANSWER_CODE];
}

/* Without the folder of installed ones, in a build's own, nobody can say. */
static bool has_language(const struct setup *s, const char *code, int len)
{
    char installed[PATH_LEN], path[PATH_LEN], own[64];
    snprintf(own, sizeof own, "languages/%.*s.conf", len, code);
    if (etc_transaction_has(s->stage, own) || path_installed("languages", installed) != 0 ||
        access(installed, F_OK) != 0)
        return true;
    int n = snprintf(path, sizeof path, "%s/%.*s.conf", installed, len, code);
    return n < (int)sizeof path && access(path, R_OK) == 0;
}

/* The screen's words in a language are a file, which the package brings or the host adds. */
static const char *language_is_missing(const struct setup *s, const char *codes,
                                       char why[SETUP_WHY_MAX])
{
    for (const char *at = codes; *at; at += strcspn(at, ", "), at += strspn(at, ", ")) {
        int len = (int)strcspn(at, ", ");
        len = len < 16 ? len : 16;
        if (has_language(s, at, len))
            continue;
        snprintf(why, SETUP_WHY_MAX,
                 "The screen cannot speak %.*s: there is no file of its words. Leave it out, or "
                 "make " PATH_LANGUAGES "/%.*s.conf first; en.conf in "
                 "/usr/share/porchlight/languages shows how.",
                 len, at, len, at);
        return why;
    }
    return NULL;
}

/* NULL, or why the answer cannot be used, as far as that can be seen now. */
static const char *why_refused(const struct setup *s, enum answer which, char why[SETUP_WHY_MAX])
{
    const char *v = s->now.value[which];
    bool is_line = which == ANSWER_SWITCH || which == ANSWER_OTHER_CONTACT || which == ANSWER_DOOR;
    if (which == ANSWER_SWITCH && answers_why_no_switch(&s->now))
        return answers_why_no_switch(&s->now);
    if (is_line && (setup_is_pin_number(v, why) || setup_line_is_refused(s, v, why)))
        return why;
    if (which == ANSWER_OUTSIDE && (v[0] == '\0' || strcmp(v, "none") == 0))
        return "Type the broker's host name, such as mqtt.example.org.";
    if (which == ANSWER_PAGE && !setup_page_is_named(&s->now))
        return "Type the name of the server that shows the page, such as kettle.example.org.";
    if (which == ANSWER_OUTSIDE_ACCOUNT && v[0] == '/' && access(v, R_OK) < 0)
        return "There is no such file, or it cannot be read. Type the path of another, or make.";
    if (which == ANSWER_LANGUAGES)
        return language_is_missing(s, v, why);
    if (which == ANSWER_BROKER)
        return setup_why_not_here(s);
    return which == ANSWER_ROOT && v[0] == '/' ? setup_root_why_not(s) : NULL;
}

enum { INDENT = 3, BUTTON_WAIT = 60 };

/* Whether what was typed becomes the answer; "": what is offered. Says why not. */
static bool answer_is_taken(struct setup *s, enum answer which, const char *text)
{
    char told[SETUP_WHY_MAX];
    const struct answers before = s->now;

    if (text[0] && !answers_set(&s->now, which, text)) {
        print_item(PRINT_PLAIN, "", INDENT, "You typed \"%s\". Expected %s.", text,
                   answer_rules[which].expected);
        return false;
    }
    const char *why = why_refused(s, which, told);
    if (!why)
        return true;
    print_item(PRINT_PLAIN, "", INDENT, "%s", why);
    if (text[0])
        s->now = before; /* what was refused is not offered */
    return false;
}

static int ask_question(struct setup *s, int number, enum answer which)
{
    const struct answer_rule *r = &answer_rules[which];
    char text[ANSWER_MAX + 2];

    if (which == ANSWER_PAGE)
        setup_page_offer(&s->now);
    print_say("\n%d. %s", number, r->question);
    print_item(PRINT_PLAIN, "", INDENT, "%s", r->because);
    for (;;) {
        printf("   [%s] ", is_hidden(s, which) ? "unchanged" : s->now.value[which]);
        if (terminal_line(text, sizeof text) < 0)
            return -1;
        if (which == ANSWER_SWITCH && strcmp(text, "button") == 0) {
            int found = setup_look_button(s->prefix, BUTTON_WAIT, text);
            if (found < 0)
                return -1;
            if (found > 0)
                continue;
        }
        if (answer_is_taken(s, which, text)) {
            s->now.given[which] |= which == ANSWER_CITY || which == ANSWER_LANGUAGES;
            return 0;
        }
    }
}

/* Whether they are other ones than those that were drawn above the first question. */
static bool pins_are_new(const struct setup *s)
{
    return strcmp(s->now.value[ANSWER_SWITCH], s->before.value[ANSWER_SWITCH]) != 0 ||
           strcmp(s->now.value[ANSWER_DOOR], s->before.value[ANSWER_DOOR]) != 0;
}

static int show_wiring(const struct setup *s, bool draw)
{
    if (draw)
        setup_drawing(&s->now, s->prefix);
    return setup_look(&s->now, s->prefix, 60);
}

/* What an answer changes is shown and tried at once. -1: the host leaves. */
static int try_answer(const struct setup *s, enum answer which, bool asked_again)
{
    if (which == ANSWER_DOOR || (which == ANSWER_SWITCH && asked_again))
        return show_wiring(s, asked_again || pins_are_new(s));
    if (which == ANSWER_PAGE)
        setup_page_try(s);
    return 0;
}

/* Shows the answers. Gives the number of the question to ask again, 0 to apply them, or -1: the
 * host leaves. */
static int confirm_answers(const struct setup *s, const enum answer asked[ANSWERS], int count)
{
    char text[16], *end;
    puts("\nThese are your answers:");
    for (int i = 0; i < count; i++)
        printf("  %2d. %-16s %s\n", i + 1, answer_rules[asked[i]].key,
               is_hidden(s, asked[i]) ? "unchanged" : s->now.value[asked[i]]);
    for (;;) {
        printf("Press Enter to apply, or type a number to change that answer: ");
        if (terminal_line(text, sizeof text) < 0)
            return -1;
        long n = strtol(text, &end, 10);
        if (*end == '\0' && n >= (text[0] != '\0') && n <= count)
            return (int)n;
        print_say("You typed \"%s\". Expected 1 to %d, or Enter.", text, count);
    }
}

/* Asks what is needed and was neither given nor asked yet; `asked` is what was asked, in order. */
static int ask_needed(struct setup *s, enum answer asked[ANSWERS], int *count)
{
    enum answer before[ANSWERS];
    int had = *count;

    memcpy(before, asked, sizeof before);
    *count = 0;
    for (enum answer which = 0; which < ANSWERS; which++) {
        bool known = false;
        for (int j = 0; j < had; j++)
            known |= before[j] == which;
        if (!is_needed(s, which) || (s->now.given[which] && !known))
            continue;
        asked[(*count)++] = which;
        if (known)
            continue;
        if (ask_question(s, *count, which) < 0 || try_answer(s, which, false) < 0)
            return -1;
    }
    return 0;
}

int setup_ask(struct setup *s)
{
    enum answer asked[ANSWERS];
    int count = 0, again;

    print_say(
        "This sets up Porchlight on this Pi. Press Enter to accept the answer in [brackets], or "
        "type another. Nothing is changed until you apply the answers at the end. Ctrl-C "
        "leaves.");
    setup_drawing(&s->now, s->prefix);
    for (;;) {
        if (ask_needed(s, asked, &count) < 0 || (again = confirm_answers(s, asked, count)) < 0)
            return -1;
        if (again == 0)
            return 0;
        enum answer which = asked[again - 1];
        if (ask_question(s, again, which) < 0 || try_answer(s, which, true) < 0)
            return -1;
    }
}
