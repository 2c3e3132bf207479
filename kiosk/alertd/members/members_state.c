#include "kiosk/alertd/members/members_state.h"

void members_publish(const struct members *m, const struct mqtt_publication *p)
{
    for (size_t i = 0; i < m->needs.config->brokers_count; i++)
        delivery_say(m->needs.delivery, i, p);
}

void members_say_to_relays(const struct members *m, const char *account, struct message *said)
{
    struct mqtt_publication p = {.qos = topic_table[TOPIC_WAKE].qos,
                                 .expiry_s = topic_table[TOPIC_WAKE].expiry_s};
    sealer_topic(m->needs.sealer, TOPIC_WAKE, account, p.topic);
    p.len = sealer_payload(m->needs.sealer, p.topic, said, p.payload);
    if (p.len > 0)
        members_publish(m, &p);
}

void members_staff_read(struct members *m)
{
    m->staff_stamp = staff_stamp(m->needs.prefix);
    staff_read(&m->staff, m->needs.prefix, m->needs.sealer, m->needs.root);
    if (staff_readers(&m->staff, m->needs.sealer))
        m->needs.staff_changed(m->needs.context);
}
