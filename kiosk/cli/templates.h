#ifndef PORCHLIGHT_CLI_TEMPLATES_H
#define PORCHLIGHT_CLI_TEMPLATES_H

#include <stddef.h>
#include <stdint.h>

/* The files of config/ that set-up fills in, as they were when the program was built. */
extern const char template_conf[];          /* porchlight.conf */
extern const char template_mosquitto[];     /* broker/mosquitto.conf.in */
extern const char template_outside[];       /* broker/outside.sh */
extern const char template_outside_all[];   /* outside/install.sh */
extern const char template_relay[];         /* relay.conf */
extern const char template_relay_install[]; /* push/relay.sh */
extern const char template_ntfy[];          /* push/ntfy.yml.in */
extern const char template_nginx[];         /* proxy/nginx.conf.in */
extern const char template_staff[];         /* cards/staff.html.in */
extern const char template_member[];        /* cards/member.html.in */
extern const char template_member_sheet[];  /* cards/member-sheet.html.in */
extern const char template_staff_sheet[];   /* cards/staff-sheet.html.in */
extern const char template_keep[];          /* cards/keep.html.in */
extern const char template_what_to_do[];    /* what-to-do.conf */

/* The page's words, kiosk/phone/words. */
extern const char template_page_ar[], template_page_az[], template_page_en[], template_page_ka[],
    template_page_ru[];

/* The cues for the staff card, PNG of 320 by 180; the last name is NULL. */
struct template_cue {
    const char *name;
    const uint8_t *png, *end;
};
extern const struct template_cue template_cues[];

struct template_word {
    const char *word, *value; /* @WORD@ */
};

/* The template with every @WORD@ replaced; the list ends with a NULL word. You free it.
 * NULL after a complaint: a word of the template is not in the list. */
char *template_fill(const char *name, const char *template, const struct template_word *words);

#endif
