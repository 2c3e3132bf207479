#include "kiosk/core/envelope.h"
#include "kiosk/core/message.h"
#include "kiosk/core/message_parts.h"

#include <cjson/cJSON.h>
#include <sodium.h>
#include <string.h>

/* Keeps the first complaint; after it, nothing more is read. */
struct reader {
    const cJSON *json;
    const char *why;
};

static const cJSON *message_take(struct reader *r, const char *key, const char *why)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(r->json, key);
    if (!item && !r->why)
        r->why = why;
    return !r->why ? item : NULL;
}

static bool absent(const struct reader *r, const char *key)
{
    return !cJSON_GetObjectItemCaseSensitive(r->json, key);
}

static const char *take_text(struct reader *r, const char *key, const char *why)
{
    const cJSON *item = message_take(r, key, why);
    if (item && !cJSON_IsString(item))
        r->why = why;
    return !r->why ? item->valuestring : NULL;
}

static uint64_t take_number(struct reader *r, const char *key, uint64_t end, const char *why)
{
    const cJSON *item = message_take(r, key, why);
    if (!item)
        return 0;
    double value = item->valuedouble;
    if (!cJSON_IsNumber(item) || !(value >= 0 && value < (double)end) ||
        (double)(uint64_t)value != value) {
        r->why = why;
        return 0;
    }
    return (uint64_t)value;
}

static bool take_bool(struct reader *r, const char *key, const char *why)
{
    const cJSON *item = message_take(r, key, why);
    if (item && !cJSON_IsBool(item))
        r->why = why;
    return !r->why && cJSON_IsTrue(item);
}

/* Text of a known shape; null gives an empty out. */
static void take_shaped(struct reader *r, const char *key, char *out, size_t size,
                        bool (*good)(const char *), const char *why)
{
    const cJSON *item = message_take(r, key, why);
    if (!item || cJSON_IsNull(item))
        return;
    const char *text = take_text(r, key, why);
    if (text && (!good(text) || strlen(text) >= size))
        r->why = why;
    if (text && !r->why)
        memcpy(out, text, strlen(text) + 1);
}

static void take_id(struct reader *r, const char *key, struct alert_id *id, const char *why)
{
    const cJSON *item = message_take(r, key, why);
    if (item && !cJSON_IsNull(item) &&
        (!cJSON_IsString(item) || message_id_read(id, item->valuestring) < 0))
        r->why = why;
}

static void take_head(struct reader *r, struct message *m)
{
    if (take_number(r, "v", MESSAGE_INTEGER_END, "v is missing or not a number") !=
            ENVELOPE_VERSION &&
        !r->why)
        r->why = "v is not 2: made by another version";
    const char *kind = take_text(r, "kind", "kind is missing or not text");
    if (!kind)
        return;
    for (m->kind = 0; m->kind < MSG_KINDS && strcmp(message_kinds[m->kind].name, kind) != 0;)
        m->kind++;
    if (m->kind == MSG_KINDS)
        r->why = "kind is not known";
    if (r->why)
        return;
    if (!(message_kinds[m->kind].parts & PARTS_SHORT))
        take_id(r, "id", &m->id, "id is neither a UUID nor null");
    bool boxed = message_kinds[m->kind].parts & PART_BOX; /* epoch and seq may be outside */
    if (!boxed || !absent(r, "epoch"))
        m->epoch = take_number(r, "epoch", MESSAGE_INTEGER_END,
                               "epoch is missing or no integer below 2^53");
    if (!boxed || !absent(r, "seq"))
        m->seq =
            take_number(r, "seq", MESSAGE_INTEGER_END, "seq is missing or no integer below 2^53");
    if (!r->why && message_kinds[m->kind].parts & PART_ALERT &&
        sodium_is_zero(m->id.bytes, sizeof m->id.bytes))
        r->why = "id is null";
}

static void take_common(struct reader *r, struct message *m, bool needed)
{
    bool dated = needed || message_kinds[m->kind].parts & PART_DATE;
    m->age_ms = -1;
    if (dated || !absent(r, "at"))
        take_shaped(r, "at", m->at, sizeof m->at, message_at_is_good,
                    "at is neither null nor 2026-11-22T18:33:04Z");
    if (needed || !absent(r, "age_ms")) {
        const cJSON *age = message_take(r, "age_ms", "age_ms is missing");
        if (age && !cJSON_IsNull(age))
            m->age_ms = (int64_t)take_number(r, "age_ms", MESSAGE_INTEGER_END,
                                             "age_ms is no integer or null");
    }
    if (needed || !absent(r, "drill"))
        m->drill = take_bool(r, "drill", "drill is not true or false");
    if (needed || !absent(r, "resumed"))
        m->resumed = take_bool(r, "resumed", "resumed is not true or false");
    if (needed || !absent(r, "detail"))
        take_shaped(r, "detail", m->detail, sizeof m->detail, message_detail_is_good,
                    "detail is neither null nor a short word");
}

static void take_state(struct reader *r, struct message *m)
{
    const char *state = take_text(r, "state", "state is missing or not text");
    if (state) {
        size_t i = 0, n = sizeof message_states / sizeof message_states[0];
        while (i < n && strcmp(message_states[i], state) != 0)
            i++;
        m->state = (enum alert_state)i;
        if (i == n)
            r->why = "state is not quiet, caution or lockdown";
    }
    m->unconfirmed = take_bool(r, "unconfirmed", "unconfirmed is not true or false");
}

static bool nonce_read(const char *hex, uint8_t out[FRESHNESS_NONCE])
{
    size_t got;
    return message_shaped(hex, "xxxxxxxxxxxxxxxx") &&
           sodium_hex2bin(out, FRESHNESS_NONCE, hex, 2 * FRESHNESS_NONCE, NULL, &got, NULL) == 0;
}

static void take_16_bytes(struct reader *r, const char *key, uint8_t out[16], const char *why)
{
    size_t got;
    const char *hex = take_text(r, key, why);
    if (!hex)
        return;
    if (!message_shaped(hex, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx") ||
        sodium_hex2bin(out, 16, hex, strlen(hex), NULL, &got, NULL) != 0)
        r->why = why;
}

static void take_echo(struct reader *r, struct message *m)
{
    static const char why[] = "echo is not at most 16 nonces of 16 hex digits";
    const cJSON *all = message_take(r, "echo", why), *one;
    if (all && (!cJSON_IsArray(all) || cJSON_GetArraySize(all) > FRESHNESS_ECHO_MAX))
        r->why = why;
    if (r->why)
        return;
    cJSON_ArrayForEach(one, all)
    {
        if (!cJSON_IsString(one) || !nonce_read(one->valuestring, m->echo[m->echo_count++]))
            r->why = why;
    }
}

static void take_age(struct reader *r, struct message *m)
{
    m->synced = take_bool(r, "synced", "synced is not true or false");
    m->up_ms = take_number(r, "up", MESSAGE_INTEGER_END, "up is missing or no integer below 2^53");
}

static void take_beat(struct reader *r, struct message *m)
{
    for (size_t i = 0; i < FRESHNESS_GROUPS; i++)
        m->newest[i] = take_number(r, message_groups[i], MESSAGE_INTEGER_END,
                                   "state, staff or ring is missing or no integer below 2^53");
    take_echo(r, m);
}

static void take_ring(struct reader *r, struct message *m)
{
    take_id(r, "id", &m->id, "id is neither a UUID nor null");
    m->on = take_bool(r, "on", "on is not true or false");
    take_id(r, "staff", &m->staff, "staff is neither a UUID nor null");
}

static void take_ping(struct reader *r, struct message *m)
{
    static const char why[] = "nonce is not 16 hex digits";
    m->newest[FRESHNESS_RING] = take_number(r, message_groups[FRESHNESS_RING], MESSAGE_INTEGER_END,
                                            "ring is no integer below 2^53");
    const char *nonce = take_text(r, "nonce", why);
    if (nonce && !nonce_read(nonce, m->echo[m->echo_count++]))
        r->why = why;
    if (!absent(r, "dropped"))
        m->dropped = take_number(r, "dropped", MESSAGE_INTEGER_END, "dropped is no count");
}

static void take_proof(struct reader *r, struct message *m)
{
    static const char why[] = "proof is not base64url of at most 200 bytes";
    const char *proof = take_text(r, "proof", why);
    if (proof &&
        sodium_base642bin(m->proof, sizeof m->proof, proof, strlen(proof), NULL, &m->proof_len,
                          NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0)
        r->why = why;
}

static uint32_t take_count(struct reader *r, const char *key, const char *why)
{
    return (uint32_t)take_number(r, key, UINT32_MAX + UINT64_C(1), why);
}

static void take_counts(struct reader *r, struct message *m, unsigned parts)
{
    bool phones = parts & PART_PHONES && !(m->kind == MSG_PING && absent(r, "phones"));
    if (parts & PART_COUNTS) {
        m->seen = take_count(r, "seen", "seen is no count");
        m->safe = take_count(r, "safe", "safe is no count");
    }
    if (parts & PART_HELP) {
        m->help = take_count(r, "help", "help is no count");
        m->of = take_count(r, "of", "of is no count");
    }
    if (parts & PART_RANG || phones)
        m->rang = take_count(r, "rang", "rang is no count");
    if (phones)
        m->phones = take_count(r, "phones", "phones is no count");
    m->month_known = phones && m->kind == MSG_PING && !absent(r, "month");
    if (m->month_known)
        m->month = take_count(r, "month", "month is no count");
}

static void take_detail(struct reader *r, const struct message *m)
{
    if (m->detail[0] == '\0' && !r->why)
        r->why = "detail is null";
}

static void take_account(struct reader *r, struct message *m)
{
    take_shaped(r, "account", m->account, sizeof m->account, message_account_is_good,
                "account is not 16 hex digits");
    if (!r->why && m->account[0] == '\0')
        r->why = "account is null";
}

static void take_parts(struct reader *r, struct message *m)
{
    unsigned parts = message_kinds[m->kind].parts;
    if (parts & PART_DETAIL)
        take_detail(r, m);
    if (parts & PART_AGE)
        take_age(r, m);
    if (parts & PART_STATE)
        take_state(r, m);
    take_counts(r, m, parts);
    if (parts & PART_NONCE)
        take_16_bytes(r, "nonce", m->nonce, "nonce is not 32 hex digits");
    if (parts & PART_HASH)
        take_16_bytes(r, "hash", m->hash, "hash is not 32 hex digits");
    if (parts & PART_LINK)
        m->connection = take_number(r, "connection", MESSAGE_INTEGER_END,
                                    "connection is missing or no integer below 2^53");
    if (parts & PART_ACCOUNT)
        take_account(r, m);
    if (parts & PART_WHERE && !absent(r, "where"))
        take_shaped(r, "where", m->where, sizeof m->where, message_where_is_good,
                    "where is neither null nor a name");
    if (parts & PART_PROOF && !absent(r, "proof"))
        take_proof(r, m);
    if (parts & PART_BEAT)
        take_beat(r, m);
    if (parts & PART_RING)
        take_ring(r, m);
    if (parts & PART_PING)
        take_ping(r, m);
}

/* JSON leaves open which of two equal keys counts, and readers differ, so this is refused. */
static bool has_doubled_key(const cJSON *json)
{
    const cJSON *one, *other;
    cJSON_ArrayForEach(one, json)
    {
        for (other = one->next; other; other = other->next) {
            if (strcmp(one->string, other->string) == 0)
                return true;
        }
    }
    return false;
}

int message_read(struct message *m, const char *text, size_t len, const char **why)
{
    const char *end = NULL;
    memset(m, 0, sizeof *m);
    cJSON *json = cJSON_ParseWithLengthOpts(text, len, &end, 0);
    struct reader r = {.json = json};
    if (memchr(text, 0, len) || memmem(text, len, "\\u0000", 6))
        r.why = "it contains a zero byte"; /* C would take the text to end there */
    else if (!json || end != text + len)
        r.why = "not one whole JSON value";
    else if (!cJSON_IsObject(json))
        r.why = "not a JSON object";
    else if (has_doubled_key(json))
        r.why = "it has a key twice";
    if (!r.why)
        take_head(&r, m);
    if (!r.why)
        take_common(&r, m, (message_kinds[m->kind].parts & (PART_KIOSK | PART_BOX)) == PART_KIOSK);
    if (!r.why)
        take_parts(&r, m);
    cJSON_Delete(json);
    *why = r.why;
    return !r.why ? 0 : -1;
}
