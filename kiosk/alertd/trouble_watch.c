#include "kiosk/alertd/trouble_watch.h"

#include "kiosk/alertd/actions.h"
#include "kiosk/alertd/control.h"
#include "kiosk/alertd/trouble_file.h"
#include "kiosk/common/clock.h"
#include "kiosk/common/log.h"
#include "kiosk/common/paths.h"
#include "kiosk/core/ns.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* On a beat of its own, whatever else happens meanwhile: when something is noticed must not depend
 * on how often a switch was pressed. It is half a second apart from what the kiosk began at its
 * start, such as the relay's time to answer. */
#define LOOK_EVERY NS_PER_S

/* A phone that a ring has woken opens its page after the notice: it is sent again, so many seconds
 * after the first time. */
static const int again_after[] = {20, 60, 180};
enum { AGAIN = sizeof again_after / sizeof again_after[0] };

struct again {
    struct alert_id id;
    int64_t sent_at;
    size_t left; /* times */
};

struct trouble_watch {
    struct trouble_file *file;
    char kept[TROUBLE_TEXT_MAX]; /* as it was last given to the file */
    struct troubles list;
    trouble_set judged, found; /* by doctor */
    trouble_set sensed;        /* by sensors, at the last look */
    trouble_set seen; /* all that was found at the last look; what differs waits for a beat: */
    bool waits;
    int64_t began_at, look_at;
    struct again again[TROUBLE_COUNT];
    char relay[RELAY_WATCH_ACCOUNT]; /* the one that is silent, or was last */
};

/* A set that grows as it is looked at. */
struct look {
    trouble_set judged, found;
};

static void trouble_look(struct look *l, enum trouble t, bool found)
{
    l->judged |= TROUBLE_BIT(t);
    if (found)
        l->found |= TROUBLE_BIT(t);
}

/* Of a kiosk that reaches nobody, the cue says that; staff could not be reached. */
static void look_at_paths(struct look *l, const struct delivery *d)
{
    struct delivery_path paths[CONFIG_BROKERS_MAX];
    size_t n = delivery_paths(d, paths), up = 0;
    bool lost = false, rights = false, limits = false;
    for (size_t i = 0; i < n; i++) {
        up += paths[i].up;
        lost |= paths[i].lost;
        rights |= paths[i].up && paths[i].fault == MQTT_FAULT_RIGHTS;
        limits |= paths[i].up && paths[i].fault == MQTT_FAULT_LIMITS;
    }
    if (up == 0)
        return;
    trouble_look(l, TROUBLE_PATH_DOWN, lost);
    trouble_look(l, TROUBLE_BROKER_RIGHTS, rights);
    trouble_look(l, TROUBLE_BROKER_LIMITS, limits);
}

/* A restart makes no relay silent: it has as long as ever to send a sign of life. */
static void look_at_relay(struct look *l, const struct trouble_watch *w,
                          const struct trouble_parts *p, int64_t now)
{
    int64_t at = p->state->facts.relay_at;
    bool silent = now - at >= CUE_SILENCE;
    if (!p->config->alert.relay)
        trouble_look(l, TROUBLE_RELAY_SILENT, false);
    else if (silent || at > w->began_at)
        trouble_look(l, TROUBLE_RELAY_SILENT, silent);
}

/* Which of several. */
static void look_at_relays(struct look *l, struct trouble_watch *w, const struct trouble_parts *p,
                           int64_t now)
{
    const struct relay_watched *silent = relay_watch_look(p->relays, now);
    trouble_look(l, TROUBLE_RELAY_ONE, silent && p->config->alert.relay);
    if (silent)
        strcpy(w->relay, silent->account);
}

/* As the site is shown it: a drill that is asked for in a hidden alert looks like any drill that
 * nobody answers. */
static void look_at_drill(struct look *l, const struct trouble_parts *p)
{
    const struct drill_result *last = &p->state->last_drill;
    if (last->at[0] != '\0')
        trouble_look(l, TROUBLE_NO_PHONE_RANG, p->phones > 0 && last->rang == 0 && last->seen == 0);
}

/* --- news ------------------------------------------------------------------------------------ */

static const char *trouble_watch_where(const struct trouble_watch *w, enum trouble t)
{
    return t == TROUBLE_RELAY_ONE ? w->relay : "";
}

static void trouble_report(struct trouble_watch *w, const struct trouble_news *news,
                           struct delivery *d, int64_t now)
{
    const struct trouble_kind *k = trouble_kind(news->trouble);
    if (k->flags & (news->over ? TROUBLE_ENDED_ELSEWHERE : TROUBLE_BEGUN_ELSEWHERE))
        return;
    struct again *a = &w->again[news->trouble];
    const char *where = trouble_watch_where(w, news->trouble);
    *a = (struct again){.id = actions_notice(d, MSG_FAULT, where, news->detail), .sent_at = now};
    if (k->flags & TROUBLE_WAKES && !news->over) {
        delivery_ring_staff(d);
        a->left = AGAIN;
    }
    if (k->flags & TROUBLE_HIDDEN)
        return;
    if (news->over)
        log_info("over: %s", k->sentence);
    else
        log_warning("%s", k->sentence);
}

static void trouble_report_again(struct trouble_watch *w, struct delivery *d, int64_t now)
{
    for (enum trouble t = 0; t < TROUBLE_COUNT; t++) {
        struct again *a = &w->again[t];
        if (a->left == 0 || now - a->sent_at < again_after[AGAIN - a->left] * NS_PER_S)
            continue;
        a->left--;
        actions_notice_again(d, &a->id, MSG_FAULT, trouble_watch_where(w, t),
                             trouble_kind(t)->code);
    }
}

static void trouble_watch_keep(struct trouble_watch *w)
{
    char text[TROUBLE_TEXT_MAX];
    troubles_write(&w->list, text);
    if (strcmp(text, w->kept) == 0)
        return;
    memcpy(w->kept, text, sizeof text);
    trouble_file_write(w->file, text);
}

void trouble_watch_time(struct trouble_watch *w, const struct trouble_parts *p, int64_t now)
{
    struct look l = {.judged = w->judged, .found = w->found};
    struct trouble_news news[TROUBLE_COUNT];
    trouble_set sensed = 0;
    l.judged |= sensors_look(p->sensors, now, &sensed);
    l.found |= sensed;
    look_at_paths(&l, p->delivery);
    look_at_relay(&l, w, p, now);
    look_at_relays(&l, w, p, now);
    look_at_drill(&l, p);
    int64_t beat = now + LOOK_EVERY - (now - w->began_at + LOOK_EVERY / 2) % LOOK_EVERY;
    if (l.found != w->seen && !w->waits && w->look_at != 0) {
        w->waits = true; /* not now: whether a look was due may depend on a press */
        w->look_at = beat;
    }
    if (now < w->look_at && sensed == w->sensed)
        return;
    w->sensed = sensed;
    w->seen = l.found;
    w->waits = false;
    w->look_at = beat;
    bool quiet = trouble_is_quiet(clock_week_minute(), p->config->trouble.quiet_from,
                                  p->config->trouble.quiet_to);
    size_t n = troubles_step(&w->list, l.judged, l.found, quiet, now,
                             clock_is_set() ? clock_wall_seconds() : 0, news);
    for (size_t i = 0; i < n; i++)
        trouble_report(w, &news[i], p->delivery, now);
    trouble_report_again(w, p->delivery, now);
    trouble_watch_keep(w);
}

int64_t trouble_watch_deadline(const struct trouble_watch *w)
{
    return w->list.changing || w->waits ? w->look_at : NS_NEVER;
}

bool trouble_watch_is_cued(const struct trouble_watch *w)
{
    return w->list.standing & trouble_flagged(TROUBLE_CUED);
}

const struct troubles *trouble_watch_list(const struct trouble_watch *w)
{
    return &w->list;
}

/* --- what doctor measures -------------------------------------------------------------------- */

size_t trouble_watch_answer(struct trouble_watch *w, const char *request,
                            char reply[CONTROL_REPLY_MAX])
{
    char text[CONTROL_REQUEST_MAX + 1], *rest = NULL;
    const trouble_set measured = trouble_flagged(TROUBLE_MEASURED);
    trouble_set found = 0;
    snprintf(text, sizeof text, "%s", request);
    strtok_r(text, " ", &rest); /* TROUBLE_WATCH_WORD */
    for (const char *code; (code = strtok_r(NULL, " ", &rest));) {
        enum trouble t = trouble_of_code(code);
        if (t == TROUBLE_COUNT || !(measured & TROUBLE_BIT(t)))
            return control_refuse("nothing was reported: a trouble has an unknown name; are "
                                  "porchlight and porchlightd of the same version?",
                                  reply);
        found |= TROUBLE_BIT(t);
    }
    w->judged = measured;
    w->found = found;
    w->look_at = 0;
    return control_accept(reply);
}

/* --- made and freed --------------------------------------------------------------------------- */

struct trouble_watch *trouble_watch_new(const char *prefix, int64_t now)
{
    char path[PATH_LEN];
    struct trouble_watch *w = calloc(1, sizeof *w);
    if (!w)
        return NULL;
    w->began_at = w->look_at = now;
    if (path_under(prefix, PATH_TROUBLES, path) == 0 && (w->file = trouble_file_new(path))) {
        trouble_file_read(w->file, w->kept);
        troubles_read(&w->list, w->kept);
        return w;
    }
    free(w);
    return NULL;
}

void trouble_watch_free(struct trouble_watch *w)
{
    if (!w)
        return;
    trouble_file_free(w->file);
    free(w);
}
