#include "kiosk/registrar/broker_admin.h"

#include "kiosk/core/ns.h"

enum topic_role broker_admin_role(enum registration_role role)
{
    static const enum topic_role roles[REGISTRATION_ROLES] = {
        [REGISTRATION_NEWCOMER] = ROLE_NEWCOMER, [REGISTRATION_MEMBER] = ROLE_MEMBER,
        [REGISTRATION_STAFF] = ROLE_STAFF,       [REGISTRATION_RELAY] = ROLE_RELAY,
        [REGISTRATION_KIOSK] = ROLE_KIOSK,       [REGISTRATION_ROOT] = ROLE_ROOT,
    };
    return roles[role];
}

void broker_admin_free(struct broker_admin *a)
{
    if (a)
        a->ops->release(a);
}

void broker_admin_begin(struct broker_admin *a, const struct broker_admin_order *o)
{
    a->ops->begin(a, o);
}

const char *broker_admin_topic(const struct broker_admin *a)
{
    return a->ops->topic;
}

bool broker_admin_next(struct broker_admin *a, int64_t now, struct mqtt_publication *p)
{
    return a->ops->next && a->ops->next(a, now, p);
}

void broker_admin_again(struct broker_admin *a)
{
    if (a->ops->again)
        a->ops->again(a);
}

int64_t broker_admin_deadline(const struct broker_admin *a)
{
    return a->ops->deadline ? a->ops->deadline(a) : NS_NEVER;
}

bool broker_admin_receive(struct broker_admin *a, const struct mqtt_event *e,
                          struct broker_admin_result *r)
{
    return a->ops->receive && a->ops->receive(a, e, r);
}

int broker_admin_fd(const struct broker_admin *a)
{
    return a->ops->fd ? a->ops->fd(a) : -1;
}

bool broker_admin_done(struct broker_admin *a, struct broker_admin_result *r)
{
    return a->ops->done && a->ops->done(a, r);
}
