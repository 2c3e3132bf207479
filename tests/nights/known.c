#include "tests/nights/known.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct known all[KNOWN_MOST];
static size_t count;

static int kinds_read(struct known *k, char *words)
{
    char *rest = NULL;
    if (strcmp(words, "any") == 0)
        return 0;
    for (char *word = strtok_r(words, "+", &rest); word; word = strtok_r(NULL, "+", &rest)) {
        int kind = 0;
        while (kind < HAPPENINGS && strcmp(happening_name((enum happening_kind)kind), word) != 0)
            kind++;
        if (kind == HAPPENINGS || k->kinds_count == KNOWN_KINDS)
            return -1;
        k->kinds[k->kinds_count++] = (enum happening_kind)kind;
    }
    return 0;
}

int known_read(const char *path)
{
    FILE *f = fopen(path, "r");
    char line[320], kinds[120], seed[24];
    int number = 0, bad = 0;
    if (!f) {
        perror(path);
        return -1;
    }
    while (fgets(line, sizeof line, f)) {
        struct known *k = &all[count];
        number++;
        if (line[0] == '#' || line[0] == '\n')
            continue;
        *k = (struct known){.seed = 0};
        if (count < KNOWN_MOST - 1 &&
            sscanf(line, "%39s %119s %23s %159[^\n]", k->invariant, kinds, seed, k->why) == 4 &&
            kinds_read(k, kinds) == 0) {
            k->seed = strtoull(seed, NULL, 10);
            count++;
            continue;
        }
        fprintf(stderr, "%s:%d: expected INVARIANT HAPPENING[+HAPPENING] SEED why\n", path, number);
        bad = -1;
    }
    fclose(f);
    return bad;
}

struct known *known_find(const struct night *n, const char *invariant)
{
    for (size_t i = 0; i < count; i++) {
        bool is = strcmp(all[i].invariant, invariant) == 0;
        for (size_t k = 0; k < all[i].kinds_count; k++)
            is = is && night_has(n, all[i].kinds[k]);
        if (is)
            return &all[i];
    }
    return NULL;
}

size_t known_all(struct known **out)
{
    *out = all;
    return count;
}
