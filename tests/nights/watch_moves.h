#ifndef PORCHLIGHT_NIGHTS_WATCH_MOVES_H
#define PORCHLIGHT_NIGHTS_WATCH_MOVES_H

#include "kiosk/core/root_word.h"
#include "tests/nights/night.h"

/* The invariants of answers, the root key's message, buttons, lines and ringing again; what watch.c
 * and they have in common. */

enum { WATCH_PRESSES = 64 };

/* An alert that was begun at a kiosk. */
struct press {
    const struct station *station;
    struct alert_id id;
    bool lockdown;
    int64_t at;
    int64_t ended_at;    /* INT64_MAX: it is active */
    bool ended_by_thief; /* by the word of a staff phone that somebody else has */
    bool kept;           /* durable on the card */
    bool excused;        /* the machine died before anything could have kept it */
    bool cut;            /* it died before a phone had it */
    bool delivered;      /* a phone had it */
    int64_t delivered_at;
    uint64_t epoch, seq; /* of the first message that a phone had */
    bool taken;          /* a broker that somebody outside listens to had it, or an answer came */
    bool answered;       /* a phone has answered */
    unsigned answers[3]; /* phones (bits) that ever said: seen or more, safe, help */
    int64_t help_at;     /* when the first phone said that it needs help; INT64_MAX: none */
    const struct phone *help_by; /* which one that was */
    int64_t help_shown_at;       /* when staff were first shown that; INT64_MAX: not yet */
    int64_t rooted_at; /* when a broker took the root key's message that ends it; INT64_MAX: none */
};

/* Those of this night. */
size_t watch_presses(struct press **out);
/* NULL: nobody began it. */
struct press *watch_press(const struct alert_id *id);
bool watch_is_active(const struct press *p);
/* Static storage. */
const char *watch_short_id(const struct alert_id *id);

void watch_moves_begin(struct night *n);
void watch_moves_end(void);

/* The root key's message about this kiosk is sent; and a broker has taken it. */
void watch_rooted(size_t kiosk, const struct root_word *w, bool taken);
/* Whether the root has ended what began with this message. */
bool watch_is_rooted(size_t kiosk, const struct alert_id *id, uint64_t epoch, uint64_t seq);
/* The kiosk has ended it by the root key's message: may it? */
bool watch_root_may_end(size_t kiosk, const struct press *p);

/* After each look at what this phone shows. */
void watch_clocks(const struct phone *p, size_t kiosk);

/* The root key has revoked this phone, and kiosk and phones must know it by now. */
bool watch_is_shut_out(const struct phone *p);

/* What is active at a kiosk, after each decision. */
void watch_standing(const struct station *s, const struct alert_standing *now);

/* A phone answers. */
void watch_answer(const struct phone *p, const struct alert_id *id, enum message_kind kind);
/* A phone has opened a message. */
void watch_opened(const struct phone *p, const struct phone_client_heard *h);
/* A staff phone has the counts. */
void watch_counts(const struct message *m);

/* A gesture was recognised: somebody must have made it. */
void watch_gesture(const struct station *s, enum gesture g);
/* A button by radio was held at that time, and its gateway reached the kiosk. */
void watch_button_held(const struct station *s, int64_t at);

#endif
