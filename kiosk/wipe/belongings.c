#include "kiosk/wipe/belongings.h"

#include <ctype.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* --- in the same folder ---------------------------------------------------------------------- */

/* What may be before the name; with `alone`, nothing need come after it. */
static const struct {
    const char *text;
    bool alone;
} fronts[] = {
    {"", false},           {".", false},          {"#", false},       {".#", true},
    {".~lock.", true},     {"~$", true},          {"~", true},        {".~", true},
    {"._", true},          {".sync-", true},      {"Copy of ", true}, {"Kopie von ", true},
    {".syncthing.", true}, {"~syncthing~", true}, {"$", false},       {".nfs-", false},
};

/* What may follow it, several of them too: list.csv.1.gz, list.csv.bak~. */
static const char *const ends[] = {
    "~",         "#",         "-wal",      "-shm",    "-journal",    "-old",         "-bak",
    "-backup",   "_old",      "_bak",      "_backup", ".bak",        ".backup",      ".back",
    ".bck",      ".old",      ".orig",     ".save",   ".sav",        ".tmp",         ".temp",
    ".part",     ".partial",  ".new",      ".lock",   ".lck",        ".un~",         ".kate-swp",
    ".autosave", "-autosave", ".asv",      ".wbk",    ".copy",       ".gz",          ".xz",
    ".bz2",      ".zst",      ".lz4",      ".zip",    "#",           "___jb_tmp___", "___jb_old___",
    ".tar",      ".dpkg-old", ".dpkg-new", ".rej",    ".crdownload", ".edit",
};

/* The same between a name and its ending, "list (copy).csv", and in the place of the ending. */
static const char *const copies[] = {
    " (copy)",         " - Copy",  " copy",    "-copy",     "_copy",
    " (another copy)", " - Kopie", " (Kopie)", " (backup)",
};
static const char *const endings[] = {".bak", ".backup", ".old", ".orig", ".save",   ".sav",
                                      ".tmp", ".wbk",    ".asd", ".lock", ".laccdb", ".ldb"};

static size_t digits(const char *text)
{
    return strspn(text, "0123456789");
}

/* " (2)", " (copy 2)" or " (Anna's conflicted copy 2026-01-31)" after a name: its length, or 0. */
static size_t counted(const char *text)
{
    const char *conflict = strstr(text, "conflicted copy"), *close = strchr(text, ')');
    size_t open = strncasecmp(text, " (copy ", 7) == 0 ? 7 : 2, n = 0;

    if (strncmp(text, " (", 2) == 0 && conflict && close > conflict)
        return (size_t)(close - text) + 1;
    if (strncmp(text, " (", 2) == 0)
        n = digits(text + open);
    return n > 0 && n < 4 && text[open + n] == ')' ? open + n + 1 : 0;
}

static size_t random_end(const char *text, size_t most)
{
    size_t n = 0;
    while (n < most && isalnum((unsigned char)text[n]))
        n++;
    return n;
}

/* How much of `text` is one end that has a number or letters of its own; 0: none. */
static size_t numbered_end(const char *text)
{
    size_t n = *text ? digits(text + 1) : 0;

    if (strncmp(text, ".~", 2) == 0 && (n = digits(text + 2)) > 0 && text[2 + n] == '~')
        return n + 3; /* Emacs: .~12~ */
    if ((text[0] == '.' || text[0] == '-') && n > 0 && (n <= 4 || n == 8))
        return n + 1; /* rotated: .1, -20260131 */
    if (text[0] == '~' && n == 8 && text[9] == '-' && digits(text + 10) == 6)
        return 16; /* Syncthing: ~20260131-180000 */
    if (strncasecmp(text, ".sw", 3) == 0 && isalpha((unsigned char)text[3]))
        return 4; /* Vim: .swp, .swo */
    if (strncmp(text, "-mj", 3) == 0 && strspn(text + 3, "0123456789ABCDEF") >= 8)
        return 3 + strspn(text + 3, "0123456789ABCDEF"); /* SQLite, of several databases */
    if (strncmp(text, ".sync-conflict-", 15) == 0)
        return strcspn(text + 1, ".") + 1;
    return counted(text);
}

static size_t one_end(const char *text)
{
    size_t longest = numbered_end(text);

    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        size_t n = strlen(ends[i]);
        if (n > longest && strncasecmp(text, ends[i], n) == 0)
            longest = n;
    }
    return longest;
}

static bool is_all_ends(const char *text)
{
    size_t n;
    while (*text && (n = one_end(text)) > 0)
        text += n;
    return !*text;
}

static bool around_leaf(const char *name, const char *leaf, size_t leaf_len)
{
    for (size_t i = 0; i < sizeof fronts / sizeof fronts[0]; i++) {
        const char *front = fronts[i].text;
        size_t n = strlen(front);
        const char *rest = name + n + leaf_len;

        if (strncmp(name, front, n) != 0 || strncmp(name + n, leaf, leaf_len) != 0)
            continue;
        if (*rest ? is_all_ends(rest) : fronts[i].alone)
            return true;
        /* rsync and mkstemp: .list.csv.x7Qa2B */
        if (strcmp(front, ".") == 0 && *rest == '.' && random_end(rest + 1, 8) >= 6 &&
            !rest[1 + random_end(rest + 1, 8)])
            return true;
    }
    return false;
}

/* list (copy).csv, list.sync-conflict-1-2.csv, list.bak. `stem`: bytes of the leaf up to the dot.
 */
static bool around_stem(const char *name, const char *leaf, size_t stem)
{
    const char *rest = name + stem;
    size_t n;

    if (strncmp(name, leaf, stem) != 0)
        return false;
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++)
        if (strcasecmp(rest, endings[i]) == 0)
            return true;
    for (size_t i = 0; i < sizeof copies / sizeof copies[0]; i++) {
        n = strlen(copies[i]);
        if (strncasecmp(rest, copies[i], n) == 0) {
            rest += n;
            break;
        }
    }
    /* What is between the two must be more than nothing: that is the file itself. */
    while (strcmp(rest, leaf + stem) != 0 && (n = one_end(rest)) > 0)
        rest += n;
    return rest > name + stem && strcmp(rest, leaf + stem) == 0;
}

/* Office cuts the first two letters of a long name off: ~$st.docx. */
static bool is_office_lock(const char *name, const char *leaf)
{
    return strlen(leaf) > 8 && strncmp(name, "~$", 2) == 0 && strcmp(name + 2, leaf + 2) == 0;
}

bool belongings_of_name(const char *name, const char *leaf)
{
    const char *dot = strrchr(leaf, '.');
    size_t stem = dot && dot > leaf ? (size_t)(dot - leaf) : strlen(leaf);

    if (strcmp(name, leaf) == 0)
        return false;
    return around_leaf(name, leaf, strlen(leaf)) || is_office_lock(name, leaf) ||
           around_stem(name, leaf, stem);
}

bool belongings_of_path(const char *name, const char *path)
{
    char flat[4096];
    size_t len = strlen(path);

    for (const char *slash = "%!"; *slash && len < sizeof flat; slash++) {
        for (size_t i = 0; i <= len; i++)
            flat[i] = path[i] == '/' ? *slash : path[i];
        if (around_leaf(name, flat, len) || strcmp(name, flat) == 0)
            return true;
    }
    return false;
}

/* --- thumbnails and trash -------------------------------------------------------------------- */

void belongings_uri(const char *path, char out[BELONGINGS_URI_MAX])
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-_.!~*'()/&=:@+$,;";
    size_t len = (size_t)snprintf(out, BELONGINGS_URI_MAX, "file://");

    for (; *path && len + 4 < BELONGINGS_URI_MAX; path++) {
        if (strchr(plain, *path))
            out[len++] = *path;
        else
            len += (size_t)snprintf(out + len, 4, "%%%02X", (unsigned char)*path);
    }
    out[len] = '\0';
}

bool belongings_thumbnail(const char *path, char out[BELONGINGS_THUMBNAIL])
{
    char uri[BELONGINGS_URI_MAX];
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    belongings_uri(path, uri);
    if (EVP_Digest(uri, strlen(uri), sum, &len, EVP_md5(), NULL) != 1 || len != 16)
        return false;
    for (unsigned i = 0; i < len; i++)
        snprintf(out + 2 * i, 3, "%02x", sum[i]);
    memcpy(out + 32, ".png", 5);
    return true;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : isxdigit((unsigned char)c) ? tolower(c) - 'a' + 10 : -1;
}

/* Takes %XX back in place. */
static void belongings_decode(char *text)
{
    char *out = text;
    for (; *text; text++) {
        int high = *text == '%' ? hex_digit(text[1]) : -1;
        int low = high >= 0 ? hex_digit(text[2]) : -1;
        if (low >= 0) {
            *out++ = (char)(16 * high + low);
            text += 2;
        } else {
            *out++ = *text;
        }
    }
    *out = '\0';
}

bool belongings_is_in(const char *path, const char *folder, bool tree)
{
    size_t len = strlen(folder);
    return len > 0 && strncmp(path, folder, len) == 0 && (!path[len] || (tree && path[len] == '/'));
}

bool belongings_trashed(const char *info, size_t len, const char *top,
                        char out[BELONGINGS_PATH_MAX])
{
    const char *end = info + len;
    char line[4096];

    for (const char *at = info; at < end;) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        size_t n = (size_t)((newline ? newline : end) - at);
        if (n > 5 && n < sizeof line && strncmp(at, "Path=", 5) == 0) {
            snprintf(line, sizeof line, "%.*s", (int)(n - 5), at + 5);
            line[strcspn(line, "\r")] = '\0';
            belongings_decode(line);
            snprintf(out, BELONGINGS_PATH_MAX, "%s%s%s", line[0] == '/' ? "" : top,
                     line[0] == '/' ? "" : "/", line);
            return line[0];
        }
        at += n + 1;
    }
    return false;
}

bool belongings_pictured(const char *png, size_t len, const char *path, bool tree)
{
    static const char key[] = "Thumb::URI"; /* its zero is part of the chunk */
    const char *at = memmem(png, len, key, sizeof key);
    char uri[4096];
    size_t size;

    if (!at || at < png + 8)
        return false;
    /* A chunk: length 4, "tEXt", key, zero, text. */
    size = (size_t)(unsigned char)at[-6] << 8 | (unsigned char)at[-5];
    at += sizeof key;
    if (size < sizeof key || size - sizeof key >= sizeof uri ||
        (size_t)(png + len - at) < size - sizeof key)
        return false;
    snprintf(uri, sizeof uri, "%.*s", (int)(size - sizeof key), at);
    belongings_decode(uri);
    return strncmp(uri, "file://", 7) == 0 && belongings_is_in(uri + 7, path, tree);
}
