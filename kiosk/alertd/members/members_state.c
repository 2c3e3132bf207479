#include "kiosk/alertd/members/members_state.h"

void members_publish(const struct members *m, const struct mqtt_publication *p)
{
    for (size_t i = 0; i < m->needs.config->brokers_count; i++)
        delivery_say(m->needs.delivery, i, p);
}

void members_staff_read(struct members *m)
{
    m->staff_stamp = staff_stamp(m->needs.prefix);
    staff_read(&m->staff, m->needs.prefix, m->needs.sealer, m->needs.root);
    if (staff_readers(&m->staff, m->needs.sealer))
        m->needs.staff_changed(m->needs.context);
}
