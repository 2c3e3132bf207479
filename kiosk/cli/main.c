#include "kiosk/cli/cli.h"

#include "kiosk/common/log.h"
#include "kiosk/common/version.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

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
    &cli_invite,
    &cli_keygen,
    &cli_keys,
    &cli_listen,
    &cli_phones,
    &cli_relay,
    &cli_restore,
    &cli_retire,
    &cli_revoke,
    &cli_rights,
    &cli_rotate,
    &cli_seal,
    &cli_setup,
    &cli_sim,
    &cli_status,
    &cli_unseal,
    &cli_vault,
    &cli_wipe,
};
/* clang-format on */
enum { COMMANDS = sizeof commands / sizeof commands[0] };

static void help(FILE *out)
{
    fprintf(out, "Usage: porchlight SUBCOMMAND [ARGUMENTS]\n\n");
    for (size_t i = 0; i < COMMANDS; i++)
        fprintf(out, "  %-12s %s\n", commands[i]->name, commands[i]->summary);
    fprintf(out, "\n"
                 "  --prefix DIR     a kiosk whose files lie below DIR (make run, tests)\n"
                 "  --json           the answer as JSON, where a subcommand has one\n"
                 "  --help           this text; behind a subcommand, that subcommand's\n"
                 "  --version        the version\n");
}

static const struct cli_command *command_named(const char *name)
{
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

struct asked {
    struct cli cli;
    bool help, version;
};

/* Takes the common options out of argv, up to a "--". The new argc, or -1 after a complaint. */
static int cli_take_options(int argc, char **argv, struct asked *a)
{
    int kept = 1, i = 1;
    for (; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            a->help = true;
        } else if (strcmp(argv[i], "--version") == 0) {
            a->version = true;
        } else if (strcmp(argv[i], "--json") == 0) {
            a->cli.json = true;
        } else if (strncmp(argv[i], "--prefix=", 9) == 0) {
            a->cli.prefix = argv[i] + 9;
        } else if (strcmp(argv[i], "--prefix") == 0) {
            if (!argv[i + 1]) {
                fprintf(stderr, "porchlight: --prefix wants a folder behind it\n");
                return -1;
            }
            a->cli.prefix = argv[++i];
        } else {
            argv[kept++] = argv[i];
        }
    }
    while (i < argc)
        argv[kept++] = argv[i++];
    argv[kept] = NULL;
    return kept;
}

/* A backup is the file that is most easily taken for one. */
static bool is_folder(const char *prefix)
{
    struct stat st;

    if (prefix[0] == '\0' || stat(prefix, &st) < 0 || S_ISDIR(st.st_mode))
        return true;
    fprintf(stderr,
            "porchlight: --prefix %s: is a file; a backup is put into a folder first: porchlight "
            "--prefix FOLDER restore %s\n",
            prefix, prefix);
    return false;
}

int main(int argc, char **argv)
{
    struct asked a = {.cli.prefix = ""};

    log_init("porchlight", LOG_LEVEL_INFO);
    argc = cli_take_options(argc, argv, &a);
    if (argc < 0)
        return CLI_USAGE;
    if (a.version) {
        printf("porchlight %s\n", PORCHLIGHT_VERSION);
        return CLI_OK;
    }
    if (argc < 2) {
        help(a.help ? stdout : stderr);
        return a.help ? CLI_OK : CLI_USAGE;
    }
    const struct cli_command *command = command_named(argv[1]);
    if (!command) {
        fprintf(stderr, "porchlight: \"%s\" is no subcommand; porchlight --help lists them\n",
                argv[1]);
        return CLI_USAGE;
    }
    if (a.help) {
        cli_help(command);
        return CLI_OK;
    }
    if (a.cli.json && !command->json)
        return cli_misuse(command, "it has no --json");
    if (!is_folder(a.cli.prefix))
        return CLI_USAGE;
    opterr = 0;
    return command->run(&a.cli, argc - 1, argv + 1);
}
