// What the root key says about one kiosk (kiosk/core/root_word.h, where the bytes are laid out): that it
// is retired, which alert is over, which staff accounts are revoked. Nothing is ever taken back: a
// phone joins all that it has seen. Held to tests/vectors/root_word.json.

import { concat, fromHex, readU64, toHex, utf8, uuidText } from './bytes.js';
import { SIZE, VERSION } from './envelope.js';

const FORM = 8;
const FLAGS = 74;
const PUBLIC = 75;
const ID = 107;
const EPOCH = 123;
const SEQ = 131;
const COUNT = 139;
const REVOKED = 140;
const REVOKED_MAX = 64;

export const NO_WORD = { made: 0, retired: null, ended: null, revoked: [] };

const zeros = (bytes) => bytes.every((b) => b === 0);

// Signed by the root, and still not as this version writes it: nothing of it is believed.
function sound(wire) {
    const retired = (wire[FLAGS] & 1) !== 0;
    const ended = (wire[FLAGS] & 2) !== 0;
    return wire[FLAGS] <= 3 && wire[COUNT] <= REVOKED_MAX &&
        (retired || zeros(wire.subarray(PUBLIC, ID))) &&
        (ended || zeros(wire.subarray(ID, COUNT))) &&
        readU64(wire, EPOCH) >= 0 && readU64(wire, SEQ) >= 0 &&
        zeros(wire.subarray(REVOKED + wire[COUNT] * 8));
}

// {made, retired: the kiosk's public key or null, ended: {id, epoch, seq} or null, revoked:
// [accounts]}; null for anything that the root did not sign for this kiosk.
export function readRootWord(sodium, venue, kiosk, rootPublic, wire) {
    if (wire.length !== SIZE || wire[0] !== VERSION || wire[1] !== FORM || !sound(wire)) {
        return null;
    }
    const covered = concat(utf8('porchlight-root\0'), fromHex(venue), fromHex(kiosk),
        wire.subarray(0, 10), wire.subarray(FLAGS));
    if (!sodium.crypto_sign_verify_detached(wire.slice(10, FLAGS), covered, rootPublic)) {
        return null;
    }
    return {
        made: readU64(wire, 2),
        retired: wire[FLAGS] & 1 ? toHex(wire.subarray(PUBLIC, ID)) : null,
        ended: wire[FLAGS] & 2 ? { id: uuidText(wire.subarray(ID, EPOCH)), epoch: readU64(wire, EPOCH),
            seq: readU64(wire, SEQ) } : null,
        revoked: Array.from({ length: wire[COUNT] }, (_, i) =>
            toHex(wire.subarray(REVOKED + 8 * i, REVOKED + 8 * i + 8))),
    };
}

const later = (a, b) => a.epoch > b.epoch || (a.epoch === b.epoch && a.seq > b.seq);

// Both together. What is the same as `all` is `all` itself.
export function joinRootWords(all, w) {
    const ended = w.ended !== null && (all.ended === null || later(w.ended, all.ended));
    const revoked = w.revoked.filter((account) => !all.revoked.includes(account));
    if (!ended && revoked.length === 0 && (w.retired === null || all.retired !== null)) {
        return all;
    }
    return { made: Math.max(all.made, w.made), retired: all.retired ?? w.retired,
        ended: ended ? w.ended : all.ended,
        revoked: [...all.revoked, ...revoked].slice(0, REVOKED_MAX) };
}

// Whether an alert that began with this {id, epoch, seq} is over by the root key's message.
export function rootEnds(word, alert) {
    return word.ended !== null &&
        (word.ended.id === alert.id || !later(alert, word.ended));
}
