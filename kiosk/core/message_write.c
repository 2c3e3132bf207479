#include "kiosk/core/envelope.h"
#include "kiosk/core/message.h"
#include "kiosk/core/message_parts.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum {
    SCRATCH = 2048, /* more than any message needs, and cJSON wants a few bytes of slack */
};

static bool numbers_are_good(const struct message *m)
{
    for (size_t i = 0; i < FRESHNESS_GROUPS; i++)
        if (m->newest[i] >= MESSAGE_INTEGER_END)
            return false;
    return m->epoch < MESSAGE_INTEGER_END && m->seq < MESSAGE_INTEGER_END &&
           m->connection < MESSAGE_INTEGER_END && m->up_ms < MESSAGE_INTEGER_END &&
           m->echo_count <= FRESHNESS_ECHO_MAX && m->age_ms >= -1 &&
           m->age_ms < (int64_t)MESSAGE_INTEGER_END;
}

static bool text_is_good(const struct message *m, unsigned parts)
{
    bool at = m->at[0] == '\0' || message_at_is_good(m->at);
    bool detail = m->detail[0] == '\0' ? !(parts & PART_DETAIL) : message_detail_is_good(m->detail);
    bool account = !(parts & PART_ACCOUNT) || message_account_is_good(m->account);
    bool where = m->where[0] == '\0' || message_where_is_good(m->where);
    return at && detail && account && where;
}

static bool parts_are_good(const struct message *m, unsigned parts)
{
    bool id = !(parts & PART_ALERT) || !sodium_is_zero(m->id.bytes, sizeof m->id.bytes);
    bool state =
        !(parts & PART_STATE) || m->state < sizeof message_states / sizeof message_states[0];
    bool proof = m->proof_len == 0 || (parts & PART_PROOF && m->proof_len <= sizeof m->proof);
    bool ping = !(parts & PART_PING) || m->echo_count == 1;
    return id && state && proof && ping;
}

static bool message_is_good(const struct message *m)
{
    return m->kind < MSG_KINDS && numbers_are_good(m) &&
           text_is_good(m, message_kinds[m->kind].parts) &&
           parts_are_good(m, message_kinds[m->kind].parts);
}

static bool message_put_text(cJSON *json, const char *key, const char *text)
{
    return (text[0] != '\0' ? cJSON_AddStringToObject(json, key, text)
                            : cJSON_AddNullToObject(json, key));
}

/* cJSON writes numbers with 15 digits; 2^53 has 16. */
static bool message_put_number(cJSON *json, const char *key, uint64_t value)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%" PRIu64, value);
    return cJSON_AddRawToObject(json, key, digits);
}

static bool put_bool(cJSON *json, const char *key, bool value)
{
    return cJSON_AddBoolToObject(json, key, value);
}

static bool put_id(cJSON *json, const char *key, const struct alert_id *value)
{
    char id[37] = "";
    if (!sodium_is_zero(value->bytes, sizeof value->bytes))
        message_id_write(value, id);
    return message_put_text(json, key, id);
}

static bool put_short(cJSON *json, const struct message *m, unsigned parts)
{
    return message_put_number(json, "v", ENVELOPE_VERSION) &&
           message_put_text(json, "kind", message_kinds[m->kind].name) &&
           message_put_number(json, "epoch", m->epoch) && message_put_number(json, "seq", m->seq) &&
           (parts & PART_PING || message_put_text(json, "at", m->at));
}

static bool put_boxed(cJSON *json, const struct message *m)
{
    return message_put_number(json, "v", ENVELOPE_VERSION) &&
           message_put_text(json, "kind", message_kinds[m->kind].name) &&
           put_id(json, "id", &m->id) && message_put_text(json, "at", m->at) &&
           (m->age_ms < 0 || message_put_number(json, "age_ms", (uint64_t)m->age_ms)) &&
           (m->detail[0] == '\0' || message_put_text(json, "detail", m->detail));
}

static bool put_common(cJSON *json, const struct message *m)
{
    unsigned parts = message_kinds[m->kind].parts;
    if (parts & PARTS_SHORT)
        return put_short(json, m, parts);
    return message_put_number(json, "v", ENVELOPE_VERSION) &&
           message_put_text(json, "kind", message_kinds[m->kind].name) &&
           put_id(json, "id", &m->id) && message_put_number(json, "epoch", m->epoch) &&
           message_put_number(json, "seq", m->seq) && message_put_text(json, "at", m->at) &&
           (m->age_ms < 0 ? !!cJSON_AddNullToObject(json, "age_ms")
                          : message_put_number(json, "age_ms", (uint64_t)m->age_ms)) &&
           put_bool(json, "drill", m->drill) && put_bool(json, "resumed", m->resumed) &&
           message_put_text(json, "detail", m->detail);
}

static bool put_state(cJSON *json, const struct message *m)
{
    return message_put_text(json, "state", message_states[m->state]) &&
           put_bool(json, "unconfirmed", m->unconfirmed);
}

static bool put_counts(cJSON *json, const struct message *m)
{
    return message_put_number(json, "seen", m->seen) && message_put_number(json, "safe", m->safe);
}

static bool put_rang(cJSON *json, const struct message *m)
{
    return message_put_number(json, "rang", m->rang);
}

static bool put_help(cJSON *json, const struct message *m)
{
    return message_put_number(json, "help", m->help) && message_put_number(json, "of", m->of);
}

static bool put_phones(cJSON *json, const struct message *m)
{
    if (m->kind == MSG_PING && m->phones == 0)
        return true;
    return put_rang(json, m) && message_put_number(json, "phones", m->phones) &&
           (!m->month_known || message_put_number(json, "month", m->month));
}

static bool put_nonce(cJSON *json, const struct message *m)
{
    char hex[2 * MESSAGE_NONCE + 1];
    return message_put_text(json, "nonce",
                            sodium_bin2hex(hex, sizeof hex, m->nonce, sizeof m->nonce));
}

static bool put_hash(cJSON *json, const struct message *m)
{
    char hex[2 * MESSAGE_HASH + 1];
    return message_put_text(json, "hash", sodium_bin2hex(hex, sizeof hex, m->hash, sizeof m->hash));
}

static bool put_connection(cJSON *json, const struct message *m)
{
    return message_put_number(json, "connection", m->connection);
}

static bool put_account(cJSON *json, const struct message *m)
{
    return message_put_text(json, "account", m->account);
}

static bool put_proof(cJSON *json, const struct message *m)
{
    char text[sodium_base64_ENCODED_LEN(MESSAGE_PROOF_MAX,
                                        sodium_base64_VARIANT_URLSAFE_NO_PADDING)];
    return m->proof_len == 0 ||
           message_put_text(json, "proof",
                            sodium_bin2base64(text, sizeof text, m->proof, m->proof_len,
                                              sodium_base64_VARIANT_URLSAFE_NO_PADDING));
}

static bool put_echo(cJSON *json, const struct message *m)
{
    cJSON *all = cJSON_AddArrayToObject(json, "echo");
    for (size_t i = 0; all && i < m->echo_count; i++) {
        char hex[2 * FRESHNESS_NONCE + 1];
        cJSON *one =
            cJSON_CreateString(sodium_bin2hex(hex, sizeof hex, m->echo[i], sizeof m->echo[i]));
        if (!cJSON_AddItemToArray(all, one))
            return false;
    }
    return all;
}

static bool put_where(cJSON *json, const struct message *m)
{
    return m->where[0] == '\0' || message_put_text(json, "where", m->where);
}

static bool put_age(cJSON *json, const struct message *m)
{
    return put_bool(json, "synced", m->synced) && message_put_number(json, "up", m->up_ms);
}

static bool put_beat(cJSON *json, const struct message *m)
{
    bool ok = true;
    for (size_t i = 0; i < FRESHNESS_GROUPS && ok; i++)
        ok = message_put_number(json, message_groups[i], m->newest[i]);
    return ok && put_echo(json, m);
}

static bool put_ring(cJSON *json, const struct message *m)
{
    return put_id(json, "id", &m->id) && put_bool(json, "on", m->on) &&
           put_id(json, "staff", &m->staff);
}

static bool put_ping(cJSON *json, const struct message *m)
{
    char hex[2 * FRESHNESS_NONCE + 1];
    return message_put_number(json, "ring", m->newest[FRESHNESS_RING]) &&
           message_put_text(json, "nonce",
                            sodium_bin2hex(hex, sizeof hex, m->echo[0], sizeof m->echo[0])) &&
           (m->dropped == 0 || message_put_number(json, "dropped", m->dropped));
}

/* In the order in which they are on the wire. */
static bool put_parts(cJSON *json, const struct message *m)
{
    static const struct {
        unsigned part;
        bool (*put)(cJSON *json, const struct message *m);
    } writers[] = {
        {PART_AGE, put_age},         {PART_STATE, put_state},   {PART_COUNTS, put_counts},
        {PART_RANG, put_rang},       {PART_NONCE, put_nonce},   {PART_LINK, put_connection},
        {PART_ACCOUNT, put_account}, {PART_PROOF, put_proof},   {PART_BEAT, put_beat},
        {PART_RING, put_ring},       {PART_PING, put_ping},     {PART_WHERE, put_where},
        {PART_HELP, put_help},       {PART_PHONES, put_phones}, {PART_HASH, put_hash},
    };
    bool ok = true;
    for (size_t i = 0; i < sizeof writers / sizeof *writers && ok; i++)
        ok = !(message_kinds[m->kind].parts & writers[i].part) || writers[i].put(json, m);
    return ok;
}

static int message_print(const struct message *m, bool (*put)(cJSON *json, const struct message *m),
                         char *out, size_t size)
{
    char text[SCRATCH];
    int len = -1;
    if (size > 0)
        out[0] = '\0';
    if (!message_is_good(m)) {
        errno = EINVAL;
        return -1;
    }
    cJSON *json = cJSON_CreateObject();
    if (!json || !put(json, m) || !put_parts(json, m)) {
        errno = ENOMEM;
        goto json_delete;
    }
    if (!cJSON_PrintPreallocated(json, text, sizeof text, 0) || strlen(text) >= size) {
        errno = EMSGSIZE;
        goto json_delete;
    }
    len = (int)strlen(text);
    memcpy(out, text, (size_t)len + 1);
json_delete:
    cJSON_Delete(json);
    return len;
}

int message_write(const struct message *m, char *out, size_t size)
{
    return message_print(m, put_common, out, size);
}

int message_write_boxed(const struct message *m, char *out, size_t size)
{
    return message_print(m, put_boxed, out, size);
}
