#include "tests/nights/transcript.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static FILE *out, *muted;

int transcript_open(const char *path)
{
    out = fopen(path, "w");
    if (out)
        return 0;
    perror(path);
    return -1;
}

void transcript_close(void)
{
    if (out)
        fclose(out);
    out = NULL;
}

void transcript_mute(bool mute)
{
    if (mute == !out)
        return;
    FILE *was = out;
    out = muted;
    muted = was;
}

void transcript_night(uint64_t seed)
{
    if (out)
        fprintf(out, "{\"night\":%" PRIu64 "}\n", seed);
}

static void line_begin(const struct phone *p, size_t kiosk)
{
    fprintf(out, "{\"phone\":\"%s %zu\",\"staff\":%s,\"at\":%" PRId64, p->name, kiosk,
            p->keys->staff ? "true" : "false", phone_now());
}

static void hex_write(const char *before, const uint8_t *bytes, size_t len)
{
    fprintf(out, "%s\"", before);
    for (size_t i = 0; i < len; i++)
        fprintf(out, "%02x", bytes[i]);
    fputc('"', out);
}

void transcript_link(const struct phone *p, size_t kiosk, bool linked)
{
    if (!out)
        return;
    line_begin(p, kiosk);
    fprintf(out, ",\"link\":%s}\n", linked ? "true" : "false");
}

void transcript_ask(const struct phone *p, size_t kiosk, const uint8_t nonce[FRESHNESS_NONCE])
{
    if (!out)
        return;
    line_begin(p, kiosk);
    fputs(",\"ask\":", out);
    hex_write("", nonce, FRESHNESS_NONCE);
    fputs("}\n", out);
}

void transcript_message(const struct phone *p, size_t kiosk, const struct phone_client_heard *h)
{
    char id[37];
    if (!out)
        return;
    bool boxed = strcmp(h->topic, "notice") == 0 || strcmp(h->topic, "staff") == 0;
    if (h->message.kind == MSG_NOTHING && strcmp(h->topic, "staff") != 0)
        return; /* it fills a slot, and no view sees it */
    line_begin(p, kiosk);
    if (boxed) /* these are outside its text */
        fprintf(out, ",\"box\":{\"epoch\":%" PRIu64 ",\"seq\":%" PRIu64 "}", h->message.epoch,
                h->message.seq);
    fprintf(out, ",\"topic\":\"%s\",\"message\":%s,\"retained\":%s,\"wallAge\":%" PRId64, h->topic,
            h->text, h->word.retained ? "true" : "false", h->word.wall_age);
    message_id_write(&h->word.proved_id, id);
    if (h->word.proved) {
        fprintf(out, ",\"proved\":{\"id\":\"%s\",\"epoch\":%" PRIu64 ",\"seq\":%" PRIu64, id,
                h->word.proved_epoch, h->word.proved_seq);
        hex_write(",\"account\":", h->word.proved_account, ENVELOPE_ID);
        fputc('}', out);
    }
    fprintf(out, ",\"verdict\":\"%s\"}\n", view_verdict_name(h->verdict));
}

void transcript_root(const struct phone *p, size_t kiosk)
{
    const struct root_word *w = &p->client.kiosks[kiosk].view.root;
    char id[37];
    if (!out)
        return;
    line_begin(p, kiosk);
    message_id_write(&w->id, id);
    fputs(",\"root\":{\"ended\":", out);
    if (w->ended)
        fprintf(out, "{\"id\":\"%s\",\"epoch\":%" PRIu64 ",\"seq\":%" PRIu64 "}", id, w->epoch,
                w->seq);
    else
        fputs("null", out);
    fputs(",\"revoked\":[", out);
    for (size_t i = 0; i < w->revoked_count; i++)
        hex_write(i == 0 ? "" : ",", w->revoked[i], ENVELOPE_ID);
    fputs("],\"retired\":", out);
    hex_write("", w->public, sizeof w->public);
    fputs("},\"public\":", out);
    hex_write("", p->client.kiosks[kiosk].public, ENVELOPE_PUBLIC);
    fputs("}\n", out);
}

void transcript_shown(const struct phone *p, size_t kiosk)
{
    const struct view_shown *s = &p->shown[kiosk];
    if (!out)
        return;
    line_begin(p, kiosk);
    const struct {
        const char *name;
        bool value;
    } flags[] = {
        {"duress", s->duress},   {"code", s->code},   {"drill", s->drill},
        {"silent", s->silent},   {"stale", s->stale}, {"delayed", s->delayed},
        {"undated", s->undated}, {"held", s->held},   {"late", s->late},
    };
    fprintf(out, ",\"show\":\"%s\"", view_show_name(s->show));
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        fprintf(out, ",\"%s\":%s", flags[i].name, flags[i].value ? "true" : "false");
    fputs("}\n", out);
}
