#include "tests/nights/script.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static int64_t time_read(const char *text)
{
    int minutes = 0;
    double rest = 0;
    if (sscanf(text, "%d:%lf", &minutes, &rest) != 2)
        return -1;
    return minutes * 60 * S + (int64_t)(rest * 1000 + 0.5) * MS;
}

static void time_write(FILE *f, int64_t at)
{
    fprintf(f, "%d:%06.3f", (int)(at / (60 * S)), (double)(at % (60 * S) / MS) / 1000);
}

static int happening_read(struct night *n, char *line)
{
    struct happening *h = &n->happenings[n->count];
    char at[24], name[40], until[24] = "";
    int used = 0, kind = 0;
    if (n->count == NIGHT_HAPPENINGS || sscanf(line, "%23s %39s%n", at, name, &used) != 2)
        return -1;
    while (kind < HAPPENINGS && strcmp(happening_name((enum happening_kind)kind), name) != 0)
        kind++;
    *h = (struct happening){.kind = (enum happening_kind)kind, .at = time_read(at)};
    h->until = h->at;
    if (sscanf(line + used, " until %23s", until) == 1) {
        h->until = time_read(until);
        used += (int)(strstr(line + used, until) - (line + used)) + (int)strlen(until);
    }
    if (kind == HAPPENINGS || h->at < 0 || h->until < h->at ||
        sscanf(line + used, " kiosk %zu broker %zu phone %zu number %" SCNu64, &h->kiosk,
               &h->broker, &h->phone, &h->number) != 4)
        return -1;
    n->count++;
    return 0;
}

static int line_read(struct night *n, char *line, char fails[SCRIPT_NAME])
{
    double grace;
    if (strncmp(line, "holds", 5) == 0 || sscanf(line, "fails %63s", fails) == 1 ||
        sscanf(line, "seed %" SCNu64, &n->seed) == 1 ||
        sscanf(line, "kiosks %zu", &n->kiosks) == 1 ||
        sscanf(line, "brokers %zu", &n->brokers) == 1 ||
        sscanf(line, "phones %zu", &n->phones) == 1)
        return 0;
    if (strncmp(line, "with", 4) == 0) {
        n->cover = strstr(line, "cover") != NULL;
        n->wipe = strstr(line, "wipe") != NULL;
        n->relay = strstr(line, "relay") != NULL;
        n->real_seals = strstr(line, "real-seals") != NULL;
        n->two_ways = strstr(line, "two-ways") != NULL;
        n->helps = strstr(line, "helps") != NULL;
        n->again = strstr(line, "again") != NULL;
        n->pair = strstr(line, "pair") ? PAIR_CODE : PAIR_NONE;
        return 0;
    }
    if (sscanf(line, "grace %lf", &grace) == 1) {
        n->grace = (int64_t)(grace * 1000) * MS;
        return 0;
    }
    if (strncmp(line, "outside", 7) == 0) {
        for (size_t i = 0; i < VENUE_BROKERS; i++)
            n->outside[i] = strchr(line, (int)('0' + i)) != NULL;
        return 0;
    }
    return happening_read(n, line);
}

int script_read(const char *path, struct night *n, char fails[SCRIPT_NAME])
{
    FILE *f = fopen(path, "r");
    char line[200];
    int number = 0, bad = 0;
    memset(n, 0, sizeof *n);
    fails[0] = '\0';
    if (!f) {
        perror(path);
        return -1;
    }
    while (fgets(line, sizeof line, f)) {
        number++;
        if (line[0] == '#' || line[0] == '\n' || line_read(n, line, fails) == 0)
            continue;
        fprintf(stderr, "%s:%d: not a line of a night; script.h says what there is\n", path,
                number);
        bad = -1;
    }
    fclose(f);
    if (n->kiosks < 1 || n->kiosks > VENUE_KIOSKS || n->brokers < 1 || n->brokers > VENUE_BROKERS ||
        n->phones < 2 || n->phones > VENUE_PHONES) {
        fprintf(stderr, "%s: expected 1 to 2 kiosks, 1 to 3 brokers, 2 to 4 phones\n", path);
        bad = -1;
    }
    return bad;
}

void script_write(FILE *f, const struct night *n, const char *fails)
{
    fprintf(f, "seed %" PRIu64 "\nkiosks %zu\nbrokers %zu\nphones %zu\nwith%s%s%s%s%s%s%s%s\n",
            n->seed, n->kiosks, n->brokers, n->phones, n->cover ? " cover" : "",
            n->wipe ? " wipe" : "", n->relay ? " relay" : "", n->real_seals ? " real-seals" : "",
            n->two_ways ? " two-ways" : "", n->helps ? " helps" : "", n->again ? " again" : "",
            n->pair != PAIR_NONE ? " pair" : "");
    fprintf(f, "grace %.3f\noutside", (double)n->grace / 1e9);
    for (size_t i = 0; i < n->brokers; i++)
        if (n->outside[i])
            fprintf(f, " %zu", i);
    fprintf(f, "\n%s%s\n", fails[0] ? "fails " : "holds", fails);
    for (size_t i = 0; i < n->count; i++) {
        const struct happening *h = &n->happenings[i];
        if (n->without & UINT32_C(1) << i)
            continue;
        time_write(f, h->at);
        fprintf(f, " %s", happening_name(h->kind));
        if (h->until > h->at) {
            fprintf(f, " until ");
            time_write(f, h->until);
        }
        fprintf(f, " kiosk %zu broker %zu phone %zu number %" PRIu64 "\n", h->kiosk, h->broker,
                h->phone, h->number);
    }
}
