#ifndef PORCHLIGHT_NIGHTS_WATCH_H
#define PORCHLIGHT_NIGHTS_WATCH_H

#include "kiosk/common/messages.h"
#include "tests/nights/phone.h"
#include "tests/nights/station.h"

/* The invariants: what must be true after every event of every night. README.md lists them. */

struct night;

void watch_begin(struct night *n);
/* After every event of the world. */
void watch_event(void);
/* Five minutes after the last fault has ended: everything must have healed. */
void watch_end(void);

/* The first failure of each invariant. */
struct failure {
    const char *name; /* "quiet-in-lockdown" */
    int64_t at;
    char text[200];
};
enum { FAILURES = 16 };
size_t watch_failures(const struct failure **out);
void watch_fail(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* --- what the world reports ------------------------------------------------------------------- */

void watch_output(const struct machine *m, bool active);
void watch_published(struct broker *b, const struct packet *p);
void watch_connected(struct broker *b, const struct hello *h);
void watch_screen(struct station *s, const struct screen_cue *cue);
void watch_wipe(struct station *s, const void *word, size_t len);
void watch_ended(struct station *s);
void watch_synced(struct station *s);
void watch_shown(struct phone *p, size_t kiosk);
void watch_received(struct phone *p, size_t kiosk, const struct phone_client_heard *h);
void watch_answered(struct phone *p, const struct alert_id *id, enum message_kind kind);
void watch_commanded(struct phone *p, size_t kiosk, const struct message *m);

/* Who has this staff phone's keys, and the kiosk's, has proved with them that all is over. */
void watch_proved(const struct phone *by, size_t kiosk);

/* A hand held the switch for long enough, at a machine that ran all the while. */
void watch_hand(struct station *s);

#endif
