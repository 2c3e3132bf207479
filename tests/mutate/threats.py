"""Judges the tests that the handbook's threat model names: breaks what each row promises once, in the code
under test, and runs the row's test, which has to fail.

    /usr/bin/python3 -m tests.mutate.threats [WORD...]     only rows' tests with one of these words

Works on a copy below build/threats, with build/release and build/page of this tree.
"""

import os
import shutil
import subprocess
import sys

from tests.kit.place import ROOT

COPY = ROOT / "build/threats"

# The test as the page names it, the file, what is there, what is put in its place.
BREAKS = [
    ("test_command.py::test_status_on_site_reads_the_same_after_code_and_duress", "kiosk/core/alert.c",
     "    a->now.calm = a->now.unconfirmed = active;",
     "    a->now.calm = active && door == ALERT_DOOR_CODE;\n    a->now.unconfirmed = active;"),
    ("test_duress.py::test_code_and_duress_leave_the_same_traces", "kiosk/core/alert.c",
     "    if (!r->plain)\n        alert_add(t, a, ALERT_DO_DOOR);",
     "    if (!r->plain && door == ALERT_DOOR_DURESS)\n        alert_add(t, a, ALERT_DO_DOOR);"),
    ("test_cover.py::test_the_wire_looks_the_same_with_and_without_an_alert", "kiosk/alertd/delivery.c",
     "    while (!d->cover && push_one(d, i))", "    while (push_one(d, i))"),
    ("test_rang.py::test_with_cover_the_kiosk_vouches_in_every_state", "kiosk/alertd/phone_messages.c",
     "    if (p->cover || p->state->alert", "    if (p->state->alert"),
    ("test_plain.py::test_nobody_on_site_ends_the_alert_of_a_sealed_venue", "kiosk/alertd/events.c",
     "    if (!s->rules.plain)\n        return control_refuse(\n            \"nothing was ended: in a sealed",
     "    if (!s->rules.plain && s->alert.now.state == ALERT_QUIET)\n        return control_refuse(\n"
     "            \"nothing was ended: in a sealed"),
    ("tests/phone/test_relay.py::test_a_silent_kiosk_rings", "kiosk/relay/ring_policy.c",
     "    return w->linked && !k->retired && now - since >= RING_POLICY_LOST_AFTER;",
     "    return w->linked && !k->retired && now - since >= 100 * RING_POLICY_LOST_AFTER;"),
    ("test_attacks.py::test_none_ends_a_lockdown_at_the_member", "kiosk/core/view.c",
     " && !covers(w, &v->alert)) {", " && w->retained && !covers(w, &v->alert)) {"),
    ("test_duress.py::test_only_staff_phones_can_tell", "kiosk/core/staff_box.c",
     "crypto_aead_chacha20poly1305_ietf_encrypt(slot, NULL, c->content, KEY, bound, BOUND, NULL,",
     "crypto_aead_chacha20poly1305_ietf_encrypt(slot, NULL, ephemeral, KEY, bound, BOUND, NULL,"),
    ("test_registrar.py::test_a_kiosk_suspends_at_most_five_a_day", "kiosk/core/registration.c",
     "now.suspended_day >= REGISTRATION_SUSPENSIONS) {", "now.suspended_day >= 9 * REGISTRATION_SUSPENSIONS) {"),
    ("test_registrar.py::test_a_disowned_kiosk_is_shut_out_and_what_it_suspended_is_restored",
     "kiosk/registrar/registrar_orders.c", "    r->seized->entry.slot.disowned = true;",
     "    r->seized->entry.slot.disowned = false;"),
    ("tests/vectors/test_third.py::test_view", "tests/vectors/third/view.py",
     'return "disowned"', 'return "accepted"'),
    ("test_backup.py::test_a_backup_holds_no_key_that_can_be_read", "kiosk/cli/backup/backup_file.c",
     "            result = file_replace(path, out, size, 0600);",
     "            result = file_replace(path, b->bytes, b->len, 0600);"),
    ("test_enrol_attacks.py::test_who_runs_the_broker_cannot_answer_an_invitation", "kiosk/core/enrol.c",
     "    if (!has_secret(l, o, e))", "    if (!has_secret(l, o, e) && a->now < 0)"),
    ("test_listen.py::test_what_is_not_the_kiosks_is_refused_and_named", "kiosk/core/envelope.c",
     "        if (crypto_sign_verify_detached(inner, b.bytes, b.len, kiosk_public) != 0)",
     "        if (crypto_sign_verify_detached(inner, b.bytes, b.len, kiosk_public) > 0)"),
    ("test_command.py::test_a_recorded_lockdown_begins_no_second_one", "kiosk/core/command.c",
     "    if (memcmp(m.nonce, d->nonce, sizeof m.nonce) != 0)",
     "    if (memcmp(m.nonce, d->nonce, sizeof m.nonce) != 0 && retained)"),
    ("tests/unit/core/test_freshness.c::test_cases", "kiosk/core/freshness.c",
     "    return due != NS_NEVER && now >= due;", "    return due != NS_NEVER && now >= due + NS_PER_S;"),
    ("tests/unit/relay/test_ring_policy.c::test_each_night_rings_as_it_should", "kiosk/relay/ring_policy.c",
     "        return age < FRESHNESS_LATE;", "        return age < 4 * FRESHNESS_LATE;"),
    ("test_relay_late.py::test_rings_that_were_recorded_ring_once_an_hour_at_most_however_often_a_relay_starts",
     "kiosk/relay/ring_policy.c", "    w->kiosks[i].top = top;", "    w->kiosks[i].top.seq = 0 * top.seq;"),
    ("test_listen.py::test_a_replay_changes_nothing", "kiosk/core/view.c",
     "? VIEW_REPEATED : VIEW_OLD;", "? VIEW_REPEATED : VIEW_ACCEPTED;"),
    ("tests/phone/test_awake.py::test_nobody_else_can_say_that_a_phone_is_awake", "kiosk/relay/subs.c",
     "        if (sodium_memcmp(one->auth, auth, sizeof one->auth) == 0)",
     "        if (one->auth[0] == one->auth[0] + 0 * auth[0])"),
    ("tests/phone/test_awake.py::test_a_stranger_who_subscribes_first_in_a_phones_name_counts_as_nobody",
     "kiosk/relay/subs.c", "c.rang += one->own && one->rang_on >", "c.rang += one->rang_on >"),
    ("tests/unit/relay/test_subs.c::test_only_the_phone_that_got_the_test_can_report_it", "kiosk/relay/subs.c",
     "            if (sodium_memcmp(made, wire, sizeof made) != 0)",
     "            if (sodium_memcmp(made, wire, 2) != 0)"),
    ("test_answers.py::test_members_read_nothing_of_others", "kiosk/alertd/delivery_notices.c",
     "    else if (d->sealer->plain)\n        broker_path_publish(p, d->sealer, TOPIC_NOTICE, &m, 0);",
     "    else if (d->sealer->plain || m.kind == MSG_COUNTS)\n"
     "        broker_path_publish(p, d->sealer, TOPIC_ALERT, &m, 0);"),
    ("test_network.py::test_an_alert_that_is_not_acknowledged_is_sent_again", "kiosk/alertd/broker_path.c",
     "unacked_since != NS_NEVER && now - unacked_since > UNACKED)",
     "unacked_since != NS_NEVER && now - unacked_since > 1000 * UNACKED)"),
    ("test_operator.py::test_with_a_members_phone_it_forges_and_answers_nothing", "kiosk/alertd/phone_messages.c",
     "    return envelope_letter_signed(&at, key, o->signature, o->text, o->len) == ENVELOPE_OK\n",
     "    return envelope_letter_signed(&at, key, o->signature, o->text, o->len) == ENVELOPE_OK || o->len > 0\n"),
    ("test_command.py::test_an_answer_for_another_account_is_refused", "kiosk/alertd/phone_messages.c",
     "    else if (strcmp(m->account, account) != 0)",
     "    else if (strcmp(m->account, account) != 0 && !account)"),
    ("test_revoke.py::test_rotate_reaches_the_phones_that_remain", "kiosk/alertd/members/key_rotation.c",
     "(one->standing != PHONE_IN || one->relay)", "(one->standing != PHONE_IN || !one->staff)"),
    ("test_operator.py::test_with_the_seized_kiosk_it_ends_no_lockdown", "kiosk/core/view.c",
     " && !covers(w, &v->alert)) {", " && w->retained && !covers(w, &v->alert)) {"),
    ("test_command.py::test_a_certificate_that_the_root_did_not_sign_makes_no_staff_phone", "kiosk/core/command.c",
     "    return cert_staff_check(&said, root_public, s->cert + ENVELOPE_PUBLIC);",
     "    return cert_staff_check(&said, root_public, s->cert + ENVELOPE_PUBLIC) ||\n"
     "           s->account[0] != s->account[1];"),
    ("tests/phone/enrol.test.mjs::a kiosk that is known has no other root key", "kiosk/phone/core/enrol.js",
     "m.rootPublic !== invitation.rootPublic)", "m.rootPublic === '')"),
    ("test_revoke.py::test_a_revoked_staff_phone_commands_no_more", "kiosk/alertd/members/revocation.c",
     "    if (!why && staff)", "    if (!why && staff && !p)"),
    ("test_revoke.py::test_a_revoked_phone_is_out_at_once", "kiosk/alertd/members/registry.c",
     "    request_removal(r, gone.account, grant);\n    return NULL;", "    (void)grant;\n    return NULL;"),
    ("tests/vectors/test_third.py::test_root_words_are_joined", "tests/vectors/third/root_word.py",
     "    revoked = one.revoked + tuple(a for a in other.revoked if a not in one.revoked)",
     "    revoked = one.revoked"),
    ("tests/phone/test_webpush.py::test_only_pseudonyms_are_kept", "kiosk/relay/webpush_sender.c",
     "        subs_put(&r->subs, l);", '        log_info("%s", subs_put(&r->subs, l) ? l->account : "");'),
    ("tests/phone/test_relay_made.py::test_the_kiosk_knows_its_relays_by_their_signature",
     "kiosk/alertd/phone_messages.c",
     "        (key && envelope_letter_signed(&at, key, o.signature, o.text, o.len) != ENVELOPE_OK)) {",
     "        (key && envelope_letter_signed(&at, key, o.signature, o.text, o.len) == ENVELOPE_TOO_LONG)) {"),
    ("tests/phone/test_relay_made.py::test_a_revoked_relay_is_out", "kiosk/alertd/members/registry.c",
     "    request_removal(r, gone.account, grant);\n    return NULL;", "    (void)grant;\n    return NULL;"),
    ("test_enrol.py::test_an_invitation_that_two_phones_answer_lets_neither_in", "kiosk/core/enrol.c",
     "    if (o->claimed && !is_claimed_by(o, e))", "    if (o->claimed && o->copied && !is_claimed_by(o, e))"),
    ("test_enrol_staff.py::test_the_third_wrong_digits_end_the_invitation", "kiosk/core/enrol.c",
     "    o->tries--;\n", "    o->tries -= now < 0;\n"),
    ("test_enrol.py::test_an_expired_invitation_is_dead", "kiosk/core/enrol.h",
     "#define ENROL_VALID_FOR (600 *", "#define ENROL_VALID_FOR (6000 *"),
    ("test_rights.py::test_an_account_does_what_is_its_own_and_nothing_else", "kiosk/common/topics.c",
     "    bool all = who == ROLE_KIOSK ||", "    bool all = who == ROLE_MEMBER || who == ROLE_KIOSK ||"),
    ("test_listen.py::test_duress_and_notices_are_for_staff", "kiosk/core/view.c",
     "    v->fresh.groups[FRESHNESS_STAFF].reads = r->staff;", "    if (m->kind == MSG_DURESS) return VIEW_OLD;\n"
     "    v->fresh.groups[FRESHNESS_STAFF].reads = r->staff;"),
    ("test_flood.py::test_a_flood_by_one_account_costs_that_account_alone", "kiosk/mqtt/thread_events.c",
     "        if (budget_take_topic(&t->each, topic, s->each, now) &&\n", "        if (\n"),
    ("test_answers.py::test_staff_are_rung_once_for_each_phone_that_needs_help", "kiosk/core/help_ring.c",
     "    if (!first)\n        return help_ring_time(h, pause, now);\n",
     "    if (!first)\n        return help_ring_time(h, 0 * pause, now);\n"),
    ("tests/phone/test_webpush.py::test_what_is_no_honest_subscription_is_refused", "kiosk/relay/webpush_sender.c",
     "        (!webpush_sender_allows(r->to->services, l->endpoint) ||\n", "        (\n"),
    ("test_idle_connections.py::test_each_listener_takes_fewer_than_the_broker_may_open",
     "systemd/porchlight-broker.service", "LimitNOFILE=16384", "LimitNOFILE=4096"),
    ("test_outsiders.py::test_nobody_without_an_account_does_anything", "config/broker/mosquitto.conf.in",
     "allow_anonymous false", "allow_anonymous true"),
    ("test_registrar.py::test_another_venues_root_key_and_uncertified_keys_are_refused",
     "kiosk/core/registration.c", "    return cert_kiosk_check(&c, root, h->certificate);",
     "    return cert_kiosk_check(&c, root, h->certificate) || root[0] != root[1];"),
    ("test_outsiders.py::test_the_registrar_neither_reads_nor_writes_what_phones_read", "kiosk/common/dynsec.c",
     '        add_topic(acls, t, ROLE_REGISTRAR, "+", "+", "+");',
     '        add_topic(acls, t, ROLE_REGISTRAR | ROLE_STAFF, "+", "+", "+");'),
    ("test_registrar.py::test_a_flood_by_one_kiosk_costs_that_kiosk_alone", "kiosk/mqtt/thread_events.c",
     "        if (budget_take_topic(&t->each, topic, s->each, now) &&",
     "        if (budget_take_topic(&t->each, s->topic, s->each, now) &&"),
    ("test_network.py::test_a_certificate_that_is_not_right_is_refused", "kiosk/mqtt/tls.c",
     "    SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);", "    SSL_CTX_set_verify(tls, SSL_VERIFY_NONE, NULL);"),
    ("tests/unit/core/test_record.c::test_no_torn_or_changed_record_is_believed", "kiosk/core/record.c",
     "    return memcmp(bytes + AT_SUM, expected, sizeof expected) == 0 &&",
     "    return memcmp(bytes + AT_SUM, expected, 1) == 0 &&"),
    ("test_certificates.py::test_no_clock_makes_the_kiosk_mute", "kiosk/mqtt/tls.c",
     "    if (!check_time)\n", "    if (!check_time && !ca)\n"),
    ("test_vault.py::test_cell_and_salt_open_it_together_and_neither_alone", "kiosk/cli/vault/vault_file.c",
     "    crypto_generichash_update(&state, v->salt, sizeof v->salt);\n", ""),
    ("test_operator.py::test_with_a_relays_host_it_reads_nothing", "kiosk/alertd/sealer.c",
     "    return envelope_seal(at, keys->venue, keys->secret,",
     "    return envelope_seal(at, keys->public, keys->secret,"),
    ("tests/long/test_silence.py::test_silence_is_noticed_in_time", "kiosk/cli/phone_client.c",
     "enum { BEATS_MISSED = 3 };", "enum { BEATS_MISSED = 6 };"),
    ("test_six_brokers.py::test_a_look_up_that_is_slow_or_partial_ends_well", "kiosk/mqtt/lookup.c",
     "FIRST_TRY_MS = 2000, TRIES = 5 };", "FIRST_TRY_MS = 200, TRIES = 1 };"),
    ("tests/faults/test_faults.py::test_no_gesture_is_lost_doubled_or_late", "kiosk/alertd/kiosk_record.c",
     "        uint64_t before = r->epoch;\n",
     "        uint64_t before = r->epoch;\n        r->standing.id.bytes[0] ^= 1;\n"),
    ("test_inputs.py::test_a_lost_release_does_not_become_an_endless_press", "kiosk/alertd/inputs.c",
     "        inputs_each_contact(in, inputs_contact_reread);\n", ""),
    ("test_wipe.py::test_resume_after_kill", "kiosk/wipe/main.c",
     "    enum pending pending = pending_look(r);\n\n    run_prepare(r);",
     "    enum pending pending = PENDING_NOTHING;\n\n    run_prepare(r);"),
    ("test_degraded.py::test_the_rest_works", "kiosk/alertd/broker_path.c",
     "        p->fault = MQTT_FAULT_PASSWORD;", "        __builtin_trap();"),
]

# Rows without one, and why.
UNBROKEN = {
    "learn from a member's phone what was pressed at the door": "needs the page built again",
}


def prepare():
    shutil.rmtree(COPY, ignore_errors=True)
    COPY.mkdir(parents=True)
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    for name in listed.decode().split("\0")[:-1]:
        (COPY / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, COPY / name)
    for built in ("release", "page"):
        shutil.copytree(ROOT / "build" / built, COPY / "build" / built, symlinks=True)
    (COPY / "kiosk/phone/node_modules").symlink_to(ROOT / "kiosk/phone/node_modules")


def make(test):
    ours = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
    unit = [f"build/release/{test.split('::')[0][:-2]}"] if ".c::" in test else []
    return subprocess.run(["make", "-s", f"CC={os.environ.get('CC', 'cc')}", "all", *unit], cwd=COPY, env=ours,
                          capture_output=True, text=True)


def play(test):
    file, name = test.split("::")
    if file.endswith(".c"):
        command = [COPY / "build/release" / file[:-2]]
    elif file.endswith(".mjs"):
        command = ["node", "--test", f"--test-name-pattern={name}", file]
    else:
        path = file if "/" in file else f"tests/e2e/{file}"
        command = ["/usr/bin/python3", "-m", "pytest", "-p", "no:cacheprovider", "-q", "-x", f"{path}::{name}"]
    return subprocess.run(command, cwd=COPY, env={**os.environ, "BUILD": "build/release"}, capture_output=True,
                          text=True, timeout=900).returncode


def try_one(test, file, there, instead):
    path = COPY / file
    text = path.read_text(encoding="utf-8")
    if text.count(there) != 1:
        return f"what is to be broken is there {text.count(there)} times"
    path.write_text(text.replace(there, instead), encoding="utf-8")
    try:
        made = make(test)
        if made.returncode != 0:
            return f"not built: {made.stderr[-300:]}"
        code = play(test)
        return "caught" if code == 1 or (code > 0 and ".c::" in test) else f"NOT CAUGHT ({code})"
    finally:
        path.write_text(text, encoding="utf-8")


def main():
    prepare()
    bad = 0
    for row in BREAKS:
        if sys.argv[1:] and not any(word in row[0] for word in sys.argv[1:]):
            continue
        said = try_one(*row)
        bad += said != "caught"
        print(f"{row[0]}: {row[1]}: {said}", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
