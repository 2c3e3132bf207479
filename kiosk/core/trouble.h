#ifndef PORCHLIGHT_CORE_TROUBLE_H
#define PORCHLIGHT_CORE_TROUBLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is wrong with a kiosk, though it works: staff phones learn of each trouble once, and once of
 * its end. Pure: what was wrong before, what is found now, and the time, lead to what is new. */
enum trouble {
    TROUBLE_UNDERVOLTAGE,
    TROUBLE_HEAT,
    TROUBLE_MAINS,
    TROUBLE_UPS_LOW,
    TROUBLE_UPS_SILENT,
    TROUBLE_UPS_WORN,
    TROUBLE_BATTERY,
    TROUBLE_LID,
    TROUBLE_TILT,
    TROUBLE_TAMPER,
    TROUBLE_CARD_WORN,
    TROUBLE_CARD_ERRORS,
    TROUBLE_DISK_FULL,
    TROUBLE_CLOCK,
    TROUBLE_CERTIFICATE_90,
    TROUBLE_CERTIFICATE_14,
    TROUBLE_BROKER_RIGHTS,
    TROUBLE_BROKER_LIMITS,
    TROUBLE_PATH_DOWN,
    TROUBLE_RELAY_SILENT,
    TROUBLE_RELAY_ONE,
    TROUBLE_PAGE,
    TROUBLE_NO_PHONE_RANG,
    TROUBLE_UPDATE,
    TROUBLE_BACKUP,
    TROUBLE_COUNT,
};

enum trouble_flag {
    TROUBLE_AT_ONCE = 1, /* in quiet hours too */
    TROUBLE_WAKES = 2,   /* staff phones that are locked ring for it */
    TROUBLE_HIDDEN = 4, /* nothing on site shows it: not the cue, the status, the log or the card */
    TROUBLE_CUED = 8,   /* the cue shows a fault */
    TROUBLE_MEASURED = 16,        /* porchlight doctor finds it; else porchlightd does */
    TROUBLE_BEGUN_ELSEWHERE = 32, /* a notice that names a broker says that it began, */
    TROUBLE_ENDED_ELSEWHERE = 64, /* and that it is over */
};

struct trouble_kind {
    const char *code;     /* in messages: a-z 0-9 -, at most TROUBLE_CODE_MAX */
    const char *sentence; /* for `porchlight status` */
    unsigned flags;       /* enum trouble_flag, or-ed */
    int lasts;            /* seconds that it must last before it is one, */
    int clears;           /* and that it must be gone before it is over */
};

/* A notice of its end has the code with "-over" behind it. */
enum { TROUBLE_CODE_MAX = 18, TROUBLE_DETAIL_MAX = TROUBLE_CODE_MAX + 6 };

const struct trouble_kind *trouble_kind(enum trouble t);

/* TROUBLE_COUNT: no such code. */
enum trouble trouble_of_code(const char *code);

/* A set of troubles: bit 1 << t. */
typedef uint64_t trouble_set;
#define TROUBLE_BIT(t) (UINT64_C(1) << (t))
trouble_set trouble_flagged(enum trouble_flag f);

/* The troubles that are active. */
struct troubles {
    trouble_set standing;
    trouble_set told;               /* staff know that it began, and not yet that it is over */
    int64_t since[TROUBLE_COUNT];   /* wall time, seconds since 1970; 0: not known */
    trouble_set changing;           /* found, but not active, or the reverse, */
    int64_t changed[TROUBLE_COUNT]; /* since then (ns, monotonic) */
};

struct trouble_news {
    enum trouble trouble;
    bool over;
    char detail[TROUBLE_DETAIL_MAX]; /* as a notice has it */
};

/* `judged`: the troubles that somebody has looked for; `found`: those of them that are there. What
 * was not looked for stays as it is. `quiet`: quiet hours, in which news that can wait are held
 * back; what begins and ends in them is never reported. `now`: ns, monotonic; `wall`: seconds since
 * 1970, 0 while it is not known. Returns the number of news in out. */
size_t troubles_step(struct troubles *s, trouble_set judged, trouble_set found, bool quiet,
                     int64_t now, int64_t wall, struct trouble_news out[TROUBLE_COUNT]);

/* What outlives a restart, as text: a line "CODE SECONDS told|held" for each. Hidden ones are left
 * out. TROUBLE_TEXT_MAX bytes are enough. Its length. */
enum { TROUBLE_TEXT_MAX = TROUBLE_COUNT * 48 };
size_t troubles_write(const struct troubles *s, char out[TROUBLE_TEXT_MAX]);

/* The list that such a text holds. Lines that cannot be read, as of a later version, are skipped.
 */
void troubles_read(struct troubles *s, const char *text);

/* Whether `minute` of the week is in a span of minutes of the day, [from, to), which may go past
 * midnight. Not while the minute is not known (-1), and not in no span (from -1). */
bool trouble_is_quiet(int minute, int from, int to);

#endif
