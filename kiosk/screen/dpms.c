#include "kiosk/screen/dpms.h"

#include <errno.h>
#include <libdrm/drm.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>

/* More than any card of a Pi has; further ones are not changed. */
enum { CONNECTORS = 16, PROPERTIES = 64 };

static int ask_kernel(int fd, unsigned long request, void *arg)
{
    int result;
    do
        result = ioctl(fd, request, arg);
    while (result != 0 && (errno == EINTR || errno == EAGAIN));
    return result;
}

static uint64_t pointer(void *p)
{
    return (uint64_t)(uintptr_t)p;
}

/* The kernel fills an array only if all of it fits, so the counts are read first. */
static int connectors_of(int fd, dpms_ioctl *ask, uint32_t ids[CONNECTORS])
{
    struct drm_mode_card_res card = {0}, again = {0};
    if (ask(fd, DRM_IOCTL_MODE_GETRESOURCES, &card) != 0)
        return -1;
    if (card.count_connectors > CONNECTORS) {
        errno = E2BIG;
        return -1;
    }
    again.count_connectors = card.count_connectors;
    again.connector_id_ptr = pointer(ids);
    if (ask(fd, DRM_IOCTL_MODE_GETRESOURCES, &again) != 0)
        return -1;
    return (int)(again.count_connectors < card.count_connectors ? again.count_connectors
                                                                : card.count_connectors);
}

/* The number of the connector's property "DPMS"; 0: it has none. */
static uint32_t property_of(int fd, dpms_ioctl *ask, uint32_t connector)
{
    uint32_t ids[PROPERTIES];
    uint64_t values[PROPERTIES];
    struct drm_mode_obj_get_properties all = {.props_ptr = pointer(ids),
                                              .prop_values_ptr = pointer(values),
                                              .count_props = PROPERTIES,
                                              .obj_id = connector,
                                              .obj_type = DRM_MODE_OBJECT_CONNECTOR};
    if (ask(fd, DRM_IOCTL_MODE_OBJ_GETPROPERTIES, &all) != 0 || all.count_props > PROPERTIES)
        return 0;
    for (uint32_t k = 0; k < all.count_props; k++) {
        struct drm_mode_get_property one = {.prop_id = ids[k]};
        if (ask(fd, DRM_IOCTL_MODE_GETPROPERTY, &one) == 0 &&
            strncmp(one.name, "DPMS", sizeof one.name) == 0)
            return ids[k];
    }
    return 0;
}

int dpms_set(int fd, bool on, dpms_ioctl *ask)
{
    uint32_t ids[CONNECTORS];
    int done = 0;
    if (!ask)
        ask = ask_kernel;
    int count = connectors_of(fd, ask, ids);
    for (int k = 0; k < count; k++) {
        uint32_t property = property_of(fd, ask, ids[k]);
        struct drm_mode_obj_set_property set = {.value = on ? DRM_MODE_DPMS_ON : DRM_MODE_DPMS_OFF,
                                                .prop_id = property,
                                                .obj_id = ids[k],
                                                .obj_type = DRM_MODE_OBJECT_CONNECTOR};
        if (property != 0 && ask(fd, DRM_IOCTL_MODE_OBJ_SETPROPERTY, &set) == 0)
            done++;
    }
    return count < 0 ? -1 : done;
}
