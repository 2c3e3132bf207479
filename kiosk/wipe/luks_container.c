#include "kiosk/wipe/luks_container.h"

#include "kiosk/common/file.h"
#include "kiosk/wipe/device.h"
#include "kiosk/wipe/io.h"
#include "kiosk/wipe/luks_header.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Order: open mappings lose their keys and are closed. Then a mark takes the place of the first
 * header's magic and is synced; LUKS2's second header still loads, so nothing is lost by a cut
 * here. Then noise goes over the rest of the headers and over all key slots, with one sync, and is
 * read back. A run that was cut short either finds a header, and does all of it, or the mark, which
 * says how far the front reaches that must be noise. A container with neither is overwritten at its
 * beginning and reported as unverified. What the header says is in clear is overwritten once all
 * keys are destroyed, since that takes as long as it is large. */

int luks_container_part(const struct scope *s, const struct plan_target *t)
{
    char leaf[PLAN_PATH_MAX];
    int folder, fd;
    if (t->root < 0)
        return device_open(s, t->word);
    folder = scope_parent(s, t, leaf);
    if (folder < 0)
        return -1;
    fd = target_open_writable(folder, leaf);
    file_close(folder);
    return fd;
}

/* --- one file or device ---------------------------------------------------------------------- */

static void noise_over(int fd, const struct overwrite_range *ranges, int count,
                       struct target_report *r)
{
    enum overwrite_result o = overwrite_ranges(fd, ranges, count);

    if (o == OVERWRITE_UNVERIFIED)
        target_lower(r, WIPE_UNVERIFIED, errno, "its key slots did not read back as written");
    if (o == OVERWRITE_MOVED)
        target_lower(r, WIPE_UNVERIFIED, 0, overwrite_moved);
    if (o == OVERWRITE_FAILED)
        target_lower(r, WIPE_FAILED, errno, "its key slots could not be overwritten");
}

static void destroy_header(int fd, const struct luks_header *h, struct luks_mark *m,
                           struct target_report *r)
{
    struct overwrite_range ranges[1 + LUKS_SLOTS_MAX];
    uint64_t headers = h->facts.form == LUKS_1 ? h->facts.header : 2 * h->facts.header;
    struct luks_mark got;

    m->header = h->facts.header;
    m->front = h->facts.front;
    if (luks_mark_write(fd, m) < 0)
        target_lower(r, WIPE_FAILED, errno, "its first header could not be overwritten");
    else if (io_forget(fd, 0, sizeof got) < 0 || !luks_mark_read(fd, &got))
        target_lower(r, WIPE_UNVERIFIED, EIO, "its first header did not read back as overwritten");
    /* Whatever became of the mark: the key slots are destroyed. */
    ranges[0] = (struct overwrite_range){LUKS_MARK_ROOM, (int64_t)headers};
    memcpy(ranges + 1, h->slots, (size_t)h->slots_count * sizeof *ranges);
    noise_over(fd, ranges, 1 + h->slots_count, r);
}

static void destroy_beginning(int fd, enum luks_remark remark, struct target_report *r)
{
    struct luks_mark m = {.remark = remark, .header = LUKS_HEADER_MIN};
    struct overwrite_range front = {0, LUKS_FRONT};

    if (luks_container_size(fd, &m.front) == 0 && m.front < LUKS_FRONT)
        front.to = (int64_t)m.front;
    m.front = (uint64_t)front.to;
    noise_over(fd, &front, 1, r);
    /* What began like a container is known again by its mark. */
    if (remark != LUKS_WITHOUT_HEADER && m.front >= m.header && luks_mark_write(fd, &m) < 0)
        target_lower(r, WIPE_FAILED, errno, "its first header could not be overwritten");
}

/* --- the target ------------------------------------------------------------------------------ */

int luks_container_size(int fd, uint64_t *size)
{
    off_t end = lseek(fd, 0, SEEK_END);
    *size = end > 0 ? (uint64_t)end : 0;
    return end < 0 ? -1 : 0;
}

static const char *container_wrong(const struct plan_target *t, int fd)
{
    struct stat st;

    if (fstat(fd, &st) < 0 || (t->root >= 0 && !S_ISREG(st.st_mode)))
        return "it is not a regular file; left alone";
    if (t->root >= 0 && st.st_nlink != 1)
        return "it has a second name (hard link); left alone";
    return NULL;
}

static void not_opened(const struct plan_target *t, struct target_report *r)
{
    if (t->root >= 0 && errno == ENOENT)
        target_lower(r, WIPE_ALREADY_GONE, 0, "");
    else if (t->root >= 0)
        target_unreached(r, errno);
    else if (errno == EBUSY)
        target_lower(r, WIPE_FAILED, errno,
                     "something besides its mapping uses the device; left alone");
    else
        target_lower(r, WIPE_FAILED, errno,
                     "the device could not be opened, so its header was not destroyed");
}

void luks_container_close(struct luks_container *c)
{
    if (c->apart)
        file_close(c->header);
    file_close(c->data);
}

/* False: there is nothing to go on with; the report says why. */
bool luks_container_open(struct luks_container *c, const struct scope *s,
                         const struct plan_target *t, struct target_report *r)
{
    struct plan_target header = plan_header(t);
    const char *wrong;

    *c = (struct luks_container){.scope = s,
                                 .target = t,
                                 .apart = t->header[0] != '\0',
                                 .is_device = t->root < 0,
                                 .data = luks_container_part(s, t)};
    if (c->data < 0 && c->apart)
        target_lower(r, WIPE_UNVERIFIED, errno, "its data was not found, so it was not looked at");
    else if (c->data < 0)
        not_opened(t, r);
    c->header = c->apart ? luks_container_part(s, &header) : c->data;
    if (c->apart && c->header < 0)
        target_lower(r, WIPE_UNVERIFIED, errno,
                     "the file of its header was not found, so a copy of it may open the data");
    wrong = c->data >= 0 ? container_wrong(t, c->data) : NULL;
    if (c->apart && c->header >= 0 && !wrong)
        wrong = container_wrong(&header, c->header);
    if (wrong)
        target_lower(r, WIPE_FAILED, EINVAL, wrong);
    if (!wrong && c->data >= 0 && luks_container_size(c->data, &c->size) < 0)
        target_lower(r, WIPE_FAILED, errno, "its size could not be read");
    if (c->header < 0 || wrong) {
        luks_container_close(c);
        return false;
    }
    return true;
}

/* Between the key slots and the data: what was in clear before an encryption in place may still be
 * there, since cryptsetup does not touch it. */
static struct overwrite_range gap_of(const struct luks_container *c, const struct luks_mark *m)
{
    bool is_gap = !c->apart && m->data > m->front && m->data <= c->size;
    return (struct overwrite_range){(int64_t)m->front, (int64_t)(is_gap ? m->data : m->front)};
}

static void destroy_clear(const struct luks_container *c, struct luks_mark *m,
                          struct target_report *r)
{
    uint64_t from = c->apart || m->clear_from > m->front ? m->clear_from : m->front;
    uint64_t to = m->clear_to < c->size ? m->clear_to : c->size;
    const struct overwrite_range ranges[] = {{(int64_t)from, (int64_t)(to > from ? to : from)},
                                             gap_of(c, m)};
    enum overwrite_result o;

    if (!c->scope->slow) {
        target_lower(r, WIPE_FAILED, EINPROGRESS,
                     "a part of it is in clear, and is overwritten after all keys");
        return;
    }
    o = overwrite_ranges(c->data, ranges, 2);
    if (o == OVERWRITE_FAILED) {
        target_lower(r, WIPE_FAILED, errno, "a part of it is in clear and was not overwritten");
        return;
    }
    if (o == OVERWRITE_UNVERIFIED)
        target_lower(r, WIPE_UNVERIFIED, errno, "a part of it is in clear and did not read back");
    if (o == OVERWRITE_MOVED)
        target_lower(r, WIPE_UNVERIFIED, 0, overwrite_moved);
    m->clear_from = m->clear_to = m->data = 0;
    luks_mark_write(c->header, m);
}

void luks_container_settle(const struct scope *s, const struct plan_target *t,
                           struct target_report *r)
{
    struct luks_container c;
    struct luks_mark m;
    struct overwrite_range gap;

    if (!luks_container_open(&c, s, t, r))
        return;
    if (c.data >= 0 && luks_mark_read(c.header, &m)) {
        gap = gap_of(&c, &m);
        m.data = 0;
        if (gap.from < gap.to && (overwrite_ranges(c.data, &gap, 1) != OVERWRITE_VERIFIED ||
                                  luks_mark_write(c.header, &m) < 0))
            target_lower(r, WIPE_UNVERIFIED, errno,
                         "what is between its key slots and its data was not overwritten");
    }
    luks_container_close(&c);
}

/* What no header is to be found in. */
static void destroy_unknown(const struct luks_container *c, int fd, enum luks_remark remark,
                            struct target_report *r)
{
    if (remark == LUKS_WITHOUT_HEADER && c->is_device && fd == c->data) {
        target_lower(r, WIPE_FAILED, EINVAL, "there is no LUKS header on this device; left alone");
        return;
    }
    destroy_beginning(fd, remark, r);
    target_lower(r, WIPE_UNVERIFIED, EINVAL, luks_saying(remark)->after);
}

static void destroy_container(const struct luks_container *c, struct target_report *r)
{
    struct luks_header h;
    struct luks_mark m = {.remark = LUKS_SOUND};

    if (luks_mark_read(c->header, &m)) {
        struct overwrite_range front = {LUKS_MARK_ROOM, (int64_t)m.front};
        target_lower(r, WIPE_ALREADY_GONE, 0, "");
        noise_over(c->header, &front, 1, r);
    } else {
        luks_header_load(c->header, &h);
        memcpy(m.uuid, h.uuid, sizeof m.uuid);
        m.remark = luks_judge(&h.facts, c->size, c->apart);
        m.clear_from = h.facts.clear_from;
        m.clear_to = h.facts.clear_to;
        m.data = h.facts.data;
        if (h.facts.form != LUKS_1 && h.facts.form != LUKS_2) {
            destroy_unknown(c, c->header, (enum luks_remark)m.remark, r);
            return;
        }
        target_lower(r, WIPE_DESTROYED, 0, "");
        destroy_header(c->header, &h, &m, r);
    }
    if (c->data >= 0 && m.clear_from < m.clear_to)
        destroy_clear(c, &m, r);
    if (luks_saying((enum luks_remark)m.remark)->best > WIPE_DESTROYED)
        target_lower(r, luks_saying((enum luks_remark)m.remark)->best, 0,
                     luks_saying((enum luks_remark)m.remark)->after);
}

/* Data that has a header of its own, although the plan names another: that one opens it too. */
static void destroy_second_header(const struct luks_container *c, struct target_report *r)
{
    struct luks_container own = *c;
    struct luks_header h;
    struct luks_mark m;

    own.apart = false;
    own.header = c->data;
    luks_header_look(c->data, c->size, &h);
    if (h.facts.form != LUKS_NO_HEADER || luks_mark_read(c->data, &m))
        destroy_container(&own, r);
}

void luks_container_destroy(const struct luks_container *c, struct target_report *r)
{
    destroy_container(c, r);
    if (c->apart && c->data >= 0)
        destroy_second_header(c, r);
}
