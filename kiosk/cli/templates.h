#ifndef PORCHLIGHT_CLI_TEMPLATES_H
#define PORCHLIGHT_CLI_TEMPLATES_H

#include <stddef.h>

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
extern const char template_keep[];          /* cards/keep.html.in */
extern const char template_what_to_do[];    /* what-to-do.conf */

struct template_word {
    const char *word, *value; /* @WORD@ */
};

/* The template with every @WORD@ replaced; the list ends with a NULL word. You free it.
 * NULL after a complaint: a word of the template is not in the list. */
char *template_fill(const char *name, const char *template, const struct template_word *words);

#endif
