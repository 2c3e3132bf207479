#ifndef PORCHLIGHT_CLI_PAPERS_PAPERS_FILL_H
#define PORCHLIGHT_CLI_PAPERS_PAPERS_FILL_H

#include "config/host_words.h"

#include <stdio.h>

/* Writes one sheet of a card: `sheet` with each {{key}} replaced, as text in HTML. A key is one of
 * the page's words (`page`: the JSON of kiosk/phone/words), of which {key} inside is filled in too;
 * lang; or host:KEY, a line or the contact of `words`, else of `standard`, and host:link.
 * 0, or -1 after a complaint. */
int papers_fill(FILE *out, const char *sheet, const char *page, const char *language,
                const struct host_words *words, const struct host_words *standard);

#endif
