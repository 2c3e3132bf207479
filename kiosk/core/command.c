#include "kiosk/core/command.h"

#include <stdio.h>
#include <string.h>

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool nibbles(const char *hex, uint8_t out[ENVELOPE_ID])
{
    if (strlen(hex) != (size_t)2 * ENVELOPE_ID)
        return false;
    for (size_t i = 0; i < ENVELOPE_ID; i++) {
        int high = digit_of(hex[2 * i]), low = digit_of(hex[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

bool command_staff_check(const struct command_staff *s, const uint8_t venue[ENVELOPE_ID],
                         const uint8_t root_public[ENVELOPE_PUBLIC])
{
    struct cert_staff said;
    memcpy(said.venue, venue, ENVELOPE_ID);
    memcpy(said.account, s->account, ENVELOPE_ID);
    memcpy(said.public, s->cert, ENVELOPE_PUBLIC);
    return cert_staff_check(&said, root_public, s->cert + ENVELOPE_PUBLIC);
}

static const struct command_staff *staff_of(const struct command_check *d,
                                            const uint8_t account[ENVELOPE_ID])
{
    for (size_t i = 0; i < d->staff_count; i++)
        if (memcmp(d->staff[i].account, account, ENVELOPE_ID) == 0)
            return &d->staff[i];
    return NULL;
}

static bool command_of(enum message_kind k, enum alert_command *out)
{
    switch (k) {
    case MSG_CMD_LOCKDOWN:
        *out = ALERT_CMD_LOCKDOWN;
        return true;
    case MSG_CMD_CAUTION:
        *out = ALERT_CMD_CAUTION;
        return true;
    case MSG_CMD_ALL_CLEAR:
        *out = ALERT_CMD_ALL_CLEAR;
        return true;
    case MSG_CMD_DRILL:
        *out = ALERT_CMD_DRILL;
        return true;
    case MSG_CMD_ABORT:
        *out = ALERT_CMD_ABORT;
        return true;
    default:
        return false;
    }
}

static enum command_result open_letter(const struct command_check *d, const uint8_t *wire,
                                       size_t len, char text[ENVELOPE_LETTER_MAX + 1],
                                       size_t *text_len, uint8_t signature[CERT_SIGNATURE])
{
    switch (envelope_letter_open(d->kiosk_public, d->kiosk_secret, wire, len, text, text_len,
                                 signature)) {
    case ENVELOPE_OK:
        return COMMAND_ACCEPTED;
    case ENVELOPE_NOT_OURS:
        return COMMAND_FOREIGN;
    default:
        return COMMAND_MALFORMED;
    }
}

/* The proof that every phone will ask for. It must not name a state that is yet to come: that
 * would end lockdowns before they begin. */
static bool command_prove(const struct command_check *d, const struct command_staff *staff,
                          const struct message *m, struct command *c)
{
    struct cert_clear clear = {.id = m->id, .epoch = m->epoch, .seq = m->seq};
    struct cert_clear read;
    memcpy(clear.account, staff->account, sizeof clear.account);
    if (m->proof_len != CERT_SIGNATURE || m->epoch > d->epoch ||
        (m->epoch == d->epoch && m->seq > d->seq))
        return false;
    cert_proof_write(&clear, staff->cert, m->proof, c->proof);
    c->proof_len = CERT_PROOF;
    return cert_proof_read(&read, d->venue, d->kiosk, d->root_public, c->proof, c->proof_len);
}

/* An end is of one alert. Lockdown, caution and drill begin one, and need none. Where none is
 * active, a staff phone may end one that phones still show, and this kiosk has lost. */
static bool command_is_stale(const struct command_check *d, const struct message *m,
                             enum alert_command c)
{
    if (c == ALERT_CMD_ALL_CLEAR)
        return !alert_id_is_none(&d->standing) && memcmp(&m->id, &d->standing, sizeof m->id) != 0;
    if (c == ALERT_CMD_ABORT && !alert_id_is_none(&m->id))
        return memcmp(&m->id, &d->standing, sizeof m->id) != 0;
    return false;
}

enum command_result command_read(const struct command_check *d, const char *topic,
                                 const char *account, bool retained, const uint8_t *wire,
                                 size_t len, struct command *c)
{
    struct envelope_place at = {.topic = topic};
    struct command read = {.proof_len = 0};
    struct message m;
    char text[ENVELOPE_LETTER_MAX + 1];
    uint8_t signature[CERT_SIGNATURE], id[ENVELOPE_ID];
    const char *why;
    size_t text_len;
    if (d->refused)
        d->refused->phone = NULL;
    if (retained)
        return COMMAND_RETAINED;
    enum command_result r = open_letter(d, wire, len, text, &text_len, signature);
    if (r != COMMAND_ACCEPTED)
        return r;
    if (message_read(&m, text, text_len, &why) < 0 || !command_of(m.kind, &read.command))
        return COMMAND_MALFORMED;
    if (strcmp(m.account, account) != 0)
        return COMMAND_FORGED;
    const struct command_staff *staff = nibbles(account, id) ? staff_of(d, id) : NULL;
    if (!staff)
        return COMMAND_UNKNOWN;
    memcpy(at.venue, d->venue, sizeof at.venue);
    memcpy(at.kiosk, d->kiosk, sizeof at.kiosk);
    if (envelope_letter_signed(&at, staff->cert, signature, text, text_len) != ENVELOPE_OK)
        return COMMAND_FORGED;
    if (d->refused) {
        *d->refused = (struct command_refused){.phone = staff->cert, .kind = m.kind};
        memcpy(d->refused->nonce, m.nonce, sizeof d->refused->nonce);
    }
    if (memcmp(m.nonce, d->nonce, sizeof m.nonce) != 0)
        return COMMAND_REPLAYED;
    if (command_is_stale(d, &m, read.command))
        return COMMAND_STALE;
    if (read.command == ALERT_CMD_ALL_CLEAR && !command_prove(d, staff, &m, &read))
        return COMMAND_FORGED;
    read.id = m.id;
    memcpy(read.account, account, sizeof read.account);
    *c = read;
    return COMMAND_ACCEPTED;
}

enum envelope_result command_refuse(const struct command_refused *r, enum command_result why,
                                    const struct envelope_place *at,
                                    const uint8_t kiosk_secret[ENVELOPE_SECRET],
                                    uint8_t out[ENVELOPE_SIZE])
{
    char nonce[2 * MESSAGE_NONCE + 1], text[200];
    for (size_t i = 0; i < MESSAGE_NONCE; i++)
        snprintf(nonce + 2 * i, 3, "%02x", r->nonce[i]);
    int len =
        snprintf(text, sizeof text,
                 "{\"v\":%d,\"kind\":\"refused\",\"of\":\"%s\",\"nonce\":\"%s\","
                 "\"reason\":\"%s\"}",
                 ENVELOPE_VERSION, message_kind_name(r->kind), nonce, command_result_name(why));
    return envelope_welcome_seal(at, r->phone, kiosk_secret, text, (size_t)len, out);
}

const char *command_result_name(enum command_result r)
{
    static const char *const names[COMMAND_RESULTS] = {
        [COMMAND_ACCEPTED] = "accepted",       [COMMAND_RETAINED] = "retained",
        [COMMAND_MALFORMED] = "malformed",     [COMMAND_FOREIGN] = "foreign",
        [COMMAND_UNKNOWN] = "unknown account", [COMMAND_FORGED] = "forged",
        [COMMAND_REPLAYED] = "replayed",       [COMMAND_STALE] = "stale",
    };
    return r < COMMAND_RESULTS ? names[r] : "unknown";
}
