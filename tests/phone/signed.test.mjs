import assert from 'node:assert/strict';
import { createDecipheriv, createECDH, hkdfSync, webcrypto } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { writeArrived } from '../../kiosk/phone/core/arrived.js';
import { fromHex, toBase64Url, toHex, utf8 } from '../../kiosk/phone/core/bytes.js';
import { isStaff, readProof, signClear } from '../../kiosk/phone/core/cert.js';
import { openWelcome, Refused } from '../../kiosk/phone/core/envelope.js';
import { readBoxed, readMessage, writeAgain, writeAnswer, writeSubscribed } from '../../kiosk/phone/core/message.js';
import { hashOfAuth, isGone, readGone, readOffer, writeAsk } from '../../kiosk/phone/core/offer.js';
import { sodium } from './sodium.mjs';
import { twisted } from './twisted.mjs';

const v = JSON.parse(readFileSync(new URL('../vectors/signed.json', import.meta.url)));
const bytes = (base64) => new Uint8Array(Buffer.from(base64, 'base64'));
const keys = Object.fromEntries(Object.entries(v.seeds).map(([who, byte]) =>
    [who, sodium.crypto_sign_seed_keypair(fromHex(byte.repeat(32)))]));
const root = keys.root.publicKey;

test('the root certifies a staff phone, for its account alone', () => {
    const signature = fromHex(v.certificates.staff);
    const good = (account) => isStaff(sodium, v.venue, account, keys.staff.publicKey, root, signature);
    assert.ok(good(v.account));
    assert.ok(!good(v.kiosk));
});

const proofOf = (data, at = {}) => readProof(sodium, at.venue ?? v.venue, at.kiosk ?? v.kiosk,
    at.root_public ? fromHex(at.root_public) : root, data);

test('a proof says which alert has ended, and the staff phone makes its signature', () => {
    assert.deepEqual(proofOf(bytes(v.proof.bytes)), v.proof.says);
    assert.equal(toHex(signClear(sodium, v.venue, v.kiosk, v.proof.says, keys.staff.privateKey)),
        toHex(bytes(v.proof.bytes).subarray(136)));
});

for (const row of v.proof.refused) {
    test(`a proof is refused: ${row.why}`, () => {
        assert.equal(proofOf(twisted(bytes(v.proof.bytes), row), row.at), null);
    });
}

const offerOf = (wire, at = {}) => readOffer(sodium, at.venue ?? v.venue,
    at.root_public ? fromHex(at.root_public) : root, wire);

test('an offer has the push key and the point', () => {
    const { key, vapid } = offerOf(bytes(v.offer.wire));
    assert.equal(toHex(key), toHex(keys.push.publicKey));
    assert.equal(toHex(vapid), v.offer.vapid);
});

for (const row of v.offer.refused) {
    test(`an offer is refused: ${row.why}`, () => {
        assert.throws(() => offerOf(twisted(bytes(v.offer.wire), row), row.at), Refused);
    });
}

// As a session does with what is not retained on `push`.
const isOffGone = (wire, at = {}) => isGone(wire) &&
    readGone(sodium, at.venue ?? v.venue, keys.push.publicKey, wire)(v.gone.endpoint);

test('an address is gone, and no other one', () => {
    assert.ok(isOffGone(bytes(v.gone.wire)));
    assert.ok(!readGone(sodium, v.venue, keys.push.publicKey, bytes(v.gone.wire))(`${v.gone.endpoint}y`));
});

for (const row of v.gone.refused) {
    test(`no address is gone: ${row.why}`, () => {
        let believed = false;
        try {
            believed = isOffGone(twisted(bytes(v.gone.wire), row), row.at);
        } catch (error) {
            assert.ok(error instanceof Refused);
        }
        assert.ok(!believed);
    });
}

// What the page writes of each kind that it sends.
const WRITTEN = {
    seen: writeAnswer, safe: writeAnswer, help: writeAnswer, rang: writeAnswer, again: (m) => writeAgain(m.account, m.password, m.broker),
    subscribed: ({ account }) => writeSubscribed(account, hashOfAuth(sodium, toBase64Url(fromHex(v.auth)))),
    'command-lockdown': writeAnswer, 'command-caution': writeAnswer, 'command-drill': writeAnswer,
    'command-abort': writeAnswer, 'command-all-clear': (m) => writeAnswer({ ...m,
        proof: bytes(m.proof.replaceAll('-', '+').replaceAll('_', '/')) }),
    subscribe: ({ kind, account, endpoint, p256dh, auth }) => writeAsk(kind, account, { endpoint, p256dh, auth }),
    unsubscribe: ({ kind, account, auth }) => writeAsk(kind, account, { auth }),
    test: ({ kind, account, auth }) => writeAsk(kind, account, { auth }),
    awake: ({ kind, account, auth, id }) => writeAsk(kind, account, { auth, id }),
    staff: ({ kind, account, ...more }) => writeAsk(kind, account, { public: more.public, certificate: more.certificate }),
};

for (const row of v.letters) {
    const said = JSON.parse(row.text);
    if (WRITTEN[said.kind]) {
        test(`the page writes ${said.kind}`, () => {
            assert.deepEqual(JSON.parse(WRITTEN[said.kind](said)), said);
        });
    }
}

test('an answer to this phone opens', () => {
    const row = v.letters.find((r) => r.to === 'staff');
    const place = { venue: v.venue, kiosk: v.kiosk,
        topic: `porchlight/${v.venue}/${v.kiosk}/${row.topic}/${v.account}` };
    assert.equal(openWelcome(sodium, place, keys.staff.publicKey, keys.staff.privateKey, keys.kiosk.publicKey,
        bytes(row.wire)), row.text);
});

for (const row of v.texts) {
    test(`a text is ${row.good ? 'read' : 'refused'}: ${row.why}`, () => {
        const at = { epoch: 3, seq: 41, ...(() => {
            try {
                const said = JSON.parse(row.text);
                return Number.isSafeInteger(said?.seq) ? { epoch: said.epoch, seq: said.seq } : {};
            } catch {
                return {};
            }
        })() };
        const read = () => (row.boxed ? readBoxed(row.text, row.topic, at) : readMessage(row.text, row.topic, at));
        if (row.good) {
            assert.equal(read().kind, JSON.parse(row.text).kind);
        } else {
            assert.throws(read, Refused);
        }
    });
}

test('the worker writes the report of a test that arrived', async () => {
    const auth = toBase64Url(fromHex(v.auth));
    const wire = await writeArrived(webcrypto.subtle, { venue: v.venue, account: v.account, auth },
        v.arrived.nonce);
    assert.deepEqual(wire, bytes(v.arrived.wire));
});

// RFC 8291, as the browser does it.
for (const row of v.wake_ups) {
    test(`a wake-up opens as ${row.text || 'nothing'}`, () => {
        const own = createECDH('prime256v1');
        own.setPrivateKey(Buffer.from(v.scalars.browser, 'hex'));
        const body = Buffer.from(row.body, 'base64');
        const [salt, sender, sealed] = [body.subarray(0, 16), body.subarray(21, 86), body.subarray(86)];
        const derive = (secret, from, info, size) => Buffer.from(hkdfSync('sha256', secret, from, info, size));
        const secret = derive(own.computeSecret(sender), Buffer.from(v.auth, 'hex'),
            Buffer.concat([utf8('WebPush: info\0'), own.getPublicKey(), sender]), 32);
        const open = createDecipheriv('aes-128-gcm', derive(secret, salt, 'Content-Encoding: aes128gcm\0', 16),
            derive(secret, salt, 'Content-Encoding: nonce\0', 12));
        open.setAuthTag(sealed.subarray(-16));
        const plain = Buffer.concat([open.update(sealed.subarray(0, -16)), open.final()]);
        assert.equal(plain.length, 64);
        assert.equal(plain.subarray(0, plain.indexOf(2)).toString(), row.text);
    });
}
