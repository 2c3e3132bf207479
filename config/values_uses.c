#include "config/keys.h"
#include "config/uses.h"
#include "config/values.h"

#include <stdio.h>
#include <string.h>

/* on = trouble: slow, help: three long. */

/* In the order of their enums. */
#define CONDITIONS "sensed|accepted|seen|safe|help|no-path|trouble|lockdown|all-clear"
#define PATTERNS   "one short|two short|three short|one long|two long|three long|slow|fast|steady"

static const enum config_pattern usual[CONFIG_USES_MAX] = {
    [CONFIG_SENSED] = CONFIG_ONE_SHORT,  [CONFIG_ACCEPTED] = CONFIG_TWO_SHORT,
    [CONFIG_SEEN] = CONFIG_ONE_SHORT,    [CONFIG_SAFE] = CONFIG_ONE_LONG,
    [CONFIG_HELP] = CONFIG_THREE_LONG,   [CONFIG_NO_PATH] = CONFIG_SLOW,
    [CONFIG_TROUBLE] = CONFIG_SLOW,      [CONFIG_LOCKDOWN] = CONFIG_STEADY,
    [CONFIG_ALL_CLEAR] = CONFIG_TWO_LONG};

static const char *word_at(const char *words, int i, int *len)
{
    for (; i > 0; i--)
        words += strcspn(words, "|") + 1;
    *len = (int)strcspn(words, "|");
    return words;
}

void config_use_write(const struct config_use *u, char *out, size_t size)
{
    int condition, pattern;
    const char *what = word_at(CONDITIONS, (int)u->condition, &condition);
    const char *how = word_at(PATTERNS, (int)u->pattern, &pattern);
    snprintf(out, size, "%.*s: %.*s", condition, what, pattern, how);
}

bool config_use_betrays(enum config_condition c)
{
    return c == CONFIG_SENSED || c == CONFIG_ACCEPTED || c == CONFIG_LOCKDOWN;
}

const char *config_output_kind_name(enum config_output_kind k)
{
    static const char *const names[] = {[CONFIG_MOTOR] = "motor",
                                        [CONFIG_LAMP] = "lamp",
                                        [CONFIG_SOUNDER] = "sounder",
                                        [CONFIG_RELAY] = "relay"};
    return names[k];
}

/* "help: three long", or "help". */
static bool read_use(char *part, struct config_use *u)
{
    char *how = strchr(part, ':');
    if (how) {
        *how++ = '\0';
        how += strspn(how, " \t");
        part[strcspn(part, " \t")] = '\0';
    }
    int condition = values_choice(CONDITIONS, part);
    if (condition < 0)
        return false;
    u->condition = (enum config_condition)condition;
    int pattern = how ? values_choice(PATTERNS, how) : (int)usual[condition];
    u->pattern = (enum config_pattern)pattern;
    return pattern >= 0;
}

static bool set_uses(const struct key *k, const char *text, void *base, const char **hint)
{
    struct config_use uses[CONFIG_USES_MAX] = {0};
    char part[64];
    size_t count = 0;
    *hint = "the patterns are one, two or three short or long, slow, fast and steady";
    if (values_ends_in_comma(text))
        return false;
    while ((text = values_next_part(text, part, sizeof part))) {
        struct config_use u;
        if (!read_use(part, &u))
            return false;
        for (size_t i = 0; i < count; i++) {
            if (uses[i].condition == u.condition) {
                *hint = "one of them is there twice";
                return false;
            }
        }
        uses[count++] = u;
    }
    memcpy((char *)base + k->offset, uses, sizeof uses);
    memcpy((char *)base + k->also, &count, sizeof count);
    return count > 0;
}

static void expect_uses(const struct key *k, char *out, size_t size)
{
    (void)k;
    snprintf(out, size,
             "what it shows and how, such as \"trouble: slow, help: three long\"; it can show "
             "sensed, accepted, seen, safe, help, no-path, trouble, lockdown and all-clear");
}

const struct value_type value_uses = {set_uses, expect_uses, false};
