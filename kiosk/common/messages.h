#ifndef PORCHLIGHT_COMMON_MESSAGES_H
#define PORCHLIGHT_COMMON_MESSAGES_H

#include <stddef.h>
#include <stdint.h>

/* What Porchlight's programs send to each other on this machine. All sockets are AF_UNIX,
 * SOCK_SEQPACKET: one packet is one message, never split, never joined. A packet of another size
 * than its message's is refused and the connection closed. Paths, owners and modes: paths.h. */

/* --- control.sock: porchlight and Home Assistant's bridge to porchlightd --------------------
 * Request: one packet of ASCII words separated by one space, no terminator, 1 to
 * CONTROL_REQUEST_MAX bytes:
 *     status | drill | drill wipe | code | lockdown | caution | final
 * (what the switch could do: `code` is the venue's code of presses; and `final`, which ends an
 * alert of a plain venue and is refused in a sealed one). Reply: one packet, a JSON object of at
 * most CONTROL_REPLY_MAX bytes:
 *     {"ok":true, ...}   or   {"ok":false,"error":"a sentence that says how to fix it"}      */
enum { CONTROL_REQUEST_MAX = 512, CONTROL_REPLY_MAX = 16384 };

/* --- admin.sock: porchlight, as root, to porchlightd ----------------------------------------
 * Who belongs to the venue. Framed like control.sock. ACCOUNT is 16 hex digits.
 *     invite member|staff [screen]   {"account","link","seconds"}; screen: shown there for a minute
 *     joining ACCOUNT                {"stage","public","brokers"}: "open", "claimed" (a staff phone
 *                                    waits for the root's signature of "public"), "welcomed",
 *                                    "joined" (set at some brokers), "in" (at every one), "gone"
 *     certify ACCOUNT SIGNATURE      the root's, 128 hex digits
 *     withdraw ACCOUNT               an invitation
 *     revoke ACCOUNT [GRANT]         a phone, or an invitation; a staff phone's or relay's account
 *                                    at the brokers is shut out only with the root's grant, 128 hex
 *                                    digits (kiosk/core/registration.h)
 *     rotate KEY                     64 hex digits: a new venue key is sealed to each phone; then
 *     rotating                       {"left"}: phones without it, over all brokers that are up
 *     rotated KEY                    from now on all is sealed under it
 *     relay ACCOUNT PASSWORD KEY GRANT   its account is made; KEY: 64 hex digits, its public half
 *     troubles [CODE...]             what porchlight doctor has measured: kiosk/core/trouble.h
 *     phones [list]                  {"members","staff","invited","drill","accounts"}
 *     idle                           ok: the site shows no alert or drill, no wipe is open, and
 *                                    nobody presses a switch
 * "brokers" is always [{"name","connected","left","fault"}]: requests not done there, and why. */

/* --- screen.sock: porchlightd to porchlight-screen ------------------------------------------
 * The screen connects and sends nothing. porchlightd sends the cue on connect and on each change.
 * The screen keeps its last cue and connects again when the socket goes. Nothing here is secret,
 * and duress is the code, to the byte. Host byte order: one machine.                          */
#define SCREEN_MAGIC 0x50524348u /* "PRCH" */
enum screen_packet_kind { SCREEN_CUE = 1, SCREEN_QR = 2 };

struct screen_cue {
    uint32_t magic;
    uint32_t kind;  /* SCREEN_CUE */
    uint32_t signs; /* enum cue_sign of core/cue.h, or-ed; unknown bits are ignored */
    uint32_t seen;
    uint32_t safe;
    uint32_t members; /* accounts that could answer; 0: not known */
};

enum { SCREEN_QR_TEXT_MAX = 1536 };
struct screen_qr {
    uint32_t magic;
    uint32_t kind;                 /* SCREEN_QR */
    uint32_t seconds;              /* how long it is shown, 1 to 60; 0 takes it away */
    uint32_t length;               /* bytes of text that count */
    char text[SCREEN_QR_TEXT_MAX]; /* then zeros */
};

/* --- wipe.sock: porchlightd and porchlight to porchlight-wipe --------------------------------
 * Request: one packet, one word: WIPE, DRILL, STATUS, REPORT, FINISH or
 * CHECK. The peer (SO_PEERCRED) is
 * root, the user porchlight, or, below a moved prefix, the user that started porchlight-wipe; the
 * mode of the socket says the same. Reply: struct wipe_progress packets, one for each target as it
 * is done, then one with kind WIPE_END. STATUS answers with the last run's, from its record; its
 * WIPE_END has outcome WIPE_NOTHING while that run is not finished.
 * REPORT is answered as STATUS is, and after each target comes one packet of text, a sentence of at
 * most WIPE_TEXT_MAX bytes: what was proved, or why it is not so.
 *
 * A wipe has two parts. WIPE does all but the plan's credentials: each of those is answered with
 * outcome WIPE_NOTHING, in its place at the end. Once the alert is handed over or has expired,
 * porchlightd asks to FINISH: credentials are destroyed too, and what had failed is tried again.
 * FINISH without a WIPE before it is refused; it can never begin a wipe. Where nothing is left to
 * do, as with a plan without credentials, it is answered as STATUS is. Both are safe to repeat, and
 * both are resumed at boot if a power cut ends them. The peer may close the connection at any time:
 * nothing stops. A WIPE that comes during a drill ends the drill at the next target. CHECK reads
 * the plan and touches nothing: WIPE_END if a wipe could be asked for, or WIPE_REFUSED.
 */
#define WIPE_MAGIC 0x50525750u /* "PRWP" */
enum { WIPE_WORD_MAX = 8, WIPE_NAME_MAX = 64, WIPE_TEXT_MAX = 512 };
enum wipe_kind { WIPE_TARGET = 1, WIPE_END = 2, WIPE_REFUSED = 3 };
enum wipe_outcome {
    WIPE_NOTHING = 0,  /* not begun; a credential: waits for FINISH */
    WIPE_DESTROYED,    /* proved: it no longer opens */
    WIPE_ALREADY_GONE, /* missing = done */
    WIPE_UNVERIFIED,   /* done as far as the machine says, not proved */
    WIPE_FAILED,       /* still there */
};
#define WIPE_NEVER_RUN "no wipe has been run here" /* STATUS is refused with this word */
struct wipe_progress {
    uint32_t magic;
    uint32_t kind;
    uint32_t outcome; /* a target's own; in WIPE_END the worst of all */
    uint32_t drill;   /* 1: decoys */
    uint32_t index;   /* which target, from 0; in WIPE_END how many */
    uint32_t reserved;
    int64_t took_ns;          /* since the request */
    char name[WIPE_NAME_MAX]; /* the plan's section name; in WIPE_REFUSED the reason */
};

/* --- book.sock: other programs to porchlight book ---------------------------------------------
 * Request: one packet: a book's name (letters, digits, - and _, at most 31), a newline, the entry's
 * bytes, at most 8192.
 * Reply: one packet: "ok" once the sealed entry is durable, or a sentence; then it closes the
 * connection.   */
enum { BOOK_PACKET_MAX = 32 + 8192, BOOK_ANSWER_MAX = 128 };

_Static_assert(sizeof(struct screen_cue) == 24, "screen_cue is a wire format");
_Static_assert(sizeof(struct screen_qr) == 16 + SCREEN_QR_TEXT_MAX, "screen_qr is a wire format");
_Static_assert(sizeof(struct wipe_progress) == 96, "wipe_progress is a wire format");

/* The word for logs and reports: "destroyed", "already gone", "unverified", "failed". */
const char *wipe_outcome_name(uint32_t outcome);

#endif
