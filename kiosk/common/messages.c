#include "kiosk/common/messages.h"

const char *wipe_outcome_name(uint32_t outcome)
{
    static const char *const names[] = {
        [WIPE_NOTHING] = "not begun",
        [WIPE_DESTROYED] = "destroyed",
        [WIPE_ALREADY_GONE] = "already gone",
        [WIPE_UNVERIFIED] = "unverified",
        [WIPE_FAILED] = "failed",
    };
    return outcome < sizeof names / sizeof names[0] ? names[outcome] : "unknown";
}
