#include "kiosk/wipe/plan_print.h"

#include "kiosk/common/file.h"
#include "kiosk/common/wrap.h"
#include "kiosk/wipe/run_memory.h"
#include "kiosk/wipe/target_place.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const phases[] = {
    [PLAN_STOP] = "First, what uses the data is stopped",
    [PLAN_KEYS] = "Then keys are destroyed",
    [PLAN_REST] = "Then everything that is slow",
    [PLAN_LAST] = "Last, once the alert is handed over or has expired",
};

static const char *plan_print_place(const struct plan_target *t)
{
    return t->path[0] ? t->path : t->word;
}

enum { INDENT = 6 };

/* A line each, indented. */
static void plan_print_notes(FILE *out, size_t columns, const char *notes)
{
    char line[TARGET_NOTES_MAX];

    while (*notes) {
        size_t len = strcspn(notes, "\n");
        snprintf(line, sizeof line, "%.*s", (int)len, notes);
        fprintf(out, "%*s", INDENT, "");
        wrap_text(out, columns, INDENT, INDENT, line);
        notes += len + (notes[len] == '\n');
    }
}

/* What is known of a target before anything is touched. */
struct sight {
    struct target_view view;
    const char *better; /* what would be better; "" if nothing is wrong */
    bool wrong;         /* it would not be destroyed, or is not where it was */
};

static struct sight plan_print_see(const struct scope *s, const struct plan_target *t,
                                   struct remembered *m)
{
    struct sight see;
    struct target_place place;

    target_look(s, t, &see.view);
    target_place_look(s, t, &place);
    target_place_walk(s, t, &place, NULL, NULL);
    see.wrong = target_place_view(s, t, &place, remembered_find(m, t), &see.view) ||
                see.view.best == WIPE_FAILED;
    see.better = strncmp(place.verdict.why, see.view.why, sizeof see.view.why - 1) == 0
                     ? place.verdict.better
                     : ""; /* it is about something else */
    return see;
}

/* True if something is wrong with one of the targets. */
static bool plan_print_text(const struct plan *p, const struct scope *s, struct remembered *m,
                            const char *prefix, FILE *out)
{
    size_t columns = isatty(fileno(out)) ? WRAP_COLUMNS : SIZE_MAX; /* in a pipe, one line */
    int phase = -1;
    bool wrong = false;
    size_t weak = 0;

    for (size_t i = 0; i < p->targets_count; i++) {
        const struct plan_target *t = &p->targets[i];
        const struct target_ops *ops = target_ops(t->kind);
        const struct sight see = plan_print_see(s, t, m);
        const struct target_view *view = &see.view;
        char text[TARGET_WHY_MAX + 256];

        if ((int)plan_phase_of(t->kind) != phase) {
            phase = (int)plan_phase_of(t->kind);
            fprintf(out, "%s%s:\n", i ? "\n" : "", phases[phase]);
        }
        wrong |= see.wrong;
        weak += see.wrong || view->best > WIPE_DESTROYED;
        fprintf(out, "  %s %s: %s%s (%s)\n%*s", plan_kind_name(t->kind), t->name,
                t->root >= 0 ? prefix : "", plan_print_place(t), view->seen, INDENT, "");
        if (view->best > WIPE_DESTROYED)
            snprintf(text, sizeof text, "Would be reported as %s: %s.%s%s",
                     wipe_outcome_name(view->best), view->why, see.better[0] ? " " : "",
                     see.better);
        wrap_text(out, columns, INDENT, INDENT, view->best > WIPE_DESTROYED ? text : ops->promise);
        plan_print_notes(out, columns, view->notes);
    }
    if (weak > 0)
        fprintf(out,
                "\nNot destroyed as it is now: %zu of %zu targets. Do what is said above, then "
                "look again:\n  sudo porchlight wipe --plan\n",
                weak, p->targets_count);
    else if (p->targets_count > 0)
        fputs("\nAll of it can be destroyed. Rehearse it:\n  sudo porchlight wipe --drill\n", out);
    return wrong;
}

static int plan_print_json(const struct plan *p, const struct scope *s, struct remembered *m,
                           FILE *out)
{
    cJSON *top = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(top, "targets");
    bool wrong = false;
    char *text;
    for (size_t i = 0; i < p->targets_count; i++) {
        const struct plan_target *t = &p->targets[i];
        const struct target_ops *ops = target_ops(t->kind);
        cJSON *one = cJSON_CreateObject();
        const struct sight see = plan_print_see(s, t, m);

        wrong |= see.wrong;
        cJSON_AddStringToObject(one, "kind", plan_kind_name(t->kind));
        cJSON_AddStringToObject(one, "name", t->name);
        cJSON_AddStringToObject(one, "place", plan_print_place(t));
        cJSON_AddStringToObject(one, "seen", see.view.seen);
        cJSON_AddNumberToObject(one, "phase", plan_phase_of(t->kind));
        cJSON_AddStringToObject(one, "promise", ops->promise);
        cJSON_AddStringToObject(one, "best", wipe_outcome_name(see.view.best));
        cJSON_AddStringToObject(one, "why", see.view.why);
        cJSON_AddStringToObject(one, "better", see.better);
        cJSON_AddBoolToObject(one, "wrong", see.wrong);
        cJSON_AddStringToObject(one, "notes", see.view.notes);
        cJSON_AddItemToArray(list, one);
    }
    text = cJSON_Print(top);
    cJSON_Delete(top);
    if (!text)
        return -1;
    fprintf(out, "%s\n", text);
    free(text);
    return wrong;
}

int plan_print(const struct run *r, FILE *out, bool json)
{
    struct remembered *m;
    struct plan p;
    struct scope s;
    int result = -1;

    if (!run_load(r, &p) || scope_init(&s, r->prefix, &p) < 0)
        return -1;
    m = run_memory_load(r);
    if (m)
        result =
            json ? plan_print_json(&p, &s, m, out) : plan_print_text(&p, &s, m, r->prefix, out);
    free(m);
    scope_finish(&s);
    return result;
}
