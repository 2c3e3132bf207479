import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fromHex } from '../../kiosk/phone/core/bytes.js';
import { Refused } from '../../kiosk/phone/core/envelope.js';
import { checkStaff, openBox } from '../../kiosk/phone/core/staff_box.js';
import { sodium } from './sodium.mjs';
import { twisted } from './twisted.mjs';

const vectors = JSON.parse(readFileSync(new URL('../vectors/staff_box.json', import.meta.url)));
const keys = vectors.keys;
const pair = (seed) => sodium.crypto_sign_seed_keypair(fromHex(seed));
const phones = keys.phones.map(pair);
const at = { venue: keys.venue_id, kiosk: keys.kiosk_id };
const kiosk = fromHex(keys.kiosk_public);
const bytes = (base64) => new Uint8Array(Buffer.from(base64, 'base64'));
const opens = (p, box) => openBox(sodium, at, p.publicKey, p.privateKey, box);

for (const v of vectors.box) {
    test(`box "${v.name}" opens for its phones, and for nobody else`, () => {
        const box = bytes(v.box);
        phones.forEach((p, i) => {
            assert.equal(opens(p, box), v.phones.includes(i) ? v.text : null);
        });
        assert.equal(opens(pair(keys.stranger), box), null);
    });
}

for (const v of vectors.wire) {
    test(`message ${v.epoch}.${v.seq} on ${v.topic.split('/')[3]} is the kiosk's`, () => {
        const found = checkStaff(sodium, { ...at, topic: v.topic }, kiosk, bytes(v.wire));
        assert.deepEqual([found.epoch, found.seq, found.time], [v.epoch, v.seq, v.time]);
        assert.equal(opens(phones[0], found.box), vectors.box[0].text);
    });
}

for (const v of vectors.refused) {
    test(`refused: ${v.why}`, () => {
        const wire = twisted(bytes(vectors.wire[0].wire), v);
        const check = () => checkStaff(sodium, { ...at, topic: v.topic ?? vectors.wire[0].topic },
            kiosk, wire);
        const asked = v.step === 'check' ? check : () => opens(phones[0], check().box);
        if (v.step === 'open' && v.result === 'not ours') {
            assert.equal(asked(), null);
        } else {
            assert.throws(asked, (e) => e instanceof Refused && e.reason === v.result);
        }
    });
}
