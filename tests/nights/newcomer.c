#include "tests/nights/newcomer.h"

#include "kiosk/common/topics.h"
#include "kiosk/core/cert.h"
#include "kiosk/core/invitation.h"
#include "tests/nights/story.h"

#include <cjson/cJSON.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AGAIN    (5 * S)
#define GIVES_UP (60 * S)

/* Where the secret is in a link's bytes (invitation.h). */
enum { SECRET_AT = 94, LINK_BYTES = 1024 };

static const char *topic_of(const struct newcomer *c)
{
    char topic[TOPIC_NAME_MAX];
    topic_name(TOPIC_ENROL, c->venue->id, c->station->keys->id, c->account, topic);
    return world_text(topic);
}

static struct envelope_place place_of(const struct newcomer *c)
{
    struct envelope_place at = {.topic = topic_of(c)};
    memcpy(at.venue, c->venue->id_bytes, sizeof at.venue);
    memcpy(at.kiosk, c->station->keys->id_bytes, sizeof at.kiosk);
    return at;
}

static struct invitation_parties parties_of(const struct newcomer *c)
{
    return invitation_between(c->venue->id_bytes, c->station->keys->id_bytes, c->account,
                              c->public);
}

/* --- what the phone sends --------------------------------------------------------------------- */

static void letter_send(struct newcomer *c, const char *text)
{
    uint8_t wire[ENVELOPE_SIZE];
    struct envelope_place at = place_of(c);
    if (!c->conn || envelope_letter_seal(&at, c->station->keys->public, c->secret, text,
                                         strlen(text), wire) != ENVELOPE_OK)
        return;
    conn_send(c->conn, true,
              (struct packet){.kind = PACKET_PUBLISH,
                              .topic = at.topic,
                              .payload = blob_of(wire, sizeof wire),
                              .qos = 1,
                              .expiry = topic_table[TOPIC_ENROL].expiry_s * S});
}

static void newcomer_asks(void *context, uint64_t number)
{
    struct newcomer *c = context;
    uint8_t mac[INVITATION_MAC];
    char text[ENVELOPE_LETTER_MAX + 1], public[65], mac_hex[65];
    struct invitation_parties parties = parties_of(c);
    (void)number;
    if (!c->conn || c->welcomed_at != INT64_MAX)
        return;
    if (c->asked_at == INT64_MAX)
        c->asked_at = world_now();
    invitation_letter_mac(c->invited_by, &parties, c->staff, c->password, mac);
    sodium_bin2hex(public, sizeof public, c->public, sizeof c->public);
    sodium_bin2hex(mac_hex, sizeof mac_hex, mac, sizeof mac);
    snprintf(text, sizeof text,
             "{\"v\":2,\"kind\":\"enrol\",\"account\":\"%s\",\"public\":\"%s\",\"password\":\"%s\","
             "\"staff\":%s,\"mac\":\"%s\"}",
             c->account, public, c->password, c->staff ? "true" : "false", mac_hex);
    story("a new phone sends its letter");
    letter_send(c, text);
    if (world_now() - c->asked_at < GIVES_UP)
        world_at(world_now() + AGAIN, newcomer_asks, c, 0);
}

/* --- what it receives ------------------------------------------------------------------------- */

static bool is_of_the_venue(const struct newcomer *c, const cJSON *welcome)
{
    uint8_t mac[INVITATION_MAC], key[ENVELOPE_KEY];
    char mac_hex[65];
    struct invitation_parties parties = parties_of(c);
    const char *said = cJSON_GetStringValue(cJSON_GetObjectItem(welcome, "venue_key")),
               *proof = cJSON_GetStringValue(cJSON_GetObjectItem(welcome, "mac"));
    if (!said || !proof || sodium_hex2bin(key, sizeof key, said, strlen(said), NULL, NULL, NULL))
        return false;
    invitation_welcome_mac(c->invited_by, &parties, key, c->station->keys->public,
                           c->venue->root_public, mac);
    sodium_bin2hex(mac_hex, sizeof mac_hex, mac, sizeof mac);
    return strcmp(proof, mac_hex) == 0;
}

static void reply_ignored(void *context, struct local *l, const void *bytes, size_t len)
{
    (void)context;
    (void)bytes;
    if (len > 0)
        local_hang_up(l);
}

static void host_says(struct newcomer *c, const char *word, const char *what)
{
    char request[192];
    struct local *l = local_dial(c->station->machine, "admin.sock", reply_ignored, c);
    int len = snprintf(request, sizeof request, "%s %s %s", word, c->account, what);
    if (l)
        local_send(l, request, (size_t)len);
}

/* With the root key, as porchlight invite --staff --root does. */
static void host_certifies(struct newcomer *c)
{
    struct cert_staff cert;
    uint8_t signature[CERT_SIGNATURE];
    char hex[2 * CERT_SIGNATURE + 1];
    memcpy(cert.venue, c->venue->id_bytes, sizeof cert.venue);
    memcpy(cert.account, c->account_bytes, sizeof cert.account);
    memcpy(cert.public, c->public, sizeof cert.public);
    cert_staff_sign(&cert, c->venue->root_secret, signature);
    host_says(c, "certify", sodium_bin2hex(hex, sizeof hex, signature, sizeof signature));
}

static void host_types(void *context, uint64_t digits)
{
    struct newcomer *c = context;
    char text[INVITATION_DIGITS + 1];
    snprintf(text, sizeof text, "%06u", (unsigned)digits % 1000000);
    story("the host types in %s", c->wrong ? "other digits" : "the digits of the new phone");
    host_says(c, "confirm", text);
}

static void stage_said(void *context, struct local *l, const void *bytes, size_t len)
{
    struct newcomer *c = context;
    if (len == 0)
        return;
    cJSON *reply = cJSON_ParseWithLength(bytes, len);
    const char *stage = cJSON_GetStringValue(cJSON_GetObjectItem(reply, "stage"));
    if (stage && strcmp(stage, "in") == 0 && c->in_at == INT64_MAX) {
        c->in_at = world_now();
        story("a new phone is in");
    }
    if (stage && strcmp(stage, "claimed") == 0)
        host_certifies(c);
    cJSON_Delete(reply);
    local_hang_up(l);
}

/* As porchlight invite asks while it waits. */
static void host_looks(void *context, uint64_t times)
{
    struct newcomer *c = context;
    char request[32];
    struct local *l = local_dial(c->station->machine, "admin.sock", stage_said, c);
    int len = snprintf(request, sizeof request, "joining %s", c->account);
    if (l)
        local_send(l, request, (size_t)len);
    if (times > 0 && c->in_at == INT64_MAX)
        world_at(world_now() + S, host_looks, c, times - 1);
}

/* It shows digits; the host compares and types them in. */
static void nonce_take(struct newcomer *c, const cJSON *answer)
{
    uint8_t nonce[INVITATION_NONCE];
    char digits[INVITATION_DIGITS + 1];
    const char *said = cJSON_GetStringValue(cJSON_GetObjectItem(answer, "nonce"));
    if (!said || c->typed ||
        sodium_hex2bin(nonce, sizeof nonce, said, strlen(said), NULL, NULL, NULL) != 0)
        return;
    c->typed = true;
    invitation_digits(c->invited_by, c->public, nonce, digits);
    world_at(world_now() + NEWCOMER_TYPES, host_types, c,
             strtoul(digits, NULL, 10) + (c->wrong ? 1 : 0));
    host_looks(c, 30);
}

static void answer_take(struct newcomer *c, const struct packet *p)
{
    struct envelope_place at = place_of(c);
    char text[ENVELOPE_LETTER_MAX + 1], done[96];
    size_t len;
    if (envelope_welcome_open(&at, c->public, c->secret, c->station->keys->public,
                              p->payload->bytes, p->payload->len, text, &len) != ENVELOPE_OK)
        return; /* its own letter */
    cJSON *answer = cJSON_ParseWithLength(text, len);
    const char *kind = cJSON_GetStringValue(cJSON_GetObjectItem(answer, "kind"));
    story("a new phone is sent: %s", kind ? kind : "nothing");
    if (kind && strcmp(kind, "confirm") == 0)
        nonce_take(c, answer);
    if (kind && strcmp(kind, "welcome") == 0) {
        c->forged = c->forged || !is_of_the_venue(c, answer);
        if (c->welcomed_at == INT64_MAX)
            c->welcomed_at = world_now();
        snprintf(done, sizeof done, "{\"v\":2,\"kind\":\"enrolled\",\"account\":\"%s\"}",
                 c->account);
        letter_send(c, done);
        host_looks(c, 30);
    }
    cJSON_Delete(answer);
}

static void newcomer_packet(void *client, struct conn *conn, const struct packet *p)
{
    struct newcomer *c = client;
    if (c->conn != conn)
        return;
    if (p->kind == PACKET_CONNACK && p->reason == 0)
        conn_send(conn, true, (struct packet){.kind = PACKET_SUBSCRIBE, .topic = topic_of(c)});
    else if (p->kind == PACKET_SUBACK)
        newcomer_asks(c, 0);
    else if (p->kind == PACKET_PUBLISH)
        answer_take(c, p);
}

static void newcomer_closed(void *client, struct conn *conn)
{
    struct newcomer *c = client;
    if (c->conn != conn)
        return;
    conn_close_client(conn, true, false);
    c->conn = NULL;
}

static const struct conn_client newcomer_client = {.packet = newcomer_packet,
                                                   .closed = newcomer_closed};

static void newcomer_comes(void *context, uint64_t number)
{
    struct newcomer *c = context;
    int64_t takes;
    (void)number;
    if (way_try(&c->way, &takes) != WAY_OPEN)
        return;
    c->conn = conn_open(&c->way, &newcomer_client, c);
    conn_send(c->conn, true, (struct packet){.kind = PACKET_CONNECT, .hello = &c->hello});
}

/* --- the invitation --------------------------------------------------------------------------- */

static void invitation_said(void *context, struct local *l, const void *bytes, size_t len)
{
    struct newcomer *c = context;
    uint8_t link[LINK_BYTES];
    size_t got = 0;
    if (len == 0)
        return;
    cJSON *reply = cJSON_ParseWithLength(bytes, len);
    const char *said = cJSON_GetStringValue(cJSON_GetObjectItem(reply, "link")),
               *text = said ? strstr(said, "#i=") : NULL;
    if (text &&
        sodium_base642bin(link, sizeof link, text + 3, strlen(text + 3), NULL, &got, NULL,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0 &&
        got > SECRET_AT + sizeof c->invited_by) {
        memcpy(c->invited_by, link + SECRET_AT, sizeof c->invited_by);
        c->invited_at = world_now();
        world_at(world_now() + c->waits, newcomer_comes, c, 0);
    }
    story("%.*s", text ? 21 : (int)len, text ? "an invitation is made" : (const char *)bytes);
    cJSON_Delete(reply);
    local_hang_up(l);
}

void newcomer_is_invited(struct newcomer *c, const struct venue *v, struct station *s,
                         struct broker *b, uint64_t number, bool staff)
{
    struct chance chance = chance_of(number, 12);
    uint8_t seed[32];
    char request[96], hex[40];
    *c = (struct newcomer){
        .venue = v, .station = s, .staff = staff, .wrong = staff && number % 3 == 0};
    c->invited_at = c->asked_at = c->welcomed_at = c->in_at = INT64_MAX;
    c->waits = chance_between(&chance, S, 120 * S);
    for (size_t i = 0; i < sizeof seed; i++)
        seed[i] = (uint8_t)chance_next(&chance);
    crypto_sign_seed_keypair(c->public, c->secret, seed);
    memcpy(c->account_bytes, seed, sizeof c->account_bytes);
    sodium_bin2hex(c->account, sizeof c->account, c->account_bytes, sizeof c->account_bytes);
    snprintf(c->password, sizeof c->password, "password-%.7s", c->account);
    way_init(&c->way, "newcomer", b, &chance);
    c->hello = (struct hello){.client_id = world_text(c->account),
                              .account = world_text(c->account),
                              .version = 5,
                              .keepalive = 60 * S};
    sodium_bin2hex(hex, sizeof hex, (const uint8_t *)c->password, strlen(c->password));
    struct local *l = local_dial(s->machine, "admin.sock", invitation_said, c);
    int len = snprintf(request, sizeof request, "invite %s spare %s %s", staff ? "staff" : "member",
                       c->account, hex);
    if (l)
        local_send(l, request, (size_t)len);
}
