#ifndef PORCHLIGHT_SCREEN_DRAW_PHOTO_H
#define PORCHLIGHT_SCREEN_DRAW_PHOTO_H

#include "kiosk/screen/items.h"

/* The host's photos: JPEG and PNG from one folder, whatever their names end in, in the order of
 * their names, one after another. Transparent ones are shown on white. A file that is cut off,
 * damaged, or of another format, such as HEIC, is named in the log once, and again when it has
 * changed, with what to do, and skipped: the first 64 of them. Hidden files are passed over. */
struct album;

/* A photo of more pixels than this is skipped before it is decoded, so that it leaves the alarm its
 * memory on a Pi with 512 MB. A JPEG takes 3 bytes for each; one of more than ALBUM_WHOLE is
 * decoded at half its size. A PNG takes 8, a progressive JPEG up to 9: they may have ALBUM_WHOLE.
 */
#define ALBUM_PIXELS (40u * 1000 * 1000)
#define ALBUM_WHOLE  (12u * 1000 * 1000)

/* A larger file is skipped: it is read into memory as a whole. */
#define ALBUM_BYTES (64 * 1000 * 1000)

struct album *album_new(const char *folder); /* NULL: no memory */
void album_free(struct album *a);

/* The next photo that can be shown, upright, scaled down to fit w x h (never up). NULL when the
 * folder has none; the reason is logged once. Free with album_photo_free. */
struct photo *album_next(struct album *a, int w, int h);
void album_photo_free(struct photo *p);

#endif
