#include "tests/nights/night.h"
#include "tests/nights/pair.h"
#include "tests/nights/story.h"
#include "tests/nights/watch.h"

#include <string.h>

static bool still_fails(uint64_t seed, uint32_t without, const char *invariant)
{
    static struct night night;
    const struct failure *f;
    pair_or_one_play(&night, seed, without);
    size_t n = watch_failures(&f);
    for (size_t i = 0; i < n; i++)
        if (strcmp(f[i].name, invariant) == 0)
            return true;
    return false;
}

/* Each part in turn; once more from the beginning as long as one could be left out. */
uint32_t night_shrink(uint64_t seed, const char *invariant)
{
    uint32_t without = 0;
    bool told = story_told, shorter = true;
    story_told = false;
    while (shorter) {
        shorter = false;
        for (int bit = 30; bit >= 0; bit--) {
            uint32_t one = UINT32_C(1) << bit;
            if (without & one || (bit >= NIGHT_HAPPENINGS && bit < 25))
                continue;
            if (still_fails(seed, without | one, invariant)) {
                without |= one;
                shorter = true;
            }
        }
        if (without == UINT32_MAX)
            break;
    }
    story_told = told;
    return without;
}
