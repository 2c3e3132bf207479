#include "kiosk/screen/dpms.h"

#include <errno.h>
#include <libdrm/drm.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* A card with three connectors, as the kernel answers for one: 31 and 33 have the property, 32, a
 * writeback, has not. */

static uint64_t value_of[40];
static bool broken, crowded;

static void *at(uint64_t pointer)
{
    return (void *)(uintptr_t)pointer;
}

static int get_resources(struct drm_mode_card_res *r)
{
    static const uint32_t ids[] = {31, 32, 33};
    if (r->count_connectors >= 3)
        memcpy(at(r->connector_id_ptr), ids, sizeof ids);
    r->count_connectors = crowded ? 1000 : 3;
    return 0;
}

static int get_properties(struct drm_mode_obj_get_properties *all)
{
    static const uint32_t with[] = {1, 2, 7}, without[] = {1, 2};
    uint32_t count = all->obj_id == 32 ? 2 : 3;
    assert_int_equal(all->obj_type, DRM_MODE_OBJECT_CONNECTOR);
    if (all->count_props >= count)
        memcpy(at(all->props_ptr), count == 3 ? with : without, sizeof *with * count);
    all->count_props = count;
    return 0;
}

static int fake(int fd, unsigned long request, void *arg)
{
    static const char *const names[] = {[1] = "EDID", [2] = "DPMS_", [7] = "DPMS"};
    assert_int_equal(fd, 5);
    if (broken) {
        errno = EACCES;
        return -1;
    }
    switch (request) {
    case DRM_IOCTL_MODE_GETRESOURCES:
        return get_resources(arg);
    case DRM_IOCTL_MODE_OBJ_GETPROPERTIES:
        return get_properties(arg);
    case DRM_IOCTL_MODE_GETPROPERTY: {
        struct drm_mode_get_property *one = arg;
        memset(one->name, 0, sizeof one->name);
        memcpy(one->name, names[one->prop_id], strlen(names[one->prop_id]));
        return 0;
    }
    case DRM_IOCTL_MODE_OBJ_SETPROPERTY: {
        struct drm_mode_obj_set_property *set = arg;
        assert_int_equal(set->prop_id, 7);
        value_of[set->obj_id] = set->value;
        return 0;
    }
    default:
        fail_msg("an unexpected question: %lx", request);
        return -1;
    }
}

static void test_monitors_sleep_and_wake(void **state)
{
    (void)state;
    memset(value_of, 0xff, sizeof value_of);
    assert_int_equal(dpms_set(5, false, fake), 2);
    assert_int_equal(value_of[31], DRM_MODE_DPMS_OFF);
    assert_int_equal(value_of[33], DRM_MODE_DPMS_OFF);
    assert_int_equal(dpms_set(5, true, fake), 2);
    assert_int_equal(value_of[31], DRM_MODE_DPMS_ON);
    assert_int_equal(value_of[33], DRM_MODE_DPMS_ON);
    assert_true(value_of[32] == UINT64_MAX);
}

static void test_what_refuses(void **state)
{
    (void)state;
    broken = true;
    assert_int_equal(dpms_set(5, false, fake), -1);
    assert_int_equal(errno, EACCES);
    broken = false;
    crowded = true;
    assert_int_equal(dpms_set(5, false, fake), -1);
    crowded = false;
    assert_int_equal(dpms_set(-1, false, NULL), -1);
    assert_int_equal(errno, EBADF);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_monitors_sleep_and_wake),
                                       cmocka_unit_test(test_what_refuses)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
