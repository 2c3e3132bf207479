#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kiosk/core/enrol.h"
#include "kiosk/core/ns.h"
#include "tests/unit/core/explore.h"

#include <sodium.h>
#include <string.h>

/* One invitation for a member and one for a staff phone, and every order of letters by two phones
 * that have the secret, digits, certificates, time, withdrawal by the host, and restarts. An
 * account's name is random, so it is invited once. The caller does what enrol.h asks: it closes
 * what has expired, and says what was used. */

#define UNIT (ENROL_VALID_FOR / AGE_MAX)
#define NOW  (10 * ENROL_VALID_FOR)

enum { MEMBER, STAFF, ACCOUNTS, AGE_MAX = 2, PHONES = 2 };
enum standing { STANDING_NEVER, STANDING_OPEN, STANDING_JOINED, STANDING_VOID, STANDING_OVER };

static const char *const names[ACCOUNTS] = {"0123456789abcdef", "fedcba9876543210"};
static const char *const passwords[PHONES + 1] = {"", "password-of-the-first",
                                                  "password-of-second"};
static const uint8_t secrets[ACCOUNTS + 1][INVITATION_SECRET] = {{1}, {2}, {3}}; /* nobody's */

/* The other reading comes first, and the list last: with two accounts, only the first two of its
 * invitations are ever used, so only they belong to a state. */
struct enrol_node {
    uint8_t standing[ACCOUNTS];
    uint8_t age[ACCOUNTS];   /* units, while it is open or remembered */
    uint8_t owner[ACCOUNTS]; /* the phone that claimed it; 0: none */
    bool copied[ACCOUNTS];
    uint8_t tries; /* for the staff phone's digits, that were used */
    bool confirmed, certified;
    struct enrol_list list;
};

#define NODE_SIZE offsetof(struct enrol_node, list.open[ACCOUNTS])

/* Events of one account come first; then those of all. */
enum {
    EV_INVITE,
    EV_WITHDRAW,
    EV_LETTER, /* of the first phone */
    EV_LETTER_SECOND,
    EV_LETTER_OTHER_PASSWORD,
    EV_LETTER_OTHER_ROLE,
    EV_LETTER_UNSIGNED,
    EV_LETTER_OTHER_TOPIC,
    EV_LETTER_NO_SECRET,
    EV_DONE,
    EV_DONE_SECOND,
    EV_DONE_OTHER_TOPIC,
    EV_DIGITS,
    EV_DIGITS_SECOND,
    EV_DIGITS_SHORT,
    EV_CERTIFY,
    EV_CERTIFY_SECOND,
    EV_CERTIFY_FORGED,
    EV_EACH,
    EV_UNIT = ACCOUNTS * EV_EACH,
    EV_UNIT_BUSY,
    EV_RESTART,
    EV_COUNT,
};

static struct {
    uint8_t venue[ENVELOPE_ID], kiosk[ENVELOPE_ID], root[32], root_secret[64];
    uint8_t signature[ACCOUNTS][PHONES + 2][CERT_SIGNATURE]; /* the last one: by another root */
} world;

static const char *event_name(size_t event)
{
    static const char *const each[EV_EACH] = {
        "invitation",
        "the host withdraws the invitation",
        "letter by the first phone",
        "letter by the second phone",
        "letter by the first phone, another password",
        "letter by the first phone, another role",
        "letter by the first phone, not signed",
        "letter by the first phone, on another topic",
        "letter by the first phone, without the secret",
        "\"enrolled\" by the first phone",
        "\"enrolled\" by the second phone",
        "\"enrolled\" by the first phone, on another topic",
        "the first phone's digits",
        "the second phone's digits",
        "a digit too few",
        "certificate for the first phone",
        "certificate for the second phone",
        "certificate by another root",
    };
    static const char *const all[] = {"one unit of time", "one unit of time, nobody looks",
                                      "power cut and restart"};
    static char text[100];
    if (event >= EV_UNIT)
        return all[event - EV_UNIT];
    snprintf(text, sizeof text, "%s: %s", event < EV_EACH ? "member" : "staff",
             each[event % EV_EACH]);
    return text;
}

static void phone_key(int phone, uint8_t key[ENVELOPE_PUBLIC])
{
    memset(key, 0x40 + phone, ENVELOPE_PUBLIC);
}

/* A nonce that shows for which phone it was drawn. */
static void phone_nonce(int phone, uint8_t nonce[INVITATION_NONCE])
{
    memset(nonce, 0x60 + phone, INVITATION_NONCE);
}

static int make_world(void **unused)
{
    uint8_t other[32], other_secret[64];
    (void)unused;
    memset(world.venue, 0x11, sizeof world.venue);
    memset(world.kiosk, 0x12, sizeof world.kiosk);
    crypto_sign_keypair(world.root, world.root_secret);
    crypto_sign_keypair(other, other_secret);
    for (int a = 0; a < ACCOUNTS; a++)
        for (int p = 1; p <= PHONES + 1; p++) {
            struct cert_staff c;
            memcpy(c.venue, world.venue, sizeof c.venue);
            sodium_hex2bin(c.account, sizeof c.account, names[a], ENROL_ACCOUNT, NULL, NULL, NULL);
            phone_key(p > PHONES ? 1 : p, c.public);
            cert_staff_sign(&c, p > PHONES ? other_secret : world.root_secret,
                            world.signature[a][p]);
        }
    return 0;
}

static bool is_remembered(const struct enrol_node *s, int a)
{
    return s->standing[a] != STANDING_NEVER && s->standing[a] != STANDING_OVER;
}

static bool is_valid(const struct enrol_node *s, int a)
{
    return s->standing[a] == STANDING_OPEN && s->age[a] < AGE_MAX;
}

/* The owner of another password is the first phone too. */
static int phone_of(int owner)
{
    return owner > PHONES ? 1 : owner;
}

static void invitation_forgotten(struct enrol_node *s, int a)
{
    s->standing[a] = STANDING_OVER;
    s->age[a] = s->owner[a] = 0;
    s->copied[a] = false;
    if (a == STAFF) {
        s->confirmed = s->certified = false;
        s->tries = 0;
    }
}

static void invitation_ends(struct enrol_node *s, int a)
{
    enrol_close(&s->list, names[a]);
    invitation_forgotten(s, a);
}

/* --- letters --------------------------------------------------------------------------------- */

static struct enrol_letter letter_of(int a, int event, int phone)
{
    struct enrol_letter e = {.done = event >= EV_DONE};
    memcpy(e.account, names[a], ENROL_ACCOUNT + 1);
    if (e.done)
        return e;
    phone_key(phone, e.public);
    strcpy(e.password, passwords[event == EV_LETTER_OTHER_PASSWORD ? 2 : phone]);
    e.staff = (a == STAFF) != (event == EV_LETTER_OTHER_ROLE);
    struct invitation_parties p = invitation_between(world.venue, world.kiosk, names[a], e.public);
    invitation_letter_mac(secrets[event == EV_LETTER_NO_SECRET ? ACCOUNTS : a], &p, e.staff,
                          e.password, e.mac);
    return e;
}

struct expected {
    enum enrol_verdict verdict;
    enum enrol_reason reason;
};

static enum enrol_verdict expect_step(const struct enrol_node *s, int a)
{
    if (a == MEMBER || s->certified)
        return ENROL_WELCOME;
    return s->confirmed ? ENROL_CERTIFY : ENROL_CONFIRM;
}

static struct expected expect_asked(struct enrol_node *s, int a, int event, int phone)
{
    int asks = event == EV_LETTER_OTHER_PASSWORD ? PHONES + 1 : phone;
    if (event == EV_LETTER_UNSIGNED || event == EV_LETTER_OTHER_TOPIC)
        return (struct expected){ENROL_REFUSED, ENROL_REASON_NONE};
    if (!is_remembered(s, a))
        return (struct expected){ENROL_REFUSED, ENROL_REASON_CLOSED};
    if (s->age[a] >= AGE_MAX)
        return (struct expected){ENROL_REFUSED, ENROL_REASON_EXPIRED};
    if (event == EV_LETTER_NO_SECRET)
        return (struct expected){ENROL_REFUSED, ENROL_REASON_SECRET};
    if (event == EV_LETTER_OTHER_ROLE)
        return (struct expected){ENROL_REFUSED, ENROL_REASON_ROLE};
    if (s->standing[a] == STANDING_VOID)
        return (struct expected){ENROL_REFUSED, ENROL_REASON_COPIED};
    if (s->owner[a] != 0 && phone_of(s->owner[a]) != phone) {
        bool known = s->copied[a];
        s->copied[a] = true;
        if (s->standing[a] == STANDING_OPEN)
            s->standing[a] = STANDING_VOID;
        return (struct expected){known ? ENROL_REFUSED : ENROL_COPIED, ENROL_REASON_COPIED};
    }
    if (s->standing[a] == STANDING_JOINED)
        return (struct expected){ENROL_REFUSED, ENROL_REASON_CLOSED};
    if (s->owner[a] == 0)
        s->owner[a] = (uint8_t)asks;
    if (s->owner[a] != asks)
        return (struct expected){ENROL_REFUSED, ENROL_REASON_SECRET};
    return (struct expected){expect_step(s, a), ENROL_REASON_NONE};
}

static struct expected expect_done(const struct enrol_node *s, int a, int event, int phone)
{
    bool ours = is_remembered(s, a) && s->age[a] < AGE_MAX && event != EV_DONE_OTHER_TOPIC &&
                s->owner[a] != 0 && phone_of(s->owner[a]) == phone;
    if (ours && s->standing[a] == STANDING_JOINED)
        return (struct expected){ENROL_NOTHING, ENROL_REASON_NONE};
    if (ours && s->standing[a] == STANDING_OPEN && expect_step(s, a) == ENROL_WELCOME)
        return (struct expected){ENROL_PROMOTED, ENROL_REASON_NONE};
    return (struct expected){ENROL_REFUSED, ENROL_REASON_NONE};
}

/* "enrolled" is signed by the phone, and checked with the key that the kiosk has. */
static bool signed_by(const struct enrol_node *s, int a, int event, int phone)
{
    uint8_t key[ENVELOPE_PUBLIC];
    const uint8_t *known = enrol_key(&s->list, names[a]);
    phone_key(phone, key);
    if (event < EV_DONE)
        return event != EV_LETTER_UNSIGNED;
    return known && memcmp(known, key, sizeof key) == 0;
}

/* What is given with an answer is the invitation of the phone that answered first. */
static const char *check_given(const struct enrol_node *s, int a, const struct enrol_open *one)
{
    uint8_t key[ENVELOPE_PUBLIC], nonce[INVITATION_NONCE] = {0};
    phone_key(phone_of(s->owner[a]), key);
    if (a == STAFF)
        phone_nonce(phone_of(s->owner[a]), nonce);
    if (strcmp(one->account, names[a]) != 0 || one->staff != (a == STAFF) ||
        memcmp(one->public, key, sizeof key) != 0)
        return "an invitation goes to another phone than the first that answered";
    if (memcmp(one->nonce, nonce, sizeof nonce) != 0)
        return "the nonce is not the one that was drawn when the key was fixed";
    if (one->standing == ENROL_OPEN &&
        strcmp(one->password, passwords[s->owner[a] > PHONES ? 2 : s->owner[a]]) != 0)
        return "the password is not the one of the phone that owns the invitation";
    return NULL;
}

static const char *letter_comes(struct enrol_node *s, int a, int event)
{
    bool second = event == EV_LETTER_SECOND || event == EV_DONE_SECOND;
    bool elsewhere = event == EV_LETTER_OTHER_TOPIC || event == EV_DONE_OTHER_TOPIC;
    int phone = second ? 2 : 1;
    struct enrol_letter e = letter_of(a, event, phone);
    struct enrol_arrival arrival = {.letter = &e,
                                    .topic_account = names[elsewhere ? !a : a],
                                    .signed_by_key = signed_by(s, a, event, phone),
                                    .now = NOW};
    phone_nonce(phone, arrival.nonce);
    struct expected wanted =
        event >= EV_DONE ? expect_done(s, a, event, phone) : expect_asked(s, a, event, phone);
    struct enrol_judgement j = enrol_receive(&s->list, &arrival);
    if (j.verdict != wanted.verdict)
        return wanted.verdict == ENROL_REFUSED ? "a letter is accepted that must be refused"
               : j.verdict == ENROL_REFUSED    ? "a good letter is refused"
                                               : "a letter gets the wrong answer";
    if (j.reason != wanted.reason)
        return "a letter is refused for another reason";
    if (!j.one != (j.verdict == ENROL_REFUSED || j.verdict == ENROL_NOTHING))
        return "an invitation is given exactly to a letter that is not refused";
    const char *broken = j.one ? check_given(s, a, j.one) : NULL;
    if (j.verdict == ENROL_PROMOTED) {
        enrol_joined(&s->list, names[a]);
        s->standing[a] = STANDING_JOINED;
    }
    return broken;
}

/* --- digits and certificates ----------------------------------------------------------------- */

/* The digits of a phone whose key the kiosk has fixed; or those that another phone would show. */
static const char *digits_come(struct enrol_node *s, int a, int event)
{
    uint8_t key[ENVELOPE_PUBLIC], nonce[INVITATION_NONCE];
    char digits[INVITATION_DIGITS + 1];
    int phone = event == EV_DIGITS_SECOND ? 2 : 1;
    bool waits = a == STAFF && is_valid(s, a) && s->owner[a] != 0 && !s->confirmed;
    bool good = waits && event != EV_DIGITS_SHORT && phone_of(s->owner[a]) == phone;
    phone_key(phone, key);
    phone_nonce(phone, nonce);
    invitation_digits(secrets[a], key, nonce, digits);
    if (event == EV_DIGITS_SHORT)
        digits[INVITATION_DIGITS - 1] = '\0';
    s->tries = (uint8_t)(s->tries + (waits && !good));
    s->confirmed = s->confirmed || good;
    struct enrol_judgement j = enrol_confirm(&s->list, names[a], digits, NOW);
    enum enrol_verdict wanted = good                               ? ENROL_CERTIFY
                                : waits && s->tries == ENROL_TRIES ? ENROL_WITHDRAWN
                                                                   : ENROL_REFUSED;
    if (j.verdict != wanted)
        return good ? "the right digits are refused" : "wrong digits are believed, or tried on";
    if (!good && j.reason != (waits ? ENROL_REASON_DIGITS : ENROL_REASON_CLOSED))
        return "digits are refused for another reason";
    if (!j.one != !waits || (waits && j.one->tries != (unsigned)(ENROL_TRIES - s->tries)))
        return "the tries that are left are counted wrongly";
    if (wanted == ENROL_WITHDRAWN)
        invitation_ends(s, a);
    return NULL;
}

static const char *certificate_comes(struct enrol_node *s, int a, int phone)
{
    bool good = a == STAFF && is_valid(s, a) && s->confirmed && phone_of(s->owner[a]) == phone;
    struct enrol_judgement j =
        enrol_certify(&s->list, world.root, names[a], world.signature[a][phone], NOW);
    if ((j.verdict == ENROL_WELCOME) != good)
        return good ? "a good certificate is refused" : "a certificate is believed wrongly";
    s->certified = s->certified || good;
    return !j.one == !good ? NULL : "an invitation is given exactly for a good certificate";
}

/* --- invitations and time -------------------------------------------------------------------- */

static const char *invite(struct enrol_node *s, int a)
{
    if (s->standing[a] == STANDING_OVER)
        return EXPLORE_SKIP;
    int result = enrol_invite(&s->list, names[a], a == STAFF, secrets[a], NOW);
    if (s->standing[a] != STANDING_NEVER)
        return result == -1 ? NULL : "one account has two invitations";
    s->standing[a] = STANDING_OPEN;
    return result == 0 ? NULL : "an invitation is refused";
}

static const char *tick(struct enrol_node *s)
{
    struct enrol_judgement j;
    while ((j = enrol_tick(&s->list, NOW)).verdict == ENROL_WITHDRAWN) {
        int a = strcmp(j.one->account, names[STAFF]) == 0 ? STAFF : MEMBER;
        if (s->standing[a] != STANDING_OPEN || s->age[a] < AGE_MAX)
            return "an invitation expires that is valid, or is not open";
        if (j.reason != ENROL_REASON_EXPIRED)
            return "an invitation expires for another reason";
        invitation_ends(s, a);
    }
    for (int a = 0; a < ACCOUNTS; a++)
        if (is_remembered(s, a) && s->standing[a] != STANDING_OPEN && s->age[a] >= AGE_MAX)
            invitation_forgotten(s, a);
    for (int a = 0; a < ACCOUNTS; a++)
        if (enrol_recall(&s->list, names[a]) && s->age[a] >= AGE_MAX)
            return "an invitation does not expire";
    return NULL;
}

static const char *time_passes(struct enrol_node *s, bool busy)
{
    for (int a = 0; a < ACCOUNTS; a++)
        s->age[a] = (uint8_t)(s->age[a] + (is_remembered(s, a) && s->age[a] < AGE_MAX));
    for (size_t i = 0; i < ENROL_OPEN_MAX; i++)
        if (s->list.open[i].account[0] != '\0' && s->list.open[i].until > NOW)
            s->list.open[i].until -= UNIT;
    return busy ? NULL : tick(s);
}

static const char *restart(struct enrol_node *s)
{
    enrol_begin(&s->list, world.venue, world.kiosk);
    for (int a = 0; a < ACCOUNTS; a++)
        if (is_remembered(s, a))
            invitation_forgotten(s, a);
    return NULL;
}

/* --- what must hold -------------------------------------------------------------------------- */

static const char *check_account(const struct enrol_node *s, int a)
{
    const struct enrol_open *one = enrol_recall(&s->list, names[a]);
    if (!one != !is_remembered(s, a))
        return "an invitation is remembered that is over, or was forgotten too early";
    if (!enrol_find(&s->list, names[a]) != (s->standing[a] != STANDING_OPEN))
        return "an invitation is open that was used, copied, has expired or was withdrawn";
    if (!enrol_key(&s->list, names[a]) != (s->owner[a] == 0))
        return "a key is known exactly while a phone owns the invitation";
    if (one && one->standing != ENROL_OPEN && one->password[0] != '\0')
        return "the password of an invitation that is over is kept";
    if (one && one->copied != s->copied[a])
        return "a copy is not remembered, or none was there";
    return NULL;
}

static const char *check_state(const struct enrol_node *s)
{
    int64_t due = NS_NEVER;
    size_t kept = 0;
    for (int a = 0; a < ACCOUNTS; a++) {
        const char *broken = check_account(s, a);
        int64_t until = NOW + (AGE_MAX - s->age[a]) * UNIT;
        if (broken)
            return broken;
        kept += is_remembered(s, a);
        due = is_remembered(s, a) && until < due ? until : due;
    }
    if (enrol_deadline(&s->list) != due)
        return "the deadline is not the first expiry";
    for (size_t i = 0; i < ENROL_OPEN_MAX; i++)
        kept -= !sodium_is_zero((const uint8_t *)&s->list.open[i], sizeof s->list.open[i]);
    return kept == 0 ? NULL : "something of a closed invitation is kept";
}

static const char *happens(struct enrol_node *s, size_t event)
{
    int a = (int)(event / EV_EACH), what = (int)(event % EV_EACH);
    const char *broken = NULL;
    if (event >= EV_UNIT)
        broken = event == EV_RESTART ? restart(s) : time_passes(s, event == EV_UNIT_BUSY);
    else if (what == EV_INVITE)
        broken = invite(s, a);
    else if (what == EV_WITHDRAW && s->standing[a] != STANDING_OPEN)
        broken = EXPLORE_SKIP;
    else if (what == EV_WITHDRAW)
        invitation_ends(s, a);
    else if (what >= EV_DIGITS && what < EV_CERTIFY)
        broken = digits_come(s, a, what);
    else if (what >= EV_CERTIFY)
        broken = certificate_comes(s, a, what - EV_CERTIFY + 1);
    else
        broken = letter_comes(s, a, what);
    return broken ? broken : check_state(s);
}

static const char *step(void *state, size_t event, const void *context)
{
    static struct enrol_node whole; /* what is beyond NODE_SIZE stays zero: check_state looks */
    (void)context;
    memcpy(&whole, state, NODE_SIZE);
    const char *broken = happens(&whole, event);
    memcpy(state, &whole, NODE_SIZE);
    return broken;
}

static void every_order_of_letters_and_time(void **unused)
{
    (void)unused;
    const struct explore_model m = {
        .size = NODE_SIZE, .events = EV_COUNT, .step = step, .event_name = event_name};
    struct enrol_node first;
    memset(&first, 0, sizeof first);
    enrol_begin(&first.list, world.venue, world.kiosk);
    struct explore_result found = explore(&m, &first, SIZE_MAX);
    print_message("enrol: %zu states, %zu transitions, all within %zu events\n", found.states,
                  found.transitions, found.depth);
    if (found.broken)
        fail_msg("%s", found.broken);
    assert_true(found.states > 10000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_order_of_letters_and_time)};
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, make_world, NULL);
}
