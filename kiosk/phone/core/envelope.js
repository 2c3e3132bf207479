// The bytes on the wire, exactly as kiosk/core/envelope.h lays them out; both are held to
// tests/vectors/envelope.json. Broadcasts come from the kiosk, letters go to it, a welcome answers
// a new phone's letter (kiosk/core/enrol.h). `sodium` is libsodium-wrappers, ready, handed in so
// that everything here is pure but for the sealed box's own randomness.

import { concat, fromHex, fromUtf8, readU64, u16, u64, utf8 } from './bytes.js';

export const VERSION = 2; // byte 0 of every message, and v in every JSON text
export const SIZE = 768;
export const TEXT_MAX = 644;
export const LETTER_MAX = 652;
export const CLEAR_MAX = 684;
const TOPIC_MAX = 255;
const BROADCAST = 1;
const LETTER = 2;
const WELCOME = 4; // 3 is the root's notice, cert.js; 5 offer.js
const CLEAR = 6;
const SIGNATURE = 64;
const NONCE = 24;
const HEAD = 42;
const CLEAR_HEAD = 18;

// A refusal: `reason` is 'malformed', 'not ours', 'forged' or 'too long'.
export class Refused extends Error {
    constructor(reason) {
        super(reason);
        this.reason = reason;
    }
}

// What signature and associated data are bound to. place: {venue, kiosk: hex, topic: full name,
// epoch, seq}.
export function bound(form, place) {
    const topic = utf8(place.topic);
    if (topic.length > TOPIC_MAX) {
        throw new Refused('malformed');
    }
    return concat(utf8('porchlight\0'), Uint8Array.of(VERSION, form), fromHex(place.venue),
        fromHex(place.kiosk), u64(place.epoch ?? 0), u64(place.seq ?? 0), u16(topic.length), topic);
}

// signature 64, length 2, text, zeros up to `max`.
function pack(signature, text, max) {
    const body = utf8(text);
    if (body.length > max) {
        throw new Refused('too long');
    }
    const out = new Uint8Array(SIGNATURE + 2 + max);
    out.set(signature, 0);
    out.set(u16(body.length), SIGNATURE);
    out.set(body, SIGNATURE + 2);
    return out;
}

function unpack(plain, max) {
    const length = (plain[SIGNATURE] << 8) | plain[SIGNATURE + 1];
    const start = SIGNATURE + 2;
    if (length > max || plain.subarray(start + length).some((b) => b !== 0)) {
        throw new Refused('malformed');
    }
    return { signature: plain.slice(0, SIGNATURE), text: plain.slice(start, start + length) };
}

function readText(bytes) {
    try {
        return fromUtf8(bytes);
    } catch {
        throw new Refused('malformed');
    }
}

export function checkHead(wire, form) {
    if (wire.length !== SIZE || wire[0] !== VERSION || wire[1] !== form) {
        throw new Refused('malformed');
    }
}

// Opens a broadcast: {text, epoch, seq}. Older ones are the caller's to refuse.
export function open(sodium, place, venueKey, kioskPublic, wire) {
    checkHead(wire, BROADCAST);
    const epoch = readU64(wire, 2);
    const seq = readU64(wire, 10);
    if (epoch < 0 || seq < 0) {
        throw new Refused('malformed');
    }
    const data = bound(BROADCAST, { ...place, epoch, seq });
    let plain;
    try {
        plain = sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(null, wire.subarray(HEAD), data,
            wire.subarray(HEAD - NONCE, HEAD), venueKey);
    } catch {
        throw new Refused('not ours');
    }
    const { signature, text } = unpack(plain, TEXT_MAX);
    if (!sodium.crypto_sign_verify_detached(signature, concat(data, text), kioskPublic)) {
        throw new Refused('forged');
    }
    return { text: readText(text), epoch, seq };
}

// Seals a broadcast, as the kiosk does: for the tests and their vectors.
export function seal(sodium, place, venueKey, kioskSecret, nonce, text) {
    const data = bound(BROADCAST, place);
    const signature = sodium.crypto_sign_detached(concat(data, utf8(text)), kioskSecret);
    const boxed = sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(
        pack(signature, text, TEXT_MAX), data, null, nonce, venueKey);
    return concat(Uint8Array.of(VERSION, BROADCAST), u64(place.epoch), u64(place.seq), nonce,
        boxed);
}

// Opens a clear message (beat, presence, ring), as open does a broadcast.
export function openClear(sodium, place, kioskPublic, wire) {
    checkHead(wire, CLEAR);
    const epoch = readU64(wire, 2);
    const seq = readU64(wire, 10);
    if (epoch < 0 || seq < 0) {
        throw new Refused('malformed');
    }
    const { signature, text } = unpack(wire.subarray(CLEAR_HEAD), CLEAR_MAX);
    const data = concat(bound(CLEAR, { ...place, epoch, seq }), text);
    if (!sodium.crypto_sign_verify_detached(signature, data, kioskPublic)) {
        throw new Refused('forged');
    }
    return { text: readText(text), epoch, seq };
}

// Makes a clear message, as the kiosk does: for the tests and their vectors.
export function sealClear(sodium, place, kioskSecret, text) {
    const data = concat(bound(CLEAR, place), utf8(text));
    return concat(Uint8Array.of(VERSION, CLEAR), u64(place.epoch), u64(place.seq),
        pack(sodium.crypto_sign_detached(data, kioskSecret), text, CLEAR_MAX));
}

// Seals a letter to the kiosk; `signer` (an Ed25519 secret key) may be null.
export function sealLetter(sodium, place, kioskPublic, signer, text) {
    const data = concat(bound(LETTER, { ...place, epoch: 0, seq: 0 }), utf8(text));
    const signature =
        signer ? sodium.crypto_sign_detached(data, signer) : new Uint8Array(SIGNATURE);
    const key = sodium.crypto_sign_ed25519_pk_to_curve25519(kioskPublic);
    return concat(Uint8Array.of(VERSION, LETTER),
        sodium.crypto_box_seal(pack(signature, text, LETTER_MAX), key));
}

// Opens a letter, as the kiosk does: {text, signature, signed(publicKey)}.
export function openLetter(sodium, place, kioskPublic, kioskSecret, wire) {
    return openSealed(sodium, LETTER, place, kioskPublic, kioskSecret, wire);
}

function openSealed(sodium, form, place, ownPublic, ownSecret, wire) {
    checkHead(wire, form);
    let plain;
    try {
        plain = sodium.crypto_box_seal_open(wire.subarray(2),
            sodium.crypto_sign_ed25519_pk_to_curve25519(ownPublic),
            sodium.crypto_sign_ed25519_sk_to_curve25519(ownSecret));
    } catch {
        throw new Refused('not ours');
    }
    const { signature, text } = unpack(plain, LETTER_MAX);
    const data = concat(bound(form, { ...place, epoch: 0, seq: 0 }), text);
    return {
        text: readText(text),
        signature,
        signed: (publicKey) => sodium.crypto_sign_verify_detached(signature, data, publicKey),
    };
}

// Opens the kiosk's welcome to this phone; refused unless that very kiosk signed it.
export function openWelcome(sodium, place, phonePublic, phoneSecret, kioskPublic, wire) {
    const opened = openSealed(sodium, WELCOME, place, phonePublic, phoneSecret, wire);
    if (!opened.signed(kioskPublic)) {
        throw new Refused('forged');
    }
    return opened.text;
}

// Seals a welcome, as the kiosk does: for the tests.
export function sealWelcome(sodium, place, phonePublic, kioskSecret, text) {
    const data = concat(bound(WELCOME, { ...place, epoch: 0, seq: 0 }), utf8(text));
    const signature = sodium.crypto_sign_detached(data, kioskSecret);
    return concat(Uint8Array.of(VERSION, WELCOME),
        sodium.crypto_box_seal(pack(signature, text, LETTER_MAX),
            sodium.crypto_sign_ed25519_pk_to_curve25519(phonePublic)));
}

// Whether a payload is plain JSON: a page that holds a key never accepts it, but says so.
export function looksPlain(wire) {
    return wire.length > 0 && wire[0] === 0x7b;
}
