#include "kiosk/wipe/target_place.h"

#include "kiosk/common/file.h"
#include "kiosk/wipe/belongings.h"
#include "kiosk/wipe/device.h"
#include "kiosk/wipe/luks_header.h"
#include "kiosk/wipe/place_look.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What is destroyed in the kernel, or in a chip, is the same on any file system. */
static bool depends_on_place(const struct plan_target *t)
{
    return t->kind != PLAN_UNIT && t->kind != PLAN_FSCRYPT &&
           (t->root >= 0 || t->kind == PLAN_LUKS);
}

static bool is_one_file(enum plan_kind k)
{
    return k == PLAN_KEY || k == PLAN_FILE || k == PLAN_CREDENTIAL || k == PLAN_CELL ||
           k == PLAN_LUKS;
}

static void look_at_device(const struct scope *s, const struct plan_target *t,
                           struct target_place *p)
{
    char uuid[LUKS_UUID];
    struct stat st;
    int fd = device_open(s, t->word);

    if (fd >= 0 && fstat(fd, &st) == 0)
        p->verdict = place_judge_device(place_look_device(st.st_rdev));
    if (fd >= 0 && luks_header_uuid(fd, uuid))
        memcpy(p->handle, uuid, sizeof uuid);
    file_close(fd);
}

/* A program cannot be opened for writing while it runs. */
static bool is_running(int folder, const char *name, const struct stat *st)
{
    int fd = st->st_mode & 0111 ? scope_open(folder, name, O_WRONLY | O_NONBLOCK | O_NOCTTY) : -1;
    bool runs = (st->st_mode & 0111) && fd < 0 && errno == ETXTBSY;
    file_close(fd);
    return runs;
}

static bool is_journald(const char *who)
{
    static const char unit[] = "systemd-journald.service";
    return strncmp(who, unit, sizeof unit - 1) == 0;
}

/* settle = yes zeroes the journal of ext4, and of no other file system. */
static bool is_journal_kept(const struct scope *s, const struct plan_target *t,
                            const struct target_place *p)
{
    return t->root >= 0 && !(s->plan->roots[t->root].settle && strncmp(p->at.type, "ext", 3) == 0);
}

/* An entry that may be one file: its own verdict counts. A LUKS container's loop device goes with
 * its mapping, and journald closes its files when it is asked to. */
static void judge_entry(const struct scope *s, const struct plan_target *t, int folder,
                        const char *name, struct target_place *p)
{
    struct place_file file = {.regular = true};
    enum plan_kind kind = t->kind;
    int fd = scope_open(folder, name, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    char who[HOLDER_MAX] = "";
    struct stat st;

    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
        place_look_file(&file, fd);
        file.runs = is_running(folder, name, &st);
        file.swap = place_look_swap_file(&st);
        file.noted = kind != PLAN_LUKS && kind != PLAN_CELL && is_journal_kept(s, t, p) &&
                     target_has_notes(fd);
        file.loop_reads_it = is_one_file(kind) && kind != PLAN_LUKS && place_look_loops(&st);
        file.written = kind != PLAN_LUKS && holder_writes(fd, s->plan, who) &&
                       !(kind == PLAN_JOURNAL && is_journald(who));
    } else if (fd >= 0) {
        file.regular = false;
    }
    file_close(fd);
    p->verdict = place_worse(p->verdict, place_judge_file(&file));
    if (file.written && !p->holder[0])
        memcpy(p->holder, who, sizeof p->holder);
}

static bool is_target(const struct scope *s, const char *path)
{
    for (size_t i = 0; i < s->plan->targets_count; i++) {
        const struct plan_target *t = &s->plan->targets[i];
        char full[PLACE_WITHIN_MAX];

        snprintf(full, sizeof full, "%s%s", s->path, remembered_path(t));
        if (remembered_path(t)[0] && belongings_is_in(path, full, !is_one_file(t->kind)))
            return true;
    }
    return false;
}

/* Who reads it through an overlay that is mounted on it gets the overlay's own copy. */
static void look_for_upper(const struct scope *s, const struct plan_target *t,
                           struct target_place *p)
{
    static const struct place_verdict copied = {
        PLACE_UNSURE, 0, "an overlay that is mounted on it has a copy in its upper layer",
        "Name that copy as a target too, in the folder of the upper layer (findmnt -t overlay)."};
    char path[PLACE_WITHIN_MAX], upper[PLACE_WITHIN_MAX];
    const char *mounts = s->mounts;
    struct stat st;

    snprintf(path, sizeof path, "%s%s", s->path, remembered_path(t));
    while (mounts && place_next_upper(&mounts, path, upper)) {
        if (lstat(upper, &st) == 0 && (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)) &&
            !is_target(s, upper))
            p->verdict = place_worse(p->verdict, copied);
    }
}

static void look_at_one(const struct scope *s, const struct plan_target *t, struct target_place *p)
{
    char leaf[PLAN_PATH_MAX];
    int folder, fd;

    *p = (struct target_place){.counts = depends_on_place(t), .verdict = {.why = "", .better = ""}};
    scope_place(s, t, &p->at);
    if (t->root < 0) {
        if (p->counts)
            look_at_device(s, t, p);
        return;
    }
    p->overlay = place_is_overlay(&p->at);
    p->covers = s->places[t->root].covers;
    if (p->counts) {
        p->verdict = place_judge(&s->places[t->root]);
        look_for_upper(s, t, p);
    }
    folder = scope_parent(s, t, leaf);
    if (folder < 0) {
        p->missing = errno == ENOENT;
        return;
    }
    fd = scope_open(folder, leaf, O_PATH);
    p->missing = fd < 0 && errno == ENOENT;
    if (fd >= 0)
        place_look_handle(fd, &p->at, p->handle);
    file_close(fd);
    if (fd >= 0 && is_one_file(t->kind))
        judge_entry(s, t, folder, leaf, p);
    file_close(folder);
}

void target_place_look(const struct scope *s, const struct plan_target *t, struct target_place *p)
{
    look_at_one(s, t, p);
    if (t->header[0]) { /* the keys are in another file */
        const struct plan_target header = plan_header(t);
        struct target_place apart;
        look_at_one(s, &header, &apart);
        p->verdict = place_worse(p->verdict, apart.verdict);
    }
}

struct walk_on {
    const struct scope *scope;
    const struct plan_target *target;
    struct target_place *place;
    bool (*go_on)(void *context);
    void *context;
};

static const struct place_verdict another_mount = {
    PLACE_REFUSED, EXDEV, "a folder in it is another mount",
    "Register that folder as a root, with a target of its own."};

static const struct place_verdict too_deep = {PLACE_REFUSED, ELOOP, "a folder in it is too deep",
                                              "Move that folder further up."};

static const struct place_file noted = {.regular = true, .links = 1, .noted = true};

/* Whoever has a lease on it is asked by the kernel to let go when it is opened as the wipe does.
 * That takes a moment if he keeps it. */
static void look_at_lease(const struct walk_on *w, int folder, const char *name)
{
    static const struct place_file leased = {.regular = true, .links = 1, .leased = true};
    char who[HOLDER_MAX];
    struct stat st;
    int fd;

    if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode) ||
        !place_look_leased(&st))
        return;
    fd = scope_open(folder, name, O_WRONLY | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 && errno == EAGAIN && holder_lasts(&st, false, w->scope->plan, who))
        w->place->verdict = place_worse(w->place->verdict, place_judge_file(&leased));
    file_close(fd);
}

static bool walk_folder(const struct walk_on *w, int fd, int depth);

/* One entry of a folder that is `depth` deep. False: the walk is to end. */
static bool walk_entry(const struct walk_on *w, int folder, const char *name, int depth)
{
    struct stat st;
    bool going = true;
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
        fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return true;
    if (w->go_on && !w->go_on(w->context))
        return false;
    if (S_ISDIR(st.st_mode)) {
        int sub = scope_open(folder, name, O_RDONLY | O_DIRECTORY);
        if (sub < 0 && errno == EXDEV)
            w->place->verdict = place_worse(w->place->verdict, another_mount);
        going = sub < 0 || walk_folder(w, sub, depth + 1);
        file_close(sub);
    } else if (S_ISREG(st.st_mode)) {
        judge_entry(w->scope, w->target, folder, name, w->place);
        look_at_lease(w, folder, name);
    }
    return going;
}

static bool walk_folder(const struct walk_on *w, int fd, int depth)
{
    DIR *d = depth <= TARGET_DEPTH_MAX ? scope_list(fd) : NULL;
    struct dirent *e;
    bool going = true;

    if (is_journal_kept(w->scope, w->target, w->place) && target_has_notes(fd))
        w->place->verdict = place_worse(w->place->verdict, place_judge_file(&noted));
    if (depth > TARGET_DEPTH_MAX)
        w->place->verdict = place_worse(w->place->verdict, too_deep);
    while (d && going && (e = readdir(d)))
        going = walk_entry(w, dirfd(d), e->d_name, depth);
    if (d)
        closedir(d);
    return going;
}

void target_place_look_closer(const struct scope *s, const struct plan_target *t, bool asleep,
                              struct target_place *p)
{
    static const struct place_file kept = {.regular = true, .links = 1, .kept = true},
                                   in_inode = {.regular = true, .links = 1, .in_inode = true};
    char path[PLACE_WITHIN_MAX];
    struct place at;
    struct stat st;

    if (!p->counts || t->root < 0 || s->roots[t->root] < 0 || fstat(s->roots[t->root], &st) < 0)
        return;
    snprintf(path, sizeof path, "%s%s", s->path, remembered_path(t));
    scope_place(s, t, &at);
    if (strncmp(at.type, "ext", 3) == 0 && place_look_keeps_in_inodes(st.st_dev))
        p->verdict = place_worse(p->verdict, place_judge_file(&in_inode));
    if (holder_keeps_deleted(st.st_dev, path, at.within, !is_one_file(t->kind),
                             asleep ? s->plan : NULL, p->keeper))
        p->verdict = place_worse(p->verdict, place_judge_file(&kept));
}

void target_place_walk(const struct scope *s, const struct plan_target *t, struct target_place *p,
                       bool (*go_on)(void *context), void *context)
{
    const struct walk_on w = {s, t, p, go_on, context};
    char leaf[PLAN_PATH_MAX];
    int folder, fd;

    target_place_look_closer(s, t, true, p);
    folder = p->counts && t->root >= 0 ? scope_parent(s, t, leaf) : -1;
    if (folder >= 0 && is_one_file(t->kind))
        look_at_lease(&w, folder, leaf);
    fd = folder >= 0 && (t->kind == PLAN_TREE || t->kind == PLAN_JOURNAL)
             ? scope_open(folder, leaf, O_RDONLY | O_DIRECTORY)
             : -1;
    if (fd >= 0)
        walk_folder(&w, fd, 0);
    file_close(fd);
    file_close(folder);
}

void target_place_lower(const struct target_place *p, struct target_report *r)
{
    bool done = r->outcome == WIPE_DESTROYED || (r->outcome == WIPE_ALREADY_GONE && !p->missing);

    if (p->overlay && p->counts)
        target_lower(r, WIPE_FAILED, 0, p->verdict.why);
    else if (p->verdict.may == PLACE_UNSURE && done) {
        target_lower(r, WIPE_UNVERIFIED, p->verdict.error, p->verdict.why);
        r->lost = true;
    }
}

bool target_place_swapped(const struct plan_target *t, const struct target_place *p,
                          const struct remembered_target *seen)
{
    return t->root < 0 && seen && seen->handle[0] && p->handle[0] &&
           strcmp(seen->handle, p->handle) != 0;
}

bool target_place_alive(const struct scope *s, const struct plan_target *t,
                        const struct remembered_target *seen)
{
    bool looked = seen && !seen->destroyed && seen->handle[0] && t->root >= 0;
    int above = looked && s->roots[t->root] < 0 ? scope_above(s, t->root) : -1;
    bool alive = looked && place_look_alive(above >= 0 ? above : s->roots[t->root], seen->handle);

    file_close(above);
    return alive;
}

bool target_place_replaced(const struct scope *s, const struct plan_target *t,
                           const struct target_place *p, const struct remembered_target *seen)
{
    return !p->missing && p->handle[0] && seen && strcmp(seen->handle, p->handle) != 0 &&
           place_same(&seen->at, &p->at) && target_place_alive(s, t, seen);
}

enum target_absence target_place_absence(const struct target_place *p, enum plan_kind kind,
                                         const struct remembered_target *seen, bool alive)
{
    enum place_memory memory = place_memory(seen ? &seen->at : NULL, &p->at);
    /* What is below a tmpfs is gone with the power; nothing of it is on a disk that is missing. */
    bool in_memory = kind == PLAN_TMPFS && strcmp(p->at.type, "tmpfs") == 0;

    if (memory == MEMORY_OTHER && !in_memory)
        return ABSENCE_ELSEWHERE;
    if (p->covers)
        return ABSENCE_COVERED;
    if (in_memory)
        return ABSENCE_GONE;
    if (!seen || memory == MEMORY_NONE)
        return ABSENCE_UNSEEN;
    return alive ? ABSENCE_ALIVE : seen->unproved ? ABSENCE_UNPROVED : ABSENCE_GONE;
}

static bool is_mounted(const struct scope *s, const char *path)
{
    const char *mounts = s->mounts;
    char full[PLACE_WITHIN_MAX];
    struct place_mount m;

    snprintf(full, sizeof full, "%s%s", s->path, path);
    while (mounts && place_next_mount(&mounts, &m)) {
        if (strcmp(m.where, full) == 0)
            return true;
    }
    return false;
}

const char *target_place_unmounted(const struct scope *s, const struct plan_target *t,
                                   const struct remembered_target *seen)
{
    for (size_t i = 0; seen && t->root >= 0 && i < seen->inner_count; i++) {
        if (!is_mounted(s, seen->inner[i]))
            return seen->inner[i];
    }
    return NULL;
}

const char target_replaced[] =
    "what was at its path before is still in its file system: it was moved, or a program has it "
    "open";

static void view_absence(const struct scope *s, const struct plan_target *t,
                         const struct target_place *p, const struct remembered_target *seen,
                         struct target_view *v)
{
    switch (target_place_absence(p, t->kind, seen, target_place_alive(s, t, seen))) {
    case ABSENCE_UNSEEN:
        target_view_lower(v, WIPE_UNVERIFIED,
                          "nothing is at its path, and nothing ever was seen there");
        break;
    case ABSENCE_ALIVE:
        target_view_lower(v, WIPE_UNVERIFIED,
                          "nothing is at its path, but what was there is still in its file system: "
                          "it was moved, or a program has it open");
        break;
    default:
        break;
    }
}

static void view_place_verdict(const struct target_place *p, struct target_view *v)
{
    if (p->verdict.may == PLACE_REFUSED && strcmp(v->seen, "there") == 0)
        v->seen = "refused";
    if (p->verdict.may == PLACE_REFUSED)
        target_view_lower(v, WIPE_FAILED, p->verdict.why);
    if (p->verdict.may == PLACE_UNSURE)
        target_view_lower(v, WIPE_UNVERIFIED, p->verdict.why);
    if (p->holder[0])
        target_view_note(v, "open for writing in %s", p->holder);
    if (p->keeper[0])
        target_view_note(v, "a deleted file of it is open in %s", p->keeper);
}

bool target_place_view(const struct scope *s, const struct plan_target *t,
                       const struct target_place *p, const struct remembered_target *seen,
                       struct target_view *v)
{
    bool elsewhere = place_memory(seen ? &seen->at : NULL, &p->at) == MEMORY_OTHER;

    if (!p->counts)
        return false;
    if (target_place_swapped(t, p, seen)) {
        target_view_lower(v, WIPE_UNVERIFIED,
                          "it is another container than when you accepted the plan");
        return true;
    }
    view_place_verdict(p, v);
    if (t->root >= 0 && scope_is_away(s, t->root)) {
        target_view_lower(v, WIPE_UNVERIFIED,
                          s->errors[t->root] == EHOSTDOWN ? "its file system does not answer"
                                                          : "its file system is not mounted");
        return true;
    }
    if (elsewhere)
        target_view_lower(v, WIPE_UNVERIFIED,
                          "when you accepted the plan it was on another file system than its path "
                          "leads to now");
    else if (p->missing)
        view_absence(s, t, p, seen, v);
    else if (target_place_replaced(s, t, p, seen))
        target_view_lower(v, WIPE_UNVERIFIED, target_replaced);
    if (target_place_unmounted(s, t, seen)) {
        target_view_lower(v, WIPE_UNVERIFIED,
                          "a file system that was mounted in it is not mounted now");
        elsewhere = true;
    }
    return elsewhere || p->verdict.may == PLACE_REFUSED;
}

static void note_mount(void *context, const char *path)
{
    struct remembered_target *one = context;
    if (one->inner_count < REMEMBERED_INNER_MAX)
        snprintf(one->inner[one->inner_count++], PLAN_PATH_MAX, "%s", path);
}

static bool target_place_remember_device(const struct plan_target *t, const struct target_place *p,
                                         struct remembered *m, bool again)
{
    struct remembered_target *one = p->handle[0] ? remembered_make(m, t) : NULL;

    if (!one || strcmp(one->handle, p->handle) == 0 || (one->handle[0] && !again))
        return false;
    memcpy(one->handle, p->handle, sizeof one->handle);
    one->unproved = one->destroyed = false;
    return true;
}

bool target_place_remember(const struct scope *s, const struct plan_target *t,
                           const struct target_place *p, struct remembered *m, bool again)
{
    struct remembered_target *one, before;

    if (t->root < 0)
        return target_place_remember_device(t, p, m, again);
    if (p->missing || s->roots[t->root] < 0 || !p->at.known)
        return false;
    one = remembered_make(m, t);
    if (!one || (one->at.known && !again && !place_same(&one->at, &p->at)) ||
        (!again && target_place_replaced(s, t, p, one))) /* until the host accepts it */
        return false;
    before = *one;
    one->at = p->at;
    memcpy(one->handle, p->handle, sizeof one->handle);
    one->unproved = one->destroyed = false;
    memset(one->inner, 0, sizeof one->inner);
    one->inner_count = 0;
    scope_each_mount(s, t, note_mount, one);
    /* A mount that is missing now stays remembered until the host accepts the plan again. */
    if (!again && before.inner_count > one->inner_count) {
        memcpy(one->inner, before.inner, sizeof one->inner);
        one->inner_count = before.inner_count;
    }
    return memcmp(&before, one, sizeof before) != 0;
}
