#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kiosk/core/command.h"
#include "tests/unit/core/explore.h"

#include <sodium.h>
#include <string.h>

/* Every order in which a kiosk can receive the letters below, with real signatures, between
 * restarts, messages of its own, alerts and a staff phone that is revoked. Each letter exists once
 * for each nonce that the kiosk will ever ask for here. A letter may come any number of times. */

enum { NONCES = 3, EPOCHS = 3, SEQS = 2, ALERTS = 2 };

static const char staff_account[] = "0123456789abcdef", other_account[] = "fedcba9876543210";

/* What one letter is. All others of its kind differ in the nonce alone. */
static const struct letter_plan {
    const char *name;
    enum message_kind kind;
    uint8_t id, epoch, seq, proof_id;
    bool retained, cut, foreign, stranger, unsigned_, elsewhere, uncertified, wrong_account,
        bad_proof;
} plans[] = {
    {.name = "lockdown", .kind = MSG_CMD_LOCKDOWN},
    {.name = "drill", .kind = MSG_CMD_DRILL},
    {.name = "all-clear", .kind = MSG_CMD_ALL_CLEAR, .id = 1, .epoch = 1, .seq = 1},
    {.name = "all-clear of a later state",
     .kind = MSG_CMD_ALL_CLEAR,
     .id = 1,
     .epoch = 1,
     .seq = 2},
    {.name = "all-clear of a later start", .kind = MSG_CMD_ALL_CLEAR, .id = 1, .epoch = 2},
    {.name = "all-clear of the second alert", .kind = MSG_CMD_ALL_CLEAR, .id = 2, .epoch = 1},
    {.name = "all-clear, proof by a stranger",
     .kind = MSG_CMD_ALL_CLEAR,
     .id = 1,
     .epoch = 1,
     .bad_proof = true},
    {.name = "all-clear, proof of another alert",
     .kind = MSG_CMD_ALL_CLEAR,
     .id = 1,
     .epoch = 1,
     .proof_id = 2,
     .bad_proof = true},
    {.name = "abort", .kind = MSG_CMD_ABORT, .id = 1},
    {.name = "abort of anything", .kind = MSG_CMD_ABORT},
    {.name = "lockdown, retained", .kind = MSG_CMD_LOCKDOWN, .retained = true},
    {.name = "lockdown, cut short", .kind = MSG_CMD_LOCKDOWN, .cut = true},
    {.name = "an answer", .kind = MSG_SEEN, .id = 1, .cut = true},
    {.name = "lockdown, to another kiosk", .kind = MSG_CMD_LOCKDOWN, .foreign = true},
    {.name = "lockdown by a stranger", .kind = MSG_CMD_LOCKDOWN, .stranger = true},
    {.name = "lockdown, not signed", .kind = MSG_CMD_LOCKDOWN, .unsigned_ = true},
    {.name = "lockdown, signed for another kiosk", .kind = MSG_CMD_LOCKDOWN, .elsewhere = true},
    {.name = "lockdown by an account without a certificate",
     .kind = MSG_CMD_LOCKDOWN,
     .uncertified = true},
    {.name = "lockdown on another account's topic",
     .kind = MSG_CMD_LOCKDOWN,
     .wrong_account = true},
};

enum { PLANS = sizeof plans / sizeof *plans, LETTERS = PLANS * NONCES };
enum { EV_RESTART = LETTERS, EV_MESSAGE, EV_ALERT, EV_REVOKE, EV_COUNT };

struct command_node {
    uint8_t nonce; /* NONCES: one that no letter names */
    uint8_t epoch, seq, standing, alerts;
    bool staff;
    uint8_t spent; /* a bit for each nonce that was used, or is of an earlier start */
};

struct verdict {
    bool known;
    enum command_result result;
    struct command command;
};

static struct {
    uint8_t root[32], root_secret[64], kiosk[32], kiosk_secret[64], phone[32], phone_secret[64],
        other[32], other_secret[64];
    struct command_staff staff;
    uint8_t venue[ENVELOPE_ID], id[ENVELOPE_ID];
    uint8_t letters[LETTERS][ENVELOPE_SIZE];
    struct verdict verdicts[LETTERS][NONCES + 1][EPOCHS + 1][SEQS + 1][ALERTS + 1][2];
} world;

static const char *event_name(size_t event)
{
    static const char *const others[] = {"power cut and restart", "the kiosk sends a message",
                                         "a lockdown at the switch",
                                         "the staff phone is revoked, or certified again"};
    static char text[80];
    if (event >= LETTERS)
        return others[event - LETTERS];
    snprintf(text, sizeof text, "%s, nonce %zu", plans[event % PLANS].name, event / PLANS);
    return text;
}

/* --- the letters ----------------------------------------------------------------------------- */

static void pair(uint8_t label, uint8_t public[32], uint8_t secret[64])
{
    uint8_t seed[32];
    memset(seed, label, sizeof seed);
    crypto_sign_seed_keypair(public, secret, seed);
}

static void prove(const struct letter_plan *p, struct message *m)
{
    struct cert_clear clear = {.id = m->id, .epoch = m->epoch, .seq = m->seq};
    if (p->proof_id > 0)
        clear.id.bytes[0] = p->proof_id;
    memcpy(clear.account, world.staff.account, sizeof clear.account);
    cert_clear_sign(&clear, world.venue, world.id,
                    p->bad_proof && p->proof_id == 0 ? world.other_secret : world.phone_secret,
                    m->proof);
    m->proof_len = CERT_SIGNATURE;
}

static void topic_of(const struct letter_plan *p, char topic[64])
{
    snprintf(topic, 64, "porchlight/venue/kiosk/command/%s",
             p->uncertified || p->wrong_account ? other_account : staff_account);
}

static void write_letter(const struct letter_plan *p, uint8_t nonce, uint8_t wire[ENVELOPE_SIZE])
{
    struct message m = {.kind = p->kind, .epoch = p->epoch, .seq = p->seq, .age_ms = -1};
    char text[ENVELOPE_LETTER_MAX + 1], topic[64];
    struct envelope_place at = {.topic = topic};
    const uint8_t *signer = world.phone_secret;
    topic_of(p, topic);
    memcpy(at.venue, world.venue, sizeof at.venue);
    memcpy(at.kiosk, world.id, sizeof at.kiosk);
    at.kiosk[0] ^= p->elsewhere;
    m.id.bytes[0] = p->id;
    memset(m.nonce, nonce + 1, sizeof m.nonce);
    memcpy(m.account, p->uncertified ? other_account : staff_account, sizeof staff_account);
    if (p->kind == MSG_CMD_ALL_CLEAR)
        prove(p, &m);
    if (p->stranger || p->uncertified)
        signer = world.other_secret;
    int len = message_write(&m, text, sizeof text);
    if (len <= 0)
        fail_msg("%s: cannot be written", p->name);
    assert_int_equal(envelope_letter_seal(&at, p->foreign ? world.other : world.kiosk,
                                          p->unsigned_ ? NULL : signer, text, (size_t)len, wire),
                     ENVELOPE_OK);
}

static int make_world(void **unused)
{
    struct cert_staff said;
    (void)unused;
    memset(world.venue, 0x11, ENVELOPE_ID);
    memset(world.id, 0x22, ENVELOPE_ID);
    pair(1, world.root, world.root_secret);
    pair(2, world.kiosk, world.kiosk_secret);
    pair(3, world.phone, world.phone_secret);
    pair(4, world.other, world.other_secret);
    sodium_hex2bin(world.staff.account, ENVELOPE_ID, staff_account, 16, NULL, NULL, NULL);
    memcpy(world.staff.cert, world.phone, ENVELOPE_PUBLIC);
    memcpy(said.venue, world.venue, ENVELOPE_ID);
    memcpy(said.account, world.staff.account, ENVELOPE_ID);
    memcpy(said.public, world.phone, ENVELOPE_PUBLIC);
    cert_staff_sign(&said, world.root_secret, world.staff.cert + ENVELOPE_PUBLIC);
    for (size_t i = 0; i < LETTERS; i++)
        write_letter(&plans[i % PLANS], (uint8_t)(i / PLANS), world.letters[i]);
    return 0;
}

/* command_read is pure: each question is asked once, and the answer kept. */
static const struct verdict *ask(const struct command_node *s, size_t letter)
{
    const struct letter_plan *p = &plans[letter % PLANS];
    struct verdict *v = &world.verdicts[letter][s->nonce][s->epoch][s->seq][s->standing][s->staff];
    struct command_check d = {.kiosk_public = world.kiosk,
                              .kiosk_secret = world.kiosk_secret,
                              .root_public = world.root,
                              .staff = &world.staff,
                              .staff_count = s->staff,
                              .epoch = s->epoch,
                              .seq = s->seq};
    char topic[64];
    if (v->known)
        return v;
    memcpy(d.venue, world.venue, sizeof d.venue);
    memcpy(d.kiosk, world.id, sizeof d.kiosk);
    memset(d.nonce, s->nonce + 1, sizeof d.nonce);
    d.standing.bytes[0] = s->standing;
    topic_of(p, topic);
    v->known = true;
    v->result = command_read(&d, topic, strrchr(topic, '/') + 1, p->retained, world.letters[letter],
                             p->cut && p->kind != MSG_SEEN ? ENVELOPE_SIZE - 1 : ENVELOPE_SIZE,
                             &v->command);
    return v;
}

/* --- what must hold -------------------------------------------------------------------------- */

/* A bit for each reason to refuse this letter now. */
static unsigned reasons(const struct command_node *s, size_t letter)
{
    const struct letter_plan *p = &plans[letter % PLANS];
    bool clear = p->kind == MSG_CMD_ALL_CLEAR, ends = clear || p->kind == MSG_CMD_ABORT;
    bool future = clear && (p->epoch > s->epoch || (p->epoch == s->epoch && p->seq > s->seq));
    unsigned set = 0;
    if (p->retained)
        set |= 1U << COMMAND_RETAINED;
    if (p->cut)
        set |= 1U << COMMAND_MALFORMED;
    if (p->foreign)
        set |= 1U << COMMAND_FOREIGN;
    if (!s->staff || p->uncertified)
        set |= 1U << COMMAND_UNKNOWN;
    if (p->stranger || p->unsigned_ || p->elsewhere || p->wrong_account || p->bad_proof || future)
        set |= 1U << COMMAND_FORGED;
    if (letter / PLANS != s->nonce)
        set |= 1U << COMMAND_REPLAYED;
    if (ends && p->id != s->standing && (clear ? s->standing > 0 : p->id > 0))
        set |= 1U << COMMAND_STALE;
    return set;
}

static const char *check_accepted(const struct command_node *s, size_t letter,
                                  const struct command *c)
{
    const struct letter_plan *p = &plans[letter % PLANS];
    struct cert_clear proved;
    if (!s->staff || p->stranger || p->unsigned_ || p->uncertified)
        return "a command is accepted that no staff phone signed";
    if (s->spent & (1U << (letter / PLANS)))
        return "a command is accepted twice, or after a restart";
    if (reasons(s, letter) != 0)
        return "a command is accepted that must be refused";
    if ((int)c->command != (int)p->kind - MSG_CMD_LOCKDOWN || c->id.bytes[0] != p->id ||
        strcmp(c->account, staff_account) != 0)
        return "another command is read than was sent";
    if (p->kind != MSG_CMD_ALL_CLEAR)
        return c->proof_len == 0 ? NULL : "a command has a proof that it does not need";
    if (!cert_proof_read(&proved, world.venue, world.id, world.root, c->proof, c->proof_len) ||
        proved.id.bytes[0] != (s->standing > 0 ? s->standing : p->id))
        return "an all-clear is accepted whose proof convinces no phone";
    if (proved.epoch > s->epoch || (proved.epoch == s->epoch && proved.seq > s->seq))
        return "an all-clear ends a lockdown that has not begun";
    return NULL;
}

static bool alert_begins(struct command_node *s)
{
    if (s->standing > 0)
        return true;
    if (s->alerts == ALERTS)
        return false;
    s->standing = ++s->alerts;
    return true;
}

static void new_nonce(struct command_node *s)
{
    s->spent |= (uint8_t)(1U << s->nonce);
    s->nonce = (uint8_t)(s->nonce + (s->nonce < NONCES));
}

static const char *letter_comes(struct command_node *s, size_t letter)
{
    static const struct command nothing;
    const struct verdict *v = ask(s, letter);
    if (v->result != COMMAND_ACCEPTED) {
        if (memcmp(&v->command, &nothing, sizeof nothing) != 0)
            return "a command that is refused is handed over";
        if (reasons(s, letter) == 0)
            return "a good command is refused";
        return reasons(s, letter) & (1U << v->result) ? NULL : "the reason of a refusal is wrong";
    }
    const char *broken = check_accepted(s, letter, &v->command);
    new_nonce(s);
    if (v->command.command == ALERT_CMD_ALL_CLEAR || v->command.command == ALERT_CMD_ABORT)
        s->standing = 0;
    else if (!alert_begins(s))
        return broken ? broken : EXPLORE_SKIP;
    return broken;
}

static const char *step(void *state, size_t event, const void *context)
{
    struct command_node *s = state;
    (void)context;
    switch (event) {
    case EV_RESTART:
        if (s->epoch == EPOCHS)
            return EXPLORE_SKIP;
        new_nonce(s);
        s->epoch++;
        s->seq = 0;
        return NULL;
    case EV_MESSAGE:
        s->seq++;
        return s->seq > SEQS ? EXPLORE_SKIP : NULL;
    case EV_ALERT:
        return s->standing > 0 || !alert_begins(s) ? EXPLORE_SKIP : NULL;
    case EV_REVOKE:
        s->staff = !s->staff;
        return NULL;
    default:
        return letter_comes(s, event);
    }
}

static void every_order_of_letters(void **unused)
{
    (void)unused;
    const struct explore_model m = {.size = sizeof(struct command_node),
                                    .events = EV_COUNT,
                                    .step = step,
                                    .event_name = event_name};
    struct command_node first;
    memset(&first, 0, sizeof first);
    first.epoch = 1;
    first.staff = true;
    struct explore_result found = explore(&m, &first, SIZE_MAX);
    print_message("command: %zu states, %zu transitions, all within %zu events\n", found.states,
                  found.transitions, found.depth);
    if (found.broken)
        fail_msg("%s", found.broken);
    assert_true(found.states > 200);
}

/* A certificate is believed for one account, one key, one venue, and from one root. */
static void only_the_root_certifies(void **unused)
{
    (void)unused;
    assert_true(command_staff_check(&world.staff, world.venue, world.root));
    assert_false(command_staff_check(&world.staff, world.id, world.root));
    assert_false(command_staff_check(&world.staff, world.venue, world.other));
    for (size_t i = 0; i < sizeof world.staff; i++) {
        struct command_staff s = world.staff;
        ((uint8_t *)&s)[i] ^= 1;
        assert_false(command_staff_check(&s, world.venue, world.root));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_order_of_letters),
                                       cmocka_unit_test(only_the_root_certifies)};
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, make_world, NULL);
}
