// An invitation: addresses, public keys and a one-time account, valid for 10 minutes. It is the
// fragment of a link, so that no server ever sees it: base64url of a JSON object with short keys.
//
//   v 2 | b [broker addresses, wss://] | a account | p one-time password | x expiry, unix seconds
//   V venue | k kiosk | q the kiosk's key, base64url | r the root key, base64url | s 1: staff
//   u where the push app listens (optional)

import { fromBase64Url, fromUtf8, toBase64Url, toHex, utf8 } from './bytes.js';
import { VERSION } from './envelope.js';

const ID = /^[0-9a-f]{16}$/;

export function writeInvitation(i) {
    return toBase64Url(utf8(JSON.stringify(i)));
}

// Takes a bare fragment or a whole link. {brokers, account, password, expires, venue, kiosk,
// kioskPublic, rootPublic, staff, push}, or null where it is none.
export function readInvitation(text) {
    const raw = text.trim().replace(/^[^#]*#/, '').replace(/^i=/, '');
    try {
        const i = JSON.parse(fromUtf8(fromBase64Url(raw)));
        const out = {
            brokers: i.b,
            account: i.a,
            password: i.p,
            expires: i.x,
            venue: i.V,
            kiosk: i.k,
            kioskPublic: toHex(fromBase64Url(i.q)),
            rootPublic: toHex(fromBase64Url(i.r)),
            staff: i.s === 1,
            push: typeof i.u === 'string' ? i.u : null,
        };
        return i.v === VERSION && sound(out) ? out : null;
    } catch {
        return null;
    }
}

function sound(i) {
    const brokers = Array.isArray(i.brokers) && i.brokers.length > 0 && i.brokers.length <= 8 &&
        i.brokers.every(isBroker);
    return brokers && [i.account, i.venue, i.kiosk].every((id) => ID.test(id)) &&
        typeof i.password === 'string' && i.password.length >= 16 && Number.isInteger(i.expires) &&
        i.kioskPublic.length === 64 && i.rootPublic.length === 64 &&
        (i.push === null || /^https:\/\//.test(i.push) || /^http:\/\/(localhost|127\.0\.0\.1)[:/]/.test(i.push));
}

function isBroker(address) {
    const url = new URL(address);
    const here = url.hostname === 'localhost' || url.hostname === '127.0.0.1';
    return url.protocol === 'wss:' || (url.protocol === 'ws:' && here);
}
