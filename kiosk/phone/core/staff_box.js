// What only staff phones can read, exactly as kiosk/core/staff_box.h and envelope.h lay it out: all
// are held to tests/vectors/staff_box.json.

import { concat, fromHex, fromUtf8, readU64, utf8 } from './bytes.js';
import { bound, checkHead, Refused } from './envelope.js';

const STAFF = 7;
const SIGNATURE = 64;
const AT_SIGNATURE = 18;
const AT_TIME = 82;
const AT_BOX = 90;
const KEY = 32;
const SLOT = 48;
const SLOTS = 8;
const AT_NONCE = KEY + SLOTS * SLOT;
const AT_TEXT = AT_NONCE + 24;
const TEXT_MAX = 220;

// A message to staff that this kiosk signed: {epoch, seq, time, box}; time in seconds since 1970,
// 0 where it is not known. Older ones are the caller's to refuse.
export function checkStaff(sodium, place, kioskPublic, wire) {
    checkHead(wire, STAFF);
    const epoch = readU64(wire, 2);
    const seq = readU64(wire, 10);
    if (epoch < 0 || seq < 0) {
        throw new Refused('malformed');
    }
    const data = concat(bound(STAFF, { ...place, epoch, seq }), wire.subarray(AT_TIME));
    const signature = wire.subarray(AT_SIGNATURE, AT_SIGNATURE + SIGNATURE);
    if (!sodium.crypto_sign_verify_detached(signature, data, kioskPublic)) {
        throw new Refused('forged');
    }
    return { epoch, seq, time: readU64(wire, AT_TIME), box: wire.subarray(AT_BOX) };
}

const tryTo = (open) => {
    try {
        return open();
    } catch {
        return null;
    }
};

// The text of a box, or null: no slot is for this phone, which may be new or revoked.
export function openBox(sodium, place, ownPublic, ownSecret, box) {
    const phone = sodium.crypto_sign_ed25519_pk_to_curve25519(ownPublic);
    const own = sodium.crypto_sign_ed25519_sk_to_curve25519(ownSecret);
    const ephemeral = box.subarray(0, KEY);
    const shared = tryTo(() => sodium.crypto_scalarmult(own, ephemeral));
    if (shared === null) {
        return null;
    }
    const data = concat(utf8('porchlight-box\0'), fromHex(place.venue), fromHex(place.kiosk),
        ephemeral);
    const key = sodium.crypto_generichash(KEY,
        concat(utf8('porchlight-slot\0'), shared, ephemeral, phone));
    for (let at = KEY; at < AT_NONCE; at += SLOT) {
        const content = tryTo(() => sodium.crypto_aead_chacha20poly1305_ietf_decrypt(null,
            box.subarray(at, at + SLOT), data, new Uint8Array(12), key));
        const plain = content && tryTo(() => sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(null,
            box.subarray(AT_TEXT), data, box.subarray(AT_NONCE, AT_TEXT), content));
        if (plain) {
            return readText(plain);
        }
    }
    return null;
}

function readText(plain) {
    const end = 2 + ((plain[0] << 8) | plain[1]);
    const text = end <= 2 + TEXT_MAX && plain.subarray(end).every((b) => b === 0) ?
        tryTo(() => fromUtf8(plain.subarray(2, end))) : null;
    if (text === null) {
        throw new Refused('malformed');
    }
    return text;
}
