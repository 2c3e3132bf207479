#!/usr/bin/python3
"""Breaks each invariant once, in the code under test, and counts the nights until it is caught.

    python3 -m tests.nights.mutants [NAME...]

Works on a copy of the sources below build/mutants. README.md has the figures.
"""

import os
import shutil
import subprocess
import sys

from tests.kit.place import ROOT

COPY = ROOT / "build/mutants"
NIGHTS = 2000
SEED = 1
# Known to fail now and then as they are, whatever happens: the list would hide them.
ANY = ("handed-over-to-somebody", "wipe-order")

# invariant, and of a second one what it needs: (file, what is there, what is put in its place)
MUTANTS = {
    "a-press-is-felt": ("kiosk/core/gesture.c", "HELD_NOT && lasted >= r->hold) {",
                        "HELD_NOT && g->presses > 0 && lasted >= r->hold) {"),
    "a-program-sleeps": ("kiosk/core/gesture.c", "lasted >= r->hold)", "lasted >= 9 * r->hold)"),
    "no-press-is-lost": ("kiosk/alertd/kiosk_record.c", "        uint64_t before = r->epoch;\n",
                         "        uint64_t before = r->epoch;\n        r->standing.id.bytes[0] ^= 1;\n"),
    "one-press-is-one-alert": ("kiosk/alertd/alert_message.c", ".id = e->id,",
                               ".id = {{(uint8_t)(e->id.bytes[0] + e->resumed)}},"),
    "in-time": ("kiosk/alertd/delivery.c", "#define SLOT (2 * NS_PER_S)",
                "#define SLOT (14 * NS_PER_S)"),
    "quiet-in-lockdown": ("kiosk/alertd/delivery_retained.c", "    struct message m = d->state;\n",
                          "    struct message m = d->state;\n    m.state = ALERT_QUIET;\n"),
    "silence-is-noticed": ("kiosk/core/view.h", "#define VIEW_LOST_AFTER      (15 *",
                           "#define VIEW_LOST_AFTER      (24 *"),
    "cut-is-noticed": ("kiosk/core/view.h", "#define VIEW_LOST_AFTER      (15 *",
                       "#define VIEW_LOST_AFTER      (24 *"),
    "nobody-ends-a-lockdown": ("kiosk/core/alert.c", "    if (a->now.state == ALERT_LOCKDOWN)\n"
                               "        return;\n", "    if (a->now.state == ALERT_LOCKDOWN && "
                               "a->now.calm)\n        return;\n"),
    "a-phone-keeps-a-lockdown": ("kiosk/core/view.c", " && !covers(w, &v->alert)) {",
                                 " && w->retained && !covers(w, &v->alert)) {"),
    "handed-over-to-somebody": ("kiosk/alertd/events.c", "    if (!outside)\n",
                                "    if (!outside && !news && e->order == 0)\n"),
    "handed-over-is-recorded": ("kiosk/alertd/kiosk.c", "s->left && result != RECORDER_PENDING;",
                                "s->left && (result != RECORDER_PENDING || now > 0);"),
    "wipe-after-its-intent": ("kiosk/core/alert.c", "        a->now.wipe_pending = true;\n"
                              "        alert_add(t, a, ALERT_DO_RECORD);\n",
                              "        a->now.wipe_pending = true;\n"),
    "wipe-order": ("kiosk/alertd/kiosk.c", "    if (!s->wiped || !(s->facts.handed_over ||",
                   "    if (!s->wiped || !(true || s->facts.handed_over ||"),
    "locked-phones-are-rung": ("kiosk/relay/ring_policy.c", "    if (ended || begun)",
                               "    if (ended || (begun && m->seq == 0))"),
    "everything-heals": ("kiosk/mqtt/thread.c", "        pause_for(t, backoff);",
                         "        pause_for(t, backoff > 4000000000 ? 3600000000000 : backoff);"),
    "memory-is-bounded": ("kiosk/mqtt/thread.c", "i->event.len);\n    free(i);",
                          "i->event.len);"),
    "logs-are-bounded": ("kiosk/alertd/delivery.c", "    if (p->up)\n"
                         "        broker_path_publish(p, d->sealer, TOPIC_BEAT,", "    log_info(\"a beat\");\n"
                         "    if (p->up)\n        broker_path_publish(p, d->sealer, TOPIC_BEAT,"),
    "connects-are-bounded": ("kiosk/mqtt/thread.c", "        pause_for(t, backoff);",
                             "        pause_for(t, 1000000);"),
    "root-ends-it": ("kiosk/alertd/events.c", "!now->pressed) || !events_root_ends(k))\n",
                     "!now->pressed) || events_root_ends(k))\n"),
    "answers-are-counted": ("kiosk/alertd/actions.c", "counted = alert_id_equal(&s->acks.id, &now->id);",
                            "counted = true;"),
    "help-rings-staff": ("kiosk/alertd/phone_messages.c", "s->acks.asks > asks &&", "s->acks.asks > asks + 1 &&"),
    "rings-again": ("kiosk/relay/ring_policy.c", "    k->again_pause = w->again;", "    k->again_pause = 3 * w->again;"),
    "a-button-is-felt": ("kiosk/core/button.c", "    b->shift += r->hold;", "    b->shift += r->hold / 2;"),
    "a-button-only-alarms": ("kiosk/core/button.c", "caution ? GESTURE_CAUTION : g[i];", "g[i];"),
    "nobody-pressed": ("kiosk/core/button.c", "    if (report->kept || report->online >= 0)",
                       "    if (report->online >= 0)"),
    "newcomers-join": ("kiosk/alertd/members/enrolment.c", "    if (roster_put(m->registry.phones, &p) != 0 ||",
                       "    if (roster_put(m->registry.phones, &p) == 0 ||"),
    "nobody-joins-by-an-old-invitation": ("kiosk/alertd/members/members.c", "    if (enrolment_in_alert(m))\n",
                                          "    if (enrolment_in_alert(m) && now < 0)\n"),
    # For this one a kiosk has to be refused letters, and invite on the same connection later.
    "newcomers-join behind a broker that refused to be read": (
        "kiosk/mqtt/manners.c", "    return refusals > 0 && lasted >= refusals * MANNERS_CHANCE;",
        "    return refusals > 0 && lasted < 0;"),
    "staff-join": ("kiosk/alertd/members/admin_requests.c", 'one->confirmed ? "claimed" : "confirming";',
                   'one->copied ? "claimed" : "confirming";'),
    "nobody-is-staff-without-its-digits": ("kiosk/core/enrol.c",
                                           "strlen(digits) == INVITATION_DIGITS && sodium_memcmp(",
                                           "strlen(digits) == INVITATION_DIGITS || sodium_memcmp("),
    "new-keys-reach-phones": ("kiosk/alertd/members/key_rotation.c",
                              "(one->standing != PHONE_IN || one->relay)",
                              "(one->standing != PHONE_IN || one->relay || one->staff)"),
    "no-false-delay": ("kiosk/alertd/sealer.c", "m->synced = clock_is_synced();",
                       "m->synced = true;"),
    "root-shuts-out": ("kiosk/alertd/root_orders.c", "    if (all->revoked_count > revoked)\n",
                       "    if (all->revoked_count > revoked && said.ended)\n"),
    "revoked-staff-end-nothing": ("kiosk/alertd/events.c", "    members_root_changed(k->members);",
                                  "    if (s->retired)\n        members_root_changed(k->members);"),
    "revoked-phones-read-nothing": ("kiosk/alertd/members/admin_requests.c",
                                    "m->needs.change_key(m->needs.context, key) == 0;", "true;"),
    "lines-reach-phones": ("kiosk/alertd/delivery_words.c", "taken ? p->words_next + 1 :",
                           "taken ? p->words_next + 2 :"),
    # Those who hold keys beside a broker's operator.
    "one-press-is-one-alert with a member's phone": (
        "kiosk/core/envelope.c", "(inner, b.bytes, b.len, kiosk_public) != 0)",
        "(inner, b.bytes, b.len, kiosk_public) != 0 && wire_len == 0)"),
    "only-kiosks-ring": ("kiosk/core/envelope.c", "(wire + AT_CLEAR, b.bytes, b.len, kiosk_public) != 0)",
                         "(wire + AT_CLEAR, b.bytes, b.len, kiosk_public) != 0 && wire_len == 0)"),
    "answers-are-counted with a member's phone": (
        "kiosk/alertd/phone_messages.c", "    return envelope_letter_signed(&at, key, o->signature, o->text, o->len) "
        "== ENVELOPE_OK\n", "    return envelope_letter_signed(&at, key, o->signature, o->text, o->len) "
        "!= ENVELOPE_TOO_LONG\n"),
    "nobody-retires-a-kiosk": ("kiosk/core/root_word.c", "sizeof covered, root_public) != 0)",
                               "sizeof covered, root_public) != 0 && len == 0)"),
    "retired-for-good": ("kiosk/core/view.c", "    v->retired = root_word_retires(all, public);",
                         "    v->retired = root_word_retires(all, public) && all->ended;"),
    "a-phone-keeps-a-lockdown by the stolen kiosk and a revoked staff phone": (
        "kiosk/core/view.c", "    one.proved = w->proved && !root_word_revokes(&v->root, w->proved_account);",
        "    one.proved = w->proved && !(v->retired && root_word_revokes(&v->root, w->proved_account));"),
    "a-command-counts-once": ("kiosk/alertd/phone_messages.c",
                              "    randombytes_buf(s->nonce, sizeof s->nonce);\n    s->publish_state = true;",
                              "    s->publish_state = true;"),
    "replays-call-once": ("kiosk/core/view.c", "    if (m->seq < *mark)\n",
                          "    if (m->seq < *mark && m->kind != MSG_LOCKDOWN)\n"),
    "replays-ring-once": ("kiosk/relay/ring_policy.c",
                          "now - k->late_at < RING_POLICY_LATE_EVERY) ||\n        !first_for(k->rung_for, &m->id))",
                          "now < k->late_at))"),
    "no-fresh-lockdown-is-refused": ("kiosk/core/view.c", "    if (!alarms(m) || !more || is_ended(v, m) ||",
                                     "    if (!alarms(m) || !more || m->epoch < v->epoch || is_ended(v, m) ||"),
    "code-is-duress-site-in-lockdown": ("kiosk/core/alert.c",
                                        "    a->now.calm = a->now.unconfirmed = active;",
                                        "    a->now.calm = active && door == ALERT_DOOR_CODE;\n"
                                        "    a->now.unconfirmed = active;"),
    "code-is-duress-network-in-quiet": ("kiosk/core/alert.c", "    if (!r->plain)\n"
                                        "        alert_add(t, a, ALERT_DO_DOOR);",
                                        "    if (!r->plain && door == ALERT_DOOR_DURESS)\n"
                                        "        alert_add(t, a, ALERT_DO_DOOR);"),
    "code-is-duress-writes-in-lockdown": ("kiosk/core/alert.c",
                                          "    alert_add(t, a, ALERT_DO_RECORD);\n    if (active)\n",
                                          "    if (door == ALERT_DOOR_DURESS)\n"
                                          "        alert_add(t, a, ALERT_DO_RECORD);\n"
                                          "    if (active)\n"),
    "code-is-duress-card-in-quiet": ("kiosk/core/alert.c", "        a->now.pressed = true;\n"
                                     "        a->door = a->door > door",
                                     "        a->now.pressed = true;\n"
                                     "        a->now.unclear = door == ALERT_DOOR_DURESS;\n"
                                     "        a->door = a->door > door"),
}


def build():
    ours = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
    done = subprocess.run(["make", "-s", "nights-build"], cwd=COPY, env=ours, text=True,
                          capture_output=True)
    return done.stderr if done.returncode != 0 else ""


def copy():
    for folder in ("kiosk", "hw", "config", "tests"):
        shutil.copytree(ROOT / folder, COPY / folder, dirs_exist_ok=True,
                        ignore=shutil.ignore_patterns("node_modules", "__pycache__"))
    shutil.copy(ROOT / "Makefile", COPY / "Makefile")


def caught_after(invariant):
    """How many nights; None: not at all."""
    known = [] if invariant in ANY else ["--known", "tests/nights/known"]
    done = subprocess.run([COPY / "build/nights/nights", "--seed", str(SEED), "--count",
                           str(NIGHTS), "--until", invariant.split()[0], *known], cwd=COPY, text=True,
                          capture_output=True)
    for line in done.stdout.splitlines():
        if line.startswith("caught after "):
            return int(line.split()[2])
    return None


def try_one(invariant):
    name, there, instead = MUTANTS[invariant]
    path = COPY / name
    text = path.read_text()
    if text.count(there) != 1:
        return f"{name}: what is to be broken is there {text.count(there)} times"
    path.write_text(text.replace(there, instead))
    try:
        trouble = build()
        if trouble:
            return trouble
        nights = caught_after(invariant)
        return f"caught after {nights} nights" if nights else f"not caught in {NIGHTS} nights"
    finally:
        path.write_text(text)


def main():
    COPY.mkdir(parents=True, exist_ok=True)
    copy()
    bad = 0
    for invariant in sys.argv[1:] or MUTANTS:
        said = try_one(invariant)
        bad += not said.startswith("caught")
        print(f"{invariant}: {said}", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
