#ifndef PORCHLIGHT_CORE_CUE_H
#define PORCHLIGHT_CORE_CUE_H

#include <stdbool.h>
#include <stdint.h>

/* The cue: small things in the calm picture (a boat, birds, smoke) that tell staff, and nobody
 * else, what became of an alert. core/legend.h lists how each sign is drawn. These are the bits of
 * cue.signs; porchlightd sends them to the screen unchanged. */
enum cue_sign {
    CUE_SENSED = 1u << 0,     /* a press was registered in the last seconds */
    CUE_ACCEPTED = 1u << 1,   /* handed over outside the venue */
    CUE_LAN_ONLY = 1u << 2,   /* delivered on this network, no broker outside */
    CUE_SEEN = 1u << 3,       /* cue.seen phones answered */
    CUE_NOBODY = 1u << 4,     /* nobody is listening */
    CUE_NO_PATH = 1u << 5,    /* no broker reachable */
    CUE_RELAY_DEAD = 1u << 6, /* locked phones may not ring */
    CUE_FAULT = 1u << 7,      /* a switch or line has a fault */
    CUE_DRILL = 1u << 8,      /* this is a drill */
    CUE_ALL = (1u << 9) - 1,
};

struct cue {
    uint32_t signs;   /* enum cue_sign, or-ed */
    uint32_t seen;    /* accounts that answered */
    uint32_t safe;    /* of these, accounts that said safe */
    uint32_t members; /* accounts that could answer; 0: not known */
};

/* What the picture shows of a number of answers. */
enum cue_share {
    CUE_NONE,
    CUE_ONE,
    CUE_SOME,
    CUE_MOST, /* more than half of the members; where their number is not known, five or more */
};
enum cue_share cue_share(uint32_t count, uint32_t members);

/* What the cue is made from. Times in ns, NS_NEVER for what has not happened. */
struct cue_facts {
    bool calm; /* surfaces on site show quiet (alert_on_site) */
    bool drill;
    bool feigned; /* a drill that only the site is shown: its answers are none */
    bool fault;
    int64_t sensed_at;
    int64_t alert_at;        /* when the current alert began */
    bool handed_over;        /* the current alert, outside the venue */
    bool delivered_lan;      /* the current alert, to a broker on site only */
    bool no_subscriber;      /* a broker outside took it, and says that nobody listens */
    bool unproved;           /* a broker outside took it, and cannot say whether anybody listens */
    bool denied;             /* a broker refused it */
    bool outside_configured; /* the config has a broker outside */
    bool path;               /* a broker is connected */
    bool relay_configured;
    int64_t relay_at; /* the last live relay beat */
    uint32_t seen, safe, help;
    uint32_t members; /* accounts that could answer */
};

/* How long a press is shown: a cue may take 10 s to appear, and must then be seen. */
#define CUE_SENSED_FOR (20 * INT64_C(1000000000))
/* Nobody is listening, or the relay is dead: no live beat of a relay and no answer of a phone for
 * this long. A relay sends a beat every few seconds. */
#define CUE_SILENCE (60 * INT64_C(1000000000))

/* What the site may know of these facts: a drill that only the site is shown looks like one whose
 * phones do not answer. */
struct cue_facts cue_facts_on_site(const struct cue_facts *f);

struct cue cue_of(const struct cue_facts *f, int64_t now);

/* When cue_of next changes by time alone; NS_NEVER if it does not. */
int64_t cue_deadline(const struct cue_facts *f, int64_t now);

#endif
