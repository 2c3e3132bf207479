#include "kiosk/core/message.h"

#include "kiosk/core/envelope.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum {
    SCRATCH = 2048, /* more than any message needs, and cJSON wants a few bytes of slack */
};

/* Integers on the wire are below this: most JSON readers store numbers as doubles. */
#define INTEGER_END (UINT64_C(1) << 53)

/* Which keys a kind needs, beyond those of all. */
enum part {
    PART_ALERT = 1 << 0,   /* its id may not be null */
    PART_KIOSK = 1 << 1,   /* the kiosk's keys must be there */
    PART_DETAIL = 1 << 2,  /* its detail may not be null */
    PART_STATE = 1 << 3,   /* state, unconfirmed */
    PART_COUNTS = 1 << 4,  /* seen, safe */
    PART_NONCE = 1 << 5,   /* nonce */
    PART_LINK = 1 << 6,    /* connection */
    PART_ACCOUNT = 1 << 7, /* account */
    PART_PROOF = 1 << 8,   /* it may have a proof */
    PART_RANG = 1 << 9,    /* rang */
    PART_DATE = 1 << 10,   /* at, the kiosk's keys aside */
    PART_BEAT = 1 << 11,   /* state, staff, ring, echo */
    PART_RING = 1 << 12,   /* on, staff, and id, which may be null */
    PART_PING = 1 << 13,   /* ring, nonce, a short one */
    PART_AGE = 1 << 15,    /* up, synced */
    PART_BOX = 1 << 14,    /* sealed for staff, it lacks what says nothing */
    PART_WHERE = 1 << 16,  /* it may have a where */
    PART_HELP = 1 << 17,   /* help, of */
    PART_PHONES = 1 << 18, /* rang, phones; a ping has them only from a relay that knows */
};

static const struct {
    const char *name;
    unsigned parts;
} kinds[MSG_KINDS] = {
    [MSG_LOCKDOWN] = {"lockdown", PART_ALERT | PART_KIOSK | PART_AGE},
    [MSG_CAUTION] = {"caution", PART_ALERT | PART_KIOSK | PART_AGE},
    [MSG_ALL_CLEAR] = {"all-clear", PART_ALERT | PART_KIOSK | PART_AGE | PART_PROOF},
    [MSG_DOOR] = {"door", PART_KIOSK | PART_DETAIL | PART_BOX | PART_WHERE},
    [MSG_FAULT] = {"fault", PART_KIOSK | PART_DETAIL | PART_BOX | PART_WHERE},
    [MSG_DRILL_REPORT] = {"drill-report", PART_KIOSK | PART_COUNTS | PART_RANG | PART_BOX},
    [MSG_CODE] = {"code", PART_ALERT | PART_KIOSK | PART_BOX | PART_WHERE},
    [MSG_DURESS] = {"duress", PART_ALERT | PART_KIOSK | PART_BOX | PART_WHERE},
    [MSG_NOTHING] = {"nothing", PART_KIOSK | PART_BOX | PART_WHERE},
    [MSG_COUNTS] = {"counts", PART_KIOSK | PART_COUNTS | PART_HELP | PART_PHONES | PART_BOX},
    [MSG_STATE] = {"state", PART_KIOSK | PART_AGE | PART_STATE | PART_NONCE | PART_PROOF},
    [MSG_ONLINE] = {"online", PART_KIOSK | PART_LINK},
    [MSG_LOST] = {"lost", PART_KIOSK | PART_LINK},
    [MSG_BEAT] = {"beat", PART_DATE | PART_AGE | PART_BEAT},
    [MSG_RETIRED] = {"retired", PART_KIOSK},
    [MSG_REVOKED] = {"revoked", PART_KIOSK},
    [MSG_RING] = {"ring", PART_DATE | PART_RING},
    [MSG_PING] = {"ping", PART_PING | PART_PHONES},
    [MSG_SEEN] = {"seen", PART_ALERT | PART_ACCOUNT},
    [MSG_SAFE] = {"safe", PART_ALERT | PART_ACCOUNT},
    [MSG_HELP] = {"help", PART_ALERT | PART_ACCOUNT},
    [MSG_RANG] = {"rang", PART_ALERT | PART_ACCOUNT},
    [MSG_CMD_LOCKDOWN] = {"command-lockdown", PART_ACCOUNT | PART_NONCE},
    [MSG_CMD_CAUTION] = {"command-caution", PART_ACCOUNT | PART_NONCE},
    [MSG_CMD_ALL_CLEAR] = {"command-all-clear", PART_ACCOUNT | PART_NONCE | PART_PROOF},
    [MSG_CMD_DRILL] = {"command-drill", PART_ACCOUNT | PART_NONCE},
    [MSG_CMD_ABORT] = {"command-abort", PART_ACCOUNT | PART_NONCE},
};

/* Kinds that leave out age_ms, drill, resumed and detail. */
enum { PARTS_SHORT = PART_DATE | PART_PING };

/* The newest message of each group, in a beat. */
static const char *const groups[FRESHNESS_GROUPS] = {
    [FRESHNESS_STATE] = "state", [FRESHNESS_STAFF] = "staff", [FRESHNESS_RING] = "ring"};

static const char *const states[] = {"quiet", "caution", "lockdown"};

const char *message_kind_name(enum message_kind k)
{
    return k < MSG_KINDS ? kinds[k].name : "unknown";
}

bool message_is_clear(enum message_kind k)
{
    return k == MSG_ONLINE || k == MSG_LOST || k == MSG_BEAT || k == MSG_RING || k == MSG_REVOKED;
}

/* --- the shapes of values ------------------------------------------------------------------- */

static bool shaped(const char *text, const char *shape)
{
    size_t i;
    for (i = 0; shape[i] != '\0'; i++) {
        bool digit = text[i] >= '0' && text[i] <= '9';
        bool letter = text[i] >= 'a' && text[i] <= 'f';
        bool fits = shape[i] == '0'   ? digit
                    : shape[i] == 'x' ? digit || letter
                                      : text[i] == shape[i];
        if (!fits)
            return false;
    }
    return text[i] == '\0';
}

static bool at_is_good(const char *at)
{
    return shaped(at, "0000-00-00T00:00:00Z");
}

static bool account_is_good(const char *account)
{
    return shaped(account, "xxxxxxxxxxxxxxxx");
}

static bool detail_is_good(const char *detail)
{
    size_t len = strspn(detail, "abcdefghijklmnopqrstuvwxyz0123456789-");
    return len > 0 && len < MESSAGE_DETAIL_MAX && detail[len] == '\0';
}

static bool where_is_good(const char *where)
{
    size_t len = strspn(where, "abcdefghijklmnopqrstuvwxyz0123456789-_");
    return len > 0 && len < MESSAGE_WHERE_MAX && where[len] == '\0';
}

void message_id_write(const struct alert_id *id, char out[37])
{
    static const char digits[] = "0123456789abcdef";
    char *p = out;
    for (size_t i = 0; i < sizeof id->bytes; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *p++ = '-';
        *p++ = digits[id->bytes[i] >> 4];
        *p++ = digits[id->bytes[i] & 15];
    }
    *p = '\0';
}

int message_id_read(struct alert_id *id, const char *text)
{
    size_t got;
    if (!shaped(text, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"))
        return -1;
    return sodium_hex2bin(id->bytes, sizeof id->bytes, text, strlen(text), "-", &got, NULL);
}

/* --- writing -------------------------------------------------------------------------------- */

static bool numbers_are_good(const struct message *m)
{
    for (size_t i = 0; i < FRESHNESS_GROUPS; i++)
        if (m->newest[i] >= INTEGER_END)
            return false;
    return m->epoch < INTEGER_END && m->seq < INTEGER_END && m->connection < INTEGER_END &&
           m->up_ms < INTEGER_END && m->echo_count <= FRESHNESS_ECHO_MAX && m->age_ms >= -1 &&
           m->age_ms < (int64_t)INTEGER_END;
}

static bool text_is_good(const struct message *m, unsigned parts)
{
    bool at = m->at[0] == '\0' || at_is_good(m->at);
    bool detail = m->detail[0] == '\0' ? !(parts & PART_DETAIL) : detail_is_good(m->detail);
    bool account = !(parts & PART_ACCOUNT) || account_is_good(m->account);
    bool where = m->where[0] == '\0' || where_is_good(m->where);
    return at && detail && account && where;
}

static bool parts_are_good(const struct message *m, unsigned parts)
{
    bool id = !(parts & PART_ALERT) || !sodium_is_zero(m->id.bytes, sizeof m->id.bytes);
    bool state = !(parts & PART_STATE) || m->state < sizeof states / sizeof states[0];
    bool proof = m->proof_len == 0 || (parts & PART_PROOF && m->proof_len <= sizeof m->proof);
    bool ping = !(parts & PART_PING) || m->echo_count == 1;
    return id && state && proof && ping;
}

static bool message_is_good(const struct message *m)
{
    return m->kind < MSG_KINDS && numbers_are_good(m) && text_is_good(m, kinds[m->kind].parts) &&
           parts_are_good(m, kinds[m->kind].parts);
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
           message_put_text(json, "kind", kinds[m->kind].name) &&
           message_put_number(json, "epoch", m->epoch) && message_put_number(json, "seq", m->seq) &&
           (parts & PART_PING || message_put_text(json, "at", m->at));
}

static bool put_boxed(cJSON *json, const struct message *m)
{
    return message_put_number(json, "v", ENVELOPE_VERSION) &&
           message_put_text(json, "kind", kinds[m->kind].name) && put_id(json, "id", &m->id) &&
           message_put_text(json, "at", m->at) &&
           (m->age_ms < 0 || message_put_number(json, "age_ms", (uint64_t)m->age_ms)) &&
           (m->detail[0] == '\0' || message_put_text(json, "detail", m->detail));
}

static bool put_common(cJSON *json, const struct message *m)
{
    unsigned parts = kinds[m->kind].parts;
    if (parts & PARTS_SHORT)
        return put_short(json, m, parts);
    return message_put_number(json, "v", ENVELOPE_VERSION) &&
           message_put_text(json, "kind", kinds[m->kind].name) && put_id(json, "id", &m->id) &&
           message_put_number(json, "epoch", m->epoch) && message_put_number(json, "seq", m->seq) &&
           message_put_text(json, "at", m->at) &&
           (m->age_ms < 0 ? !!cJSON_AddNullToObject(json, "age_ms")
                          : message_put_number(json, "age_ms", (uint64_t)m->age_ms)) &&
           put_bool(json, "drill", m->drill) && put_bool(json, "resumed", m->resumed) &&
           message_put_text(json, "detail", m->detail);
}

static bool put_state(cJSON *json, const struct message *m)
{
    return message_put_text(json, "state", states[m->state]) &&
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
    return put_rang(json, m) && message_put_number(json, "phones", m->phones);
}

static bool put_nonce(cJSON *json, const struct message *m)
{
    char hex[2 * MESSAGE_NONCE + 1];
    return message_put_text(json, "nonce",
                            sodium_bin2hex(hex, sizeof hex, m->nonce, sizeof m->nonce));
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
        ok = message_put_number(json, groups[i], m->newest[i]);
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
                            sodium_bin2hex(hex, sizeof hex, m->echo[0], sizeof m->echo[0]));
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
        {PART_HELP, put_help},       {PART_PHONES, put_phones},
    };
    bool ok = true;
    for (size_t i = 0; i < sizeof writers / sizeof *writers && ok; i++)
        ok = !(kinds[m->kind].parts & writers[i].part) || writers[i].put(json, m);
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

/* --- reading -------------------------------------------------------------------------------- */

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
    if (take_number(r, "v", INTEGER_END, "v is missing or not a number") != ENVELOPE_VERSION &&
        !r->why)
        r->why = "v is not 2: made by another version";
    const char *kind = take_text(r, "kind", "kind is missing or not text");
    if (!kind)
        return;
    for (m->kind = 0; m->kind < MSG_KINDS && strcmp(kinds[m->kind].name, kind) != 0;)
        m->kind++;
    if (m->kind == MSG_KINDS)
        r->why = "kind is not known";
    if (r->why)
        return;
    if (!(kinds[m->kind].parts & PARTS_SHORT))
        take_id(r, "id", &m->id, "id is neither a UUID nor null");
    bool boxed = kinds[m->kind].parts & PART_BOX; /* epoch and seq may be outside */
    if (!boxed || !absent(r, "epoch"))
        m->epoch =
            take_number(r, "epoch", INTEGER_END, "epoch is missing or no integer below 2^53");
    if (!boxed || !absent(r, "seq"))
        m->seq = take_number(r, "seq", INTEGER_END, "seq is missing or no integer below 2^53");
    if (!r->why && kinds[m->kind].parts & PART_ALERT &&
        sodium_is_zero(m->id.bytes, sizeof m->id.bytes))
        r->why = "id is null";
}

static void take_common(struct reader *r, struct message *m, bool needed)
{
    bool dated = needed || kinds[m->kind].parts & PART_DATE;
    m->age_ms = -1;
    if (dated || !absent(r, "at"))
        take_shaped(r, "at", m->at, sizeof m->at, at_is_good,
                    "at is neither null nor 2026-11-22T18:33:04Z");
    if (needed || !absent(r, "age_ms")) {
        const cJSON *age = message_take(r, "age_ms", "age_ms is missing");
        if (age && !cJSON_IsNull(age))
            m->age_ms =
                (int64_t)take_number(r, "age_ms", INTEGER_END, "age_ms is no integer or null");
    }
    if (needed || !absent(r, "drill"))
        m->drill = take_bool(r, "drill", "drill is not true or false");
    if (needed || !absent(r, "resumed"))
        m->resumed = take_bool(r, "resumed", "resumed is not true or false");
    if (needed || !absent(r, "detail"))
        take_shaped(r, "detail", m->detail, sizeof m->detail, detail_is_good,
                    "detail is neither null nor a short word");
}

static void take_state(struct reader *r, struct message *m)
{
    const char *state = take_text(r, "state", "state is missing or not text");
    if (state) {
        size_t i = 0, n = sizeof states / sizeof states[0];
        while (i < n && strcmp(states[i], state) != 0)
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
    return shaped(hex, "xxxxxxxxxxxxxxxx") &&
           sodium_hex2bin(out, FRESHNESS_NONCE, hex, 2 * FRESHNESS_NONCE, NULL, &got, NULL) == 0;
}

static void take_nonce(struct reader *r, struct message *m)
{
    static const char why[] = "nonce is not 32 hex digits";
    size_t got;
    const char *nonce = take_text(r, "nonce", why);
    if (!nonce)
        return;
    if (!shaped(nonce, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx") ||
        sodium_hex2bin(m->nonce, sizeof m->nonce, nonce, strlen(nonce), NULL, &got, NULL) != 0)
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
    m->up_ms = take_number(r, "up", INTEGER_END, "up is missing or no integer below 2^53");
}

static void take_beat(struct reader *r, struct message *m)
{
    for (size_t i = 0; i < FRESHNESS_GROUPS; i++)
        m->newest[i] = take_number(r, groups[i], INTEGER_END,
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
    m->newest[FRESHNESS_RING] =
        take_number(r, groups[FRESHNESS_RING], INTEGER_END, "ring is no integer below 2^53");
    const char *nonce = take_text(r, "nonce", why);
    if (nonce && !nonce_read(nonce, m->echo[m->echo_count++]))
        r->why = why;
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
}

static void take_parts(struct reader *r, struct message *m)
{
    unsigned parts = kinds[m->kind].parts;
    if (parts & PART_DETAIL && m->detail[0] == '\0' && !r->why)
        r->why = "detail is null";
    if (parts & PART_AGE)
        take_age(r, m);
    if (parts & PART_STATE)
        take_state(r, m);
    take_counts(r, m, parts);
    if (parts & PART_NONCE)
        take_nonce(r, m);
    if (parts & PART_LINK)
        m->connection = take_number(r, "connection", INTEGER_END,
                                    "connection is missing or no integer below 2^53");
    if (parts & PART_ACCOUNT) {
        take_shaped(r, "account", m->account, sizeof m->account, account_is_good,
                    "account is not 16 hex digits");
        if (!r->why && m->account[0] == '\0')
            r->why = "account is null";
    }
    if (parts & PART_WHERE && !absent(r, "where"))
        take_shaped(r, "where", m->where, sizeof m->where, where_is_good,
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
        take_common(&r, m, (kinds[m->kind].parts & (PART_KIOSK | PART_BOX)) == PART_KIOSK);
    if (!r.why)
        take_parts(&r, m);
    cJSON_Delete(json);
    *why = r.why;
    return !r.why ? 0 : -1;
}
