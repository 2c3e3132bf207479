// What a session does with texts that its kiosk sealed and signed, and that say nothing of use.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seal, sealWelcome } from '../../kiosk/phone/core/envelope.js';
import { fromHex, toHex } from '../../kiosk/phone/core/bytes.js';
import { openSession } from '../../kiosk/phone/core/session.js';
import { openStore } from '../../kiosk/phone/core/store.js';
import { topicName } from '../../kiosk/phone/core/topics.js';
import { sodium } from './sodium.mjs';

const pair = (label) => sodium.crypto_sign_seed_keypair(new Uint8Array(32).fill(label));
const [root, kiosk, phone] = [1, 2, 3].map(pair);
const [venue, kioskId, account] = ['11', '22', '33'].map((byte) => byte.repeat(8));
const rotated = '66'.repeat(32);

const membership = { venue, kiosk: kioskId, account, staff: false, password: 'x'.repeat(16),
    brokers: ['wss://b/'], venueKey: '55'.repeat(32), kioskPublic: toHex(kiosk.publicKey),
    rootPublic: toHex(root.publicKey), public: toHex(phone.publicKey), secret: toHex(phone.privateKey) };

// Delivers packets, [topic, wire] each: {reasons: of refusals, key: the venue's then, view}.
function receivedAll(packets) {
    const handlers = {}, reasons = [];
    const client = { on: (event, handler) => { handlers[event] = handler; }, end() {},
        subscribe: (topics, how, done) => done(null), publishAsync: async () => ({ messageId: 1 }) };
    const store = openStore({ getItem: () => null, setItem() {}, removeItem() {} });
    store.addMembership(membership);
    const session = openSession({ mqtt: { connect: () => client }, sodium, store, membership, now: () => 0,
        wall: () => 1764000000000,
        clockRight: () => true, onChange() {}, onRefused: (reason) => reasons.push(reason) });
    handlers.connect();
    try {
        packets.forEach(([topic, wire]) => handlers.message(topic, wire, { retain: false, dup: false }));
    } finally {
        session.close();
    }
    return { reasons, key: store.memberships()[0].venueKey, view: session.view() };
}

const received = (topic, wire) => receivedAll([[topic, wire]]);

// A text on enrol/ACCOUNT or answer/ACCOUNT.
function delivered(name, text) {
    const topic = topicName(venue, kioskId, name, account);
    const { reasons, key } = received(topic, sealWelcome(sodium, { venue, kiosk: kioskId, topic },
        phone.publicKey, kiosk.privateKey, text));
    return { reasons, key };
}

for (const text of ['', '{', 'null', '7', '"rotate"']) {
    for (const name of ['enrol', 'answer']) {
        test(`refused as malformed on ${name}: ${text}`, () =>
            assert.deepEqual(delivered(name, text).reasons, ['malformed']));
    }
}

test('a new key in the form of a list is not taken', () => {
    const said = delivered('enrol', JSON.stringify({ kind: 'rotate', venue_key: [rotated] }));
    assert.deepEqual(said, { reasons: ['malformed'], key: '55'.repeat(32) });
});

test('a new key is taken', () => {
    const said = delivered('enrol', JSON.stringify({ kind: 'rotate', venue_key: rotated }));
    assert.deepEqual(said, { reasons: [], key: rotated });
});

// A letter with a key of one byte, and a state that is sealed with it.
function letter(label) {
    const topic = topicName(venue, kioskId, 'enrol', account);
    return [topic, sealWelcome(sodium, { venue, kiosk: kioskId, topic }, phone.publicKey,
        kiosk.privateKey, JSON.stringify({ kind: 'rotate', venue_key: label.repeat(32) }))];
}

function stateUnder(label, epoch, seq) {
    const topic = topicName(venue, kioskId, 'state'), place = { venue, kiosk: kioskId, topic, epoch, seq };
    const state = { v: 2, kind: 'state', id: null, epoch, seq, at: '2026-11-29T10:00:00Z', age_ms: null,
        drill: false, resumed: false, detail: null, up: 60000, synced: true, state: 'quiet', seen: 0, safe: 0,
        unconfirmed: false, nonce: '00'.repeat(16) };
    return [topic, seal(sodium, place, fromHex(label.repeat(32)), kiosk.privateKey, new Uint8Array(24),
        JSON.stringify(state))];
}

test('letters of earlier keys that are sent again take the newest key from nobody', () => {
    const { reasons, view } = receivedAll([...['66', '77', '88', '66', '77', '66', '77', '66'].map(letter),
        stateUnder('88', 4, 9)]);
    assert.deepEqual(reasons, []);
    assert.equal(view.epoch, 4);
});

test('nor do more of them than a phone keeps, once a message has come under it', () => {
    const earlier = ['60', '61', '62', '63', '64', '65', '66', '67', '68', '69', '70', '71'];
    const { reasons, view } = receivedAll([...['60', '88'].map(letter), stateUnder('60', 3, 5), stateUnder('88', 4, 9),
        ...[...earlier, ...earlier].map(letter), stateUnder('88', 5, 2)]);
    assert.deepEqual(reasons, []);
    assert.equal(view.epoch, 5);
});

test('and an old message under one of them does not change which it is', () => {
    const earlier = ['60', '61', '62', '63', '64', '65', '66', '67', '68', '69'];
    const { view } = receivedAll([...['60', '88'].map(letter), stateUnder('88', 4, 9), stateUnder('60', 3, 5),
        ...earlier.map(letter), stateUnder('88', 5, 2)]);
    assert.equal(view.epoch, 5);
});

test('a state whose date is none has no age by the clock', () => {
    const topic = topicName(venue, kioskId, 'state'), place = { venue, kiosk: kioskId, topic, epoch: 4, seq: 9 };
    const state = { v: 2, kind: 'state', id: null, epoch: 4, seq: 9, at: '9999-99-99T99:99:99Z', age_ms: null,
        drill: false, resumed: false, detail: null, up: 60000, synced: true, state: 'quiet', seen: 0, safe: 0,
        unconfirmed: false, nonce: '00'.repeat(16) };
    const { view, reasons } = received(topic, seal(sodium, place, new Uint8Array(32).fill(0x55), kiosk.privateKey,
        new Uint8Array(24), JSON.stringify(state)));
    assert.deepEqual(reasons, []);
    assert.ok(!Object.values(view).some(Number.isNaN), JSON.stringify(view));
});

test('the host\'s lines come from a broker that gives what it keeps for exact names alone', () => {
    const { setTimeout } = globalThis;
    const waiting = [], handlers = {}, asked = [], pieces = 3;
    globalThis.setTimeout = (run, ms, ...all) => ms === 2000 && waiting.push(() => run(...all));
    const kept = (topic) => {
        const piece = Number.parseInt(topic.split('/').at(-1), 16);
        const place = { venue, kiosk: kioskId, topic, epoch: 4, seq: 9 };
        return seal(sodium, place, new Uint8Array(32).fill(0x55), kiosk.privateKey, new Uint8Array(24),
            JSON.stringify({ v: 2, kind: 'words', epoch: 4, seq: 9, revision: 1, piece, pieces, link: null,
                language: 'en', [['lockdown-way', 'caution-way', 'contact'][piece]]: `line ${piece}` }));
    };
    const client = { on: (event, handler) => { handlers[event] = handler; }, end() {},
        subscribe(topics, how, done) {
            done(null);
            for (const topic of [topics].flat().filter((t) => /words\/[0-9a-f]{16}$/.test(t))) {
                asked.push(topic.slice(-1));
                handlers.message(topic, kept(topic), { retain: true, dup: false });
            }
        } };
    const store = openStore({ getItem: () => null, setItem() {}, removeItem() {} });
    store.addMembership(membership);
    const session = openSession({ mqtt: { connect: () => client }, sodium, store, membership, now: () => 0,
        wall: () => 1764000000000, onChange() {}, onRefused: assert.fail });
    try {
        handlers.connect();
        waiting.splice(0).forEach((run) => run());
        assert.deepEqual(session.words().lines,
            { en: { 'lockdown-way': 'line 0', 'caution-way': 'line 1', contact: 'line 2' } });
        assert.deepEqual(asked, ['0', '1', '2']);
    } finally {
        session.close();
        globalThis.setTimeout = setTimeout;
    }
});
