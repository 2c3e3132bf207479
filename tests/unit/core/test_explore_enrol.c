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

/* One invitation for a member and one for a staff phone, and every order of letters by two phones,
 * certificates, time, withdrawal by the host, and restarts. An account's name is random, so it is
 * invited once. The caller does what enrol.h asks: it closes what was used or has expired. */

#define UNIT (ENROL_VALID_FOR / AGE_MAX)
#define NOW  (10 * ENROL_VALID_FOR)

enum { MEMBER, STAFF, ACCOUNTS, AGE_MAX = 3, PHONES = 2 };
enum standing { STANDING_NEVER, STANDING_OPEN, STANDING_OVER };

static const char *const names[ACCOUNTS] = {"0123456789abcdef", "fedcba9876543210"};
static const char *const passwords[PHONES + 1] = {"", "password-of-the-first",
                                                  "password-of-second"};

struct enrol_node {
    struct enrol_list list;
    /* the other reading */
    uint8_t standing[ACCOUNTS];
    uint8_t age[ACCOUNTS];   /* units, of an open invitation */
    uint8_t owner[ACCOUNTS]; /* the phone that claimed it; 0: none */
    bool certified, late;
};

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
    EV_DONE,
    EV_DONE_SECOND,
    EV_DONE_OTHER_TOPIC,
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
    uint8_t venue[ENVELOPE_ID], root[32], root_secret[64];
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
        "\"enrolled\" by the first phone",
        "\"enrolled\" by the second phone",
        "\"enrolled\" by the first phone, on another topic",
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

static int make_world(void **unused)
{
    uint8_t other[32], other_secret[64];
    (void)unused;
    memset(world.venue, 0x11, sizeof world.venue);
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

static bool is_valid(const struct enrol_node *s, int a)
{
    return s->standing[a] == STANDING_OPEN && s->age[a] < AGE_MAX;
}

static void invitation_ends(struct enrol_node *s, int a)
{
    enrol_close(&s->list, names[a]);
    s->standing[a] = STANDING_OVER;
    s->age[a] = s->owner[a] = 0;
    if (a == STAFF)
        s->certified = false;
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
    return e;
}

static enum enrol_verdict expect_letter(struct enrol_node *s, int a, int event, int phone)
{
    bool staff = a == STAFF, ready = !staff || s->certified;
    if (!is_valid(s, a))
        return ENROL_REFUSED;
    if (event == EV_DONE || event == EV_DONE_SECOND)
        return s->owner[a] == phone && ready ? ENROL_PROMOTED : ENROL_REFUSED;
    if (event != EV_LETTER && event != EV_LETTER_SECOND && event != EV_LETTER_OTHER_PASSWORD)
        return ENROL_REFUSED;
    int asks = event == EV_LETTER_OTHER_PASSWORD ? PHONES + 1 : phone;
    if (s->owner[a] == 0)
        s->owner[a] = (uint8_t)asks;
    if (s->owner[a] != asks)
        return ENROL_REFUSED;
    return ready ? ENROL_WELCOME : ENROL_CERTIFY;
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

static const char *check_letter(const struct enrol_node *before, int a, int owner,
                                enum enrol_verdict v, const struct enrol_open *one)
{
    uint8_t key[ENVELOPE_PUBLIC];
    if ((v == ENROL_REFUSED) != !one)
        return "an invitation is given exactly to a letter that is not refused";
    if (v == ENROL_REFUSED)
        return NULL;
    if (!is_valid(before, a))
        return "a letter is accepted without an open invitation";
    phone_key(owner > PHONES ? 1 : owner, key);
    if (strcmp(one->account, names[a]) != 0 || one->staff != (a == STAFF) ||
        memcmp(one->public, key, sizeof key) != 0)
        return "an invitation goes to another phone than the first that answered";
    if (strcmp(one->password, passwords[owner > PHONES ? 2 : owner]) != 0)
        return "the password is not the one of the phone that owns the invitation";
    return NULL;
}

static const char *letter_comes(struct enrol_node *s, int a, int event)
{
    const struct enrol_node before = *s;
    bool second = event == EV_LETTER_SECOND || event == EV_DONE_SECOND;
    bool elsewhere = event == EV_LETTER_OTHER_TOPIC || event == EV_DONE_OTHER_TOPIC;
    int phone = second ? 2 : 1;
    struct enrol_letter e = letter_of(a, event, phone);
    const struct enrol_open *one;
    bool valid = signed_by(s, a, event, phone);
    /* The owner of another password is the first phone too. */
    int signer = event >= EV_DONE && !second && s->owner[a] > PHONES ? s->owner[a] : phone;
    enum enrol_verdict wanted = expect_letter(s, a, event, signer);
    enum enrol_verdict v = enrol_receive(&s->list, &e, names[elsewhere ? !a : a], valid, NOW, &one);
    const char *broken = check_letter(&before, a, s->owner[a], v, one);
    if (!broken && v != wanted)
        broken = wanted == ENROL_REFUSED ? "a letter is accepted that must be refused"
                 : v == ENROL_REFUSED    ? "a good letter is refused"
                                         : "a letter gets the wrong answer";
    if (v == ENROL_PROMOTED)
        invitation_ends(s, a);
    return broken;
}

static const char *certificate_comes(struct enrol_node *s, int a, int phone)
{
    const struct enrol_open *one;
    int owner = s->owner[a] > PHONES ? 1 : s->owner[a];
    bool good = a == STAFF && is_valid(s, a) && owner == phone;
    enum enrol_verdict v = enrol_certify(&s->list, world.venue, world.root, names[a],
                                         world.signature[a][phone], NOW, &one);
    if ((v == ENROL_WELCOME) != good)
        return good ? "a good certificate is refused" : "a certificate is believed wrongly";
    s->certified = s->certified || good;
    return !one == !good ? NULL : "an invitation is given exactly for a good certificate";
}

/* --- invitations and time -------------------------------------------------------------------- */

static const char *invite(struct enrol_node *s, int a)
{
    if (s->standing[a] == STANDING_OVER)
        return EXPLORE_SKIP;
    int result = enrol_invite(&s->list, names[a], a == STAFF, NOW);
    if (s->standing[a] == STANDING_OPEN)
        return result == -1 ? NULL : "one account has two invitations";
    s->standing[a] = STANDING_OPEN;
    return result == 0 ? NULL : "an invitation is refused";
}

static const char *time_passes(struct enrol_node *s, bool busy)
{
    const struct enrol_open *one;
    for (int a = 0; a < ACCOUNTS; a++)
        s->age[a] = (uint8_t)(s->age[a] + (s->standing[a] == STANDING_OPEN && s->age[a] < AGE_MAX));
    for (size_t i = 0; i < ENROL_OPEN_MAX; i++)
        if (s->list.open[i].account[0] != '\0' && s->list.open[i].until > NOW)
            s->list.open[i].until -= UNIT;
    s->late = busy;
    while (!busy && enrol_tick(&s->list, NOW, &one) == ENROL_WITHDRAWN) {
        int a = strcmp(one->account, names[STAFF]) == 0 ? STAFF : MEMBER;
        if (s->standing[a] != STANDING_OPEN || s->age[a] < AGE_MAX)
            return "an invitation expires that is valid, or is not open";
        invitation_ends(s, a);
    }
    return NULL;
}

static const char *restart(struct enrol_node *s)
{
    memset(&s->list, 0, sizeof s->list);
    for (int a = 0; a < ACCOUNTS; a++)
        if (s->standing[a] == STANDING_OPEN)
            invitation_ends(s, a);
    return NULL;
}

/* --- what must hold -------------------------------------------------------------------------- */

static const char *check_state(const struct enrol_node *s)
{
    int64_t due = NS_NEVER;
    size_t open = 0;
    for (int a = 0; a < ACCOUNTS; a++) {
        const struct enrol_open *one = enrol_find(&s->list, names[a]);
        int64_t until = NOW + (AGE_MAX - s->age[a]) * UNIT;
        if (!one != (s->standing[a] != STANDING_OPEN))
            return "an invitation is open that was used, has expired or was withdrawn";
        if (!enrol_key(&s->list, names[a]) != (s->owner[a] == 0))
            return "a key is known exactly while a phone owns the invitation";
        open += one != NULL;
        due = one && until < due ? until : due;
        if (!s->late && one && s->age[a] >= AGE_MAX)
            return "an invitation does not expire";
    }
    if (enrol_deadline(&s->list) != due)
        return "the deadline is not the first expiry";
    for (size_t i = 0; i < ENROL_OPEN_MAX; i++)
        open -= !sodium_is_zero((const uint8_t *)&s->list.open[i], sizeof s->list.open[i]);
    return open == 0 ? NULL : "something of a closed invitation is kept";
}

static const char *step(void *state, size_t event, const void *context)
{
    struct enrol_node *s = state;
    int a = (int)(event / EV_EACH), what = (int)(event % EV_EACH);
    const char *broken = NULL;
    (void)context;
    if (event >= EV_UNIT)
        broken = event == EV_RESTART ? restart(s) : time_passes(s, event == EV_UNIT_BUSY);
    else if (what == EV_INVITE)
        broken = invite(s, a);
    else if (what == EV_WITHDRAW && s->standing[a] != STANDING_OPEN)
        broken = EXPLORE_SKIP;
    else if (what == EV_WITHDRAW)
        invitation_ends(s, a);
    else if (what >= EV_CERTIFY)
        broken = certificate_comes(s, a, what - EV_CERTIFY + 1);
    else
        broken = letter_comes(s, a, what);
    return broken ? broken : check_state(s);
}

static void every_order_of_letters_and_time(void **unused)
{
    (void)unused;
    const struct explore_model m = {.size = sizeof(struct enrol_node),
                                    .events = EV_COUNT,
                                    .step = step,
                                    .event_name = event_name};
    struct enrol_node first;
    memset(&first, 0, sizeof first);
    struct explore_result found = explore(&m, &first, SIZE_MAX);
    print_message("enrol: %zu states, %zu transitions, all within %zu events\n", found.states,
                  found.transitions, found.depth);
    if (found.broken)
        fail_msg("%s", found.broken);
    assert_true(found.states > 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_order_of_letters_and_time)};
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, make_world, NULL);
}
