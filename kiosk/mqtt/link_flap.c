#include "kiosk/mqtt/link_flap.h"

#include <limits.h>

void link_flap_up(struct link_flap *f, int64_t now)
{
    f->up = true;
    f->up_at = now;
}

void link_flap_down(struct link_flap *f, enum mqtt_fault fault, int64_t now)
{
    if (f->up && now - f->up_at >= f->steady)
        f->soon = 0;
    else if (f->up && f->soon < UINT_MAX)
        f->soon++;
    if (f->up)
        f->fault = fault;
    f->up = false;
}

bool link_flap_is_over(struct link_flap *f, int64_t now)
{
    if (now < link_flap_deadline(f))
        return false;
    f->soon = 0;
    return true;
}

int64_t link_flap_deadline(const struct link_flap *f)
{
    return f->up && f->soon >= LINK_FLAPS ? f->up_at + f->steady : INT64_MAX;
}

enum mqtt_fault link_flap_fault(const struct link_flap *f)
{
    return f->soon >= LINK_FLAPS ? f->fault : MQTT_FAULT_FINE;
}
