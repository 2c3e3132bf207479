// An invitation, and what its secret proves (kiosk/core/invitation.h, where its bytes are laid out).
// It is the fragment of a link, so that no server ever sees it.

import { concat, fromBase64Url, fromHex, fromUtf8, toHex, utf8 } from './bytes.js';
import { VERSION } from './envelope.js';

const STAFF = 1;
const SPARE = 2; // its password stays: a broker's operator made the account in advance
const KEY = 32;
const PIN = 32;
const BROKERS_MAX = 4;
const SHORTEST = 126; // bytes before the password

// Takes a bare fragment or a whole link, wrapped as terminals wrap it, or with words before and after it, as
// mails and chats have them. {brokers, pins, account, password, expires, venue, kiosk,
// kioskPublic, rootPublic, secret, staff, spare, push}, keys and ids in hex; {otherVersion: true} where it
// is for another version of this page; or null where it is none.
export function readInvitation(text) {
    const raw = text.trim().replace(/^[^#]*#/, '').replace(/^i=/, '');
    return readText(raw) ?? readText(raw.split(/\s/)[0]);
}

function readText(raw) {
    try {
        const bytes = fromBase64Url(raw);
        if (bytes.length < SHORTEST) {
            return null;
        }
        if (bytes[0] !== VERSION) {
            return { otherVersion: true };
        }
        const out = readBytes(bytes);
        return sound(out) ? out : null;
    } catch {
        return null;
    }
}

// Throws where a length leads beyond the end, or something is left there.
function readBytes(bytes) {
    let at = 1;
    const take = (n) => {
        if (at + n > bytes.length) {
            throw new RangeError('cut off');
        }
        at += n;
        return bytes.subarray(at - n, at);
    };
    const hex = (n) => toHex(take(n));
    const number = (n) => take(n).reduce((sum, byte) => sum * 256 + byte, 0);
    const counted = () => take(number(1));
    const flags = number(1);
    const i = { staff: (flags & STAFF) !== 0, spare: (flags & SPARE) !== 0, account: hex(8), venue: hex(8), kiosk: hex(8),
        expires: number(4), kioskPublic: hex(KEY), rootPublic: hex(KEY), secret: hex(KEY),
        password: fromUtf8(counted()), brokers: [], pins: [] };
    const count = number(1);
    for (let n = 0; n < count; n++) {
        i.brokers.push(fromUtf8(counted()));
        const pin = counted();
        i.pins.push(pin.length === 0 ? null : toHex(pin));
    }
    const push = fromUtf8(counted());
    i.push = push === '' ? null : push;
    if (at !== bytes.length || flags > (STAFF | SPARE)) {
        throw new RangeError('more than an invitation');
    }
    return i;
}

function sound(i) {
    return i.brokers.length > 0 && i.brokers.length <= BROKERS_MAX && i.brokers.every(isBroker) &&
        i.pins.every((pin) => pin === null || pin.length === 2 * PIN) && i.password.length >= 16 &&
        (i.push === null || /^https:\/\//.test(i.push) ||
            /^http:\/\/(localhost|127\.0\.0\.1)[:/]/.test(i.push));
}

function isBroker(address) {
    const url = new URL(address);
    const here = url.hostname === 'localhost' || url.hostname === '127.0.0.1';
    return url.protocol === 'wss:' || (url.protocol === 'ws:' && here);
}

// What an invitation changes for a kiosk that this phone knows already, as keys of the page's words;
// null where it does not know it. (One under another root key is refused by core/enrol.js.)
export function changesOf(invitation, memberships) {
    const known = memberships.find((m) => m.kiosk === invitation.kiosk);
    if (known === undefined || known.rootPublic !== invitation.rootPublic ||
        invitation.otherVersion) {
        return null;
    }
    const changes = [];
    if (known.staff !== invitation.staff) {
        changes.push(invitation.staff ? 'knownToStaff' : 'knownToMember');
    }
    if (known.kioskPublic !== invitation.kioskPublic) {
        changes.push('knownKiosk');
    }
    if (known.brokers.join() !== invitation.brokers.join()) {
        changes.push('knownServers');
    }
    return [...changes, 'knownKeys'];
}

function mac(sodium, invitation, purpose, ...parts) {
    return sodium.crypto_generichash(KEY, concat(utf8(`${purpose}\0`), ...parts),
        fromHex(invitation.secret));
}

const parties = (i, phone) => concat(...[i.venue, i.kiosk, i.account, phone].map(fromHex));

// `phone`: this phone's public key, in hex. The result is hex.
export function letterMac(sodium, invitation, phone, password) {
    return toHex(mac(sodium, invitation, 'porchlight-letter', parties(invitation, phone),
        Uint8Array.of(invitation.staff ? 1 : 0), sodium.crypto_generichash(KEY, utf8(password), null)));
}

export function welcomeMac(sodium, invitation, phone, venueKey) {
    return toHex(mac(sodium, invitation, 'porchlight-welcome', parties(invitation, phone),
        ...[venueKey, invitation.kioskPublic, invitation.rootPublic].map(fromHex)));
}

// The six digits that the host types in at the kiosk.
export function digitsOf(sodium, invitation, phone, nonce) {
    const all = mac(sodium, invitation, 'porchlight-digits', fromHex(phone), fromHex(nonce));
    const number = all.subarray(0, 8).reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
    return String(number % 1000000n).padStart(6, '0');
}
