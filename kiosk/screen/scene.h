#ifndef PORCHLIGHT_SCREEN_SCENE_H
#define PORCHLIGHT_SCREEN_SCENE_H

#include "kiosk/screen/cue_fade.h"
#include "kiosk/screen/items.h"
#include "kiosk/screen/programme.h"

#include <stdbool.h>
#include <stdint.h>

/* scene(state, time) -> a list of what is drawn. Pure: nothing is read but the arguments. */

enum scene_kind { SCENE_WINDOW, SCENE_LANTERN, SCENE_PICTURES, SCENE_PROGRAMME };

/* The words of the moment, made by words.c in the language whose turn it is. */
struct scene_words {
    char hour[12], minute[12];    /* of the clock; empty while it is not set */
    char digit[10][5];            /* the language's digits; empty: 0 to 9 */
    char greeting[ITEM_TEXT_MAX]; /* may be empty */
    char date[ITEM_TEXT_MAX];
    char script[5];
    bool rtl;
    float alpha;       /* 0 to 1: languages fade into each other */
    float clock_alpha; /* the same for the clock, where their digits differ */
};

struct scene_state {
    enum scene_kind kind;
    int w, h;
    double latitude, longitude; /* degrees */
    bool reduced_motion;        /* nothing moves by itself; sky and cue still change slowly */
    int shift_x, shift_y;       /* px: words and shore move a little, against burn-in */
    struct cue_fade cue;
    struct scene_words words;
    const struct photo *photo[2]; /* pictures: fading out, fading in; NULL where there is none */
    float photo_fade;             /* 0 the first alone, 1 the second */
    struct programme programme;   /* programme: today's */
    int minute;                   /* of the local day; -1 while the clock is not set */
};

struct scene_time {
    int64_t wall; /* ns since 1970, UTC: sun, moon */
    int64_t run;  /* ns of a clock that never jumps: drift of clouds and water */
};

/* What a scene needs that depends on the size alone, made once: the lines of the hills. */
struct geometry;
/* `inches`: the panel's diagonal; 0: unknown, taken as 7 where it has under 700 lines, or else as
 * 15. NULL with errno. */
struct geometry *geometry_new(int w, int h, float inches);
void geometry_free(struct geometry *s);

/* Fills *out. Returns how long (ns) the picture stays the same. */
int64_t scene_draw(const struct scene_state *s, const struct geometry *geometry,
                   struct scene_time t, struct items *out);

/* Where the scene pictures puts a photo. */
struct box scene_photo_room(const struct geometry *geometry);

/* The scene of that name ("window" ...); -1 for another name. */
int scene_kind_of(const char *name);

#endif
