#include "kiosk/cli/phone_client.h"

#include "kiosk/common/clock.h"
#include "kiosk/common/topics.h"
#include "kiosk/core/cert.h"
#include "kiosk/core/ns.h"
#include "kiosk/core/root_word.h"
#include "kiosk/core/staff_box.h"

#include <string.h>

enum { CLOCKS_APART_S = 5 }; /* a date further ahead than this is not used */

/* Whether a kind belongs to this topic: a message counts only there. */
static bool phone_receive_belongs(enum message_kind k, enum topic t)
{
    if (k <= MSG_ALL_CLEAR)
        return t == TOPIC_ALERT;
    if (k <= MSG_DRILL_REPORT)
        return t == TOPIC_NOTICE;
    if (k <= MSG_NOTHING)
        return t == TOPIC_NOTICE || t == TOPIC_STAFF;
    if (k == MSG_COUNTS)
        return t == TOPIC_NOTICE;
    if (k == MSG_STATE)
        return t == TOPIC_STATE;
    if (k == MSG_ONLINE || k == MSG_LOST)
        return t == TOPIC_PRESENCE;
    return k == MSG_BEAT && t == TOPIC_BEAT;
}

static struct phone_client_kiosk *kiosk_of(struct phone_client *m, const char *full, enum topic *t)
{
    char account[TOPIC_ID_LEN + 1];
    for (size_t i = 0; i < m->kiosks_count; i++)
        if (topic_parse(full, m->venue, m->kiosks[i].id, t, account) == 0)
            return &m->kiosks[i];
    return NULL;
}

/* Why the envelope does not open, as a sentence for a person. */
static const char *phone_receive_why_not_open(enum envelope_result r, const struct mqtt_event *e)
{
    switch (r) {
    case ENVELOPE_OK:
        return NULL;
    case ENVELOPE_FORGED:
        return "forged: not signed by this kiosk";
    case ENVELOPE_NOT_OURS:
        return "not ours: another key, another place, or tampered with";
    default:
        return e->len > 0 && e->payload[0] == '{' ? "plain: this venue's messages are sealed"
                                                  : "malformed: no envelope of 768 bytes";
    }
}

/* What only staff phones can open. `closed`: this phone cannot, which is no fault. */
static const char *open_box(const struct phone_client *m, const struct mqtt_event *e,
                            struct phone_client_heard *h, struct envelope_place *at, size_t *len)
{
    const uint8_t *box;
    uint64_t signed_at;
    enum envelope_result r =
        envelope_staff_check(at, h->kiosk->public, e->payload, e->len, &signed_at, &box);
    if (r != ENVELOPE_OK)
        return phone_receive_why_not_open(r, e);
    r = m->secret ? staff_box_open(at, m->public, m->secret, box, h->text, len) : ENVELOPE_NOT_OURS;
    h->closed = r == ENVELOPE_NOT_OURS;
    h->message.epoch = at->epoch;
    h->message.seq = at->seq;
    return h->closed ? "closed: sealed to other staff phones" : phone_receive_why_not_open(r, e);
}

static const char *open_text(const struct phone_client *m, const struct mqtt_event *e, enum topic t,
                             struct phone_client_heard *h, struct envelope_place *at, size_t *len)
{
    if (m->plain) {
        if (e->len >= sizeof h->text || e->len == 0 || e->payload[0] != '{')
            return "sealed or malformed: this venue's messages are plain JSON";
        memcpy(h->text, e->payload, e->len);
        h->text[e->len] = '\0';
        *len = e->len;
        return NULL;
    }
    memcpy(at->venue, m->venue_bytes, sizeof at->venue);
    memcpy(at->kiosk, h->kiosk->bytes, sizeof at->kiosk);
    if (t == TOPIC_NOTICE || t == TOPIC_STAFF)
        return open_box(m, e, h, at, len);
    enum envelope_result r =
        t == TOPIC_PRESENCE || t == TOPIC_BEAT
            ? envelope_clear_open(at, h->kiosk->public, e->payload, e->len, h->text, len)
            : envelope_open(at, m->venue_key, h->kiosk->public, e->payload, e->len, h->text, len);
    return phone_receive_why_not_open(r, e);
}

static void root_receive(const struct phone_client *m, const struct mqtt_event *e,
                         struct phone_client_heard *h)
{
    struct phone_client_kiosk *k = h->kiosk;
    h->root = root_word_read(&h->said, m->venue_bytes, k->bytes, m->root, e->payload, e->len);
    if (h->root)
        h->verdict = view_root(&k->view, &h->said, k->public, e->at);
    else
        h->refused = "forged: not signed by the venue's root key for this kiosk";
}

static const char *words_receive(const struct phone_client *m, const struct mqtt_event *e,
                                 struct phone_client_heard *h)
{
    struct envelope_place at = {.topic = e->topic};
    size_t len = 0;
    const char *why = e->too_long ? "malformed: longer than any message"
                                  : open_text(m, e, TOPIC_WORDS, h, &at, &len);
    if (why || words_piece_read(&h->piece, h->text, len, &why) < 0)
        return why;
    h->words = true;
    return h->piece.epoch == at.epoch && h->piece.seq == at.seq
               ? NULL
               : "malformed: epoch or seq differ inside and outside";
}

/* ns since the message's own date; -1: the kiosk's clock or ours is not known to be right, or they
 * differ. */
static int64_t phone_receive_wall_age(const struct message *message, int64_t wall)
{
    int64_t sent = clock_wall_of(message->at);
    if (wall == 0 || !message->synced || sent == 0)
        return -1;
    int64_t age = wall - sent;
    if (age < -CLOCKS_APART_S)
        return -1;
    return age < 0 ? 0 : age * NS_PER_S;
}

static void phone_receive_prove(const struct phone_client *m, struct phone_client_heard *h)
{
    struct cert_clear clear;
    if (m->plain || h->message.proof_len == 0 ||
        !cert_proof_read(&clear, m->venue_bytes, h->kiosk->bytes, m->root, h->message.proof,
                         h->message.proof_len))
        return;
    h->word.proved = true;
    h->word.proved_id = clear.id;
    h->word.proved_epoch = clear.epoch;
    h->word.proved_seq = clear.seq;
    memcpy(h->word.proved_account, clear.account, sizeof h->word.proved_account);
}

static const char *read_message(const struct phone_client *m, const struct mqtt_event *e,
                                enum topic t, struct phone_client_heard *h)
{
    struct envelope_place at = {.topic = e->topic};
    const char *why;
    size_t len = 0;
    if (e->too_long)
        return "malformed: longer than any message";
    if ((why = open_text(m, e, t, h, &at, &len)) ||
        message_read(&h->message, h->text, len, &why) < 0)
        return why;
    if (!m->plain && (t == TOPIC_NOTICE || t == TOPIC_STAFF)) {
        h->message.epoch = at.epoch;
        h->message.seq = at.seq;
    }
    if (!m->plain && (h->message.epoch != at.epoch || h->message.seq != at.seq))
        return "malformed: epoch or seq differ inside and outside";
    bool cover = h->message.kind == MSG_NOTHING && t == TOPIC_ALERT;
    return phone_receive_belongs(h->message.kind, t) || cover
               ? NULL
               : "malformed: this kind belongs to another topic";
}

void phone_client_receive(struct phone_client *m, const struct view_rules *r,
                          const struct mqtt_event *e, int64_t wall, struct phone_client_heard *h)
{
    enum topic t = TOPIC_COUNT;
    memset(h, 0, sizeof *h);
    h->topic = "";
    h->kiosk = kiosk_of(m, e->topic, &t);
    if (!h->kiosk) {
        h->refused = "foreign: from another venue or kiosk";
        return;
    }
    h->topic = topic_table[t].name;
    if (e->len == 0 && !e->too_long) {
        h->refused = "empty: a retained message was removed";
        return;
    }
    if (t == TOPIC_ROOT) {
        root_receive(m, e, h);
        return;
    }
    h->refused = t == TOPIC_WORDS ? words_receive(m, e, h) : read_message(m, e, t, h);
    if (h->refused || h->words)
        return;
    h->word = (struct view_message){.message = &h->message,
                                    .retained = e->retained,
                                    .wall_age = phone_receive_wall_age(&h->message, wall)};
    phone_receive_prove(m, h);
    if (h->message.kind == MSG_NOTHING && t != TOPIC_STAFF) /* with cover: it fills a slot */
        return;
    h->verdict = view_step(&h->kiosk->view, r, &h->word, e->at);
}
