#ifndef PORCHLIGHT_CORE_PATH_WATCH_H
#define PORCHLIGHT_CORE_PATH_WATCH_H

#include <stdbool.h>
#include <stdint.h>

/* Whether one of several ways to the brokers has failed, so that staff learn it while another one
 * still carries alerts. Pure; one for each way. Times in ns.
 *
 * A way that is silent (three of its beats did not come back) has failed at once; one that is not
 * connected has a beat's time to connect again. Both are reported within 20 s with beats of 5 s: 15
 * s and 5 s. It works again when its beats have come back for PATH_WATCH_STEADY. */
#define PATH_WATCH_STEADY (10 * INT64_C(1000000000))

struct path_watch { /* all zero: it works, or nobody knows yet */
    bool bad;       /* its beats do not come back, since: */
    int64_t bad_since;
    bool lost; /* that was reported */
    bool good; /* it works again, since: */
    int64_t good_since;
    int64_t stepped; /* the last step */
};

enum path_change { PATH_WATCH_SAME, PATH_WATCH_LOST, PATH_WATCH_BACK };

/* `up`: it is connected; `lives`: and its beats come back; `another`: so do those of some way, by
 * which the news could be sent. `beat`: how often one is sent. Call it at each change and at the
 * deadline. */
enum path_change path_watch_step(struct path_watch *w, bool up, bool lives, bool another,
                                 int64_t beat, int64_t now);

/* When time alone may change something; NS_NEVER: it does not. */
int64_t path_watch_deadline(const struct path_watch *w, int64_t beat);

#endif
