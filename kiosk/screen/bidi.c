#include "kiosk/screen/bidi.h"

#include "kiosk/common/utf8.h"

#include <fribidi/fribidi.h>
#include <string.h>

/* A line as fribidi takes it. */
struct decoded {
    FriBidiChar character[ITEM_TEXT_MAX];
    size_t at[ITEM_TEXT_MAX + 1]; /* where each begins, in bytes; one more: the end */
    FriBidiStrIndex count;
};

static bool bidi_decode(const char *line, struct decoded *d)
{
    size_t len = strlen(line), at = 0, n = 0;
    if (len >= ITEM_TEXT_MAX)
        return false;
    for (size_t step; at < len; at += step, n++) {
        d->at[n] = at;
        if ((step = utf8_step(line + at, len - at, &d->character[n])) == 0)
            return false;
    }
    d->at[n] = at;
    d->count = (FriBidiStrIndex)n;
    return true;
}

bool bidi_is_rtl(const char *line)
{
    struct decoded d;
    FriBidiCharType types[ITEM_TEXT_MAX];
    if (!bidi_decode(line, &d))
        return false;
    fribidi_get_bidi_types(d.character, d.count, types);
    return fribidi_get_par_direction(types, d.count) == FRIBIDI_PAR_RTL;
}

/* The script of a letter; NULL for one that is not in the table. */
static const char *script_of(FriBidiChar c)
{
    static const struct {
        FriBidiChar first, last;
        const char *script;
    } blocks[] = {{0x41, 0x24F, "Latn"},    {0x370, 0x3FF, "Grek"},   {0x400, 0x52F, "Cyrl"},
                  {0x530, 0x58F, "Armn"},   {0x590, 0x5FF, "Hebr"},   {0x600, 0x77F, "Arab"},
                  {0x10A0, 0x10FF, "Geor"}, {0x1E00, 0x1EFF, "Latn"}, {0xFB1D, 0xFB4F, "Hebr"},
                  {0xFB50, 0xFDFF, "Arab"}, {0xFE70, 0xFEFE, "Arab"}};
    for (size_t k = 0; k < sizeof blocks / sizeof *blocks; k++)
        if (c >= blocks[k].first && c <= blocks[k].last)
            return blocks[k].script;
    return NULL;
}

/* The characters from `first` to before `end`, as a run. */
static struct bidi_run bidi_run_of(const char *line, const struct decoded *d, FriBidiStrIndex first,
                                   FriBidiStrIndex end, bool rtl, const char script[5])
{
    struct bidi_run run = {line + d->at[first], d->at[end] - d->at[first], rtl, ""};
    const char *found = NULL;
    for (FriBidiStrIndex i = first; i < end && !found; i++)
        if (FRIBIDI_IS_LETTER(fribidi_get_bidi_type(d->character[i])))
            found = script_of(d->character[i]);
    memcpy(run.script, found ? found : script, 4);
    return run;
}

size_t bidi_runs(const char *line, bool rtl, const char script[5],
                 struct bidi_run runs[ITEM_TEXT_MAX])
{
    struct decoded d;
    FriBidiParType direction = rtl ? FRIBIDI_PAR_RTL : FRIBIDI_PAR_LTR;
    FriBidiStrIndex drawn[ITEM_TEXT_MAX]; /* from the place on the screen to that in the line */
    FriBidiLevel levels[ITEM_TEXT_MAX];   /* odd: from right to left */
    size_t count = 0;
    if (!bidi_decode(line, &d) ||
        !fribidi_log2vis(d.character, d.count, &direction, NULL, NULL, drawn, levels))
        return 0;
    for (FriBidiStrIndex k = 0; k < d.count;) {
        FriBidiStrIndex first = drawn[k], end = drawn[k];
        FriBidiLevel level = levels[drawn[k]];
        for (; k < d.count && levels[drawn[k]] == level; k++) {
            first = drawn[k] < first ? drawn[k] : first;
            end = drawn[k] > end ? drawn[k] : end;
        }
        runs[count++] = bidi_run_of(line, &d, first, end + 1, level % 2 == 1, script);
    }
    return count;
}
