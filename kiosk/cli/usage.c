#include "kiosk/cli/cli.h"

#include <stdarg.h>
#include <stdio.h>

int cli_misuse(const struct cli_command *command, const char *format, ...)
{
    va_list args;

    fprintf(stderr, "porchlight %s: ", command->name);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, "\nUsage: porchlight %s%s%s   (more: porchlight %s --help)\n", command->name,
            command->arguments[0] ? " " : "", command->arguments, command->name);
    return CLI_USAGE;
}

void cli_help(const struct cli_command *command)
{
    printf("Usage: porchlight %s%s%s\n\n%s\n\n%s"
           "  --prefix DIR     a kiosk whose files lie below DIR (make run, tests)\n"
           "%s"
           "  --help           this text\n\n"
           "Exit: 0 done, 1 it failed, 2 wrong usage, 3 nobody answers, 4 not permitted.\n",
           command->name, command->arguments[0] ? " " : "", command->arguments, command->summary,
           command->help,
           command->json ? "  --json           the answer as JSON, for a program\n" : "");
}
