#ifndef PORCHLIGHT_CLI_SETUP_BEFORE_H
#define PORCHLIGHT_CLI_SETUP_BEFORE_H

#include "kiosk/cli/etc_transaction.h"

#include <stdbool.h>
#include <sys/types.h>

/* What there was before set-up, for setup --undo, in a folder of root's (0700):
 *
 *   list    one line for each thing that set-up changed; the first run that changes it counts:
 *             kept MODE PATH                           it was there; its bytes are in files/PATH
 *             new PATH                                 it was not there
 *             folder PATH                              a folder that was not there, after those
 *                                                      in it
 *             unit enabled|disabled active|inactive NAME
 *   files/  copies, 0600
 *   begun   empty: an undo has begun, and stopped the services
 *
 * It begins with a first set-up, so that no copy of a kiosk's keys is ever in it: a wipe would not
 * know of that. All functions return 0, or -1 after an error message, unless they say otherwise. */
#define PATH_BEFORE       "/var/lib/porchlight-setup/before"
#define PATH_BEFORE_LIST  PATH_BEFORE "/list"
#define PATH_BEFORE_BEGUN PATH_BEFORE "/begun"

enum before_kind { BEFORE_KEPT, BEFORE_NEW, BEFORE_FOLDER, BEFORE_UNIT };

struct before_entry {
    enum before_kind kind;
    mode_t mode;          /* of what was kept */
    bool enabled, active; /* of a unit */
    const char *name;     /* a path, or a unit's name */
    const char *etc;      /* the path below /etc/porchlight; NULL: it is elsewhere */
};

/* One line of the list, which is changed, and which the names then point into. False: it is none,
 * or names what set-up never changes. Pure. */
bool before_parse(char *line, struct before_entry *e);

/* Whether the list (NULL: there is none) has an entry of this kind with this name. Pure. */
bool before_has(const char *list, enum before_kind kind, const char *name);

/* Calls `each` for every entry, in order, until a result that is not 0, and returns that. -1 with
 * errno EBADMSG: the list is damaged; `each` was not called for any. */
typedef int before_each_entry(void *context, const struct before_entry *e);
int before_each(const char *list, before_each_entry *each, void *context);

/* The list, terminated; you free it. NULL with errno ENOENT: there is none. */
char *before_read(const char *prefix);

/* The bytes of what was kept; you free them. NULL with errno. */
char *before_copy(const char *prefix, const char *path, size_t *len);

/* Called just before the commit: notes what `stage` would change and the list does not have yet.
 * Nothing is noted where there is no list and this is no first set-up. 1: this began the list. */
int before_keep(const char *prefix, const struct etc_transaction *stage, bool first);

/* Removes all of it: the commit failed for which the list was begun, or all of it is undone. */
void before_forget(const char *prefix);

#endif
