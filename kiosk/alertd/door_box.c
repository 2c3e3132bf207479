#include "kiosk/alertd/door_box.h"

#include "kiosk/common/clock.h"
#include "kiosk/common/log.h"

#include <errno.h>
#include <string.h>

static void door_box_write(struct kiosk_state *s, const struct sealer *sealer)
{
    if (sealer_box(sealer, &s->door, s->record.box) != 0)
        log_error("the message to staff phones could not be written: %s", strerror(errno));
    s->record.boxed = s->box_is_new = true;
}

static const char *door_box_where(const struct kiosk_state *s)
{
    return alert_id_is_none(&s->alert.now.id) ? "" : s->where;
}

static struct message message_from_door(const struct kiosk_state *s, enum alert_door door)
{
    static const enum message_kind kinds[] = {[ALERT_DOOR_NOTHING] = MSG_NOTHING,
                                              [ALERT_DOOR_CODE] = MSG_CODE,
                                              [ALERT_DOOR_UNKNOWN] = MSG_CODE,
                                              [ALERT_DOOR_DURESS] = MSG_DURESS};
    struct message m = {.kind = kinds[door], .age_ms = -1};
    const char *where = door_box_where(s);
    if (door != ALERT_DOOR_NOTHING || where[0] != '\0')
        m.id = s->alert.now.id;
    strcpy(m.where, where);
    if (door == ALERT_DOOR_UNKNOWN)
        strcpy(m.detail, "unknown");
    clock_wall(m.at);
    return m;
}

void door_box_seal(struct kiosk_state *s, const struct sealer *sealer, enum alert_door door)
{
    s->record.boxed = false;
    if (!sealer->keys)
        return;
    s->door = message_from_door(s, door);
    door_box_write(s, sealer);
}

/* The record may lack its box: 0.1.0 wrote none, and a cell has no room for one where the card
 * cannot be written. Of 0.1.0's it is known what was pressed; otherwise staff learn that it is not.
 * A box of the alert that goes on is kept as it is: it names the switch, which this start has
 * forgotten. */
void door_box_resume(struct kiosk_state *s, const struct sealer *sealer)
{
    const struct record *r = &s->record;
    enum alert_door door = r->was_duress         ? ALERT_DOOR_DURESS
                           : r->standing.pressed ? ALERT_DOOR_UNKNOWN
                                                 : ALERT_DOOR_NOTHING;
    if (!sealer->keys)
        return;
    s->door = (struct message){.kind = MSG_KINDS};
    if (r->standing.pressed && r->boxed)
        return;
    s->alert.now.id = r->standing.id;
    s->door = message_from_door(s, door);
    if (r->boxed && !alert_id_is_none(&r->standing.id))
        s->door.id = r->standing.id;
    else
        door_box_write(s, sealer);
}

bool door_box_moved(struct kiosk_state *s, const struct sealer *sealer)
{
    const struct alert_id *id = &s->door.id; /* none: the box names no switch */
    bool over = !alert_id_is_none(id) && !alert_id_equal(id, &s->alert.now.id);
    if (!sealer->keys || (!over && strcmp(s->door.where, door_box_where(s)) == 0))
        return false;
    door_box_seal(s, sealer, s->alert.door);
    return true;
}

bool door_box_again(struct kiosk_state *s, const struct sealer *sealer)
{
    if (!sealer->keys || s->door.kind == MSG_KINDS)
        return false;
    door_box_write(s, sealer);
    return true;
}
