#include "kiosk/cli/cli.h"
#include "kiosk/cli/print.h"
#include "kiosk/cli/suggest.h"
#include "kiosk/common/log.h"
#include "kiosk/common/wrap.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

/* clang-format off */
static const struct cli_command *const commands[] = {
    &cli_all_clear,
    &cli_backup,
    &cli_book,
    &cli_check,
    &cli_command,
    &cli_console,
    &cli_doctor,
    &cli_drill,
    &cli_idle,
    &cli_invite,
    &cli_keygen,
    &cli_keys,
    &cli_listen,
    &cli_logs,
    &cli_outside,
    &cli_phones,
    &cli_registrar,
    &cli_relay,
    &cli_restore,
    &cli_retire,
    &cli_revoke,
    &cli_rights,
    &cli_root,
    &cli_rotate,
    &cli_seal,
    &cli_setup,
    &cli_sim,
    &cli_status,
    &cli_unseal,
    &cli_vault,
    &cli_wipe,
    &cli_words,
};
/* clang-format on */
enum { COMMANDS = sizeof commands / sizeof commands[0] };

static void main_help(FILE *out)
{
    fprintf(out, "Usage: porchlight SUBCOMMAND [ARGUMENTS]\n\n");
    for (size_t i = 0; i < COMMANDS; i++) {
        fprintf(out, "  %-12s ", commands[i]->name);
        wrap_text(out, WRAP_COLUMNS, 15, 15, commands[i]->summary);
    }
    putc('\n', out);
    options_print(out, cli_common_options);
    fputs("\nMore about one of them: porchlight SUBCOMMAND --help\n", out);
}

static const struct cli_command *command_named(const char *name)
{
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

static int unknown_command(const char *typed)
{
    const char *best = NULL;
    for (size_t i = 0; i < COMMANDS; i++)
        if (suggest_is_near(typed, commands[i]->name) &&
            (!best || suggest_distance(typed, commands[i]->name) < suggest_distance(typed, best)))
            best = commands[i]->name;
    if (best)
        log_error("There is no subcommand \"%s\". Did you mean: porchlight %s", typed, best);
    else
        log_error("There is no subcommand \"%s\". To list them: porchlight --help", typed);
    return CLI_USAGE;
}

int main(int argc, char **argv)
{
    struct cli_asked asked = {.cli.prefix = ""};
    const struct option_set sets[] = {{cli_common_options, &asked}, {NULL, NULL}};
    char wrong[OPTION_WRONG], title[64];

    log_init("porchlight", LOG_LEVEL_INFO);
    log_write_by(print_problem);
    opterr = 0;
    if (options_read(sets, true, argc, argv, wrong) < 0) {
        log_error("%s. To see all options: porchlight --help", wrong);
        return CLI_USAGE;
    }
    if (asked.version)
        return cli_version();
    argc -= optind;
    argv += optind;
    if (argc == 0) {
        main_help(asked.help ? stdout : stderr);
        return asked.help ? CLI_OK : CLI_USAGE;
    }
    const struct cli_command *command = command_named(argv[0]);
    if (!command)
        return unknown_command(argv[0]);
    snprintf(title, sizeof title, "porchlight %s", command->name);
    log_init(title, LOG_LEVEL_INFO);
    return cli_call(command, &asked, argc, argv);
}
