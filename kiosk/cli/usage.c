#include "kiosk/cli/cli.h"
#include "kiosk/cli/print.h"
#include "kiosk/common/log.h"
#include "kiosk/common/version.h"
#include "kiosk/common/wrap.h"

#include <ctype.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>

static const struct cli_option none[] = {{0}};

const struct cli_option cli_common_options[] = {
    OPTION("prefix", "DIR", struct cli_asked, cli.prefix,
           "use the kiosk whose files are below DIR, such as one that make run started"),
    OPTION("json", NULL, struct cli_asked, cli.json,
           "print the answer as JSON, where a subcommand can"),
    {"help", NULL, "print this text", 'h', offsetof(struct cli_asked, help), option_flag},
    OPTION("version", NULL, struct cli_asked, version, "print the version"),
    {0},
};

static void usage_line(FILE *out, const struct cli_command *c, const char *more)
{
    char line[512];
    snprintf(line, sizeof line, "Usage: porchlight %s%s%s%s%s%s", c->name,
             c->arguments[0] ? " " : "", c->arguments, more[0] ? "  (" : "", more,
             more[0] ? ")" : "");
    wrap_text(out, WRAP_COLUMNS, 0, 4, line);
}

int cli_misuse(const struct cli_command *command, const char *format, ...)
{
    char wrong[OPTION_WRONG + 64], more[64];
    va_list args;
    va_start(args, format);
    vsnprintf(wrong, sizeof wrong, format, args);
    va_end(args);
    wrong[0] = (char)toupper((unsigned char)wrong[0]);
    log_error("%s.", wrong);
    snprintf(more, sizeof more, "more: porchlight %s --help", command->name);
    usage_line(stderr, command, more);
    return CLI_USAGE;
}

static void usage_help(const struct cli_command *c)
{
    usage_line(stdout, c, "");
    printf("\n%s\n\n", c->summary);
    options_print(stdout, c->options ? c->options : none);
    options_print_row(stdout, &cli_common_options[0]);
    if (c->json)
        options_print_row(stdout, &cli_common_options[1]);
    options_print_row(stdout, &cli_common_options[2]);
    puts("\nExit status: 0 done, 1 failed, 2 wrong usage, 3 no answer, 4 not permitted.");
}

int cli_version(void)
{
    printf("porchlight %s\n", PORCHLIGHT_VERSION);
    return CLI_OK;
}

/* A backup is the file that is most easily taken for a folder. */
static int check_prefix(const struct cli_command *command, const char *prefix)
{
    struct stat st;
    if (prefix[0] == '\0' || stat(prefix, &st) < 0 || S_ISDIR(st.st_mode))
        return CLI_OK;
    return cli_misuse(command,
                      "--prefix %s: this is a file, and a folder is expected. To look into a "
                      "backup, restore it into a folder first: porchlight --prefix FOLDER restore "
                      "%s",
                      prefix, prefix);
}

int cli_call(const struct cli_command *command, struct cli_asked *asked, int argc, char **argv)
{
    char wrong[OPTION_WRONG];
    void *own = calloc(1, command->size + 1);
    const struct option_set sets[] = {{command->options ? command->options : none, own},
                                      {cli_common_options, asked},
                                      {NULL, NULL}};
    int code = CLI_USAGE;
    if (!own)
        return CLI_FAILED;
    int bad = options_read(sets, false, argc, argv, wrong), words = argc - optind;
    if (asked->version) {
        code = cli_version();
    } else if (asked->help) {
        usage_help(command);
        code = CLI_OK;
    } else if (bad) {
        cli_misuse(command, "%s", wrong);
    } else if (asked->cli.json && !command->json) {
        cli_misuse(command, "it has no --json");
    } else if (words > command->words_max) {
        cli_misuse(command, "\"%s\" is one argument too many", argv[optind + command->words_max]);
    } else if (words < command->words_min) {
        cli_misuse(command, "an argument is missing");
    } else if (check_prefix(command, asked->cli.prefix) == CLI_OK) {
        code = command->run(&asked->cli, own, argv + optind);
    }
    free(own);
    return code;
}
