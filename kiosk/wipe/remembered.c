#include "kiosk/wipe/remembered.h"

#include "kiosk/common/file.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { VERSION = 1 };

const char *remembered_path(const struct plan_target *t)
{
    if (t->root < 0)
        return "";
    return t->path[0] ? t->path : t->word + strlen("file:");
}

/* What tells it from another target of the same name. */
static const char *remembered_key(const struct plan_target *t)
{
    return t->root < 0 ? t->word : remembered_path(t);
}

struct remembered_target *remembered_find(struct remembered *m, const struct plan_target *t)
{
    for (size_t i = 0; i < m->count; i++) {
        if (strcmp(m->targets[i].name, t->name) == 0 &&
            strcmp(m->targets[i].path, remembered_key(t)) == 0)
            return &m->targets[i];
    }
    return NULL;
}

struct remembered_target *remembered_make(struct remembered *m, const struct plan_target *t)
{
    struct remembered_target *one = remembered_find(m, t);
    if (one || m->count == PLAN_TARGETS_MAX)
        return one;
    one = &m->targets[m->count++];
    *one = (struct remembered_target){.unproved = false};
    snprintf(one->name, sizeof one->name, "%s", t->name);
    snprintf(one->path, sizeof one->path, "%s", remembered_key(t));
    return one;
}

void remembered_keep(struct remembered *m, const struct plan *p)
{
    size_t kept = 0;
    for (size_t i = 0; i < m->count; i++) {
        bool named = false;
        for (size_t j = 0; j < p->targets_count && !named; j++)
            named = strcmp(m->targets[i].name, p->targets[j].name) == 0 &&
                    strcmp(m->targets[i].path, remembered_key(&p->targets[j])) == 0;
        if (named)
            m->targets[kept++] = m->targets[i];
    }
    m->count = kept;
}

/* --- as text -------------------------------------------------------------------------------- */

/* One member of text. False if it is missing or too long. */
static bool remembered_take(const cJSON *from, const char *key, char *out, size_t size)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(from, key));
    return text && snprintf(out, size, "%s", text) < (int)size;
}

static bool parse_target(const cJSON *from, struct remembered_target *one)
{
    const cJSON *inner;
    bool right = cJSON_IsObject(from) &&
                 remembered_take(from, "name", one->name, sizeof one->name) &&
                 remembered_take(from, "path", one->path, sizeof one->path) &&
                 remembered_take(from, "type", one->at.type, sizeof one->at.type) &&
                 remembered_take(from, "source", one->at.source, sizeof one->at.source) &&
                 remembered_take(from, "uuid", one->at.uuid, sizeof one->at.uuid) &&
                 remembered_take(from, "fsid", one->at.fsid, sizeof one->at.fsid) &&
                 remembered_take(from, "within", one->at.within, sizeof one->at.within);
    one->at.known = right && one->at.type[0];
    if (!remembered_take(from, "handle", one->handle, sizeof one->handle))
        one->handle[0] = '\0'; /* older versions noted none */
    one->unproved = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(from, "unproved"));
    one->destroyed = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(from, "destroyed"));
    cJSON_ArrayForEach(inner, cJSON_GetObjectItemCaseSensitive(from, "mounts"))
    {
        const char *path = cJSON_GetStringValue(inner);
        right = right && path && one->inner_count < REMEMBERED_INNER_MAX &&
                snprintf(one->inner[one->inner_count++], PLAN_PATH_MAX, "%s", path) < PLAN_PATH_MAX;
    }
    return right;
}

bool remembered_parse(const char *text, struct remembered *m)
{
    cJSON *top = cJSON_Parse(text);
    const cJSON *version = cJSON_GetObjectItemCaseSensitive(top, "version"), *one;
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(top, "targets");
    bool right = cJSON_IsNumber(version) && version->valueint == VERSION && cJSON_IsArray(list);

    *m = (struct remembered){.count = 0};
    cJSON_ArrayForEach(one, list)
    {
        right = right && m->count < PLAN_TARGETS_MAX && parse_target(one, &m->targets[m->count]);
        m->count += right;
    }
    cJSON_Delete(top);
    if (!right)
        *m = (struct remembered){.count = 0};
    return right;
}

char *remembered_print(const struct remembered *m)
{
    cJSON *top = cJSON_CreateObject(), *list;
    char *text;

    cJSON_AddNumberToObject(top, "version", VERSION);
    list = cJSON_AddArrayToObject(top, "targets");
    for (size_t i = 0; i < m->count; i++) {
        const struct remembered_target *from = &m->targets[i];
        cJSON *one = cJSON_CreateObject(), *inner = cJSON_CreateArray();

        cJSON_AddStringToObject(one, "name", from->name);
        cJSON_AddStringToObject(one, "path", from->path);
        cJSON_AddStringToObject(one, "type", from->at.known ? from->at.type : "");
        cJSON_AddStringToObject(one, "source", from->at.source);
        cJSON_AddStringToObject(one, "uuid", from->at.uuid);
        cJSON_AddStringToObject(one, "fsid", from->at.fsid);
        cJSON_AddStringToObject(one, "within", from->at.within);
        cJSON_AddStringToObject(one, "handle", from->handle);
        cJSON_AddBoolToObject(one, "unproved", from->unproved);
        cJSON_AddBoolToObject(one, "destroyed", from->destroyed);
        for (size_t j = 0; j < from->inner_count; j++)
            cJSON_AddItemToArray(inner, cJSON_CreateString(from->inner[j]));
        cJSON_AddItemToObject(one, "mounts", inner);
        cJSON_AddItemToArray(list, one);
    }
    text = cJSON_Print(top);
    cJSON_Delete(top);
    return text;
}

/* --- the file ------------------------------------------------------------------------------- */

static int open_folder_of(const char *dir, uid_t owner)
{
    int folder = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;

    if (folder >= 0 &&
        (fstat(folder, &st) < 0 || st.st_uid != owner || (st.st_mode & (S_IWGRP | S_IWOTH)))) {
        close(folder);
        errno = EPERM;
        return -1;
    }
    return folder;
}

/* The file as text; "" if there is none. You free it. NULL with errno. */
static char *remembered_read(int folder, const char *name)
{
    int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    char *text = malloc(REMEMBERED_FILE_MAX + 1);
    ssize_t n = 0;

    if (fd < 0 && errno != ENOENT)
        n = -1;
    else if (fd >= 0 && text)
        n = file_read_all(fd, text, REMEMBERED_FILE_MAX);
    file_close(fd);
    if (text && n >= 0) {
        text[n] = '\0';
        return text;
    }
    free(text);
    return NULL;
}

int remembered_load(const char *dir, const char *name, uid_t owner, struct remembered *m)
{
    int folder = open_folder_of(dir, owner), result = 0;
    char *text = NULL;

    m->count = 0;
    if (folder < 0)
        return errno == ENOENT ? 0 : -1;
    text = remembered_read(folder, name);
    file_close(folder);
    if (!text)
        return -1;
    if (text[0] && !remembered_parse(text, m)) {
        errno = EBADMSG;
        result = -1;
    }
    free(text);
    return result;
}

int remembered_save(const char *dir, const char *name, uid_t owner, const struct remembered *m)
{
    int folder = -1, result = -1;
    char *text = remembered_print(m), *before = NULL;

    if (text && (mkdir(dir, 0700) == 0 || errno == EEXIST))
        folder = open_folder_of(dir, owner);
    if (folder >= 0) {
        before = remembered_read(folder, name);
        result = before && strcmp(before, text) == 0
                     ? 0
                     : file_replace_at(folder, name, text, strlen(text), 0600);
    }
    file_close(folder);
    free(before);
    free(text);
    return result;
}
