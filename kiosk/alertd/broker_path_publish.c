#include "kiosk/alertd/broker_path.h"
#include "kiosk/common/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* How long brokers keep what does not expire: 30 days. Brokers have limits of their own for this
 * (RabbitMQ: 49 days), and a message without an expiry would be shorter on the wire. */
enum { LASTS_S = 30 * 24 * 3600 };

/* Beats name the newest message of each group. */
static void broker_path_note(struct broker_path *p, enum topic t, const struct message *m)
{
    if (m->kind == MSG_NOTHING)
        return;
    if (t == TOPIC_ALERT || t == TOPIC_STATE)
        p->newest[FRESHNESS_STATE] = m->seq;
    else if (t == TOPIC_NOTICE)
        p->newest[FRESHNESS_STAFF] = m->seq;
    else if (t == TOPIC_RING)
        p->newest[FRESHNESS_RING] = m->seq;
}

bool broker_path_sent(const struct broker_path *p, const struct mqtt_event *e)
{
    uint64_t h = broker_path_hash(e->payload, e->len);
    for (size_t i = 0; i < BROKER_PATH_BEATS; i++)
        if (p->beats[i] == h)
            return true;
    return false;
}

bool broker_path_lasts(const struct broker_path *p, const struct message *state)
{
    return p->cover || (state->state != ALERT_QUIET && !state->drill);
}

/* FNV-1a. Nobody gains by a beat that is taken for another. */
uint64_t broker_path_hash(const uint8_t *payload, size_t len)
{
    uint64_t h = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < len; i++)
        h = (h ^ payload[i]) * UINT64_C(1099511628211);
    return h ? h : 1;
}

static struct mqtt_publication publication_on(const struct sealer *c, enum topic t)
{
    const struct topic_rule *rule = &topic_table[t];
    struct mqtt_publication out = {
        .qos = rule->qos, .retain = rule->retained, .expiry_s = rule->expiry_s};
    sealer_topic(c, t, NULL, out.topic);
    return out;
}

int broker_path_publish_box(struct broker_path *p, struct sealer *c, enum topic t,
                            const uint8_t box[STAFF_BOX_SIZE], bool news, bool lasts)
{
    struct mqtt_publication out = publication_on(c, t);
    out.expiry_s = lasts ? LASTS_S : out.expiry_s;
    out.len = sealer_staff(c, out.topic, box, out.payload);
    int rc = mqtt_thread_publish(p->thread, &out);
    if (rc == 0 && news)
        p->newest[FRESHNESS_STAFF] = c->seq;
    return rc;
}

int broker_path_publish(struct broker_path *p, struct sealer *c, enum topic t, struct message *m,
                        uint64_t token)
{
    struct mqtt_publication out = publication_on(c, t);
    out.token = token;
    out.vital = t == TOPIC_ALERT;
    if (t == TOPIC_STATE && broker_path_lasts(p, m))
        out.expiry_s = LASTS_S;
    out.len = sealer_payload(c, out.topic, m, out.payload);
    if (out.len == 0) {
        log_error("a %s message could not be written: %s", message_kind_name(m->kind),
                  strerror(errno));
        return -1;
    }
    if (mqtt_thread_publish(p->thread, &out) != 0)
        return -1;
    broker_path_note(p, t, m);
    if (t == TOPIC_BEAT)
        p->beats[p->next_beat++ % BROKER_PATH_BEATS] = broker_path_hash(out.payload, out.len);
    return 0;
}

static void publish_bare(struct broker_path *p, const char *topic, const char *text, size_t len,
                         struct mqtt_publication *out)
{
    snprintf(out->topic, sizeof out->topic, "%s", topic);
    memcpy(out->payload, text, len);
    out->len = len;
    mqtt_thread_publish(p->thread, out);
}

void broker_path_publish_text(struct broker_path *p, const char *topic, const char *text)
{
    struct mqtt_publication out = {
        .qos = 1, .optional = true, .expiry_s = topic_table[TOPIC_ALERT].expiry_s};
    publish_bare(p, topic, text, strlen(text), &out);
}

void broker_path_publish_home(struct broker_path *p, const char *topic, const char *json,
                              size_t len)
{
    struct mqtt_publication out = {
        .qos = 1, .optional = true, .retain = true, .family = HOME_ASSISTANT};
    publish_bare(p, topic, json, len, &out);
}

int broker_path_publish_words(struct broker_path *p, struct sealer *c, const struct words_set *set,
                              size_t piece, uint64_t token)
{
    char number[TOPIC_ID_LEN + 1];
    const struct topic_rule *rule = &topic_table[TOPIC_WORDS];
    struct mqtt_publication out = {
        .qos = rule->qos, .retain = rule->retained, .optional = true, .token = token};
    snprintf(number, sizeof number, "%016zx", piece);
    sealer_topic(c, TOPIC_WORDS, number, out.topic);
    out.len = set ? sealer_words(c, out.topic, set, piece, out.payload) : 0;
    if (set && out.len == 0) {
        log_error("the host's lines could not be written: %s", strerror(errno));
        return -1;
    }
    return mqtt_thread_publish(p->thread, &out);
}
