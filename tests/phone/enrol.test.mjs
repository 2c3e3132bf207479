import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { enrol, readReply, writeRequest } from '../../kiosk/phone/core/enrol.js';
import { openWelcome, Refused } from '../../kiosk/phone/core/envelope.js';
import { readInvitation } from '../../kiosk/phone/core/invitation.js';
import { sodium } from './sodium.mjs';
import { twisted } from './twisted.mjs';

const vectors = JSON.parse(readFileSync(new URL('../vectors/enrol.json', import.meta.url)));
const seed = (name) => sodium.crypto_sign_seed_keypair(
    new Uint8Array(32).fill(parseInt(vectors.seeds[name], 16)));
const bytes = (base64) => new Uint8Array(Buffer.from(base64, 'base64'));
const hex = (data) => Buffer.from(data).toString('hex');
const { link } = vectors.invitation;
const invitation = readInvitation(link);
const place = { venue: invitation.venue, kiosk: invitation.kiosk, topic: vectors.topic };
const phone = { keys: { public: hex(seed('phone').publicKey), secret: hex(seed('phone').privateKey) },
    password: vectors.letter.password };

function opened(wire) {
    const { publicKey, privateKey } = seed('phone');
    return openWelcome(sodium, place, publicKey, privateKey, seed('kiosk').publicKey, bytes(wire));
}

test("the kiosk's link is read", () => {
    const { link: _, ...fields } = vectors.invitation;
    assert.deepEqual(invitation, { ...fields, kioskPublic: hex(seed('kiosk').publicKey),
        rootPublic: hex(seed('root').publicKey),
        pins: fields.pins.map((pin) => pin === '' ? null : pin) });
});

test('the letter is proved by the secret', () => {
    assert.equal(writeRequest(sodium, invitation, phone), vectors.letter.text);
});

test("the kiosk's welcome opens into a membership", () => {
    const { membership } = readReply(sodium, opened(vectors.welcome.wire), invitation, phone);
    assert.equal(membership.venueKey, vectors.welcome.venue_key);
    assert.equal(membership.certificate, vectors.welcome.certificate);
    assert.equal(membership.password, phone.password);
});

test('the six digits are those that the kiosk expects', () => {
    assert.deepEqual(readReply(sodium, opened(vectors.confirm.wire), invitation, phone),
        { kind: 'confirm', digits: vectors.confirm.digits });
});

for (const { reason, wire } of vectors.refusals) {
    test(`a refusal has a reason: ${reason}`, () => {
        const reply = readReply(sodium, opened(wire), invitation, phone);
        assert.equal(reply.kind, 'refused');
        const words = JSON.parse(readFileSync(
            new URL('../../kiosk/phone/words/en.json', import.meta.url)));
        assert.ok(words[reply.key]);
    });
}

const welcome = JSON.parse(vectors.welcome.text);
for (const { why, change } of vectors.wrong) {
    test(`a welcome with ${why} is refused`, () => assert.throws(() => readReply(sodium,
        JSON.stringify({ ...welcome, ...change }), invitation, phone), Refused));
}

for (const row of vectors.refused) {
    test(`a letter to a phone is refused: ${row.why}`, () => {
        const { publicKey, privateKey } = seed('phone');
        assert.throws(() => openWelcome(sodium, { ...place, ...row.at }, publicKey, privateKey,
            seed('kiosk').publicKey, twisted(bytes(vectors.welcome.wire), row)), Refused);
    });
}

for (const [name, change] of Object.entries({ secret: '78'.repeat(32), kioskPublic: '11'.repeat(32),
    rootPublic: '11'.repeat(32) })) {
    test(`a welcome is refused where the invitation has another ${name}`, () =>
        assert.throws(() => readReply(sodium, vectors.welcome.text,
            { ...invitation, [name]: change }, phone), { reason: 'forged' }));
}

test("the kiosk's new key opens", () => {
    assert.equal(opened(vectors.rotate.wire), vectors.rotate.text);
});

for (const reason of ['constructor', '__proto__', 'toString', 'new', 7, null]) {
    test(`a refusal for a reason that this page does not know has words: ${reason}`, () => {
        const text = JSON.stringify({ v: 2, kind: 'refused', account: invitation.account, reason });
        assert.deepEqual(readReply(sodium, text, invitation, phone), { kind: 'refused', key: 'joinRefused' });
    });
}

const half = Math.floor(link.length / 2);
for (const [name, text] of Object.entries({
    'wrapped over two lines': `${link.slice(0, half)}\n  ${link.slice(half)}\n`,
    'in the middle of a mail': `Join us:\n${link}\n\nSent from my phone #1`,
    'a bare fragment before other words': `${link.split('#i=')[1]} thank you` })) {
    test(`an invitation is read: ${name}`, () => assert.deepEqual(readInvitation(text), invitation));
}

test('a spare account keeps its password', () => {
    const spare = readInvitation(vectors.spare.link);
    assert.deepEqual(spare, { ...invitation, spare: true });
    const letter = JSON.parse(writeRequest(sodium, spare, phone));
    assert.equal(letter.password, invitation.password);
    assert.equal(letter.mac, vectors.spare.mac);
});

// --- what is no invitation, and which is not taken ------------------------------------------------

const raw = Buffer.from(link.split('#i=')[1], 'base64url');

for (const { why, link: none } of vectors.none) {
    test(`no invitation: ${why}`, () => assert.equal(readInvitation(none), null));
}

for (const text of ['', 'hello', '#', '#i=', 'bnVsbA']) {
    test(`no invitation: "${text}"`, () => assert.equal(readInvitation(text), null));
}

const refused = (made, known = []) => enrol({ sodium, invitation: made, phone, known,
    now: 1000 * (vectors.invitation.expires - 1) });

test('an invitation of another version is named as one', async () => {
    const other = Buffer.concat([Buffer.from([4]), raw.subarray(1)]).toString('base64url');
    await assert.rejects(refused(readInvitation(other)), { message: 'joinVersion' });
});

test('a kiosk that is known has no other root key', async () => {
    const known = [{ kiosk: invitation.kiosk, rootPublic: '11'.repeat(32) }];
    await assert.rejects(refused(invitation, known), { message: 'joinOther' });
});

test('an invitation that has expired is not tried', async () => {
    await assert.rejects(enrol({ sodium, invitation, phone, known: [],
        now: 1000 * vectors.invitation.expires + 1 }), { message: 'joinExpired' });
});
