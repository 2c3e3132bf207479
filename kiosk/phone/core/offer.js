// How a phone asks to be rung by Web Push (kiosk/core/push_offer.h): what a relay offers, judged by the
// venue's root key, and the letters that only the holder of the push key can open. Pure.

import { concat, fromBase64Url, fromHex, toHex, utf8 } from './bytes.js';
import { Refused, SIZE, VERSION } from './envelope.js';

const OFFER = 5;
const END = 227;
const GONE = 11;
const GONE_END = 98;

// {key, vapid}: bytes. Throws Refused.
export function readOffer(sodium, venue, rootPublic, wire) {
    if (wire.length !== SIZE || wire[0] !== VERSION || wire[1] !== OFFER ||
        wire.subarray(END).some((b) => b !== 0)) {
        throw new Refused('malformed');
    }
    const key = wire.slice(2, 34);
    const vapid = wire.slice(98, 163);
    const said = (word, what) => concat(utf8(`${word}\0`), fromHex(venue), what);
    if (!sodium.crypto_sign_verify_detached(wire.subarray(34, 98), said('porchlight-push', key),
        rootPublic) || !sodium.crypto_sign_verify_detached(wire.subarray(163, END),
        said('porchlight-offer', vapid), key)) {
        throw new Refused('forged');
    }
    return { key, vapid };
}

export const isGone = (wire) => wire.length === SIZE && wire[1] === GONE;

// Which address a push service no longer takes: a function of an address. Throws Refused.
export function readGone(sodium, venue, pushKey, wire) {
    if (wire[0] !== VERSION || wire.subarray(GONE_END).some((b) => b !== 0)) {
        throw new Refused('malformed');
    }
    const hash = wire.slice(2, 34);
    if (!sodium.crypto_sign_verify_detached(wire.subarray(34, GONE_END),
        concat(utf8('porchlight-gone\0'), fromHex(venue), hash), pushKey)) {
        throw new Refused('forged');
    }
    return (endpoint) => sodium.crypto_generichash(hash.length, utf8(endpoint))
        .every((b, i) => b === hash[i]);
}

// What `subscribed` names of a subscription: a hash of its secret (base64url).
export const hashOfAuth = (sodium, auth) => toHex(sodium.crypto_generichash(16, fromBase64Url(auth)));

// kind: 'subscribe' with {endpoint, p256dh, auth}; 'unsubscribe' and 'test' with {auth}, 'awake' with {auth,
// id}: by `auth` the relay knows that the subscription's own phone asks.
export function writeAsk(kind, account, fields = {}) {
    return JSON.stringify({ v: VERSION, kind, account, ...fields });
}
