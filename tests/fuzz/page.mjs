// Fuzzes the page's parsers: takes what is right, changes a few bytes or values of it, seals and signs
// that as a kiosk, relay or root would, and gives it to the page's own modules. They may refuse it
// (Refused, null, or what else they say in their comments); nothing else may be thrown, and no number
// that the page goes on with may be NaN.
//
//     node tests/fuzz/page.mjs [SECONDS] [SEED]        CORE=FOLDER: other modules than the page's

import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { sodium } from '../phone/sodium.mjs';

const core = process.env.CORE ? pathToFileURL(`${process.env.CORE}/`) :
    new URL('../../kiosk/phone/core/', import.meta.url);
const load = (name) => import(new URL(name, core));
const { concat, fromHex, toBase64Url, toHex, u16, u64, utf8 } = await load('bytes.js');
const { bound, Refused, SIZE, VERSION, sealClear } = await load('envelope.js');
const { readInvitation, changesOf, letterMac, welcomeMac } = await load('invitation.js');
const { drawPhone, readReply } = await load('enrol.js');
const { readMessage, readBoxed } = await load('message.js');
const { joinRootWords, NO_WORD, readRootWord } = await load('root_word.js');
const { isStaff } = await load('cert.js');
const { openSession } = await load('session.js');
const { openStore } = await load('store.js');
const { RULES, viewLook, viewWorst } = await load('view.js');
const { parseTopic } = await load('topics.js');

const seconds = Number(process.argv[2] ?? 60);
const seed = Number(process.argv[3] ?? Date.now() % 2 ** 31);

// --- chance: xorshift, so that a seed gives the same run --------------------------------------------

let chance = seed | 1;
function below(n) {
    chance ^= chance << 13;
    chance ^= chance >>> 17;
    chance ^= chance << 5;
    return (chance >>> 0) % n;
}
const one = (list) => list[below(list.length)];

const ODD_VALUES = [null, true, false, 0, -1, 1.5, 2 ** 53 - 1, 2 ** 53, 1e308, '', 'a', ' ', '\0', [],
    [[]], {}, { length: 3 }, 'constructor', '__proto__', '0'.repeat(700), '9999-99-99T99:99:99Z',
    '2026-02-31T25:61:61Z', 'ffffffff-ffff-ffff-ffff-ffffffffffff', 'A'.repeat(267), '\ud800'];

function mutateBytes(bytes) {
    let out = Uint8Array.from(bytes);
    for (let n = 1 + below(4); n > 0; n--) {
        const at = below(out.length + 1);
        switch (below(6)) {
        case 0: if (at < out.length) out[at] ^= 1 << below(8); break;
        case 1: if (at < out.length) out[at] = one([0, 1, 2, 0x7f, 0x80, 0xff, below(256)]); break;
        case 2: out = concat(out.slice(0, at), Uint8Array.of(below(256)), out.slice(at)); break;
        case 3: out = concat(out.slice(0, at), out.slice(at + 1 + below(8))); break;
        case 4: out = out.slice(0, at); break;
        default: out = concat(out, out.slice(at, at + below(40)));
        }
    }
    return out;
}

// Another value for one or two keys, a key more or less, or the whole thing replaced.
function mutateJson(object) {
    const out = structuredClone(object);
    for (let n = 1 + below(2); n > 0; n--) {
        const keys = Object.keys(out), key = one(keys.length ? keys : ['kind']);
        switch (below(8)) {
        case 0: delete out[key]; break;
        case 1: out[one(['__proto__', 'then', 'toString', 'extra'])] = one(ODD_VALUES); break;
        case 2: if (typeof out[key] === 'number') out[key] += one([-1, 1, 0.5, -out[key], 2 ** 52]); break;
        case 3: if (typeof out[key] === 'string') out[key] = new TextDecoder().decode(mutateBytes(utf8(out[key]))); break;
        default: out[key] = one(ODD_VALUES);
        }
    }
    return below(40) === 0 ? one(ODD_VALUES) : out;
}

const mutateText = (object) => (below(10) === 0 ?
    new TextDecoder().decode(mutateBytes(utf8(JSON.stringify(object)))) : JSON.stringify(mutateJson(object)) ?? '');

// --- a venue of its own ---------------------------------------------------------------------------

const pair = (label) => sodium.crypto_sign_seed_keypair(new Uint8Array(32).fill(label));
const [root, kiosk, phone, push] = [1, 2, 3, 4].map(pair);
const venueKey = new Uint8Array(32).fill(5);
const [venue, kioskId, account] = ['11', '22', '33'].map((byte) => byte.repeat(8));
const id = 'a1070000-0000-0000-0000-000000000000';
const covered = (word, ...parts) => concat(utf8(`${word}\0`), ...parts);
const certificate = sodium.crypto_sign_detached(
    covered('porchlight-staff', fromHex(venue), fromHex(account), phone.publicKey), root.privateKey);

const base = { v: VERSION, id, epoch: 4, seq: 99, at: '2026-11-22T18:33:04Z', age_ms: 1234, drill: false,
    resumed: false, detail: null };
const age = { up: 60000, synced: true };
const MESSAGES = {
    alert: [{ ...base, ...age, kind: 'lockdown' }, { ...base, ...age, kind: 'caution' },
        { ...base, ...age, kind: 'all-clear', proof: 'A'.repeat(267) }],
    state: [{ ...base, ...age, kind: 'state', state: 'lockdown', seen: 2, safe: 1, unconfirmed: false,
        nonce: '5a'.repeat(16) }, { ...base, ...age, kind: 'state', id: null, state: 'quiet', seen: 0, safe: 0,
        unconfirmed: false, nonce: '5a'.repeat(16) }],
    presence: [{ ...base, id: null, kind: 'online', connection: 5 }, { ...base, id: null, kind: 'lost', connection: 5 }],
    beat: [{ v: VERSION, kind: 'beat', epoch: 4, seq: 99, at: base.at, ...age, state: 98, staff: 97, ring: 96,
        echo: ['00'.repeat(8)] }],
    notice: [{ v: VERSION, kind: 'door', at: base.at, detail: 'held-open', id: null },
        { v: VERSION, kind: 'drill-report', at: base.at, detail: 'here', id, seen: 1, safe: 1, rang: 1 }],
    staff: [{ v: VERSION, kind: 'code', at: base.at, id }, { v: VERSION, kind: 'duress', at: base.at, id }],
};
const REPLIES = [{ v: VERSION, kind: 'rotate', account, venue_key: '66'.repeat(32) },
    { v: VERSION, kind: 'refused', account, reason: 'copied' },
    { v: VERSION, kind: 'refused', of: 'command-drill', nonce: '5a'.repeat(16), reason: 'stale' },
    { v: VERSION, kind: 'confirm', account, nonce: '77'.repeat(16) },
    { v: VERSION, kind: 'welcome', account, venue_key: '66'.repeat(32), certificate: toHex(certificate), mac: '00'.repeat(32) }];

// --- sealed and signed around whatever is inside ------------------------------------------------------

const place = (topic) => ({ venue, kiosk: kioskId, epoch: 4 + below(2), seq: 90 + below(200), topic });

// signature 64, length 2, text, zeros; the length is sometimes another one.
function inner(form, at, secret, bytes, max) {
    const text = bytes.slice(0, max), out = new Uint8Array(66 + max);
    out.set(sodium.crypto_sign_detached(concat(bound(form, at), text), secret));
    out.set(u16(below(30) === 0 ? below(65536) : text.length), 64);
    out.set(text, 66);
    return out;
}

function broadcast(at, bytes) {
    const nonce = new Uint8Array(24);
    return concat(Uint8Array.of(VERSION, 1), u64(at.epoch), u64(at.seq), nonce,
        sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(inner(1, at, kiosk.privateKey, bytes, 644),
            bound(1, at), null, nonce, venueKey));
}

const clear = (at, bytes) => concat(Uint8Array.of(VERSION, 6), u64(at.epoch), u64(at.seq),
    inner(6, at, kiosk.privateKey, bytes, 684));

const welcome = (at, bytes) => concat(Uint8Array.of(VERSION, 4), sodium.crypto_box_seal(
    inner(4, { ...at, epoch: 0, seq: 0 }, kiosk.privateKey, bytes, 652),
    sodium.crypto_sign_ed25519_pk_to_curve25519(phone.publicKey)));

function box(at, bytes) {
    const ephemeral = sodium.crypto_box_seed_keypair(new Uint8Array(32).fill(8));
    const own = sodium.crypto_sign_ed25519_pk_to_curve25519(phone.publicKey);
    const data = concat(utf8('porchlight-box\0'), fromHex(venue), fromHex(kioskId), ephemeral.publicKey);
    const key = sodium.crypto_generichash(32, concat(utf8('porchlight-slot\0'),
        sodium.crypto_scalarmult(ephemeral.privateKey, own), ephemeral.publicKey, own));
    const content = new Uint8Array(32).fill(9), plain = new Uint8Array(222), text = bytes.slice(0, 220);
    plain.set(u16(below(30) === 0 ? below(65536) : text.length));
    plain.set(text, 2);
    const slots = new Uint8Array(8 * 48);
    slots.set(sodium.crypto_aead_chacha20poly1305_ietf_encrypt(content, data, null, new Uint8Array(12), key),
        48 * below(8));
    const nonce = new Uint8Array(24);
    const sealed = concat(ephemeral.publicKey, slots, nonce,
        sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(plain, data, null, nonce, content));
    const signed = concat(u64(1764000000), sealed);
    return concat(Uint8Array.of(VERSION, 7), u64(at.epoch), u64(at.seq), sodium.crypto_sign_detached(
        concat(bound(7, at), signed), kiosk.privateKey), signed);
}

function rootWord() {
    const wire = new Uint8Array(SIZE);
    wire.set([VERSION, 8]);
    wire.set(u64(1800000000), 2);
    wire[74] = below(4);
    wire.fill(wire[74] & 1 ? 7 : 0, 75, 107);
    wire.fill(wire[74] & 2 ? 1 : 0, 107, 123);
    wire[139] = below(3) ? below(65) : below(256);
    for (let n = below(3); n > 0; n--) {
        wire[one([0, 1, 2 + below(8), 74 + below(694)])] = below(256);
    }
    wire.set(sodium.crypto_sign_detached(covered('porchlight-root', fromHex(venue), fromHex(kioskId),
        wire.subarray(0, 10), wire.subarray(74)), root.privateKey), 10);
    return wire;
}

function offer() {
    const wire = new Uint8Array(SIZE), vapid = mutateBytes(new Uint8Array(65).fill(4)).slice(0, 65);
    wire.set([VERSION, 5]);
    wire.set(push.publicKey, 2);
    wire.set(sodium.crypto_sign_detached(covered('porchlight-push', fromHex(venue), push.publicKey),
        root.privateKey), 34);
    wire.set(vapid, 98);
    wire.set(sodium.crypto_sign_detached(covered('porchlight-offer', fromHex(venue), wire.subarray(98, 163)),
        push.privateKey), 163);
    return wire;
}

function gone() {
    const wire = new Uint8Array(SIZE);
    wire.set([VERSION, 11]);
    wire.set(sodium.crypto_sign_detached(covered('porchlight-gone', fromHex(venue), wire.subarray(2, 34)),
        push.privateKey), 34);
    return below(3) ? wire : mutateBytes(wire);
}

// --- the targets ----------------------------------------------------------------------------------

// No NaN and no undefined number anywhere in what the page goes on with.
function mustBeSound(value, where = 'value') {
    if (typeof value === 'number' && Number.isNaN(value)) {
        throw new Error(`${where} is NaN`);
    }
    if (value !== null && typeof value === 'object') {
        Object.entries(value).forEach(([key, inside]) => mustBeSound(inside, `${where}.${key}`));
    }
}

const refusing = (read) => {
    try {
        return read();
    } catch (error) {
        if (error instanceof Refused) {
            return null;
        }
        throw error;
    }
};

function message() {
    const topic = one(Object.keys(MESSAGES)), text = mutateText({ ...base, ...one(MESSAGES[topic]) });
    const m = refusing(() => readMessage(text, topic, { epoch: 4, seq: 99 })) ??
        refusing(() => readBoxed(text, topic, { epoch: 4, seq: 99 }));
    mustBeSound(m, 'message');
    return text;
}

const { invitation: { link } } = JSON.parse(readFileSync(new URL('../vectors/enrol.json', import.meta.url)));
const bare = new Uint8Array(Buffer.from(link.split('i=')[1], 'base64url'));

function invitation() {
    const text = below(4) ? `https://p.example.org/#i=${toBase64Url(mutateBytes(bare))}` :
        new TextDecoder().decode(mutateBytes(utf8(link)));
    const i = readInvitation(text);
    mustBeSound(i, 'invitation');
    if (i !== null && !i.otherVersion) {
        changesOf(i, [{ ...i, brokers: [] }]);
        letterMac(sodium, i, toHex(phone.publicKey), i.password);
    }
    return text;
}

// What a kiosk answers to a phone that joins: any Error there means "wait on".
const invited = readInvitation(link);
const newcomer = { ...drawPhone(sodium), keys: { public: toHex(phone.publicKey), secret: toHex(phone.privateKey) } };

function reply() {
    const venue_key = '66'.repeat(32);
    const right = { v: VERSION, kind: 'welcome', account: invited.account, venue_key,
        mac: welcomeMac(sodium, invited, newcomer.keys.public, venue_key) };
    const text = mutateText(one([right, ...REPLIES.map((r) => ({ ...r, account: invited.account }))]));
    try {
        const said = readReply(sodium, text, invited, newcomer);
        mustBeSound(said, 'reply');
        if (said.kind === 'refused' && typeof said.key !== 'string') {
            throw new Error(`a refusal without a text: ${said.key}`);
        }
    } catch (error) {
        if (/NaN|without a text/.test(error.message)) {
            throw error;
        }
    }
    return text;
}

function rootWords() {
    const wire = rootWord(), said = readRootWord(sodium, venue, kioskId, root.publicKey, wire);
    mustBeSound(said, 'root word');
    if (said !== null && joinRootWords(joinRootWords(NO_WORD, said), said).revoked.length > 64) {
        throw new Error('more revoked accounts than a word can hold');
    }
    return toHex(wire);
}

// The page's own storage, as another version or a broken disk left it.
function storage() {
    const kept = { memberships: [{ kiosk: kioskId, venue, account }], kept: { [kioskId]: { epoch: 4 } }, nights: {} };
    const text = mutateText(kept);
    const store = openStore({ getItem: () => text, setItem() {}, removeItem() {} });
    store.memberships();
    store.kept(kioskId);
    return text;
}

// A whole session: what comes on its topics, one after another.
function openPhone(staff) {
    const handlers = {};
    const client = { on: (event, handler) => { handlers[event] = handler; },
        subscribe: (topics, options, done) => done(null), end() {},
        publishAsync: async () => ({ messageId: 1 }) };
    const told = { refused: 0 };
    const session = openSession({ mqtt: { connect: () => client }, sodium,
        store: openStore({ getItem: () => null, setItem() {}, removeItem() {} }),
        membership: { venue, kiosk: kioskId, account, staff, password: 'x'.repeat(16), brokers: ['wss://b/'],
            venueKey: toHex(venueKey), kioskPublic: toHex(kiosk.publicKey), rootPublic: toHex(root.publicKey),
            public: toHex(phone.publicKey), secret: toHex(phone.privateKey), certificate: toHex(certificate) },
        now: () => clock, wall: () => 1764000000000 + clock, clockRight: () => true,
        onChange() {}, onRefused: () => told.refused++, onGone: (is) => is('https://push.example.net/a') });
    handlers.connect();
    return { session, told, deliver: (topic, wire) =>
        handlers.message(topic, wire, { retain: below(2) === 0, dup: below(4) === 0 }) };
}

let clock = 0;
let live = null;
let nights = 0;

function session() {
    if (live === null || below(60) === 0) {
        live?.session.close();
        live = openPhone(below(2) === 0);
        nights++;
    }
    clock += below(4000);
    const topic = one(['alert', 'state', 'presence', 'beat', 'notice', 'staff', 'root', 'push', 'enrol', 'answer']);
    const full = `porchlight/${venue}/${kioskId}/${topic}${topic === 'enrol' || topic === 'answer' ? `/${account}` : ''}`;
    const at = place(full);
    const said = topic in MESSAGES ? { ...base, ...one(MESSAGES[topic]), epoch: at.epoch, seq: at.seq } : one(REPLIES);
    said.at = below(12) ? said.at : one(['9999-99-99T99:99:99Z', '2026-02-31T00:00:00Z', null]);
    const text = below(3) ? mutateText(said) : JSON.stringify(said), bytes = utf8(text);
    const wire = { root: rootWord, push: () => (below(2) ? offer() : gone()),
        notice: () => box(at, bytes), staff: () => box(at, bytes), beat: () => clear(at, bytes),
        presence: () => clear(at, bytes), enrol: () => welcome(at, bytes), answer: () => welcome(at, bytes) }[topic] ??
        (() => broadcast(at, bytes));
    const made = wire(), sent = below(20) === 0 ? mutateBytes(made) : made;
    const what = `${topic}: ${text}`;
    try {
        live.deliver(full, sent);
        mustBeSound(live.session.view(), 'view');
        mustBeSound(live.session.facts(), 'facts');
        const shown = viewLook(live.session.view(), RULES, { staff: true }, clock);
        mustBeSound(shown, 'shown');
        viewWorst([shown.show]);
        live.session.tick();
    } catch (error) {
        error.input = what;
        throw error;
    }
    return what;
}

function topics() {
    const text = new TextDecoder().decode(mutateBytes(utf8(`porchlight/${venue}/${kioskId}/ack/${account}`)));
    const t = parseTopic(text);
    if (t !== null && t.venue.length !== 16) {
        throw new Error('a venue of another length');
    }
    return text;
}

// --- the run ---------------------------------------------------------------------------------------

// What the seeds are must be read, or nothing is tested.
const at = { ...place('porchlight/x'), epoch: 4, seq: 99 };
if (readInvitation(link) === null || readMessage(JSON.stringify(MESSAGES.state[0]), 'state', at).kind !== 'state' ||
    !isStaff(sodium, venue, account, phone.publicKey, root.publicKey, certificate) ||
    sealClear(sodium, at, kiosk.privateKey, 'x').length !== SIZE) {
    throw new Error('the first inputs are not right themselves');
}

const targets = { message, invitation, reply, rootWords, storage, session, topics };
const counts = Object.fromEntries(Object.keys(targets).map((name) => [name, 0]));
const until = performance.now() + seconds * 1000;
while (performance.now() < until) {
    for (const [name, target] of Object.entries(targets)) {
        const before = chance;
        try {
            target();
            counts[name]++;
        } catch (error) {
            console.log(`page ${name}: FOUND ${error.message} (seed ${seed}, chance ${before})`);
            console.log(error.input ?? '');
            console.error(error.stack);
            process.exit(1);
        }
    }
}
console.log(`page             ${Object.entries(counts).map(([name, n]) => `${n} ${name}`).join(', ')}; seed ${seed}`);
process.exit(0);
