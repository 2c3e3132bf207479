import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { readWelcome } from '../../kiosk/phone/core/enrol.js';
import { openWelcome } from '../../kiosk/phone/core/envelope.js';
import { readInvitation, writeInvitation } from '../../kiosk/phone/core/invitation.js';
import { sodium } from './sodium.mjs';

const vectors = JSON.parse(readFileSync(new URL('../vectors/enrol.json', import.meta.url)));
const seed = (name) => sodium.crypto_sign_seed_keypair(
    new Uint8Array(32).fill(parseInt(vectors.seeds[name], 16)));
const bytes = (base64) => new Uint8Array(Buffer.from(base64, 'base64'));
const invitation = readInvitation(vectors.invitation.link);
const place = { venue: invitation.venue, kiosk: invitation.kiosk,
    topic: `porchlight/${invitation.venue}/${invitation.kiosk}/enrol/${invitation.account}` };

function opened(wire) {
    const phone = seed('phone');
    return openWelcome(sodium, place, phone.publicKey, phone.privateKey, seed('kiosk').publicKey,
        bytes(wire));
}

test("the kiosk's link is read", () => {
    assert.deepEqual(invitation.brokers, ['wss://kettle.example.org/mqtt']);
    assert.equal(invitation.account, '07827bce7ac774db');
    assert.equal(invitation.kioskPublic, '11'.repeat(32));
    assert.equal(invitation.rootPublic, '22'.repeat(32));
    assert.equal(invitation.expires, 1795380000);
    assert.equal(invitation.staff, true);
    assert.equal(invitation.push, 'https://push.example.org/q8Zt');
});

test("the kiosk's welcome opens into a membership", () => {
    const keys = { public: 'p', secret: 's' };
    const made = readWelcome(opened(vectors.welcome), invitation, keys, 'new password');
    assert.equal(made.venueKey, '66'.repeat(32));
    assert.equal(made.certificate, '55'.repeat(64));
    assert.equal(made.password, 'new password');
});

test("the kiosk's new key opens", () => {
    assert.deepEqual(JSON.parse(opened(vectors.rotate)),
        { v: 2, kind: 'rotate', venue_key: '66'.repeat(32) });
});

test('a welcome for another place does not open', () => {
    const phone = seed('phone');
    assert.throws(() => openWelcome(sodium, { ...place, kiosk: '0000000000000000' },
        phone.publicKey, phone.privateKey, seed('kiosk').publicKey, bytes(vectors.welcome)),
    { reason: 'forged' });
});

const good = { v: 2, b: ['wss://a.example/mqtt'], a: '0'.repeat(16), p: 'x'.repeat(24),
    x: 1, V: '1'.repeat(16), k: '2'.repeat(16), q: 'A'.repeat(43), r: 'A'.repeat(43) };

for (const [name, change] of Object.entries({
    'a plain broker elsewhere': { b: ['ws://a.example/mqtt'] },
    'no broker': { b: [] },
    'another version': { v: 1 },
    'a long account': { a: '0'.repeat(17) },
    'a short password': { p: 'x' },
    'a short key': { q: 'AAAA' },
    'a plain push server': { u: 'http://push.example/x' },
})) {
    test(`no invitation: ${name}`, () => {
        assert.notEqual(readInvitation(writeInvitation(good)), null);
        assert.equal(readInvitation(writeInvitation({ ...good, ...change })), null);
    });
}

for (const text of ['', 'hello', '#', '#i=', 'bnVsbA']) {
    test(`no invitation: "${text}"`, () => assert.equal(readInvitation(text), null));
}
