#ifndef PORCHLIGHT_NIGHTS_TRANSCRIPT_H
#define PORCHLIGHT_NIGHTS_TRANSCRIPT_H

#include "tests/nights/phone.h"

/* What each phone of a night went through, as JSON lines: replay.mjs gives it to the page's own
 * JavaScript, which must show the same. Nothing is written before transcript_open. */

/* 0, or -1 after a complaint. */
int transcript_open(const char *path);
void transcript_close(void);

/* Not while a night is played again, to be shrunk. */
void transcript_mute(bool mute);

void transcript_night(uint64_t seed);
void transcript_link(const struct phone *p, size_t kiosk, bool linked);
void transcript_ask(const struct phone *p, size_t kiosk, const uint8_t nonce[FRESHNESS_NONCE]);
void transcript_message(const struct phone *p, size_t kiosk, const struct phone_client_heard *h);

/* After a word of the root: what the phone has joined of them. */
void transcript_root(const struct phone *p, size_t kiosk);

/* What is shown now; after every message and once a second. */
void transcript_shown(const struct phone *p, size_t kiosk);

#endif
