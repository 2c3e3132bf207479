#ifndef PORCHLIGHT_WIPE_REMEMBERED_H
#define PORCHLIGHT_WIPE_REMEMBERED_H

#include "kiosk/wipe/place.h"
#include "kiosk/wipe/plan.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Where each target of the plan was when it was last accepted: a target that is missing is gone
 * only if its path still leads to the same place (place.h). The file `places` in porchlight-wipe's
 * state folder, as JSON. It holds no contents, and no path that the plan does not name. */

#define REMEMBERED_NAME  "places"
#define REMEMBERED_DRILL "drill-places" /* of a drill's decoys */
enum { REMEMBERED_FILE_MAX = 512 * 1024, REMEMBERED_INNER_MAX = 4 };

struct remembered_target {
    char name[PLAN_NAME_MAX];
    char path[PLAN_PATH_MAX];
    struct place at;
    char handle[PLACE_HANDLE_MAX];
    bool unproved;  /* a wipe removed it, and could not prove that it is destroyed */
    bool destroyed; /* a wipe destroyed it, and it has not been seen since */
    /* Paths below its own that were mounts then: what was in those is not in its file system. */
    char inner[REMEMBERED_INNER_MAX][PLAN_PATH_MAX];
    size_t inner_count;
};

struct remembered { /* large: on the heap */
    struct remembered_target targets[PLAN_TARGETS_MAX];
    size_t count;
};

/* The target of the plan with this name and path, or NULL. */
struct remembered_target *remembered_find(struct remembered *m, const struct plan_target *t);

/* The same, made if it is not there. NULL: there are too many. */
struct remembered_target *remembered_make(struct remembered *m, const struct plan_target *t);

/* Forgets what the plan does not name. */
void remembered_keep(struct remembered *m, const struct plan *p);

/* Pure. False, and *m is empty, if the text is not what remembered_print makes. */
bool remembered_parse(const char *text, struct remembered *m);
char *remembered_print(const struct remembered *m); /* you free it; NULL: no memory */

/* From and to the file `name` in the folder `dir`, which must be as progress_open wants it. A file
 * that is missing is an empty memory. 0, or -1 with errno (EBADMSG: not readable); *m is then
 * empty. */
int remembered_load(const char *dir, const char *name, uid_t owner, struct remembered *m);
int remembered_save(const char *dir, const char *name, uid_t owner, const struct remembered *m);

/* The path that a target is looked for at; "" if it has none. */
const char *remembered_path(const struct plan_target *t);

#endif
