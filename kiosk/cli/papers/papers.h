#ifndef PORCHLIGHT_CLI_PAPERS_PAPERS_H
#define PORCHLIGHT_CLI_PAPERS_PAPERS_H

#include "config/config.h"
#include "config/host_words.h"
#include "kiosk/cli/etc_transaction.h"

/* The cards to print, in /etc/porchlight/papers. They hold nothing secret. */

/* What is to be done now, in Porchlight's own words. */
void papers_standard_words(struct host_words *w);

/* Makes papers/member.html and papers/staff.html with these lines, a sheet for each of the venue's
 * languages. 0, or -1 after a complaint. */
int papers_cards(struct etc_transaction *t, const struct config *c, const struct host_words *words);

#endif
