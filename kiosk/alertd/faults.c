#include "kiosk/alertd/faults.h"

#include "kiosk/common/log.h"
#include "kiosk/common/utf8.h"

#include <string.h>

void faults_add(struct faults *f, enum fault_of of, const char *sentence)
{
    log_error("%s", sentence);
    if (f->count == FAULTS_MAX)
        return;
    struct fault *one = &f->each[f->count++];
    size_t len = utf8_fit(sentence, FAULT_SENTENCE_MAX - 1);
    one->of = of;
    memcpy(one->sentence, sentence, len);
    one->sentence[len] = '\0';
}

void faults_clear(struct faults *f, enum fault_of of)
{
    size_t kept = 0;
    for (size_t i = 0; i < f->count; i++)
        if (f->each[i].of != of)
            f->each[kept++] = f->each[i];
    f->count = kept;
}

void faults_complain(void *reader, const char *sentence)
{
    const struct faults_reader *r = reader;
    faults_add(r->faults, r->of, sentence);
}
