import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fromHex } from '../../kiosk/phone/core/bytes.js';
import * as envelope from '../../kiosk/phone/core/envelope.js';
import { sodium } from './sodium.mjs';
import { twisted } from './twisted.mjs';

const vectors = JSON.parse(readFileSync(new URL('../vectors/envelope.json', import.meta.url)));
const keys = vectors.keys;
const venue = fromHex(keys.venue);
const kiosk = sodium.crypto_sign_seed_keypair(fromHex(keys.kiosk_seed));
const staff = sodium.crypto_sign_seed_keypair(fromHex(keys.staff_seed));
const bytes = (base64) => new Uint8Array(Buffer.from(base64, 'base64'));

for (const v of vectors.broadcast) {
    test(`broadcast "${v.name}" has the vector's bytes and opens`, () => {
        const made = envelope.seal(sodium, v.place, venue, kiosk.privateKey, fromHex(v.nonce),
            v.text);
        assert.deepEqual(made, bytes(v.wire));
        const opened = envelope.open(sodium, v.place, venue, kiosk.publicKey, bytes(v.wire));
        assert.deepEqual(opened, { text: v.text, epoch: v.place.epoch, seq: v.place.seq });
    });
}

for (const v of vectors.clear) {
    test(`clear message "${v.name}" has the vector's bytes and opens`, () => {
        const made = envelope.sealClear(sodium, v.place, kiosk.privateKey, v.text);
        assert.deepEqual(made, bytes(v.wire));
        const opened = envelope.openClear(sodium, v.place, kiosk.publicKey, bytes(v.wire));
        assert.deepEqual(opened, { text: v.text, epoch: v.place.epoch, seq: v.place.seq });
    });
}

for (const v of vectors.letter) {
    test(`letter "${v.name}" opens`, () => {
        const opened = envelope.openLetter(sodium, v.place, kiosk.publicKey, kiosk.privateKey,
            bytes(v.wire));
        assert.equal(opened.text, v.text);
        assert.equal(opened.signed(staff.publicKey), v.signed);
    });
    test(`letter "${v.name}" comes back from our own seal`, () => {
        const wire = envelope.sealLetter(sodium, v.place, kiosk.publicKey,
            v.signed ? staff.privateKey : null, v.text);
        assert.equal(wire.length, envelope.SIZE);
        const opened = envelope.openLetter(sodium, v.place, kiosk.publicKey, kiosk.privateKey,
            wire);
        assert.equal(opened.text, v.text);
        assert.equal(opened.signed(staff.publicKey), v.signed);
    });
}

// A refused vector is a good one with a byte changed, cut or added, or another key or place.
function spoil(v) {
    const good = [...vectors.broadcast, ...vectors.clear, ...vectors.letter]
        .find((g) => g.name === v.of);
    const wire = twisted(bytes(good.wire), v);
    const form = ['broadcast', 'clear', 'letter'].find((f) => vectors[f].includes(good));
    return { wire, form, place: { ...good.place, ...v.place } };
}

for (const v of vectors.refused) {
    test(`refused: ${v.of}, ${v.why}`, () => {
        const { wire, form, place } = spoil(v);
        const from = v.keys?.kiosk_public ? fromHex(v.keys.kiosk_public) : kiosk.publicKey;
        const asked = () => {
            if (form === 'broadcast') {
                envelope.open(sodium, place, v.keys?.venue ? fromHex(v.keys.venue) : venue, from,
                    wire);
                return;
            }
            if (form === 'clear') {
                envelope.openClear(sodium, place, from, wire);
                return;
            }
            const opened = envelope.openLetter(sodium, place, kiosk.publicKey, kiosk.privateKey,
                wire);
            if (!opened.signed(staff.publicKey)) {
                throw new envelope.Refused('forged');
            }
        };
        assert.throws(asked, (e) => e instanceof envelope.Refused && e.reason === v.result);
    });
}

test('a text that is too long is refused when it is made', () => {
    const place = vectors.broadcast[0].place;
    const make = (n) => envelope.seal(sodium, place, venue, kiosk.privateKey, new Uint8Array(24),
        'x'.repeat(n));
    assert.equal(make(envelope.TEXT_MAX).length, envelope.SIZE);
    assert.throws(() => make(envelope.TEXT_MAX + 1), { reason: 'too long' });
});

test('a welcome opens for the phone it is for, and only from the kiosk', () => {
    const place = { ...vectors.letter[0].place,
        topic: vectors.letter[0].place.topic.replace('/ack/', '/enrol/') };
    const wire = envelope.sealWelcome(sodium, place, staff.publicKey, kiosk.privateKey, '{"v":2}');
    const open = (from, to = staff) => envelope.openWelcome(sodium, place, to.publicKey,
        to.privateKey, from.publicKey, wire);
    assert.equal(open(kiosk), '{"v":2}');
    assert.throws(() => open(staff), { reason: 'forged' });
    assert.throws(() => open(kiosk, kiosk), { reason: 'not ours' });
});
