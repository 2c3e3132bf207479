#include "kiosk/alertd/words_file.h"

#include "kiosk/common/log.h"
#include "kiosk/common/paths.h"
#include "kiosk/core/ns.h"

#include <stdlib.h>
#include <sys/stat.h>

#define LOOK_EVERY (5 * NS_PER_S)

_Static_assert(HOST_WORDS_TEXT == WORDS_TEXT_MAX + 1 && HOST_WORDS_LINK == WORDS_LINK_MAX + 1,
               "what the file may say fits into a piece");

/* 0: there is none. */
static uint64_t words_file_stamp(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return 0;
    uint64_t ns = (uint64_t)st.st_mtim.tv_sec * NS_PER_S + (uint64_t)st.st_mtim.tv_nsec;
    return (ns ^ (uint64_t)st.st_ino << 40 ^ (uint64_t)st.st_size << 20) | 1;
}

static void words_file_fill(struct words_file *f, const struct host_words *words)
{
    size_t count = 0;
    f->words = *words;
    for (size_t i = 0; i < HOST_WORDS_LANGUAGES; i++)
        for (size_t k = 0; k < HOST_WORDS_LINES; k++)
            if (f->words.languages[i].lines[k][0])
                f->lines[count++] = (struct words_line){host_words_languages[i], host_words_keys[k],
                                                        f->words.languages[i].lines[k]};
    f->set = (struct words_set){f->words.revision, f->words.link, f->lines, count};
}

static void words_file_read(struct words_file *f, const char *path, struct delivery *d,
                            struct faults *faults)
{
    struct faults_reader reader = {faults, FAULT_OF_WORDS};
    struct host_words *fresh = malloc(sizeof *fresh);
    if (fresh && host_words_load(path, fresh, faults_complain, &reader) == 0) {
        words_file_fill(f, fresh);
        delivery_words(d, &f->set);
    } else {
        log_warning("%s: not used; phones keep the lines that they have. To see why: porchlight "
                    "words check",
                    path);
    }
    free(fresh);
}

void words_file_look(struct words_file *f, const char *prefix, struct delivery *d,
                     struct faults *faults, int64_t now)
{
    char path[PATH_LEN];
    if ((f->looked_at != 0 && now - f->looked_at < LOOK_EVERY) ||
        path_under(prefix, PATH_WORDS, path) != 0)
        return;
    f->looked_at = now;
    uint64_t stamp = words_file_stamp(path);
    if (stamp == f->stamp)
        return;
    f->stamp = stamp;
    faults_clear(faults, FAULT_OF_WORDS);
    if (stamp != 0)
        words_file_read(f, path, d, faults);
}
