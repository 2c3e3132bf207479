#include "kiosk/wipe/target.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <time.h>
#include <unistd.h>

/* Stopping must not hold up the keys: who has not gone in this time is killed, and then waited for
 * as long again. */
enum { STOP_MS = 150, PAUSE_MS = 5 };
#define ANSWER_US UINT64_C(500000) /* a systemd that is busy is not waited for either */

#define BUS_NAME  "org.freedesktop.systemd1"
#define BUS_PATH  "/org/freedesktop/systemd1"
#define BUS_MAKER "org.freedesktop.systemd1.Manager"

/* systemd's own socket: it works before and without the message bus. NULL with errno. */
static sd_bus *connect_systemd(void)
{
    sd_bus *bus = NULL;
    int result = sd_bus_new(&bus);

    if (result >= 0)
        result = sd_bus_set_address(bus, "unix:path=/run/systemd/private");
    if (result >= 0)
        result = sd_bus_start(bus);
    if (result >= 0)
        result = sd_bus_set_method_call_timeout(bus, ANSWER_US);
    if (result < 0) {
        sd_bus_unref(bus);
        errno = -result;
        return NULL;
    }
    return bus;
}

/* "active", "inactive", ... into out; "inactive" for a unit that systemd does not know. */
static int unit_state(sd_bus *bus, const char *unit, char out[32])
{
    sd_bus_error error = SD_BUS_ERROR_NULL;
    sd_bus_message *reply = NULL;
    const char *path;
    char *state = NULL;
    int result = sd_bus_call_method(bus, BUS_NAME, BUS_PATH, BUS_MAKER, "GetUnit", &error, &reply,
                                    "s", unit);

    if (result < 0 && sd_bus_error_has_name(&error, BUS_NAME ".NoSuchUnit")) {
        snprintf(out, 32, "inactive");
        result = 0;
    } else if (result >= 0 && (result = sd_bus_message_read(reply, "o", &path)) >= 0) {
        result = sd_bus_get_property_string(bus, BUS_NAME, path, BUS_NAME ".Unit", "ActiveState",
                                            NULL, &state);
        if (result >= 0)
            snprintf(out, 32, "%s", state);
    }
    free(state);
    sd_bus_message_unref(reply);
    sd_bus_error_free(&error);
    return result;
}

static bool is_down(const char *state)
{
    return strcmp(state, "inactive") == 0 || strcmp(state, "failed") == 0;
}

/* Waits until the unit is down. 1, 0 on timeout, negative errno. */
static int wait_down(sd_bus *bus, const char *unit)
{
    const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};
    char state[32];

    for (int i = 0; i <= STOP_MS / PAUSE_MS; i++) {
        int result = unit_state(bus, unit, state);
        if (result < 0)
            return result;
        if (is_down(state))
            return 1;
        nanosleep(&pause, NULL);
    }
    return 0;
}

static bool is_mount(const char *unit)
{
    size_t len = strlen(unit), end = strlen(".mount");
    return len > end && strcmp(unit + len - end, ".mount") == 0;
}

/* An unmounting that is killed has unmounted nothing. It goes on by itself, and is looked at again
 * when the keys are dead: nothing is written back through a mapping without a key. */
static void target_unit_stop(sd_bus *bus, const char *unit, struct target_report *r)
{
    char state[32];
    int result = unit_state(bus, unit, state);
    if (result >= 0 && is_down(state)) {
        target_lower(r, WIPE_ALREADY_GONE, 0, "");
        return;
    }
    /* The stop job keeps it from being started again; the kill makes it quick. */
    if (result >= 0)
        result = sd_bus_call_method(bus, BUS_NAME, BUS_PATH, BUS_MAKER, "StopUnit", NULL, NULL,
                                    "ss", unit, "replace-irreversibly");
    if (result >= 0 && (result = wait_down(bus, unit)) == 0 && !is_mount(unit)) {
        sd_bus_call_method(bus, BUS_NAME, BUS_PATH, BUS_MAKER, "KillUnit", NULL, NULL, "ssi", unit,
                           "all", 9);
        result = wait_down(bus, unit);
    }
    if (result == 1)
        target_lower(r, WIPE_DESTROYED, 0, "");
    else if (result == 0 && is_mount(unit))
        target_lower(r, WIPE_UNVERIFIED, EBUSY, "systemd is still stopping it");
    else
        target_lower(r, WIPE_FAILED, result < 0 ? -result : ETIMEDOUT, "it did not stop");
}

static void target_unit_destroy(const struct scope *s, const struct plan_target *t,
                                struct target_report *r)
{
    sd_bus *bus = connect_systemd();

    (void)s;
    if (!bus) {
        if (errno == ENOENT) /* not booted with systemd: nothing of that name can run */
            target_lower(r, WIPE_ALREADY_GONE, 0, "");
        else
            target_lower(r, WIPE_FAILED, errno, "systemd does not answer, so it was not stopped");
        return;
    }
    target_unit_stop(bus, t->word, r);
    sd_bus_flush_close_unref(bus);
}

static void target_unit_prove(const struct scope *s, const struct plan_target *t,
                              struct target_report *r)
{
    sd_bus *bus = connect_systemd();
    char state[32] = "";

    (void)s;
    if (!bus)
        return; /* destroy has said what that means */
    if (unit_state(bus, t->word, state) < 0)
        target_lower(r, WIPE_FAILED, EBUSY, "systemd gives no answer on whether it still runs");
    else if (strcmp(state, "deactivating") == 0)
        target_lower(r, WIPE_UNVERIFIED, EBUSY, "systemd is still stopping it");
    else if (!is_down(state))
        target_lower(r, WIPE_FAILED, EBUSY, "it still runs");
    sd_bus_flush_close_unref(bus);
}

static void target_unit_look(const struct scope *s, const struct plan_target *t,
                             struct target_view *v)
{
    sd_bus *bus = connect_systemd();
    char state[32] = "";

    (void)s;
    v->seen = "systemd gives no answer on whether it runs";
    if (bus && unit_state(bus, t->word, state) >= 0)
        v->seen = is_down(state) ? "does not run now" : "runs now";
    sd_bus_flush_close_unref(bus);
}

/* A rehearsal must not stop what the venue uses: its decoy is a unit that does not run. */
static int target_unit_decoy(const struct scope *s, const struct plan_target *t)
{
    (void)s, (void)t;
    return 0;
}

const struct target_ops target_unit = {
    .promise = "The service is stopped, or killed after 150 ms, so that it holds no file open and "
               "no key in use; a mount is given the time it takes.",
    .kept = "The service does not run.",
    .destroy = target_unit_destroy,
    .prove = target_unit_prove,
    .look = target_unit_look,
    .decoy = target_unit_decoy,
};
