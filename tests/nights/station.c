#include "tests/nights/station.h"

#include "kiosk/alertd/kiosk.h"
#include "kiosk/common/clock.h"
#include "kiosk/common/loop.h"
#include "kiosk/common/messages.h"
#include "tests/nights/story.h"
#include "tests/nights/watch.h"
#include "tests/nights/wires.h"

#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* From mains to porchlightd, and systemd's pause before it starts a service again. */
#define BOOT   (15 * S)
#define AGAIN  (2 * S)
#define SCREEN (500 * MS)
#define WIPING (40 * MS)

/* --- porchlightd, as its main has it ---------------------------------------------------------- */

static void on_signal(void *context, int fd, short revents)
{
    uint64_t times;
    (void)context;
    (void)revents;
    (void)read(fd, &times, sizeof times);
}

static void porchlightd(struct machine *m)
{
    struct station *s = m->owner;
    struct loop *loop = loop_new();
    struct kiosk *k = loop ? kiosk_new(s->keys->prefix, &s->config, NULL, loop) : NULL;
    if (!k)
        return;
    s->signal = eventfd(0, 0);
    loop_add(loop, s->signal, POLLIN, on_signal, s);
    while (!m->graceful) {
        loop_deadline(loop, kiosk_deadline(k));
        if (loop_turn(loop) != 0)
            break;
        kiosk_time(k, clock_now());
    }
    kiosk_free(k);
    loop_free(loop);
}

/* --- the screen ------------------------------------------------------------------------------- */

static void screen_said(void *context, struct local *l, const void *bytes, size_t len)
{
    struct station *s = context;
    struct screen_cue cue;
    if (l != s->screen || len != sizeof cue)
        return;
    memcpy(&cue, bytes, sizeof cue);
    if (cue.kind != SCREEN_CUE)
        return;
    s->signs = cue.signs;
    watch_screen(s, &cue);
}

static void screen_dial(void *context, uint64_t starts)
{
    struct station *s = context;
    if (!s->machine->running || s->machine->starts != starts)
        return;
    if (!local_is_open(s->screen))
        s->screen = local_dial(s->machine, "screen.sock", screen_said, s);
    world_at(world_now() + SCREEN, screen_dial, s, starts);
}

/* --- porchlight-wipe -------------------------------------------------------------------------- */

static void wipe_answer(struct station *s, enum wipe_kind kind, uint32_t outcome)
{
    struct wipe_progress p = {
        .magic = WIPE_MAGIC, .kind = kind, .outcome = outcome, .index = 1, .took_ns = WIPING};
    if (local_is_open(s->wipe_client))
        local_send(s->wipe_client, &p, sizeof p);
}

static void wipe_over(void *context, uint64_t starts)
{
    struct station *s = context;
    if (!s->machine->running || s->machine->starts != starts)
        return;
    if (s->wiping) {
        s->wiping = false;
        s->wiped = true;
        story("porchlight-wipe: destroyed");
    }
    wipe_answer(s, WIPE_END, WIPE_DESTROYED);
}

static void wipe_said(void *context, struct local *l, const void *bytes, size_t len)
{
    struct station *s = context;
    if (len == 0)
        return;
    s->wipe_client = l;
    if (len == 5 && memcmp(bytes, "CHECK", 5) == 0) {
        s->checks++;
        wipe_answer(s, WIPE_END, WIPE_NOTHING);
        return;
    }
    story("porchlight-wipe is asked: %.*s", (int)len, (const char *)bytes);
    watch_wipe(s, bytes, len);
    if (len == 4 && memcmp(bytes, "WIPE", 4) == 0)
        s->wiping = true;
    else if (len == 6 && memcmp(bytes, "FINISH", 6) == 0)
        s->finished = true;
    world_at(world_now() + WIPING, wipe_over, s, s->machine->starts);
}

/* --- power ------------------------------------------------------------------------------------ */

static void station_boot(void *context, uint64_t starts)
{
    struct station *s = context;
    if (!s->powered || s->machine->running || s->machine->starts != starts)
        return;
    story("%s: porchlightd starts", s->machine->name);
    machine_start(s->machine, porchlightd);
    s->silent_since = INT64_MAX;
    world_at(world_now() + SCREEN, screen_dial, s, s->machine->starts);
}

static void station_ended(struct machine *m, int status)
{
    struct station *s = m->owner;
    story("%s: porchlightd is gone", m->name);
    s->silent_since = world_now();
    watch_ended(s);
    if (status == -1 && s->disk.cut_is_power) {
        m->booted_at = world_now();
        world_at(world_now() + BOOT, station_boot, s, m->starts);
    } else {
        world_at(world_now() + AGAIN, station_boot, s, m->starts);
    }
}

void station_init(struct station *s, const struct venue *v, size_t number, bool button,
                  const char *name)
{
    *s = (struct station){.venue = v,
                          .keys = &v->kiosks[number],
                          .number = number,
                          .signal = -1,
                          .silent_since = 0,
                          .cut_since = INT64_MAX};
    venue_config(v, number, button, &s->config);
    s->machine = machine_new(name, s);
    s->machine->ended = station_ended;
    s->machine->is_kiosk = true;
    s->machine->ways = s->ways;
    s->machine->gateway = &s->gateway;
    disk_attach(s->machine, &s->disk);
    local_serve(s->machine, "wipe.sock", wipe_said, s);
}

void station_power_on(struct station *s)
{
    if (s->powered || s->stolen)
        return;
    s->powered = true;
    s->machine->booted_at = world_now();
    story("%s: the mains come on", s->machine->name);
    world_at(world_now() + BOOT, station_boot, s, s->machine->starts);
}

void station_power_off(struct station *s)
{
    if (!s->powered)
        return;
    story("%s: the mains go", s->machine->name);
    s->powered = false;
    if (!s->machine->running)
        return;
    machine_cut(s->machine, true);
    s->silent_since = world_now();
    watch_ended(s);
}

void station_kill(struct station *s)
{
    if (!s->machine->running)
        return;
    machine_cut(s->machine, false);
    s->disk.cut_is_power = false;
    station_ended(s->machine, -1);
}

void station_restart(struct station *s)
{
    uint64_t one = 1;
    if (!s->machine->running || s->signal < 0)
        return;
    story("%s: porchlightd is asked to stop", s->machine->name);
    s->machine->graceful = true;
    (void)write(s->signal, &one, sizeof one);
}

void station_look_at_ways(struct station *s)
{
    bool any = false;
    for (size_t i = 0; i < s->ways_count; i++) {
        const struct way *w = &s->ways[i];
        any = any || (!w->hole && !w->refused && !w->portal && !w->nameless);
    }
    if (any)
        s->cut_since = INT64_MAX;
    else if (s->cut_since == INT64_MAX)
        s->cut_since = world_now();
}

struct station *station_now(void)
{
    const struct machine *m = machine_now();
    return m && m->is_kiosk ? m->owner : NULL;
}
