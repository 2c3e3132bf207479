#include "kiosk/cli/cli.h"

#include "kiosk/common/dynsec.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The role that a word names; 0: none. */
static unsigned role_of(const char *word)
{
    for (unsigned bit = ROLE_KIOSK; bit <= ROLE_ROOT; bit <<= 1)
        if (bit != ROLE_REGISTRAR && strcmp(word, dynsec_role_name((enum topic_role)bit)) == 0)
            return bit;
    return 0;
}

/* What fails where a kiosk or phone lacks a right to the topic; the first column of the handbook's
 * page on rights. Optional: alerts and their end do not need it. */
static const struct {
    const char *without;
    bool optional;
} rights_needs[TOPIC_COUNT] = {
    [TOPIC_ALERT] = {"no alert leaves this way", false},
    [TOPIC_NOTICE] = {"staff get no notices this way", false},
    [TOPIC_STAFF] = {"a staff phone that opens later does not see what staff alone may", false},
    [TOPIC_STATE] = {"a phone that opens later does not see an alert that is active", false},
    [TOPIC_PRESENCE] = {"phones see only by silence that the kiosk is gone", false},
    [TOPIC_BEAT] = {"phones take the kiosk for dead, or the kiosk does not notice a dead path",
                    false},
    [TOPIC_ACK] = {"answers of phones are not counted", false},
    [TOPIC_COMMAND] = {"staff phones cannot end a lockdown this way", false},
    [TOPIC_ENROL] = {"invited phones cannot join, and a new key does not reach phones", false},
    [TOPIC_RELAY] = {"the kiosk does not see whether a relay works", false},
    [TOPIC_PUSH] = {"phones cannot ask a relay to ring them", true},
    [TOPIC_WAKE] = {"relays do not learn which phone to ring", true},
    [TOPIC_ANSWER] = {"phones are not answered by the kiosk", false},
    [TOPIC_RING] = {"relays ring nobody", false},
    [TOPIC_ROOT] = {"what the root key says of a kiosk is not obeyed", false},
    [TOPIC_WORDS] = {"phones show Porchlight's lines of what to do, not the host's own", true},
    [TOPIC_REGISTRAR] = {"accounts cannot be made at this broker from the kiosk", true},
    [TOPIC_REGISTERED] = {"the kiosk does not learn what became of its requests", true},
};

/* The handbook's table: who needs what. */
static void rights_table(void)
{
    static const struct {
        enum topic_role role;
        const char *title;
    } roles[] = {{ROLE_KIOSK, "kiosk"},      {ROLE_MEMBER, "member"},
                 {ROLE_STAFF, "staff"},      {ROLE_NEWCOMER, "invitation"},
                 {ROLE_RELAY, "relay"},      {ROLE_REGISTRAR, "registrar"},
                 {ROLE_ROOT, "root account"}};
    enum { ROLES = sizeof roles / sizeof roles[0] };
    printf("| topic |");
    for (size_t r = 0; r < ROLES; r++)
        printf(" %s |", roles[r].title);
    printf(" without it |\n|---|");
    for (size_t r = 0; r < ROLES; r++)
        printf("---|");
    printf("---|\n");
    for (enum topic t = 0; t < TOPIC_COUNT; t++) {
        const struct topic_rule *rule = &topic_table[t];
        printf("| `%s%s`%s |", rule->name,
               t == TOPIC_WORDS    ? "/NUMBER"
               : rule->per_account ? "/ACCOUNT"
                                   : "",
               rule->retained ? ", retained" : "");
        for (size_t r = 0; r < ROLES; r++) {
            bool writes = rule->writes & roles[r].role, reads = rule->reads & roles[r].role;
            printf(" %s |", writes && reads ? "both" : writes ? "write" : reads ? "read" : "");
        }
        printf(" %s%s |\n", rights_needs[t].without, rights_needs[t].optional ? " (optional)" : "");
    }
}

static int rights_run(const struct cli *cli, void *own, char **words)
{
    char request[DYNSEC_MAX];
    int len;
    (void)cli;
    (void)own;
    if (!words[1] && strcmp(words[0], "table") == 0) {
        rights_table();
        return CLI_OK;
    }
    if (!words[1] && strcmp(words[0], "defaults") == 0) {
        len = dynsec_write(dynsec_defaults(), NULL, request, sizeof request);
    } else if (!words[1] && strcmp(words[0], "registrar") == 0) {
        len = dynsec_write(dynsec_registrar_role(), NULL, request, sizeof request);
    } else {
        unsigned role = words[1] && words[2] && words[3] ? role_of(words[0]) : 0;
        if (!role)
            return cli_misuse(&cli_rights, "expected a role, a venue, a kiosk and an account");
        len = dynsec_write(dynsec_role((enum topic_role)role, words[1], words[2], words[3]), NULL,
                           request, sizeof request);
    }
    if (len < 0)
        return cli_misuse(&cli_rights,
                          "venue, kiosk and account are 16 lower-case hex digits each");
    puts(request);
    return CLI_OK;
}

static const struct cli_option rights_options[] = {
    OPTION_WORD("defaults", "the request that refuses whatever no role allows"),
    OPTION_WORD("registrar", "the request that makes the role " DYNSEC_REGISTRAR),
    OPTION_WORD("table", "what each account needs, for a broker of another make (Markdown)"),
    OPTION_WORD("ROLE",
                "kiosk, member, staff, newcomer, relay or root: the request that makes the role "
                "ROLE-ACCOUNT; publish it on " DYNSEC_REQUEST),
    {0},
};

const struct cli_command cli_rights = {
    .name = "rights",
    .arguments = "defaults | registrar | table | ROLE VENUE KIOSK ACCOUNT",
    .summary = "print what an account may do at a broker, for mosquitto's dynamic security",
    .options = rights_options,
    .words_min = 1,
    .words_max = 4,
    .run = rights_run,
};
