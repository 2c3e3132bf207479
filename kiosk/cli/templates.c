#include "kiosk/cli/templates.h"

#include "kiosk/common/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The assembler includes them unchanged, with a zero after each: no path has to be found at run
 * time, and their version is always the program's. */
#define TAKE_IN(symbol, file)                                                                      \
    __asm__(".section .rodata\n"                                                                   \
            ".balign 8\n"                                                                          \
            ".global " #symbol "\n" #symbol ":\n"                                                  \
            ".incbin \"" file "\"\n"                                                               \
            ".byte 0\n"                                                                            \
            ".previous\n")

TAKE_IN(template_conf, "config/porchlight.conf");
TAKE_IN(template_mosquitto, "config/broker/mosquitto.conf.in");
TAKE_IN(template_outside, "config/broker/outside.sh");
TAKE_IN(template_outside_all, "config/outside/install.sh");
TAKE_IN(template_relay, "config/relay.conf");
TAKE_IN(template_relay_install, "config/push/relay.sh");
TAKE_IN(template_ntfy, "config/push/ntfy.yml.in");
TAKE_IN(template_nginx, "config/proxy/nginx.conf.in");
TAKE_IN(template_staff, "config/cards/staff.html.in");
TAKE_IN(template_member, "config/cards/member.html.in");
TAKE_IN(template_member_sheet, "config/cards/member-sheet.html.in");
TAKE_IN(template_staff_sheet, "config/cards/staff-sheet.html.in");
TAKE_IN(template_page_ar, "kiosk/phone/words/ar.json");
TAKE_IN(template_page_az, "kiosk/phone/words/az.json");
TAKE_IN(template_page_en, "kiosk/phone/words/en.json");
TAKE_IN(template_page_ka, "kiosk/phone/words/ka.json");
TAKE_IN(template_page_ru, "kiosk/phone/words/ru.json");
TAKE_IN(template_keep, "config/cards/keep.html.in");

TAKE_IN(template_what_to_do, "config/what-to-do.conf");

/* A picture, and where it ends. */
#define TAKE_CUE(symbol, name)                                                                     \
    extern const uint8_t symbol[], symbol##_end[];                                                 \
    __asm__(".section .rodata\n"                                                                   \
            ".global " #symbol "\n" #symbol ":\n"                                                  \
            ".incbin \"config/cards/cues/cue-" name ".png\"\n"                                     \
            ".global " #symbol "_end\n" #symbol "_end:\n"                                          \
            ".byte 0\n"                                                                            \
            ".previous\n")

TAKE_CUE(cue_quiet, "quiet");
TAKE_CUE(cue_sensed, "sensed");
TAKE_CUE(cue_accepted, "accepted");
TAKE_CUE(cue_lan_only, "lan-only");
TAKE_CUE(cue_seen, "seen");
TAKE_CUE(cue_safe, "safe");
TAKE_CUE(cue_nobody, "nobody");
TAKE_CUE(cue_no_path, "no-path");
TAKE_CUE(cue_relay_dead, "relay-dead");
TAKE_CUE(cue_fault, "fault");
TAKE_CUE(cue_drill, "drill");

const struct template_cue template_cues[] = {
    {"quiet", cue_quiet, cue_quiet_end},
    {"sensed", cue_sensed, cue_sensed_end},
    {"accepted", cue_accepted, cue_accepted_end},
    {"lan-only", cue_lan_only, cue_lan_only_end},
    {"seen", cue_seen, cue_seen_end},
    {"safe", cue_safe, cue_safe_end},
    {"nobody", cue_nobody, cue_nobody_end},
    {"no-path", cue_no_path, cue_no_path_end},
    {"relay-dead", cue_relay_dead, cue_relay_dead_end},
    {"fault", cue_fault, cue_fault_end},
    {"drill", cue_drill, cue_drill_end},
    {NULL, NULL, NULL},
};

/* Length of WORD in "WORD@", after an at sign; 0: this is not one. */
static size_t word_length(const char *at)
{
    size_t n = strspn(at, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_");
    return n > 0 && at[n] == '@' ? n : 0;
}

static const char *value_of(const struct template_word *words, const char *word, size_t n)
{
    for (; words->word; words++)
        if (strlen(words->word) == n && strncmp(words->word, word, n) == 0)
            return words->value;
    return NULL;
}

char *template_fill(const char *name, const char *template, const struct template_word *words)
{
    char *out = NULL;
    size_t size;
    FILE *f = open_memstream(&out, &size);
    if (!f)
        return NULL;
    for (const char *at = template; *at;) {
        size_t n = *at == '@' ? word_length(at + 1) : 0;
        const char *value = n ? value_of(words, at + 1, n) : NULL;
        if (n && !value) {
            log_error("%s was not made: this program does not know the word %.*s in its template. "
                      "Reinstall the package porchlight.",
                      name, (int)n, at + 1);
            fclose(f);
            free(out);
            return NULL;
        }
        if (n) {
            fputs(value, f);
            at += n + 2;
        } else {
            putc(*at++, f);
        }
    }
    fclose(f);
    return out;
}
