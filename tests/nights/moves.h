#ifndef PORCHLIGHT_NIGHTS_MOVES_H
#define PORCHLIGHT_NIGHTS_MOVES_H

#include "tests/nights/night.h"

/* What people do besides hands at the switch and phones: the host with the root key's paper, a
 * button by radio, and the host's own lines for phones. */

/* `porchlight root end` on a laptop: it looks at every broker that it reaches, and keeps there what
 * it has to say of this kiosk. */
void move_root_ends(struct night *n, const struct happening *h);

/* `porchlight retire` there: the kiosk is disowned, whatever can be read of it. */
void move_retires(struct night *n, const struct happening *h);

/* `porchlight root revoke` there, of the second staff phone; and what the kiosk's path unit does
 * once the kiosk has obeyed: all others get a new key. Where there is one kiosk. */
void move_root_revokes(struct night *n, const struct happening *h);

/* A button by radio is pressed: its gateway says so at its own broker. */
void move_button(struct night *n, const struct happening *h);

/* The host gives all phones a new key (porchlight rotate), or shuts a member's phone out first
 * (porchlight revoke): that where there is one kiosk, for the other knows nothing of it. */
void move_rotates(struct night *n, const struct happening *h);
void move_revokes(struct night *n, const struct happening *h);

/* The host writes other lines (porchlight words). */
void move_words(struct night *n, const struct happening *h);

#endif
