// What the venue's root key vouches for (kiosk/core/cert.h): that a staff phone is one, and that a staff
// phone ended a lockdown. All but the signing is pure.

import { concat, fromHex, readU64, toHex, u64, utf8, uuidText } from './bytes.js';

const PROOF = 200;

// The root key's certificate for a staff phone's key.
export function isStaff(sodium, venue, account, publicKey, rootPublic, signature) {
    const covered = concat(utf8('porchlight-staff\0'), fromHex(venue), fromHex(account), publicKey);
    return sodium.crypto_sign_verify_detached(signature, covered, rootPublic);
}

const uuidBytes = (id) => fromHex(id.replaceAll('-', ''));

function coverClear(venue, kiosk, c) {
    return concat(utf8('porchlight-all-clear\0'), fromHex(venue), fromHex(kiosk), uuidBytes(c.id),
        u64(c.epoch), u64(c.seq), fromHex(c.account));
}

// A staff phone's proof that this alert, and every earlier one, is over. c: {id, epoch, seq,
// account}; epoch and seq are those of the state it was looking at.
export function signClear(sodium, venue, kiosk, c, staffSecret) {
    return sodium.crypto_sign_detached(coverClear(venue, kiosk, c), staffSecret);
}

// What a proof in an all-clear or state proves: {id, epoch, seq, account}, or null.
export function readProof(sodium, venue, kiosk, rootPublic, proof) {
    if (proof.length !== PROOF) {
        return null;
    }
    const c = { id: uuidText(proof.subarray(0, 16)), epoch: readU64(proof, 16),
        seq: readU64(proof, 24), account: toHex(proof.subarray(32, 40)) };
    const staff = proof.subarray(40, 72);
    const good = c.epoch >= 0 && c.seq >= 0 &&
        isStaff(sodium, venue, c.account, staff, rootPublic, proof.subarray(72, 136)) &&
        sodium.crypto_sign_verify_detached(proof.subarray(136), coverClear(venue, kiosk, c), staff);
    return good ? c : null;
}
