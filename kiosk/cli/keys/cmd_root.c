#include "kiosk/cli/keys/keyset.h"
#include "kiosk/cli/keys/root_command.h"
#include "kiosk/common/topics.h"

#include <string.h>

struct root_words {
    struct root_command_options options;
};

static int root_accounts_check(char **words)
{
    if (!words[0])
        return cli_misuse(&cli_root, "revoke needs the accounts to revoke, 16 hex digits each. To "
                                     "list them: sudo porchlight phones --ids");
    for (char **w = words; *w; w++)
        if (!topic_is_id(*w))
            return cli_misuse(&cli_root, "\"%s\" is not an account: expected 16 hex digits", *w);
    return CLI_OK;
}

static int root_run(const struct cli *cli, void *own, char **words)
{
    static const struct {
        const char *word;
        enum root_verb verb;
    } verbs[] = {
        {"show", ROOT_SHOW}, {"end", ROOT_END}, {"revoke", ROOT_REVOKE}, {"retire", ROOT_RETIRE}};
    const struct root_words *r = own;
    if (strcmp(words[0], "paper") == 0 && !words[1])
        return root_command_paper(cli);
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        if (strcmp(words[0], verbs[i].word) != 0)
            continue;
        bool revokes = verbs[i].verb == ROOT_REVOKE;
        if (revokes && root_accounts_check(words + 1) != CLI_OK)
            return CLI_USAGE;
        if (!revokes && words[1])
            return cli_misuse(&cli_root, "%s takes no \"%s\"", words[0], words[1]);
        return root_command_run(cli, &cli_root, &r->options, verbs[i].verb,
                                revokes ? words + 1 : NULL);
    }
    return cli_misuse(&cli_root, "\"%s\" is none of show, end, revoke, retire and paper", words[0]);
}

static const struct cli_option root_options[] = {
    OPTION_WORD("show", "what the root key has said of this kiosk, and whether an alert is active"),
    OPTION_WORD("end", "end the alert, without a staff phone or the kiosk"),
    OPTION_WORD("revoke ACCOUNT...", "shut staff phones out permanently"),
    OPTION_WORD("retire", "disown the kiosk permanently, as porchlight retire does"),
    OPTION_WORD("paper", "print the lines of keep.html that another machine needs for these"),
    ROOT_COMMAND_OPTIONS(struct root_words),
    {0},
};

const struct cli_command cli_root = {
    .name = "root",
    .arguments = "show|end|revoke|retire|paper [--root FILE] [--paper FILE]",
    .summary = "use the venue's root key: end an alert, shut out staff phones or a kiosk",
    .options = root_options,
    .size = sizeof(struct root_words),
    .words_min = 1,
    .words_max = 17,
    .json = true,
    .run = root_run,
};
