#include "kiosk/wipe/plan.h"

#include <ctype.h>
#include <string.h>

static const struct kind_row {
    const char *name;
    enum plan_phase phase;
    bool has_path;
    bool may_be_root;
} kinds[PLAN_KINDS] = {
    [PLAN_UNIT] = {"unit", PLAN_STOP, false, false},
    [PLAN_CELL] = {"cell", PLAN_KEYS, false, false},
    [PLAN_KEY] = {"key", PLAN_KEYS, true, false},
    [PLAN_LUKS] = {"luks", PLAN_KEYS, true, false},
    [PLAN_FSCRYPT] = {"fscrypt", PLAN_KEYS, true, false},
    [PLAN_TMPFS] = {"tmpfs", PLAN_REST, true, true},
    [PLAN_FILE] = {"file", PLAN_REST, true, false},
    [PLAN_TREE] = {"tree", PLAN_REST, true, true},
    [PLAN_JOURNAL] = {"journal", PLAN_REST, true, true},
    [PLAN_CREDENTIAL] = {"credential", PLAN_LAST, true, false},
};

const char *plan_kind_name(enum plan_kind k)
{
    return k < PLAN_KINDS ? kinds[k].name : "?";
}

enum plan_phase plan_phase_of(enum plan_kind k)
{
    return kinds[k].phase;
}

/* What is wrong with the name after a / in a path. */
static const char *part_wrong(const char *name)
{
    size_t len = strcspn(name, "/");
    if (len == 0)
        return "it has //: one / is enough";
    if (len == 1 && name[0] == '.')
        return "it has . as a folder: write the path without it";
    if (len == 2 && name[0] == '.' && name[1] == '.')
        return "it has .. in it: write the path that is meant";
    return NULL;
}

static const char *letters_wrong(const char *path)
{
    if (path[strcspn(path, "*?[")])
        return "it is a glob pattern: name the folder or the file itself";
    for (; *path; path++)
        if (iscntrl((unsigned char)*path))
            return "it has a control character in it";
    return NULL;
}

const char *plan_path_wrong(const char *path)
{
    size_t len = strlen(path);
    if (path[0] == '"' || path[0] == '\'')
        return "it is in quotes: leave them out";
    if (path[0] != '/')
        return "it is not absolute: begin it with /";
    if (len >= PLAN_PATH_MAX)
        return "it is too long: 191 bytes at most";
    if (len == 1)
        return "it is /, the whole system";
    if (path[len - 1] == '/')
        return "it ends in /: leave that out";
    const char *wrong = letters_wrong(path);
    for (const char *slash = path; slash && !wrong; slash = strchr(slash + 1, '/'))
        wrong = part_wrong(slash + 1);
    return wrong;
}

/* True if `path` is `folder` or in it. */
static bool plan_is_in(const char *path, const char *folder)
{
    size_t len = strlen(folder);
    return strncmp(path, folder, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

const char *plan_root_wrong(const char *path)
{
    static const char *const homes[] = {"/srv",   "/home", "/var", "/mnt",
                                        "/media", "/opt",  "/tmp", "/run"};
    static const char *const never[] = {
        "/var/lib/porchlight", "/var/lib/porchlight-wipe",
        "/var/lib/dpkg",       "/var/lib/apt",
        "/var/lib/systemd",    "/run/systemd",
        "/run/udev",           "/run/dbus",
        "/run/porchlight",     "/var/cache",
    };
    const char *wrong = plan_path_wrong(path);
    if (wrong)
        return wrong;
    if (strcmp(path, "/etc/porchlight/credentials") == 0)
        return NULL;
    for (size_t i = 0; i < sizeof never / sizeof *never; i++) {
        if (plan_is_in(path, never[i]) || plan_is_in(never[i], path))
            return "the system or Porchlight itself uses it: give the data a folder of its own";
    }
    for (size_t i = 0; i < sizeof homes / sizeof *homes; i++) {
        if (plan_is_in(path, homes[i]) && path[strlen(homes[i])] == '/')
            return NULL;
    }
    return "a root is a folder of its own below /srv, /home, /var, /mnt, /media, /opt, /tmp or "
           "/run, or it is /etc/porchlight/credentials";
}

static bool plan_only(const char *text, const char *also)
{
    for (; *text; text++) {
        if (!isalnum((unsigned char)*text) && !strchr(also, *text))
            return false;
    }
    return true;
}

const char *plan_unit_wrong(const char *word)
{
    static const char *const ends[] = {".service", ".socket", ".mount",
                                       ".scope",   ".timer",  ".slice"};
    /* And all that begin so. */
    static const char *const never[] = {
        "-.",      "system.slice",   "init.scope",     "systemd-", "dbus.",
        "etc.",    "usr.",           "run.",           "var.",     "var-lib.mount",
        "network", "NetworkManager", "wpa_supplicant", "dhcpcd",
    };
    const char *dot = strrchr(word, '.');

    if (!dot || dot == word || strlen(word) >= PLAN_WORD_MAX)
        return "a unit has its full name, such as venue-book.service";
    if (!plan_only(word, "-_.@:\\"))
        return "a unit's name is letters, digits and -_.@:\\";
    if (strncmp(word, "porchlight", 10) == 0)
        return "Porchlight's own units stay up: the alert needs them";
    for (size_t i = 0; i < sizeof never / sizeof *never; i++) {
        if (strncmp(word, never[i], strlen(never[i])) == 0)
            return "the alert needs it: name the unit that holds the data";
    }
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        if (strcmp(dot, ends[i]) == 0)
            return NULL;
    }
    return "a unit ends in .service, .socket, .mount, .scope, .timer or .slice";
}

/* 1800000 to 1bfffff, in hex: what a TPM leaves to its owner. */
static bool is_owners_index(const char *text)
{
    if (strncmp(text, "0x", 2) == 0)
        text += 2;
    return strlen(text) == 7 && strspn(text, "0123456789abcdefABCDEF") == 7 && text[0] == '1' &&
           strchr("89abAB", text[1]);
}

const char *plan_cell_wrong(const char *word)
{
    if (strncmp(word, "nvmem:", 6) == 0)
        return word[6] && plan_only(word + 6, "-_.@") && word[6] != '.'
                   ? NULL
                   : "nvmem: is followed by a name below /sys/bus/nvmem/devices";
    if (strncmp(word, "tpm:", 4) == 0)
        return is_owners_index(word + 4)
                   ? NULL
                   : "tpm: is followed by an index of the owner's, 1800000 to 1bfffff";
    if (strncmp(word, "file:", 5) == 0)
        return plan_path_wrong(word + 5);
    return "a cell is nvmem:NAME, tpm:INDEX or file:/PATH";
}

const char *plan_device_wrong(const char *word)
{
    static const char *const links[] = {"disk/by-partuuid/", "disk/by-partlabel/", "disk/by-id/",
                                        "disk/by-path/"};
    const char *name = word + 5;
    if (strncmp(word, "/dev/", 5) != 0 || strlen(word) >= PLAN_WORD_MAX)
        return "a device is /dev/NAME or /dev/disk/by-partuuid/ID";
    for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
        if (strncmp(name, links[i], strlen(links[i])) == 0)
            name += strlen(links[i]);
    }
    return name[0] && name[0] != '.' && plan_only(name, "-_.:+=@#")
               ? NULL
               : "a device is /dev/NAME or a name in /dev/disk/by-partuuid, by-partlabel, by-id or "
                 "by-path";
}

int plan_root_of(const struct plan *p, const char *path)
{
    size_t longest = 0;
    int found = -1;
    for (size_t i = 0; i < p->roots_count; i++) {
        size_t len = strlen(p->roots[i].path);
        if (plan_is_in(path, p->roots[i].path) && len > longest) {
            longest = len;
            found = (int)i;
        }
    }
    return found;
}

/* The root that holds `path`, and the path below it. */
static const char *place_in_root(const struct plan *p, const char *path, bool may_be_root,
                                 int *root, char below[PLAN_PATH_MAX])
{
    *root = plan_root_of(p, path);
    if (*root < 0)
        return "it is in no registered root: add a [root NAME] that it is in";
    path += strlen(p->roots[*root].path);
    if (*path == '/')
        path++;
    if (!*path && !may_be_root)
        return "it is a root itself: name something in it";
    memcpy(below, path, strlen(path) + 1);
    return NULL;
}

static const char *find_root(const struct plan *p, struct plan_target *t)
{
    const char *path = t->path, *wrong = NULL;
    t->root = t->header_root = -1;
    t->below[0] = '\0';
    if (t->header[0])
        wrong = place_in_root(p, t->header, false, &t->header_root, t->header_below);
    if (wrong)
        return wrong;
    if (t->header[0] && strcmp(t->header, path) == 0)
        return "path = and header = name the same file: leave header = out";
    if (t->kind == PLAN_LUKS && t->word[0])
        return path[0] ? "it has both path = and device =: remove one of them" : NULL;
    if (t->kind == PLAN_CELL && strncmp(t->word, "file:", 5) == 0)
        path = t->word + 5;
    else if (!kinds[t->kind].has_path)
        return NULL;
    if (!path[0])
        return "it has no path = and no device =: add one of them";
    return place_in_root(p, path, kinds[t->kind].may_be_root, &t->root, t->below);
}

struct plan_target plan_header(const struct plan_target *t)
{
    struct plan_target header = *t;
    header.root = t->header_root;
    memcpy(header.path, t->header, sizeof header.path);
    memcpy(header.below, t->header_below, sizeof header.below);
    return header;
}

/* Insertion keeps the written order within a phase. */
static void sort_by_phase(struct plan *p)
{
    for (size_t i = 1; i < p->targets_count; i++) {
        struct plan_target t = p->targets[i];
        size_t j = i;
        while (j > 0 && kinds[p->targets[j - 1].kind].phase > kinds[t.kind].phase) {
            p->targets[j] = p->targets[j - 1];
            j--;
        }
        p->targets[j] = t;
    }
}

bool plan_finish(struct plan *p, int *line, const char **why)
{
    for (size_t i = 0; i < p->targets_count; i++) {
        struct plan_target *t = &p->targets[i];

        *line = t->line;
        *why = find_root(p, t);
        if (*why)
            return false;
    }
    if (p->targets_count == 0) {
        *line = 0;
        *why = "it names no target: nothing would be wiped";
        return false;
    }
    sort_by_phase(p);
    return true;
}
