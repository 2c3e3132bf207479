#include "kiosk/alertd/root_orders.h"

#include "kiosk/common/file.h"
#include "kiosk/common/log.h"
#include "kiosk/common/paths.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void root_orders_read(const char *prefix, struct root_word *all)
{
    char path[PATH_LEN];
    struct root_word kept;
    size_t len;
    if (path_under(prefix, PATH_ROOT_WORD, path) != 0)
        return;
    char *wire = file_read(path, ENVELOPE_SIZE, &len);
    if (wire && root_word_parse(&kept, (const uint8_t *)wire, len))
        root_word_join(all, &kept);
    else if (wire || errno != ENOENT)
        log_warning("%s cannot be read: %s. What the root key said of this kiosk is known again "
                    "once a broker sends it",
                    path, wire ? "it is damaged" : strerror(errno));
    free(wire);
}

static void root_orders_write(const char *prefix, const struct root_word *all)
{
    char path[PATH_LEN];
    uint8_t wire[ENVELOPE_SIZE];
    root_word_write(all, wire);
    if (path_under(prefix, PATH_ROOT_WORD, path) != 0 ||
        file_replace(path, wire, sizeof wire, 0600) < 0)
        log_error("%s%s: %s. What the root key said is obeyed, but would have to come again after "
                  "a restart. Check the disk (porchlight doctor)",
                  prefix, PATH_ROOT_WORD, strerror(errno));
}

/* The credentials are root's alone, so porchlightd cannot store a new key itself. */
static void new_key_want(const char *prefix)
{
    char path[PATH_LEN];
    if (path_under(prefix, PATH_NEW_KEY, path) == 0 && file_replace(path, "", 0, 0600) == 0)
        log_info("the root key has revoked a phone: all others get a new key");
    else
        log_error("the root key has revoked a phone, and the others do not get a new key by "
                  "themselves: %s%s: %s. Run sudo porchlight rotate",
                  prefix, PATH_NEW_KEY, strerror(errno));
}

void root_orders_rotated(const char *prefix)
{
    char path[PATH_LEN];
    if (path_under(prefix, PATH_NEW_KEY, path) == 0 && unlink(path) != 0 && errno != ENOENT)
        log_warning("%s: %s. All phones get a new key once more", path, strerror(errno));
}

enum root_orders_result root_orders_take(struct root_word *all, const char *prefix,
                                         const struct sealer *s, const struct mqtt_event *e)
{
    struct root_word said;
    size_t revoked = all->revoked_count;
    if (!s->keys || !root_word_read(&said, s->venue, s->kiosk, s->keys->root, e->payload, e->len))
        return ROOT_ORDERS_FORGED;
    if (!root_word_join(all, &said))
        return ROOT_ORDERS_KNOWN;
    root_orders_write(prefix, all);
    if (all->revoked_count > revoked)
        new_key_want(prefix);
    return ROOT_ORDERS_NEWS;
}
